"""What a number of questions can find: exact power, smallest detectable gain, "how many more".

Computed from the smallest gain worth having and the observed churn, never from the observed gain
("post-hoc power" says nothing that the p-value does not).

>>> round(midp_power(53, p_fixed=0.25, p_broken=0.05), 2) >= 0.80
True
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from statistics import NormalDist

POWER = 0.80
_NODES = 32  # equally likely churns that stand for what the churn may be


def questions_needed(
    gain: float, *, churn: float, alpha: float = 0.05, power: float = POWER
) -> int:
    """How many questions find a gain of ``gain`` with probability ``power`` (approximately).

    n = (z_{1-alpha/2} sqrt(churn) + z_power sqrt(churn - gain^2))^2 / gain^2, where ``churn`` is
    the share of questions whose answer changes between right and wrong; it cannot be below
    ``gain``. Within about -3% to +15% of the exact mid-p figure.

    Reference: Connor (1987), Biometrics 43:207-211.

    >>> questions_needed(0.10, churn=0.20)
    155
    """
    if not 0 < gain < 1:
        raise ValueError(f"gain must be between 0 and 1, found {gain}")
    churn = min(1.0, max(churn, gain))
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    root = z_alpha * math.sqrt(churn) + z_power * math.sqrt(churn - gain**2)
    return math.ceil(root**2 / gain**2)


def estimated_churn(n_fixed: float, n_broken: float, n: float) -> float:
    """Share of answers that change, pulled toward 1/2 by four imagined questions (0-1).

    >>> estimated_churn(3, 1, 20)
    0.25
    """
    return (n_fixed + n_broken + 2) / (n + 4)


def more_questions(
    n_fixed: float,
    n_broken: float,
    n: int,
    *,
    min_gain: float,
    alpha: float = 0.05,
    design_effect: float = 1.0,
) -> int:
    """How many more questions would settle a gain of ``min_gain``.

    ``n_fixed`` and ``n_broken`` are those among ``n``; ``design_effect`` (>= 1) is how much
    repeated groups dilute the set. When the formula says that ``n`` should do and yet nothing is
    settled, as many again are asked for.

    >>> more_questions(3, 1, 20, min_gain=0.10)
    174
    """
    churn = estimated_churn(n_fixed, n_broken, n)
    needed = math.ceil(questions_needed(min_gain, churn=churn, alpha=alpha) * design_effect)
    return needed - n if needed > n else max(n, 1)


def midp_power(n: int, *, p_fixed: float, p_broken: float, alpha: float = 0.05) -> float:
    """Exact probability that McNemar's mid-p test finds a gain (right direction, p <= alpha).

    Enumerates the number k of changed answers, Binomial(n, p_fixed + p_broken), and for each k
    the fixed ones among them.

    >>> midp_power(0, p_fixed=0.3, p_broken=0.1)
    0.0
    """
    import numpy as np
    from scipy.special import bdtrc, gammaln, xlog1py, xlogy

    churn = p_fixed + p_broken
    if p_fixed < 0 or p_broken < 0 or churn > 1 + 1e-12:
        raise ValueError(f"not probabilities: {p_fixed} fixed, {p_broken} broken")
    if n == 0 or p_fixed == 0:
        return 0.0
    churn = min(churn, 1.0)
    k = np.arange(n + 1)
    log_pmf = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    pmf = np.exp(log_pmf + xlogy(k, churn) + xlog1py(n - k, -churn))
    needed = np.array(_critical(n, alpha))
    # P(X >= needed) = P(X > needed - 1); where even k of k is not enough, nothing is found.
    reach = needed <= k
    found = np.zeros(n + 1)
    share = p_fixed / churn
    found[reach] = bdtrc(needed[reach] - 1, k[reach], share) if share < 1 else 1.0
    return float(min(1.0, np.sum(pmf * found)))


@functools.lru_cache(maxsize=64)
def _critical(n: int, alpha: float) -> tuple[int, ...]:
    """For k = 0..n changed answers: the fewest fixed that give mid-p <= alpha (k + 1 = never)."""
    from scipy.special import betainc

    out = []
    b = 0
    for k in range(n + 1):
        b = max(b, (k + 1) // 2)  # grows by at most one per step of k, never falls
        while b <= k and (2 * b <= k or 2 * betainc(b + 1, k - b + 1, 0.5) > alpha):
            b += 1
        out.append(b)
        b = max(0, b - 1)
    return tuple(out)


@functools.lru_cache(maxsize=256)
def minimum_detectable(
    n: int, *, p_broken: float, alpha: float = 0.05, power: float = POWER
) -> float | None:
    """Smallest true gain that ``n`` questions find with probability ``power`` (exact mid-p).

    ``p_broken`` is the share of questions the adapter breaks meanwhile (0-1). None when no
    possible gain would be found often enough: the set is too small.

    >>> round(minimum_detectable(50, p_broken=0.05), 2)
    0.21
    >>> minimum_detectable(3, p_broken=0.05) is None
    True
    """
    return _smallest_gain(n, [min(max(p_broken, 0.0), 0.5)], alpha=alpha, power=power)


@functools.lru_cache(maxsize=256)
def minimum_detectable_after(
    n: int, n_changed: float, *, alpha: float = 0.05, power: float = POWER
) -> float | None:
    """Smallest true gain that ``n`` questions find, as far as one run of them can tell.

    ``n_changed`` of the answers changed between right and wrong, so the churn is known with an
    error only: the chance of finding the gain is averaged over what the churn may be (Jeffreys'
    Beta(changed + 1/2, unchanged + 1/2)), half of it broken. Taking the observed churn for the true
    one instead names gains that are then found in 71-76 of 100 cases.

    >>> round(minimum_detectable_after(50, 5), 2)
    0.21
    >>> minimum_detectable_after(3, 1) is None
    True
    """
    if n <= 0:
        return None
    from scipy.special import betaincinv

    n_changed = min(max(n_changed, 0.0), float(n))
    middles = [(i + 0.5) / _NODES for i in range(_NODES)]
    churns = betaincinv(n_changed + 0.5, n - n_changed + 0.5, middles)
    return _smallest_gain(n, [float(c) / 2 for c in churns], alpha=alpha, power=power)


def _smallest_gain(n: int, broken: Sequence[float], *, alpha: float, power: float) -> float | None:
    """Smallest gain found with probability ``power`` on average over these broken rates."""

    def reached(gain: float) -> bool:
        found = (
            midp_power(n, p_fixed=min(p + gain, 1 - p), p_broken=p, alpha=alpha) for p in broken
        )
        return sum(found) / len(broken) >= power

    low, high = 0.0, 1 - 2 * min(broken)
    if n <= 0 or high <= 0 or not reached(high):
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
