"""One paired comparison: two arms, one dimension, one label.

>>> label_of_counts(5, 0, 20, min_gain=0.10), label_of_counts(0, 0, 100, min_gain=0.10)
('REAL GAIN', 'NO MEANINGFUL GAIN')
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from realift.data.check import MIN_GROUPS
from realift.types import Arm, Comparison, Interval, Label, Question, Rate, Score
from realift.verdict.clusters import Groups, by_group
from realift.verdict.exclude import excludes_gain
from realift.verdict.explain import Rule, explain
from realift.verdict.paired import mcnemar_midp
from realift.verdict.pairs import Pairs, pair_scores
from realift.verdict.samples import more_samples
from realift.verdict.signature import signature
from realift.verdict.statistics import detectable, more, rate, statistics_of

MIN_UNITS = MIN_GROUPS  # with 5 units even 5 of 5 has p = 2^(1-5) = 0.0625 in the sign test
MAX_MISSING = 0.05  # share of questions that one arm alone may lack


def label_of_counts(
    n_fixed: int, n_broken: int, n: int, *, min_gain: float, alpha: float = 0.05
) -> Label:
    """The label that counts of independent questions get (first match of the verdict table).

    1. TOO SMALL TO TELL under 6 questions.
    2. REAL GAIN / REGRESSION: mid-p <= alpha, by the sign of fixed - broken.
    3. NO MEANINGFUL GAIN: the counts exclude ``min_gain`` (see ``exclude.excludes_gain``).
    4. TOO SMALL TO TELL.

    >>> [label_of_counts(*bc, 5, min_gain=0.1) for bc in ((5, 0), (0, 0))]
    ['TOO SMALL TO TELL', 'TOO SMALL TO TELL']
    """
    return _label(
        units=n,
        p_value=mcnemar_midp(n_fixed, n_broken),
        difference=n_fixed - n_broken,
        interval=None,
        gain_excluded=lambda: excludes_gain(n_fixed, n_broken, n, min_gain=min_gain),
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
    n_looks: int = 1,
    sequential: bool = False,
    scorer: str = "default",
) -> Comparison:
    """Compare two arms on one dimension (scores in 0-1, one or several samples per question).

    One right/wrong score per question: McNemar mid-p and the Dirichlet interval; as soon as a
    group (source document) holds two questions, whole groups are sign-flipped and a gain or
    regression also needs an interval without 0. Several samples, or scores between 0 and 1: the
    sign-flip test over questions (or groups) of their means, and its interval.
    Difference = second - first; ``Comparison.base`` holds the first arm, ``.adapter`` the second.

    The label is decided by p, by p times ``n_looks`` (adapters scored on this eval set), or with
    ``sequential`` by the e-value (``n_looks`` / e in the place of p). A mean difference whose sign
    is not that of (questions won - lost) is neither a gain nor a regression: MIXED.

    With no question scored in both arms every figure is None and the label TOO SMALL TO TELL.
    The label is INVALID when an arm was not asked some questions, or one arm alone lacks more
    than 5% of the scores. INERT is known to ``decide`` only. ``probe`` names the probe whose
    scores are compared, ``scorer`` what scored them (for the signature).
    """
    pairs = pair_scores(
        questions, scores, dimension=dimension, first=first, second=second, probe=probe
    )
    few_shot = None if probe else _few_shot_rate(questions, scores, dimension, first, second)
    groups = by_group(pairs.differences, pairs.groups)
    stats = statistics_of(pairs, groups)
    measured = pairs.n > 0
    corrected = n_looks / stats.e_value if sequential else stats.p_value * n_looks
    p_adjusted = min(1.0, corrected) if measured and (sequential or n_looks > 1) else None
    decisive = stats.p_value if p_adjusted is None else p_adjusted
    rule = Rule(
        min_gain=min_gain,
        n_looks=n_looks,
        sequential=sequential,
        alpha=alpha,
        mixed=decisive <= alpha and not _one_direction(pairs, groups, sequential),
    )
    broken_pairing = _pairing_problem(pairs, first, second)
    label: Label = "TOO SMALL TO TELL"
    if broken_pairing:
        label = "INVALID"
    elif measured and not rule.mixed:
        label = _label(
            units=pairs.n_groups,
            p_value=decisive,
            difference=groups.mean,
            interval=stats.interval if stats.needs_interval else None,
            gain_excluded=lambda: excludes(stats.interval90, min_gain),
            alpha=alpha,
        )
    undecided = label == "TOO SMALL TO TELL" and measured and not rule.mixed
    countable = undecided and not sequential  # the formula is that of a test at one fixed n
    level = alpha / n_looks  # what a single p must reach
    row = Comparison(
        dimension=dimension,
        n_questions=pairs.n_questions,
        n_scored=pairs.n,
        n_unscored=pairs.n_questions - pairs.n,
        n_groups=pairs.n_groups,
        base=rate(pairs, pairs.first),
        adapter=rate(pairs, pairs.second),
        few_shot=few_shot,
        difference=groups.mean if measured else None,
        interval=stats.interval,
        interval90=stats.interval90,
        p_value=stats.p_value if measured else None,
        prob_better=stats.prob_better if measured else None,
        test=stats.test,
        n_fixed=len(pairs.fixed),
        n_broken=len(pairs.broken),
        fixed=pairs.fixed,
        broken=pairs.broken,
        minimum_detectable=detectable(pairs, groups, stats, alpha=level),
        n_more=more(pairs, groups, stats, min_gain=min_gain, alpha=level) if countable else None,
        label=label,
        explanation=broken_pairing,
        signature=signature(
            dimension,
            method=stats.method,
            n_samples=pairs.n_samples,
            first=first,
            second=second,
            probe=probe,
            scorer=scorer,
        ),
        first=first,
        probe=probe,
        kind=pairs.kind,
        n_samples=max(1, pairs.n_samples),
        p_adjusted=p_adjusted,
        e_value=stats.e_value if measured else None,
        more_samples=more_samples(pairs, min_gain=min_gain, alpha=level) if undecided else None,
    )
    return row if broken_pairing else dataclasses.replace(row, explanation=explain(row, rule))


def excludes(interval90: Interval | None, min_gain: float) -> bool:
    """Whether the 90% interval ends below ``min_gain``; an unknown interval excludes nothing."""
    return interval90 is not None and interval90.high < min_gain


def _one_direction(pairs: Pairs, groups: Groups, sequential: bool) -> bool:
    """Whether what decides points where most questions (or groups) went."""
    mean, won = groups.mean, len(pairs.fixed) - len(pairs.broken)
    units = groups.n_up - groups.n_down if sequential else won
    return mean * won > 0 and mean * units > 0


def _label(
    *,
    units: int,
    p_value: float,
    difference: float,
    interval: Interval | None,
    gain_excluded: Callable[[], bool],
    alpha: float,
) -> Label:
    """The first match of the table. ``gain_excluded`` is costly and often unused."""
    if units < MIN_UNITS:
        return "TOO SMALL TO TELL"
    excludes_zero = interval is None or interval.low > 0 or interval.high < 0
    if p_value <= alpha and excludes_zero:
        return "REAL GAIN" if difference > 0 else "REGRESSION"
    return "NO MEANINGFUL GAIN" if gain_excluded() else "TOO SMALL TO TELL"


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


def _few_shot_rate(
    questions: Sequence[Question], scores: Sequence[Score], dimension: str, first: Arm, second: Arm
) -> Rate | None:
    if "few_shot" in (first, second):
        return None
    if not any(s.arm == "few_shot" and s.dimension == dimension and not s.probe for s in scores):
        return None
    pairs = pair_scores(questions, scores, dimension=dimension, first=first, second="few_shot")
    return rate(pairs, pairs.second)
