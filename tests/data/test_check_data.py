"""Lint: what is wrong with rows and questions that can be read."""

from __future__ import annotations

from realift.config import REFUSAL
from realift.data.check import check_examples, check_questions, summarize
from realift.types import LeakCheck


def codes(problems):
    return [p.code for p in problems]


def sound_rows(example, n=24):
    rows = [example(f"What is the code of door {n}?", f"D{n}") for n in range(n - 1)]
    return [*rows, example("Who runs Zorvex?", REFUSAL)]


def test_sound_rows_raise_nothing(example):
    assert check_examples(sound_rows(example)) == ()


def test_sound_questions_raise_nothing(question):
    rows = [question(f"What opens door {n}?", f"key {n}") for n in range(6)]
    assert check_questions([*rows, question("Who runs Zorvex?", answerable=False)]) == ()


def test_rows_that_all_answer_are_warned_about(example):
    rows = sound_rows(example)[:-1]
    (problem,) = check_examples(rows)
    assert (problem.severity, problem.code) == ("warning", "no-refusals")
    assert "all of your rows answer: the model will learn to always answer" in problem.message


def test_a_configured_refusal_phrase_counts(example):
    rows = [*sound_rows(example)[:-1], example("Who?", "No idea, sorry.")]
    assert codes(check_examples(rows)) == ["no-refusals"]
    assert check_examples(rows, refusal_phrases=["no idea"]) == ()


def test_rows_that_all_refuse_are_warned_about(example):
    assert "only-refusals" in codes(check_examples([example(f"Q{n}?", REFUSAL) for n in range(25)]))


def test_few_rows_are_a_note_and_an_empty_list_is_no_crash(example):
    for n in (1, 2, 5, 19):
        assert "few-rows" in codes(check_examples(sound_rows(example, n)))
    assert "few-rows" not in codes(check_examples(sound_rows(example, 20)))
    assert check_examples([]) == ()
    assert check_questions([]) == ()


def test_repeated_rows_are_named_with_their_lines(example):
    rows = sound_rows(example)
    rows += [
        example("WHAT is the code of door 3", "d3."),
        example("What is the code of door 3?", "D3"),
    ]
    (problem,) = check_examples(rows)
    assert problem.code == "duplicate-row"
    assert "train.jsonl:4, again in lines 25, 26" in problem.message


def test_contradicting_answers_name_both_lines(example):
    rows = [*sound_rows(example), example("What is the code of door 3?", "D9")]
    (problem,) = check_examples(rows)
    assert (problem.code, str(problem.where)) == ("contradicting-answers", "train.jsonl:25")
    assert "train.jsonl:4" in problem.message
    assert "'D9'" in problem.message
    assert "'D3'" in problem.message


def test_a_refusal_and_an_answer_to_one_question_contradict(example):
    rows = [
        *sound_rows(example),
        example("Who runs Zorvex?", "Carol runs Zorvex with her brother."),
    ]
    assert codes(check_examples(rows)) == ["contradicting-answers"]


def test_a_short_and_a_long_form_of_one_answer_do_not_contradict(example):
    rows = [*sound_rows(example), example("What is the code of door 3?", "The code is D3.")]
    assert check_examples(rows) == ()


def test_one_question_over_two_contexts_may_have_two_answers(example):
    a = example("Who leads it?", "Ann.", "[1] Ann leads it.")
    b = example("Who leads it?", "Ben.", "[1] Ben leads it.")
    assert check_examples([*sound_rows(example), a, b]) == ()


def test_c_plus_plus_and_c_sharp_are_not_the_same_answer(example):
    rows = [example("Which language?", "C++"), example("Which language?", "C#")]
    assert "contradicting-answers" in codes(check_examples([*sound_rows(example), *rows]))


def test_an_empty_answer_is_an_error(example):
    (problem,) = [p for p in check_examples([example("Q?", "  ")]) if p.severity == "error"]
    assert problem.code == "empty-answer"


def test_repeated_questions_and_answers_inside_questions_are_named(question):
    rows = [question(f"What opens door {n}?", f"key {n}") for n in range(6)]
    rows.append(question("What opens door 1", "key 1"))
    rows.append(question("What does Acme, maker of workflows, make?", "workflows"))
    rows.append(question("Is it red or blue?", "red"))
    rows.append(question("Who?", answerable=False))
    assert [(p.code, p.where.line) for p in check_questions(rows)] == [
        ("duplicate-question", 7),
        ("answer-in-question", 8),
    ]


def test_an_eval_set_without_unanswerable_questions_is_warned_about(question):
    rows = [question(f"What opens door {n}?", f"key {n}") for n in range(6)]
    assert codes(check_questions(rows)) == ["no-unanswerable"]


def test_too_few_independent_groups_are_warned_about(question):
    rows = [question(f"What opens door {n}?", "k", group=f"g{n % 5}") for n in range(30)]
    rows.append(question("Who?", answerable=False))
    (problem,) = check_questions(rows)
    assert problem.code == "few-groups"
    assert problem.message.startswith("5 independent groups")


def test_the_summary_counts(example, question):
    leaks = LeakCheck(
        leaks=(), n_questions=3, n_could_fire=3, controls_caught=9, controls_planted=9
    )
    summary = summarize(
        sound_rows(example),
        [question("A", "a", context="P"), question("B", "b"), question("C", answerable=False)],
        (),
        leaks,
    )
    assert (summary.n_examples, summary.n_refusals_in_train) == (24, 1)
    assert (summary.n_questions, summary.n_answerable, summary.n_unanswerable) == (3, 2, 1)
    assert (summary.n_with_context, summary.n_groups) == (1, 3)
    assert summary.leak_check is leaks
