"""What a text supports, by its words: numbers, names and content words of a claim found in it.

>>> read("The fair in Lyon costs 42 euros.").numbers
(Quantity(value=Decimal('42'), unit='eur'),)
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from realift.score.fold import fold
from realift.score.function_words import function_words
from realift.score.negation import NEGATORS, WINDOW
from realift.score.normalize import clauses
from realift.score.number_words import STOP
from realift.score.numbers import Quantity, equal, find

SUPPORT = 0.6  # share of a claim's content words that its source must hold (EVALUATION 1.3 d)
_ENDING = re.compile(r"(?:ies|ied|ing|ed|es|er|or|s|e|y)$")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_FULL_HOUR = re.compile(r"(\d{1,2}):00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A text read once: its words by stem, its numbers, and which words it negates.

    ``positive`` = stems that stand in a clause without negation; ``negated`` = stems that are the
    first content word behind a negation wherever they stand.
    """

    text: str
    stems: frozenset[str]
    numbers: tuple[Quantity, ...]
    literals: frozenset[str]  # tokens with a digit that are no plain number: 10:30, v2.1
    positive: frozenset[str]
    negated: frozenset[str]


@functools.lru_cache(maxsize=1024)
def read(text: str, lang: str = "en") -> Evidence:
    """Read a text as evidence. Contexts are asked about again and again, so it is kept."""
    spellings = [clauses(text, lang=lang, bare=bare) for bare in (False, True)]
    sequence = spellings[0]
    numbers = _numbers(sequence, lang)
    literals = _literals(sequence, lang)
    pieces = (
        Quantity(value=q.value)
        for t in literals
        for q in _numbers(clauses(" ; ".join([*t.split("-"), *re.findall(r"\d+", t)])), lang)
    )
    focused, plain = _focus(sequence, lang)
    return Evidence(
        text=fold(text, lang=lang).casefold(),
        stems=frozenset(stem(t) for s in spellings for t in s),
        numbers=(*numbers, *pieces),
        literals=literals,
        positive=_in_positive_clauses(sequence),
        negated=frozenset(focused - plain),
    )


def missing_numbers(claim: str, known: Sequence[Evidence], *, lang: str = "en") -> tuple[str, ...]:
    """The numbers of a claim that none of the texts holds, by value, as they were read.

    A unit that contradicts the text's is missing too; a unit that only one side names is not. The
    word "one" is no number here. A date or a time must stand there as it is written, a full hour
    may lose its ``:00`` and an ordinal its ending.

    >>> missing_numbers("In 1999, for 43 dollars.", [read("43 euros in 1999")])
    ('43 usd',)
    """
    sequence = clauses(_without_one(claim) if lang == "en" else claim, lang=lang)
    found = find(sequence, point=lang == "en")
    have = [q for e in known for q in e.numbers]
    out = [
        " ".join(sequence[f.start : f.end])
        for f in found
        if not any(equal(f.quantity, q, alone=True) for q in have)
    ]
    literals = frozenset(t for e in known for t in e.literals)
    for token in sorted(_literals(sequence, lang)):
        plain = _ORDINAL.fullmatch(token) or _FULL_HOUR.fullmatch(token)
        bare = _numbers((plain[1],), lang) if plain else ()
        if token not in literals and not any(equal(b, q, alone=True) for b in bare for q in have):
            out.append(token)
    return tuple(dict.fromkeys(out))


def support(claim: str, premise: Evidence, *, lang: str = "en") -> float:
    """Share of a claim's content words that a text holds, 0-1; 0 if the text says the opposite.

    Words are compared by stem, numbers by value. The opposite: the claim negates a word that the
    text has only without negation, or the text always negates a word that the claim does not. A
    claim without content words has support 0.

    >>> fair = read("The yearly fair takes place in Lyon.")
    >>> support("The fair is in Lyon.", fair), support("The fair is not in Lyon.", fair)
    (1.0, 0.0)
    """
    sequence = clauses(claim, lang=lang)
    words = [t for t in sequence if is_content(t, lang)]
    focused, _ = _focus(sequence, lang)
    denies = any(s in premise.positive for s in focused)
    if not words or denies or premise.negated & _in_positive_clauses(sequence):
        return 0.0
    return sum(1 for t in words if _holds_word(t, premise, lang)) / len(words)


def is_content(token: str, lang: str) -> bool:
    """Whether a token says something of its own (no function word, no clause end)."""
    return token != STOP and token not in function_words(lang)


def stem(token: str) -> str:
    """A word without its usual English endings; shorter than four letters stays.

    >>> stem("manages"), stem("manager"), stem("Lyon")
    ('manag', 'manag', 'lyon')
    """
    word = token.casefold()
    cut = _ENDING.sub("", word)
    return cut if len(cut) > 3 or (len(cut) == 3 and len(word) > 3) else word


def _holds_word(token: str, premise: Evidence, lang: str) -> bool:
    if stem(token) in premise.stems:
        return True
    numbers = _numbers((token,), lang)
    return any(equal(a, b, alone=True) for a in numbers for b in premise.numbers)


def _numbers(sequence: Sequence[str], lang: str) -> tuple[Quantity, ...]:
    return tuple(f.quantity for f in find(sequence, point=lang == "en"))


def _literals(sequence: Sequence[str], lang: str) -> frozenset[str]:
    taken = {i for f in find(sequence, point=lang == "en") for i in range(f.start, f.end)}
    with_digit = (i for i, t in enumerate(sequence) if any(ch.isdigit() for ch in t))
    return frozenset(sequence[i] for i in with_digit if i not in taken)


def _focus(sequence: Sequence[str], lang: str) -> tuple[frozenset[str], frozenset[str]]:
    """Stems that are the first content word behind a negation, and all other stems."""
    focused = set()
    for i, word in enumerate(sequence):
        if word not in NEGATORS:
            continue
        for k in range(i + 1, min(len(sequence), i + 1 + WINDOW)):
            if sequence[k] == STOP:
                break
            if is_content(sequence[k], lang):
                focused.add(k)
                break
    inside = frozenset(stem(sequence[k]) for k in focused)
    return inside, frozenset(stem(t) for k, t in enumerate(sequence) if k not in focused)


def _in_positive_clauses(sequence: Sequence[str]) -> frozenset[str]:
    out: set[str] = set()
    for clause in _split(sequence):
        if NEGATORS.isdisjoint(clause):
            out |= {stem(t) for t in clause}
    return frozenset(out)


def _split(sequence: Sequence[str]) -> Iterable[list[str]]:
    clause: list[str] = []
    for t in (*sequence, STOP):
        if t == STOP:
            yield clause
            clause = []
        else:
            clause.append(t)


def _without_one(text: str) -> str:
    return re.sub(r"\bone\b", " ", text, flags=re.IGNORECASE)
