"""Beside the primary comparison: Holm for gains, grounding, completeness, length, cross-fit."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from realift.types import Arm, Completion, Question, Score, Verdict
from realift.verdict import decide, length_ratio, mcnemar_midp
from tests.verdict.made_scores import leaks, made, rows

POINTS = (("a",), ("b",))


def with_context(*sets: Any, points: Any = POINTS) -> tuple[list[Question], list[Score]]:
    """The questions of made sets with a context and key points."""
    questions, scores = rows(*sets)
    return [dataclasses.replace(q, context="[1] a b", key_points=points) for q in questions], scores


def judge(*sets: Any, points: Any = POINTS, **options: Any) -> Verdict:
    questions, scores = with_context(*sets, points=points)
    settings = {"leak_check": leaks(), "min_gain": 0.10, "guard_margin": 0.10} | options
    return decide(questions, scores, **settings)


def guard(verdict: Verdict, name: str) -> Any:
    return next(g for g in verdict.guards if g.name == name)


def row(verdict: Verdict, dimension: str) -> Any:
    return guard(verdict, dimension).comparison


GAIN = made(fixed=20, n=60)
ANSWERED = made(n=60, both=60, dimension="no_over_refusal")
REFUSED = made(n=60, both=60, dimension="refusal", prefix="u")
GROUNDED = made(n=60, both=60, dimension="grounding")
COMPLETE = made(n=60, both=60, dimension="completeness")
ALL = (GAIN, ANSWERED, REFUSED, GROUNDED, COMPLETE)


# --- grounding and completeness ----------------------------------------------------------------


def test_ship_needs_grounding_and_completeness_where_the_eval_set_is_about_them() -> None:
    assert judge(*ALL).recommendation == "SHIP"
    for missing, name in ((GROUNDED, "grounding"), (COMPLETE, "completeness")):
        verdict = judge(*(s for s in ALL if s is not missing))
        assert guard(verdict, name).status == "NOT CHECKED"
        assert verdict.recommendation == "NEED MORE EVIDENCE"


@pytest.mark.parametrize("name", ["grounding", "completeness"])
def test_a_loss_of_either_stops_a_real_gain(name: str) -> None:
    lost = made(broken=20, n=60, both=40, dimension=name)
    others = [s for s in ALL if s[1][0].dimension != name]
    verdict = judge(*others, lost)
    assert verdict.label == "REAL GAIN"
    assert guard(verdict, name).status == "REGRESSION"
    assert verdict.recommendation == "DON'T SHIP"
    assert any("20 of 60" in step for step in verdict.next_steps)


def test_an_eval_set_without_contexts_or_points_does_not_wait_for_them() -> None:
    questions, scores = rows(GAIN, ANSWERED, REFUSED)
    verdict = decide(questions, scores, leak_check=leaks(), min_gain=0.1, guard_margin=0.1)
    for name in ("grounding", "completeness"):
        assert guard(verdict, name).status == "NOT CHECKED"
        assert not guard(verdict, name).required
    assert verdict.recommendation == "SHIP"
    assert not any("NOT CHECKED" in r for r in verdict.reasons)


@pytest.mark.parametrize("points", [(("a",),), (("right", "yes"),)])
def test_one_key_point_is_correctness_again_and_counts_once(points: Any) -> None:
    questions, scores = with_context(*ALL, points=points)
    questions = [dataclasses.replace(q, answers=(("right", "yes"),)) for q in questions]
    verdict = decide(questions, scores, leak_check=leaks(), min_gain=0.1, guard_margin=0.1)
    again = guard(verdict, "completeness")
    assert (again.status, again.required, again.comparison) == ("NOT CHECKED", False, None)
    assert "correctness again and is not counted twice" in again.explanation
    assert verdict.recommendation == "SHIP"


# --- several dimensions ------------------------------------------------------------------------


def test_a_gain_of_a_secondary_dimension_must_pass_holm_against_hand() -> None:
    """5-0 in grounding (p = 0.031) beside three dimensions without change: times 4."""
    better = made(fixed=5, n=60, both=55, dimension="grounding")
    verdict = judge(GAIN, ANSWERED, REFUSED, COMPLETE, better)
    found = row(verdict, "grounding")
    assert (found.p_value, found.p_adjusted) == (0.03125, 0.125)
    assert found.label != "REAL GAIN"
    assert "4 dimensions besides the main one" in found.explanation
    strong = made(fixed=9, n=60, both=51, dimension="grounding")
    found = row(judge(GAIN, ANSWERED, REFUSED, COMPLETE, strong), "grounding")
    assert found.p_adjusted == pytest.approx(4 * mcnemar_midp(9, 0))
    assert found.label == "REAL GAIN"


def test_the_primary_dimension_is_not_corrected_for_the_others() -> None:
    verdict = judge(made(fixed=5, n=60), ANSWERED, REFUSED, GROUNDED, COMPLETE)
    assert verdict.comparisons[0].p_adjusted is None
    assert verdict.label == "REAL GAIN"


def test_alarms_are_not_diluted_but_stopping_is_corrected() -> None:
    """5-0 lost (p = 0.031): WARNING, and Holm over four guards makes no REGRESSION of it."""
    worse = made(broken=5, n=60, both=55, dimension="grounding")
    verdict = judge(GAIN, ANSWERED, REFUSED, COMPLETE, worse)
    assert guard(verdict, "grounding").status == "WARNING"
    assert verdict.recommendation == "NEED MORE EVIDENCE"


def test_token_f1_is_a_row_of_its_own_among_the_secondary_ones() -> None:
    questions, scores = made(fixed=12, n=40)
    f1 = [
        dataclasses.replace(s, dimension="token_f1", value=0.3 + 0.6 * (s.value or 0))
        for s in scores
    ]
    verdict = decide(questions, [*scores, *f1], leak_check=None, min_gain=0.1, guard_margin=0.1)
    found = verdict.comparisons[-1]
    assert (found.dimension, found.kind, found.n_samples) == ("token_f1", "mean", 1)
    assert found.label == "REAL GAIN"
    assert found.p_adjusted == found.p_value  # nothing else was measured
    alone = decide(
        questions, f1, leak_check=None, min_gain=0.1, guard_margin=0.1, primary="token_f1"
    )
    assert [c.dimension for c in alone.comparisons] == ["token_f1"]


def test_the_signature_names_another_scorer() -> None:
    verdict = judge(*ALL, scorer="squad")
    assert "correctness/SQuAD 2.0 exact match" in verdict.comparisons[0].signature
    assert "grounding/claims, lexical v1" in row(verdict, "grounding").signature


# --- length ------------------------------------------------------------------------------------


def said(questions: list[Question], base: str, adapter: str) -> list[Completion]:
    texts: tuple[tuple[Arm, str], ...] = (("base", base), ("adapter", adapter))
    return [
        Completion(question_id=q.id, arm=arm, text=text, n_tokens=1, finish="stop")
        for q in questions
        for arm, text in texts
    ]


def test_length_ratio_in_words_over_questions_with_points_against_hand() -> None:
    questions, _ = with_context(made(n=4))
    plain = dataclasses.replace(questions[0], id="x", key_points=())
    completions = [
        *said(questions, "one two", "one two three four"),
        *said([plain], "1", "1 " * 50),
    ]
    assert length_ratio([*questions, plain], completions) == 2.0
    probed = [dataclasses.replace(c, probe="p", text="word " * 99) for c in completions]
    others = [dataclasses.replace(c, seed=1, text="word " * 99) for c in completions]
    assert length_ratio([*questions, plain], [*completions, *probed, *others]) == 2.0
    assert length_ratio(questions, []) is None
    assert length_ratio([plain], completions) is None
    assert length_ratio(questions, said(questions, "", "word")) is None


def test_longer_not_better_needs_all_three_signs() -> None:
    fuller = made(fixed=10, n=60, both=50, dimension="completeness")
    looser = made(broken=3, n=60, both=57, dimension="grounding")

    def warned(adapter: str, *sets: Any) -> bool:
        questions, _ = with_context(*sets)
        verdict = judge(*sets, completions=said(questions, "one two", adapter))
        assert verdict.length_ratio == pytest.approx(len(adapter.split()) / 2)
        return any(w.startswith("Longer, not better") for w in verdict.warnings)

    long, short = "one two three four", "one two three"
    assert warned(long, GAIN, fuller, looser)
    assert not warned(short, GAIN, fuller, looser)  # exactly 1.5
    assert not warned(long, GAIN, COMPLETE, looser)
    assert not warned(long, GAIN, fuller, GROUNDED)


# --- cross-fit ---------------------------------------------------------------------------------


def test_cross_fit_judges_the_recipe_and_says_so() -> None:
    verdict = judge(*ALL, cross_fit_folds=5)
    assert verdict.cross_fit_folds == 5
    assert "This judges the recipe on rows like these, not the saved adapter." in verdict.sentence
    assert any("5 folds" in w and "not judged itself" in w for w in verdict.warnings)
    plain = judge(*ALL)
    assert (plain.recommendation, verdict.recommendation) == ("SHIP", "NEED MORE EVIDENCE")
    assert "recipe" not in plain.sentence
    assert not any("folds" in w for w in plain.warnings)


def test_a_loss_is_judged_by_its_plain_p() -> None:
    verdict = judge(GAIN, ANSWERED, REFUSED, made(broken=9, n=60, both=51, dimension="grounding"))
    found = row(verdict, "grounding")
    assert found.label == "REGRESSION"
    assert found.p_adjusted is None
