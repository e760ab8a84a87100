"""What is seen while a job runs, on a terminal and in a pipe."""

from __future__ import annotations

import io

from rich.console import Console

from realift.live import listening
from realift.types import Notice, Progress


def watch(*, terminal: bool, quiet: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, highlight=False)
    with listening(console, quiet=quiet) as on_event:
        on_event(Notice(text="2 rows held out"))
        for step in range(1, 11):
            held_out = 1.5 if step == 4 else None
            on_event(
                Progress(stage="train", done=step, total=10, loss=2.0 / step, valid_loss=held_out)
            )
        on_event(Progress(stage="answer", done=5, total=5))
    return out.getvalue()


def test_a_terminal_shows_a_bar_with_loss_held_out_loss_and_eta() -> None:
    text = watch(terminal=True)
    assert "training" in text
    assert "10/10" in text
    assert "loss 0.200  held-out 1.500" in text
    assert "eta" in text


def test_a_pipe_gets_a_line_a_stage_and_no_control_characters() -> None:
    text = watch(terminal=False)
    assert "training: 10/10 loss 0.200" in text
    assert "answering: 5/5" in text
    assert "\x1b" not in text
    assert text.count("training") == 1


def test_quiet_says_nothing() -> None:
    assert watch(terminal=True, quiet=True) == ""
