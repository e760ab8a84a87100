"""How many samples per question, from a pilot; and when samples cannot help."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from realift.verdict import choose_samples, compare, decide, more_samples, pair_scores
from realift.verdict.samples import spread_of
from tests.verdict.made_scores import leaks, made, sampled


def pilot(n: int, k: int, rates: Any, gain: Any, seed: int) -> tuple[Any, Any]:
    """Every question right with its own chance; ``gain`` is added for the adapter."""
    rng = np.random.default_rng(seed)
    p = np.broadcast_to(rates, n)[:, None]
    q = np.clip(p + np.broadcast_to(gain, n)[:, None], 0, 1)
    return rng.binomial(1, p, (n, k)).tolist(), rng.binomial(1, q, (n, k)).tolist()


def test_the_two_parts_of_the_variance_against_hand() -> None:
    """Means 1/2 and 1, 0 and 0, ...: within = (1/2 + 0), d = 1/2, 0, 1/2, 0, var(d) = 1/12."""
    base, adapter = [[0, 1], [0, 0]] * 2, [[1, 1], [0, 0]] * 2
    spread = spread_of(base, adapter)
    assert spread is not None
    assert spread.within == pytest.approx(0.25)  # two of four questions vary by 1/2
    assert spread.between == 0.0  # 1/12 - 0.25 / 2 < 0
    assert spread_of([[0]] * 9, [[1]] * 9) is None  # one sample says nothing of its spread


def test_the_parts_are_found_again_against_known_rates() -> None:
    """2,000 questions, chance 0.5 in the base, 0.3 or 0.9 in the adapter: within 0.25 + 0.15."""
    base, adapter = pilot(2000, 4, 0.5, [-0.2, 0.4] * 1000, seed=1)
    spread = spread_of(base, adapter)
    assert spread is not None
    assert spread.within == pytest.approx(0.25 + (0.21 + 0.09) / 2, abs=0.01)
    assert spread.between == pytest.approx(0.09, abs=0.01)  # +-0.3 around the mean 0.1


def test_noisy_answers_get_as_many_samples_as_the_gain_needs() -> None:
    base, adapter = pilot(40, 4, 0.5, 0.1, seed=2)
    choice = choose_samples(base, adapter, min_gain=0.10)
    assert 4 < choice.k <= 16
    assert choice.minimum_detectable is not None
    assert choice.minimum_detectable <= 0.10
    assert "is found in 80 of 100 cases" in choice.reason
    fewer = choose_samples(base, adapter, min_gain=0.20)
    assert fewer.k < choice.k


def test_the_choice_is_the_smallest_that_does_by_the_budget_rule() -> None:
    base, adapter = pilot(40, 4, 0.5, 0.1, seed=2)
    spread, choice = spread_of(base, adapter), choose_samples(base, adapter, min_gain=0.10)
    assert spread is not None
    z = 2.0227 + 0.8512  # t quantiles, 39 degrees of freedom

    def detectable(k: int) -> float:
        return float(z * ((spread.between + spread.within / k) / 40) ** 0.5)

    assert detectable(choice.k) <= 0.10 < detectable(choice.k - 1)
    assert choice.minimum_detectable == pytest.approx(detectable(choice.k), rel=1e-4)


def test_samples_stop_where_the_questions_vary_more_than_the_answers() -> None:
    """Half the questions go all right, half all wrong, with little noise: K cannot help."""
    base, adapter = pilot(30, 4, 0.5, [0.48, -0.48] * 15, seed=3)
    spread, choice = spread_of(base, adapter), choose_samples(base, adapter, min_gain=0.05)
    assert spread is not None
    assert spread.within / choice.k < spread.between / 4 <= spread.within / (choice.k - 1)
    assert "needs more questions" in choice.reason
    assert choice.minimum_detectable is not None
    assert choice.minimum_detectable > 0.05


def test_answers_that_never_vary_need_one_sample() -> None:
    base, adapter = [[1] * 4, [0] * 4] * 10, [[1] * 4] * 20
    choice = choose_samples(base, adapter, min_gain=0.10)
    assert choice.k == 1
    assert "do not vary" in choice.reason


def test_no_more_than_allowed() -> None:
    base, adapter = pilot(12, 4, 0.5, 0.0, seed=4)
    choice = choose_samples(base, adapter, min_gain=0.05, max_samples=6)
    assert choice.k <= 6


@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_questions_are_not_helped_by_samples(n: int) -> None:
    choice = choose_samples([[0, 1]] * n, [[1, 1]] * n, min_gain=0.10)
    assert (choice.k, choice.minimum_detectable) == (1, None)


def test_arms_with_other_questions_are_refused_rejects() -> None:
    with pytest.raises(ValueError, match="zip"):
        choose_samples([[0, 1]] * 3, [[0, 1]] * 2, min_gain=0.10)


def test_more_samples_that_would_do_are_offered_beside_more_questions() -> None:
    """Every question at chance 0.5 in both arms: nothing but noise between the samples."""
    questions, scores = sampled(*pilot(30, 2, 0.5, 0.05, seed=5))
    row = compare(questions, scores, dimension="correctness", min_gain=0.10)
    assert row.label == "TOO SMALL TO TELL"
    assert row.more_samples is not None
    assert 2 < row.more_samples <= 64
    verdict = decide(questions, scores, leak_check=leaks(), min_gain=0.10, guard_margin=0.10)
    assert any(
        f"About {row.n_more} more questions, or {row.more_samples} samples per question on these,"
        in step
        for step in verdict.next_steps
    )


def test_samples_are_not_offered_where_questions_vary_too_much_or_nothing_is_known() -> None:
    base, adapter = pilot(30, 4, 0.5, [0.45, -0.40] * 15, seed=6)
    questions, scores = sampled(base, adapter)
    pairs = pair_scores(questions, scores, dimension="correctness")
    assert more_samples(pairs, min_gain=0.05) is None
    questions, scores = made(fixed=4, broken=2, n=20)  # one answer each
    row = compare(questions, scores, dimension="correctness", min_gain=0.10)
    assert row.n_more is not None
    assert row.more_samples is None


def test_that_many_samples_do_settle_it_against_simulation() -> None:
    """As many samples as asked for find a gain of ``min_gain`` in about 80 of 100 cases."""
    questions, scores = sampled(*pilot(30, 8, 0.5, 0.0, seed=7))
    k = more_samples(pair_scores(questions, scores, dimension="correctness"), min_gain=0.08)
    assert k is not None
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        p = np.full((30, k), 0.46)
        d = rng.binomial(1, p + 0.08).mean(axis=1) - rng.binomial(1, p).mean(axis=1)
        from realift.verdict import sign_flip_p

        hits += sign_flip_p(list(d), scale=k) <= 0.05
    # 200 draws: 2.8 points; the pilot of 30 questions knows the spread to about 10%.
    assert 0.65 <= hits / 200 <= 0.95


def test_questions_of_one_source_are_one_unit_when_samples_are_chosen() -> None:
    first = [[1.0, 0.0, 1.0, 0.0]] * 20
    second = [[1.0, 1.0, 0.0, 1.0]] * 10 + [[0.0, 1.0, 0.0, 0.0]] * 10
    alone = choose_samples(first, second, min_gain=0.10)
    assert alone.k > 1
    few = choose_samples(first, second, min_gain=0.10, groups=["a"] * 10 + ["b"] * 10)
    assert few.k == 1
    assert "fewer than 6 groups of questions" in few.reason
