"""What a number of questions rules out: a gain, or a loss, of a given size.

"No gain of 10 points" is a claim of its own and needs an interval that is right where it is used,
at its ends. The 95% interval of ``paired`` is right on the whole, but after few changes its ends
lie too close to 0: with 0 of 20 answers changed it rules out a gain of 10 points, although one
adapter in eight (0.9^20) that gains 10 points changes none of 20 answers.

>>> exclusion_interval(0, 0, 20).high > 0.10, excludes_gain(0, 0, 29, min_gain=0.10)
(True, True)
"""

from __future__ import annotations

import functools

from realift.types import Interval
from realift.verdict.paired import dirichlet_cdf

LEVEL = 0.90  # two-sided; each end carries 5%
METHOD = "Dirichlet(1,1/2,1/2) at each end"


def excludes_gain(n_fixed: float, n_broken: float, n: float, *, min_gain: float) -> bool:
    """Whether a true gain of ``min_gain`` (0-1) or more is ruled out by counts of questions.

    1. Nothing broken: the exact binomial test, P(Binomial(n, min_gain) <= fixed) <= 5%. (The gain
       is then the rate of fixed questions, and that is what the test bounds.)
    2. Else: P(gain >= min_gain) <= 5% when (fixed, broken, tie) rates are
       Dirichlet(b + 1, c + 1/2, t + 1/2): a whole imagined question against the claim, halves for
       it.

    Wrong in at most 5.9% of cases when the true gain is ``min_gain``, for every n from 5 to 200,
    every broken rate and gains of 5 to 30 points (enumerated exactly in the tests). ``n = 0``
    rules out nothing. Counts may be fractional.

    >>> [excludes_gain(b, c, 50, min_gain=0.10) for b, c in [(1, 0), (2, 0), (3, 3), (4, 3)]]
    [True, False, True, False]
    """
    if n == 0 or min_gain >= 1:
        return n > 0
    return _below(min_gain, n_fixed, n_broken, n) >= 1 - (1 - LEVEL) / 2


def exclusion_interval(n_fixed: float, n_broken: float, n: float) -> Interval | None:
    """90% interval of the difference whose ends rule out: beyond each lie 5%.

    ``high`` < min_gain exactly when ``excludes_gain``; ``low`` is the same with the arms swapped.
    None when ``n`` is 0.

    >>> interval = exclusion_interval(0, 0, 29)  # the "rule of three": 1 - 0.05^(1/29)
    >>> round(interval.low, 4), round(interval.high, 4)
    (-0.0981, 0.0981)
    """
    if n == 0:
        return None
    high, low = _end(n_fixed, n_broken, n), -_end(n_broken, n_fixed, n)
    return Interval(low=low, high=high, level=LEVEL, method=METHOD)


def _below(x: float, b: float, c: float, n: float) -> float:
    """How sure it is that the gain is below ``x`` > -1 (0-1)."""
    from scipy.special import betainc

    ties = max(0.0, n - b - c)
    if c == 0:
        return float(betainc(b + 1, n - b, x)) if x > 0 and b < n else 0.0
    return dirichlet_cdf(x, b + 1, c + 0.5, ties + 0.5)


@functools.lru_cache(maxsize=4096)
def _end(b: float, c: float, n: float) -> float:
    from scipy.optimize import brentq
    from scipy.special import betaincinv

    sure = 1 - (1 - LEVEL) / 2
    if c == 0:
        return float(betaincinv(b + 1, n - b, sure)) if b < n else 1.0
    return float(brentq(lambda x: _below(x, b, c, n) - sure, -1.0, 1.0, xtol=1e-12))
