"""Rewordings: the same every time, never the text itself, with every fact in place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from realift.data.reword import reword, rewordings
from realift.data.text import fold

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def texts() -> list[str]:
    rows: list[str] = []
    for name in ("acme/train.jsonl", "zephyr/train.jsonl", "acme/eval.jsonl"):
        for line in (EXAMPLES / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows.append(row.get("question") or row["instruction"])
    return sorted(set(rows))


def facts(text: str) -> set[str]:
    """Numbers, and names inside the sentence."""
    numbers = set(re.findall(r"\d[\d.,:]*", text))
    return numbers | {w for w in re.findall(r"(?<!^)\b[A-Z]\w+", text) if w != "I"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Who is the director of Acme?", "Tell me who the director of Acme is."),
        ("What's the price of Flowline?", "Tell me what the price of Flowline is."),
        ("When was Acme founded?", "Tell me when Acme was founded."),
        ("How much does the solo plan cost?", "Tell me how much the solo plan costs."),
        ("Tell me the capital of Japan.", "Let me know the capital of Japan."),
        ("Could you list the offices of Acme?", "Please list the offices of Acme."),
        ("I need Acme's email, please.", "I have a request. I need Acme's email, please."),
        ("Who is in charge of the Hub?", "I would like to know: who is in charge of the Hub?"),
        ("For how long is it free?", "I would like to know: for how long is it free?"),
    ],
)
def test_wordings_against_hand(text: str, wanted: str) -> None:
    assert reword(text, seed=0) == wanted


@pytest.mark.parametrize("text", ["", "  ", "?", "Wer leitet die Firma?", "x\ny", "word " * 70])
def test_what_the_rules_do_not_know_is_left_alone(text: str) -> None:
    assert reword(text, seed=0) is None


def test_every_row_of_the_examples_keeps_its_facts_in_another_wording() -> None:
    rows = texts()
    reworded = [text for text in rows if rewordings(text)]
    assert len(reworded) > 0.95 * len(rows)
    for text in reworded:
        for wording in rewordings(text):
            assert fold(wording) != fold(text)
            assert facts(text) <= facts("x " + wording), wording


def test_a_wording_is_the_same_every_time_and_seeds_differ() -> None:
    text = "How much does the solo plan cost?"
    assert reword(text, seed=5) == reword(text, seed=5)
    assert len({reword(text, seed=seed) for seed in range(20)}) > 3
