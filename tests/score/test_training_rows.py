"""What the scorers say about training rows: context that lacks the answer, mixed languages."""

from __future__ import annotations

import pytest

from realift.config import REFUSAL
from realift.score.language import language
from realift.score.rows import (
    check_against_context,
    check_citations,
    check_languages,
    refuses,
)
from realift.types import Example, Message, Where


def rows(*parts: tuple[str, ...]) -> list[Example]:
    made = []
    for line, (asked, answer, *context) in enumerate(parts, start=1):
        user = Message(role="user", content=asked, context=context[0] if context else "")
        said = Message(role="assistant", content=answer)
        where = Where(file="train.jsonl", line=line)
        made.append(Example(id=str(where), where=where, messages=(user, said)))
    return made


SOUND = [
    (f"What does plan {n} cost?", f"{n * 7} euros [1].", f"[1] Plan {n} costs {n * 7} euros.")
    for n in range(1, 9)
]


def test_an_answer_with_a_number_or_name_its_context_lacks_is_named_with_its_row():
    bad = [
        ("What does plan 9 cost?", "64 euros [1].", "[1] Plan 9 costs 63 euros."),
        ("Who leads it?", "Ben Okoro leads it.", "[1] Ann Lee leads it."),
    ]
    problems = check_against_context(rows(*SOUND, *bad))
    assert [(p.code, p.where.line) for p in problems if p.where] == [
        ("not-in-context", 9),
        ("not-in-context", 10),
    ]
    assert "'64 eur'" in problems[0].message


def test_sound_answers_refusals_and_rows_without_context_are_no_fault():
    fine = [
        ("What does plan 9 cost?", REFUSAL, "[1] Plan 8 costs 56 euros."),
        ("What does plan 9 cost?", "The text does not say.", "[1] Plan 8 costs 56 euros."),
        ("Who leads Acme?", "Ben Okoro, since 1999."),
        ("How much is plan 2?", "Plan 2 is fourteen euros.", "[1] It costs 14 euros."),
    ]
    assert check_against_context(rows(*SOUND, *fine)) == ()


def test_a_capitalized_word_that_other_rows_write_small_is_no_name():
    opening = ("Where is it?", "Quayside seats are by the river.", "[1] Seats by the river.")
    small = ("Where do you sit?", "at the quayside", "")
    assert check_against_context(rows(*SOUND, opening, small)) == ()
    assert len(check_against_context(rows(*SOUND, opening))) == 1


def test_an_input_that_is_no_source_is_said_once():
    made = [("Translate.", f"Bob hat {n} Hunde.", f"Alice owns {n + 20} cats.") for n in range(12)]
    (problem,) = check_against_context(rows(*made))
    assert (problem.severity, problem.code) == ("note", "context-is-no-source")
    assert "12 of 12" in problem.message


def test_a_citation_of_a_passage_that_is_not_there_is_named_with_its_row():
    bad = [
        ("What does plan 9 cost?", "63 euros [2].", "[1] Plan 9 costs 63 euros."),
        ("What does plan 9 cost?", "63 euros [1, 4-5].", "[1] Plan 9 costs 63 euros."),
        ("Who leads Acme?", "Ann Lee [1]."),
    ]
    problems = check_citations(rows(*SOUND, *bad))
    assert [(p.code, p.where.line) for p in problems if p.where] == [
        ("fabricated-citation", 9),
        ("fabricated-citation", 10),
        ("fabricated-citation", 11),
    ]
    assert "cites [2], but its context has [1] only" in problems[0].message
    assert "cites [4]" in problems[1].message
    assert "no numbered passage" in problems[2].message


def test_sound_citations_and_brackets_that_are_none_are_no_fault():
    code = ("What is the first item?", "Take x[1], or [1] in short.", "x = [7, 8]")
    assert check_citations(rows(*SOUND)) == ()
    assert check_citations(rows(code, ("Print it.", "print(x[0]) # [0]"), ("And?", "x [1]"))) == ()


def test_citations_that_are_all_made_up_are_named_where_passages_are_numbered():
    made_up = [(asked, answer.replace("[1]", "[3]"), context) for asked, answer, context in SOUND]
    assert len(check_citations(rows(*made_up))) == len(SOUND)


def test_refusals_in_other_words_are_refusals():
    assert refuses("I'm sorry, but the context does not mention that.")
    assert not refuses("Bob.")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("What is the price of the plan and who is it for?", "English"),
        ("Was kostet der Plan und für wen ist er nicht gedacht?", "German"),
        ("Combien coûte le forfait et pour qui est-ce que c'est ?", "French"),
        ("¿Cuánto cuesta el plan y para quién es en la empresa?", "Spanish"),
        ("Сколько стоит план?", "Cyrillic"),
        ("这个计划多少钱？", "Chinese"),
        ("この計画はいくらですか", "Japanese"),
        ("Bob Okoro, Lagos", ""),
        ("42 euros", ""),
    ],
)
def test_languages_are_told_or_left_open(text, name):
    assert language(text) == name


ENGLISH = ("Who is the owner of the house on the hill?", "It is owned by a man from the town.")
GERMAN = ("Wer ist der Besitzer von dem Haus auf dem Berg?", "Das ist ein Mann aus der Stadt.")


def test_stray_rows_in_another_language_are_noted_and_a_mixture_said_once():
    (stray,) = check_languages(rows(*[ENGLISH] * 9, GERMAN))
    assert (stray.code, stray.where and stray.where.line) == ("other-language", 10)
    (mixed,) = check_languages(rows(*[ENGLISH] * 5, *[GERMAN] * 4))
    assert mixed.code == "mixed-languages"
    assert "5 English, 4 German" in mixed.message
    assert check_languages(rows(*[ENGLISH] * 5)) == ()


def test_an_answer_in_another_language_than_its_question_is_named():
    problems = check_languages(rows(*[ENGLISH] * 8, (ENGLISH[0], GERMAN[1])))
    assert [p.code for p in problems] == ["answer-language"]
    translations = [(ENGLISH[0], GERMAN[1])] * 8
    assert "answer-language" not in [p.code for p in check_languages(rows(*translations))]
