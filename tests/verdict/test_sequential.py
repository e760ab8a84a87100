"""The e-value: valid at any stopping time, exactly enumerated."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from math import comb, factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import beta

from realift.verdict import compare, decide, e_value, mcnemar_midp
from tests.verdict.made_scores import leaks, made, sampled


@given(st.integers(0, 60), st.integers(0, 60))
def test_e_value_is_the_beta_function_in_whole_numbers_against_hand(b: int, c: int) -> None:
    exact = Fraction(factorial(b) * factorial(c), factorial(b + c + 1)) * 2 ** (b + c)
    assert e_value(b, c) == pytest.approx(float(exact), rel=1e-9)
    assert e_value(b, c) == pytest.approx(beta(b + 1, c + 1) * 2.0 ** (b + c), rel=1e-9)
    assert exact == Fraction(2 ** (b + c), (b + c + 1) * comb(b + c, b))


def test_e_value_stays_a_number_after_thousands_of_wins() -> None:
    assert 1e299 < e_value(5000, 0) < float("inf")
    with pytest.raises(ValueError, match="negative"):
        e_value(-1, 0)


def ever(stops: Callable[[int, int], bool], churn: float, lean: float = 0.5) -> float:
    """Exact chance to stop at some look after 10, 15, ..., 200 questions."""
    alive = np.zeros((201, 201))
    alive[0, 0] = 1.0
    stop = np.array(
        [[stops(b, c) if b + c <= 200 else False for c in range(201)] for b in range(201)]
    )
    total = 0.0
    for n in range(1, 201):
        step = (1 - churn) * alive
        step[1:] += churn * lean * alive[:-1]
        step[:, 1:] += churn * (1 - lean) * alive[:, :-1]
        alive = step
        if n >= 10 and n % 5 == 0:
            total += alive[stop].sum()
            alive[stop] = 0.0
    return float(total)


@pytest.mark.parametrize("churn", [0.05, 0.1, 0.25, 0.5, 0.75, 1.0])
def test_peeking_after_every_five_questions_errs_in_at_most_five_percent_exact(
    churn: float,
) -> None:
    """Either direction; published: 2.1%. The bound of theory (Ville) is 5% at any time."""
    assert ever(lambda b, c: e_value(b, c) >= 20, churn) <= 0.024


def test_the_ordinary_test_does_not_survive_peeking_exact() -> None:
    """The published 23% of the mid-p."""
    assert ever(lambda b, c: mcnemar_midp(b, c) <= 0.05, 0.5) > 0.20


def test_the_evidence_finds_a_gain_in_the_end_exact() -> None:
    """Churn 0.3, gain 0.2, looks up to 200."""
    assert ever(lambda b, c: b > c and e_value(b, c) >= 20, 0.3, lean=5 / 6) > 0.98


def test_sequential_decides_by_the_evidence_not_by_p() -> None:
    def row(fixed: int, **options: bool | int) -> str:
        questions, scores = made(fixed=fixed, n=40)
        return compare(
            questions,
            scores,
            dimension="correctness",
            min_gain=0.1,
            **options,  # type: ignore[arg-type]
        ).label

    assert [row(k) for k in (5, 7, 8)] == ["REAL GAIN"] * 3
    assert [row(k, sequential=True) == "REAL GAIN" for k in (5, 7, 8)] == [False, False, True]
    assert row(8, sequential=True, n_looks=2) != "REAL GAIN"  # 28.4 of 40
    assert row(9, sequential=True, n_looks=2) == "REAL GAIN"


def test_groups_count_once_by_the_sign_of_their_total() -> None:
    questions, scores = made(fixed=40, n=40, n_groups=8)
    found = compare(questions, scores, dimension="correctness", min_gain=0.1, sequential=True)
    assert found.e_value == e_value(8, 0)
    means = compare(
        *sampled([[0, 0]] * 8 + [[1, 1]], [[0, 1]] * 8 + [[0, 1]]),
        dimension="correctness",
        min_gain=0.1,
    )
    assert means.e_value == pytest.approx(e_value(8, 1))


def test_sequential_evidence_and_mean_must_point_one_way() -> None:
    """Nine groups barely up, one far down: by signs a gain, by the mean none."""
    questions, scores = made(n=60, both=60)
    questions = [
        dataclasses.replace(q, group=f"g{min(i // 2, 9)}") for i, q in enumerate(questions)
    ]
    up = {f"q{2 * g}" for g in range(9)}
    changed = [
        dataclasses.replace(s, value=0.0)
        if (s.arm == "base" and s.question_id in up)
        or (s.arm == "adapter" and int(s.question_id[1:]) >= 20)
        else s
        for s in scores
    ]
    found = compare(questions, changed, dimension="correctness", min_gain=0.1, sequential=True)
    assert found.e_value == pytest.approx(e_value(9, 1))
    assert found.difference is not None
    assert found.difference < 0
    assert found.label not in ("REAL GAIN", "REGRESSION")


def test_sequential_says_what_may_be_looked_at_again() -> None:
    questions, scores = made(fixed=5, n=40)
    verdict = decide(
        questions, scores, leak_check=leaks(), min_gain=0.1, guard_margin=0.1, sequential=True
    )
    assert verdict.sequential
    assert verdict.label != "REAL GAIN"
    assert "e-value) is 5.33; 20 is needed" in verdict.comparisons[0].explanation
    assert "5.33" in verdict.sentence
    assert any("as often as you like" in w for w in verdict.warnings)
    assert verdict.comparisons[0].n_more is None
    if verdict.label == "TOO SMALL TO TELL":
        assert any("look again whenever you like" in step for step in verdict.next_steps)
