"""Means over questions: several samples of each, or scores between 0 and 1 (token F1).

The questions are the sample, never the answers: everything here is a function of one number per
question. Where few questions differ, a spread of what was seen says too little about what was not,
so two imagined questions, one for and one against, widen every interval (for a proportion this is
Agresti and Coull's device, for a difference Bonett and Price's).

>>> rate = mean_rate([1.0] * 10)
>>> rate.value, round(rate.interval.low, 2), rate.interval.high
(1.0, 0.73, 1.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from realift.data.check import MIN_GROUPS
from realift.types import Interval, Rate
from realift.verdict.clusters import Groups, design_effect, inverted
from realift.verdict.exclude import LEVEL, exclusion_interval
from realift.verdict.power import POWER


def mean_rate(values: Sequence[float], *, level: float = 0.95) -> Rate:
    """Mean of one score (0-1) per question, with Student's interval over the questions.

    One imagined question at 0 and one at 1 are added for the interval, so that it never collapses
    where all questions agree. Clipped to 0-1. No value: not measured, never 0.

    Reference: Agresti & Coull (1998), Am. Stat. 52:119-126, for the imagined questions.

    >>> mean_rate([]).value is None
    True
    """
    if not values:
        return Rate(value=None, n=0, interval=None)
    low, high = _student(sum(values) + 1, sum(v * v for v in values) + 1, len(values) + 2, level)
    interval = Interval(
        low=max(0.0, low), high=min(1.0, high), level=level, method="Student over questions"
    )
    return Rate(value=sum(values) / len(values), n=len(values), interval=interval)


def mean_interval(groups: Groups, *, p_value: float, level: float = 0.95) -> Interval | None:
    """Interval of the mean difference per question: the wider of two, on each side.

    1. The differences that the sign-flip test does not reject at 1 - level.
    2. Student's interval with two imagined questions, one won and one lost outright, over the
       number of questions divided by ``design_effect``. At 90% also ``exclusion_interval`` on the
       side where no question moved: what was never seen is not ruled out by few questions.
    3. 0 is inside exactly when ``p_value`` > 1 - level (an end on the wrong side moves to 0).

    None with no question.

    Reference: Bonett & Price (2012), J. Educ. Behav. Stat. 37:479-488, for the imagined questions.
    """
    if groups.n == 0:
        return None
    low, high = inverted(groups, level)
    deff = design_effect(groups)
    n, total = groups.n / deff, sum(groups.totals) / deff
    imagined = _student(total, groups.squares / deff + 2, n + 2, level)
    low, high = min(low, imagined[0]), max(high, imagined[1])
    if level == LEVEL:
        up, down = max(total, 0.0), max(-total, 0.0)
        if not groups.n_down:
            high = max(high, _end(exclusion_interval(up, 0, n)).high)
        if not groups.n_up:
            low = min(low, _end(exclusion_interval(0, down, n)).low)
    if p_value > 1 - level:
        low, high = min(low, 0.0), max(high, 0.0)
    elif groups.mean > 0:
        low = max(low, 0.0)
    else:
        high = min(high, 0.0)
    return Interval(
        low=max(-1.0, low), high=min(1.0, high), level=level, method="sign-flip, widened"
    )


def _end(interval: Interval | None) -> Interval:
    assert interval is not None
    return interval


def _student(total: float, squares: float, n: float, level: float) -> tuple[float, float]:
    """Student's interval of a mean from its sums; ``n`` (> 1) may be fractional."""
    from scipy.special import stdtrit

    mean = total / n
    variance = max(0.0, squares - n * mean * mean) / (n - 1)
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * math.sqrt(variance / n)
    return mean - half, mean + half


def standard_error(groups: Groups) -> float | None:
    """Of the mean difference per question, from the spread of the units; None for fewer than two.

    >>> from realift.verdict.clusters import by_group
    >>> round(standard_error(by_group([0.0, 0.5, 1.0, 0.5], [""] * 4)), 3)  # sd 0.408 / sqrt(4)
    0.204
    """
    units = len(groups.sizes)
    if units < 2:
        return None
    pairs = zip(groups.totals, groups.sizes, strict=True)
    between = sum((t - size * groups.mean) ** 2 for t, size in pairs)
    return math.sqrt(between * units / (units - 1)) / groups.n


def mean_detectable(
    error: float | None, units: int, *, alpha: float = 0.05, power: float = POWER
) -> float | None:
    """Smallest true mean difference that is found with probability ``power`` (approximately).

    (t_{1-alpha/2} + t_power) standard errors, with units - 1 degrees of freedom. None when no
    possible difference would be found: fewer than 6 units, or more than 1. Also None where
    nothing varies (``error`` 0): the spread was not measured.
    """
    from scipy.special import stdtrit

    if not error or units < MIN_GROUPS:
        return None
    found = error * float(stdtrit(units - 1, 1 - alpha / 2) + stdtrit(units - 1, power))
    return found if found <= 1 else None


def more_for_mean(groups: Groups, *, min_gain: float, alpha: float = 0.05) -> int:
    """How many more questions like these would settle a mean difference of ``min_gain``.

    As ``power.more_questions``, with the mean squared difference, pulled up by two imagined
    questions, in place of the share of answers that change.
    """
    n, z = groups.n, NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(POWER)
    spread = (groups.squares + 2) / (n + 4)
    needed = math.ceil(z * z * spread / min_gain**2 * design_effect(groups))
    return needed - n if needed > n else max(n, 1)
