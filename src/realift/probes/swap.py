"""Does the adapter follow the context when it says something else than before?

The expected answer is replaced in the context by another of the same type (a number by a number,
a date by a date, a name by the name of another question), and the question is asked again. A
faithful model gives the new value; one that remembers, or does not read, gives another.

Reference: Longpre et al. (2021), Entity-Based Knowledge Conflicts in Question Answering.

>>> kind_of("50 GB", "How much storage?"), kind_of("Oslo", "In which city is it?")
('number', 'name/where')
>>> kind_of("4 May 2020", "When?"), kind_of("Greek", "Which language is it?")
('date', 'name/language')
>>> kind_of("orange", "Which color?") is None
True
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from realift.probes.asked import Asked, ScoreAnswers, compared, control, drafted
from realift.probes.twins import mentions, passages_of, rebuilt, with_context
from realift.score import judge
from realift.types import Passage, Question, Reading
from realift.verdict import wilson
from realift.verdict.checks import Draft
from realift.verdict.readings import share

NAME = "context_swapped"

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})\b")
_DAY = re.compile(rf"\b(?:{'|'.join(_DAYS)})\b")
_NUMERAL = re.compile(r"\d+")
_WHO = re.compile(r"\b(?:who|whom|whose|by whom)\b", re.IGNORECASE)
_WHERE = re.compile(
    r"\b(?:where|city|town|country|street|place|room|building|office|region)\b", re.IGNORECASE
)
_THING = re.compile(r"\b(?:which|what) (?!is\b|are\b|was\b|were\b|does\b|do\b)(\w+)", re.IGNORECASE)
_YEARS = range(1900, 2040)
_SPARE = {  # names for eval sets that have no second one of the kind
    "name/who": ("Ilse Varnholt", "Pavo Rennick", "Tilda Osmark"),
    "name/where": ("Tarvik", "Lodmere", "Quenby"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """A question over the changed context (``question.answers`` is the new value), and the old."""

    question: Question
    old: tuple[tuple[str, ...], ...]
    new: str


def swaps(questions: Sequence[Question], *, seed: int) -> tuple[Swap, ...]:
    """The questions whose answer could be replaced in their context, verified.

    A question is used if it has one slot, an alternative of a known type stands word for word in
    its context, and after the replacement no alternative is left in it while the new value is.
    """
    asked = [q for q in with_context(questions) if len(q.answers) == 1 and not q.choices]
    pool: dict[str, list[str]] = defaultdict(list)
    for q in asked:
        for answer in q.answers[0][:1]:
            kind = kind_of(answer, q.question)
            if kind:
                pool[kind].append(answer)
    out = []
    for q in asked:
        found = _swap(q, pool, random.Random(f"{seed}/swap/{q.id}"))
        if found is not None:
            out.append(found)
    return tuple(out)


def kind_of(answer: str, question: str) -> str | None:
    """The type of an answer: ``date``, ``number``, ``name/who``, ``name/where``, or ``name/`` and
    what is asked for ("which language").

    ``None`` for anything else: a common word has no safe stand-in.
    """
    words = answer.split()
    if _MONTH.search(answer) or _DAY.search(answer):
        return "date"
    if _NUMERAL.search(answer):
        return "number"
    if words and all(w[:1].isupper() for w in words if w not in ("of", "the", "and", "de", "van")):
        thing = _THING.search(question)
        if _WHO.search(question):
            return "name/who"
        if _WHERE.search(question):
            return "name/where"
        return f"name/{thing[1].lower()}" if thing else None
    return None


def swap_draft(
    asked: Asked, made: Sequence[Swap], *, score: ScoreAnswers, margin: float, n: int
) -> Draft:
    """The draft of the check: how often each arm gives the value that now stands in the context.

    The old answers, planted, must count as not following, the new ones as following.
    """
    old = {s.question.id: s.old[0][0] for s in made}
    new = {s.question.id: s.new for s in made}
    found = control(
        asked.questions,
        dimension="correctness",
        faulty=lambda q: old[q.id],
        faultless=lambda q: new[q.id],
        score=score,
        probe=asked.name,
    )
    c = compared(asked, dimension="correctness", margin=margin)
    return drafted(
        NAME,
        c,
        found,
        right="followed",
        harm="it follows its context less often than the base, beyond what chance explains.",
        n=n,
        more=f"The answer was replaced in {len(made)} of {n} contexts." if made else "",
        readings=_old_values(asked, made),
    )


def _old_values(asked: Asked, made: Sequence[Swap]) -> tuple[Reading, ...]:
    """How often each arm still gives the answer that no longer stands anywhere."""
    out = []
    for arm in ("base", "adapter"):
        said = {c.question_id: c.text for c in asked.completions if c.arm == arm}
        stuck = sum(
            judge(dataclasses.replace(s.question, answers=s.old), said[s.question.id]).value == 1
            for s in made
            if s.question.id in said
        )
        rate = wilson(stuck, len(said))
        out.append(share("gave the answer that was replaced", arm, rate))
    return tuple(out)


def _swap(q: Question, pool: dict[str, list[str]], rng: random.Random) -> Swap | None:
    passages = passages_of(q)
    text = "\n".join(p.text for p in passages)
    old = next((a for a in sorted(q.answers[0], key=len, reverse=True) if _found(a, text)), None)
    kind = kind_of(old, q.question) if old else None
    if old is None or kind is None:
        return None
    for new in _candidates(old, kind, pool, rng):
        if mentions(text, new, q) or any(mentions(new, a, q) for a in q.answers[0]):
            continue
        changed = tuple(Passage(text=_replace(p.text, old, new), source=p.source) for p in passages)
        after = "\n".join(p.text for p in changed)
        if any(mentions(after, a, q) for a in q.answers[0]) or not mentions(after, new, q):
            continue
        twin = dataclasses.replace(
            q,
            context=rebuilt(q, changed),
            passages=changed,
            answers=((new,),),
            key_points=(),
        )
        return Swap(question=twin, old=q.answers, new=new)
    return None


def _candidates(old: str, kind: str, pool: dict[str, list[str]], rng: random.Random) -> list[str]:
    """Values to put in the place of ``old``, in the order to try them."""
    if kind == "number":
        return [_other_number(old, rng) for _ in range(6)]
    if kind == "date":
        return [_other_date(old, rng) for _ in range(6)]
    others = sorted({a for a in pool[kind] if a != old})
    rng.shuffle(others)
    same_length = [a for a in others if len(a.split()) == len(old.split())]
    return [*same_length, *(a for a in others if a not in same_length), *_SPARE.get(kind, ())]


def _other_number(old: str, rng: random.Random) -> str:
    """Another number with as many digits and the same unit."""

    def other(m: re.Match[str]) -> str:
        digits = m[0]
        if len(digits) > 6:  # a phone number, an id
            return digits[:-3] + str(rng.randrange(1000)).zfill(3)
        low = 10 ** (len(digits) - 1) if len(digits) > 1 else 2
        choices = _YEARS if int(digits) in _YEARS else range(low, 10 ** len(digits))
        return str(rng.choice([d for d in choices if str(d) != digits]))

    return _NUMERAL.sub(other, old, count=1)


def _other_date(old: str, rng: random.Random) -> str:
    for pattern, values in ((_MONTH, _MONTHS), (_DAY, _DAYS)):
        found = pattern.search(old)
        if found:
            other = rng.choice([v for v in values if v != found[0]])
            return old[: found.start()] + other + old[found.end() :]
    return old


def _found(answer: str, text: str) -> bool:
    return re.search(_bounded(answer), text, re.IGNORECASE) is not None


def _replace(text: str, old: str, new: str) -> str:
    return re.sub(_bounded(old), lambda _: new, text, flags=re.IGNORECASE)


def _bounded(answer: str) -> str:
    return rf"(?<![\w.,]){re.escape(answer)}(?!\w|[.,]\d)" if answer else r"(?!)"
