"""One paired comparison: two arms, one dimension, one label.

>>> label_of_counts(5, 0, 20, min_gain=0.10), label_of_counts(0, 0, 100, min_gain=0.10)
('REAL GAIN', 'NO MEANINGFUL GAIN')
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from realift.data.check import MIN_GROUPS
from realift.score import VERSIONS
from realift.types import Arm, Comparison, Interval, Label, Question, Rate, Score
from realift.verdict.clusters import by_group, cluster_interval, design_effect, sign_flip_p
from realift.verdict.paired import (
    DIRICHLET,
    difference_interval,
    mcnemar_midp,
    probability_better,
    wilson,
)
from realift.verdict.pairs import Pairs, pair_scores
from realift.verdict.power import minimum_detectable, more_questions

MIN_UNITS = MIN_GROUPS  # with 5 units even 5 of 5 has p = 2^(1-5) = 0.0625 in the sign test
MAX_MISSING = 0.05  # share of questions that one arm alone may lack
RULES = "realift 0.1"


def label_of_counts(
    n_fixed: int, n_broken: int, n: int, *, min_gain: float, alpha: float = 0.05
) -> Label:
    """The label that counts of independent questions get (first match of the verdict table).

    1. TOO SMALL TO TELL under 6 questions.
    2. REAL GAIN / REGRESSION: mid-p <= alpha, by the sign of fixed - broken.
    3. NO MEANINGFUL GAIN: the 90% interval ends below ``min_gain``.
    4. TOO SMALL TO TELL.

    >>> [label_of_counts(*bc, 5, min_gain=0.1) for bc in ((5, 0), (0, 0))]
    ['TOO SMALL TO TELL', 'TOO SMALL TO TELL']
    """
    return _label(
        units=n,
        p_value=mcnemar_midp(n_fixed, n_broken),
        difference=n_fixed - n_broken,
        interval=None,
        interval90=lambda: difference_interval(n_fixed, n_broken, n, level=0.90),
        min_gain=min_gain,
        alpha=alpha,
    )


def compare(
    questions: Sequence[Question],
    scores: Sequence[Score],
    *,
    dimension: str,
    min_gain: float,
    alpha: float = 0.05,
    first: Arm = "base",
    second: Arm = "adapter",
    probe: str = "",
) -> Comparison:
    """Compare two arms on one dimension of 0/1 scores.

    Independent questions: McNemar mid-p and the Dirichlet interval. As soon as a group (source
    document) holds two questions: whole groups are sign-flipped, the interval is the group one,
    and a gain or regression also needs an interval without 0. Difference = second - first;
    ``Comparison.base`` holds the first arm, ``Comparison.adapter`` the second.

    With no question scored in both arms every figure is None and the label TOO SMALL TO TELL.
    The label is INVALID when an arm was not asked some questions, or one arm alone lacks more
    than 5% of the scores. INERT is known to ``decide`` only. ``probe`` names the probe whose
    scores are compared.
    """
    pairs = pair_scores(
        questions, scores, dimension=dimension, first=first, second=second, probe=probe
    )
    few_shot = None if probe else _few_shot_rate(questions, scores, dimension, first, second)
    stats = _statistics(pairs)
    b, c = len(pairs.fixed), len(pairs.broken)
    broken_pairing = _pairing_problem(pairs, first, second)
    label: Label
    if broken_pairing:
        label, explanation = "INVALID", broken_pairing
    elif pairs.n == 0:
        label, explanation = "TOO SMALL TO TELL", "Not measured: no question of this kind."
    else:
        label = _label(
            units=pairs.n_groups,
            p_value=stats.p_value,
            difference=b - c,
            interval=stats.interval if stats.clustered else None,
            interval90=lambda: stats.interval90,
            min_gain=min_gain,
            alpha=alpha,
        )
        explanation = _explain(label, pairs, stats, min_gain)
    undecided = label == "TOO SMALL TO TELL" and pairs.n > 0
    return Comparison(
        dimension=dimension,
        n_questions=pairs.n_questions,
        n_scored=pairs.n,
        n_unscored=pairs.n_questions - pairs.n,
        n_groups=pairs.n_groups,
        base=wilson(sum(pairs.first), pairs.n),
        adapter=wilson(sum(pairs.second), pairs.n),
        few_shot=few_shot,
        difference=(b - c) / pairs.n if pairs.n else None,
        interval=stats.interval,
        interval90=stats.interval90,
        p_value=stats.p_value if pairs.n else None,
        prob_better=stats.prob_better if pairs.n else None,
        test=stats.test,
        n_fixed=b,
        n_broken=c,
        fixed=pairs.fixed,
        broken=pairs.broken,
        minimum_detectable=_detectable(pairs, stats.design_effect, alpha),
        n_more=_more(pairs, stats.design_effect, min_gain, alpha) if undecided else None,
        label=label,
        explanation=explanation,
        signature=_signature(dimension, stats, first, second, probe),
        first=first,
        probe=probe,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statistics:
    test: str
    clustered: bool
    p_value: float
    prob_better: float
    interval: Interval | None
    interval90: Interval | None
    design_effect: float


def _statistics(pairs: Pairs) -> _Statistics:
    b, c, n = len(pairs.fixed), len(pairs.broken), pairs.n
    groups = by_group(pairs.differences, pairs.groups)
    if not groups.repeated:
        return _Statistics(
            test="McNemar mid-p",
            clustered=False,
            p_value=mcnemar_midp(b, c),
            prob_better=probability_better(b, c),
            interval=difference_interval(b, c, n),
            interval90=difference_interval(b, c, n, level=0.90),
            design_effect=1.0,
        )
    deff = design_effect(groups)
    p = sign_flip_p(groups.totals)
    return _Statistics(
        test=f"cluster sign-flip, {len(groups.sizes)} groups",
        clustered=True,
        p_value=p,
        prob_better=probability_better(b / deff, c / deff),
        interval=cluster_interval(groups, b, c, p_value=p),
        interval90=cluster_interval(groups, b, c, p_value=p, level=0.90),
        design_effect=deff,
    )


def _label(
    *,
    units: int,
    p_value: float,
    difference: int,
    interval: Interval | None,
    interval90: Callable[[], Interval | None],
    min_gain: float,
    alpha: float,
) -> Label:
    """The first match of the table. ``interval90`` is a function: it is costly and often unused."""
    if units < MIN_UNITS:
        return "TOO SMALL TO TELL"
    excludes_zero = interval is None or interval.low > 0 or interval.high < 0
    if p_value <= alpha and excludes_zero:
        return "REAL GAIN" if difference > 0 else "REGRESSION"
    bounds = interval90()
    if bounds is not None and bounds.high < min_gain:
        return "NO MEANINGFUL GAIN"
    return "TOO SMALL TO TELL"


def _pairing_problem(pairs: Pairs, first: Arm, second: Arm) -> str:
    if pairs.unpaired:
        shown = ", ".join(pairs.unpaired[:5])
        return f"{len(pairs.unpaired)} questions have an answer of one arm only: {shown}."
    for arm, missing in ((first, pairs.missing_first), (second, pairs.missing_second)):
        if pairs.n_questions and missing / pairs.n_questions > MAX_MISSING:
            return (
                f"{missing} of {pairs.n_questions} questions could not be scored for the {arm} "
                "arm alone, so the arms did not sit the same exam."
            )
    return ""


def _explain(label: Label, pairs: Pairs, stats: _Statistics, min_gain: float) -> str:
    b, c, points = len(pairs.fixed), len(pairs.broken), f"{100 * min_gain:g} points"
    counts = f"{b} fixed, {c} broken, {pairs.n - b - c} unchanged"
    if label == "REAL GAIN":
        return f"{counts}: more than chance explains."
    if label == "REGRESSION":
        return f"{counts}: worse than chance explains."
    if label == "NO MEANINGFUL GAIN":
        assert stats.interval90 is not None
        if stats.interval90.low > -min_gain:
            return f"{counts}: a change of {points} or more is ruled out."
        return f"{counts}: a gain of {points} is ruled out; a loss of that size is not."
    if pairs.n_groups < MIN_UNITS:
        units = "questions" if pairs.n_groups == pairs.n else "groups of questions"
        return (
            f"{counts}: nothing can be proven with fewer than {MIN_UNITS} independent {units}, "
            f"and here there {'is' if pairs.n_groups == 1 else 'are'} {pairs.n_groups}."
        )
    return f"{counts}: chance could do this, and a gain of {points} is not ruled out."


def _detectable(pairs: Pairs, deff: float, alpha: float) -> float | None:
    """At the rate of the rarer change, so that it does not depend on which arm won."""
    n = round(pairs.n / deff)
    rarer = min(len(pairs.fixed), len(pairs.broken)) / deff
    return minimum_detectable(n, p_broken=(rarer + 1) / (n + 4), alpha=alpha) if n else None


def _more(pairs: Pairs, deff: float, min_gain: float, alpha: float) -> int:
    return more_questions(
        len(pairs.fixed),
        len(pairs.broken),
        pairs.n,
        min_gain=min_gain,
        alpha=alpha,
        design_effect=deff,
    )


def _few_shot_rate(
    questions: Sequence[Question], scores: Sequence[Score], dimension: str, first: Arm, second: Arm
) -> Rate | None:
    if "few_shot" in (first, second):
        return None
    if not any(s.arm == "few_shot" and s.dimension == dimension and not s.probe for s in scores):
        return None
    pairs = pair_scores(questions, scores, dimension=dimension, first=first, second="few_shot")
    return wilson(sum(pairs.second), pairs.n)


def _signature(dimension: str, stats: _Statistics, first: Arm, second: Arm, probe: str) -> str:
    scorer = VERSIONS.get(dimension, "as given")
    test = stats.test if stats.clustered else "paired mid-p"
    interval = "sign-flip of groups" if stats.clustered else DIRICHLET
    arms = "" if (first, second) == ("base", "adapter") else f" | {second} - {first}"
    asked = f" ({probe})" if probe else ""
    return f"{RULES} | {dimension}{asked}/{scorer} | {test} | {interval} 95%{arms}"
