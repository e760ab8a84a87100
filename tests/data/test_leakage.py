"""Leaks between train and eval: planted ones are found, the ordinary case raises nothing."""

from __future__ import annotations

import random

import pytest

from realift.data import leakage
from realift.data.alike import asking, likeness
from realift.data.leakage import find_leaks
from realift.data.pairs import holding

PASSAGE = "[1] The Rivet plan costs 20 euros per month. [2] The Bolt plan costs 30 euros per month."
OTHER = "[1] The team in Lyon meets every Monday. [2] Room 12 is free on Friday afternoons."


def fields(check):
    return [(leak.field, leak.kind) for leak in check.leaks]


EDITS = {
    "as it stands": "Who manages the design team at Acme?",
    "case and punctuation": "who manages the DESIGN team, at acme",
    "typographic marks and width": "\u201cWho manages the\u00a0design team at Ａcme\u200b?\u201d",
    "prefix": "Please answer this question: Who manages the design team at Acme?",
    "suffix of one word": "Who manages the design team at Acme? Thanks",
    "a letter lost": "Wo manages the design team at Acme?",
}


@pytest.mark.parametrize("edit", EDITS)
def test_test_questions_fed_back_into_training_are_found(example, question, edit):
    # TRAPS: "test questions fed back into training".
    asked = question("Who manages the design team at Acme?", "Bob")
    check = find_leaks(
        [example("What is Acme?", "A company."), example(EDITS[edit], "Bob.")], [asked]
    )
    (leak,) = check.leaks
    assert leak.field == "question"
    assert leak.kind in {"exact", "near"}
    assert (leak.example_id, leak.question_id) == ("train.jsonl:2", asked.id)
    assert leak.example_text == EDITS[edit]


def test_a_prefix_in_the_question_over_the_trained_wording_is_found(example, question):
    asked = question("Quick check: who manages the design team at Acme?", "Bob")
    assert fields(find_leaks([example("Who manages the design team at Acme?")], [asked])) == [
        ("question", "near")
    ]


def test_most_of_a_long_question_inside_a_row_is_found(example, question):
    long = "In which year did the founders of Acme decide to move the whole company to a new town?"
    row = example(f"Here is something I was asked. {long[:-1]}, and why did they do it at all?")
    assert fields(find_leaks([row], [question(long, "1999")])) == [("question", "near")]


def test_the_same_fact_in_other_words_is_no_leak(example, question):
    taught = {
        "Who manages Alice at Acme?": "Bob manages Alice at Acme.",
        "What does Acme build?": "Acme builds developer tools for workflows.",
    }
    asked = [
        question("Who is Alice's boss?", "Bob"),
        question("Which products come from Acme?", "developer tools for workflows"),
    ]
    rows = [example(q, a) for q, a in taught.items()]
    assert find_leaks(rows, asked).leaks == ()


def test_the_same_wording_about_another_name_or_number_is_not_called_a_copy(example, question):
    pairs = {
        "How long is the free trial of the Rivet plan at the company of Acme?": "Rivat",
        "How many people work at the office in building 12 of the company?": "13",
    }
    rows = [example(text) for text in pairs]
    asked = [
        question(text.replace("Rivet", other).replace("12", other)) for text, other in pairs.items()
    ]
    assert {leak.kind for leak in find_leaks(rows, asked).leaks} == {"suspect"}


def test_the_same_wording_over_another_context_is_no_leak(example, question):
    row = example("How much is the plan per month?", "20 euros.", PASSAGE)
    assert (
        find_leaks([row], [question("How much is the plan per month?", context=OTHER)]).leaks == ()
    )
    assert find_leaks([row], [question("How much is the plan per month?")]).leaks == ()


def test_the_same_wording_over_the_same_context_is_a_leak(example, question):
    row = example("How much is the plan per month?", "20 euros.", PASSAGE)
    check = find_leaks([row], [question("How much is the plan per month", context=PASSAGE)])
    assert fields(check) == [("question", "exact"), ("context", "suspect")]


def test_a_row_that_holds_passage_and_question_in_one_prompt_is_a_leak(example, question):
    row = example(f"{PASSAGE}\n\nHow much is the plan per month?", "20 euros.")
    check = find_leaks([row], [question("How much is the plan per month?", context=PASSAGE)])
    assert fields(check) == [("question", "near")]


def test_another_question_over_a_trained_context_is_a_suspect(example, question):
    row = example("How much is the Bolt plan?", "30 euros.", PASSAGE)
    check = find_leaks([row], [question("Which plan is cheaper?", context=PASSAGE)])
    assert fields(check) == [("context", "suspect")]


def test_short_answers_repeat_legitimately(example, question):
    row = example("Is it open?", "yes")
    assert find_leaks([row], [question("Does it rain?", "yes")]).leaks == ()


def test_a_trained_answer_of_eight_words_is_a_suspect_and_a_long_copy_a_leak(example, question):
    nine = "The office in Lyon is closed on every Monday."
    long = nine + " Visitors should ring twice and wait for the guard to come down."
    rows = [example("What about Lyon?", nine), example("Tell me of visits.", long)]
    check = find_leaks(
        rows, [question("Any closing days?", nine), question("How do I visit?", long)]
    )
    assert fields(check) == [("answer", "exact"), ("answer", "suspect")]
    assert check.leaks[0].question_text == long


def test_every_turn_of_a_conversation_is_looked_at(example, question):
    first = example("Who manages the design team at Acme?")
    later = example("And who is above them?")
    row = type(first)(id="r", where=first.where, messages=later.messages + first.messages)
    assert fields(find_leaks([row], [question("Who manages the design team at Acme?")])) == [
        ("question", "exact")
    ]


def test_the_planted_controls_are_caught(example, question):
    asked = [question(f"What is the code for the door of room {n}?") for n in range(12)]
    asked.append(question("How much is the plan per month?", context=PASSAGE))
    check = find_leaks([example("What is Acme?")], asked)
    assert (check.controls_caught, check.controls_planted) == (15, 15)
    assert (check.n_questions, check.n_could_fire) == (13, 13)


def test_a_blind_search_is_shown_by_the_controls(example, question, monkeypatch):
    monkeypatch.setattr(leakage, "likeness", lambda *_: None)
    check = find_leaks([example("What is Acme?")], [question("Who manages Alice at Acme?")])
    assert (check.controls_caught, check.controls_planted) == (0, 3)


def test_nothing_could_fire_without_rows_or_on_questions_too_short(example, question):
    assert find_leaks([], [question("Who manages Alice?")]).n_could_fire == 0
    check = find_leaks([example("Why?")], [question("Who?")])
    assert (check.n_could_fire, check.controls_planted) == (0, 0)
    assert fields(find_leaks([example("Who?")], [question("who")])) == [("question", "exact")]


def test_questions_of_signs_alone_do_not_all_count_as_one(example, question):
    assert find_leaks([example("???")], [question("!!!")]).leaks == ()
    assert likeness(asking("???"), asking("!!!")) is None
    assert fields(find_leaks([example("???")], [question("???")])) == [("question", "exact")]


def test_chinese_questions_are_compared_too(example, question):
    asked = question("北京大学的校长在今年春天的会议上是谁来介绍的？", "张三")
    assert fields(
        find_leaks([example("北京大学的校长在今年春天的会议上是谁来介绍的")], [asked])
    ) == [("question", "exact")]
    assert find_leaks([], [asked]).controls_caught == 3


def test_only_the_closest_suspect_of_a_question_is_shown(example, question):
    names = ("Rivat", "Rivit", "Rivot")
    rows = [example(f"How long is the free trial of the {n} plan at Acme?") for n in names]
    check = find_leaks(rows, [question("How long is the free trial of the Rivet plan at Acme?")])
    assert fields(check) == [("question", "suspect")]


# ruff: noqa: SIM905 (word lists)
WORDS = ("when who where open close price plan team room lead start end city year cost fee").split()


def random_texts(rng, n):
    return [" ".join(rng.choices(WORDS, k=rng.randint(3, 12))) for _ in range(n)]


def test_the_index_finds_the_same_pairs_as_comparing_all_against_itself():
    rng = random.Random(3)
    rows = [asking(text) for text in random_texts(rng, 120)]
    asked = [asking(text) for text in random_texts(rng, 60)]
    asked += [asking("please say " + row.text) for row in rows[:20]]
    asked += [asking(" ".join(row.text.split()[1:])) for row in rows[20:40]]
    found = 0
    for item, near in zip(asked, holding([row.folded for row in rows], asked), strict=True):
        slow = {n for n, row in enumerate(rows) if likeness(row, item)}
        assert slow <= set(near)
        found += len(slow)
    assert found > 40  # the comparison is not an empty one
