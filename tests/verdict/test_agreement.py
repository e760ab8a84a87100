"""Agreement of a judge with people, and the difference corrected by their labels."""

from __future__ import annotations

import math
import random

import pytest

from realift.types import Rate
from realift.verdict.agreement import (
    Accuracy,
    accuracy,
    cohen_kappa,
    corrected_difference,
    rogan_gladen,
)
from realift.verdict.paired import wilson

# --- kappa -------------------------------------------------------------------------------------


def test_kappa_against_hand() -> None:
    """20/5/10/15: observed 35/50, expected 0.5 * 0.6 + 0.5 * 0.4 = 0.5, kappa 0.2/0.5 = 0.4.

    Variance by hand (Fleiss, Cohen & Everitt), left = 0.6:
    agreed   .4 (1 - 1.1*.6)^2 + .3 (1 - .9*.6)^2              = 0.04624 + 0.06348 = 0.10972
    differed .36 [.1 (.6 + .5)^2 + .2 (.5 + .4)^2]             = 0.36 * 0.283      = 0.10188
    minus    (.4 - .5*.6)^2                                                        = 0.01
    over     50 * (1 - .5)^2                                                       = 12.5
    """
    kappa = cohen_kappa(20, 5, 10, 15)
    assert kappa.value == pytest.approx(0.4, abs=1e-12)
    error = math.sqrt((0.10972 + 0.10188 - 0.01) / 12.5)
    assert kappa.interval is not None
    assert kappa.interval.low == pytest.approx(0.4 - 1.959964 * error, abs=1e-6)
    assert kappa.interval.high == pytest.approx(0.4 + 1.959964 * error, abs=1e-6)


@pytest.mark.parametrize("table", [(20, 5, 10, 15), (7, 3, 1, 30), (1, 9, 0, 2), (12, 0, 4, 9)])
def test_kappa_invariant_under_swapping_raters_and_naming(table: tuple[int, ...]) -> None:
    a, b, c, d = table
    here, swapped, renamed = (cohen_kappa(*t) for t in ((a, b, c, d), (a, c, b, d), (d, c, b, a)))
    for other in (swapped, renamed):
        assert other.value == pytest.approx(here.value, abs=1e-12)
        assert here.interval
        assert other.interval
        assert other.interval.low == pytest.approx(here.interval.low, abs=1e-12)


def test_kappa_of_raters_who_ignore_each_other_is_zero() -> None:
    assert cohen_kappa(6, 14, 9, 21).value == pytest.approx(0.0, abs=1e-12)


def test_perfect_agreement_on_few_answers_is_not_certainty() -> None:
    few, many = cohen_kappa(5, 0, 0, 5), cohen_kappa(500, 0, 0, 500)
    assert few.interval
    assert many.interval
    assert few.interval.low < 0.5 < 0.98 < many.interval.low


@pytest.mark.parametrize("table", [(0, 0, 0, 0), (9, 0, 0, 0), (0, 0, 0, 4)])
def test_kappa_is_not_measured_where_chance_explains_everything(table: tuple[int, ...]) -> None:
    assert cohen_kappa(*table).value is None


def test_the_kappa_interval_covers_the_truth() -> None:
    """Known truth: raters right with p = 0.85 each on half-and-half answers, kappa = 0.49."""
    rng, hits = random.Random(3), 0
    for _ in range(1000):
        cells = [0, 0, 0, 0]
        for _ in range(60):
            truth = rng.random() < 0.5
            first, second = (truth == (rng.random() < 0.85) for _ in range(2))
            cells[(not first) * 2 + (not second)] += 1
        span = cohen_kappa(cells[0], cells[1], cells[2], cells[3]).interval
        assert span
        hits += span.low <= 0.49 <= span.high
    assert 0.92 <= hits / 1000 <= 0.98  # 95% asked for; 1000 repeats are good to 1.4 points


# --- error rates and the corrected rate --------------------------------------------------------


def test_sensitivity_and_specificity_against_hand() -> None:
    found = accuracy([1, 1, 1, 0, 1, 0, 0], [1, 1, 1, 1, 0, 0, 0])
    assert (found.sensitivity, found.specificity) == (wilson(3, 4), wilson(2, 3))


def test_an_arm_without_wrong_answers_has_no_specificity() -> None:
    assert accuracy([1, 1], [1, 1]).specificity.value is None


def test_rogan_gladen_against_hand() -> None:
    """115 of 200 accepted, 95% and 80%: (0.575 - 0.2) / 0.75 = 0.5.

    Interval (Lang & Reiczigel): se 20/22, sp 17/22, accepted 116.9207/203.8415 = 0.573586;
    center (0.573586 - 5/22) / (15/22) = 0.507926; variances of the rates 0.0037566 and 0.0079827;
    shift 7.682918 (0.507926 * 0.0037566 - 0.492074 * 0.0079827) = -0.015519;
    half 1.959964 sqrt(0.0011999 + 0.0019329 + 0.0009692) / (15/22) = 0.184109.
    """
    found = Accuracy(sensitivity=wilson(19, 20), specificity=wilson(16, 20))
    estimate = rogan_gladen(115, 200, found)
    assert estimate.value == pytest.approx(0.5, abs=1e-12)
    assert estimate.interval
    # six digits were carried by hand
    assert estimate.interval.low == pytest.approx(0.507926 - 0.015519 - 0.184109, abs=2e-5)
    assert estimate.interval.high == pytest.approx(0.507926 - 0.015519 + 0.184109, abs=2e-5)


def test_rogan_gladen_stays_a_share() -> None:
    found = Accuracy(sensitivity=wilson(19, 20), specificity=wilson(16, 20))
    for accepted, value in ((0, 0.0), (200, 1.0)):
        estimate = rogan_gladen(accepted, 200, found)
        assert estimate.value == value
        assert estimate.interval
        assert 0 <= estimate.interval.low <= estimate.interval.high <= 1


@pytest.mark.parametrize(
    ("sensitivity", "specificity"),
    [(wilson(5, 10), wilson(5, 10)), (wilson(0, 0), wilson(9, 10)), (wilson(9, 10), wilson(0, 0))],
)
def test_a_judge_like_a_coin_corrects_nothing(sensitivity: Rate, specificity: Rate) -> None:
    found = Accuracy(sensitivity=sensitivity, specificity=specificity)
    assert rogan_gladen(50, 100, found).value is None


@pytest.mark.parametrize(
    ("n", "n_right", "n_wrong", "truth", "sens", "spec"),
    [(200, 15, 15, 0.5, 0.95, 0.8), (100, 10, 20, 0.3, 0.9, 0.9), (50, 25, 5, 0.8, 0.9, 0.7)],
)
def test_the_rogan_gladen_interval_covers_the_truth(
    n: int, n_right: int, n_wrong: int, truth: float, sens: float, spec: float
) -> None:
    import numpy as np

    rng, hits, counted = np.random.default_rng(5), 0, 0
    share = truth * sens + (1 - truth) * (1 - spec)
    for _ in range(1000):
        found = Accuracy(
            sensitivity=wilson(int(rng.binomial(n_right, sens)), n_right),
            specificity=wilson(int(rng.binomial(n_wrong, spec)), n_wrong),
        )
        span = rogan_gladen(int(rng.binomial(n, share)), n, found).interval
        if span is not None:
            counted += 1
            hits += span.low <= truth <= span.high
    assert counted > 900
    assert hits / counted >= 0.935  # 95% asked for; 1000 repeats are good to 1.4 points


# --- the corrected difference ------------------------------------------------------------------


def test_corrected_difference_against_hand() -> None:
    """Judged 1 0 0 1 (mean 0.5), labels 0 0 - 1: errors -1 0 0, mean -1/3, sum 1/6.

    Variances with +1 and -1 added: judged sum 2, squares 4, N 6: (4 - 4/6)/36 * 6/5 = 1/9.
    Errors sum -1, squares 3, N 5: (3 - 1/5)/25 * 5/4 = 0.14.
    """
    from scipy.stats import t

    found = corrected_difference([1, 0, 0, 1], [0, 0, None, 1], level=0.5)
    assert (found.judged, found.n, found.n_labelled) == (0.5, 4, 3)
    assert found.correction == pytest.approx(-1 / 3, abs=1e-12)
    assert found.value == pytest.approx(1 / 6, abs=1e-12)
    variance = 1 / 9 + 0.14
    df = variance**2 / ((1 / 9) ** 2 / 3 + 0.14**2 / 2)
    half = t.ppf(0.75, df) * math.sqrt(variance)
    assert found.interval
    assert found.interval.low == pytest.approx(1 / 6 - half, abs=1e-9)
    assert found.interval.high == pytest.approx(1 / 6 + half, abs=1e-9)
    assert found.p_value == pytest.approx(2 * t.sf(1 / 6 / math.sqrt(variance), df), abs=1e-9)


def test_corrected_difference_invariant_under_swapping_arms() -> None:
    judged, labels = [1, 0, -1, 1, 0, 1, 0, 0], [1, 0, 0, 0, None, 1, None, -1]
    here = corrected_difference(judged, labels)
    there = corrected_difference([-j for j in judged], [None if x is None else -x for x in labels])
    assert there.value == pytest.approx(-(here.value or 0))
    assert here.interval
    assert there.interval
    assert there.interval.low == pytest.approx(-here.interval.high)
    assert there.p_value == pytest.approx(here.p_value)


def test_few_labels_that_all_agree_leave_doubt() -> None:
    """15 labels without an error do not rule out errors: the interval must stay wide."""
    judged = [1] * 30 + [0] * 170
    few = corrected_difference(judged, [1] * 3 + [None] * 27 + [0] * 12 + [None] * 158)
    many = corrected_difference(judged, list(judged))
    assert few.value == many.value == pytest.approx(0.15)
    assert few.interval
    assert many.interval
    assert few.interval.low < 0 < 0.09 < many.interval.low


def test_copies_of_a_question_in_one_group_add_no_certainty() -> None:
    judged, labels = [1, 0, 0, 1, -1, 0, 1, 0] * 5, [1, 0, 0, 0, -1, 0, 1, 0] * 5
    copied = [x for x in judged for _ in range(10)], [x for x in labels for _ in range(10)]
    names = [str(i) for i in range(40) for _ in range(10)]
    alone = corrected_difference(judged, labels)
    grouped = corrected_difference(*copied, groups=names)
    naive = corrected_difference(*copied)
    spans = [f.interval.high - f.interval.low for f in (alone, grouped, naive) if f.interval]
    assert spans[1] > 0.9 * spans[0] > 2 * spans[2]


@pytest.mark.parametrize("labels", [[None, None], [1, None], []])
def test_no_interval_without_two_labelled_questions(labels: list[int | None]) -> None:
    found = corrected_difference([0] * len(labels), labels)
    assert found.interval is None
    assert found.p_value is None
    assert (found.value is None) == (not any(x is not None for x in labels))


def simulated(
    rng: random.Random, *, n: int, n_labelled: int, accept_base: float, accept_adapter: float
) -> tuple[list[int], list[int | None]]:
    """No true effect; the judge accepts wrong answers at these rates, right ones at 95%."""
    judged, labels = [], []
    for i in range(n):
        hard = rng.random()  # the same for both arms: their answers go together
        seen, true = [], []
        for accept in (accept_base, accept_adapter):
            right = 0.5 * hard + 0.5 * rng.random() < 0.5
            true.append(right)
            seen.append(rng.random() < (0.95 if right else accept))
        judged.append(seen[1] - seen[0])
        labels.append(true[1] - true[0] if i < n_labelled else None)
    return judged, labels


@pytest.mark.parametrize(("n", "n_labelled"), [(200, 30), (100, 15)])
def test_a_judge_that_favors_the_adapter_gives_a_false_gain_only_uncorrected(
    n: int, n_labelled: int
) -> None:
    from realift.verdict.paired import mcnemar_midp

    rng = random.Random(11)
    repeats, false, corrected = 1000, 0, 0
    for _ in range(repeats):
        judged, labels = simulated(
            rng, n=n, n_labelled=n_labelled, accept_base=0.05, accept_adapter=0.20
        )
        b, c = judged.count(1), judged.count(-1)
        false += mcnemar_midp(b, c) <= 0.05 and b > c
        p_value = corrected_difference(judged, labels).p_value
        corrected += p_value is not None and p_value <= 0.05
    assert false / repeats > 0.15
    assert corrected / repeats <= 0.05


def test_the_corrected_interval_finds_a_real_effect() -> None:
    """A fair judge, a true gain of 30 points: labels cost power, not all of it."""
    rng, found = random.Random(2), 0
    for _ in range(200):
        true = [int(rng.random() < 0.35) - int(rng.random() < 0.05) for _ in range(200)]
        judged = [d if rng.random() < 0.95 else 0 for d in true]
        labels: list[int | None] = [*true[:50], *[None] * 150]
        p_value = corrected_difference(judged, labels).p_value
        found += p_value is not None and p_value <= 0.05
    assert found / 200 > 0.9
