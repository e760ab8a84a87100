"""The sign-flip test: whole units, questions or source documents, change sides by a coin toss.

Questions of one document stand or fall together: 50 questions over 5 documents are 5 independent
observations, not 50. So whole groups are flipped, not questions; and samples of a question, which
hang together even more, are averaged before.

>>> sign_flip_p([10, 10, 10, 10, 10])
0.0625
"""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from realift.types import Interval
from realift.verdict.exclude import LEVEL, exclusion_interval
from realift.verdict.paired import difference_interval

MAX_ENUMERATED = 16  # groups whose 2^G flips are all enumerated
N_FLIPS, FLIP_SEED = 9_999, 0  # beyond: seeded random flips, counted with the +1 rule
_TIE = 1e-9  # sums of means closer than this are equal
MAX_REACH = 500_000  # largest sum of scaled totals that is enumerated (8 MB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Differences (-1 to 1) summed by group: ``totals[g]`` over ``sizes[g]`` questions.

    ``squares`` is the sum of the squared differences of the questions (0/1 scores: how many
    changed).
    """

    totals: tuple[float, ...]
    sizes: tuple[int, ...]
    squares: float

    @property
    def n(self) -> int:
        return sum(self.sizes)

    @property
    def mean(self) -> float:
        """Difference per question."""
        return sum(self.totals) / self.n

    @property
    def repeated(self) -> bool:
        """Whether any group holds more than one question."""
        return any(size > 1 for size in self.sizes)

    @property
    def n_up(self) -> int:
        """Groups whose total is above 0."""
        return sum(t > _TIE for t in self.totals)

    @property
    def n_down(self) -> int:
        """Groups whose total is below 0."""
        return sum(t < -_TIE for t in self.totals)


def by_group(differences: Sequence[float], groups: Sequence[str]) -> Groups:
    """Sum per-question differences (-1 to 1) over groups; "" stands alone.

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
        squares=sum(d * d for d in differences),
    )


def sign_flip_p(totals: Sequence[float], *, scale: int = 1) -> float:
    """Two-sided p-value of the sum of unit totals when each unit's sign is a coin toss.

    Ties with the observed sum count as extreme (``>=``).

    1. If all totals times ``scale`` are whole numbers (right/wrong answers, or means of ``scale``
       of them), the chance of every sum is counted exactly, at any number of units.
    2. Other totals: all 2^G flips up to 16 units, else 9,999 seeded flips with the +1 rule.

    With one right/wrong answer per unit this is McNemar's exact test (not its mid-p version).

    >>> sign_flip_p([1] * 6), sign_flip_p([0, 0]), sign_flip_p([])
    (0.03125, 1.0, 1.0)
    >>> sign_flip_p([0.25, 0.75, 0.5, 0.25, 1.0, 0.5], scale=4)
    0.03125
    """
    scaled = [t * scale for t in totals]
    whole = [round(t) for t in scaled]
    reach = sum(map(abs, whole))
    close = all(abs(t - w) < 1e-6 for t, w in zip(scaled, whole, strict=True))
    if scale and close and reach <= MAX_REACH:
        return _exact_integer_p([abs(w) for w in whole if w], abs(sum(whole)))
    return _flip_test(tuple(float(t) for t in totals), (0,) * len(totals))(0.0)


def _exact_integer_p(moving: Sequence[int], observed: int) -> float:
    """Chance of a sum at least as far from 0; exact to the last digit up to 52 moving units."""
    import numpy as np

    if observed <= 0:
        return 1.0
    unit = math.gcd(observed, *moving)
    moving, observed = [m // unit for m in moving], observed // unit
    reach = sum(moving)
    chance = np.zeros(2 * reach + 1)  # of the sums -reach .. reach
    chance[reach] = 1.0
    for total in moving:  # never rolls over an end: what is there sums to at most reach - total
        chance = (np.roll(chance, total) + np.roll(chance, -total)) / 2
    return float(chance[: reach - observed + 1].sum() + chance[reach + observed :].sum())


def _flip_test(totals: tuple[float, ...], sizes: tuple[int, ...]) -> Callable[[float], float]:
    """p-value of the hypothesis "the difference per question is x", as a function of x.

    It rises up to the observed difference and falls beyond it, so that the values of x that are
    not rejected are an interval (Hartigan 1969, JASA 64:1303-1317: typical values).
    """
    import numpy as np

    flips = _flips(len(totals))
    flipped_totals, flipped_sizes = flips @ np.array(totals), flips @ np.array(sizes)
    exact = len(totals) <= MAX_ENUMERATED

    def p(x: float) -> float:
        observed = abs(sum(totals) - x * sum(sizes))
        extreme = int(np.sum(np.abs(flipped_totals - x * flipped_sizes) >= observed - _TIE))
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
    return (1 - 2 * bits).astype(np.int8)


def design_effect(groups: Groups) -> float:
    """How many times the variance of the mean exceeds that of independent questions (>= 1).

    Ratio of the cluster-robust variance (with G/(G-1)) to the independent one; 1 without repeated
    groups. When no answer changed, or there is one group, agreement cannot be measured and the
    worst is assumed: n/G, as if each group were one question.

    >>> design_effect(by_group([1] * 5 + [0] * 5, ["a"] * 5 + ["b"] * 5))
    10.0
    >>> design_effect(by_group([0, 0, 0, 0], ["a", "a", "b", "b"]))
    2.0
    """
    n, n_groups = groups.n, len(groups.sizes)
    if not groups.repeated:
        return 1.0
    mean = groups.mean
    independent = groups.squares - n * mean * mean
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
    2. The interval of the counts divided by ``design_effect``: Dirichlet, or at 90%
       ``exclusion_interval`` (they keep their width when no answer changed, where the first
       collapses to a point).
    3. If ``p_value`` > 1 - level, 0 is inside.

    None with no question.
    """
    if groups.n == 0:
        return None
    deff = design_effect(groups)
    b, c = n_fixed / deff, n_broken / deff
    n = max(groups.n / deff, b + c)
    scaled = (
        exclusion_interval(b, c, n) if level == LEVEL else difference_interval(b, c, n, level=level)
    )
    assert scaled is not None
    low, high = inverted(groups, level)
    low, high = min(low, scaled.low), max(high, scaled.high)
    if p_value > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    return Interval(low=low, high=high, level=level, method="sign-flip of groups, widened")


def inverted(groups: Groups, level: float) -> tuple[float, float]:
    """Ends of the set of differences per question that the sign-flip test keeps."""
    p = _flip_test(groups.totals, groups.sizes)

    def end(outside: float) -> float:
        inside = groups.mean
        if p(outside) > 1 - level:
            return outside
        for _ in range(40):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if p(middle) > 1 - level else (inside, middle)
        return outside

    return end(-1.0), end(1.0)
