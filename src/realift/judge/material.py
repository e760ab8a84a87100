"""What there is to judge in a run: the answers of base and adapter, question by question.

>>> answer_pairs(run_folder.load("runs/acme-1"))  # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from realift.errors import RunFolderError
from realift.types import Arm, Completion, Question, RunResult

JUDGED_ARMS: tuple[Arm, Arm] = ("base", "adapter")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPair:
    """Both arms' first answers to one question; ``None`` = not asked (the prompt did not fit)."""

    question: Question
    base: str | None
    adapter: str | None

    def text(self, arm: Arm) -> str | None:
        """What one arm said."""
        return self.base if arm == "base" else self.adapter


def answer_pairs(result: RunResult) -> tuple[AnswerPair, ...]:
    """The pairs that can be judged: answerable questions that have an expected answer.

    Raises:
        RunFolderError: the run has no such question, or no answers of both arms.
    """
    said = {
        at: None if c.finish == "skipped" else c.text for at, c in first_answers(result).items()
    }
    pairs = tuple(
        AnswerPair(question=q, base=said[q.id, "base"], adapter=said[q.id, "adapter"])
        for q in result.questions
        if gradable(q) and (q.id, "base") in said and (q.id, "adapter") in said
    )
    if not any(p.base is not None and p.adapter is not None for p in pairs):
        raise RunFolderError(
            f"{result.folder}: nothing to judge",
            hint="a judge needs a finished run with expected answers, answered by base and adapter",
        )
    return pairs


def first_answers(result: RunResult) -> dict[tuple[str, Arm], Completion]:
    """What base and adapter said to the eval set itself: first sample, first adapter, no probe."""
    return {
        (c.question_id, c.arm): c
        for c in result.completions
        if c.arm in JUDGED_ARMS and not (c.probe or c.sample or c.seed)
    }


def gradable(question: Question) -> bool:
    """Whether there is an expected answer to grade against.

    >>> from realift.types import Where
    >>> gradable(Question(id="1", where=Where(file="e"), question="?"))
    False
    """
    filled = all(any(a.strip() for a in slot) for slot in question.answers)
    return question.answerable and bool(question.answers) and filled


def blind_id(question_id: str, arm: Arm, text: str) -> str:
    """A name of one answer that does not show whose it is.

    >>> blind_id("q1", "base", "Bob") != blind_id("q1", "adapter", "Bob")
    True
    """
    return digest([question_id, arm, text])[:10]


def digest(value: object) -> str:
    """SHA-256 of plain values, in hex."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
