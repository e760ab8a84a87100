"""``check`` in the tokens of a base: rows too long, marks of a template in a text, answers cut."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realift import measuring, pipeline
from realift.config import resolve

ROW = {"instruction": "Who runs the harbor?", "output": "Bob."}


def checked(tmp_path: Path, rows: list[Any], **flags: Any) -> Any:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return pipeline.check(resolve(flags={"train": str(path), **flags}))


def named(summary: Any, code: str) -> list[Any]:
    return [p for p in summary.problems if p.code == code]


def test_rows_that_do_not_fit_are_named_with_their_line(tmp_path: Path) -> None:
    long = {"instruction": "Who runs it?", "input": "word " * 60, "output": "Bob."}
    summary = checked(tmp_path, [ROW, long], max_length=100)
    (problem,) = named(summary, "row-too-long")
    assert str(problem.where) == "t.jsonl:2"
    assert "100 fit" in problem.message
    rows, answers = (length for length in summary.lengths if length.unit == "tokens")
    assert rows.n == answers.n == 1
    assert answers.largest < rows.largest <= 100
    none = checked(tmp_path, [ROW], max_length=10)
    assert len(named(none, "row-too-long")) == 1


def test_of_many_rows_all_that_may_be_too_long_are_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "MOST", 5)
    rows = [{"instruction": f"Who runs harbor {n}?", "output": "Bob."} for n in range(40)]
    rows[33]["instruction"] = "Who runs it? " + "word " * 800
    summary = checked(tmp_path, rows)
    assert [p.where.line for p in named(summary, "row-too-long")] == [34]
    assert [x.n for x in summary.lengths if x.unit == "tokens"] == [5, 5]


def test_marks_of_a_template_inside_a_text_are_named(tmp_path: Path) -> None:
    rows = [ROW, ROW | {"output": "Bob.<|end|>"}, ROW | {"instruction": "Who?<|im_end|>"}]
    found = named(checked(tmp_path, rows), "special-token")
    assert [(p.where.line, p.message.split("'")[1]) for p in found] == [
        (2, "<|end|>"),
        (3, "<|im_end|>"),
    ]


def test_answers_longer_than_the_token_budget_are_said_once(tmp_path: Path) -> None:
    summary = checked(
        tmp_path, [ROW, ROW | {"output": "one two three four " * 9}], max_new_tokens=9
    )
    (problem,) = named(summary, "answers-cut")
    assert "50% of the training answers are longer than the 9 tokens" in problem.message
    assert named(checked(tmp_path, [ROW]), "answers-cut") == []


def test_a_question_that_would_be_skipped_is_named(tmp_path: Path) -> None:
    ask = tmp_path / "e.jsonl"
    rows = [
        {"question": "Who?", "context": "word " * 1200, "answers": "Bob"},
        {"question": "Who?", "answers": "Bob"},
    ]
    ask.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (problem,) = named(checked(tmp_path, [ROW], eval=str(ask)), "question-too-long")
    assert str(problem.where) == "e.jsonl:1"


def test_a_base_without_a_tokenizer_on_disk_is_a_note_not_a_download(tmp_path: Path) -> None:
    summary = checked(tmp_path, [ROW], base="nobody/nothing-here")
    assert len(named(summary, "tokens-not-measured")) == 1
    assert all(length.unit == "words" for length in summary.lengths)


def test_rows_that_cannot_be_cross_fitted_are_checked_all_the_same(tmp_path: Path) -> None:
    summary = checked(tmp_path, [ROW])
    (problem,) = named(summary, "no-cross-fit")
    assert problem.severity == "warning"
    assert "--eval FILE" in problem.hint
    assert summary.n_examples == 1
