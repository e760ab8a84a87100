"""The list of runs: read from the folders, shown in a table, on a page and as JSON."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from realift import run_folder
from realift.errors import DataError, RunFolderError
from realift.history import (
    find_run,
    last_interrupted,
    list_eval_sets,
    list_runs,
    run_names,
    write_index,
)
from realift.history.terminal import RunTable
from realift.verdict.ledger import LEDGER, Look, record_look
from tests.calling import call
from tests.report import made_run as made

NOW = "2026-01-05T03:04:05+00:00"
EVAL = "e" * 64


def save(
    root: Path, name: str, *, created: str, status: str = "done", judged: bool = True, **facts: Any
) -> Path:
    result = made.make_result(3) if judged else made.stopped(status)
    manifest = result.manifest | {
        "name": name,
        "status": status,
        "created": created,
        "base": "tiny",
        "eval_hash": EVAL,
        "data": {
            "train": {"path": "train.jsonl", "sha256": "aaaaaabb"},
            "eval": {"path": "my/eval.jsonl", "sha256": "ccccccdd"},
        },
        **facts,
    }
    return made.save(dataclasses.replace(result, manifest=manifest), root / name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "runs"
    save(root, "old", created="2026-01-02T03:04:05+00:00")
    save(root, "new", created="2026-01-04T03:04:05+00:00", seconds=61.0)
    save(root, "cut", created="2026-01-03T03:04:05+00:00", status="running", judged=False)
    save(
        root, "bad", created="2026-01-01T03:04:05+00:00", status="failed", judged=False, error="no"
    )
    for adapter in "aab":
        look = Look(eval_hash=EVAL, adapter_hash=adapter, run="new", time=NOW)
        record_look(root / LEDGER, look)
    return root


def shown(root: Path, *, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(RunTable(list_runs(root), now=NOW))
    return out.getvalue()


# --- reading -----------------------------------------------------------------------------------


def test_runs_are_listed_newest_first_with_what_their_folders_say(root: Path) -> None:
    rows = list_runs(root)
    assert [row.name for row in rows] == ["new", "cut", "old", "bad"]
    new = rows[0]
    assert (new.label, new.recommendation, new.n) == ("REAL GAIN", "DON'T SHIP", 80)
    assert new.difference == pytest.approx(0.275)
    assert new.interval is not None
    assert new.interval.low < new.difference < new.interval.high
    assert (new.train_hash, new.eval_hash) == ("aaaaaabb", "ccccccdd")
    assert new.n_looks == 2  # the same adapter twice is one
    assert rows[1].difference is None
    assert rows[3].error == "no"


def test_a_run_whose_process_is_gone_reads_interrupted_and_one_that_is_held_running(
    root: Path,
) -> None:
    def status() -> str:
        return next(row.status for row in list_runs(root) if row.name == "cut")

    assert status() == "interrupted"
    with run_folder.holding(root / "cut"):
        assert status() == "running"
        assert run_folder.load(root / "cut").manifest["status"] == "running"
    assert status() == "interrupted"
    assert not (root / "cut" / run_folder.LOCK).exists()
    assert json.loads((root / "cut" / "manifest.json").read_text())["status"] == "running"


def test_the_lock_of_another_process_goes_when_it_is_killed(root: Path) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom realift import run_folder\n"
        f"with run_folder.holding(Path({str(root / 'cut')!r})):\n"
        "    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            assert run_folder.is_live(root / "cut")
            with (
                pytest.raises(RunFolderError, match="still going"),
                run_folder.holding(root / "cut"),
            ):
                pass
        finally:
            other.kill()
        other.wait()
    assert (root / "cut" / run_folder.LOCK).exists()  # what a killed process leaves
    assert not run_folder.is_live(root / "cut")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("manifest.json", "{broken"),
        ("manifest.json", '{"schema": 99}'),
        ("verdict.json", "[]"),
        ("verdict.json", '{"comparisons": [{"interval": {"low": "x"}}]}'),
    ],
)
def test_a_broken_run_is_listed_as_unreadable_and_hides_no_other(
    file: str, text: str, root: Path
) -> None:
    (root / "old" / file).write_text(text)
    rows = {row.name: row for row in list_runs(root)}
    assert rows["old"].status == "unreadable"
    assert rows["old"].error
    assert rows["new"].label == "REAL GAIN"


def test_a_run_is_found_by_name_or_folder_and_a_slip_names_the_nearest(
    root: Path, tmp_path: Path
) -> None:
    assert find_run("old", root) == root / "old"
    assert find_run(root / "old", tmp_path / "elsewhere") == root / "old"
    with pytest.raises(RunFolderError, match="no run named 'odl'") as caught:
        find_run("odl", root)
    assert "'old'" in caught.value.hint


def test_the_last_interrupted_run_is_the_newest_of_them(root: Path) -> None:
    save(root, "cut2", created="2026-01-02T00:00:00+00:00", status="interrupted", judged=False)
    assert last_interrupted(root).name == "cut"
    with pytest.raises(RunFolderError, match="no interrupted run"):
        last_interrupted(root / "nowhere")


def test_looks_are_counted_per_eval_set(root: Path) -> None:
    other = Look(eval_hash="f" * 64, adapter_hash="z", run="gone", time="2026-01-01T00:00:00+00:00")
    record_look(root / LEDGER, other)
    first, second = list_eval_sets(root)
    assert (first.hash, first.n_adapters, first.n_looks) == (EVAL, 2, 3)
    assert first.file == "my/eval.jsonl"
    assert (second.file, second.n_adapters, second.runs) == ("", 1, ("gone",))


def test_a_broken_ledger_hides_no_run_and_is_named_where_it_matters(root: Path) -> None:
    (root / LEDGER).write_text("nonsense\n")
    assert list_runs(root)[0].n_looks is None
    with pytest.raises(DataError, match=r"ledger\.jsonl:1"):
        list_eval_sets(root)


# --- showing -----------------------------------------------------------------------------------


def test_the_table_says_verdict_interval_n_and_age(root: Path) -> None:
    text = shown(root, width=120)
    (line,) = (part for part in text.splitlines() if part.startswith("new "))
    for cell in ("REAL GAIN", "+28 [+16, +40]", " 80 ", "tiny", "aaaaaa cccccc", "1 day"):
        assert cell in line
    assert f"realift run --resume cut --runs-dir {root}" in text.replace("\n", "")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(width: int, root: Path) -> None:
    save(root, "a" * 70, created="2026-01-01T00:00:00+00:00", error="[bold]x\x1b[31m" * 20)
    text = shown(root, width=width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    assert "REAL GAIN" in text


def test_the_page_links_to_reports_that_are_there_and_names_are_inert(root: Path) -> None:
    evil = "<script>alert(1)</script>"
    save(
        root, "x&'y", created="2026-01-01T00:00:00+00:00", status="failed", judged=False, error=evil
    )
    (root / "new" / "report.html").write_text("x")
    (root / "x&'y" / "report.html").write_text("x")
    page = write_index(root).read_text(encoding="utf-8")
    assert 'href="new/report.html"' in page
    assert 'href="x%26%27y/report.html"' in page
    assert 'href="old/report.html"' not in page
    assert evil not in page
    assert "&lt;script&gt;" in page
    assert "--good:" in page  # the style of the report
    assert "<script" not in page


# --- commands ----------------------------------------------------------------------------------


def test_json_has_every_field_of_every_run(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for args in ([], ["list"]):
        assert call("runs", *args, "--runs-dir", root, "--json", monkeypatch=monkeypatch) == 0
        rows = json.loads(capsys.readouterr().out)
        assert [row["name"] for row in rows] == ["new", "cut", "old", "bad"]
        assert rows[0]["interval"]["level"] == 0.95


def test_the_options_may_stand_before_the_word(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = ["runs", "--runs-dir", root, "--json"]
    for words in (["list"], ["show", "new"], ["diff", "old", "new"], ["looks"]):
        assert call(*before, *words, monkeypatch=monkeypatch) == 0
        json.loads(capsys.readouterr().out)
    assert call("runs", "--runs-dir", root, "rm", "old", "--yes", monkeypatch=monkeypatch) == 0
    assert not (root / "old").exists()


def test_show_looks_and_an_empty_folder(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("runs", "show", "new", "--runs-dir", root, monkeypatch=monkeypatch) == 0
    assert "REAL GAIN" in capsys.readouterr().out
    assert call("runs", "looks", "--runs-dir", root, monkeypatch=monkeypatch) == 0
    assert "2 adapters judged on it, 3 times" in " ".join(capsys.readouterr().out.split())
    assert call("runs", "--runs-dir", root / "none", monkeypatch=monkeypatch) == 0
    assert "no runs in" in capsys.readouterr().out


def test_diff_shows_settings_and_answers_that_differ(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "old" / "config.yaml").write_text("epochs: 2\n")
    (root / "new" / "config.yaml").write_text("epochs: 3\n")
    answers = root / "new" / "answers.jsonl"
    changed = [
        dataclasses.replace(c, text="Something \x1b[31m[bold]else")
        if (c.question_id, c.arm) == ("q2", "adapter")
        else c
        for c in made.make_result(3).completions
    ]
    run_folder.write_jsonl(answers, changed)
    assert call("runs", "diff", "old", "new", "--runs-dir", root, monkeypatch=monkeypatch) == 0
    out = capsys.readouterr().out
    assert "2 -> 3" in out
    assert "Something [bold]else" in out
    assert "\x1b" not in out
    args = ["runs", "diff", "old", "new", "--runs-dir", root, "--json"]
    assert call(*args, monkeypatch=monkeypatch) == 0
    assert json.loads(capsys.readouterr().out)["config"][0]["name"] == "epochs"


def test_rm_asks_first_refuses_a_live_run_and_keeps_the_ledger(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_index(root)
    rm = ["runs", "rm", "old", "--runs-dir", root]
    assert call(*rm, monkeypatch=monkeypatch) == 2  # no terminal, no --yes
    assert "--yes" in capsys.readouterr().err
    with run_folder.holding(root / "old"):
        assert call(*rm, "--yes", monkeypatch=monkeypatch) == 2
        assert "still going" in capsys.readouterr().err
    assert (root / "old").is_dir()
    assert call(*rm, "new", "--yes", monkeypatch=monkeypatch) == 0
    assert "ledger keeps" in capsys.readouterr().out
    assert run_names(root) == ["bad", "cut"]
    assert (root / LEDGER).is_file()
    assert ">old<" not in (root / "index.html").read_text()


def test_report_and_judge_take_a_name_too(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root.parent)
    assert call("report", "new", monkeypatch=monkeypatch) == 0
    assert (root / "new" / "report.html").is_file()
    assert call("judge", "nwe", "--model", "m", monkeypatch=monkeypatch) == 1
    err = " ".join(capsys.readouterr().err.split())
    assert "no run named 'nwe'" in err
    assert "did you mean 'new'?" in err


def test_run_names_complete_in_the_shell(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = {
        "_REALIFT_COMPLETE": "complete_bash",
        "COMP_WORDS": f"realift runs show --runs-dir {root} n",
        "COMP_CWORD": "5",
    }
    script = "import sys; sys.argv = ['realift']; from realift.cli import app; app()"
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["new"]
