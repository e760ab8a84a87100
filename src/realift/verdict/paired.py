"""Statistics of one pair of arms answering the same questions, right or wrong.

Notation of the whole room: ``n_fixed`` (b) questions only the second arm gets right, ``n_broken``
(c) only the first, the other ``n - b - c`` are ties. Everything is exact or deterministic: no
random numbers. numpy and scipy load on first use.

>>> mcnemar_midp(9, 2)
0.03857421875
"""

from __future__ import annotations

import functools
import math
from statistics import NormalDist
from typing import Any

from realift.types import Interval, Rate

DIRICHLET = "Dirichlet(1,1,2)"
_PANELS, _NODES = 24, 20  # 480 Gauss-Legendre points; 2x as many change no digit above 1e-12
_TAIL = 1e-16  # mass of the number of changed answers that the integration may leave out


def mcnemar_midp(n_fixed: int, n_broken: int) -> float:
    """Two-sided McNemar mid-p value of paired right/wrong answers.

    p = 2 P(X <= m) - P(X = m), with X ~ Binomial(b + c, 1/2) and m = min(b, c), computed in whole
    numbers. Ties carry no sign and drop out. No discordant pair, or as many fixed as broken: 1.0.

    Reference: Fagerland, Lydersen & Laake (2013), BMC Med. Res. Methodol. 13:91.

    >>> [round(mcnemar_midp(b, c), 6) for b, c in [(0, 0), (3, 0), (5, 0), (7, 1)]]
    [1.0, 0.125, 0.03125, 0.039062]
    """
    _check_counts(n_fixed, n_broken)
    n, m = n_fixed + n_broken, min(n_fixed, n_broken)
    term, total = 1, 1  # C(n, 0) and the running sum of C(n, k)
    for k in range(m):
        term = term * (n - k) // (k + 1)
        total += term
    return min(1.0, (2 * total - term) / (1 << n))


def probability_better(n_fixed: float, n_broken: float) -> float:
    """Posterior probability (flat prior) that more answers are fixed than broken.

    1 - P(Beta(b+1, c+1) < 1/2). Equal to 1 - mid-p/2 when b > c, so that
    mid-p <= 0.05 says the same as "at least 97.5% sure". Counts may be fractional.

    >>> round(probability_better(9, 2), 6) == round(1 - mcnemar_midp(9, 2) / 2, 6)
    True
    >>> probability_better(0, 0)
    0.5
    """
    from scipy.special import betainc

    _check_counts(n_fixed, n_broken)
    return float(betainc(n_broken + 1, n_fixed + 1, 0.5))


def wilson(n_right: float, n: int, *, level: float = 0.95) -> Rate:
    """A proportion with its Wilson score interval; ``n = 0`` is not measured, never 0.

    ``n_right`` may be a sum of values in 0-1: the interval of their mean is then too wide rather
    than too narrow, for no such values vary more than 0 and 1 do.

    Reference: Wilson (1927), JASA 22:209-212.

    >>> rate = wilson(10, 10)
    >>> rate.value, round(rate.interval.low, 3), rate.interval.high
    (1.0, 0.722, 1.0)
    >>> wilson(0, 0).value is None
    True
    """
    if not 0 <= n_right <= n:
        raise ValueError(f"{n_right} right of {n} is not a proportion")
    if n == 0:
        return Rate(value=None, n=0, interval=None)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p, z2n = n_right / n, z * z / n
    center = (p + z2n / 2) / (1 + z2n)
    half = z / (1 + z2n) * math.sqrt(p * (1 - p) / n + z2n / (4 * n))
    low = 0.0 if n_right == 0 else max(0.0, center - half)
    high = 1.0 if n_right == n else min(1.0, center + half)
    return Rate(value=p, n=n, interval=Interval(low=low, high=high, level=level, method="Wilson"))


def failure_bound(n: int, *, level: float = 0.95) -> float | None:
    """Highest failure rate not ruled out by 0 failures among ``n`` ("rule of three"); None for 0.

    >>> [round(failure_bound(n), 2) for n in (5, 10, 20, 59)]
    [0.45, 0.26, 0.14, 0.05]
    """
    return 1 - (1 - level) ** (1 / n) if n > 0 else None


def difference_interval(
    n_fixed: float, n_broken: float, n: float, *, level: float = 0.95
) -> Interval | None:
    """Equal-tailed credible interval of the difference in accuracy (fixed rate - broken rate).

    1. (fixed, broken, tie) rates ~ Dirichlet(b+1, c+1, t+2), t = n - b - c.
    2. The difference is S(2V - 1), with S ~ Beta(b+c+2, t+2) (how much changes) and, independent
       of it, V ~ Beta(b+1, c+1) (which way), so its CDF is a one-dimensional integral over S,
       taken by Gauss-Legendre panels.
    3. The quantiles are found by Brent's method to 1e-12.

    It excludes 0 exactly when ``mcnemar_midp`` <= 1 - level. Counts may be fractional (effective
    sizes of clustered questions). ``n = 0`` gives None: not measured.

    Reference: Bowyer et al. (2025), arXiv 2503.01747 (Bayesian paired intervals at small n).

    >>> interval = difference_interval(9, 2, 20)
    >>> round(interval.low, 3), round(interval.high, 3)
    (0.016, 0.546)
    """
    _check_counts(n_fixed, n_broken)
    if n_fixed + n_broken > n + 1e-9:
        raise ValueError(f"{n_fixed} fixed and {n_broken} broken do not fit into {n} questions")
    if n == 0:
        return None
    if n_fixed < n_broken:  # solved on one side only, so that swapping the arms is exact
        low, high = _quantiles(n_broken, n_fixed, n, level)
        return Interval(low=-high, high=-low, level=level, method=DIRICHLET)
    low, high = _quantiles(n_fixed, n_broken, n, level)
    if n_fixed == n_broken:  # symmetric by construction
        low = -high
    return Interval(low=low, high=high, level=level, method=DIRICHLET)


@functools.lru_cache(maxsize=4096)
def _quantiles(b: float, c: float, n: float, level: float) -> tuple[float, float]:
    from scipy.optimize import brentq

    tail = (1 - level) / 2

    def at(q: float) -> float:
        return float(brentq(lambda x: difference_cdf(x, b, c, n) - q, -1.0, 1.0, xtol=1e-12))

    return at(tail), at(1 - tail)


def difference_cdf(x: float, n_fixed: float, n_broken: float, n: float) -> float:
    """P(difference <= x) under the posterior of ``difference_interval``.

    >>> round(difference_cdf(0.0, 4, 4, 20), 12)
    0.5
    """
    ties = max(0.0, n - n_fixed - n_broken)
    return dirichlet_cdf(x, n_fixed + 1, n_broken + 1, ties + 2)


def dirichlet_cdf(x: float, gain: float, loss: float, tie: float) -> float:
    """P(gain rate - loss rate <= x) when the three rates are Dirichlet(gain, loss, tie), all > 0.

    >>> round(dirichlet_cdf(0.0, 3, 1, 1), 12), round(0.5**3, 12)
    (0.125, 0.125)
    """
    import numpy as np
    from scipy.special import betainc, betaincinv, betaln

    if abs(x) >= 1:
        return float(x > 0)
    a1, a2 = gain + loss, tie
    low = max(abs(x), float(betaincinv(a1, a2, _TAIL)))
    high = 1 - float(betaincinv(a2, a1, _TAIL))
    # Below S = |x| the difference cannot reach x: all of that mass counts when x > 0, none else.
    below = float(betainc(a1, a2, abs(x))) if x > 0 else 0.0
    if low >= high:
        return min(1.0, below)
    points, weights = _legendre()
    s = low + (high - low) * points
    density = np.exp((a1 - 1) * np.log(s) + (a2 - 1) * np.log1p(-s) - betaln(a1, a2))
    inside = betainc(gain, loss, np.clip((1 + x / s) / 2, 0.0, 1.0))
    return min(1.0, below + float((high - low) * np.sum(weights * density * inside)))


@functools.cache
def _legendre() -> tuple[Any, Any]:
    """Nodes and weights of the composite rule on (0, 1)."""
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    starts = np.arange(_PANELS)[:, None]
    points = (starts + (nodes + 1) / 2) / _PANELS
    return points.ravel(), np.tile(weights / 2 / _PANELS, _PANELS)


def _check_counts(n_fixed: float, n_broken: float) -> None:
    if n_fixed < 0 or n_broken < 0:
        raise ValueError(f"counts must not be negative, found {n_fixed} and {n_broken}")
