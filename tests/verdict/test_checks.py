"""Checks in the verdict: OK only with proof that they could have fired; guards when required."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from realift.types import Check, Interval, Question, Reading, Score, Verdict, Where
from realift.verdict import decide
from realift.verdict.checks import GAIN_ON_TRAINED, MEMORIZED, honest, spec


def check(name: str = "forgetting", **changes: Any) -> Check:
    made = Check(
        name=name,
        title=spec(name).title,
        status="OK",
        sentence="All is well.",
        n=50,
        n_could_fire=50,
        caught=8,
        planted=8,
        false_alarms=0,
        clean=8,
        required=True,
    )
    return dataclasses.replace(made, **changes)


def judged(*checks: Check, right: int = 40) -> Verdict:
    """A verdict on 80 answerable and 80 unanswerable questions; the adapter wins ``right``."""
    asked = [Question(id=f"a{i}", where=Where(file="e"), question="?") for i in range(80)]
    asked += [
        Question(id=f"r{i}", where=Where(file="e"), question="?", answerable=False)
        for i in range(80)
    ]
    scores = []
    for i, q in enumerate(asked):
        for arm in ("base", "adapter"):
            if q.answerable:
                value = float(arm == "adapter" and i < right)
                scores.append(_score(q, arm, "correctness", value))
                scores.append(_score(q, arm, "no_over_refusal", 1.0))
            else:
                scores.append(_score(q, arm, "refusal", 1.0))
    return decide(asked, scores, leak_check=None, min_gain=0.1, guard_margin=0.1, checks=checks)


def _score(q: Question, arm: Any, dimension: str, value: float) -> Score:
    return Score(question_id=q.id, arm=arm, dimension=dimension, value=value)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"caught": 7}, "found 7 of 8 faults"),
        ({"false_alarms": 1}, "1 of 8 false alarms"),
        ({"n_could_fire": 0}, "could not have fired"),
    ],
)
def test_a_check_that_could_not_fire_or_missed_its_control_is_never_ok(
    fault: dict[str, Any], said: str
) -> None:
    found = honest(check(**fault))
    assert found.status == "NOT CHECKED"
    assert said in found.sentence
    assert honest(check()) == check()


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("OK", "SHIP"),
        ("UNPROVEN", "NEED MORE EVIDENCE"),
        ("WARNING", "NEED MORE EVIDENCE"),
        ("NOT CHECKED", "NEED MORE EVIDENCE"),
        ("REGRESSION", "DON'T SHIP"),
    ],
)
def test_ship_waits_for_required_checks_and_for_no_other(status: Any, wanted: str) -> None:
    assert judged().recommendation == "SHIP"
    verdict = judged(check(status=status))
    assert verdict.recommendation == wanted
    assert any("forgetting" in r for r in verdict.reasons)
    assert judged(check(status=status, required=False)).recommendation == "SHIP"
    if status != "OK":
        assert verdict.next_steps


def memorization(*, gain: float = 2.0, p: float = 0.001, status: Any = "WARNING") -> Check:
    reading = Reading(
        name=GAIN_ON_TRAINED,
        arm="adapter - base",
        value=gain,
        unit="nats/token",
        n=40,
        interval=Interval(low=1.0, high=3.0),
        p_value=p,
    )
    return check("memorization", status=status, readings=(reading,))


def test_memorized_not_learned_is_said_only_when_all_of_it_holds() -> None:
    assert MEMORIZED in judged(memorization(), right=2).sentence
    assert MEMORIZED not in judged(memorization(), right=40).sentence  # a gain on the eval set
    assert MEMORIZED not in judged(memorization(gain=-1.0), right=2).sentence
    assert MEMORIZED not in judged(memorization(p=0.2), right=2).sentence
    assert MEMORIZED not in judged(memorization(status="OK"), right=2).sentence
    assert MEMORIZED not in judged(right=2).sentence
