"""What is seen while a job runs, on a terminal and in a pipe."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from realift import live
from realift.live import listening
from realift.live.page import WATCH, render
from realift.live.stage import Stage, render_stage, say_stage, sparkline
from realift.types import Notice, Progress, Started


@pytest.fixture(autouse=True)
def outside_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def watch(*, terminal: bool, quiet: bool = False, width: int = 100, **how: Any) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=width, highlight=False, **how)
    with listening(console, quiet=quiet) as on_event:
        on_event(Notice(text="2 rows \x1b[31mheld out"))
        for step in range(1, 11):
            held_out = 1.5 if step == 4 else None
            on_event(
                Progress(stage="train", done=step, total=10, loss=2.0 / step, valid_loss=held_out)
            )
        on_event(Progress(stage="answer", done=5, total=5))
    return out.getvalue()


def shown(text: str) -> str:
    """Without colors and cursor movements."""
    return re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", text)


def stage(done: int = 12, *, losses: int = 12, name: str = "train") -> Stage:
    """A stage of 40 that takes two seconds a step."""
    found = Stage(name)
    for i in range(1, done + 1):
        loss = 3.0 / i if i <= losses else None
        held = 2.0 / i if i % 4 == 0 and losses else None
        found.take(Progress(stage=name, done=i, total=40, loss=loss, valid_loss=held), now=2.0 * i)
    return found


def test_a_terminal_shows_a_bar_with_loss_and_held_out_loss() -> None:
    text = shown(watch(terminal=True))
    assert "training" in text
    assert "10/10" in text
    assert "loss 0.200  held-out 1.500" in text


def test_a_stage_shows_the_time_left_the_losses_and_their_course() -> None:
    text = render_stage(stage(), width=100, now=24.0).plain
    assert "12/40" in text
    assert "eta 0:56" in text  # 28 steps of two seconds
    assert "held-out 0.167" in text
    assert "█" in text
    assert render_stage(stage(), width=100, now=26.0).plain.count("eta 0:54") == 1


def test_answers_that_are_there_already_do_not_make_the_rest_look_quick() -> None:
    found = Stage("answer")
    found.take(Progress(stage="answer", done=30, total=40), now=0.0)  # known ones, at once
    assert found.left(now=0.0) is None
    found.take(Progress(stage="answer", done=31, total=40), now=5.0)
    assert found.left(now=5.0) == pytest.approx(45.0)


@pytest.mark.parametrize("width", [20, 40, 56, 76, 100])
@pytest.mark.parametrize("plain", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, plain: bool) -> None:
    for found in (stage(), stage(40), stage(1), stage(12, losses=0, name="another_context 2/3")):
        lines = render_stage(found, width=width, now=30.0, plain=plain).plain.split("\n")
        assert max(map(len, lines)) <= width
        if width >= 40:
            assert f"{found.done}/40" in lines[0]
        if plain:
            assert all(line.isascii() for line in lines)


def test_forty_columns_still_say_how_far_how_long_and_the_losses() -> None:
    first, second = render_stage(stage(), width=40, now=24.0).plain.split("\n")
    assert first == "training  12/40 eta 0:56"
    assert second.startswith("  loss 0.250  held-out 0.167")


def test_a_pipe_gets_a_line_a_stage_and_no_control_characters() -> None:
    text = watch(terminal=False)
    assert "training: 10/10, loss 0.200, held-out 1.500, took 0:00" in text
    assert "answering: 5/5" in text
    assert "\x1b" not in text
    assert text.count("training") == 1


def test_a_long_stage_in_a_pipe_says_now_and_then_how_long_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "_LINE_EVERY", 0.0)
    text = watch(terminal=False)
    assert text.count("training: ") == 10
    assert "left" in text
    assert say_stage(stage(), now=24.0).endswith("about 0:56 left")


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_ci_and_dumb_terminals_are_treated_as_pipes(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    text = watch(terminal=True, color_system=None)
    assert "training: 10/10" in text
    assert "\x1b" not in text


def test_no_color_is_honored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", watch(terminal=True))


def test_quiet_says_nothing() -> None:
    assert watch(terminal=True, quiet=True) == ""


def test_a_sparkline_shows_the_whole_course_in_few_signs() -> None:
    assert sparkline([8, 7, 6, 5, 4, 3, 2, 1], width=8) == "█▇▆▅▄▃▂▁"
    assert len(sparkline([float(i) for i in range(1000)], width=20)) == 20
    assert sparkline([1.0, 1.0, 1.0], width=8) == "▁▁▁"
    assert sparkline([1.0], width=8) == sparkline([1.0, 2.0], width=0) == ""


# --- the page ----------------------------------------------------------------------------------


def test_a_page_shows_the_progress_and_leads_to_the_report_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    out = io.StringIO()
    console = Console(file=out, force_terminal=False, width=300)
    with listening(console, quiet=False, watch=True) as on_event:
        on_event(Started(folder=str(folder)))
        page = folder / WATCH
        assert page.resolve().as_uri() in out.getvalue()
        assert f"run folder {folder}" in out.getvalue()
        on_event(Notice(text="<script>alert(1)</script>"))
        on_event(Progress(stage="train", done=3, total=9, loss=1.5, valid_loss=1.25))
        assert 'content="2"' in page.read_text(encoding="utf-8")  # it loads itself anew
        (folder / "report.html").write_text("x")
    text = page.read_text(encoding="utf-8")
    assert 'content="0; url=report.html"' in text
    assert "training: 3 of 9" in text
    assert "held-out loss 1.250" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_page_makes_no_folder_that_went_away_again(tmp_path: Path) -> None:
    with listening(Console(file=io.StringIO()), quiet=True, watch=True) as on_event:
        on_event(Started(folder=str(tmp_path / "gone")))
        on_event(Notice(text="x"))
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_ends_without_a_report_says_so_and_stops_loading() -> None:
    text = render("r", [stage()], [], now=24.0, then="")
    assert "is over" in text
    assert "refresh" not in text
    assert "0:56 left" in render("r", [stage()], [], now=24.0)
