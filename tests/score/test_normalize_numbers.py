"""Normalization and numbers: each false match and false mismatch of the usual rule, by hand."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realift.score.fold import strip_citations
from realift.score.match import holds
from realift.score.normalize import normalize, same, tokens
from realift.score.numbers import equal, parse

FALSE_MATCHES = [  # what the SQuAD normalization takes for equal
    ("3.5", "35"),
    ("-5", "5"),
    ("1.000", "1,000"),
    ("50%", "50"),
    ("C#", "C++"),
    ("C#", "C"),
    ("vitamin A", "vitamin"),
    ("A", ""),
    ("A", "The"),
    ("The", ""),
    ("10²", "102"),
    ("3½", "31/2"),
]
FALSE_MISMATCHES = [  # what it takes for different
    ("caf\u00e9", "cafe\u0301"),
    ("１２", "12"),
    ("don’t", "don't"),
    ("don’t", "dont"),
    ("24–10", "24-10"),
    ("10 km", "10km"),
    ("北京大学。", "北京大学"),
    ("€42", "42 euros"),
    ("EUR 42", "42€"),
    ("€20–25", "20-25 euros"),
    ("€20-€25", "20-25 euros"),
    ("EUR 20-25", "20-25 euros"),
    ("50 percent", "50%"),
    ("1,200 seats", "1200 seats"),
    ("three seats", "3 seats"),
    ("U.S.", "US"),
    ("“Lyon”", "lyon"),
    ("Ly\u200bon", "Lyon"),
    ("the Beatles", "Beatles"),
]


@pytest.mark.parametrize(("a", "b"), FALSE_MATCHES)
def test_different_answers_stay_different_against_hand(a: str, b: str) -> None:
    assert normalize(a) != normalize(b)
    assert not same(a, b)


@pytest.mark.parametrize(("a", "b"), FALSE_MISMATCHES)
def test_spellings_of_one_answer_are_the_same_against_hand(a: str, b: str) -> None:
    assert same(a, b)


def test_the_turkish_dotted_i_is_folded_in_turkish_only() -> None:
    assert same("İstanbul", "istanbul", lang="tr")
    assert same("ISPARTA", "ısparta", lang="tr")
    assert not same("ISPARTA", "ısparta", lang="en")


def test_accents_count_unless_loosened() -> None:
    assert not same("resume", "résumé")
    assert normalize("résumé", loose_accents=True) == normalize("resume")


def test_unspaced_scripts_give_a_token_per_character() -> None:
    assert tokens("北京大学") == ("北", "京", "大", "学")
    assert len(tokens("ภาษา")) == 4
    assert tokens("हिन्दी") == ("हिन्दी",)


def test_articles_stay_outside_english_and_when_nothing_follows() -> None:
    assert tokens("a casa", lang="pt") == ("a", "casa")
    assert tokens("A) Lyon") == ("a", "lyon")
    assert tokens("a house") == ("house",)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40))
def test_normalizing_is_the_same_for_canonically_equal_texts_invariant(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert tokens(unicodedata.normalize(form, text)) == tokens(text)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(["", "%", " eur", " km"]))
def test_a_number_equals_itself_with_thousands_separators_invariant(n: int, unit: str) -> None:
    assert parse(f"{n:,}{unit}") == parse(f"{n}{unit}")


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("$10 million", "10000000", "usd"),
        ("$10m", "10000000", "usd"),
        ("5bn", "5000000000", ""),
        ("10k", "10000", ""),
        ("-5 %", "-5", "%"),
        ("minus 5", "-5", ""),
        ("twelve", "12", ""),
        ("1,234.50 EUR", "1234.50", "eur"),
        ("1.234,50 €", "1234.50", "eur"),
        ("10\u00a0000", "10000", ""),
        ("10 kilometers", "10", "km"),
        ("1/2", "0.5", ""),
    ],
)
def test_numbers_are_read_with_their_unit_against_hand(text: str, value: str, unit: str) -> None:
    found = parse(text)
    assert found is not None
    assert (found.value, found.unit) == (Decimal(value), unit)


def test_a_number_that_can_be_read_two_ways_is_not_read_rejects() -> None:
    assert parse("1.000") is None
    assert parse("1.000", lang="de") == parse("1000")
    assert parse("0.125") is not None
    assert not holds("1000", "1.000")
    assert holds("1.000", "1.000")


def test_units_decide_whether_numbers_are_equal() -> None:
    def eq(a: str, b: str, **options: bool) -> bool:
        left, right = parse(a), parse(b)
        assert left is not None
        assert right is not None
        return equal(left, right, **options)

    assert eq("42", "€42")
    assert not eq("42 euros", "42 dollars")
    assert not eq("50", "50%")
    assert not eq("10 km", "10 miles")
    assert eq("42 euros", "42", alone=True)
    assert eq("£5", "5 pounds")


def test_the_tolerance_is_inclusive_and_exact() -> None:
    assert holds("about 3.15", "3.14", numeric_tol=0.01)  # in binary floats 3.15 - 3.14 > 0.01
    assert not holds("about 3.151", "3.14", numeric_tol=0.01)


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("42 euros [2].", "42 euros."),
        ("42 euros[2].", "42 euros."),
        ("A [1, 2] and B [3][4]", "A and B"),
        ("Lyon [source 1]", "Lyon"),
        ("Lyon【1†a】", "Lyon"),
        ("[note] stays", "[note] stays"),
        ("[2]", "[2]"),
    ],
)
def test_citations_go_before_matching_against_hand(text: str, stripped: str) -> None:
    assert strip_citations(text) == stripped
