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

from realift.types import Arm, Question, Score, Where
from realift.verdict.compare import label_of_counts

# realift.verdict exports functions of these names, which hide the modules from `import`.
COMPARE = importlib.import_module("realift.verdict.compare")
DECIDE = importlib.import_module("realift.verdict.decide")
GUARDS = importlib.import_module("realift.verdict.guards")
RECIPE = importlib.import_module("realift.verdict.recipe")
POWER = importlib.import_module("realift.verdict.power")
STATISTICS = importlib.import_module("realift.verdict.statistics")

ALPHA = 0.05
MIN_GAIN = MARGIN = 0.10  # gain worth having; what a guard may drop
DIMENSION = "correctness"
ARMS: tuple[Arm, Arm] = ("base", "adapter")
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
    differences: Sequence[float], groups: Sequence[str] = (), *, dimension: str = DIMENSION
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
    scores = [
        Score(question_id=q.id, arm=arm, dimension=dimension, value=value)
        for q, d in zip(questions, differences, strict=True)
        for arm, value in zip(ARMS, (float(d <= 0), float(d >= 0)), strict=True)
    ]
    return questions, scores


def compared(
    differences: Sequence[float],
    groups: Sequence[str] = (),
    *,
    dimension: str = DIMENSION,
    **options: Any,
) -> Any:
    """The ``Comparison`` of a made run."""
    options = {"min_gain": MIN_GAIN, "alpha": ALPHA} | options
    questions, scores = made_run(differences, groups, dimension=dimension)
    return COMPARE.compare(questions, scores, dimension=dimension, **options)


def decided(questions: Sequence[Question], scores: Sequence[Score], **options: Any) -> Any:
    """The ``Verdict`` of a made run."""
    options = {"leak_check": None, "min_gain": MIN_GAIN, "guard_margin": MARGIN} | options
    return DECIDE.decide(questions, scores, **options)


def claim(differences: Sequence[float], groups: Sequence[str] = (), **options: Any) -> str:
    """REAL GAIN or REGRESSION if ``compare`` says so of a made run, else "".

    The p-value is looked at first: above alpha the table has no claim, and the intervals, which
    take most of the time, need not be computed.
    """
    found = COMPARE.by_group(differences, list(groups) or [""] * len(differences))
    if found.repeated:
        p = STATISTICS.sign_flip_p(found.totals)
    else:
        p = STATISTICS.mcnemar_midp(differences.count(1), differences.count(-1))
    if p > ALPHA:
        return ""
    return _claimed(compared(differences, groups, **options).label)


def _claimed(label: str) -> str:
    return label if label in ("REAL GAIN", "REGRESSION") else ""


@cached
def claim_of_counts(n_fixed: int, n_broken: int, n: int, n_looks: int = 1) -> str:
    """``claim`` for independent questions, where nothing but the counts matters."""
    if n_looks > 1:
        return claim(differences_of(n_fixed, n_broken, n), n_looks=n_looks)
    if COMPARE.mcnemar_midp(n_fixed, n_broken) > ALPHA:
        return ""
    return _claimed(label_of_counts(n_fixed, n_broken, n, min_gain=MIN_GAIN))


@cached
def sequential_claim(n_fixed: int, n_broken: int, n: int) -> str:
    """``claim_of_counts`` by the e-value, looked at first as p is in ``claim``."""
    if STATISTICS.e_value(n_fixed, n_broken) * ALPHA < 1:
        return ""
    return _claimed(compared(differences_of(n_fixed, n_broken, n), sequential=True).label)


def differences_of(n_fixed: int, n_broken: int, n: int) -> list[int]:
    """Differences with these counts.

    >>> differences_of(1, 2, 5)
    [1, -1, -1, 0, 0]
    """
    return [1] * n_fixed + [-1] * n_broken + [0] * (n - n_fixed - n_broken)


def claim_of_samples(base: Sequence[Sequence[int]], adapter: Sequence[Sequence[int]]) -> str:
    """``claim`` of a run with several right/wrong samples per question and arm."""
    questions, _ = made_run([0] * len(base))
    scores = [
        Score(question_id=q.id, arm=arm, dimension=DIMENSION, value=float(value), sample=k)
        for q, *samples in zip(questions, base, adapter, strict=True)
        for arm, values in zip(ARMS, samples, strict=True)
        for k, value in enumerate(values)
    ]
    pairs = COMPARE.pair_scores(questions, scores, dimension=DIMENSION)
    if pairs.kind == "binary":
        return claim(pairs.differences)
    found = COMPARE.by_group(pairs.differences, pairs.groups)
    if STATISTICS.sign_flip_p(found.totals, scale=pairs.scale) > ALPHA:
        return ""
    found = COMPARE.compare(questions, scores, dimension=DIMENSION, min_gain=MIN_GAIN)
    return _claimed(found.label)


def recipe_label(base: Sequence[int], adapters: Sequence[Sequence[int]]) -> str:
    """What ``recipe_claim`` says of right/wrong answers of the base and of one adapter a seed."""
    questions, _ = made_run([0] * len(base))
    answered: list[tuple[Arm, int, Sequence[int]]] = [("base", 0, base)]
    answered += [("adapter", seed, values) for seed, values in enumerate(adapters)]
    scores = [
        Score(question_id=q.id, arm=arm, dimension=DIMENSION, value=float(value), seed=seed)
        for arm, seed, values in answered
        for q, value in zip(questions, values, strict=True)
    ]
    found = RECIPE.recipe_claim(questions, scores, dimension=DIMENSION, min_gain=MIN_GAIN)
    return "" if found is None else str(found.label)
