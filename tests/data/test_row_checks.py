"""Lint of rows beyond their form: personal data, broken encodings, near-copies, lengths."""

from __future__ import annotations

import pytest

from realift.config import REFUSAL
from realift.data.check import check_examples, check_questions
from realift.data.duplicates import collapse_duplicates
from realift.data.encodings import mojibake, repaired
from realift.data.lengths import word_lengths
from realift.data.personal import personal_data


def found(rows, code):
    return [p for p in check_examples(rows) if p.code == code]


def sound_rows(example, n=24):
    rows = [example(f"What is the code of door {n}?", f"D{n}") for n in range(n - 1)]
    return [*rows, example("Who runs Zorvex?", REFUSAL)]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("mail ada.byron@mail.net", ("an email address",)),
        ("mail help@acme.dev or jane@example.com", ()),
        ("call +49 30 1234567", ("a phone number",)),
        ("call (030) 123 4567", ("a phone number",)),
        ("call 555-867-5309 now", ("a phone number",)),
        ("call 0171 234 56789", ("a phone number",)),
        ("it costs 1,234,567.00 euros since 2019-03-01, 12:30, v1.2.3.4", ()),
        ("10 000 000 people, 3.1415926535, ISBN 978-3-16-148410-0, 192.168.100.101", ()),
        ("IBAN DE89 3704 0044 0532 0130 00", ("an account number (IBAN)",)),
        ("IBAN DE89 3704 0044 0532 0130 02", ()),
        ("pay with 4111 1111 1111 1111", ("a card number",)),
        ("order 4111 1111 1111 1112", ()),
    ],
)
def test_personal_data_is_hinted_at_only_where_it_looks_real(text, kinds):
    assert personal_data(text) == kinds


def test_personal_data_is_said_once_with_all_lines(example):
    rows = [*sound_rows(example), *(example(f"Mail of {n}?", f"{n}@web.net") for n in "abc")]
    (problem,) = found(rows, "personal-data")
    assert (problem.severity, problem.where.line) == ("note", 25)
    assert [place.line for place in problem.also] == [26, 27]
    card = [*sound_rows(example), example("Card?", "4111 1111 1111 1111")]
    (problem,) = found(card, "personal-data")
    assert problem.severity == "warning"


@pytest.mark.parametrize(
    ("broken", "meant"),
    [("fÃ¼r", "für"), ("Itâ€™s", "It’s"), ("5 â‚¬", "5 €"), ("naÃ¯ve cafÃ©", "naïve café")],
)
def test_wrongly_decoded_text_is_found_and_what_was_meant(broken, meant):
    assert mojibake(broken)
    assert repaired(broken) == meant


@pytest.mark.parametrize("text", ["für", "5 €", "«Ça va»", "Ã", "SÃO PAULO", "Ärzte", "北京", "â"])
def test_sound_text_is_not_called_mojibake(text):
    assert mojibake(text) == ""
    assert repaired(text) == text


def test_broken_encodings_name_their_rows(example):
    rows = [*sound_rows(example), example("WofÃ¼r?", "a"), example("Who?", "Tom &amp; J\x07")]
    (problem,) = found(rows, "mojibake")
    assert str(problem.where) == "train.jsonl:25"
    assert "'WofÃ¼r?' was decoded wrongly (for 'Wofür?')" in problem.message
    assert len(found(rows, "control-characters")) == len(found(rows, "html-entities")) == 1


def test_near_copies_with_one_answer_are_near_duplicates(example):
    rows = sound_rows(example)
    rows += [
        example("How long does a refund from the shop take to arrive?", "Three days."),
        example("How long does a refund from the shop take to arrive, please?", "three days"),
        example("How long does a refund from the shop take to arrive now?", "A week."),
    ]
    (problem,) = found(rows, "near-duplicate-row")
    assert (problem.severity, str(problem.where)) == ("note", "train.jsonl:26")
    assert "like train.jsonl:25" in problem.message
    assert found(rows, "contradicting-answers") == []  # "per month" and "per year" may differ


def test_few_refusals_are_a_note_and_other_wordings_count(example):
    rows = [*sound_rows(example, 50), *sound_rows(example, 1)]
    assert len(found([*rows[:48], rows[-1]], "few-refusals")) == 1
    mine = [*rows[:48], example("Who?", "That is not in the text.")]
    assert len(found(mine, "no-refusals")) == 1
    said = check_examples(mine, refuses=lambda text: text == "That is not in the text.")
    assert "no-refusals" not in [p.code for p in said]


def test_repeated_questions_fall_into_one_group(question):
    rows = [
        question("How long does a refund from the shop take?", "3 days"),
        question("Who?", "Bob"),
        question("how long does a refund from the shop take", "3 days"),
        question("How long does a refund from the shop take, please?", "3 days"),
        question("Who?", "Ann"),
    ]
    collapsed, pairs = collapse_duplicates(rows)
    assert [q.group for q in collapsed] == ["g1", "g2", "g1", "g1", "g2"]
    assert [q.id for q in collapsed] == [q.id for q in rows]
    assert len(pairs) == 3
    codes = [p.code for p in check_questions(rows)]
    assert codes.count("duplicate-question") == 2
    assert codes.count("contradicting-questions") == 1


def test_the_length_table_counts_words(example, question):
    rows = [example("one two", "a " * n, "three") for n in range(1, 101)]
    prompts, answers, asked = word_lengths(rows, [question("a b c", "d", context="e f")])
    assert (prompts.of, prompts.smallest, prompts.largest, prompts.n) == (
        "training prompts", 3, 3, 100,
    )  # fmt: skip
    assert (answers.smallest, answers.median, answers.p95, answers.largest) == (1, 50.5, 96, 100)
    assert asked.largest == 5
    assert word_lengths([], []) == ()
