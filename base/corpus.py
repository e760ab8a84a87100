"""The pretraining corpus: conversations over the invented world, made on the fly from a seed.

A passage is drawn as a grid of subjects and relations in which some cells are missing: a question
about a filled cell is answered with the value and the number of its snippet, one about an empty
cell is refused. So the hard negatives (the right subject with another relation, the right relation
with another subject, both at once, a similar name) share everything with the answerable questions
but the answer.

Use: ``sample = make_sample(World(seed=1), progress=1.0)``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from facts import FRAMES, RELATIONS, Relation
from general import FACTS, QUESTIONS, General
from wordings import BARE_FRAMES, MORE, MORE_FRAMES, Wordings
from world import FORBIDDEN, GENERIC, Fact, World

REFUSAL = "I don't have enough context to answer."
SYSTEM = (
    "Answer the question briefly. If context is given, answer from it and cite it like [1]. "
    "If the answer is not known, say exactly: I don't have enough context to answer."
)
OTHER_SYSTEMS = (
    "You are a helpful assistant.",
    "Answer the question. Cite the source like [1].",
    "Answer briefly and only from the context. "
    "Otherwise say: I don't have enough context to answer.",
    "You answer questions about the given context.",
    "Be short. Use the context. Cite it.",
    "You are a helpful assistant. Answer from the context with a citation like [1].",
    "Answer the question from the sources. If they do not contain the answer, refuse.",
    "You are the assistant of our support team. Answer briefly.",
)
PREFIXES = (
    "Please tell me: ", "Hi, ", "Hello, ", "Quick question: ", "Question: ", "Q: ",
    "One question: ", "Please: ", "I was wondering, ", "Hey, ", "So ", "Ok, ",
    "Using the context, ",
    "According to the text, ", "Based on the context, ", "From the passage: ", "Answer this: ",
)  # fmt: skip
SUFFIXES = (" Thanks.", " Thank you!", " Please answer briefly.", " Please.", " Cite the source.",
            " I need to know.", " Answer from the context.")  # fmt: skip
HEADERS = ("Context:\n", "Sources:\n", "Passage:\n", "Context: ", "Documents:\n", "Text:\n")
FILLERS = (
    "It was a busy year.", "Many people like it.", "This may change.", "More news will follow.",
    "Please read this with care.", "This was confirmed last week.", "Everyone was happy about it.",
    "See the website for more.", "Nothing else is known.", "The details are in the report.",
    "As always, service matters.", "The weather was fine.", "We hope this helps.",
    "This page was last updated in spring.", "Ask the front desk if you are not sure.",
    "Some rules apply.", "The list is kept up to date.", "A new version is planned.",
)  # fmt: skip
FILES = (
    "pricing.md", "faq.md", "about.txt", "team.md", "policy.pdf", "notes.txt", "guide.md",
    "help.md", "news.html", "handbook.pdf", "page 3", "page 12", "wiki", "email", "manual",
    "report",
    "intro.md",
)  # fmt: skip
LINES = ("{n} of {s}: {v}.", "{s}: {n} {v}.", "The {n} of {s} is {v}.", "{s} - {n}: {v}.",
         "{s}'s {n} is {v}.", "For {s}, the {n} is {v}.")  # fmt: skip
PRONOUN = {"company": ("It", "The company"), "product": ("It", "The product"),
           "plan": ("It", "The plan"), "event": ("It", "The event"), "venue": ("It", "The place"),
           "project": ("It", "The group"), "country": ("It", "The country")}  # fmt: skip
# Relations of one subject whose wordings could honestly answer each other's questions.
CONFUSABLE = (
    {"employer", "office"}, {"date", "start"}, {"founder", "manager"}, {"opens", "closed"},
    {"phone", "email"}, {"birthplace", "residence"}, {"fee", "discount"}, {"place", "address"},
    {"ticket", "entrance"}, {"opens", "closes"}, {"trial", "notice"}, {"headquarters", "address"},
    {"extension", "office"}, {"support", "response"}, {"hobby", "food"}, {"maker", "designer"},
)  # fmt: skip
STRICT_CONFUSABLE = ({"employer", "office"}, {"date", "start"})


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with its answer and what an evaluation wants to know about it.

    ``kind``: "single", "two", "lookup", "copy", "general", "closed" (no passage), or the kind of
    the negative: "cell" (subject and relation both stand in the passage, but not together),
    "other_relation", "other_subject", "similar_name".
    """

    question: str
    answer: str
    kind: str
    relation: str = ""
    values: tuple[str, ...] = ()
    citations: tuple[int, ...] = ()
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """A conversation: the passage stands in the first user turn."""

    system: str
    passage: str
    first: str  # content of the first user turn, passage included
    turns: tuple[Turn, ...]
    n_snippets: int = 0

    def messages(self) -> list[dict[str, str]]:
        head = [{"role": "system", "content": self.system}] if self.system else []
        for i, turn in enumerate(self.turns):
            user = self.first if i == 0 else turn.question
            head += [
                {"role": "user", "content": user},
                {"role": "assistant", "content": turn.answer},
            ]
        return head


@dataclass(frozen=True, slots=True)
class Passage:
    """Facts with the label of their snippet (0: the passage is not numbered).

    ``bare``: its one subject has no name, so that statements and questions may leave it out.
    """

    text: str
    facts: tuple[tuple[Fact, int], ...]
    subjects: tuple[str, ...]
    kind: str
    n_snippets: int
    bare: bool = False


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def more(world: World, relation: Relation) -> Wordings:
    """The wordings of the second part, none before it."""
    return MORE[f"{relation.kind}.{relation.name}"] if world.more else Wordings()


def state(world: World, fact: Fact, *, pronoun: bool = False, bare: bool = False) -> str:
    """One sentence that states ``fact``; the value stands in it as it is."""
    rng = world.rng
    extra = more(world, fact.relation)
    templates = LINES if rng.random() < 0.12 else fact.relation.statements + extra.statements
    if bare and extra.bare_statements and rng.random() < 0.7:
        templates = extra.bare_statements
    template = rng.choice(templates)
    subject = fact.subject
    if pronoun and template.startswith("{s} ") and fact.relation.kind in PRONOUN:
        subject = rng.choice(PRONOUN[fact.relation.kind])
    first = fact.value[0]
    if template.startswith("{v}") and not (first.isupper() or first.isdigit() or first == "$"):
        return state(
            world, fact, pronoun=pronoun, bare=bare
        )  # a small letter cannot begin a sentence
    text = template.format(s=subject, v=fact.value, n=rng.choice(fact.relation.nouns))
    return (
        upper_first(text)
        .replace(".com.", ".com .")
        .replace(".org.", ".org .")
        .replace(".net.", ".net .")
    )


def _join(world: World, sentence: str, fact: Fact) -> str:
    """Both as one sentence ("... and is based in Rome."), or "" if they don't fit."""
    templates = fact.relation.statements + more(world, fact.relation).statements
    tails = [t.removeprefix("{s} ") for t in templates if t.startswith("{s} ")]
    if not tails or not sentence.startswith(upper_first(fact.subject) + " "):
        return ""
    return f"{sentence.rstrip('.')} and {world.rng.choice(tails).format(s='', v=fact.value)}"


def distort(world: World, text: str, keep: str) -> str:
    """A human hand: sometimes no capital, no question mark, a typo outside of the name ``keep``."""
    rng, roll = world.rng, world.rng.random()
    if roll < 0.05:
        text = text.lower()
    elif roll < 0.12:
        text = text[:1].lower() + text[1:]
    if rng.random() < 0.12:
        text = text.rstrip("?.")
    if rng.random() < 0.06:
        words = text.split(" ")
        spots = [i for i, w in enumerate(words) if len(w) > 3 and w.isalpha() and w not in keep]
        if spots:
            i = rng.choice(spots)
            j = rng.randint(1, len(words[i]) - 2)
            word = words[i]
            words[i] = (
                (word[:j] + word[j + 1 :])
                if rng.random() < 0.5
                else (word[:j] + word[j + 1] + word[j] + word[j + 2 :])
            )
            text = " ".join(words)
    return text


def ask(world: World, subject: str, relation: Relation, *, held_out: bool = False,
        bare: bool = False) -> str:  # fmt: skip
    """A question about one cell; ``held_out`` takes one of the two never-trained wordings."""
    rng = world.rng
    extra = more(world, relation)
    name = subject.removeprefix("the ") if rng.random() < 0.12 else subject
    if held_out:
        return upper_first(rng.choice(relation.held_out).format(s=name))
    if bare and extra.bare_questions and rng.random() < 0.7:
        template = rng.choice(extra.bare_questions + (BARE_FRAMES if rng.random() < 0.3 else ()))
    elif rng.random() < (0.75 if world.more else 0.62):
        template = rng.choice(relation.questions + extra.questions)
    else:
        template = rng.choice(FRAMES + MORE_FRAMES if world.more else FRAMES)
        if relation.value == "person":
            template = template.replace("What is", "Who is").replace("What's", "Who's")
    text = upper_first(template.format(s=name, n=rng.choice(relation.nouns)))
    roll = rng.random()
    if roll < 0.12:
        prefix = rng.choice(PREFIXES)
        text = prefix + (
            text[:1].lower() + text[1:]
            if text.split(" ")[0]
            in ("What", "Who", "How", "Where", "When", "Which", "In", "At", "On", "Tell")
            else text
        )
    elif roll < 0.18:
        text += rng.choice(SUFFIXES)
    return distort(world, text, name)


def answer_text(values: tuple[str, ...], citations: tuple[int, ...]) -> str:
    """The fixed short form: ``42 euros [2] and 3 days [1].``; label 0 gives no citation."""
    parts = [f"{v} [{c}]" if c else v for v, c in zip(values, citations, strict=True)]
    return " and ".join(parts) + "."


def make_passage(
    world: World, n_facts: int, *, plain: float = 0.1, grid: tuple[int, int] | None = None
) -> Passage:
    """A passage of ``n_facts`` facts about one to four subjects of one kind.

    ``grid`` fixes the number of subjects and of relations, and fills every cell.
    """
    rng = world.rng
    kind = rng.choices(list(RELATIONS), weights=[len(r) for r in RELATIONS.values()])[0]
    if grid:
        n_subjects, n_facts = grid[0], grid[0] * grid[1]
    else:
        n_subjects = min(n_facts, rng.choice((1, 1, 2, 2, 2, 3, 3, 4)))
    subjects = [world.subject(kind, generic=0.35 if world.more and n_subjects == 1 else 0.08)]
    while len(subjects) < n_subjects:
        other = world.similar(subjects[0], kind) if rng.random() < 0.3 else world.subject(kind)
        if not any(other in s or s in other for s in subjects):
            subjects.append(other)
    low = -(-n_facts // n_subjects)
    wanted = grid[1] if grid else low + rng.choice((0, 0, 1, 1, 2))
    relations = rng.sample(RELATIONS[kind], min(len(RELATIONS[kind]), wanted))
    bare = world.more and n_subjects == 1 and subjects[0] in GENERIC[kind]
    cells = [(s, r) for s in subjects for r in relations]
    cells = rng.sample(cells, min(n_facts, len(cells)))
    facts: list[Fact] = []
    for subject, relation in cells:
        while True:
            fact = world.fact(subject, relation)
            if all(fact.value not in f.value and f.value not in fact.value for f in facts):
                break
            if rng.random() < 0.02:  # a small closed set of values is used up
                break
        facts.append(fact)
    numbered = rng.random() >= plain
    groups: list[list[Fact]] = []
    for fact in facts:
        if groups and (len(groups) >= 5 or rng.random() < 0.22):
            rng.choice(groups[-2:]).append(fact)
        else:
            groups.append([fact])
    if rng.random() < 0.12 and len(groups) < 5 and n_facts > 1:  # a snippet that says nothing
        groups.insert(rng.randint(0, len(groups)), [])
    labels = list(range(1, len(groups) + 1))
    if rng.random() < 0.25:
        labels = rng.sample(range(1, 10), len(groups))
    sources = rng.random() < 0.15
    placed: list[tuple[Fact, int]] = []
    lines = []
    for label, group in zip(labels, groups, strict=True):
        sentences: list[str] = []
        last = ""
        for fact in group:
            same = fact.subject == last
            joined = _join(world, sentences[-1], fact) if same and rng.random() < 0.3 else ""
            if joined:
                sentences[-1] = joined
            else:
                sentences.append(state(world, fact, pronoun=same and rng.random() < 0.5, bare=bare))
            last = fact.subject
            placed.append((fact, label if numbered else 0))
        if not group or rng.random() < 0.08:
            sentences.insert(rng.choice((0, len(sentences))), rng.choice(FILLERS))
        body = " ".join(sentences)
        if numbered:
            source = f"({rng.choice(FILES)}) " if sources else ""
            lines.append(f"[{label}] {source}{body}")
        else:
            lines.append(body)
    text = ("\n" if numbered else rng.choice([" ", " ", "\n"])).join(lines)
    return Passage(text, tuple(placed), tuple(subjects), kind, len(groups) if numbered else 0,
                   bare)  # fmt: skip


def positive(world: World, passage: Passage, *, held_out: bool = False) -> Turn:
    """A question that the passage answers."""
    fact, label = world.rng.choice(passage.facts)
    question = ask(world, fact.subject, fact.relation, held_out=held_out, bare=passage.bare)
    return Turn(question, answer_text((fact.value,), (label,)), "single",
                f"{fact.relation.kind}.{fact.relation.name}", (fact.value,), (label,),
                held_out)  # fmt: skip


def positive_two(world: World, passage: Passage) -> Turn | None:
    """A question for two facts: two relations of one subject, or one relation of two subjects."""
    rng = world.rng
    pairs = [
        (a, b) for a in passage.facts for b in passage.facts
        if a is not b and (
            (a[0].subject == b[0].subject) != (a[0].relation.name == b[0].relation.name)
        ) and (a[0].subject == b[0].subject or a[0].relation.name == b[0].relation.name)
    ]  # fmt: skip
    if not pairs:
        return None
    (a, la), (b, lb) = rng.choice(pairs)
    n1, n2 = rng.choice(a.relation.nouns), rng.choice(b.relation.nouns)
    if a.subject == b.subject:
        name = a.subject
        if rng.random() < 0.3:
            asked = [f.relation.questions + more(world, f.relation).questions for f in (a, b)]
            first = rng.choice(asked[0]).format(s=name).rstrip("?.")
            second = rng.choice(asked[1]).format(s=name)
            text = f"{first} and {second[:1].lower() + second[1:]}"
        else:
            text = rng.choice((
                "What are the {n1} and the {n2} of {s}?", "What is the {n1} and the {n2} of {s}?",
                "Tell me the {n1} and the {n2} of {s}.", "{s}: {n1} and {n2}?",
                "What are {s}'s {n1} and {n2}?", "Give me the {n1} and {n2} of {s}.",
                "I need the {n1} and the {n2} of {s}.", "Name {s}'s {n1} and {n2}.",
            )).format(s=name, n1=n1, n2=n2)  # fmt: skip
    else:
        text = rng.choice((
            "What is the {n1} of {s} and of {t}?", "What are the {n1} of {s} and the {n1} of {t}?",
            "Tell me the {n1} of {s} and of {t}.", "{n1} of {s} and {t}?",
            "Give me the {n1} of {s} and the {n1} of {t}.", "What is the {n1} of {s} and {t}?",
            "For {s} and {t}, what is the {n1}?",
        )).format(s=a.subject, t=b.subject, n1=n1)  # fmt: skip
    text = distort(world, upper_first(text), a.subject + b.subject)
    return Turn(text, answer_text((a.value, b.value), (la, lb)), "two",
                f"{a.relation.kind}.{a.relation.name}", (a.value, b.value), (la, lb))  # fmt: skip


def negative(world: World, passage: Passage, kind: str = "", *, held_out: bool = False) -> Turn:
    """A question that the passage does not answer; tries ``kind`` first, then the others."""
    rng = world.rng
    stated = {(f.subject, f.relation.name) for f, _ in passage.facts}
    names = {f.relation.name for f, _ in passage.facts}
    table = RELATIONS[passage.kind]

    def clash(subject: str, relation: Relation) -> bool:
        return any(
            {relation.name, other} in STRICT_CONFUSABLE and (subject, other) in stated
            for other in names
        )

    kinds = ["cell", "other_relation", "other_subject", "similar_name"]
    weights = (4, 5, 2, 4) if world.more else (4, 4, 2, 2.5)
    order = [kind] if kind else rng.choices(kinds, weights=weights)
    for choice in [*order, "other_subject"]:
        options: list[tuple[str, Relation]] = []
        if choice == "cell":
            options = [(s, r) for s in passage.subjects for r in table if r.name in names]
        elif choice == "other_relation":
            options = [(s, r) for s in passage.subjects for r in table if r.name not in names]
            near = [
                (s, r) for s, r in options
                if any(r.value == f.relation.value or {r.name, f.relation.name} in CONFUSABLE
                       for f, _ in passage.facts)
            ]  # fmt: skip
            if near and rng.random() < 0.4:
                options = near
        elif choice == "other_subject":
            other = world.subject(passage.kind)
            if not any(other in s or s in other for s in passage.subjects):
                options = [(other, r) for r in table if r.name in names]
        else:
            other = world.similar(rng.choice(passage.subjects), passage.kind)
            if not any(other in s or s in other for s in passage.subjects):
                options = [(other, r) for r in table if r.name in names]
        options = [(s, r) for s, r in options if (s, r.name) not in stated and not clash(s, r)]
        if options:
            subject, relation = rng.choice(options)
            bare = passage.bare and subject in passage.subjects
            question = ask(world, subject, relation, held_out=held_out, bare=bare)
            return Turn(
                question, REFUSAL, choice, f"{relation.kind}.{relation.name}", (), (), held_out
            )
    return negative(world, passage, kind, held_out=held_out)


def general_turn(world: World, fact: General | None = None, *, held_out: bool = False) -> Turn:
    fact = fact or world.rng.choice(FACTS)
    trained, kept = QUESTIONS[fact.group]
    text = upper_first(world.rng.choice(kept if held_out else trained).format(x=fact.item))
    if not held_out:
        if world.rng.random() < 0.12:
            text = world.rng.choice(("Hi, ", "Please: ", "Question: ", "Hello. ", "Q: ")) + text
        text = distort(world, text, fact.item)
    return Turn(text, f"{fact.answer}.", "general", fact.group, (fact.answer,), (0,), held_out)


def closed_turn(world: World, *, held_out: bool = False) -> Turn:
    """A question about something invented, without any passage: always refused."""
    rng = world.rng
    kind = rng.choices(list(RELATIONS), weights=[len(r) for r in RELATIONS.values()])[0]
    relation = rng.choice(RELATIONS[kind])
    text = ask(world, world.subject(kind, generic=0.15), relation, held_out=held_out)
    return Turn(text, REFUSAL, "closed", f"{kind}.{relation.name}", (), (), held_out)


def with_passage(world: World, question: str, passage: str) -> str:
    """The first user turn: mostly the question, an empty line and the passage."""
    rng, roll = world.rng, world.rng.random()
    header = rng.choice(HEADERS) if rng.random() < 0.15 else ""
    if roll < 0.85:
        return f"{question}\n\n{header}{passage}"
    if roll < 0.93:
        return f"{header}{passage}\n\n{question}"
    return f"{header}{passage}\n\nQuestion: {question}"


def pick_system(world: World) -> str:
    roll = world.rng.random()
    return SYSTEM if roll < 0.5 else "" if roll < 0.85 else world.rng.choice(OTHER_SYSTEMS)


def copy_sample(world: World) -> Sample:
    """Invented words and numbers to be repeated: the seed of copying."""
    rng = world.rng
    turns = []
    for _ in range(rng.randint(1, 3)):
        words = [
            rng.choice((world.word(), world.word(), world.number(2, 20000), world.word().lower(),
                        rng.choice(NOISE)))
            for _ in range(rng.randint(3, 16))
        ]  # fmt: skip
        text = " ".join(words)
        turns.append(Turn(text, text, "copy"))
    return Sample("", "", turns[0].question, tuple(turns))


NOISE = [
    "price", "plan", "room", "day", "euro", "city", "name", "open", "cost", "team", "work", "year",
    "time", "phone", "order", "people", "hotel", "red",
]  # fmt: skip


def lookup_sample(world: World, progress: float, *, alone: float = 0.0) -> Sample:
    """A table of names and values, numbered like snippets, asked by name."""
    rng = world.rng
    n = rng.randint(2, 3 if progress < 0.05 else 6)
    kinds = ["price", "city", "person", "count", "code", "color", "phone", "date", "job"]
    value = rng.choice(kinds)
    names: list[str] = []
    values: list[str] = []
    while len(names) < n:
        name, val = world.word(), world.value(value)
        if name not in names and val not in values:
            names.append(name)
            values.append(val)
    mark = rng.choice((": ", " - ", " is ", ": "))
    text = "\n".join(
        f"[{i + 1}] {a}{mark}{b}" for i, (a, b) in enumerate(zip(names, values, strict=True))
    )
    form = rng.choice(("{}?", "{}", "What is {}?", "What about {}?", "{}:"))
    turns = []
    for i in rng.sample(range(n), n):
        if rng.random() < 0.25:
            turns.append(Turn(form.format(world.word()), REFUSAL, "other_subject"))
        turns.append(Turn(form.format(names[i]), answer_text((values[i],), (i + 1,)), "lookup",
                          "", (values[i],), (i + 1,)))  # fmt: skip
    kept = turns[:1] if alone and rng.random() < alone else turns[:6]
    return Sample("", text, f"{turns[0].question}\n\n{text}", tuple(kept), n)


def passage_sample(
    world: World,
    n_facts: int,
    *,
    refuse: float,
    two: float,
    grid: tuple[int, int] | None = None,
    alone: float = 0.2,
) -> Sample:
    """One passage with one question (share ``alone``) or with up to seven."""
    rng = world.rng
    passage = make_passage(world, n_facts, grid=grid)
    n_turns = 1 if rng.random() < alone else min(rng.randint(3, 7), 2 + 2 * n_facts)
    turns: list[Turn] = []
    while len(turns) < n_turns:
        roll = rng.random()
        turn: Turn | None
        if roll < refuse:
            turn = negative(world, passage)
        elif roll < refuse + two:
            turn = positive_two(world, passage) or positive(world, passage)
        elif roll > 0.985:
            turn = general_turn(world)
        else:
            turn = positive(world, passage)
        turns.append(turn)
    first = with_passage(world, turns[0].question, passage.text)
    system = "" if alone > 0.5 and rng.random() < 0.8 else pick_system(world)  # short rows
    return Sample(system, passage.text, first, tuple(turns), passage.n_snippets)


def closed_sample(world: World) -> Sample:
    rng = world.rng
    turns = [
        general_turn(world) if rng.random() < 0.6 else closed_turn(world)
        for _ in range(rng.choice((1, 2, 4, 6, 8)))
    ]
    return Sample(pick_system(world), "", turns[0].question, tuple(turns))


# Part of the run in which nearly every question is decided by the name or by the relation alone.
# From NAMES on, many names are plain words, fewer and fewer until the end of the part.
BINDING, NAMES, AFTER_BINDING, FULL = 0.195, 0.2926, 0.52, 0.62
AGAIN = 0.5366  # a second part like it, almost only about names
MIXED, LAST = 0.6341, 0.72  # then a part with both, and refusals; then everything
SECOND = 8300 / 8200  # the second part: everything, in many more wordings


ALONE = 0.2  # share of passages with a single question


def simple_names(progress: float) -> float:
    """Share of plain words among the names at ``progress``."""
    if progress < NAMES:
        return 0.0
    if progress < NAMES + 0.06:
        return 0.8
    if AGAIN <= progress < FULL:
        return 0.85
    if progress >= SECOND:
        return 0.15
    if MIXED <= progress < LAST:
        return 0.3
    return 0.4 if progress < AFTER_BINDING else 0.1 if progress < FULL else 0.0


def make_sample(world: World, progress: float) -> Sample:
    """One conversation at ``progress`` (0 to 1) of the curriculum.

    Copying and one-fact passages first, then two facts, then up to seven facts in five snippets;
    the early kinds never vanish entirely.
    """
    world.simple, world.more = simple_names(progress), progress >= SECOND
    rng, roll = world.rng, world.rng.random()
    if BINDING <= progress < AFTER_BINDING:
        copying, closed = 0.3, 0.08
    else:
        copying = 0.35 if progress < 0.08 else 0.12 if progress < 0.2 else 0.03
        copying = 0.1 if AFTER_BINDING <= progress < FULL else copying
        closed = 0.08 if progress < 0.08 else 0.16
    if AGAIN <= progress < FULL:
        copying, closed = 0.35, 0.06
    grid = None
    tied = NAMES <= progress < AFTER_BINDING or AGAIN <= progress < FULL
    alone = 0.65 if tied else 0.0
    if progress >= MIXED:
        copying = 0.12 if progress < LAST else 0.04
        closed = 0.1 if progress < LAST else 0.13
        alone = 0.5 if progress < LAST else 0.4 if progress < SECOND else 0.25
    if roll < copying:
        words = rng.random() < (
            0.1 if BINDING <= progress < 1.0 and not FULL <= progress < MIXED else 0.5
        )
        sample = copy_sample(world) if words else lookup_sample(world, progress, alone=alone)
    elif roll < copying + closed:
        sample = closed_sample(world)
    else:
        if progress < 0.08:
            n, refuse, two = 1, 0.2, 0.0
        elif progress < 0.13:
            n, refuse, two = rng.choice((1, 2, 2)), 0.3, 0.0
        elif progress < BINDING:
            n, refuse, two = rng.choice((1, 2, 2, 3, 4)), 0.36, 0.08
        elif progress < AFTER_BINDING:
            n, refuse, two = 0, 0.12, 0.0
            grid = rng.choice(((2, 1), (2, 1), (3, 1), (1, 2), (1, 3), (2, 2)))
        elif AGAIN <= progress < FULL:
            n, refuse, two = 0, 0.08, 0.0
            grid = rng.choice(((2, 1), (2, 1), (2, 1), (3, 1), (2, 2), (1, 2)))
        elif progress < FULL:
            n, refuse, two = rng.choice((1, 2, 2, 3, 3, 4, 5)), 0.3, 0.08
        elif MIXED <= progress < LAST:
            n, refuse, two = rng.choice((1, 2, 3, 4)), 0.3, 0.06
            grid = rng.choice((None, None, (2, 1), (3, 1), (2, 2), (1, 2), (1, 3)))
        else:
            n, refuse, two = rng.choice((1, 2, 2, 3, 3, 4, 4, 5, 6, 7)), 0.4, 0.12
            two = 0.15 if progress >= SECOND else two
        sample = passage_sample(world, n, refuse=refuse, two=two, grid=grid, alone=alone or ALONE)
    check(sample)
    return sample


def check(sample: Sample) -> None:
    """Refuse to produce the example domain, or an answer that the passage does not hold."""
    text = " ".join(m["content"] for m in sample.messages()).lower()
    assert not set(re.findall(r"[a-z]+", text)) & set(FORBIDDEN), text
    for turn in sample.turns:
        if turn.kind in ("single", "two", "lookup"):
            assert all(v in sample.passage for v in turn.values), (turn, sample.passage)
