"""Does the recipe work, or only this adapter? Several seeds of one recipe, same questions.

An adapter file is one draw: its questions are the sample. A recipe (data and settings) gives
another adapter with every seed, so seeds are a sample too, and both must be reckoned with: pooling
all answers or keeping the best seed finds "gains" of recipes without any in 6 to 64 of 100 cases.

>>> claim = crossed([[0.0, 0.5, 0.2], [0.1, 0.9, 0.2], [0.3, 0.8, 0.4]])
>>> round(claim.mean, 4), round(claim.variance, 4), round(claim.df, 1)
(0.3778, 0.0377, 2.5)
"""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from realift.data.check import MIN_GROUPS
from realift.types import Interval, Label, Question, RecipeClaim, Score
from realift.verdict.clusters import by_group
from realift.verdict.exclude import LEVEL
from realift.verdict.means import mean_interval
from realift.verdict.pairs import pair_scores
from realift.verdict.phrases import p_text, points, whole

MIN_SEEDS = 3
MAX_MISSING = 0.05  # share of questions that some seed may lack
METHOD = "crossed ANOVA, widened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """Mean of a questions x seeds table, the variance of that mean, its degrees of freedom."""

    mean: float
    variance: float
    df: float


def crossed(table: Sequence[Sequence[float]]) -> Crossed:
    """Two-way analysis of variance without replication, both factors random.

    ``table[i][s]`` = adapter of seed s - base, on question (or group) i; at least 2 x 2.

    1. Mean squares of questions MS_I, seeds MS_S and the rest MS_E.
    2. Variance of the mean = max(MS_I + MS_S - MS_E, MS_I, MS_S) / (n S).
    3. Degrees of freedom of what was largest: Satterthwaite's for the sum, else its own.

    Reference: Satterthwaite (1946), Biometrics Bull. 2:110-114.
    """
    n, s = len(table), len(table[0])
    mean = sum(map(sum, table)) / (n * s)
    rows = [sum(row) / s for row in table]
    columns = [sum(row[j] for row in table) / n for j in range(s)]
    ms_i = s * sum((r - mean) ** 2 for r in rows) / (n - 1)
    ms_s = n * sum((c - mean) ** 2 for c in columns) / (s - 1)
    rest = sum((table[i][j] - rows[i] - columns[j] + mean) ** 2 for i in range(n) for j in range(s))
    df_e = (n - 1) * (s - 1)
    ms_e = rest / df_e
    total = ms_i + ms_s - ms_e
    if total >= max(ms_i, ms_s) and total > 0:
        parts = ms_i**2 / (n - 1) + ms_s**2 / (s - 1) + ms_e**2 / df_e
        return Crossed(mean=mean, variance=total / (n * s), df=total**2 / parts)
    df = n - 1 if ms_i >= ms_s else s - 1
    return Crossed(mean=mean, variance=max(ms_i, ms_s) / (n * s), df=df)


def recipe_claim(
    questions: Sequence[Question],
    scores: Sequence[Score],
    *,
    dimension: str = "correctness",
    min_gain: float,
    alpha: float = 0.05,
) -> RecipeClaim | None:
    """What three or more seeds say about the recipe; None with fewer.

    Questions that all seeds and the base have scored (means over samples) make a table of
    differences; when groups repeat, groups take the place of questions, each with its mean.
    p and interval are Student's with ``crossed`` (see ``crossed_p``). The interval is widened
    where questions hardly vary, as that of a single adapter is (``means.mean_interval``).

    Label: as in the verdict table. INVALID when some seed lacks more than 5% of the questions.
    """
    seeds = sorted(
        {s.seed for s in scores if (s.arm, s.dimension, s.probe) == ("adapter", dimension, "")}
    )
    if len(seeds) < MIN_SEEDS:
        return None
    pairs = [pair_scores(questions, scores, dimension=dimension, seed=seed) for seed in seeds]
    found = [dict(zip(p.ids, p.differences, strict=True)) for p in pairs]
    common = [q for q in questions if all(q.id in seed for seed in found)]
    if not common:
        return None
    units: dict[object, list[list[float]]] = defaultdict(list)
    for i, q in enumerate(common):
        units[q.group or i].append([seed[q.id] for seed in found])
    table = [[_mean(column) for column in zip(*rows, strict=True)] for rows in units.values()]
    differences = tuple(_mean(column) for column in zip(*table, strict=True))
    p_value = crossed_p(table)
    interval, interval90 = (_interval(table, p_value, level) for level in (0.95, LEVEL))
    label: Label = "TOO SMALL TO TELL"
    if any(len(common) < (1 - MAX_MISSING) * p.n_questions for p in pairs):
        label = "INVALID"
    elif len(table) >= MIN_GROUPS and p_value <= alpha:
        label = "REAL GAIN" if _mean(differences) > 0 else "REGRESSION"
    elif len(table) >= MIN_GROUPS and interval90.high < min_gain:
        label = "NO MEANINGFUL GAIN"
    units_name = "questions" if len(table) == len(common) else "groups"
    claim = RecipeClaim(
        dimension=dimension,
        seeds=tuple(seeds),
        differences=differences,
        n_questions=len(common),
        n_groups=len(table),
        difference=_mean(differences),
        interval=interval,
        p_value=p_value,
        test=f"crossed ANOVA, {len(table)} {units_name} x {len(seeds)} seeds",
        label=label,
        sentence="",
    )
    return dataclasses.replace(claim, sentence=_sentence(claim, min_gain))


def crossed_p(table: Sequence[Sequence[float]]) -> float:
    """Two-sided p-value of "the mean of this units x seeds table is 0".

    Student's, from ``crossed``; at least 2 / 2^units, what a sign test of the units could reach.
    1.0 for a mean of 0, or fewer than two units.

    >>> crossed_p([[1.0, 1.0, 1.0]] * 6)
    0.03125
    """
    from scipy.special import stdtr

    if len(table) < 2:
        return 1.0
    found = crossed(table)
    if found.mean == 0:
        return 1.0
    t = abs(found.mean) / math.sqrt(found.variance) if found.variance else math.inf
    return min(1.0, max(2 * float(stdtr(found.df, -t)), 2.0 ** (1 - len(table))))


def _interval(table: Sequence[Sequence[float]], p_value: float, level: float) -> Interval:
    from scipy.special import stdtrit

    if len(table) < 2:
        return Interval(low=-1.0, high=1.0, level=level, method=METHOD)
    found = crossed(table)
    half = math.sqrt(found.variance) * float(stdtrit(found.df, 0.5 + level / 2))
    units = by_group([_mean(row) for row in table], [""] * len(table))
    wide = mean_interval(units, p_value=p_value, level=level)
    assert wide is not None
    low, high = min(found.mean - half, wide.low), max(found.mean + half, wide.high)
    return Interval(low=max(-1.0, low), high=min(1.0, high), level=level, method=METHOD)


def _sentence(claim: RecipeClaim, min_gain: float) -> str:
    n = len(claim.seeds)
    if claim.label == "INVALID":
        return (
            f"The recipe cannot be judged: of the {n} seeds some lack the scores of more than "
            f"{100 * MAX_MISSING:g}% of the questions."
        )
    low, high = whole(claim.interval.low), whole(claim.interval.high)
    least, most = min(claim.differences), max(claim.differences)
    said = {
        "REAL GAIN": "The recipe itself gains, not only this adapter.",
        "REGRESSION": "The recipe itself makes things worse, not only this adapter.",
        "NO MEANINGFUL GAIN": f"A gain of {100 * min_gain:g} points by the recipe is ruled out.",
    }.get(claim.label, "Whether the recipe gains anything with other seeds is not settled.")
    return (
        f"The recipe, over {n} seeds: {points(claim.difference)} (95% interval {low} to {high}, "
        f"{p_text(claim.p_value)}; single seeds {points(least)} to {points(most)}). {said}"
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
