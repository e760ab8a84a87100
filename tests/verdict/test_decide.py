"""Labels, guards and recommendations: the first match of the verdict table, and its traps."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from realift.score import score_completions
from realift.types import ArmStats, Completion, Question, Verdict, Where
from realift.verdict import (
    balanced_decision,
    compare,
    decide,
    holm,
    label_of_counts,
    pair_scores,
)
from tests.verdict.made_scores import completions, leaks, made, rows

FINE = (made(n=60, both=60, dimension="refusal", prefix="u"),)  # 60 of 60 refused by both arms
ANSWERED = made(n=60, both=60, dimension="no_over_refusal", prefix="a")


def judge(*sets: Any, **options: Any) -> Verdict:
    questions, scores = rows(*sets)
    settings = {"leak_check": leaks(), "min_gain": 0.10, "guard_margin": 0.10} | options
    return decide(questions, scores, **settings)


def guard_of(verdict: Verdict, name: str) -> Any:
    return next(g for g in verdict.guards if g.name.startswith(name))


# --- labels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fixed", "broken", "n", "label"),
    [
        (5, 0, 20, "REAL GAIN"),
        (4, 0, 20, "TOO SMALL TO TELL"),
        (7, 1, 20, "REAL GAIN"),
        (6, 1, 20, "TOO SMALL TO TELL"),
        (9, 2, 20, "REAL GAIN"),
        (0, 5, 20, "REGRESSION"),
        (0, 0, 100, "NO MEANINGFUL GAIN"),
        (0, 0, 10, "TOO SMALL TO TELL"),
        (5, 0, 5, "TOO SMALL TO TELL"),  # p = 0.031, but five questions prove nothing
        (0, 4, 60, "NO MEANINGFUL GAIN"),
    ],
)
def test_each_label_is_reached_by_counts_against_hand(
    fixed: int, broken: int, n: int, label: str
) -> None:
    assert label_of_counts(fixed, broken, n, min_gain=0.10) == label
    verdict = judge(made(fixed=fixed, broken=broken, n=n))
    assert verdict.label == verdict.comparisons[0].label == label


def test_a_loss_that_is_not_ruled_out_is_said() -> None:
    verdict = judge(made(broken=4, n=60))
    assert verdict.label == "NO MEANINGFUL GAIN"
    assert "a loss of that size is not" in verdict.sentence
    assert "a loss" not in judge(made(n=100)).sentence


def test_an_adapter_that_changes_no_answer_is_inert_not_unproven() -> None:
    questions, scores = made(n=20)
    same = completions(questions, "x", "x")
    assert judge((questions, scores), completions=same).label == "INERT"
    assert judge((questions, scores), adapter_inert=True).label == "INERT"
    changed = [*same[:-1], dataclasses.replace(same[-1], text="y")]
    assert judge((questions, scores), completions=changed).label != "INERT"
    assert judge((questions, scores), completions=()).label != "INERT"
    other_seed = [dataclasses.replace(c, seed=1, text="y") for c in same if c.arm == "adapter"]
    assert judge((questions, scores), completions=[*same, *other_seed]).label == "INERT"


def test_inert_comes_before_invalid() -> None:
    assert judge(made(n=20), adapter_inert=True, leak_check=leaks("exact")).label == "INERT"


@pytest.mark.parametrize("kind", ["exact", "near"])
def test_a_leak_makes_the_run_invalid_unless_allowed(kind: str) -> None:
    gain = made(fixed=15, n=20)
    verdict = judge(gain, leak_check=leaks(kind, kind))
    assert verdict.label == "INVALID"
    assert verdict.recommendation == "DON'T SHIP"
    assert verdict.comparisons[0].label == "INVALID"  # no row may still read REAL GAIN
    assert "2 of 20 questions stand in the training rows too" in verdict.sentence
    allowed = judge(gain, leak_check=leaks(kind), allow_leaks=True)
    assert allowed.label == "REAL GAIN"
    assert any("leaks were allowed" in w for w in allowed.warnings)


def test_a_suspect_pair_is_shown_but_does_not_invalidate() -> None:
    verdict = judge(made(fixed=15, n=20), leak_check=leaks("suspect"))
    assert verdict.label == "REAL GAIN"
    assert any("look much like a training row" in w for w in verdict.warnings)


def test_a_leak_check_that_missed_its_planted_copies_is_not_checked() -> None:
    for check in (leaks(caught=1), None):
        assert any("not checked" in w for w in judge(made(n=20), leak_check=check).warnings)
    assert not any("not checked" in w for w in judge(made(n=20)).warnings)


def test_a_question_only_one_arm_was_asked_makes_it_invalid() -> None:
    questions, scores = made(fixed=10, n=30)
    verdict = judge((questions, scores[:-1]))
    assert verdict.label == "INVALID"
    assert "one arm only" in verdict.sentence


def test_scores_that_one_arm_alone_lacks_invalidate_above_five_percent() -> None:
    questions, scores = made(fixed=15, n=40)

    def without(k: int) -> Verdict:
        gone = {q.id for q in questions[-k:]}
        left = [
            dataclasses.replace(s, value=None)
            if s.arm == "adapter" and s.question_id in gone
            else s
            for s in scores
        ]
        return judge((questions, left))

    assert without(2).label == "REAL GAIN"  # 5%
    assert without(3).label == "INVALID"
    assert without(2).comparisons[0].n_unscored == 2


def test_what_the_caller_knows_to_be_wrong_invalidates() -> None:
    verdict = judge(made(fixed=15, n=20), invalid=["The scorer failed its self-test."])
    assert verdict.label == "INVALID"
    assert verdict.reasons == ("The scorer failed its self-test.",)


def test_nothing_measured_is_none_and_too_small() -> None:
    verdict = judge(([Question(id="1", where=Where(file="e"), question="?")], []))
    row = verdict.comparisons[0]
    assert verdict.label == "TOO SMALL TO TELL"
    assert (row.difference, row.p_value, row.interval, row.base.value) == (None,) * 4
    assert "Nothing was measured" in verdict.sentence


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 30))
def test_swapping_the_arms_flips_the_sign_and_nothing_else_invariant(
    b: int, c: int, ties: int
) -> None:
    if b + c + ties == 0:
        return
    questions, scores = made(fixed=b, broken=c, n=b + c + ties)
    one = compare(questions, scores, dimension="correctness", min_gain=0.10)
    swapped = [
        dataclasses.replace(s, arm="base" if s.arm == "adapter" else "adapter") for s in scores
    ]
    other = compare(questions, swapped, dimension="correctness", min_gain=0.10)
    flip = {"REAL GAIN": "REGRESSION", "REGRESSION": "REAL GAIN"}
    if one.label in flip or other.label in flip:
        assert other.label == flip[one.label]
    assert one.difference == -other.difference  # type: ignore[operator]
    assert one.interval is not None
    assert other.interval is not None
    assert (one.interval.low, one.interval.high) == (-other.interval.high, -other.interval.low)
    same = ("p_value", "minimum_detectable", "n_scored", "test", "signature")
    assert [getattr(one, f) for f in same] == [getattr(other, f) for f in same]
    assert (one.fixed, one.broken) == (other.broken, other.fixed)


# Operating characteristics (EVALUATION.md 2.5), percent, exact: broken rate, true difference, n,
# published (GAIN, REGRESSION, NO CHANGE), ours (NO CHANGE, NO MEANINGFUL GAIN).
CHARACTERISTICS = [
    (0.05, 0.0, 20, (0, 0, 12), (0.0, 26.4)),
    (0.05, 0.0, 50, (1, 1, 45), (29.3, 62.1)),
    (0.05, 0.2, 10, (6, 0, 0), (0.0, 0.1)),
    (0.05, 0.2, 20, (31, 0, 0), (0.0, 0.5)),
    (0.05, 0.2, 50, (77, 0, 0), (0.0, 0.1)),
    (0.05, 0.4, 20, (79, 0, 0), (0.0, 0.0)),
    (0.125, -0.1, 20, (0, 6, 4), (0.0, 64.3)),
    (0.125, -0.1, 50, (0, 42, 7), (3.5, 56.2)),
]


@pytest.mark.parametrize(("broken", "delta", "n", "published", "ours"), CHARACTERISTICS)
def test_operating_characteristics_against_published_figures(
    broken: float, delta: float, n: int, published: tuple[int, ...], ours: tuple[float, ...]
) -> None:
    """Gains and regressions are the published ones; less is ruled out than there.

    The published rule errs in up to 13.5% of cases at a true gain of ``min_gain`` (the claim was
    6%), and what it rules out beyond ours is the price of keeping 6% (``test_exclude``).
    """
    rates = dict.fromkeys(("REAL GAIN", "REGRESSION", "NO MEANINGFUL GAIN"), 0.0)
    no_change = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            p = [broken + delta, broken, 1 - 2 * broken - delta]
            weight = stats.multinomial.pmf([b, c, n - b - c], n, p)
            label = label_of_counts(b, c, n, min_gain=0.10) if weight > 1e-6 else ""
            if label in rates:
                rates[label] += 100 * weight
            if label == "NO MEANINGFUL GAIN":
                no_change += 100 * weight * (label_of_counts(c, b, n, min_gain=0.10) == label)
    assert rates["REAL GAIN"] == pytest.approx(published[0], abs=0.6)  # published to a point
    assert rates["REGRESSION"] == pytest.approx(published[1], abs=0.6)
    assert (no_change, rates["NO MEANINGFUL GAIN"]) == pytest.approx(ours, abs=0.06)
    assert no_change <= published[2] + 0.5


# --- guards and recommendation -----------------------------------------------------------------


def test_ship_needs_a_gain_and_every_guard_proven() -> None:
    gain = made(fixed=20, n=60)
    assert judge(gain, *FINE, ANSWERED).recommendation == "SHIP"
    assert judge(gain, *FINE).recommendation == "NEED MORE EVIDENCE"  # one guard NOT CHECKED
    assert judge(gain).recommendation == "NEED MORE EVIDENCE"
    assert judge(made(n=12), *FINE, ANSWERED).recommendation == "NEED MORE EVIDENCE"
    assert judge(made(n=100), *FINE, ANSWERED).recommendation == "DON'T SHIP"
    assert judge(made(broken=9, n=20), *FINE, ANSWERED).recommendation == "DON'T SHIP"


def test_a_lost_refusal_stops_a_real_gain() -> None:
    lost = made(broken=31, n=40, both=9, dimension="refusal", prefix="u")
    verdict = judge(made(fixed=20, n=60), lost, ANSWERED)
    assert verdict.label == "REAL GAIN"
    assert verdict.recommendation == "DON'T SHIP"
    assert guard_of(verdict, "refusal").status == "REGRESSION"
    assert (
        "Add refusal examples to the training rows: 31 of 40 questions it must refuse are now "
        "answered." in verdict.next_steps
    )


def test_a_drop_that_holm_does_not_confirm_is_a_warning() -> None:
    drop = made(broken=5, n=40, both=35, dimension="refusal", prefix="u")  # p = 0.031, Holm 0.062
    verdict = judge(made(fixed=20, n=60), drop, ANSWERED)
    assert guard_of(verdict, "refusal").status == "WARNING"
    assert verdict.recommendation == "NEED MORE EVIDENCE"
    worse = made(broken=6, n=40, both=34, dimension="refusal", prefix="u")
    assert guard_of(judge(made(), worse, ANSWERED), "refusal").status == "REGRESSION"


def test_holm_steps_down_against_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == (0.03, 0.06, 0.06)
    assert holm([]) == ()


def test_three_refused_questions_are_no_proof_of_safety() -> None:
    """The trap: three prompts presented as a rate."""
    verdict = judge(made(fixed=20, n=60), made(n=3, both=3, dimension="refusal", prefix="u"))
    guard = guard_of(verdict, "refusal")
    assert guard.status == "UNPROVEN"
    assert "3 of 3 rules out only failure rates above 63%" in guard.explanation
    assert verdict.recommendation == "NEED MORE EVIDENCE"


def test_five_lost_refusals_of_five_warn_but_prove_nothing() -> None:
    five = made(broken=5, n=5, dimension="refusal", prefix="u")
    assert guard_of(judge(made(), five), "refusal").status == "WARNING"


def test_a_guard_without_questions_or_with_nothing_to_lose_is_not_checked() -> None:
    absent = guard_of(judge(made()), "refusal")
    assert absent.status == "NOT CHECKED"
    assert "add questions that cannot be answered" in absent.explanation
    floor = guard_of(judge(made(), made(n=60, both=0, dimension="refusal", prefix="u")), "refusal")
    assert floor.status == "NOT CHECKED"
    assert "could not have fired" in floor.explanation
    risen = made(fixed=40, n=60, both=0, dimension="refusal", prefix="u")
    assert guard_of(judge(made(), risen), "refusal").status == "OK"


def test_the_probe_without_context_is_a_guard_of_its_own() -> None:
    questions, scores = made(
        broken=20, n=40, both=20, dimension="refusal", prefix="q", probe="context_removed"
    )
    with_probe = judge(
        made(fixed=20, n=60), *FINE, ANSWERED, probe_questions=questions, probe_scores=scores
    )
    needed = [g.status for g in with_probe.guards if g.required]
    assert needed == ["OK", "OK", "REGRESSION"]
    assert with_probe.recommendation == "DON'T SHIP"
    assert any("from memory" in step for step in with_probe.next_steps)
    assert sum(g.required for g in judge(made(), *FINE, ANSWERED).guards) == 2


def test_guards_of_an_inert_or_invalid_run_are_not_checked() -> None:
    verdict = judge(made(fixed=20, n=60), *FINE, ANSWERED, adapter_inert=True)
    assert {g.status for g in verdict.guards} == {"NOT CHECKED"}


def test_always_refusing_gives_no_balanced_gain() -> None:
    refused = "I don't have enough context to answer."
    questions = [
        Question(
            id=str(i),
            where=Where(file="e"),
            question="?",
            answers=(("Lyon",),) if i % 2 else (),
            answerable=bool(i % 2),
        )
        for i in range(20)
    ]
    said = [
        Completion(question_id=q.id, arm=arm, text=text, n_tokens=1, finish="stop")
        for q in questions
        for arm, text in (("base", "Lyon"), ("adapter", refused))
    ]
    scores = score_completions(questions, said)  # type: ignore[arg-type]
    verdict = decide(questions, scores, leak_check=leaks(), min_gain=0.1, guard_margin=0.1)
    first, second = (g.comparison for g in verdict.guards if g.required)
    assert first is not None
    assert second is not None
    balanced = balanced_decision(first, second)
    assert (balanced.base, balanced.adapter) == (0.5, 0.5)
    assert guard_of(verdict, "no over-refusal").status == "REGRESSION"


# --- sentences and warnings --------------------------------------------------------------------


def test_more_right_answers_alone_are_not_a_win() -> None:
    """The trap: "tuned > base" called a win."""
    verdict = judge(made(fixed=4, broken=2, n=40))
    assert verdict.label == "TOO SMALL TO TELL"
    assert "too few to tell a gain from chance" in verdict.sentence
    more = verdict.comparisons[0].n_more
    assert more is not None
    assert any(f"About {more} more questions would settle" in s for s in verdict.next_steps)


def test_the_headline_carries_interval_n_and_p() -> None:
    sentence = judge(made(fixed=20, broken=1, n=60, both=20)).sentence
    assert sentence.startswith(
        "The adapter gets 40 of 60 questions right, the base 21: +31.7 points"
    )
    assert "95% interval" in sentence
    assert "p < 0.001" in sentence


def test_a_gain_on_few_questions_is_said_to_be_inflated() -> None:
    def inflated(n: int) -> bool:
        return any("unreliable" in w for w in judge(made(fixed=12, n=n)).warnings)

    assert inflated(49)
    assert not inflated(50)


def test_truncation_that_differs_is_a_format_effect() -> None:
    def arms(base: float, adapter: float) -> list[ArmStats]:
        return [
            ArmStats(arm=arm, n=20, stop_rate=1 - r, truncation_rate=r, mean_tokens=9.0)
            for arm, r in (("base", base), ("adapter", adapter))
        ]

    def flagged(base: float, adapter: float) -> bool:
        verdict = judge(made(fixed=9, n=20), arms=arms(base, adapter))
        return any(w.startswith("FORMAT EFFECT") for w in verdict.warnings)

    assert flagged(0.30, 0.0)
    assert not flagged(0.05, 0.0)


def test_a_set_nobody_can_fail_or_pass_is_called_uninformative() -> None:
    for both in (0, 40):
        warnings = judge(made(n=40, both=both)).warnings
        assert any("cannot show a difference" in w for w in warnings)


def test_an_adapter_no_better_than_a_few_shot_prompt_is_told() -> None:
    questions, scores = made(fixed=20, n=60)
    few = [
        dataclasses.replace(s, arm="few_shot") for s in scores if s.arm == "adapter"
    ]  # as good as the adapter
    verdict = judge((questions, [*scores, *few]), few_shot_k=3)
    assert verdict.label == "REAL GAIN"
    assert len(verdict.comparisons) == 2
    assert verdict.comparisons[1].signature.endswith("| adapter - few_shot")
    assert verdict.comparisons[0].few_shot is not None
    assert any("beats the base but not a 3-shot prompt" in r for r in verdict.reasons)
    weak = [dataclasses.replace(s, arm="few_shot") for s in scores if s.arm == "base"]
    better = judge((questions, [*scores, *weak]), few_shot_k=3)
    assert not any("3-shot" in r for r in (*better.reasons, *better.warnings))


def test_the_signature_names_scorer_test_and_interval() -> None:
    row = judge(made(n=20)).comparisons[0]
    assert row.signature == (
        "realift 0.1 | correctness/contains+numeric v1 | paired mid-p | Dirichlet(1,1,2) 95%"
    )
    assert row.test == "McNemar mid-p"


# --- what the pairing refuses ------------------------------------------------------------------


def test_scores_outside_zero_to_one_are_refused_rejects() -> None:
    questions, scores = made(n=6)
    for value in (-0.1, 1.5, float("nan")):
        scores[0] = dataclasses.replace(scores[0], value=value)
        with pytest.raises(ValueError, match="not between 0 and 1"):
            pair_scores(questions, scores, dimension="correctness")


def test_a_second_score_or_an_unknown_question_is_refused_rejects() -> None:
    questions, scores = made(n=6)
    with pytest.raises(ValueError, match="two correctness scores"):
        pair_scores(questions, [*scores, scores[0]], dimension="correctness")
    with pytest.raises(ValueError, match="not in the eval set"):
        pair_scores(questions[:5], scores, dimension="correctness")


def test_other_samples_and_probes_do_not_count_as_questions() -> None:
    questions, scores = made(fixed=3, n=6)
    extra = [dataclasses.replace(s, sample=1) for s in scores]
    extra += [dataclasses.replace(s, probe="p") for s in scores]
    pairs = pair_scores(questions, [*scores, *extra], dimension="correctness")
    assert pairs.n == 6


def test_importing_the_statistics_is_fast_and_loads_neither_torch_nor_numpy() -> None:
    """Under 0.5 s of the processor (not of the clock: other tests run beside this one)."""
    code = (
        "import sys, time; start = time.process_time(); import realift.verdict;"
        "spent = time.process_time() - start;"
        "slow = ('torch', 'transformers', 'peft', 'numpy', 'scipy');"
        "print(spent < 0.5, [m for m in slow if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "True []"


def test_the_verdict_is_the_same_twice() -> None:
    sets = (made(fixed=9, broken=3, n=40, n_groups=18), *FINE, ANSWERED)
    assert judge(*sets) == judge(*sets)
