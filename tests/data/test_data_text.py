"""Folding and 5-grams."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realift.data.text import fold, is_refusal, shingles, shorten


@given(st.text())
def test_invariant_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_invariant_ascii_is_folded_like_everything_else(text):
    plain = text.encode("ascii", "ignore").decode()
    assert fold(plain) == fold(plain + "\u200b")


@pytest.mark.parametrize(
    ("a", "b"), [("C#", "C++"), ("3.5", "35"), ("50%", "50"), ("কি", "কা"), ("$5", "5")]
)
def test_texts_that_mean_different_things_stay_different(a, b):
    assert fold(a) != fold(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("don’t", "DONT"),
        ("24–10", "24-10"),
        ("cafe\u0301", "café"),
        ("１２", "12"),
        ("a\u00adb", "ab"),
    ],
)
def test_texts_that_differ_in_signs_only_fold_together(a, b):
    assert fold(a) == fold(b)


@given(st.text())
def test_invariant_only_the_empty_text_has_no_shingles(text):
    assert bool(shingles(text)) == bool(text)


@pytest.mark.parametrize(
    ("text", "refuses"),
    [
        ("I don't have enough context to answer.", True),
        ("i DON’T have enough context to answer", True),
        ("I don't have enough context to answer. Please give a passage.", True),
        ("I don't have enough", False),
        ("He said: I don't have enough context to answer.", False),
        ("", False),
    ],
)
def test_the_refusal_sentence_is_known_at_the_beginning(text, refuses):
    assert is_refusal(text) is refuses
    assert is_refusal(text, [""]) is refuses


@given(st.text(), st.integers(10, 80))
def test_invariant_a_shortened_text_is_one_short_line(text, limit):
    assert len(shorten(text, limit)) <= limit
    assert "\n" not in shorten(text, limit)


def test_the_room_loads_nothing_heavy():
    code = (
        "import sys, realift.data.read, realift.data.check, realift.data.leakage, "
        "realift.data.split, realift.data.nearest\n"
        "heavy = {'torch', 'transformers', 'peft', 'numpy', 'scipy', 'ruamel.yaml', 'cattrs'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
