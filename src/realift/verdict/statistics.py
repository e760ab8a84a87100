"""The figures of one comparison, by the kind of its scores.

| scores | questions | test | interval |
|---|---|---|---|
| one 0/1 per question | independent | McNemar mid-p | Dirichlet |
| one 0/1 per question | in groups | sign-flip of groups | sign-flip of groups, widened |
| several samples, or 0 to 1 | either | sign-flip of means | sign-flip, widened |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.types import Interval, Rate
from realift.verdict.clusters import Groups, cluster_interval, design_effect, sign_flip_p
from realift.verdict.exclude import LEVEL, exclusion_interval
from realift.verdict.means import (
    mean_detectable,
    mean_interval,
    mean_rate,
    more_for_mean,
    standard_error,
)
from realift.verdict.paired import (
    DIRICHLET,
    difference_interval,
    mcnemar_midp,
    probability_better,
    wilson,
)
from realift.verdict.pairs import Pairs
from realift.verdict.power import minimum_detectable_after, more_questions
from realift.verdict.sequential import e_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Test, interval and evidence. ``method`` is their part of the signature.

    ``needs_interval``: a claim also needs ``interval`` to be without 0 (the other kinds' intervals
    are without 0 whenever p is small enough).
    """

    test: str
    method: str
    p_value: float
    prob_better: float
    interval: Interval | None
    interval90: Interval | None
    e_value: float
    design_effect: float = 1.0
    needs_interval: bool = False


def statistics_of(pairs: Pairs, groups: Groups) -> Statistics:
    """The figures of paired scores; ``groups`` holds their differences."""
    e = e_value(groups.n_up, groups.n_down)
    b, c = len(pairs.fixed), len(pairs.broken)
    if pairs.kind == "mean":
        return _of_means(pairs, groups, e)
    if groups.repeated:
        return _of_groups(groups, b, c, e)
    return Statistics(
        test="McNemar mid-p",
        method=f"paired mid-p | {DIRICHLET} 95%",
        p_value=mcnemar_midp(b, c),
        prob_better=probability_better(b, c),
        interval=difference_interval(b, c, pairs.n),
        interval90=exclusion_interval(b, c, pairs.n),
        e_value=e,
    )


def _of_groups(groups: Groups, b: int, c: int, e: float) -> Statistics:
    deff = design_effect(groups)
    p = sign_flip_p(groups.totals)
    test = f"cluster sign-flip, {len(groups.sizes)} groups"
    return Statistics(
        test=test,
        method=f"{test} | sign-flip of groups 95%",
        p_value=p,
        prob_better=probability_better(b / deff, c / deff),
        interval=cluster_interval(groups, b, c, p_value=p),
        interval90=cluster_interval(groups, b, c, p_value=p, level=LEVEL),
        e_value=e,
        design_effect=deff,
        needs_interval=True,
    )


def _of_means(pairs: Pairs, groups: Groups, e: float) -> Statistics:
    p = sign_flip_p(groups.totals, scale=pairs.scale)
    units = f"{len(groups.sizes)} groups" if groups.repeated else f"{groups.n} questions"
    test = f"sign-flip of means, {units}"
    return Statistics(
        test=test,
        method=f"{test} | sign-flip 95%",
        p_value=p,
        prob_better=1 - p / 2 if groups.mean > 0 else p / 2,
        interval=mean_interval(groups, p_value=p),
        interval90=mean_interval(groups, p_value=p, level=LEVEL),
        e_value=e,
    )


def rate(pairs: Pairs, values: Sequence[float]) -> Rate:
    """One arm's mean: a proportion of right answers, or of means over questions."""
    if pairs.kind == "binary":
        return wilson(int(sum(values)), len(values))
    return mean_rate(values)


def detectable(pairs: Pairs, groups: Groups, stats: Statistics, *, alpha: float) -> float | None:
    """Smallest difference these questions could show (0-1).

    From the churn that was seen, never from the difference: of 0/1 scores every changed answer
    counts, as many of them broken as fixed; where the difference is proven, only the rarer kind
    of change is churn.
    """
    if pairs.kind == "mean":
        return mean_detectable(standard_error(groups), len(groups.sizes), alpha=alpha)
    n = round(pairs.n / stats.design_effect)
    fixed, broken = len(pairs.fixed), len(pairs.broken)
    changed = 2 * min(fixed, broken) if stats.p_value <= alpha else fixed + broken
    return minimum_detectable_after(n, changed / stats.design_effect, alpha=alpha)


def more(pairs: Pairs, groups: Groups, stats: Statistics, *, min_gain: float, alpha: float) -> int:
    """How many more questions would settle ``min_gain``."""
    if pairs.kind == "mean":
        return more_for_mean(groups, min_gain=min_gain, alpha=alpha)
    return more_questions(
        len(pairs.fixed),
        len(pairs.broken),
        pairs.n,
        min_gain=min_gain,
        alpha=alpha,
        design_effect=stats.design_effect,
    )
