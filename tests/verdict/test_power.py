"""Power, smallest detectable gain and "how many more" against the published table."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from realift.verdict import (
    mcnemar_midp,
    midp_power,
    minimum_detectable,
    minimum_detectable_after,
    more_questions,
    questions_needed,
)

RATES = (0.0, 0.05, 0.10, 0.15, 0.20)
EXACT_N = {  # gain: questions for 80% power at each broken rate (EVALUATION.md 2.9)
    0.05: (134, 461, 779),  # printed there as 134, about 465, about 780
    0.10: (66, 152, 230, 311, 389),
    0.15: (44, 81, 118, 153, 190),
    0.20: (33, 53, 76, 95, 115),
    0.30: (21, 31, 41, 51, 59),
    0.40: (16, 21, 26, 32, 38),
}
CELLS = [(g, r, n) for g, row in EXACT_N.items() for r, n in zip(RATES, row, strict=False)]


@pytest.mark.parametrize(("gain", "broken", "n"), CELLS)
def test_the_smallest_n_for_80_percent_power_against_published_table(
    gain: float, broken: float, n: int
) -> None:
    assert midp_power(n, p_fixed=broken + gain, p_broken=broken) >= 0.80
    assert midp_power(n - 1, p_fixed=broken + gain, p_broken=broken) < 0.80


@pytest.mark.parametrize(("gain", "broken", "n"), CELLS)
def test_the_formula_is_near_the_exact_n_against_published_range(
    gain: float, broken: float, n: int
) -> None:
    # Published as -3% to +15%; with nothing broken it is +16% at n = 134 and +17% at n = 66.
    assert 0.97 <= questions_needed(gain, churn=2 * broken + gain) / n <= 1.17


@pytest.mark.parametrize(
    ("broken", "figures"),
    [
        (0.0, (0.59, 0.32, 0.22, 0.14, 0.07, 0.04)),
        (0.05, (0.69, 0.41, 0.31, 0.21, 0.14, 0.09)),
        (0.10, (None, 0.49, 0.37, 0.27, 0.17, 0.11)),
    ],
)
def test_minimum_detectable_gain_against_published_table(
    broken: float, figures: tuple[float | None, ...]
) -> None:
    for n, published in zip((10, 20, 30, 50, 100, 200), figures, strict=True):
        found = minimum_detectable(n, p_broken=broken)
        if published is None:
            assert found is None
        else:
            assert found is not None
            # Published on a grid of 0.01, rounded up.
            assert published - 0.0101 <= found <= published + 0.0001


def test_power_equals_a_plain_enumeration_against_hand() -> None:
    n, fixed, broken = 12, 0.4, 0.1
    total = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            if b > c and mcnemar_midp(b, c) <= 0.05:
                ties = n - b - c
                total += stats.multinomial.pmf([b, c, ties], n, [fixed, broken, 0.5])
    assert midp_power(n, p_fixed=fixed, p_broken=broken) == pytest.approx(total, abs=1e-12)


@pytest.mark.parametrize("n", [5, 10, 20, 50, 100, 200])
def test_a_false_gain_is_called_in_at_most_one_of_forty_against_theory(n: int) -> None:
    """No effect, up to 60% of the answers changing: exact rate of significant gains <= 2.5%."""
    for churn in (0.01, 0.05, 0.10, 0.20, 0.30, 0.40, 0.50, 0.60):
        assert midp_power(n, p_fixed=churn / 2, p_broken=churn / 2) <= 0.025
    assert midp_power(n, p_fixed=0.5, p_broken=0.5) <= 0.039


def test_more_questions_subtracts_what_is_there_and_dilutes_by_groups() -> None:
    alone = more_questions(3, 1, 20, min_gain=0.10)
    assert alone == questions_needed(0.10, churn=6 / 24) - 20
    grouped = more_questions(3, 1, 20, min_gain=0.10, design_effect=2.0)
    assert grouped == 2 * questions_needed(0.10, churn=6 / 24) - 20


def test_more_questions_never_says_none_rejects() -> None:
    assert more_questions(0, 0, 5000, min_gain=0.10) == 5000
    assert more_questions(0, 0, 0, min_gain=0.10) > 0


def test_impossible_inputs_are_refused_rejects() -> None:
    with pytest.raises(ValueError, match="gain"):
        questions_needed(0.0, churn=0.1)
    with pytest.raises(ValueError, match="not probabilities"):
        midp_power(5, p_fixed=0.8, p_broken=0.4)


def test_too_few_questions_detect_nothing() -> None:
    assert minimum_detectable(0, p_broken=0.05) is None
    assert minimum_detectable(4, p_broken=0.0) is None


@pytest.mark.parametrize(("n", "changed"), [(20, 4), (50, 5), (200, 40)])
def test_what_a_run_can_detect_is_averaged_over_what_the_churn_may_be(n: int, changed: int) -> None:
    """The quantile nodes against a fine grid of the posterior (1,000 churns)."""
    found = minimum_detectable_after(n, changed)
    assert found is not None
    churns = stats.beta(changed + 0.5, n - changed + 0.5).ppf((np.arange(1000) + 0.5) / 1000)
    power = np.mean(
        [midp_power(n, p_fixed=min(c / 2 + found, 1 - c / 2), p_broken=c / 2) for c in churns]
    )
    assert power == pytest.approx(0.80, abs=0.003)
    plugged_in = minimum_detectable(n, p_broken=changed / 2 / n)
    assert plugged_in is not None
    assert found > plugged_in  # not knowing the churn costs reach
