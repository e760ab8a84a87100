"""Is the adapter better than an answer that takes no model at all?

Three of them are scored like an arm: always the most frequent training answer, always a refusal,
always the context itself. No model runs.

>>> sorted(BASELINES)
['always refuses', 'repeats the context', 'the most frequent training answer']
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable, Sequence

from realift.config import REFUSAL
from realift.data.text import fold
from realift.probes.asked import N_CONTROLS, ScoreAnswers
from realift.types import (
    Check,
    Comparison,
    Completion,
    Example,
    GuardStatus,
    Question,
    Reading,
    Score,
)
from realift.verdict import compare
from realift.verdict.checks import honest, not_checked, spec
from realift.verdict.phrases import points
from realift.verdict.readings import share

NAME = "baselines"
_RIGHT = "right"  # correct where it can be answered, refused where it cannot


def majority(examples: Sequence[Example]) -> str:
    """The training answer that occurs most often ("" without rows); the first of several.

    >>> majority(())
    ''
    """
    counts = Counter(fold(e.answer) for e in examples)
    if not counts:
        return ""
    most = counts.most_common(1)[0][0]
    return next(e.answer for e in examples if fold(e.answer) == most)


def most_frequent(_: Question, *, rows: Sequence[Example]) -> str:
    """The same training answer to everything."""
    return majority(rows)


def refuses(_: Question, *, rows: Sequence[Example]) -> str:  # noqa: ARG001
    """The refusal sentence to everything."""
    return REFUSAL


def echoes(question: Question, *, rows: Sequence[Example]) -> str:  # noqa: ARG001
    """The context, whole."""
    return question.context


BASELINES = {
    "the most frequent training answer": most_frequent,
    "always refuses": refuses,
    "repeats the context": echoes,
}


def baselines_check(
    questions: Sequence[Question],
    scores: Sequence[Score],
    examples: Sequence[Example],
    *,
    score: ScoreAnswers,
    min_gain: float,
    alpha: float = 0.05,
) -> Check:
    """Compare the adapter with the best of them on all questions: answered right, or refused right.

    OK: better, p <= alpha. WARNING: not better at all. UNPROVEN: better, but chance could do it.
    Nothing waits for it. Planted: expected answers must beat every baseline; clean: a baseline
    must not beat itself.
    """
    ours = [s for s in _right(scores) if s.arm == "adapter" and not s.seed]
    if not ours:
        return not_checked(NAME, "No question could be scored.", n=len(questions))
    made = {
        name: _scored(questions, functools.partial(say, rows=examples), score)
        for name, say in BASELINES.items()
    }
    means = {name: _mean(some) for name, some in made.items()}
    best = max(means, key=lambda name: means[name])
    c = _against(questions, made[best], ours, min_gain=min_gain, alpha=alpha)
    gold = _scored(questions, _expected, score)
    planted = _against(questions, made[best], gold, min_gain=min_gain, alpha=alpha)
    clean = _against(questions, made[best], made[best], min_gain=min_gain, alpha=alpha)
    status: GuardStatus = "UNPROVEN"
    meaning = "chance could do this."
    difference = c.difference or 0.0
    if difference <= 0:
        status, meaning = "WARNING", "no better than an answer that takes no model."
    elif c.label == "REAL GAIN":
        status, meaning = "OK", "more than chance explains."
    shares = ", ".join(f"{name} {100 * means[name]:.0f}%" for name in made)
    return honest(
        Check(
            name=NAME,
            title=spec(NAME).title,
            status=status,
            sentence=f"Right answers and right refusals on {c.n_scored} questions: adapter "
            f"{100 * (c.adapter.value or 0):.0f}%, {shares}. {points(difference)} against the "
            f"best of these: {meaning}",
            n=len(questions),
            n_could_fire=c.n_scored,
            caught=int(planted.label == "REAL GAIN"),
            planted=1,
            false_alarms=int(clean.label == "REAL GAIN"),
            clean=1,
            required=False,
            readings=(
                *(_reading(name, some) for name, some in made.items()),
                share(_RIGHT, "adapter", c.adapter),
            ),
            rows=c.broken[:N_CONTROLS],
        )
    )


def _expected(q: Question) -> str:
    return ", ".join(slot[0] for slot in q.answers if slot) if q.answerable else REFUSAL


def _right(scores: Sequence[Score]) -> list[Score]:
    """Correctness of what can be answered, refusal of what cannot, as one dimension."""
    return [
        dataclasses.replace(s, dimension=_RIGHT)
        for s in scores
        if s.dimension in ("correctness", "refusal") and not s.probe
    ]


def _scored(
    questions: Sequence[Question], say: Callable[[Question], str], score: ScoreAnswers
) -> list[Score]:
    said = [
        Completion(question_id=q.id, arm="adapter", text=say(q), n_tokens=1, finish="stop")
        for q in questions
    ]
    return _right(score(questions, said))


def _against(
    questions: Sequence[Question],
    first: Sequence[Score],
    second: Sequence[Score],
    *,
    min_gain: float,
    alpha: float,
) -> Comparison:
    scored = {s.question_id for s in second}
    before = [dataclasses.replace(s, arm="base") for s in first if s.question_id in scored]
    asked = [q for q in questions if q.id in scored]
    return compare(asked, [*before, *second], dimension=_RIGHT, min_gain=min_gain, alpha=alpha)


def _mean(scores: Sequence[Score]) -> float:
    values = [s.value for s in scores if s.value is not None]
    return sum(values) / len(values) if values else 0.0


def _reading(name: str, scores: Sequence[Score]) -> Reading:
    n = sum(s.value is not None for s in scores)
    return Reading(
        name=f"{_RIGHT}: {name}", arm="", value=_mean(scores) if n else None, unit="share", n=n
    )
