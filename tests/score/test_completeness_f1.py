"""Completeness and token F1."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realift.score import duplicates_correctness, key_points, score_completions, token_f1
from realift.types import Completion, Question, Score, Where

REFUSED = "I don't have enough context to answer."


def question(*points: tuple[str, ...], **fields: object) -> Question:
    base: dict[str, object] = {"id": "q", "where": Where(file="e"), "question": "What?"}
    return Question(**{**base, "key_points": points, **fields})  # type: ignore[arg-type]


def scored(q: Question, text: str, finish: str = "stop") -> dict[str, Score]:
    c = Completion(question_id="q", arm="base", text=text, n_tokens=1, finish=finish)  # type: ignore[arg-type]
    return {s.dimension: s for s in score_completions([q], [c])}


POINTS = question(("42 euros",), ("free for children", "children enter free"), ("in Lyon",))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It costs €42, children enter free, and it is in Lyon.", (0, 1, 2)),
        ("In Lyon. Actually, it costs 42 euros.", (0, 2)),  # all that is said counts
        ("It does not cost 42 euros. It is not in Lyon.", ()),
        ("41 or 42 euros, in Lyon.", (2,)),
        ("42 euros. Question: what else?", (0,)),
        ("42 euros\n\nQuestion: Where?\nAnswer: in Lyon", (0,)),  # it asked itself
        ("<think>42 euros, in Lyon</think> Free for children.", (1,)),
        ("", ()),
        (REFUSED, ()),
        (f"{REFUSED} 42 euros, perhaps.", (0,)),
    ],
)
def test_key_points_are_found_by_the_rules_of_correctness_against_hand(
    text: str, found: tuple[int, ...]
) -> None:
    result = key_points(POINTS, text)
    assert result.found == tuple(POINTS.key_points[i][0] for i in found)
    assert set(result.found) | set(result.missing) == {p[0] for p in POINTS.key_points}
    assert result.recall == len(found) / 3


def test_complete_is_all_points_and_says_what_is_missing() -> None:
    whole = scored(POINTS, "42 euros, children enter free, in Lyon")["completeness"]
    part = scored(POINTS, "42 euros, in Lyon")["completeness"]
    assert (whole.value, whole.reason) == (1.0, "gives every key point")
    assert (part.value, part.reason) == (
        0.0,
        "2 of 3 key points, missing: 'free for children'",
    )
    assert scored(POINTS, "")["completeness"].reason == "empty answer"
    assert scored(POINTS, "In", "length")["completeness"].reason.startswith("cut at the token")


def test_words_of_a_refusal_are_no_key_points() -> None:
    assert key_points(question(("to answer",)), REFUSED).recall == 0.0


def test_a_long_key_point_may_stand_inside_a_longer_answer() -> None:
    point = "the ticket may be exchanged once before the day of the visit"
    assert key_points(question((point,)), f"Yes: {point}, at the desk.").recall == 1.0


def test_completeness_applies_to_answerable_questions_with_key_points() -> None:
    assert "completeness" not in scored(question(), "Lyon")
    assert "completeness" not in scored(question(("Lyon",), answerable=False), "Lyon")
    assert key_points(question(), "Lyon").recall is None
    assert key_points(question(), "Lyon").complete is None


def test_a_question_that_measures_the_same_twice_is_known() -> None:
    two = (("Lyon", "Lugdunum"), ("1999",))
    assert duplicates_correctness(question(("Lyon",), answers=(("Paris",),)))
    assert duplicates_correctness(question(*two, answers=(("1999.",), ("lugdunum", "LYON"))))
    assert not duplicates_correctness(question(*two, answers=(("Lyon",), ("1999",))))
    assert not duplicates_correctness(question(*two))
    assert not duplicates_correctness(question())


@pytest.mark.parametrize(
    ("text", "golds", "f1"),
    [
        ("Lyon", ["Lyon"], 1),
        ("in Lyon", ["Lyon"], 2 / 3),
        ("Lyon", ["Paris", "the Lyon"], 1),
        ("It costs 42 euros.", ["€42"], 0.5),
        ("42", ["42 euros"], 1),  # alone, a number needs no unit
        ("41 euros", ["42 euros"], 0),  # no points for the unit
        ("42 dollars", ["42 euros"], 0),
        ("3.5", ["35"], 0),
        ("北京", ["北京大学"], 2 / 3),
        ("Lyon [1].", ["Lyon"], 1),
        ("Hm, well.\nAnswer: Lyon", ["Lyon"], 1),
        ("Lyon Lyon", ["Lyon"], 2 / 3),
        ("", ["Lyon"], 0),
        ("...", ["Lyon"], 0),
        ("Paris", ["Lyon"], 0),
    ],
)
def test_token_f1_against_hand(text: str, golds: list[str], f1: float) -> None:
    assert token_f1(text, [golds]) == pytest.approx(f1, abs=1e-15)  # one rounding


def test_token_f1_takes_the_best_wording_of_all_slots_together() -> None:
    slots = [("Lyon", "Lugdunum"), ("1999", "2001")]
    for parts in itertools.product(*slots):
        assert token_f1(" ".join(parts), slots) == 1.0
    assert token_f1("Lyon", slots) == pytest.approx(2 / 3, abs=1e-15)
    assert token_f1("", [("",)]) == 0.0


def test_token_f1_of_a_refusal_and_of_nothing_is_zero() -> None:
    q = question(answers=(("enough context",),))
    for text, reason in ((REFUSED, "refused"), ("", "empty answer"), ("[1]", "empty answer")):
        score = scored(q, text)["token_f1"]
        assert (score.value, score.reason) == (0.0, reason)
    assert "token_f1" not in scored(question(), "Lyon")
    assert "token_f1" not in scored(question(answers=(("a",),), answerable=False), "Lyon")


WORDS = st.lists(st.sampled_from(["Lyon", "fair", "42 euros", "1999", "北", "C#"]), max_size=5)


@settings(max_examples=150, deadline=None)
@given(WORDS, WORDS)
def test_token_f1_is_symmetric_bounded_and_ignores_order_invariant(
    a: list[str], b: list[str]
) -> None:
    left, right = " , ".join(a), " , ".join(b)
    f1 = token_f1(left, [(right,)])
    assert 0.0 <= f1 <= 1.0
    assert f1 == token_f1(right, [(left,)])
    assert f1 == token_f1(" , ".join(reversed(a)), [(right,)])
    assert (f1 == 1.0) == (bool(a) and sorted(a) == sorted(b))
