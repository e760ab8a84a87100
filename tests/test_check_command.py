"""``realift check`` on the command line: all is shown, and the exit code says if it is bad."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.calling import call

ROWS = [{"instruction": f"Who runs shop {n}?", "output": f"Owner {n}."} for n in range(6)]
BROKEN = [*ROWS, ROWS[0], {"instruction": "Who?", "output": ""}]


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in BROKEN))
    return path


def test_errors_do_not_hide_the_rest_and_end_with_2(
    train: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("check", "-t", train, monkeypatch=monkeypatch) == 2
    shown = " ".join(capsys.readouterr().out.split())
    assert "error t.jsonl:8: 'output' is empty (empty-answer)" in shown
    assert "(duplicate-row)" in shown
    assert "training answers, words" in shown
    assert call("check", "-t", train, "--json", monkeypatch=monkeypatch) == 2
    said = json.loads(capsys.readouterr().out)
    assert {"empty-answer", "duplicate-row", "no-refusals"} <= {p["code"] for p in said["problems"]}


def test_a_clean_copy_is_written_and_what_is_left_out_is_named(
    train: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "clean.jsonl"
    clean = ("check", "-t", train, "--write-clean", out)
    assert call(*clean, monkeypatch=monkeypatch) == 2
    shown = " ".join(capsys.readouterr().out.split())
    assert "6 rows written to" in shown
    assert "t.jsonl:7: the same row as t.jsonl:1" in shown
    assert len(out.read_text().splitlines()) == 6
    assert call(*clean, monkeypatch=monkeypatch) == 2
    assert "exists already" in capsys.readouterr().err
    assert call(*clean, "--force", "--json", monkeypatch=monkeypatch) == 2
    said = json.loads(capsys.readouterr().out)["clean"]
    assert (said["n_kept"], len(said["left_out"])) == (6, 2)
