"""Every outcome of one eval set at once: all (fixed, broken) counts, their labels and chances.

What is summed here is exact: no random numbers. Labels come from ``label_of_counts``, the code
that labels a user's run.

>>> round(chance(5, lambda b, c: b == 5, p_fixed=0.5, p_broken=0.0), 6)
0.03125
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realift.types import Label
from realift.verdict.compare import label_of_counts
from realift.verdict.selftest.engine import MIN_GAIN, cached, claim_of_counts

SIZES = (5, 10, 20, 50, 100, 200)  # questions


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """All counts with ``fixed + broken <= n`` as flat arrays, and ln(n! / (b! c! ties!))."""

    n: int
    fixed: Any
    broken: Any
    log_ways: Any


@functools.cache
def lattice(n: int) -> Lattice:
    """The (n + 1)(n + 2) / 2 possible outcomes of ``n`` questions."""
    import numpy as np
    from scipy.special import gammaln

    fixed, broken = (x.ravel() for x in np.mgrid[0 : n + 1, 0 : n + 1])
    keep = fixed + broken <= n
    fixed, broken = fixed[keep], broken[keep]
    ties = n - fixed - broken
    log_ways = gammaln(n + 1) - gammaln(fixed + 1) - gammaln(broken + 1) - gammaln(ties + 1)
    return Lattice(n=n, fixed=fixed, broken=broken, log_ways=log_ways)


def chances(n: int, *, p_fixed: float, p_broken: float) -> Any:
    """Probability of every outcome when each question is fixed or broken with these rates."""
    import numpy as np
    from scipy.special import xlog1py, xlogy

    cells = lattice(n)
    ties = n - cells.fixed - cells.broken
    churn = min(1.0, p_fixed + p_broken)
    return np.exp(
        cells.log_ways
        + xlogy(cells.fixed, p_fixed)
        + xlogy(cells.broken, p_broken)
        + xlog1py(ties, -churn)
    )


def chance(n: int, event: Callable[[Any, Any], Any], *, p_fixed: float, p_broken: float) -> float:
    """Probability of an event given as a function of the arrays (fixed, broken)."""
    cells = lattice(n)
    weights = chances(n, p_fixed=p_fixed, p_broken=p_broken)
    return float(weights[event(cells.fixed, cells.broken)].sum())


@cached
def labels(n: int) -> Any:
    """The label of every outcome, by ``label_of_counts``, as an array of texts."""
    import numpy as np

    cells = lattice(n)
    return np.array(
        [
            label_of_counts(int(b), int(c), n, min_gain=MIN_GAIN)
            for b, c in zip(cells.fixed, cells.broken, strict=True)
        ]
    )


def label_chance(n: int, label: Label, *, p_fixed: float, p_broken: float) -> float:
    """Exact probability that ``n`` questions get this label."""
    found = labels(n) == label
    return float(chances(n, p_fixed=p_fixed, p_broken=p_broken)[found].sum())


@cached
def claims(n: int) -> Any:
    """REAL GAIN, REGRESSION or "" of every outcome; fast, since no interval is needed."""
    import numpy as np

    cells = lattice(n)
    return np.array(
        [claim_of_counts(int(b), int(c), n) for b, c in zip(cells.fixed, cells.broken, strict=True)]
    )


def claim_chance(n: int, label: Label, *, p_fixed: float, p_broken: float) -> float:
    """``label_chance`` for REAL GAIN and REGRESSION."""
    found = claims(n) == label
    return float(chances(n, p_fixed=p_fixed, p_broken=p_broken)[found].sum())


def naive_chance(n: int, *, p_fixed: float, p_broken: float) -> float:
    """Exact probability that the adapter's mean is above the base's."""
    return chance(n, lambda b, c: b > c, p_fixed=p_fixed, p_broken=p_broken)
