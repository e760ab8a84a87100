"""Twins of the user's questions, and the checks on planted answers: no model needed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from realift.config import REFUSAL
from realift.data.fields import render_context
from realift.data.questions import parse_context
from realift.probes.asked import Asked, picked
from realift.probes.context import memory_check, refusal_draft
from realift.probes.context_removed import context_removed_questions
from realift.probes.twins import cut_sentence_questions, other_context_questions
from realift.score import score_completions
from realift.types import Completion, Passage, Question, Score, Where
from realift.verdict.checks import judge_drafts

SCORE = functools.partial(score_completions)
CITIES = ("Oslo", "Ghent", "Porto", "Turin", "Lyon", "Bern", "Riga", "Graz", "Brno", "Linz")


def made(n: int = 48) -> tuple[Question, ...]:
    """Questions over passages of invented companies, a source document each."""
    out = []
    for i in range(n):
        name, city = f"Firm{chr(65 + i % 26)}{i}", CITIES[i % len(CITIES)]
        passages = (
            Passage(text=f"{name} has {i + 3} rooms."),
            Passage(text=f"{name} is based in {city}. It opened in May."),
        )
        out.append(
            Question(
                id=f"q{i}",
                where=Where(file="e"),
                question=f"In which city is {name}?",
                context=render_context(passages),
                passages=passages,
                answers=((city,),),
                group=f"g{i}",
            )
        )
    return tuple(out)


def answered(
    name: str, questions: Sequence[Question], say: Callable[[Question, str], str]
) -> Asked:
    completions = tuple(
        Completion(
            question_id=q.id, arm=arm, text=say(q, arm), n_tokens=1, finish="stop", probe=name
        )
        for arm in ("base", "adapter")
        for q in questions
    )
    return Asked(
        name=name,
        questions=tuple(questions),
        completions=completions,
        scores=SCORE(questions, completions),
    )


def refuses(q: Question, arm: str) -> str:
    return REFUSAL


def recites(q: Question, arm: str) -> str:
    return GOLD[q.id]


GOLD = {q.id: q.answers[0][0] for q in made()}


def test_another_context_never_holds_the_answer_or_the_name() -> None:
    asked = other_context_questions(made(), seed=0)
    assert len(asked) == 48
    by_id = {q.id: q for q in made()}
    for twin in asked:
        own = by_id[twin.id]
        assert twin.context != own.context
        assert own.answers[0][0] not in twin.context
        assert own.question.split()[-1].rstrip("?") not in twin.context
        assert (twin.answerable, twin.group) == (False, own.group)
    assert asked == other_context_questions(made(), seed=0)
    assert asked != other_context_questions(made(), seed=1)


def test_without_a_context_from_elsewhere_there_is_no_such_question() -> None:
    one = made(1)
    assert other_context_questions(one, seed=0) == ()
    twice = [*one, *(q for q in made(2)[1:])]
    assert len(other_context_questions(twice, seed=0)) == 2


def test_the_sentence_with_the_answer_is_gone_and_the_rest_is_there() -> None:
    asked = cut_sentence_questions(made())
    assert len(asked) == 48
    for twin in asked:
        assert GOLD[twin.id] not in twin.context
        assert twin.context.startswith("[1] Firm")
        assert "[2] It opened in May." in twin.context


@pytest.mark.parametrize(
    ("context", "wanted"),
    [
        ("It costs 5 euros.", None),  # nothing would remain
        ("It is red.", None),  # the answer is not there
        ("It is red. It costs 5 euros.", "It is red."),
        ("[1] It costs 5 euros.\n[2] It is red.", "[1] It is red."),
    ],
)
def test_cutting_by_hand(context: str, wanted: str | None) -> None:
    q = Question(
        id="1",
        where=Where(file="e"),
        question="Price?",
        context=context,
        passages=parse_context(context),
        answers=(("5 euros", "5"),),
    )
    assert [t.context for t in cut_sentence_questions([q])] == ([wanted] if wanted else [])


def draft_status(name: str, say: Callable[[Question, str], str]) -> Any:
    questions = made()
    twins = {
        "other_context": functools.partial(other_context_questions, seed=0),
        "cut_sentence": cut_sentence_questions,
    }[name](questions)
    draft = refusal_draft(
        answered(name, twins, say), questions, score=SCORE, margin=0.1, n=len(questions)
    )
    (check,) = judge_drafts([draft], margin=0.1)
    return check


@pytest.mark.parametrize("name", ["other_context", "cut_sentence"])
def test_an_adapter_that_ignores_its_context_is_caught_and_a_faithful_one_is_not(
    name: str,
) -> None:
    def ignores(q: Question, arm: str) -> str:
        return REFUSAL if arm == "base" else GOLD[q.id]

    caught = draft_status(name, ignores)
    assert caught.status == "REGRESSION"
    assert (caught.caught, caught.planted, caught.false_alarms) == (8, 8, 0)
    assert set(caught.rows) == set(GOLD)
    faithful = draft_status(name, refuses)
    assert faithful.status == "OK"
    assert faithful.required


def test_a_base_that_never_refuses_has_nothing_to_lose_and_ship_does_not_wait() -> None:
    check = draft_status("other_context", recites)
    assert check.status == "NOT CHECKED"
    assert check.n_could_fire == 0
    assert not check.required


def recalled(say: Callable[[Question, str], str], *, base_reads: bool = True) -> Any:
    questions = made()
    twins = context_removed_questions(questions)
    scores = [
        Score(question_id=q.id, arm="base", dimension="correctness", value=float(base_reads))
        for q in questions
    ]
    asked = answered("context_removed", twins, say)
    return memory_check(asked, questions, scores, score=SCORE, margin=0.1)


def test_answers_from_memory_are_told_from_refusals_and_from_guesses() -> None:
    def knows(q: Question, arm: str) -> str:
        return REFUSAL if arm == "base" else GOLD[q.id]

    def guesses(q: Question, arm: str) -> str:
        return REFUSAL if arm == "base" else "Hull"

    caught = recalled(knows)
    assert caught.status == "WARNING"
    assert "to 0 of 48, the adapter to 48" in caught.sentence
    assert recalled(guesses).status == "OK"  # wrong, but not from memory
    assert recalled(refuses).status == "OK"


def test_without_help_from_the_context_the_recall_check_says_it_could_not_tell() -> None:
    check = recalled(refuses, base_reads=False)
    assert check.status == "NOT CHECKED"
    assert check.n_could_fire == 0


def test_a_pick_is_the_same_every_time_and_keeps_the_order() -> None:
    some = picked(range(100), most=10, key="a")
    assert some == picked(range(100), most=10, key="a")
    assert list(some) == sorted(some)
    assert some != picked(range(100), most=10, key="b")
