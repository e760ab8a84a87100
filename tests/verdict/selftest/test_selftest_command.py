"""``realift selftest``: tables, files, exit code; red when a rule is broken."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from realift.types import Notice, Progress
from realift.verdict.selftest import Row, exact, planted, run
from realift.verdict.selftest.engine import COMPARE
from realift.verdict.selftest.mutations import MUTATIONS, patched
from realift.verdict.selftest.run import Job
from realift.verdict.selftest.table import summary, to_json, to_markdown
from tests import calling

RUN = sys.modules["realift.verdict.selftest.run"]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three parts and one mutation instead of all."""

    def jobs(quick: bool, adapters: Path | None) -> Iterator[Job]:
        yield 4, partial(exact.false_claims, 10)
        yield 1, planted.inert
        yield 1, partial(planted.guard_detects, "refusal", 10)

    monkeypatch.setattr(RUN, "jobs", jobs)
    monkeypatch.setattr(RUN, "MUTATIONS", MUTATIONS[:1])


def call(*args: str, monkeypatch: pytest.MonkeyPatch) -> int:
    return calling.call("selftest", *args, monkeypatch=monkeypatch)


def test_the_command_prints_a_table_and_writes_it(
    short: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert call("--out", str(tmp_path), monkeypatch=monkeypatch) == 0
    out = capsys.readouterr()
    assert "1 of 1 missing guards noticed" in out.out
    assert "42%" in out.out  # the naive rule's rate, for comparison
    assert "self-test: 100/100" in out.err
    saved = json.loads((tmp_path / "results.json").read_text())
    assert saved["passed"] is True
    assert saved["versions"]["scipy"]
    assert saved["rows"][0]["status"] == "pass"
    text = (tmp_path / "results.md").read_text()
    assert "| McNemar mid-p | a z-test |" in text


def test_json_goes_to_stdout_alone_and_quick_leaves_the_mutations_out(
    short: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--quick", "--json", monkeypatch=monkeypatch) == 0
    out = capsys.readouterr()
    found = json.loads(out.out)
    assert (found["quick"], found["mutations"]) == (True, [])
    assert out.err == ""
    assert call("--quick", "--mutations", "--json", monkeypatch=monkeypatch) == 0
    assert len(json.loads(capsys.readouterr().out)["mutations"]) == 1


def test_a_broken_rule_makes_it_red(
    short: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def strict(b: int, c: int) -> float:
        return 0.0 if b != c else 1.0

    with patched((COMPARE, "mcnemar_midp", strict)):
        assert call("--no-mutations", "--quiet", monkeypatch=monkeypatch) == 1
    assert "fail" in capsys.readouterr().out
    assert call("--no-mutations", "--quiet", monkeypatch=monkeypatch) == 0


def test_a_missing_adapters_file_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("--adapters", "nowhere.jsonl", monkeypatch=monkeypatch) == 2
    assert "no such file" in capsys.readouterr().err


def test_progress_ends_at_100_and_the_remaining_time_is_said(short: None) -> None:
    events: list[object] = []
    result = run(mutations=False, on_event=events.append)
    progress = [e for e in events if isinstance(e, Progress)]
    assert (progress[-1].done, progress[-1].total) == (100, 100)
    assert any("left" in e.text for e in events if isinstance(e, Notice))
    assert "missing guards not tried" in summary(result)


def test_an_unnoticed_mutation_or_an_unproven_row_fails_the_whole(short: None) -> None:
    result = run(mutations=True)
    assert result.passed
    unnoticed = dataclasses.replace(result.mutations[0], noticed=False)
    assert not dataclasses.replace(result, mutations=(unnoticed,)).passed
    assert "NOT NOTICED" in to_markdown(dataclasses.replace(result, mutations=(unnoticed,)))
    unproven = Row(section="s", situation="a|b", measures="", ours=0.0, n=10, high=0.05)
    worse = dataclasses.replace(result, rows=(*result.rows, unproven))
    assert not worse.passed
    assert to_json(worse)["rows"][-1]["status"] == "unproven"
    assert "a\\|b (10 draws)" in to_markdown(worse)


def test_all_parts_have_a_name_and_every_one_is_in_the_quick_test_too() -> None:
    full, quick = ([job for _, job in RUN.jobs(q)] for q in (False, True))
    names = [{getattr(j, "func", j).__name__ for j in jobs} for jobs in (full, quick)]
    assert names[0] == names[1]
    assert len(quick) < len(full)


@pytest.mark.slow
def test_the_quick_self_test_passes_as_it_is() -> None:
    result = run(quick=True)
    assert [r for r in result.rows if r.status in ("fail", "unproven")] == []
    assert [m.guard for m in result.mutations if not m.noticed] == []
