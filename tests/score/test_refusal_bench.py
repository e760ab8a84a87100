"""The refusal benchmark: its labels are sound, and the docs show what it gives."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.refusal import measure

BENCH = Path(__file__).resolve().parents[2] / "benchmarks" / "refusal"
DOC = Path(__file__).resolve().parents[2] / "docs" / "refusal.md"


def read(name: str) -> Any:
    return json.loads((BENCH / name).read_text(encoding="utf-8"))


def shown(which: str, when: str) -> str:
    """The tables of one half in the docs, between two comments."""
    text = DOC.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {when} {which} -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
    assert found is not None, (when, which)
    return found[1].strip()


def test_the_outputs_are_distinct_and_of_every_kind() -> None:
    rows = measure.load()
    assert len(rows) >= 300
    assert len({" ".join(r.output.casefold().split()) for r in rows}) == len(rows)
    assert {r.label for r in rows} == set(measure.KINDS)
    sure = Counter(r.label for r in rows if not r.unsure)
    assert sure["clean"] >= 100
    assert sure["mixed"] >= 40
    assert sure["none"] >= 150
    assert sum(r.trap and not r.unsure for r in rows) >= 40
    assert all(r.label == "none" for r in rows if r.trap)
    assert all(r.label != "none" for r in rows if r.whole)


def test_no_beginning_stands_in_both_halves() -> None:
    heads: dict[str, set[str]] = {"dev": set(), "test": set()}
    for row in measure.load():
        heads[measure.half(row.output)].add(" ".join(row.output.casefold().split()[:4]))
    assert min(map(len, heads.values())) > 50
    assert heads["dev"] & heads["test"] == set()


def test_the_committed_result_is_what_the_detector_gives_now() -> None:
    assert measure.measure(measure.load()) == read("result.json")


def test_every_disagreement_is_listed() -> None:
    result = read("result.json")
    for which in measure.HALVES:
        confusion = result[which][measure.OURS]["confusion"]
        wrong = sum(n for a, row in confusion.items() for b, n in row.items() if a != b)
        listed = [d for d in result["disagreements"] if d["half"] == which and not d["unsure"]]
        assert len(listed) == wrong


@pytest.mark.parametrize("which", measure.HALVES)
@pytest.mark.parametrize(("when", "name"), [("first", "first.json"), ("now", "result.json")])
def test_the_docs_show_the_committed_tables(when: str, name: str, which: str) -> None:
    result = read(name)
    tables = f"{measure.table(result, which)}\n\n{measure.confusion_table(result, which)}"
    assert shown(which, when) == tables


def test_the_rates_of_a_small_case_against_hand() -> None:
    labeled = [("clean", False), ("clean", False), ("mixed", False), ("none", True)]
    rows = [
        measure.Labeled(
            source="", question="", output=str(i), label=label, unsure=False, trap=trap, whole=False
        )
        for i, (label, trap) in enumerate(labeled)
    ]
    found = {"0": "clean", "1": "none", "2": "clean", "3": "clean"}
    figures = measure.figures(rows, lambda row: found[row.output])
    counts = {name: (figures[name]["k"], figures[name]["n"]) for name in measure.RATES}
    assert counts == {
        "recall of clean": (1, 2),
        "recall of mixed": (0, 1),
        "mixed called clean": (1, 1),
        "well-formed": (0, 0),
        "refusals noticed": (2, 3),
        "false positives": (1, 1),
        "false positives on traps": (1, 1),
    }
    assert figures["well-formed"]["rate"] is None  # nothing measured is not 0


def test_no_hedged_answer_of_the_test_half_passes_for_a_clean_refusal() -> None:
    rates = read("result.json")["test"]
    assert rates[measure.OURS]["mixed called clean"]["k"] == 0
    assert rates["prefix list"]["mixed called clean"]["k"] > 0
