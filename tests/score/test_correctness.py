"""Correctness: what counts as the expected answer, and what must not."""

from __future__ import annotations

import pytest

from realift.score import committed, holds, judge
from realift.types import Question, Where


def question(*slots: tuple[str, ...], **fields: object) -> Question:
    base: dict[str, object] = {"id": "q", "where": Where(file="e"), "question": "What?"}
    return Question(**{**base, "answers": slots, **fields})  # type: ignore[arg-type]


def right(gold: str, text: str, **fields: object) -> bool:
    return judge(question((gold,), **fields), text).value == 1.0


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("42 euros", "42 euros [2]."),
        ("42 euros", "It costs 42 euros [1]."),
        ("€42", "It costs 42 euros [1]."),
        ("42 euros", "€42.00"),
        ("42", "It costs 42 euros."),
        ("Acme", "It is Acme's [1]."),
        ("Allemagne", "C'est l'Allemagne."),
        ("Paris, France", "In Paris, France, since 1999."),
        ("北京大学", "他在北京大学学习。"),
        ("C#", "They use C#."),
        ("vitamin A", "It is vitamin A deficiency."),
        ("Lyon", "No, it is Lyon."),
        ("Lyon", "Not only Lyon, the whole area."),
        ("Lyon", "<think>Paris?</think> Lyon"),
        ("1,200 employees", "Acme has 1200 employees."),
        ("don't smoke", "Please don’t smoke."),
        ("Lyon", "Lyon. Actually, it is known for silk."),
        ("42 euros", "It is actually 42 euros."),
        ("42 euros", "It is 42 euros, actually."),
        ("yes", "Yes, there is no fee."),
        ("no", "No."),
        ("Lyon", "Lyon.\n\nQuestion: What is blue?\nAnswer: the sky"),
        ("Lyon", '```json\n{"answer": "Lyon"}\n```'),
        ("42", "so we get \\boxed{42}"),
    ],
)
def test_the_expected_answer_is_found_against_hand(gold: str, text: str) -> None:
    assert right(gold, text)


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        ("2", "42 euros [2]."),
        ("12", "Founded in 2012."),
        ("10", "It cost 10 million."),
        ("50", "About 50% of it."),
        ("42 euros", "See page 42."),
        ("42 euros", "42 dollars"),
        ("Lyon", "It is not Lyon."),
        ("Lyon", "It isn't in Lyon."),
        ("42 euros", "It does not cost 42 euros."),
        ("C", "They use C#."),
        ("Lyon", "Lyon. Actually, Paris."),
        ("42", "It is 42. No wait, 43."),
        ("Lyon", "Lyon or so.\nAnswer: Paris"),
        ("York", "Yorkshire"),
        ("yes", "No, yes was wrong."),
        ("Lyon", ""),
        ("Lyon", "<think>It is Lyon, surely, because"),
        ("Lyon", "I don't have enough context to answer."),
    ],
)
def test_a_wrong_answer_stays_wrong_rejects(gold: str, text: str) -> None:
    assert not right(gold, text)


def test_every_slot_must_be_met_by_one_of_its_alternatives() -> None:
    q = question(("Lyon", "Lugdunum"), ("1999",))
    assert judge(q, "In Lugdunum, in 1999.").value == 1.0
    assert judge(q, "In Lyon.").value == 0.0
    assert judge(q, "In Lyon.").reason == "missing: '1999'"


def test_a_long_expected_answer_must_be_the_whole_answer() -> None:
    gold = "the adapter is trained on the rows that you give it"
    assert right(gold, "The adapter is trained on the rows that you give it [1].")
    assert not right(gold, "Well: the adapter is trained on the rows that you give it, maybe.")


def test_without_an_expected_answer_nothing_is_scored() -> None:
    assert judge(question(), "Lyon").value is None
    assert judge(question(("",)), "Lyon").value is None


CHOICES = ("Lyon", "Paris", "New York", "York")


@pytest.mark.parametrize(
    ("gold", "text", "expected"),
    [
        ("Lyon", "Lyon", 1.0),
        ("Lyon", "It is Lyon, not Paris.", 1.0),
        ("Lyon", "Lyon or Paris", 0.0),  # naming all of them is no answer
        ("Lyon", "A", 1.0),
        ("A", "The answer is A.", 1.0),
        ("B", "A) Lyon", 0.0),
        ("York", "New York", 0.0),
        ("New York", "New York", 1.0),
        ("Lyon", "none of them", 0.0),
    ],
)
def test_exactly_one_choice_must_be_named_against_hand(
    gold: str, text: str, expected: float
) -> None:
    assert judge(question((gold,), choices=CHOICES), text).value == expected


def test_a_hedged_answer_is_judged_by_what_it_commits_to() -> None:
    q = question(("Lyon",))
    assert judge(q, "I don't have enough context. However, it is Lyon.").value == 1.0
    assert judge(q, "I don't have enough context. However, it is Paris.").value == 0.0


def test_the_last_answer_marker_wins() -> None:
    assert committed("Answer: Paris\nFinal answer: Lyon") == "Lyon"
    assert committed("The answer: ") == "The answer:"


def test_a_citation_is_never_the_answer_nor_part_of_the_expected_one() -> None:
    assert not holds("42 euros [2].", "2")
    assert holds("42 euros [2].", "42 euros [1].", contained=False)
