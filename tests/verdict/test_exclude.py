"""What is ruled out must be: exact error rates of NO MEANINGFUL GAIN, and of a guard's OK."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import gammaln, xlog1py, xlogy

from realift.verdict import (
    compare,
    excludes_gain,
    exclusion_interval,
    judge_guards,
    label_of_counts,
    mcnemar_midp,
)
from realift.verdict.guards import GUARDS
from tests.verdict.made_scores import made

BROKEN = (0.0, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.44)


@functools.cache
def ruled_out(n: int, min_gain: float) -> Any:
    """All (fixed, broken) that get NO MEANINGFUL GAIN, and ln(n! / (fixed! broken! ties!)).

    More broken never makes it harder, so one walk along the border finds them all.
    """
    cells, b = [], -1
    for c in range(n + 1):
        while b + 1 + c <= n and (
            excludes_gain(b + 1, c, n, min_gain=min_gain) or regression(b + 1, c)
        ):
            b += 1
        cells += [(x, c) for x in range(min(b, n - c) + 1) if not regression(x, c)]
    fixed, broken = np.array(cells or [(0, n + 1)]).T
    ties = n - fixed - broken
    log_ways = gammaln(n + 1) - gammaln(fixed + 1) - gammaln(broken + 1) - gammaln(ties + 1)
    return fixed, broken, ties, log_ways if cells else np.array([-np.inf])


@functools.cache
def regression(b: int, c: int) -> bool:
    return b < c and mcnemar_midp(b, c) <= 0.05


def wrongly_ruled_out(n: int, broken: float, min_gain: float) -> float:
    """Exact chance of NO MEANINGFUL GAIN when the true gain is ``min_gain``."""
    b, c, ties, log_ways = ruled_out(n, min_gain)
    log_chance = log_ways + xlogy(b, broken + min_gain) + xlogy(c, broken)
    return float(np.exp(log_chance + xlog1py(ties, -2 * broken - min_gain)).sum())


def worst(sizes: range | tuple[int, ...], min_gain: float) -> float:
    grid = [r for r in BROKEN if 2 * r + min_gain < 1]
    return max(wrongly_ruled_out(n, r, min_gain) for n in sizes for r in grid)


def test_a_gain_worth_having_is_ruled_out_in_at_most_six_percent_exact_every_n() -> None:
    """Every n from 5 to 200 and every broken rate; the published claim. Largest: 5.2%."""
    assert worst(range(5, 201), 0.10) <= 0.053


@pytest.mark.slow
@pytest.mark.parametrize("min_gain", [0.05, 0.15, 0.20, 0.25, 0.30])
def test_so_it_is_for_other_gains_worth_having_exact_every_n(min_gain: float) -> None:
    assert worst(range(5, 201), min_gain) <= 0.06


@pytest.mark.parametrize("min_gain", [0.05, 0.20, 0.30])
def test_so_it_is_for_other_gains_worth_having_exact(min_gain: float) -> None:
    assert worst((*range(5, 40), 55, 97, 124), min_gain) <= 0.06


def test_nothing_changed_in_twenty_rules_out_no_ten_points() -> None:
    """The noted error: one adapter in eight that gains 10 points changes none of 20 answers."""
    assert 0.9**20 > 0.12
    assert label_of_counts(0, 0, 20, min_gain=0.10) == "TOO SMALL TO TELL"
    assert label_of_counts(0, 0, 28, min_gain=0.10) == "TOO SMALL TO TELL"
    assert label_of_counts(0, 0, 29, min_gain=0.10) == "NO MEANINGFUL GAIN"


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 150), st.data())
def test_without_broken_questions_it_is_the_exact_binomial_test_against_scipy(
    n: int, data: st.DataObject
) -> None:
    b = data.draw(st.integers(0, n))
    p = float(stats.binom.cdf(b, n, 0.10))
    assert excludes_gain(b, 0, n, min_gain=0.10) == (p <= 0.05)
    interval = exclusion_interval(b, 0, n)
    assert interval is not None
    upper = stats.binomtest(b, n, alternative="less").proportion_ci(0.95).high
    assert interval.high == pytest.approx(upper, abs=1e-9)


@pytest.mark.parametrize(("b", "c", "n"), [(3, 1, 20), (1, 4, 60), (10, 12, 30), (2, 2, 200)])
def test_the_upper_end_leaves_five_percent_beyond_against_scipy(b: int, c: int, n: int) -> None:
    """Another factorization of Dirichlet(b+1, c+1/2, t+1/2): fixed rate, then broken given it."""
    ties = n - b - c
    interval = exclusion_interval(b, c, n)
    assert interval is not None
    x = interval.high
    first, second = stats.beta(b + 1, c + ties + 1), stats.beta(c + 0.5, ties + 0.5)

    def beyond(g: float) -> float:
        return float(first.pdf(g) * second.cdf((g - x) / (1 - g)))

    peak = [q for q in first.ppf([0.001, 0.5, 0.999]) if x < q < 1]
    total, _ = integrate.quad(beyond, max(x, 0.0), 1, points=peak, epsabs=1e-10, limit=200)
    assert total == pytest.approx(0.05, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 60))
def test_label_interval_and_rule_are_one_invariant(b: int, c: int, ties: int) -> None:
    n = b + c + ties
    interval = exclusion_interval(b, c, n)
    if interval is None:
        assert n == 0
        assert not excludes_gain(b, c, n, min_gain=0.10)
        return
    assert (interval.high < 0.10) == excludes_gain(b, c, n, min_gain=0.10)
    mirrored = exclusion_interval(c, b, n)
    assert mirrored is not None
    assert (mirrored.low, mirrored.high) == (-interval.high, -interval.low)
    if n >= 6:
        questions, scores = made(fixed=b, broken=c, n=n)
        row = compare(questions, scores, dimension="correctness", min_gain=0.10)
        assert row.label == label_of_counts(b, c, n, min_gain=0.10)


def test_a_guard_is_not_ok_when_too_few_questions_saw_no_harm() -> None:
    """The same error on the other side: 20 of 20 refused by both does not rule out -10 points."""
    for n, status in ((20, "UNPROVEN"), (28, "UNPROVEN"), (29, "OK")):
        questions, scores = made(n=n, both=n, dimension="refusal")
        row = compare(questions, scores, dimension="refusal", min_gain=0.10)
        (guard,) = judge_guards([(GUARDS[0], row)], margin=0.10)
        assert guard.status == status
