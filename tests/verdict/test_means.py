"""Several samples per question, and scores between 0 and 1: the questions are the sample."""

from __future__ import annotations

import dataclasses
import itertools
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from realift.types import Comparison, Verdict
from realift.verdict import (
    by_group,
    compare,
    decide,
    mean_detectable,
    mean_interval,
    mean_rate,
    pair_scores,
    sign_flip_p,
    standard_error,
)
from tests.verdict.made_scores import leaks, made, sampled

Table = list[list[float]]


def row(base: Any, adapter: Any, **options: Any) -> Comparison:
    groups = options.pop("groups", ())
    questions, scores = sampled(base, adapter, groups=groups)
    settings = {"dimension": "correctness", "min_gain": 0.10} | options
    return compare(questions, scores, **settings)


def drawn(n: int, k: int, base: float, adapter: float, seed: int) -> tuple[Table, Table]:
    """n questions x k samples of 0/1, every question right with the same chance."""
    rng = np.random.default_rng(seed)
    return rng.binomial(1, base, (n, k)).tolist(), rng.binomial(1, adapter, (n, k)).tolist()


def exact_p(differences: list[Fraction]) -> float:
    """All sign flips of fractions, counted one by one."""
    observed = abs(sum(differences))
    flips = itertools.product((1, -1), repeat=len(differences))
    sums = [abs(sum(s * d for s, d in zip(f, differences, strict=True))) for f in flips]
    return sum(s >= observed for s in sums) / len(sums)


# --- pairing -----------------------------------------------------------------------------------


def test_one_sample_of_right_or_wrong_stays_binary() -> None:
    questions, scores = made(fixed=7, broken=1, n=20)
    one = compare(questions, scores, dimension="correctness", min_gain=0.10)
    assert (one.kind, one.n_samples, one.test) == ("binary", 1, "McNemar mid-p")


def test_repeating_every_answer_is_no_further_evidence() -> None:
    """Counting K n as n: sixteen copies of each answer give the p of one (exact, not mid-p)."""
    base, adapter = [[0]] * 7 + [[1]] * 2 + [[1]] * 11, [[1]] * 7 + [[0]] * 2 + [[1]] * 11
    many = row([b * 16 for b in base], [a * 16 for a in adapter])
    assert (many.n_scored, many.n_groups, many.n_samples, many.kind) == (20, 20, 16, "mean")
    assert many.p_value == sign_flip_p([1] * 7 + [-1] * 2) == pytest.approx(0.1797, abs=1e-4)
    assert (many.n_fixed, many.n_broken, many.base.n) == (7, 2, 20)
    assert many.label == "TOO SMALL TO TELL"
    pooled = sign_flip_p([1] * 7 * 16 + [-1] * 2 * 16)  # what K n would say
    assert pooled < 1e-10


def test_five_questions_prove_nothing_with_any_number_of_samples() -> None:
    found = row([[0] * 64] * 5, [[1] * 64] * 5)
    assert found.p_value == 0.0625
    assert found.label == "TOO SMALL TO TELL"
    assert found.more_samples is None


def test_missing_samples_leave_the_mean_of_the_others() -> None:
    questions, scores = sampled([[0, 1, None, 0], [None] * 4], [[1, None, None, 1], [1] * 4])
    pairs = pair_scores(questions, scores, dimension="correctness")
    assert (pairs.ids, pairs.first, pairs.second) == (("q0",), (1 / 3,), (1.0,))
    assert (pairs.n_questions, pairs.missing_first, pairs.n_samples) == (2, 1, 3)
    assert pairs.scale == 6


def test_only_the_first_adapter_counts() -> None:
    questions, scores = sampled([[0, 0]] * 8, [[1, 0]] * 8)
    others = [dataclasses.replace(s, value=0.0, seed=3) for s in scores if s.arm == "adapter"]
    one = compare(questions, scores, dimension="correctness", min_gain=0.10)
    assert compare(questions, [*scores, *others], dimension="correctness", min_gain=0.10) == one
    pairs = pair_scores(questions, [*scores, *others], dimension="correctness", seed=3)
    assert set(pairs.second) == {0.0}


def test_the_same_sample_twice_is_refused_rejects() -> None:
    questions, scores = sampled([[0, 1]] * 3, [[1, 1]] * 3)
    with pytest.raises(ValueError, match="two correctness scores"):
        pair_scores(questions, [*scores, scores[1]], dimension="correctness")


# --- the test ----------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.lists(st.integers(-5, 5), min_size=1, max_size=9), st.data())
def test_sign_flip_of_means_is_exact_against_enumeration(
    k: int, totals: list[int], data: st.DataObject
) -> None:
    differences = [Fraction(max(-k, min(k, t)), k) for t in totals]
    assert sign_flip_p([float(d) for d in differences], scale=k) == exact_p(differences)


def test_sign_flip_of_many_units_against_convolution() -> None:
    """200 units with 8 samples: the distribution of the sum by polynomial powers, in integers."""
    rng = random.Random(3)
    totals = [rng.choice([-3, -2, -1, 0, 1, 2, 3, 4]) for _ in range(200)]
    ways = {0: 1}
    for t in totals:
        step: dict[int, int] = {}
        for value, count in ways.items():
            for signed in (value + t, value - t):
                step[signed] = step.get(signed, 0) + count
        ways = step
    observed = abs(sum(totals))
    extreme = sum(count for value, count in ways.items() if abs(value) >= observed)
    expected = float(Fraction(extreme, 2**200))
    # The chances are floats: 200 halvings and sums cost at most about 1e-13 relative.
    assert sign_flip_p([t / 8 for t in totals], scale=8) == pytest.approx(expected, rel=1e-12)


def test_continuous_scores_try_all_flips_up_to_sixteen_then_seeded_ones() -> None:
    rng = random.Random(5)
    few = [rng.uniform(-0.3, 0.7) for _ in range(10)]
    assert sign_flip_p(few) == exact_p([Fraction(x) for x in few])
    many = [rng.uniform(-0.3, 0.5) for _ in range(40)]
    assert sign_flip_p(many) == sign_flip_p(many)
    assert sign_flip_p([5.5] * 40) == 1 / 10_000  # the +1 rule: never 0
    tied = sign_flip_p([0.1, 0.2, 0.3, 0.1, 0.2, 0.3])  # 0.1 + 0.2 and 0.3 tie, in floats too
    assert tied == exact_p([Fraction(t, 10) for t in (1, 2, 3, 1, 2, 3)])


def test_groups_of_questions_are_flipped_whole() -> None:
    base, adapter = [[0, 0]] * 50, [[1, 1]] * 50
    found = row(base, adapter, groups=[f"doc{i % 5}" for i in range(50)])
    assert (found.label, found.p_value, found.n_groups) == ("TOO SMALL TO TELL", 0.0625, 5)
    assert found.test == "sign-flip of means, 5 groups"


def test_false_gains_stay_rare_and_samples_buy_power_against_published_figures() -> None:
    """EVALUATION 2.7: n = 20, gain 0.16: 18-20% power with one answer, 43-58% with 4; FPR <= 4.3%.

    400 draws: a standard error of at most 2.5 points.
    """
    rng = np.random.default_rng(0)

    def found(k: int, gain: float) -> float:
        hits = 0
        for _ in range(400):
            p = rng.beta(1, 1, 20)
            q = np.clip(p + gain, 0, 1)
            d = (rng.binomial(k, q) - rng.binomial(k, p)) / k
            hits += sign_flip_p(list(d), scale=k) <= 0.05 and d.sum() > 0
        return hits / 400

    one, four, sixteen = (found(k, 0.16) for k in (1, 4, 16))
    assert one < 0.30 < four < 0.75 < sixteen
    assert found(4, 0.0) <= 0.025 + 3 * 0.008


# --- intervals and rates -----------------------------------------------------------------------


def test_interval_ends_are_the_last_differences_not_rejected_against_enumeration() -> None:
    """Wide spread: the imagined questions do not reach further than the inverted test."""
    d = [0.9, -0.8, 0.7, 0.95, -0.6, 0.85, -0.9, 0.5, 0.8, -0.7, 0.75, 0.65]
    interval = mean_interval(by_group(d, [""] * 12), p_value=sign_flip_p(d))
    assert interval is not None
    means = sorted(
        sum(subset) / len(subset)
        for size in range(1, 13)
        for subset in itertools.combinations(d, size)
    )
    # p(x) <= 0.05 while at most 0.025 * 2^12 = 102.4 subset means (and the empty one) are <= x.
    ends = means[101], means[-102]
    assert interval.low <= ends[0] + 1e-9
    assert interval.high >= ends[1] - 1e-9
    assert (interval.low, interval.high) == pytest.approx(ends, abs=0.03)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-4, 4), min_size=1, max_size=20),
    st.booleans(),
)
def test_interval_holds_zero_exactly_when_not_significant_and_mirrors_invariant(
    quarters: list[int], grouped: bool
) -> None:
    d = [q / 4 for q in quarters]
    names = [f"g{i // 2}" if grouped else "" for i in range(len(d))]
    groups, mirrored = by_group(d, names), by_group([-x for x in d], names)
    p = sign_flip_p(groups.totals, scale=4)
    for level in (0.95, 0.90):
        one = mean_interval(groups, p_value=p, level=level)
        other = mean_interval(mirrored, p_value=p, level=level)
        assert one is not None
        assert other is not None
        assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
        assert one.low - 1e-9 <= groups.mean <= one.high + 1e-9
        assert (one.low < 0 < one.high) == (p > 1 - level) or one.low == 0 or one.high == 0
        assert one.high - one.low > 0


def test_no_change_in_any_sample_rules_out_little() -> None:
    same = [[1, 1, 1, 1]] * 20
    found = row(same, same)
    assert found.label == "TOO SMALL TO TELL"  # not a gain ruled out by a width of 0
    assert found.interval90 is not None
    assert found.interval90.high > 0.10
    for n, label in ((28, "TOO SMALL TO TELL"), (29, "NO MEANINGFUL GAIN")):  # 0.9^29 < 0.05
        assert row([[1] * 4] * n, [[1] * 4] * n).label == label


def test_a_significant_mean_has_an_interval_without_zero_inside_for_few_questions_too() -> None:
    """Eight equal rises: p = 2/256; the imagined questions alone would reach below 0."""
    groups = by_group([0.25] * 8, [""] * 8)
    interval = mean_interval(groups, p_value=sign_flip_p([0.25] * 8, scale=4))
    assert interval is not None
    assert 0 <= interval.low < 0.25 < interval.high


def test_rates_of_means_have_intervals_over_questions_against_scipy() -> None:
    values = [0.25, 0.5, 0.75, 1.0, 0.5, 0.25, 0.0, 0.75]
    rate = mean_rate(values)
    more = [*values, 0.0, 1.0]
    expected = stats.t.interval(0.95, 9, np.mean(more), stats.sem(more))
    assert rate.interval is not None
    assert rate.value == 0.5
    assert (rate.interval.low, rate.interval.high) == pytest.approx(expected, abs=1e-12)
    sure = mean_rate([1.0] * 20).interval
    assert sure is not None
    assert (sure.low < 0.95, sure.high) == (True, 1.0)


def test_intervals_cover_and_rule_out_rarely_against_simulation() -> None:
    """Rare large changes, where the sign-flip interval alone is a point: 30 questions, 300 draws.

    One question in ten goes from wrong to right in all 4 samples, so the true gain is 0.10.
    Bounds: 5% missed and 6% ruled out, plus two standard errors of 300 draws.
    """
    rng = np.random.default_rng(4)
    missed = ruled_out = naive = 0
    for _ in range(300):
        d = (rng.random(30) < 0.10).astype(float)
        groups = by_group(list(d), [""] * 30)
        p = sign_flip_p(groups.totals, scale=4)
        interval, ninety = (mean_interval(groups, p_value=p, level=x) for x in (0.95, 0.90))
        assert interval is not None
        assert ninety is not None
        missed += not interval.low <= 0.10 <= interval.high
        ruled_out += ninety.high < 0.10
        naive += d.mean() + 1.64 * d.std(ddof=1) / 30**0.5 < 0.10
    assert missed / 300 <= 0.05 + 2 * 0.0126
    assert ruled_out / 300 <= 0.06 + 2 * 0.0137
    assert naive / 300 > 0.12  # the usual standard error instead


# --- what it could have found ------------------------------------------------------------------


def test_minimum_detectable_mean_is_found_in_80_percent_against_simulation() -> None:
    """300 draws of 20 normal-ish differences at the reported size: 80 +- 7 points."""
    rng = np.random.default_rng(8)
    size = mean_detectable(0.25 / 20**0.5, 20)
    assert size is not None
    hits = sum(sign_flip_p(list(rng.normal(size, 0.25, 20))) <= 0.05 for _ in range(300))
    assert hits / 300 == pytest.approx(0.80, abs=0.07)


def test_minimum_detectable_is_unknown_where_nothing_varies_or_too_few_are_there() -> None:
    assert mean_detectable(0.0, 20) is None
    assert mean_detectable(None, 1) is None
    assert mean_detectable(0.1, 5) is None
    assert mean_detectable(0.9, 20) is None  # more than 1 would be needed
    assert standard_error(by_group([0.5], [""])) is None


def test_standard_error_takes_groups_whole_against_hand() -> None:
    """Two groups of two: totals 2 and 0, mean 1/2, so each is 1 off: sqrt(2 * 2 / 1) / 4."""
    groups = by_group([1.0, 1.0, 0.0, 0.0], ["a", "a", "b", "b"])
    assert standard_error(groups) == pytest.approx(0.5)


# --- MIXED -------------------------------------------------------------------------------------


def test_a_few_large_changes_against_many_small_ones_are_mixed() -> None:
    """Six questions rise by 1, seven fall by 1/8: the mean is up, most questions are down."""
    base = [[0] * 8] * 6 + [[1] * 8] * 7
    adapter = [[1] * 8] * 6 + [[1] * 7 + [0]] * 7
    found = row(base, adapter)
    assert found.p_value is not None
    assert found.p_value <= 0.05
    assert (found.n_fixed, found.n_broken) == (6, 7)
    assert found.label == "TOO SMALL TO TELL"
    assert "MIXED" in found.explanation
    mirrored = row(adapter, base)
    assert (mirrored.label, mirrored.p_value) == (found.label, found.p_value)
    fewer = row(base[:-2], adapter[:-2])  # 6 up, 5 down: they agree
    assert fewer.label == "REAL GAIN"


def test_token_f1_that_contradicts_the_answers_stops_the_gain() -> None:
    questions, scores = made(fixed=8, n=30)

    def verdict(change: float) -> Verdict:
        f1 = [
            dataclasses.replace(
                s, dimension="token_f1", value=0.5 + (change if s.arm == "adapter" else 0.0)
            )
            for s in scores
        ]
        return decide(questions, [*scores, *f1], leak_check=leaks(), min_gain=0.1, guard_margin=0.1)

    mixed, fine = verdict(-0.3), verdict(0.3)
    assert fine.label == "REAL GAIN"
    assert not any("MIXED" in w for w in fine.warnings)
    assert mixed.label == mixed.comparisons[0].label == "TOO SMALL TO TELL"
    assert mixed.recommendation == "NEED MORE EVIDENCE"
    assert any(w.startswith("MIXED:") for w in mixed.warnings)
    assert "MIXED" in mixed.sentence
    f1_row = mixed.comparisons[-1]
    assert (f1_row.dimension, f1_row.kind) == ("token_f1", "mean")
    lost = [dataclasses.replace(s, value=1 - (s.value or 0.0)) for s in scores]
    f1 = [
        dataclasses.replace(s, dimension="token_f1", value=0.8 if s.arm == "adapter" else 0.5)
        for s in scores
    ]
    down = decide(questions, [*lost, *f1], leak_check=leaks(), min_gain=0.1, guard_margin=0.1)
    assert down.label == "REGRESSION"
    assert any(w.startswith("MIXED:") for w in down.warnings)


# --- the row -----------------------------------------------------------------------------------


def test_a_mean_row_carries_every_figure() -> None:
    found = row(*drawn(24, 4, 0.5, 0.6, seed=2))
    for name in ("difference", "interval", "interval90", "p_value", "prob_better", "e_value"):
        assert getattr(found, name) is not None, name
    assert found.minimum_detectable is not None
    assert found.base.interval is not None
    assert found.adapter.interval is not None
    assert found.base.interval.method == "Student over questions"
    assert found.signature == (
        "realift 0.1 | correctness/contains+numeric v1 | mean of 4 samples | "
        "sign-flip of means, 24 questions | sign-flip 95%"
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(6, 14), st.integers(1, 4), st.integers(0, 10_000))
def test_swapping_the_arms_flips_the_sign_of_means_and_nothing_else_invariant(
    n: int, k: int, seed: int
) -> None:
    base, adapter = drawn(n, k, 0.3, 0.6, seed)
    one, other = row(base, adapter), row(adapter, base)
    flip = {"REAL GAIN": "REGRESSION", "REGRESSION": "REAL GAIN"}
    if one.label in flip or other.label in flip:
        assert other.label == flip[one.label]
    assert one.difference == pytest.approx(-(other.difference or 0.0))
    same = ("p_value", "e_value", "minimum_detectable", "n_scored", "test", "kind", "signature")
    assert [getattr(one, f) for f in same] == [getattr(other, f) for f in same]
    assert (one.fixed, one.broken) == (other.broken, other.fixed)


def test_the_headline_of_means_says_samples_and_questions() -> None:
    questions, scores = sampled([[0, 1, 0, 0]] * 20, [[1, 1, 1, 1]] * 20)
    said = decide(questions, scores, leak_check=leaks(), min_gain=0.1, guard_margin=0.1).sentence
    assert said.startswith(
        "Over 20 questions with 4 samples each, the adapter scores 100.0%, the base 25.0%: "
        "+75 points (95% interval "
    )
