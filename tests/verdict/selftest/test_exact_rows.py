"""Enumerated and drawn rates against formulas and scipy; a broken rule must turn the rows red."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from realift.types import Interval, Score
from realift.verdict import compare, midp_power
from realift.verdict.selftest import Row, drawn, exact, looks, repeats
from realift.verdict.selftest.engine import (
    COMPARE,
    STATISTICS,
    claim,
    claim_of_samples,
    compared,
    made_run,
    recipe_label,
)
from realift.verdict.selftest.lattice import (
    chances,
    claim_chance,
    label_chance,
    lattice,
    naive_chance,
)
from realift.verdict.selftest.mutations import patched


def row(**given: object) -> Row:
    return Row(**{"section": "s", "situation": "", "measures": "rate", "ours": 0.0} | given)  # type: ignore[arg-type]


def test_a_drawn_rate_passes_only_when_its_whole_interval_is_inside_the_bound() -> None:
    assert row(ours=0.02, n=1000, high=0.05).status == "pass"
    assert row(ours=0.02, n=50, high=0.05).status == "unproven"
    assert row(ours=0.30, n=50, high=0.05).status == "fail"
    assert row(ours=0.70, n=50, low=0.95).status == "fail"


def test_an_exact_rate_passes_on_the_bound_and_fails_beyond_it() -> None:
    assert row(ours=0.025, high=0.025).status == "pass"
    assert row(ours=0.0251, high=0.025).status == "fail"
    assert row(ours=0.3).status == "shown"
    assert row(ours=None, high=0.025).status == "not run"


def test_chances_of_all_outcomes_against_scipy() -> None:
    cells, found = lattice(7), chances(7, p_fixed=0.3, p_broken=0.2)
    ties = 7 - cells.fixed - cells.broken
    expected = stats.multinomial.pmf(
        np.stack([cells.fixed, cells.broken, ties], axis=1), 7, [0.3, 0.2, 0.5]
    )
    assert found == pytest.approx(expected, abs=1e-12)
    assert chances(7, p_fixed=0.6, p_broken=0.4).sum() == pytest.approx(1)  # no ties left


@pytest.mark.parametrize("n", [6, 20, 50])
def test_chance_of_a_gain_equals_the_power_formula_against_verdict_room(n: int) -> None:
    rates = {"p_fixed": 0.3, "p_broken": 0.1}
    # Sums of up to 1,326 probabilities.
    assert claim_chance(n, "REAL GAIN", **rates) == pytest.approx(midp_power(n, **rates), abs=1e-10)


def test_labels_and_claims_agree() -> None:
    rates = {"p_fixed": 0.35, "p_broken": 0.1}
    for label in ("REAL GAIN", "REGRESSION"):
        assert label_chance(20, label, **rates) == claim_chance(20, label, **rates)  # type: ignore[arg-type]


def test_naive_rule_without_effect_is_half_of_what_is_no_tie_against_hand() -> None:
    n, churn = 10, 0.4
    tie = sum(
        math.comb(n, 2 * k) * churn ** (2 * k) * (1 - churn) ** (n - 2 * k)
        * math.comb(2 * k, k) / 4**k
        for k in range(6)
    )  # fmt: skip
    found = naive_chance(n, p_fixed=churn / 2, p_broken=churn / 2)
    assert found == pytest.approx((1 - tie) / 2, abs=1e-12)


@pytest.mark.parametrize("n", [5, 10, 20, 50])
def test_false_claims_keep_their_bounds_and_the_naive_rule_does_not(n: int) -> None:
    for found in exact.false_claims(n):
        assert found.status == "pass"
        assert (found.naive or 0) > 0.3


def test_whole_runs_and_counts_get_the_same_label() -> None:
    (found,) = exact.same_path(20)
    assert found.status == "pass"
    with patched((COMPARE, "_pairing_problem", lambda *_: "broken")):
        assert next(iter(exact.same_path(20))).status == "fail"


def test_coverage_of_an_interval_that_never_holds_is_zero() -> None:
    nowhere = Interval(low=0.98, high=0.99)
    with patched((STATISTICS, "difference_interval", lambda *_, **__: nowhere)):
        rows = list(exact.coverage(6, 0.95))
    assert [r.ours for r in rows] == [0, 0]
    assert {r.status for r in rows} == {"fail"}


def test_detectable_gain_is_found_in_80_of_100_runs() -> None:
    rows = [*exact.detectable(50, 0.05), *exact.reported_detectable(20, 0.05)]
    assert [r.status for r in rows] == ["pass", "pass"]
    assert list(exact.detectable(5, 0.05)) == []  # no gain is detectable with five


def test_where_no_gain_is_found_often_enough_the_report_is_shown_and_not_judged() -> None:
    (row,) = exact.reported_detectable(20, 0.20)
    assert row.status == "shown"
    assert "largest possible gain is found in 80.4% only" in row.note


def test_claims_look_at_p_first_and_agree_with_compare() -> None:
    groups = [f"g{i % 8}" for i in range(48)]
    for differences in drawn.grouped_draws(48, 8, 0.5, reps=40, gain=0.2):
        label = compared(differences, groups).label
        assert claim(differences, groups) == (label if label in ("REAL GAIN", "REGRESSION") else "")


def test_grouped_draws_correlate_as_said_against_sample() -> None:
    runs = np.array(list(drawn.grouped_draws(20, 10, 0.5, reps=4000)), dtype=float)
    first, second = runs[:, 0], runs[:, 10]  # two questions of one document
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.5, abs=0.05)  # SE about 0.014
    assert np.corrcoef(first, runs[:, 1])[0, 1] == pytest.approx(0.0, abs=0.06)
    assert runs.mean() == pytest.approx(0.0, abs=0.02)


def test_planted_effect_is_found_as_often_as_the_curve_says() -> None:
    (found,) = drawn.power(20, 0.2, 0.3, 0.1, reps=10_000)
    assert found.status == "pass"
    assert found.ours == pytest.approx(midp_power(20, p_fixed=0.24, p_broken=0.02), abs=0.02)


def test_peeking_is_the_share_of_walks_that_ever_pass_against_simulation() -> None:
    rng = np.random.default_rng(0)
    steps = rng.choice([-1, 0, 1], size=(4000, looks.PEEK_LAST), p=[0.2, 0.6, 0.2])
    fixed, broken = (steps > 0).cumsum(axis=1), (steps < 0).cumsum(axis=1)
    at = slice(looks.PEEK_FIRST - 1, None, looks.PEEK_STEP)
    ever = ((fixed - broken)[:, at] >= 12).any(axis=1).mean()
    # Standard error of 4,000 walks: at most 0.008.
    found = looks.stopped(lambda b, c: "REAL GAIN" if b - c >= 12 else "")
    assert found == pytest.approx(ever, abs=0.025)


def test_the_best_of_many_is_a_false_gain_more_often_unless_counted() -> None:
    (one,), (ten,) = looks.best_of(1, 50, reps=2000), looks.best_of(10, 50, reps=2000)
    assert one.ours is not None
    assert ten.ours is not None
    assert ten.ours <= 0.05
    assert float(ten.note.split("%")[0]) / 100 > 3 * one.ours


def test_a_made_run_has_the_differences_it_was_given() -> None:
    questions, scores = made_run([1, -1, 0], ["a", "a", "b"])
    values = {(s.question_id, s.arm): s.value for s in scores}
    found = [values[q.id, "adapter"] - values[q.id, "base"] for q in questions]  # type: ignore[operator]
    assert found == [1, -1, 0]
    assert [q.group for q in questions] == ["a", "a", "b"]


def test_looking_again_and_again_is_paid_for_by_the_e_value() -> None:
    (p,), (e,) = looks.peeking(), looks.sequential()
    assert p.ours is not None
    assert p.ours > 0.1
    assert e.status == "pass"


def test_samples_add_power_and_do_not_count_as_questions() -> None:
    one, four = (next(iter(repeats.sampled(20, k, gain=True, reps=150))).ours for k in (1, 4))
    assert one is not None
    assert four is not None
    assert four > one + 0.15  # standard errors about 0.03 each
    ten_of_one_question = [[0] * 10], [[1] * 10]
    assert claim_of_samples(*ten_of_one_question) == ""


def test_null_samples_and_seeds_have_no_mean_effect_and_differ_by_seed_against_sample() -> None:
    runs = list(repeats.sample_draws(20, 2, shift=0.0, reps=3000))
    assert np.mean([truth for *_, truth in runs]) == pytest.approx(0, abs=0.004)  # SE 0.001
    (base, adapters), *_ = repeats.seed_draws(4000, 100, shift=0.0, reps=1)
    assert adapters.mean(axis=1).std() == pytest.approx(0.06, abs=0.015)
    assert base.shape == (4000,)


def test_a_recipe_needs_more_than_one_lucky_seed() -> None:
    base = [0] * 30
    lucky, idle = [1] * 12 + [0] * 18, [0] * 30
    assert recipe_label(base, [lucky, idle, idle]) != "REAL GAIN"
    assert recipe_label(base, [lucky, lucky, lucky]) == "REAL GAIN"


@pytest.mark.parametrize("k", [1, 4])
def test_claims_of_samples_look_at_p_first_and_agree_with_compare(k: int) -> None:
    found = []
    for base, adapter, _ in repeats.sample_draws(12, k, shift=1.5, reps=25):
        label = _label_of_samples(base.tolist(), adapter.tolist())
        said = claim_of_samples(base.tolist(), adapter.tolist())
        assert said == (label if label in ("REAL GAIN", "REGRESSION") else "")
        found.append(said)
    assert "REAL GAIN" in found


def _label_of_samples(base: list[list[int]], adapter: list[list[int]]) -> str:
    questions, _ = made_run([0] * len(base))
    scores = [
        Score(question_id=q.id, arm=arm, dimension="correctness", value=float(v), sample=i)
        for q, b, a in zip(questions, base, adapter, strict=True)
        for arm, values in (("base", b), ("adapter", a))
        for i, v in enumerate(values)
    ]  # fmt: skip
    return compare(questions, scores, dimension="correctness", min_gain=0.1).label
