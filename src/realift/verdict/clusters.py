"""Paired statistics when several questions share a source document.

Questions of one document stand or fall together: 50 questions over 5 documents are 5 independent
observations, not 50. So whole groups are flipped, not questions.

>>> sign_flip_p([10, 10, 10, 10, 10])
0.0625
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from realift.types import Interval
from realift.verdict.paired import difference_interval

MAX_ENUMERATED = 16  # groups whose 2^G flips are all enumerated
N_FLIPS, FLIP_SEED = 9_999, 0  # beyond: seeded random flips, counted with the +1 rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Differences (-1, 0, 1) summed by group: ``totals[g]`` over ``sizes[g]`` questions."""

    totals: tuple[float, ...]
    sizes: tuple[int, ...]
    n_changed: int

    @property
    def n(self) -> int:
        return sum(self.sizes)

    @property
    def repeated(self) -> bool:
        """Whether any group holds more than one question."""
        return any(size > 1 for size in self.sizes)


def by_group(differences: Sequence[float], groups: Sequence[str]) -> Groups:
    """Sum per-question differences (-1, 0, 1) over groups; "" stands alone.

    >>> by_group([1, 0, 1], ["a", "a", ""]).totals
    (1, 1)
    """
    totals: dict[object, float] = defaultdict(int)
    sizes: dict[object, int] = defaultdict(int)
    for i, (d, group) in enumerate(zip(differences, groups, strict=True)):
        key: object = group or i
        totals[key] += d
        sizes[key] += 1
    return Groups(
        totals=tuple(totals.values()),
        sizes=tuple(sizes.values()),
        n_changed=sum(1 for d in differences if d),
    )


def sign_flip_p(totals: Sequence[float]) -> float:
    """Two-sided p-value of the sum of group totals when each group's sign is a coin toss.

    Ties with the observed sum count as extreme (``>=``). Whole-number totals (right/wrong
    answers) are enumerated exactly at any number of groups, by counting the ways to each sum.
    Other totals: all 2^G flips up to 16 groups, else 9,999 seeded flips with the +1 rule.
    With one question per group this is McNemar's exact test (not its mid-p version).

    >>> sign_flip_p([1] * 6), sign_flip_p([0, 0]), sign_flip_p([])
    (0.03125, 1.0, 1.0)
    """
    moving = [abs(t) for t in totals if t]
    if not moving:
        return 1.0
    observed = abs(sum(totals))
    if all(float(t).is_integer() for t in moving):
        return _exact_integer_p([int(t) for t in moving], int(observed))
    return _flip_test(tuple(float(t) for t in totals), (0,) * len(totals))(0.0)


def _exact_integer_p(moving: Sequence[int], observed: int) -> float:
    ways = {0: 1}
    for total in moving:
        step: dict[int, int] = defaultdict(int)
        for value, count in ways.items():
            step[value + total] += count
            step[value - total] += count
        ways = step
    extreme = sum(count for value, count in ways.items() if abs(value) >= observed)
    return extreme / (1 << len(moving))


def _flip_test(totals: tuple[float, ...], sizes: tuple[int, ...]) -> Callable[[float], float]:
    """p-value of the hypothesis "the difference per question is x", as a function of x."""
    import numpy as np

    flips = _flips(len(totals))
    flipped_totals, flipped_sizes = flips @ np.array(totals), flips @ np.array(sizes)
    exact = len(totals) <= MAX_ENUMERATED

    def p(x: float) -> float:
        observed = abs(sum(totals) - x * sum(sizes))
        extreme = int(np.sum(np.abs(flipped_totals - x * flipped_sizes) >= observed - 1e-9))
        return extreme / len(flips) if exact else (extreme + 1) / (len(flips) + 1)

    return p


@functools.lru_cache(maxsize=8)
def _flips(n_groups: int) -> Any:
    """Signs (flip, group): all of them, or a seeded draw."""
    import numpy as np

    if n_groups <= MAX_ENUMERATED:
        bits = np.arange(1 << n_groups)[:, None] >> np.arange(n_groups) & 1
    else:
        bits = np.random.default_rng(FLIP_SEED).integers(0, 2, size=(N_FLIPS, n_groups))
    return (1 - 2 * bits).astype(float)


def design_effect(groups: Groups) -> float:
    """How many times the variance of the mean exceeds that of independent questions (>= 1).

    Ratio of the cluster-robust variance (with G/(G-1)) to the independent one. When no answer
    changed, or there is one group, agreement cannot be measured and the worst is assumed:
    n/G, as if each group were one question.

    >>> design_effect(by_group([1] * 5 + [0] * 5, ["a"] * 5 + ["b"] * 5))
    10.0
    >>> design_effect(by_group([0, 0, 0, 0], ["a", "a", "b", "b"]))
    2.0
    """
    n, n_groups = groups.n, len(groups.sizes)
    if n == 0:
        return 1.0
    mean = sum(groups.totals) / n
    independent = groups.n_changed - n * mean * mean
    if n_groups < 2 or independent <= 1e-12:
        return n / n_groups
    between = sum(
        (t - size * mean) ** 2 for t, size in zip(groups.totals, groups.sizes, strict=True)
    )
    return max(1.0, between * n_groups / (n_groups - 1) / independent)


def cluster_interval(
    groups: Groups, n_fixed: int, n_broken: int, *, p_value: float, level: float = 0.95
) -> Interval | None:
    """Interval of the difference per question when groups repeat: the wider of two, on each side.

    1. The differences x that the sign-flip test does not reject at 1 - level.
    2. The Dirichlet interval of the counts divided by ``design_effect`` (it keeps its width when
       no answer changed, where the first collapses to a point).
    3. If ``p_value`` > 1 - level, 0 is inside.

    None with no question.
    """
    if groups.n == 0:
        return None
    deff = design_effect(groups)
    scaled = difference_interval(
        n_fixed / deff,
        n_broken / deff,
        max(groups.n / deff, (n_fixed + n_broken) / deff),
        level=level,
    )
    assert scaled is not None
    low, high = _inverted(groups, level)
    low, high = min(low, scaled.low), max(high, scaled.high)
    if p_value > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    return Interval(low=low, high=high, level=level, method="sign-flip of groups, widened")


def _inverted(groups: Groups, level: float) -> tuple[float, float]:
    """Ends of the set of differences that the sign-flip test keeps."""
    p = _flip_test(groups.totals, groups.sizes)
    mean = sum(groups.totals) / groups.n

    def end(outside: float) -> float:
        inside = mean
        if p(outside) > 1 - level:
            return outside
        for _ in range(40):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if p(middle) > 1 - level else (inside, middle)
        return outside

    return end(-1.0), end(1.0)
