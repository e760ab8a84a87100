"""Correctness: does the answer say what was expected? Right (1) or wrong (0) per question.

>>> from realift.types import Question, Where
>>> q = Question(id="1", where=Where(file="e"), question="How much?", answers=(("€42",),))
>>> judge(q, "It costs 42 euros [1].").value
1.0
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from realift.score.fold import fold, strip_citations, strip_thoughts
from realift.score.match import MAX_CONTAINED_WORDS, holds, is_short, positions, quantities
from realift.score.normalize import STOP, clauses, n_words, same, tokens
from realift.score.numbers import parse
from realift.score.refusal import detect
from realift.types import Question

_MARKER = re.compile(
    r"(?:\b(?:final |correct |short )?answer\b[\"'*_]*\s*[:=]|\\boxed\{|####)\s*", re.IGNORECASE
)
_NEW_TURN = re.compile(
    r"\n+\s*(?:#+\s*)?\**(?:instruction|question|user|human|q|input|context)\**\s*:|<\|",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"(?:^|(?<=[.!?;,\n-]))\s*(?:oh,?\s+|no,?\s+)?(?:wait|actually|correction|scratch that|i mean|"
    r"i meant|or rather|let me correct (?:that|myself)|sorry)\b[\s,:;.!-]*",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"^(?:no,?\s+)?(?:(?:it|that|this)(?:'s| is| was| should be)"
    r"|the (?:correct |right )?answer is)\s+",
    re.IGNORECASE,
)
_LETTER = re.compile(
    r"^\W*\(?([a-z])(?:\s*[).:]|\s*$)|\b(?:answer|option|choice)(?:\s+is)?\s*:?\s*\(?([a-z])\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^\s*\(?[A-Za-z][).:]\s+")
_BOTH = "yes no ja nein oui non sí si 是 否 はい いいえ true false"
_YES_NO = frozenset(_BOTH.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """A score in 0-1 and why; ``None`` = could not be scored."""

    value: float | None
    reason: str


def judge(question: Question, text: str, refusal_phrases: Sequence[str] = ()) -> Judgment:
    """Judge one answer to an answerable question.

    1. No expected answer: not scored (None). Empty or a clean refusal: wrong.
    2. The committed answer is taken (``committed``).
    3. With choices, exactly one choice must be named and it must be the expected one; an expected
       yes or no must be the first word.
    4. Else every slot needs one alternative that the answer holds (``match.holds``). One of more
       than 8 words must be the whole answer, unless there are several slots.

    >>> from realift.types import Where
    >>> q = Question(id="1", where=Where(file="e"), question="?", answers=(("Lyon",), ("1999",)))
    >>> judge(q, "In Lyon."), judge(q, "In Lyon, in 1999.").value
    (Judgment(value=0.0, reason="missing: '1999'"), 1.0)
    """
    slots = [tuple(a for a in slot if a.strip()) for slot in question.answers]
    if not slots or not all(slots):
        return Judgment(value=None, reason="no expected answer")
    if not any(ch.isalnum() for ch in strip_thoughts(text)):
        return Judgment(value=0.0, reason="empty answer")
    if detect(text, refusal_phrases, question=question.question).kind == "clean":
        return Judgment(value=0.0, reason="refused")
    said = committed(text, slots, lang=question.lang)
    if question.choices:
        verdict = _judge_choice(question, slots, said)
        if verdict is not None:
            return verdict
    missing = [slot for slot in slots if not _met(question, slot, said, n_slots=len(slots))]
    if missing:
        return Judgment(value=0.0, reason="missing: " + "; ".join(repr(s[0]) for s in missing))
    return Judgment(value=1.0, reason="holds the expected answer")


def committed(text: str, slots: Sequence[Sequence[str]] = (), *, lang: str = "en") -> str:
    """The part of a text that is its last word on the question.

    1. Thoughts go; a turn that the model made up (``Question:`` on a new line) ends the text.
    2. What follows the last ``Answer:``, ``####`` or ``\\boxed{`` counts, if anything does.
    3. "X. Actually, Y": what follows the correction counts if it can replace X: a number when a
       number is expected; else at most 8 words, with a capital when a name is expected.

    >>> committed("Paris. Actually, Lyon."), committed("Hm.\\nAnswer: 42")
    ('Lyon.', '42')
    >>> committed("Lyon. Actually, it is known for silk.", [["Lyon"]])
    'Lyon. Actually, it is known for silk.'
    """
    said = strip_citations(strip_thoughts(text)).strip()
    turn = _NEW_TURN.search(said)
    if turn and any(ch.isalnum() for ch in said[: turn.start()]):
        said = said[: turn.start()].strip()
    markers = [m for m in _MARKER.finditer(said) if any(c.isalnum() for c in said[m.end() :])]
    if markers:
        said = said[markers[-1].end() :].strip()
    folded = fold(said)
    for m in reversed(list(_CORRECTION.finditer(folded))):
        after = _FILLER.sub("", folded[m.end() :])
        if tokens(folded[: m.start()], lang=lang) and _replaces(after, slots, lang):
            return after
    return said


def _replaces(after: str, slots: Sequence[Sequence[str]], lang: str) -> bool:
    expected = [a for slot in slots for a in slot]
    if any(parse(a, lang=lang) is not None for a in expected):
        return bool(quantities(after, lang=lang))
    named = any(a != a.lower() for a in expected)
    if named and after == after.lower() and after != after.upper():
        return False
    return 0 < n_words(tokens(after, lang=lang)) <= MAX_CONTAINED_WORDS


def _met(question: Question, slot: Sequence[str], said: str, *, n_slots: int) -> bool:
    for alternative in slot:
        folded = alternative.strip().rstrip(".").casefold()
        if folded in _YES_NO:
            words = tokens(said, lang=question.lang)
            gold = tokens(folded, lang=question.lang)
            if words[: len(gold)] == gold:
                return True
            continue
        if holds(
            said,
            alternative,
            lang=question.lang,
            numeric_tol=question.numeric_tol,
            contained=n_slots > 1 or is_short(alternative, lang=question.lang),
        ):
            return True
    return False


def _judge_choice(question: Question, slots: Sequence[Sequence[str]], said: str) -> Judgment | None:
    """Judgment of a closed question; None when the expected answer is none of the choices."""
    expected = {_choice_of(a, question) for slot in slots for a in slot} - {None}
    if not expected:
        return None
    named = _named(said, question)
    if len(named) != 1:
        found = ", ".join(question.choices[i] for i in sorted(named)) or "none"
        return Judgment(value=0.0, reason=f"must name exactly one choice, named: {found}")
    if named <= expected:
        return Judgment(value=1.0, reason="the expected choice")
    return Judgment(value=0.0, reason=f"chose {question.choices[min(named)]!r}")


def _choice_of(answer: str, question: Question) -> int | None:
    texts = [_LABEL.sub("", c) for c in question.choices]
    for i, choice in enumerate(texts):
        if same(answer, choice, lang=question.lang) or same(
            answer, question.choices[i], lang=question.lang
        ):
            return i
    letter = _letter(answer, len(texts))
    return letter if letter is not None and len(answer.strip(" ().:")) == 1 else None


def _named(said: str, question: Question) -> set[int]:
    """Indices of the choices that an answer names, by text (longest first) or by letter."""
    texts = [tokens(_LABEL.sub("", c), lang=question.lang) for c in question.choices]
    sequence = list(clauses(said, lang=question.lang))
    whole = tuple(t for t in sequence if t != STOP)
    named = {i for i, t in enumerate(texts) if t and t == whole}
    if named:
        return named
    for i in sorted(range(len(texts)), key=lambda i: -len(texts[i])):
        if not texts[i] or (len(texts[i]) == 1 and len(texts[i][0]) == 1):
            continue  # a one-letter choice counts as a letter only
        for start in positions(sequence, texts[i]):
            named.add(i)
            left = len(texts[i])  # hidden, so that "York" is not found in "New York" again
            for k in range(start, len(sequence)):
                if left and sequence[k] != STOP:
                    sequence[k], left = "\0", left - 1
    if named:
        return named
    letter = _letter(said, len(texts))
    return set() if letter is None else {letter}


def _letter(said: str, n: int) -> int | None:
    """The choice that a letter stands for: "B", "(b)", "B) Lyon", "the answer is B"."""
    matches = [m[1] or m[2] for m in _LETTER.finditer(fold(said))]
    chosen = {ord(m.lower()) - ord("a") for m in matches}
    chosen = {i for i in chosen if i < n}
    return chosen.pop() if len(chosen) == 1 else None
