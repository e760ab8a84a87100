from __future__ import annotations

import doctest
import importlib

import pytest

from realift.report.text import clean, one_line


@pytest.mark.parametrize("name", ["text", "figures", "view", "html", "markdown", "charts"])
def test_doctests(name: str) -> None:
    module = importlib.import_module(f"realift.report.{name}")
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[31", "31"),
        ("\x1b\x1b[31m[32mx", "[32mx"),
        ("\x9b31mx", "31mx"),
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("a\u2028b\x85c\r\nd\re", "a\nb\nc\nd\ne"),
        ("a\ud800b", "a\ufffdb"),
        ("a\u200db", "a\u200db"),
        ("hidden\U000e0041", "hidden"),
    ],
)
def test_nothing_that_moves_hides_or_reorders_survives(text: str, left: str) -> None:
    assert clean(text) == left


def test_hostile_megabytes_are_cleaned_in_linear_time() -> None:
    for part in ("\x1b]", "\x1b[", "\x1b[;", "\x1b", "\u202e", "x"):
        # 0.2 s in all; were it quadratic, this test would not end
        assert len(one_line(part * 500_000, limit=100)) <= 100


def test_a_short_line_says_that_it_was_cut() -> None:
    assert one_line("word " * 100, limit=10) == "word word…"
