"""Swapped answers, invented things, trivial baselines: on planted answers, without a model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realift.config import REFUSAL
from realift.probes.baselines import baselines_check
from realift.probes.invented import invented_drafts, invented_questions
from realift.probes.swap import Swap, kind_of, swap_draft, swaps
from realift.probes.texts import general_texts, instructions, invented
from realift.types import Completion, Example, Message, Passage, Question, Where
from realift.verdict.checks import judge_drafts
from tests.probes.test_context_probes import GOLD, SCORE, answered, made

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def asked(question: str, context: str, *answers: str, id: str = "1") -> Question:
    return Question(
        id=id,
        where=Where(file="e"),
        question=question,
        context=context,
        passages=(Passage(text=context),),
        answers=(answers,),
    )


# --- swapping ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer", "wanted"),
    [
        ("How much?", "50 GB", "number"),
        ("When?", "4 May 2020", "date"),
        ("On which day?", "Sunday", "date"),
        ("Who leads it?", "Ida Holm", "name/who"),
        ("In which city is it?", "Oslo", "name/where"),
        ("Which tool is used?", "Quill", "name/tool"),
        ("What is it made of?", "steel", None),
    ],
)
def test_the_type_of_an_answer(question: str, answer: str, wanted: str | None) -> None:
    assert kind_of(answer, question) == wanted


def test_a_swap_replaces_every_alternative_and_leaves_the_rest() -> None:
    q = asked("How long is it kept?", "It is kept 14 days. All 14 days count.", "14 days", "14")
    (swap,) = swaps([q], seed=0)
    assert "14" not in swap.question.context
    assert swap.question.context == f"It is kept {swap.new}. All {swap.new} count."
    assert swap.question.answers == ((swap.new,),)
    assert swap.new.endswith(" days")
    assert swaps([q], seed=0) == (swap,)


@pytest.mark.parametrize(
    ("question", "context", "answer"),
    [
        ("How many?", "Two of 5 are red, and 5.5 are blue.", "7"),  # not in the context
        ("What is it?", "It is steel.", "steel"),  # no safe stand-in
        ("Which tool is used?", "They use Quill.", "Quill"),  # no second tool anywhere
        ("How many?", "There are five rooms, 5 in all.", "5"),  # "five" would stay
    ],
)
def test_what_cannot_be_swapped_for_sure_is_left_out(
    question: str, context: str, answer: str
) -> None:
    assert swaps([asked(question, context, answer)], seed=0) == ()


def test_a_name_is_swapped_for_another_of_its_kind() -> None:
    for swap in swaps(made(), seed=0):
        assert swap.new in set(GOLD.values()) - {swap.old[0][0]}
        assert swap.old[0][0] not in swap.question.context


def swapped_status(say: Callable[[Swap, str], str]) -> Any:
    found = swaps(made(), seed=0)
    by_id = {s.question.id: s for s in found}
    one = answered(
        "context_swapped", [s.question for s in found], lambda q, arm: say(by_id[q.id], arm)
    )
    (check,) = judge_drafts([swap_draft(one, found, score=SCORE, margin=0.1, n=48)], margin=0.1)
    return check


def test_an_adapter_that_answers_from_memory_does_not_follow_and_is_caught() -> None:
    caught = swapped_status(lambda s, arm: s.new if arm == "base" else s.old[0][0])
    assert caught.status == "REGRESSION"
    assert (caught.caught, caught.false_alarms) == (8, 0)
    stuck = {r.arm: r.value for r in caught.readings if r.name.startswith("gave the answer")}
    assert stuck == {"base": 0.0, "adapter": 1.0}
    assert swapped_status(lambda s, _: s.new).status == "OK"


def test_a_base_that_never_follows_makes_the_swap_not_checked() -> None:
    check = swapped_status(lambda s, _: s.old[0][0])
    assert (check.status, check.n_could_fire, check.required) == ("NOT CHECKED", 0, False)


# --- invented things ---------------------------------------------------------------------------


def test_enough_texts_ship_and_none_twice() -> None:
    assert len(general_texts()) >= 50
    assert len(instructions()) >= 50
    assert len(invented()) >= 40
    for texts in (
        [t for _, t in general_texts()],
        [e.instruction for e in instructions()],
        [q.question for q in invented()],
    ):
        assert len(set(texts)) == len(texts)


def test_every_invented_answer_stands_in_its_passage_and_no_name_in_the_examples() -> None:
    rows = "".join(p.read_text(encoding="utf-8") for p in sorted(EXAMPLES.rglob("*.jsonl")))
    plain = {"April", "May", "August", "Monday", "Porto", "Project", "Doctor", "Old", "Works"}
    for q in invented():
        gold = SCORE([q], [said(q, q.answers[0][0])])
        assert next(s.value for s in gold if s.dimension == "correctness") == 1
        assert any(a.lower() in q.context.lower() for a in q.answers[0])
        for name in re.findall(r"(?<=[a-z,] )[A-Z][a-z]{3,}", f"{q.question} {q.context}"):
            assert name in plain or not re.search(rf"\b{name}\b", rows), name


def said(q: Question, text: str) -> Completion:
    return Completion(question_id=q.id, arm="adapter", text=text, n_tokens=1, finish="stop")


def invented_status(say: Callable[[Question, str], str]) -> list[Any]:
    one = answered("invented", invented_questions(), say)
    return list(judge_drafts(invented_drafts(one, score=SCORE, margin=0.1), margin=0.1))


def test_making_things_up_and_refusing_everything_are_both_caught() -> None:
    gold = {q.id: q.answers[0][0] for q in invented_questions() if q.answerable}

    def good(q: Question) -> str:
        return gold.get(q.id, REFUSAL)

    bare, told = invented_status(lambda q, _: good(q))
    assert (bare.status, told.status, bare.required, told.required) == ("OK", "OK", False, False)
    bare, told = invented_status(lambda q, arm: good(q) if arm == "base" else "Blue.")
    assert (bare.status, told.status, bare.required) == ("REGRESSION", "OK", True)
    bare, told = invented_status(lambda q, arm: good(q) if arm == "base" else REFUSAL)
    assert (bare.status, told.status) == ("OK", "REGRESSION")


# --- trivial baselines -------------------------------------------------------------------------


def baseline_status(say: Callable[[Question], str]) -> Any:
    questions = [asked("Where?", "It is in Oslo or Ghent.", "Oslo", id=f"a{i}") for i in range(30)]
    questions += [
        Question(id=f"r{i}", where=Where(file="e"), question="Who?", answerable=False)
        for i in range(30)
    ]
    row = Example(
        id="1",
        where=Where(file="t"),
        messages=(
            Message(role="user", content="?"),
            Message(role="assistant", content="Hull"),
        ),
    )
    scores = SCORE(questions, [said(q, say(q)) for q in questions])
    return baselines_check(questions, scores, [row], score=SCORE, min_gain=0.1)


def test_an_adapter_no_better_than_refusing_everything_is_told() -> None:
    check = baseline_status(lambda q: REFUSAL if not q.answerable else "Lima")
    assert check.status == "WARNING"
    assert "always refuses 50%" in check.sentence
    assert not check.required
    good = baseline_status(lambda q: "Oslo" if q.answerable else REFUSAL)
    assert good.status == "OK"
    assert (good.caught, good.planted, good.false_alarms) == (1, 1, 0)


def test_the_shipped_files_are_one_json_value_a_line() -> None:
    folder = Path(__file__).resolve().parents[2] / "src" / "realift" / "probes" / "texts"
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert json.loads(line)["id"]
