"""The example's data is what its README says, and is not arranged."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from realift.config import REFUSAL, resolve
from realift.data.check import check_examples, check_questions, summarize
from realift.data.leakage import find_leaks
from realift.data.read import read_examples, read_questions
from realift.data.text import fold, is_refusal

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"
SEED_ROWS = (
    {
        "instruction": "What does Acme build?",
        "input": "",
        "output": "Acme builds developer tools for workflows.",
    },
    {
        "instruction": "Who manages Alice at Acme?",
        "input": "",
        "output": "Bob manages Alice at Acme.",
    },
)


def raw(name):
    return [json.loads(line) for line in (ACME / name).read_text().splitlines()]


@pytest.fixture(scope="module")
def train():
    return read_examples(ACME / "train.jsonl").rows


@pytest.fixture(scope="module")
def naive():
    return read_examples(ACME / "naive.jsonl").rows


@pytest.fixture(scope="module")
def questions():
    return read_questions(ACME / "eval.jsonl").rows


def kind(question):
    return question.id.split("-")[0] + ("-missing" if question.id.endswith("-missing") else "")


def test_the_files_are_read_without_any_problem():
    for name in ("train.jsonl", "naive.jsonl"):
        assert read_examples(ACME / name).problems == ()
    assert read_questions(ACME / "eval.jsonl").problems == ()


def test_the_lint_finds_nothing_in_the_good_rows_and_the_missing_refusals_in_the_naive_ones(
    train, naive, questions
):
    assert check_examples(train) == ()
    assert [p.code for p in check_examples(naive)] == ["no-refusals"]
    assert check_questions(questions) == ()


def test_the_rows_have_the_seeds_format_and_hold_its_two_rows():
    rows = raw("train.jsonl")
    assert all(set(row) == {"instruction", "input", "output"} for row in rows)
    assert all(isinstance(value, str) for row in rows for value in row.values())
    for name in ("train.jsonl", "naive.jsonl"):
        assert all(row in raw(name) for row in SEED_ROWS)


def test_the_mix_of_training_rows(train):
    refusals = [r for r in train if r.answer == REFUSAL]
    grounded = [r for r in train if r.context and r.answer != REFUSAL]
    assert 60 <= len(train) <= 100
    assert 45 <= len(refusals) <= 55
    assert sum(bool(r.context) for r in refusals) >= 5
    assert len(grounded) == 8
    assert not [r for r in train if is_refusal(r.answer) and r.answer != REFUSAL]


def test_every_grounded_row_cites_the_passage_that_holds_its_answer(train):
    for row in train:
        if not row.context or row.answer == REFUSAL:
            continue
        value, mark = row.answer.removesuffix(".").rsplit(" ", 1)
        (line,) = [x for x in row.context.split("\n") if x.startswith(mark + " ")]
        assert fold(value) in fold(line), row.id


def test_citations_do_not_favor_one_place(train, questions):
    trained = Counter(r.answer[-4:] for r in train if r.context and r.answer != REFUSAL)
    places = Counter(
        next(n for n, p in enumerate(q.passages) if any(holds(p.text, a) for a in q.answers[0]))
        for q in questions
        if q.passages and q.answerable
    )
    for counts in (trained, places):
        assert max(counts.values()) <= 0.6 * counts.total()


def test_the_naive_rows_are_the_taught_facts_and_nothing_else(train, naive):
    def key(row):
        return (row.instruction, row.context, row.answer)

    assert {key(r) for r in naive} < {key(r) for r in train}
    assert not [r for r in naive if r.context or is_refusal(r.answer)]
    assert len(naive) == 12 * 3


def test_the_mix_of_questions(questions):
    kinds = Counter(kind(q) for q in questions)
    assert kinds == {
        "fact": 12 * 3,
        "passage": 50,
        "passage-missing": 48,
        "unknown": 60,
        "general": 24,
    }
    for q in questions:
        assert q.answerable is (kind(q) not in {"unknown", "passage-missing"}), q.id
        assert bool(q.context) is q.id.startswith("passage"), q.id
        assert bool(q.answers) is q.answerable, q.id


def test_questions_that_hang_together_share_a_group(questions):
    for q in questions:
        if q.id.startswith("passage"):
            assert q.group == "-".join(q.id.split("-")[:2])
        elif q.id.startswith("fact"):
            assert q.group == q.id.rsplit("-", 1)[0]
    assert len({q.group for q in questions if q.answerable}) == 12 + 50 + 24


def holds(text, value):
    return f" {fold(value)} " in f" {fold(text)} "


def test_a_passage_holds_the_answer_to_its_question_once(questions):
    for q in questions:
        assert 2 <= len(q.passages) <= 4 or not q.context, q.id
        if q.context and q.answerable:
            assert sum(holds(p.text, q.answers[0][0]) for p in q.passages) == 1 or any(
                sum(holds(p.text, a) for p in q.passages) == 1 for a in q.answers[0]
            ), q.id


@pytest.mark.parametrize("name", ["train", "naive"])
def test_no_question_stands_in_the_training_rows(name, questions, request):
    check = find_leaks(request.getfixturevalue(name), questions)
    assert [leak for leak in check.leaks if leak.kind != "suspect"] == []
    assert check.leaks == ()  # not even a suspect
    assert check.controls_caught == check.controls_planted > 0
    assert check.n_could_fire == len(questions)


def test_no_passage_and_no_answer_from_one_stands_in_the_training_rows(train, questions):
    trained = " ".join(f" {fold(r.instruction + ' ' + r.context)} {fold(r.answer)} " for r in train)
    for q in questions:
        for passage in q.passages:
            assert fold(passage.text) not in trained, q.id
        if q.context and q.answerable:
            assert len(q.answers[0][0]) < 3 or not holds(trained, q.answers[0][0]), q.id


KNOWN_NAMES = {"alice", "bob", "carol", "weaver", "flowline", "i"}  # taught ones, and the pronoun


def test_general_answers_and_refused_names_are_not_the_trained_ones(train, questions):
    refused = {fold(r.instruction) for r in train if r.answer == REFUSAL and not r.context}
    names = {w for r in refused for w in r.split()}
    for q in questions:
        if kind(q) == "general":
            assert not any(fold(q.answers[0][0]) == fold(r.answer) for r in train), q.id
        if kind(q) == "unknown" and "Acme" not in q.question:
            invented = [w.rstrip("?") for w in q.question.split()[1:] if w[0].isupper()]
            assert not ({fold(w) for w in invented} - KNOWN_NAMES) & names, q.id


def test_a_question_that_must_be_refused_was_not_taught(train, questions):
    taught = {fold(r.instruction) for r in train if r.answer != REFUSAL}
    assert not [q.id for q in questions if not q.answerable and fold(q.question) in taught]


def test_every_taught_fact_is_asked_in_new_words_and_nothing_untaught(naive, questions):
    taught = " | ".join(fold(r.answer) for r in naive)
    asked = {q.group: q for q in questions if kind(q) == "fact"}
    assert len(asked) == 12
    for q in asked.values():
        assert any(holds(taught, a) for a in q.answers[0]), q.id
    wordings = {fold(r.instruction) for r in naive}
    assert not [q.id for q in questions if fold(q.question) in wordings]


def test_the_summary_of_the_example(train, questions):
    summary = summarize(train, questions)
    assert (summary.n_examples, summary.n_refusals_in_train) == (99, 52)
    assert (summary.n_questions, summary.n_unanswerable, summary.n_with_context) == (218, 108, 98)


@pytest.mark.parametrize(("name", "rows"), [("realift", "train.jsonl"), ("naive", "naive.jsonl")])
def test_the_configurations_name_these_files_and_the_embedded_base(name, rows):
    config = resolve(file=ACME / f"{name}.yaml")
    assert config.base == "tiny"
    assert Path(config.train) == ACME / rows
    assert Path(config.eval) == ACME / "eval.jsonl"
    assert config.name is None


def test_both_configurations_differ_in_the_rows_alone():
    given = [dict(resolve(file=ACME / f"{n}.yaml").given) for n in ("realift", "naive")]
    assert given[0] == given[1]
    values = [resolve(file=ACME / f"{n}.yaml") for n in ("realift", "naive")]
    differing = {k for k in given[0] if getattr(values[0], k) != getattr(values[1], k)}
    assert differing == {"train"}
