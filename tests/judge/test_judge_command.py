"""``realift judge`` as a person meets it."""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from realift import run_folder
from realift.cli.printing import EXIT_INTERRUPTED
from realift.judge import client, judge_run, make_endpoint
from realift.report.terminal_judge import render_judge
from tests import calling
from tests.judge.made_judge import Behavior, always_right, good, made_run, serving

BASE = [i % 3 == 0 for i in range(30)]
ADAPTER = [i % 3 != 1 for i in range(30)]


def call(*args: str | Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run ``realift judge ARGS`` in this process and return its exit code."""
    return calling.call("judge", *args, monkeypatch=monkeypatch)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(client.time, "sleep", lambda _: None)
    return made_run(tmp_path / "one", base=BASE, adapter=ADAPTER)


def label_all(sheet: Path) -> None:
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    for row in rows[1:]:
        row[-1] = "right" if row[4].startswith("It is nr") else "wrong"
    with sheet.open("w", newline="") as out:
        csv.writer(out).writerows(rows)


def test_from_a_run_to_a_checked_second_opinion(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "labels.csv"
    assert call(run, "--write-sheet", sheet, "--n", "40", monkeypatch=monkeypatch) == 0
    assert "40 answers to label" in capsys.readouterr().out
    label_all(sheet)
    with serving(good) as judge:
        asked = (run, "--model", "m", "--url", judge.url)
        assert call(*asked, monkeypatch=monkeypatch) == 0
        alone = capsys.readouterr()
        assert call(*asked, "--labels", sheet, monkeypatch=monkeypatch) == 0
        checked = capsys.readouterr()
    assert "judging: 130/130" in alone.err  # progress goes to stderr
    assert "judging" not in alone.out
    assert "Second opinion, unvalidated" in alone.out
    assert "corrected" not in alone.out
    assert "a judge never changes it" in alone.out
    assert "checked against 40 labels" in checked.out
    assert "judge, corrected by 40 labels" in checked.out
    assert "unvalidated" not in checked.out.casefold()
    assert "leave this machine" not in alone.err
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "checked against 40 labels" in page  # the pages are made anew


def test_json_is_what_judge_json_holds_and_nothing_else_is_printed(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(good) as judge:
        code = call(run, "--model", "m", "--url", judge.url, "--json", monkeypatch=monkeypatch)
    out = capsys.readouterr()
    assert (code, out.err) == (0, "")
    assert json.loads(out.out) == json.loads((run / "judge.json").read_text())


@pytest.mark.parametrize("quiet", [(), ("--quiet",), ("--json",)])
def test_what_leaves_the_machine_is_always_said_first(
    quiet: tuple[str, ...],
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said: list[str] = []

    def post(*args: Any) -> bytes:
        said.append(capsys.readouterr().err)
        return b'{"choices": [{"message": {"content": "right"}}]}'

    monkeypatch.setattr(client, "_post", post)
    url = "https://judge.example.org/v1"
    assert call(run, "--model", "m", "--url", url, *quiet, monkeypatch=monkeypatch) == 0
    assert "answers of this run leave this machine, to judge.example.org" in said[0]


@pytest.mark.parametrize(
    "args",
    [(), ("--model", "m", "--write-sheet", "x.csv"), ("--model", "m", "--grounding-model", "g")],
)
def test_the_command_wants_one_job(
    args: tuple[str, ...],
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(run, *args, monkeypatch=monkeypatch) == 2
    assert "give one of --model NAME, --write-sheet FILE" in capsys.readouterr().err


@pytest.mark.parametrize("extra", [("--labels", "l.csv"), ("--url", "http://127.0.0.1/v1")])
def test_options_of_the_judge_are_not_swallowed_without_one(
    extra: tuple[str, ...],
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sheet = tmp_path / "sheet.csv"
    assert call(run, "--write-sheet", sheet, *extra, monkeypatch=monkeypatch) == 2
    assert "belong to --model" in capsys.readouterr().err
    assert not sheet.exists()


def test_a_sheet_can_be_told_to_a_machine(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.csv"
    assert call(run, "--write-sheet", sheet, "--json", monkeypatch=monkeypatch) == 0
    assert json.loads(capsys.readouterr().out) == {"sheet": str(sheet), "n_answers": 60}


def test_no_judge_there_is_one_clear_error(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "http://127.0.0.1:9/v1"
    assert call(run, "--model", "m", "--url", url, monkeypatch=monkeypatch) == 1
    err = capsys.readouterr().err
    assert "error: no judge answers at" in err
    assert "hint: start a local judge" in err
    assert "Traceback" not in err


def test_ctrl_c_says_that_nothing_is_lost(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def press(*args: Any) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "_post", press)
    assert call(run, "--model", "m", monkeypatch=monkeypatch) == EXIT_INTERRUPTED
    assert "every reply is kept" in capsys.readouterr().err


def screen(run: Path, behavior: Behavior, *, width: int = 80) -> str:
    with serving(behavior) as judge:
        judged = judge_run(run, make_endpoint(judge.url, "m"))
    console = Console(file=StringIO(), width=width, highlight=False)
    console.print(render_judge(judged, run_folder.load(run)))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def test_every_figure_of_an_unchecked_judge_is_called_unvalidated(run: Path) -> None:
    text = screen(run, good, width=120)
    rows = [line for line in text.splitlines() if line.startswith("judge, ")]
    assert len(rows) == 2
    assert all("(unvalidated)" in row for row in rows)
    assert next(line for line in text.splitlines() if line.startswith("the scorer"))


def test_differences_of_opinion_are_shown_with_their_texts(run: Path) -> None:
    text = screen(run, always_right)
    assert "differs on 30 of 60 answers" in text
    assert "scorer wrong, judge right" in text
    assert "and 27 more; all are in judge.json" in text


def test_model_text_is_never_markup_nor_moves_the_cursor(run: Path) -> None:
    path = run / "answers.jsonl"
    hostile = "[bold]\x1b[31mx\x1b[0m \u202e[link=http://x.invalid]"
    rows = [json.loads(line) | {"text": hostile} for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    text = screen(run, lambda body: "\x1b]0;title\x07" + hostile if "tie" in str(body) else "right")
    assert "[bold]x [link=http://x.invalid]" in text
    assert not set(text) & {"\x1b", "\u202e", "\x07"}


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_screen_fits(width: int, run: Path) -> None:
    for line in screen(run, always_right, width=width).splitlines():
        assert len(line) <= width
        assert "…" not in line


def test_a_grounding_model_runs_from_the_command_line(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.judge.test_nli import NLI, save_classifier

    model = save_classifier(tmp_path / "nli", NLI)
    capsys.readouterr()
    assert call(run, "--grounding-model", model, monkeypatch=monkeypatch) == 0
    out = capsys.readouterr()
    assert "Second opinion on grounding" in out.out
    assert "shared words" in out.out
    assert "(does not count)" in out.out  # a random model fails the self-test
    assert "grounding: 30/30" in out.err
    assert "Loading weights" not in out.err
    assert call(run, "--grounding-model", model, "--json", monkeypatch=monkeypatch) == 0
    written = json.loads((run / "judge_grounding.json").read_text())
    assert json.loads(capsys.readouterr().out) == written
