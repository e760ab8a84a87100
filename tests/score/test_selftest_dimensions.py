"""The self-test of every dimension: right answers 1, wrong ones 0, before it may count."""

from __future__ import annotations

import dataclasses
import sys

import pytest

from realift.data.fields import render_context
from realift.score import SCORERS, Judgment, scorers, selftest
from realift.score.selftest_cases import MAKERS
from realift.score.sources import Sources
from realift.types import Passage, Question, Where

TOWNS = ["Lyon", "Porto", "Ghent", "Turin", "Graz", "Cork", "Brno", "Varna"]


def question(i: int, town: str) -> Question:
    passages = (
        Passage(text=f"The {town} office opened in {1980 + i} and employs {20 + i} people."),
        Passage(text=f"Bicycles are repaired there for {i + 3} euros on Mondays."),
    )
    return Question(
        id=f"q{i}",
        where=Where(file="e", line=i),
        question="Which town has an office?",
        context=render_context(passages),
        passages=passages,
        answers=((town,),),
        key_points=((town,), (str(1980 + i),)),
    )


SOUND = [
    *(question(i, town) for i, town in enumerate(TOWNS)),
    Question(id="u", where=Where(file="e"), question="Who is the mayor?", answerable=False),
]


def test_every_dimension_is_tested_and_passes_on_sound_questions() -> None:
    tests = selftest(SOUND).dimensions
    assert tests.keys() == SCORERS.keys() == MAKERS.keys()
    for dimension, test in tests.items():
        assert test.passed is True, test.problems
        assert test.usable is True
        assert test.n == (1 if dimension == "refusal" else 8)
        assert test.n_right == test.n
        assert test.n_wrong_scored == 0
    assert tests["grounding"].n_wrong == 8 * 6  # nothing, refusal, two ids, a number, a foreign one
    assert tests["completeness"].n_wrong == 8 * 3
    assert tests["refusal"].n_wrong == 3
    assert selftest(SOUND).excluded == ()


def test_a_dimension_that_nothing_can_test_says_so() -> None:
    tests = selftest([dataclasses.replace(q, context="", passages=()) for q in SOUND]).dimensions
    assert (tests["grounding"].n, tests["grounding"].passed, tests["grounding"].usable) == (
        0,
        None,
        None,
    )
    assert selftest([]).excluded == ()


@pytest.mark.parametrize("dimension", SCORERS)
@pytest.mark.parametrize("value", [0.0, 1.0, None])
def test_a_scorer_that_always_says_the_same_is_excluded(
    dimension: str, value: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scorers()

    def same(q: Question, text: str, phrases: object) -> Judgment:
        return Judgment(value=value, reason="broken")

    def broken(*_: object, **__: object) -> dict[str, object]:
        return real | {dimension: same}

    # The package's attribute of this name is the function.
    monkeypatch.setattr(sys.modules["realift.score.selftest"], "scorers", broken)
    result = selftest(SOUND)
    assert result.excluded == (dimension,)
    assert result.passed is (dimension != "correctness")
    assert result.dimensions[dimension].problems
    assert all(not t.problems for d, t in result.dimensions.items() if d != dimension)


def every_number(q: Question) -> Sources:
    return Sources(numbered=dict.fromkeys(range(9), q.context), by_name={})


@pytest.mark.parametrize(
    "blind",
    [
        {"sources": every_number},
        {"missing_numbers": lambda *_, **__: ()},
        {  # a foreign sentence is told by its words, its names and its numbers
            "support": lambda *_, **__: 1.0,
            "missing_names": lambda *_, **__: (),
            "missing_numbers": lambda *_, **__: (),
        },
    ],
)
def test_grounding_without_one_of_its_checks_is_excluded(
    blind: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, check in blind.items():
        monkeypatch.setattr(f"realift.score.grounding.{name}", check)
    assert selftest(SOUND).excluded == ("grounding",)


def test_one_odd_question_in_forty_does_not_exclude_a_dimension() -> None:
    many = [
        dataclasses.replace(q, id=f"{q.id}-{k}") for k in range(5) for q in SOUND if q.answerable
    ]
    odd = dataclasses.replace(many[0], id="odd", answers=(("I don't know.",),))
    result = selftest([*many, odd])
    assert result.passed is False
    assert result.dimensions["correctness"].n_misjudged == 1
    assert result.excluded == ()
    few = selftest([*many[:8], odd])
    assert "correctness" in few.excluded


def test_the_squad_scorer_is_tested_in_its_own_right() -> None:
    result = selftest(SOUND, scorer="squad")
    assert result.passed
    article = dataclasses.replace(SOUND[0], answers=(("The",),))
    assert not selftest([article, *SOUND[1:]], scorer="squad").passed  # "" counts as "The"
    assert selftest([article, *SOUND[1:]]).passed


def test_a_model_that_supports_nothing_excludes_grounding() -> None:
    assert selftest(SOUND, supports=lambda *_: 0.0).excluded == ("grounding",)
    assert selftest(SOUND, supports=lambda *_: 0.9).excluded == ()
