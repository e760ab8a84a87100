"""The door to the code under test, and made-up runs to send through it.

The modules are looked up by name at every call, so that a guard switched off by ``mutations`` is
off here too. Whatever is remembered between calls is forgotten by ``clear_caches``.

>>> claim([1] * 6 + [0] * 4), claim([1] * 3 + [0] * 7)
('REAL GAIN', '')
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from realift.types import Arm, Label, Question, Score, Where
from realift.verdict.compare import label_of_counts

# realift.verdict exports functions of these names, which hide the modules from `import`.
COMPARE = importlib.import_module("realift.verdict.compare")
DECIDE = importlib.import_module("realift.verdict.decide")
GUARDS = importlib.import_module("realift.verdict.guards")

ALPHA = 0.05
DIMENSION = "correctness"
F = TypeVar("F", bound=Callable[..., Any])
_caches: list[Callable[[], None]] = []


def cached(function: F) -> F:
    """``functools.cache``, forgotten by ``clear_caches``."""
    wrapped = functools.cache(function)
    _caches.append(wrapped.cache_clear)
    return wrapped  # type: ignore[return-value]


def clear_caches() -> None:
    """Forget every result of the code under test."""
    for clear in _caches:
        clear()


def made_run(
    differences: Sequence[int], groups: Sequence[str] = (), *, dimension: str = DIMENSION
) -> tuple[list[Question], list[Score]]:
    """An eval set and its scores in which question i has this difference (-1, 0, 1).

    Where nothing changes, both arms are right.
    """
    questions = [
        Question(
            id=f"q{i}",
            where=Where(file="made"),
            question="",
            answerable=dimension != "refusal",
            group=groups[i] if groups else "",
        )
        for i in range(len(differences))
    ]
    arms: tuple[Arm, Arm] = ("base", "adapter")
    scores = [
        Score(question_id=q.id, arm=arm, dimension=dimension, value=value)
        for q, d in zip(questions, differences, strict=True)
        for arm, value in zip(arms, (float(d <= 0), float(d >= 0)), strict=True)
    ]
    return questions, scores


def compared(differences: Sequence[int], groups: Sequence[str] = (), **options: Any) -> Any:
    """The ``Comparison`` of a made run."""
    questions, scores = made_run(differences, groups)
    options = {"dimension": DIMENSION, "min_gain": 0.10, "alpha": ALPHA} | options
    return COMPARE.compare(questions, scores, **options)


def claim(differences: Sequence[int], groups: Sequence[str] = (), **options: Any) -> Label | str:
    """REAL GAIN or REGRESSION if ``compare`` says so of a made run, else "".

    The p-value is looked at first: above alpha the table has no claim, and the intervals, which
    take most of the time, need not be computed.
    """
    found = COMPARE.by_group(differences, list(groups) or [""] * len(differences))
    if found.repeated:
        p = COMPARE.sign_flip_p(found.totals)
    else:
        p = COMPARE.mcnemar_midp(differences.count(1), differences.count(-1))
    if p > options.get("alpha", ALPHA):
        return ""
    label = compared(differences, groups, **options).label
    return label if label in ("REAL GAIN", "REGRESSION") else ""


@cached
def claim_of_counts(n_fixed: int, n_broken: int, n: int, alpha: float = ALPHA) -> Label | str:
    """``claim`` for independent questions, where nothing but the counts matters."""
    if COMPARE.mcnemar_midp(n_fixed, n_broken) > alpha:
        return ""
    label = label_of_counts(n_fixed, n_broken, n, min_gain=0.10, alpha=alpha)
    return label if label in ("REAL GAIN", "REGRESSION") else ""
