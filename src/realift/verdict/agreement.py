"""How far a judge can be trusted, and what is left of its difference when people check it.

A judge (a language model that grades answers) is compared with the labels that people gave to some
of the same answers. Everything is deterministic; scipy loads on first use.

>>> round(cohen_kappa(20, 5, 10, 15).value, 9)
0.4
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from realift.types import Interval, Rate
from realift.verdict.paired import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure that is no plain proportion. ``value`` is ``None`` where it is not defined."""

    value: float | None
    n: int
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """``sensitivity``: share of right answers that the judge accepts. ``specificity``: share of
    wrong answers that it rejects."""

    sensitivity: Rate
    specificity: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedDifference:
    """The judge's paired difference, corrected by people's labels (0-1; ``None`` = not measured).

    ``value`` = ``judged`` + ``correction``. ``n`` questions were judged, ``n_labelled`` of them
    were labelled in both arms.
    """

    value: float | None
    judged: float | None
    correction: float | None
    n: int
    n_labelled: int
    interval: Interval | None
    p_value: float | None


def cohen_kappa(
    both_right: int, first_only: int, second_only: int, both_wrong: int, *, level: float = 0.95
) -> Estimate:
    """Agreement of two raters beyond chance: 1 = always, 0 = as chance would.

    1. ``kappa`` = (observed - expected) / (1 - expected), expected from the raters' own rates.
    2. The interval is the large-sample one (Fleiss, Cohen & Everitt). Where the raters never
       differ its width would be 0; then the Wilson bound of the agreement takes its place.

    ``None`` when both raters gave one and the same label throughout: chance explains it all.

    Reference: Cohen (1960); Fleiss, Cohen & Everitt (1969), Psychol. Bull. 72:323-327.

    >>> cohen_kappa(30, 0, 0, 0).value is None
    True
    >>> perfect = cohen_kappa(10, 0, 0, 10)
    >>> perfect.value, round(perfect.interval.low, 2)
    (1.0, 0.68)
    """
    n = both_right + first_only + second_only + both_wrong
    if n == 0:
        return Estimate(value=None, n=0, interval=None)
    first, second = (both_right + first_only) / n, (both_right + second_only) / n
    expected = first * second + (1 - first) * (1 - second)
    if expected == 1:
        return Estimate(value=None, n=n, interval=None)
    agreed = both_right + both_wrong
    kappa = (agreed / n - expected) / (1 - expected)
    if agreed == n:
        bound = wilson(agreed, n, level=level).interval
        assert bound is not None
        low = (bound.low - expected) / (1 - expected)
        return Estimate(
            value=1.0,
            n=n,
            interval=Interval(low=low, high=1.0, level=level, method="Wilson bound of agreement"),
        )
    left = 1 - kappa
    spread = (
        both_right / n * (1 - (first + second) * left) ** 2
        + both_wrong / n * (1 - (2 - first - second) * left) ** 2
        + left**2 * first_only / n * (second + 1 - first) ** 2
        + left**2 * second_only / n * (first + 1 - second) ** 2
        - (kappa - expected * left) ** 2
    )
    half = _z(level) * math.sqrt(max(0.0, spread) / n) / (1 - expected)
    interval = Interval(
        low=max(-1.0, kappa - half),
        high=min(1.0, kappa + half),
        level=level,
        method="Fleiss-Cohen-Everitt",
    )
    return Estimate(value=kappa, n=n, interval=interval)


def accuracy(judged: Sequence[int], labels: Sequence[int]) -> Accuracy:
    """Sensitivity and specificity of 0/1 judgments against 0/1 labels, with Wilson intervals.

    >>> found = accuracy([1, 1, 0, 0], [1, 0, 0, 0])
    >>> found.sensitivity.value, found.specificity.n
    (1.0, 3)
    """
    pairs = list(zip(judged, labels, strict=True))
    right = [j for j, label in pairs if label == 1]
    wrong = [1 - j for j, label in pairs if label == 0]
    return Accuracy(
        sensitivity=wilson(sum(right), len(right)), specificity=wilson(sum(wrong), len(wrong))
    )


def rogan_gladen(n_accepted: int, n: int, found: Accuracy, *, level: float = 0.95) -> Estimate:
    """Share of right answers, from the share a judge accepts and its measured error rates.

    1. ``value`` = (accepted + specificity - 1) / (sensitivity + specificity - 1), kept in 0-1.
    2. The interval carries the uncertainty of all three rates.

    ``None`` when a rate was not measured or the judge is no better than a coin
    (sensitivity + specificity <= 1).

    Reference: Rogan & Gladen (1978), Am. J. Epidemiol. 107:71-76; interval: Lang & Reiczigel
    (2014), Prev. Vet. Med. 113:13-22.

    >>> right, wrong = wilson(19, 20), wilson(16, 20)
    >>> round(rogan_gladen(115, 200, Accuracy(sensitivity=right, specificity=wrong)).value, 3)
    0.5
    """
    sens, spec = found.sensitivity, found.specificity
    if n == 0 or sens.value is None or spec.value is None or sens.value + spec.value <= 1:
        return Estimate(value=None, n=n, interval=None)
    value = (n_accepted / n + spec.value - 1) / (sens.value + spec.value - 1)
    z = _z(level)
    # Two successes and failures are added to each rate, so that none is surely 0 or 1.
    se = (sens.value * sens.n + 1) / (sens.n + 2)
    sp = (spec.value * spec.n + 1) / (spec.n + 2)
    accepted = (n_accepted + z * z / 2) / (n + z * z)
    if se + sp <= 1:
        return Estimate(value=None, n=n, interval=None)
    center = min(1.0, max(0.0, (accepted + sp - 1) / (se + sp - 1)))
    of_se, of_sp = se * (1 - se) / (sens.n + 2), sp * (1 - sp) / (spec.n + 2)
    shift = 2 * z * z * (center * of_se - (1 - center) * of_sp)
    spread = accepted * (1 - accepted) / (n + z * z)
    spread += (1 - center) ** 2 * of_sp + center**2 * of_se
    half = z * math.sqrt(spread) / (se + sp - 1)
    ends = (min(1.0, max(0.0, center + shift + side * half)) for side in (-1, 1))
    low, high = ends
    return Estimate(
        value=min(1.0, max(0.0, value)),
        n=n,
        interval=Interval(low=low, high=high, level=level, method="Lang-Reiczigel"),
    )


def corrected_difference(
    judged: Sequence[int],
    labelled: Sequence[int | None],
    groups: Sequence[str] = (),
    *,
    level: float = 0.95,
) -> CorrectedDifference:
    """The judge's mean difference over all questions, corrected on those that people labelled.

    Prediction-powered inference: whatever the judge favors, it does so on the labelled questions
    too, and that is taken off.

    1. ``value`` = mean(judged) + mean over the labelled of (label - judged).
    2. The variances of both means add. As the labelled questions are among the judged ones this
       errs on the safe side.
    3. In each, one difference of +1 and one of -1 is added (as Bonett & Price do), or a judge
       that errs rarely would seem never to err; questions of one group are summed first.
    4. Student's t with Satterthwaite's degrees of freedom.

    Args:
        judged: per question adapter - base as the judge sees it: -1, 0 or 1.
        labelled: the same by people, ``None`` where one of the two answers has no label. They
            must be a random choice of the questions.
        groups: per question its group ("" = its own); empty = every question stands alone.

    With under two groups judged or labelled only what can be computed is filled in.

    Reference: Angelopoulos et al. (2023), Science 382:669-674, arXiv 2301.09633; Bonett & Price
    (2012), J. Educ. Behav. Stat. 37:479-488.

    >>> fair = corrected_difference([1, 0, 0, 0] * 25, [1, 0, 0, 0] * 10 + [None] * 60)
    >>> fair.value, fair.correction, fair.n_labelled
    (0.25, 0.0, 40)
    >>> biased = corrected_difference([1, 0, 0, 0] * 25, [0, 0, 0, 0] * 10 + [None] * 60)
    >>> biased.value, biased.correction
    (0.0, -0.25)
    """
    names = list(groups) if groups else [""] * len(judged)
    errors, error_groups = [], []
    for j, label, group in zip(judged, labelled, names, strict=True):
        if label is not None:
            errors.append(label - j)
            error_groups.append(group)
    mean = sum(judged) / len(judged) if judged else None
    correction = sum(errors) / len(errors) if errors else None
    value = interval = p_value = None
    if mean is not None and correction is not None:
        value = mean + correction
        parts = [_spread(judged, names), _spread(errors, error_groups)]
        if all(df > 0 for _, df in parts):
            interval, p_value = _student(value, parts, level)
    return CorrectedDifference(
        value=value,
        judged=mean,
        correction=correction,
        n=len(judged),
        n_labelled=len(errors),
        interval=interval,
        p_value=p_value,
    )


def _spread(values: Sequence[int], groups: Sequence[str]) -> tuple[float, int]:
    """Variance of the mean, with one +1 and one -1 added, and its degrees of freedom."""
    totals: dict[object, tuple[int, int]] = {}
    for i, (value, group) in enumerate(zip(values, groups, strict=True)):
        total, size = totals.get(group or i, (0, 0))
        totals[group or i] = (total + value, size + 1)
    n = len(values) + 2
    mean = sum(values) / n
    units = [*totals.values(), (1, 1), (-1, 1)]
    squares = sum((total - size * mean) ** 2 for total, size in units)
    return squares / n**2 * len(units) / (len(units) - 1), len(totals) - 1


def _student(
    value: float, parts: Sequence[tuple[float, int]], level: float
) -> tuple[Interval, float]:
    from scipy.stats import t

    variance = sum(v for v, _ in parts)
    df = variance**2 / sum(v**2 / k for v, k in parts)
    error = math.sqrt(variance)
    half = float(t.ppf(0.5 + level / 2, df)) * error
    interval = Interval(
        low=max(-1.0, value - half),
        high=min(1.0, value + half),
        level=level,
        method="prediction-powered, Student t",
    )
    return interval, float(2 * t.sf(abs(value) / error, df))


def _z(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)
