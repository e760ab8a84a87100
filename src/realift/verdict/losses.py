"""Paired differences of losses (nats/token): mean, interval, test. Beside 0/1 scores elsewhere.

>>> change = paired_change([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.5, 2.5, 3.5, 4.5, 5.5, 6.5])
>>> change.mean, change.p_value
(0.5, 0.03125)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from realift.types import Interval
from realift.verdict.clusters import sign_flip_p


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Mean of the differences ``after - before`` over ``n`` rows; positive = a higher loss.

    ``interval90.high`` below a margin rules out a rise of that size (one-sided 5%).
    """

    mean: float
    n: int
    interval: Interval | None
    interval90: Interval | None
    p_value: float


def paired_change(before: Sequence[float], after: Sequence[float]) -> Change:
    """Test and interval of a paired mean difference; each row counts once, whatever its length.

    1. p: two-sided sign-flip test over rows (all flips up to 16 rows, else 9,999 seeded ones).
    2. Intervals: Student's, over rows; None for fewer than two.

    No row: mean 0 with n = 0 and p = 1; callers look at ``n`` first.
    """
    differences = [b - a for a, b in zip(before, after, strict=True)]
    n = len(differences)
    mean = math.fsum(differences) / n if n else 0.0
    return Change(
        mean=mean,
        n=n,
        interval=mean_interval_of(differences, level=0.95),
        interval90=mean_interval_of(differences, level=0.90),
        p_value=sign_flip_p(differences, scale=0) if n else 1.0,
    )


def mean_interval_of(values: Sequence[float], *, level: float) -> Interval | None:
    """Student's interval of a mean; None for fewer than two values."""
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        return None
    mean = math.fsum(values) / n
    variance = math.fsum((v - mean) ** 2 for v in values) / (n - 1)
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * math.sqrt(variance / n)
    return Interval(low=mean - half, high=mean + half, level=level, method="Student over rows")


def permutation_p(first: Sequence[float], second: Sequence[float], *, draws: int = 9_999) -> float:
    """Two-sided p-value that two groups of rows have the same mean; labels drawn anew, seeded.

    Ties count as extreme, with the +1 rule. 1.0 if either group is empty.

    >>> permutation_p([0.0] * 8, [1.0] * 8) < 0.001, permutation_p([1.0, 2.0], [1.0, 2.0])
    (True, 1.0)
    """
    import numpy as np

    if not first or not second:
        return 1.0
    pool = np.array([*first, *second], dtype=float)
    observed = abs(float(np.mean(first)) - float(np.mean(second)))
    rng = np.random.default_rng(20_240_101)
    order = rng.permuted(np.tile(np.arange(len(pool)), (draws, 1)), axis=1)
    drawn = pool[order]
    k = len(first)
    apart = np.abs(drawn[:, :k].mean(axis=1) - drawn[:, k:].mean(axis=1))
    return float((np.sum(apart >= observed - 1e-12) + 1) / (draws + 1))
