"""Questions of one document are not independent: whole groups are flipped."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realift.verdict import (
    by_group,
    cluster_interval,
    compare,
    design_effect,
    mcnemar_midp,
    sign_flip_p,
)
from realift.verdict.clusters import MAX_ENUMERATED
from tests.verdict.made_scores import made


def test_single_questions_give_mcnemars_exact_test_against_hand() -> None:
    for b, c, p in ((6, 0, 2 / 64), (8, 1, 2 * 10 / 512), (10, 2, 2 * 79 / 4096)):
        assert sign_flip_p([1] * b + [-1] * c + [0] * 7) == p


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-6, 6), min_size=1, max_size=10))
def test_counting_ways_equals_trying_all_flips_against_enumeration(totals: list[int]) -> None:
    observed, extreme = abs(sum(totals)), 0
    for bits in range(1 << len(totals)):
        flipped = sum(t if bits >> g & 1 else -t for g, t in enumerate(totals))
        extreme += abs(flipped) >= observed
    assert sign_flip_p(totals) == extreme / (1 << len(totals))
    # fractional totals take the enumerating path
    assert sign_flip_p([t * 0.5 for t in totals]) == pytest.approx(sign_flip_p(totals))


def test_many_fractional_totals_use_seeded_flips_near_the_exact_value() -> None:
    rng = random.Random(1)
    totals = [rng.choice([-1, 1, 2]) for _ in range(MAX_ENUMERATED + 14)]
    halves = [t / 2 for t in totals]
    assert sign_flip_p(halves) == sign_flip_p(halves)
    # 9,999 flips: standard error at most 0.005
    assert sign_flip_p(halves) == pytest.approx(sign_flip_p(totals), abs=0.02)


def test_fifty_questions_in_five_documents_are_no_proof() -> None:
    """All 50 fixed: the item count says p = 1e-15, five documents say nothing."""
    questions, scores = made(fixed=50, n=50, n_groups=5)
    assert mcnemar_midp(50, 0) < 1e-14
    comparison = compare(questions, scores, dimension="correctness", min_gain=0.10)
    assert comparison.label == "TOO SMALL TO TELL"
    assert comparison.test == "cluster sign-flip, 5 groups"
    assert comparison.n_groups == 5


def test_strong_agreement_within_twelve_documents_is_judged_by_documents() -> None:
    """7 documents all fixed, 5 all broken: 35 to 25 by items, 7 to 5 by documents."""
    questions, scores = made(fixed=0, n=60, n_groups=12)
    groups = [q.group for q in questions]
    differences = [1 if int(g[1:]) < 7 else -1 for g in groups]
    assert sign_flip_p(by_group(differences, groups).totals) == pytest.approx(0.774, abs=0.001)
    assert design_effect(by_group(differences, groups)) == pytest.approx(5.0, rel=0.15)
    assert len(scores) == 120


def test_twelve_agreeing_documents_are_a_gain() -> None:
    questions, scores = made(fixed=48, n=60, n_groups=12)
    comparison = compare(questions, scores, dimension="correctness", min_gain=0.10)
    assert comparison.label == "REAL GAIN"
    assert comparison.interval is not None
    assert comparison.interval.low > 0


def test_no_change_in_clusters_keeps_a_width() -> None:
    groups = by_group([0] * 40, [f"g{i % 8}" for i in range(40)])
    interval = cluster_interval(groups, 0, 0, p_value=1.0)
    assert interval is not None
    assert interval.high > 0.1  # as if 8 questions, not 40


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-1, 1), min_size=24, max_size=24))
def test_cluster_interval_holds_zero_when_not_significant_and_mirrors_invariant(
    differences: list[int],
) -> None:
    names = [f"g{i // 3}" for i in range(24)]
    b, c = differences.count(1), differences.count(-1)
    groups = by_group(differences, names)
    p = sign_flip_p(groups.totals)
    one = cluster_interval(groups, b, c, p_value=p)
    other = cluster_interval(by_group([-d for d in differences], names), c, b, p_value=p)
    assert one is not None
    assert other is not None
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)
    assert one.low <= sum(differences) / 24 <= one.high
    if p > 0.05:
        assert one.low <= 0 <= one.high


def test_false_gains_with_correlated_documents_stay_rare_against_simulation() -> None:
    """No effect, whole documents move together: 50 questions in 10 documents, 400 draws.

    The item-level test calls 18-35% of such sets significant; the bound here is 5% plus three
    standard errors of 400 draws (1.1 points each).
    """
    rng = random.Random(7)
    naive = clustered = 0
    for _ in range(400):
        differences = []
        for _ in range(10):
            lean = rng.choice([0, 0, 1, -1])
            differences += [lean if rng.random() < 0.7 else 0 for _ in range(5)]
        groups = by_group(differences, [f"g{i // 5}" for i in range(50)])
        naive += mcnemar_midp(differences.count(1), differences.count(-1)) <= 0.05
        clustered += sign_flip_p(groups.totals) <= 0.05
    assert clustered / 400 <= 0.083
    assert naive / 400 > 0.18
