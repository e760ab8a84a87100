"""Correctness: does the answer say what was expected? Right (1) or wrong (0) per question.

>>> from realift.types import Question, Where
>>> q = Question(id="1", where=Where(file="e"), question="How much?", answers=(("€42",),))
>>> judge(q, "It costs 42 euros [1].").value
1.0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.score.choices import expected_choices, named_choices
from realift.score.committed import YES_NO, committed
from realift.score.fold import is_empty
from realift.score.function_words import word_set
from realift.score.match import holds, is_short
from realift.score.normalize import clauses, tokens
from realift.score.number_words import STOP
from realift.score.refusal import detect
from realift.types import Question

_JOINING = word_set("or and oder und ou et o y e 或 和")


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
       than 8 words must be the whole answer, unless there are several slots. An answer that offers
       several ("41 or 42 euros") gives none.

    >>> from realift.types import Where
    >>> q = Question(id="1", where=Where(file="e"), question="?", answers=(("Lyon",), ("1999",)))
    >>> judge(q, "In Lyon."), judge(q, "In Lyon, in 1999.").value
    (Judgment(value=0.0, reason="missing: '1999'"), 1.0)
    """
    slots = [tuple(a for a in slot if a.strip()) for slot in question.answers]
    if not slots or not all(slots):
        return Judgment(value=None, reason="no expected answer")
    cites = any(is_empty(a) for slot in slots for a in slot)  # "[2]" can be the expected answer
    if is_empty(text) and not (cites and text.strip()):
        return Judgment(value=0.0, reason="empty answer")
    if detect(text, refusal_phrases, question=question.question).kind == "clean":
        return Judgment(value=0.0, reason="refused")
    said = committed(text, slots, lang=question.lang)
    if question.choices:
        verdict = _judge_choice(question, said)
        if verdict is not None:
            return verdict
    missing = [slot for slot in slots if not met(question, slot, said, slots)]
    if missing:
        return Judgment(value=0.0, reason="missing: " + "; ".join(repr(s[0]) for s in missing))
    return Judgment(value=1.0, reason="holds the expected answer")


def met(
    question: Question,
    slot: Sequence[str],
    said: str,
    slots: Sequence[Sequence[str]],
    *,
    inside: bool = False,
) -> bool:
    """Whether ``said`` gives one alternative of a slot; ``slots`` = all that must be met.

    ``inside``: an alternative of any length may stand inside a longer text.
    """
    accepted = [a for s in slots for a in s]
    for alternative in slot:
        if alternative.strip().rstrip(".").casefold() in YES_NO:
            if _says_yes_or_no(said, alternative, question.lang):
                return True
        elif holds(
            said,
            alternative,
            lang=question.lang,
            numeric_tol=question.numeric_tol,
            contained=inside or len(slots) > 1 or is_short(alternative, lang=question.lang),
            accepted=accepted,
            question=question.question,
        ):
            return True
    return False


def _says_yes_or_no(said: str, expected: str, lang: str) -> bool:
    """Whether the first word is the expected one, and no other yes or no stands beside it."""
    words = clauses(said, lang=lang)
    gold = tokens(expected, lang=lang)
    if words[: len(gold)] != gold:
        return False
    for i, word in enumerate(words[len(gold) :], start=len(gold)):
        closes = i + 1 == len(words) or words[i + 1] == STOP or words[i + 1] in _JOINING
        if word in YES_NO and word not in gold and closes:
            return False
        if word != STOP and word not in _JOINING and word not in YES_NO:
            return True
    return True


def _judge_choice(question: Question, said: str) -> Judgment | None:
    """Judgment of a closed question; None when the expected answer is none of the choices."""
    expected = expected_choices(question)
    if not expected:
        return None
    named = named_choices(question, said)
    if len(named) != 1:
        found = ", ".join(question.choices[i] for i in sorted(named)) or "none"
        return Judgment(value=0.0, reason=f"must name exactly one choice, named: {found}")
    if named <= expected:
        return Judgment(value=1.0, reason="the expected choice")
    return Judgment(value=0.0, reason=f"chose {question.choices[min(named)]!r}")
