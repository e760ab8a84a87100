"""Several seeds: does the recipe gain, or only this adapter?"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

from realift.types import Question, RecipeClaim, Score, Where
from realift.verdict import crossed, decide, recipe_claim
from realift.verdict.recipe import crossed_p
from tests.verdict.made_scores import leaks


def seeded(
    base: Sequence[int], adapters: Sequence[Sequence[int]], groups: Sequence[str] = ()
) -> tuple[list[Question], list[Score]]:
    """``adapters[s][i]`` = adapter of seed s on question i."""
    questions = [
        Question(id=f"q{i}", where=Where(file="e"), question="?", group=groups[i] if groups else "")
        for i in range(len(base))
    ]
    arms = [("base", 0, base), *(("adapter", s, row) for s, row in enumerate(adapters))]
    scores = [
        Score(question_id=q.id, arm=arm, dimension="correctness", value=float(v), seed=seed)  # type: ignore[arg-type]
        for arm, seed, row in arms
        for q, v in zip(questions, row, strict=True)
    ]
    return questions, scores


def claim(*args: Any, **options: Any) -> RecipeClaim:
    found = recipe_claim(*seeded(*args), **{"min_gain": 0.10} | options)
    assert found is not None
    return found


# Three questions x three seeds. Row means 1, 2, 4, column means 2, 1, 4, mean 7/3.
# MS_I = MS_S = 3 * (16 + 1 + 25)/9 / 2 = 7; the rest squared sums to 4, so MS_E = 4/4 = 1.
TABLE = [[1.0, 0.0, 2.0], [2.0, 1.0, 3.0], [3.0, 2.0, 7.0]]


def test_the_analysis_of_variance_against_hand() -> None:
    found = crossed(TABLE)
    assert found.mean == pytest.approx(7 / 3)
    assert found.variance == pytest.approx((7 + 7 - 1) / 9)
    assert found.df == pytest.approx(13**2 / (7**2 / 2 + 7**2 / 2 + 1**2 / 4))


def test_the_mean_squares_against_least_squares() -> None:
    """The rest is what an additive model of questions and seeds leaves over."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(7, 4)) + rng.normal(size=(7, 1)) + rng.normal(size=(1, 4))
    rows, columns = np.eye(7).repeat(4, axis=0), np.tile(np.eye(4), (7, 1))
    design = np.hstack([rows, columns])
    fit = design @ np.linalg.lstsq(design, table.ravel(), rcond=None)[0]
    ms_e = ((table.ravel() - fit) ** 2).sum() / 18
    ms_i = 4 * table.mean(axis=1).var(ddof=1)
    ms_s = 7 * table.mean(axis=0).var(ddof=1)
    found = crossed(table.tolist())
    assert found.variance == pytest.approx(max(ms_i + ms_s - ms_e, ms_i, ms_s) / 28)


def test_where_the_rest_is_large_the_larger_factor_is_taken() -> None:
    table = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    found = crossed(table)
    assert found.variance == pytest.approx(max_factor(table) / 12)
    assert found.df in (2, 3)


def max_factor(table: list[list[float]]) -> float:
    x = np.array(table)
    return float(max(3 * x.mean(axis=1).var(ddof=1), 4 * x.mean(axis=0).var(ddof=1)))


def test_p_and_interval_are_students_against_scipy() -> None:
    rng = np.random.default_rng(2)
    base, adapters = [0] * 30, (rng.random((4, 30)) < 0.4).astype(int)
    found, by_hand = claim(base, adapters.tolist()), crossed(adapters.T.tolist())
    error = by_hand.variance**0.5
    expected = 2 * stats.t.sf(abs(by_hand.mean) / error, by_hand.df)
    assert found.p_value == pytest.approx(expected)
    assert crossed_p(adapters.T.tolist()) == found.p_value
    low, high = stats.t.interval(0.95, by_hand.df, by_hand.mean, error)
    assert found.interval.low <= low + 1e-12  # may be wider
    assert found.interval.high >= high - 1e-12


def test_fewer_than_three_seeds_say_nothing_of_the_recipe() -> None:
    for n in (1, 2):
        questions, scores = seeded([0] * 10, [[1] * 10] * n)
        assert recipe_claim(questions, scores, min_gain=0.1) is None


def test_a_recipe_that_works_is_a_gain_and_one_lucky_seed_is_none() -> None:
    good = claim([0] * 30, [[1] * 15 + [0] * 15, [0] * 4 + [1] * 16 + [0] * 10, [1, 0] * 15])
    assert good.label == "REAL GAIN"
    assert good.differences == pytest.approx((0.5, 16 / 30, 0.5))
    assert good.interval.low > 0
    assert "The recipe itself gains, not only this adapter." in good.sentence
    lucky = claim([0] * 30, [[1] * 15 + [0] * 15, [0] * 30, [0] * 30])
    assert lucky.label == "TOO SMALL TO TELL"
    assert "single seeds 0 points to +50 points" in lucky.sentence


def test_a_recipe_that_harms_or_does_nothing() -> None:
    worse = claim([1] * 30, [[0] * 14 + [1] * 16, [0] * 15 + [1] * 15, [1] * 15 + [0] * 15])
    assert worse.label == "REGRESSION"
    nothing = claim([1] * 60, [[1] * 60] * 3)
    assert (nothing.label, nothing.p_value) == ("NO MEANINGFUL GAIN", 1.0)
    assert nothing.interval.low < 0 < nothing.interval.high  # not a width of 0
    assert claim([1] * 20, [[1] * 20] * 3).label == "TOO SMALL TO TELL"  # 0 of 20 rules out little


def test_repeated_groups_take_the_place_of_questions() -> None:
    groups = [f"g{i // 10}" for i in range(50)]
    found = claim([0] * 50, [[1] * 50] * 3, groups)
    assert (found.n_questions, found.n_groups) == (50, 5)
    assert found.test == "crossed ANOVA, 5 groups x 3 seeds"
    assert (found.label, found.p_value) == ("TOO SMALL TO TELL", 2**-4)


def test_seeds_that_lack_questions_are_invalid_and_said() -> None:
    questions, scores = seeded([0] * 30, [[1] * 30] * 3)
    lost = [s for s in scores if not (s.seed == 2 and s.question_id in ("q1", "q2", "q3"))]
    found = recipe_claim(questions, lost, min_gain=0.1)
    assert found is not None
    assert (found.label, found.n_questions) == ("INVALID", 27)
    assert "cannot be judged" in found.sentence


def test_false_gains_of_the_recipe_stay_rare_against_simulation() -> None:
    """No effect, but every seed draws its own luck (SD about 0.06 of accuracy), 30 questions.

    Published 3.2-6.0% for the crossed test; pooling all answers 22-49%. 500 draws: bound 6% plus
    two standard errors (1.1 points each).
    """
    rng = np.random.default_rng(1)
    ours = pooled = best = 0
    n, s = 30, 4
    for _ in range(500):
        item = rng.normal(0, 1, n)
        base = rng.random(n) < stats.norm.cdf(item)
        luck, both = rng.normal(0, 0.3, s), rng.normal(0, 0.3, (n, s))
        adapters = rng.random((n, s)) < stats.norm.cdf(item[:, None] + luck + both)
        table = adapters.astype(float) - base[:, None]
        ours += crossed_p(table.tolist()) <= 0.05
        pooled += stats.ttest_1samp(table.ravel(), 0).pvalue <= 0.05
        best += max(stats.ttest_1samp(c, 0).statistic for c in table.T if c.std()) > 2.05
    assert ours / 500 <= 0.06 + 2 * 0.011
    assert pooled / 500 > 0.15
    assert best / 500 > 0.10


def test_the_verdict_keeps_this_adapter_and_the_recipe_apart() -> None:
    questions, scores = seeded([0] * 30, [[1] * 12 + [0] * 18, [0] * 30, [0] * 30])
    verdict = decide(questions, scores, leak_check=leaks(), min_gain=0.1, guard_margin=0.1)
    assert verdict.label == "REAL GAIN"
    assert verdict.comparisons[0].n_fixed == 12  # the adapter of seed 0 alone
    assert verdict.recipe is not None
    assert verdict.recipe.label == "TOO SMALL TO TELL"
    assert verdict.sentence.startswith("The adapter gets 12 of 30 questions right")
    assert verdict.sentence.endswith(verdict.recipe.sentence)
    assert "The recipe, over 3 seeds" in verdict.sentence
    one = [s for s in scores if s.seed == 0]
    assert decide(questions, one, leak_check=None, min_gain=0.1, guard_margin=0.1).recipe is None
    inert = decide(
        questions, scores, leak_check=None, min_gain=0.1, guard_margin=0.1, adapter_inert=True
    )
    assert inert.recipe is None


def test_samples_of_every_seed_are_averaged_first() -> None:
    questions, scores = seeded([0] * 10, [[1] * 10] * 3)
    twice = [*scores, *(dataclasses.replace(s, sample=1, value=0.0) for s in scores)]
    found = recipe_claim(questions, twice, min_gain=0.1)
    assert found is not None
    assert found.differences == (0.5, 0.5, 0.5)
