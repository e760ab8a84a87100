"""Completeness: which of the key points does an answer give?

>>> from realift.types import Question, Where
>>> q = Question(id="1", where=Where(file="e"), question="What does it cost?",
...              key_points=(("42 euros",), ("free for children", "children free")))
>>> key_points(q, "42 euros.").missing, key_points(q, "42 euros; children free.").recall
(('free for children',), 1.0)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.score.correctness import met
from realift.score.fold import own_turn, strip_citations
from realift.score.normalize import tokens
from realift.score.refusal import detect
from realift.types import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPoints:
    """Points found and missing, each named by its first wording.

    ``recall`` = found / all, 0-1; None when the question has no key points.
    """

    found: tuple[str, ...]
    missing: tuple[str, ...]
    recall: float | None

    @property
    def complete(self) -> bool | None:
        """Whether every point was found; None when there is none."""
        return None if self.recall is None else not self.missing


def key_points(question: Question, text: str, refusal_phrases: Sequence[str] = ()) -> KeyPoints:
    """Look for every key point, by the token, number and negation rules of correctness.

    The whole answer counts, not only its last word: a complete answer is long. A refusal and an
    empty answer give no point.
    """
    points = _points(question)
    if not points:
        return KeyPoints(found=(), missing=(), recall=None)
    said = strip_citations(own_turn(text))
    refused = detect(text, refusal_phrases, question=question.question).kind == "clean"
    found = [] if refused else [p for p in points if met(question, p, said, points, inside=True)]
    return KeyPoints(
        found=tuple(p[0] for p in found),
        missing=tuple(p[0] for p in points if p not in found),
        recall=len(found) / len(points),
    )


def duplicates_correctness(question: Question) -> bool:
    """Whether completeness would measure the same as correctness on this question.

    True with a single key point, or when the key points are the expected answers; such a question
    must not be counted as evidence twice.

    >>> from realift.types import Where
    >>> q = Question(id="1", where=Where(file="e"), question="?", answers=(("A b",), ("c",)),
    ...              key_points=(("C",), ("a B",)))
    >>> duplicates_correctness(q)
    True
    """
    points = _points(question)
    if len(points) == 1:
        return True
    return bool(points) and _as_sets(points, question) == _as_sets(question.answers, question)


def _points(question: Question) -> tuple[tuple[str, ...], ...]:
    points = (tuple(a for a in point if a.strip()) for point in question.key_points)
    return tuple(point for point in points if point)


def _as_sets(
    slots: Sequence[Sequence[str]], question: Question
) -> frozenset[frozenset[tuple[str, ...]]]:
    return frozenset(frozenset(tokens(a, lang=question.lang) for a in slot) for slot in slots)
