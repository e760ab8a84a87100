"""How many samples per question: more of them steady each question's mean, up to a point.

The mean difference over n questions with K samples per arm varies by (omega^2 + sigma^2 / K) / n:
omega^2 is how much questions differ in what the adapter changes, sigma^2 how much the answers to
one question differ from sample to sample. Samples only shrink the second part.

>>> noisy, steady = [[1, 0, 1, 0]] * 10 + [[0, 1, 0, 0]] * 10, [[1, 1, 1, 1]] * 20
>>> choose_samples(noisy, steady, min_gain=0.10).k
13
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from realift.data.check import MIN_GROUPS
from realift.verdict.clusters import by_group
from realift.verdict.means import mean_detectable, standard_error
from realift.verdict.pairs import Pairs
from realift.verdict.power import POWER

MAX_SAMPLES = 64  # beyond, more questions are the better use of the same answers


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleChoice:
    """``k`` samples per question and arm, why, and the smallest gain (0-1) they would find.

    ``minimum_detectable`` is None when no gain would be found, or nothing varied in the pilot.
    """

    k: int
    reason: str
    minimum_detectable: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """``within`` = sigma^2 of both arms, ``between`` = omega^2; ``n`` questions in ``units``."""

    within: float
    between: float
    n: int
    units: int

    def error(self, k: float) -> float:
        """Standard error of the mean difference with ``k`` samples per question and arm."""
        return math.sqrt((self.between + self.within / k) / self.n)

    def worth_it(self, k: int) -> bool:
        """Whether samples beyond ``k`` still matter: sigma^2 / k >= omega^2 / 4."""
        return self.within > 0 and self.within / k >= self.between / 4


def spread_of(
    first: Sequence[Sequence[float]],
    second: Sequence[Sequence[float]],
    groups: Sequence[str] = (),
) -> Spread | None:
    """The two parts of the variance, from the samples of every question in both arms.

    Questions without two samples in each arm say nothing about sigma and are left out. When
    groups repeat, ``between`` holds what their agreement adds. None for fewer than two units.

    Raises:
        ValueError: the arms do not have the same questions.
    """
    names = list(groups) or [""] * len(first)
    rows = [
        (a, b, g) for a, b, g in zip(first, second, names, strict=True) if len(a) > 1 and len(b) > 1
    ]
    units = by_group([_mean(b) - _mean(a) for a, b, _ in rows], [g for *_, g in rows])
    error = standard_error(units)
    if error is None:
        return None
    n = len(rows)
    within = sum(_variance(a) + _variance(b) for a, b, _ in rows) / n
    noise = sum(_variance(a) / len(a) + _variance(b) / len(b) for a, b, _ in rows) / n
    return Spread(
        within=within, between=max(0.0, n * error**2 - noise), n=n, units=len(units.sizes)
    )


def choose_samples(
    first: Sequence[Sequence[float]],
    second: Sequence[Sequence[float]],
    *,
    min_gain: float,
    groups: Sequence[str] = (),
    max_samples: int = 16,
    alpha: float = 0.05,
    power: float = POWER,
) -> SampleChoice:
    """Choose the number of samples per question from a pilot (scores in 0-1, question x sample).

    The smallest K that would find ``min_gain`` with probability ``power``; if none does, K where
    further samples stop mattering (sigma^2 / K < omega^2 / 4), at most ``max_samples``. At least
    two samples per question and arm are needed to see how much they vary. ``groups`` names the
    source of each question; where sources repeat, they are the units.

    Reference: Miller (2024), arXiv 2411.00640, for the variance of a mean over sampled answers.

    Raises:
        ValueError: the arms do not have the same questions.
    """
    spread = spread_of(first, second, groups)
    if spread is None or spread.units < MIN_GROUPS:
        units = "groups of questions" if any(groups) else "questions"
        why = f"fewer than {MIN_GROUPS} {units} with two samples: samples cannot make up for that"
        return SampleChoice(k=1, reason=why, minimum_detectable=None)

    def found(k: int) -> float | None:
        return mean_detectable(spread.error(k), spread.units, alpha=alpha, power=power)

    if spread.within == 0:
        why = "the answers do not vary from sample to sample, so one of each says it all"
        return SampleChoice(k=1, reason=why, minimum_detectable=found(1))
    points = f"{100 * min_gain:g} points"
    k = 1
    while True:
        detectable = found(k)
        if detectable is not None and detectable <= min_gain:
            why = f"with {_times(k)} a gain of {points} is found in {100 * power:g} of 100 cases"
            break
        if not spread.worth_it(k):
            why = (
                f"beyond {_times(k)} the questions themselves vary more than the answers: a gain "
                f"of {points} needs more questions"
            )
            break
        if k >= max_samples:
            why = f"{k} samples are the most allowed: a gain of {points} needs more questions"
            break
        k += 1
    return SampleChoice(k=k, reason=why, minimum_detectable=detectable)


def more_samples(
    pairs: Pairs, *, min_gain: float, alpha: float = 0.05, power: float = POWER
) -> int | None:
    """Samples per question (in all) with which these questions would settle ``min_gain``.

    None when no number up to 64 would, because the questions vary too much; also None when there
    is only one sample of each, since then nothing is known about how much samples vary. When the
    present number should do and yet nothing is settled, twice as many if that still matters.
    """
    spread = spread_of(pairs.first_samples, pairs.second_samples, pairs.groups)
    if spread is None or spread.units < MIN_GROUPS or spread.within == 0:
        return None
    now = pairs.n_samples
    for k in range(1, MAX_SAMPLES + 1):
        found = mean_detectable(spread.error(k), spread.units, alpha=alpha, power=power)
        if found is not None and found <= min_gain:
            if k > now:
                return k
            return 2 * now if spread.worth_it(now) and 2 * now <= MAX_SAMPLES else None
    return None


def _times(k: int) -> str:
    return "one sample per question" if k == 1 else f"{k} samples per question"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    """Unbiased; two values or more."""
    mean = _mean(values)
    return sum((v - mean) ** 2 for v in values) / (len(values) - 1)
