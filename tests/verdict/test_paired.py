"""The paired test, its interval and rates against theory, scipy, a second integral and draws."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from realift.verdict import (
    difference_cdf,
    difference_interval,
    failure_bound,
    mcnemar_midp,
    probability_better,
    wilson,
)

COUNTS = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 80))

KNOWN = [  # fixed, broken, exact mid-p = (2 * sum C(n,k) - C(n,m)) / 2^n
    (0, 0, Fraction(1)),
    (3, 0, Fraction(1, 8)),
    (4, 0, Fraction(1, 16)),
    (5, 0, Fraction(1, 32)),
    (6, 0, Fraction(1, 64)),
    (7, 1, Fraction(10, 256)),
    (8, 1, Fraction(11, 512)),
    (9, 2, Fraction(79, 2048)),
    (10, 2, Fraction(92, 4096)),
    (4, 4, Fraction(1)),
]


@pytest.mark.parametrize(("b", "c", "p"), KNOWN)
def test_mid_p_of_known_tables_is_exact_against_hand(b: int, c: int, p: Fraction) -> None:
    assert mcnemar_midp(b, c) == float(p)
    assert mcnemar_midp(c, b) == float(p)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 300), st.integers(0, 300))
def test_mid_p_is_the_mean_of_two_binomial_tests_against_scipy(b: int, c: int) -> None:
    n, m = b + c, min(b, c)
    expected = 2 * stats.binom.cdf(m, n, 0.5) - stats.binom.pmf(m, n, 0.5)
    assert mcnemar_midp(b, c) == pytest.approx(min(1.0, expected), rel=1e-9, abs=1e-15)


def test_the_smallest_clean_sweeps_that_count_against_published_table() -> None:
    for losses, wins in ((0, 5), (1, 7), (2, 9)):
        assert mcnemar_midp(wins, losses) <= 0.05 < mcnemar_midp(wins - 1, losses)


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_interval_excludes_zero_exactly_when_mid_p_is_significant_invariant(
    counts: tuple[int, int, int],
) -> None:
    b, c, ties = counts
    if b + c + ties == 0:
        return
    interval = difference_interval(b, c, b + c + ties)
    assert interval is not None
    excludes = interval.low > 0 or interval.high < 0
    assert excludes == (mcnemar_midp(b, c) <= 0.05)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 200), st.integers(0, 200))
def test_probability_better_is_one_sided_mid_p_invariant(b: int, c: int) -> None:
    n = b + c
    upper = sum(comb(n, k) for k in range(b + 1, n + 1))
    tail = Fraction(2 * upper + comb(n, b), 2 ** (n + 1))
    assert probability_better(b, c) == pytest.approx(float(1 - tail), abs=1e-12)


@pytest.mark.parametrize(
    ("b", "c", "n"), [(0, 0, 5), (5, 0, 20), (9, 2, 11), (10, 2, 200), (30, 12, 100), (3, 3, 1000)]
)
@pytest.mark.parametrize("x", [-0.4, -0.05, 0.0, 0.01, 0.1, 0.3, 0.7])
def test_cdf_equals_an_integral_over_the_fixed_rate_against_scipy(
    b: int, c: int, n: int, x: float
) -> None:
    """Another factorization: g ~ Beta(b+1, c+t+3), and l / (1-g) ~ Beta(c+1, t+2) given g."""
    ties = n - b - c
    first, second = stats.beta(b + 1, c + ties + 3), stats.beta(c + 1, ties + 2)

    def above(g: float) -> float:
        return float(first.pdf(g) * second.sf((g - x) / (1 - g)))

    peak = [q for q in first.ppf([0.001, 0.25, 0.5, 0.75, 0.999]) if 0 < q < 1]
    kinks = sorted({*peak, *[k for k in (x, (1 + x) / 2) if 0 < k < 1]})
    edges = [0.0, *kinks, 1.0]
    total = sum(
        integrate.quad(above, lo, hi, epsabs=1e-12, epsrel=1e-11, limit=200)[0]
        for lo, hi in pairwise(edges)
    )
    assert difference_cdf(x, b, c, n) == pytest.approx(total, abs=1e-9)


def test_interval_agrees_with_a_million_draws_against_simulation() -> None:
    rng = np.random.default_rng(0)
    for b, c, n in ((9, 2, 20), (1, 6, 30), (0, 0, 10)):
        draws = rng.dirichlet([b + 1, c + 1, n - b - c + 2], size=1_000_000)
        low, high = np.quantile(draws[:, 0] - draws[:, 1], [0.025, 0.975])
        interval = difference_interval(b, c, n)
        assert interval is not None
        # The quantile of 1e6 draws has a standard error of about 0.0003 here.
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.0015)


@settings(max_examples=40, deadline=None)
@given(COUNTS)
def test_swapping_the_arms_mirrors_the_interval_invariant(counts: tuple[int, int, int]) -> None:
    b, c, ties = counts
    n = b + c + ties
    if n == 0:
        return
    one, other = difference_interval(b, c, n), difference_interval(c, b, n)
    assert one is not None
    assert other is not None
    assert (one.low, one.high) == (-other.high, -other.low)


def test_quantiles_are_solved_to_a_billionth() -> None:
    for b, c, n in ((5, 0, 20), (10, 2, 12), (0, 0, 200), (70, 40, 2000)):
        for level in (0.90, 0.95):
            interval = difference_interval(b, c, n, level=level)
            assert interval is not None
            tail = (1 - level) / 2
            # 1e-9 in x moves the CDF by at most the density (< 1000 here) times that.
            assert difference_cdf(interval.low, b, c, n) == pytest.approx(tail, abs=1e-9)
            assert difference_cdf(interval.high, b, c, n) == pytest.approx(1 - tail, abs=1e-9)


def test_no_change_at_all_still_has_a_width() -> None:
    interval = difference_interval(0, 0, 20)
    assert interval is not None
    assert interval.high > 0.05
    assert mcnemar_midp(0, 0) == 1.0


def test_nothing_measured_is_none_never_zero() -> None:
    assert difference_interval(0, 0, 0) is None
    assert wilson(0, 0).value is None
    assert wilson(0, 0).interval is None
    assert failure_bound(0) is None


def test_impossible_counts_are_refused_rejects() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar_midp(-1, 2)
    with pytest.raises(ValueError, match="do not fit"):
        difference_interval(3, 3, 5)
    with pytest.raises(ValueError, match="not a proportion"):
        wilson(3, 2)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.data())
def test_wilson_interval_against_scipy(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    interval = wilson(k, n).interval
    assert interval is not None
    expected = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_zero_failures_rule_out_only_so_much_against_published_table() -> None:
    bounds = [failure_bound(n) for n in (5, 10, 20, 30, 50, 59)]
    assert bounds == pytest.approx([0.45, 0.26, 0.14, 0.095, 0.058, 0.05], abs=0.005)  # as printed
