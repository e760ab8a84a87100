"""The eval set: contexts, alternatives, flags, groups, ids; every error with file and line."""

from __future__ import annotations

import json

import pytest

from realift.config import REFUSAL
from realift.data.problems import describe
from realift.data.read import read_questions
from realift.types import Passage


def read_one(write, **row):
    result = read_questions(write("eval.jsonl", json.dumps(row)))
    assert len(result.rows) == 1, [describe(p) for p in result.problems]
    return result.rows[0]


@pytest.mark.parametrize("name", ["question", "instruction", "prompt", "input"])
@pytest.mark.parametrize("gold", ["answers", "answer", "output", "expected", "ground_truth"])
def test_questions_and_answers_are_found_under_their_aliases(write, name, gold):
    q = read_one(write, **{name: "Who?", gold: "Bob"})
    assert (q.question, q.answers, q.answerable) == ("Who?", (("Bob",),), True)


@pytest.mark.parametrize(
    ("given", "slots"),
    [
        ("Bob", (("Bob",),)),
        (["Bob", "Robert"], (("Bob", "Robert"),)),
        ([["Bob", "Robert"], ["Alice"]], (("Bob", "Robert"), ("Alice",))),
        (["Bob", "Bob"], (("Bob",),)),
        (42, (("42",),)),
    ],
)
def test_answers_are_slots_of_alternatives(write, given, slots):
    assert read_one(write, question="Who?", answers=given).answers == slots


def test_key_points_are_one_slot_each(write):
    assert read_one(write, question="Q", answers="a", key_points=["x", "y"]).key_points == (
        ("x",),
        ("y",),
    )
    points = read_one(write, question="Q", answers="a", key_points=[["x", "X1"], ["y"]]).key_points
    assert points == (("x", "X1"), ("y",))


def test_every_optional_field_is_read(write):
    q = read_one(
        write, id="a-1", question="Q", answers="a", group="doc 3", choices=["a", "b"],
        expected_source="x.md", numeric_tol=0.5, lang="de",
    )  # fmt: skip
    assert (q.id, q.group, q.choices, q.expected_source, q.numeric_tol, q.lang) == (
        "a-1", "doc 3", ("a", "b"), "x.md", 0.5, "de",
    )  # fmt: skip


def test_a_plain_context_is_used_verbatim(write):
    q = read_one(write, question="Q", context="One.\n\n[2] Two.", answers="a")
    assert q.context == "One.\n\n[2] Two."
    assert q.passages == (Passage(text="One.\n\n[2] Two."),)


def test_a_list_context_is_numbered_with_its_sources(write):
    q = read_one(
        write, question="Q", context=["One.", {"text": "Two.", "source": "b.md"}], answers="a"
    )
    assert q.context == "[1] One.\n[2] (b.md) Two."
    assert q.passages == (Passage(text="One."), Passage(text="Two.", source="b.md"))


def test_a_context_that_is_numbered_already_is_known_as_passages(write):
    q = read_one(write, question="Q", contexts="[1] One.\n[2] Two.", answers="a")
    assert q.context == "[1] One.\n[2] Two."
    assert [p.text for p in q.passages] == ["One.", "Two."]


@pytest.mark.parametrize("no", ["false", "False", "no", "0", "NO"])
def test_a_table_says_no_in_several_ways(write, no):
    text = f"question,answers,answerable\nWho?,,{no}\nWhen?,May,yes\nWhere?,Rome,\n"
    result = read_questions(write("eval.csv", text))
    assert [q.answerable for q in result.rows] == [False, True, True]
    assert not result.problems


def test_a_table_cell_may_hold_a_list_as_json_but_a_citation_is_text(write):
    text = 'question,answers,context\nWho?,"[""Bob"", ""Robert""]","[""A."", ""B.""]"\nHow?,[1],\n'
    first, second = read_questions(write("eval.csv", text)).rows
    assert first.answers == (("Bob", "Robert"),)
    assert first.context == "[1] A.\n[2] B."
    assert second.answers == (("[1]",),)


def test_yaml_keeps_texts_as_written_and_knows_its_lines(write):
    text = (
        "- question: Price?\n  answers: 1.50\n\n- question: Open?\n  answers: [yes, 'Yes.']\n"
        "- question: Who?\n  answerable: false\n- question: ''\n"
    )
    result = read_questions(write("eval.yaml", text))
    assert [q.answers for q in result.rows] == [(("1.50",),), (("yes", "Yes."),), ()]
    assert [q.where.line for q in result.rows] == [1, 4, 6]
    empty = next(p for p in result.problems if p.severity == "error")
    assert (str(empty.where), empty.code) == ("eval.yaml:8", "empty-question")


@pytest.mark.parametrize(
    ("text", "line"), [("- question: a: b\n", 1), ("- question: a\n   answers: b\n", 2)]
)
def test_rejects_broken_yaml_with_its_line(write, text, line):
    (problem,) = read_questions(write("eval.yml", text)).problems
    assert (str(problem.where), problem.code) == (f"eval.yml:{line}", "bad-yaml")


def test_questions_without_an_id_are_called_by_their_position(write):
    rows = '{"question": "A", "answers": "a"}\n{"question": "B", "id": "b", "answers": "b"}\n' * 1
    result = read_questions(write("e.jsonl", rows + '{"question": "C", "answers": "c"}'))
    assert [q.id for q in result.rows] == ["q1", "b", "q3"]


def test_rejects_an_id_that_is_taken(write):
    row = '{"id": "x", "question": "A", "answers": "a"}\n'
    (problem,) = read_questions(write("e.jsonl", row + "\n" + row)).problems
    assert describe(problem).startswith("e.jsonl:3: id 'x' is taken by e.jsonl:1\n  hint:")


def test_questions_over_one_context_form_a_group_and_others_stand_alone(write):
    rows = [
        {"question": "A", "context": "P."},
        {"question": "B", "context": "p"},
        {"question": "C"},
        {"question": "D"},
        {"question": "E", "group": "mine"},
    ]
    lines = "\n".join(json.dumps(r | {"answers": "a"}) for r in rows)
    a, b, c, d, e = (q.group for q in read_questions(write("e.jsonl", lines)).rows)
    assert a == b
    assert len({a, c, d, e}) == 4
    assert e == "mine"


def test_a_refusal_as_the_only_answer_means_not_answerable(write):
    rows = [{"question": "A", "answers": "I don’t have enough context to answer"},
            {"question": "B", "answers": REFUSAL, "answerable": True},
            {"question": "C", "answers": REFUSAL, "answerable": False}]  # fmt: skip
    result = read_questions(write("e.jsonl", "\n".join(map(json.dumps, rows))))
    assert [(q.answerable, q.answers) for q in result.rows] == [(False, ())] * 3
    assert [(p.severity, p.where.line) for p in result.problems] == [("note", 1), ("warning", 2)]


def test_an_answerable_question_without_answers_is_a_warning_with_its_line(write):
    rows = '{"question": "A"}\n{"question": "B", "answers": []}\n'
    (problem,) = read_questions(write("e.jsonl", rows)).problems
    assert (problem.severity, problem.code, problem.where.line) == ("warning", "missing-answer", 1)
    assert "(also line 2)" in problem.message


def test_answers_to_an_unanswerable_question_are_a_warning(write):
    row = '{"question": "A", "answers": "a", "answerable": false}'
    (problem,) = read_questions(write("e.jsonl", row)).problems
    assert (problem.severity, problem.code) == ("warning", "answer-to-unanswerable")


def test_a_misspelled_answer_field_is_guessed(write):
    problems = read_questions(write("e.jsonl", '{"question": "A", "anwsers": "a"}')).problems
    assert {p.code for p in problems} == {"unknown-field", "missing-answer"}
    assert all("'answers'" in describe(p) for p in problems)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"answers": "a"}, "missing-question"),
        ({"question": " ", "answers": "a"}, "empty-question"),
        ({"question": "A", "answers": ["a", ["b"]]}, "mixed-answers"),
        ({"question": "A", "answers": ["a", ""]}, "empty-answer"),
        ({"question": "A", "answers": {"text": "a"}}, "not-text"),
        ({"question": "A", "answers": "a", "answerable": "maybe"}, "bad-value"),
        ({"question": "A", "answers": "a", "numeric_tol": -1}, "bad-value"),
        ({"question": "A", "answers": "a", "numeric_tol": "x"}, "bad-value"),
        ({"question": "A", "answers": "a", "context": ["x", ""]}, "empty-field"),
        ({"question": "A", "prompt": "B", "answers": "a"}, "ambiguous-fields"),
    ],
)
def test_rejects_wrong_values_with_file_and_line(write, row, code):
    good = '{"question": "G", "answers": "g"}\n'
    result = read_questions(write("e.jsonl", good + json.dumps(row)))
    (error,) = [p for p in result.problems if p.severity == "error"]
    assert (str(error.where), error.code) == ("e.jsonl:2", code)
    assert error.hint
    assert len(result.rows) == 1


def test_a_retrieval_table_of_questions_and_sources_is_read(write):
    text = "question,expected_source\nHow long are returns?,returns.md\n"
    result = read_questions(write("e.csv", text))
    assert result.rows[0].expected_source == "returns.md"
    assert [p.severity for p in result.problems] == ["warning"]


def test_200_questions_are_all_read(write):
    lines = "\n".join(json.dumps({"question": f"Q {n}?", "answers": f"a {n}"}) for n in range(200))
    assert len(read_questions(write("e.jsonl", lines)).rows) == 200
