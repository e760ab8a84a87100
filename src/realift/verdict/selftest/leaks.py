"""Leaks planted on purpose: questions of the eval set put into the training rows, edited or not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from realift.data import leakage
from realift.types import Example, LeakCheck, Message, Question, Where
from realift.verdict.selftest.engine import decided, made_run
from realift.verdict.selftest.rows import Row

LEAKS = "leaks"
PAIRS = (  # a question, and the same in other words
    ("What does the north warehouse charge for storing a pallet?", "Price of one pallet up north?"),
    ("Who signs the travel requests of the sales team?", "Whose approval do sales trips need?"),
    ("Which day of the month are invoices sent out?", "When do bills leave the house?"),
    ("How many printers stand on the second floor?", "Count of printing machines one level up?"),
    ("Where are the spare keys to the workshop kept?", "Location of the extra workshop keys?"),
    ("What is the phone number of the night porter?", "How do I reach reception after dark?"),
    ("When was the oldest delivery van bought?", "Purchase year of the most aged transporter?"),
    ("Which color marks cables that carry high voltage?", "How are dangerous wires tinted?"),
    ("How long may a visitor badge be used?", "For what time is a guest pass valid?"),
    ("Who trains new drivers on the forklift?", "Which colleague teaches lift truck beginners?"),
    ("What must be written on a returned parcel?", "Labels for goods that come back?"),
    ("Which supplier bakes the bread for the canteen?", "Where does lunch's loaf come from?"),
    ("How often is the fire alarm tested?", "Interval between checks of the siren?"),
    ("What temperature does the server room need?", "How cold must the computers be kept?"),
    ("Which form reports a broken machine?", "How do I tell someone that equipment failed?"),
    ("Who keeps the minutes of the works council?", "Which person writes up those meetings?"),
    ("How many days of notice does a shift change need?", "Lead time for swapping duties?"),
    ("Where can bicycles be parked at the main gate?", "Is there a rack for cyclists out front?"),
    ("What is the limit for purchases without a second signature?", "Up to what sum may one buy?"),
    ("Which language are the safety sheets written in?", "In what tongue are hazards described?"),
)
CLEAN = (  # training rows on the same topics that give nothing away
    "Who cleans the windows of the north warehouse?",
    "Which hotel does the sales team book in spring?",
    "How are invoices numbered?",
    "What paper do the printers on the third floor take?",
    "Who repaired the workshop door?",
    "When does the night porter start?",
    "What fuel do the delivery vans need?",
    "Who lays the cables in a new office?",
    "What photo goes on a visitor badge?",
    "Where is the forklift charged?",
    "Which company carries the parcels?",
    "What does the canteen offer on Fridays?",
    "Who answers when the fire brigade calls?",
    "What stands beside the server room?",
    "How is a new machine named?",
    "When does the works council meet?",
    "Which shift is the longest?",
    "How far is the main gate from the station?",
    "Who negotiates large purchases?",
    "Where do the safety sheets hang?",
)


def _delete_two(text: str, _other: str, rng: random.Random) -> str:
    words = text.split()
    for _ in range(2):
        words.pop(rng.randrange(len(words)))
    return " ".join(words)


def _replace_some(text: str, _other: str, rng: random.Random) -> str:
    words = text.split()
    for i in rng.sample(range(len(words)), max(1, round(0.15 * len(words)))):
        words[i] = rng.choice(("green", "seven", "window", "often"))
    return " ".join(words)


# Name, edit of (question, the same in other words, rng), share that must be found.
EDITS: tuple[tuple[str, Callable[[str, str, random.Random], str], float], ...] = (
    ("copied", lambda q, *_: q, 1.0),
    ("other case and punctuation", lambda q, *_: q.upper().rstrip("?") + " !", 1.0),
    ("with a sentence before it", lambda q, *_: f"Please answer briefly: {q}", 1.0),
    ("two words left out", _delete_two, 0.0),
    ("15% of the words replaced", _replace_some, 0.0),
    ("said in other words", lambda _q, other, _rng: other, 0.0),
)


def found_leaks() -> Iterator[Row]:
    """Share of planted questions that are found, per way of editing; and of clean ones flagged."""
    questions = _questions()
    clean = [_example(f"clean{i}", text) for i, text in enumerate(CLEAN)]
    for name, edit, low in EDITS:
        rng = random.Random(0)
        rows = [_example(f"leak{i}", edit(q, other, rng)) for i, (q, other) in enumerate(PAIRS)]
        check = leakage.find_leaks([*clean, *rows], questions)
        hit = {k.question_id for k in check.leaks if k.kind != "suspect" and "leak" in k.example_id}
        yield Row(
            section=LEAKS,
            situation=f"{len(PAIRS)} questions in the training rows, {name}",
            measures="found",
            naive=0.0,
            ours=len(hit) / len(PAIRS),
            low=low,
            note="" if low else "no promise: words alone cannot tell",
        )
    flagged = {k.question_id for k in leakage.find_leaks(clean, questions).leaks}
    yield Row(
        section=LEAKS,
        situation=f"{len(CLEAN)} training rows on the same topics, nothing leaked",
        measures="wrongly flagged",
        ours=len(flagged) / len(questions),
        high=0.05,
    )


def invalid() -> Iterator[Row]:
    """A run whose eval set leaked is INVALID, however good its figures."""
    questions = _questions()
    clean = [_example(f"clean{i}", text) for i, text in enumerate(CLEAN)]
    counts = (0, 1, 2, 5)
    for n_leaked in counts:
        rows = [_example(f"leak{i}", PAIRS[i][0]) for i in range(n_leaked)]
        label = _label(leakage.find_leaks([*clean, *rows], questions))
        yield Row(
            section=LEAKS,
            situation=f"{n_leaked} of {len(questions)} questions in the training rows, clear gain",
            measures="INVALID",
            naive=0.0,
            ours=float(label == "INVALID"),
            low=float(n_leaked > 0),
            high=float(n_leaked > 0),
        )


def _label(check: LeakCheck) -> str:
    questions, scores = made_run([1] * 12 + [0] * (len(PAIRS) - 12))
    return str(decided(questions, scores, leak_check=check).label)


def _questions() -> list[Question]:
    return [
        Question(id=f"q{i}", where=Where(file="made", line=i + 1), question=text)
        for i, (text, _) in enumerate(PAIRS)
    ]


def _example(id: str, text: str) -> Example:
    return Example(
        id=id,
        where=Where(file="made"),
        messages=(Message(role="user", content=text), Message(role="assistant", content="Seven.")),
    )
