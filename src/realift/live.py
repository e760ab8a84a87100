"""What is seen while a job runs: data, plan, notices and progress bars, all on stderr."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from realift.types import DataSummary, Event, Notice, OnEvent, Plan, Progress, ignore_event

LABELS = {
    "train": "training",
    "pilot": "pilot answers",
    "answer": "answering",
    "context_removed": "without context",
}
_LINE_EVERY = 30.0  # seconds between progress lines where no bar can be drawn


@contextmanager
def listening(console: Any, *, quiet: bool) -> Iterator[OnEvent]:
    """A listener that draws bars on a terminal and prints a line now and then elsewhere."""
    if quiet:
        yield ignore_event
        return
    if not console.is_terminal:
        yield _line_printer(console)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import (
        Progress as Bars,
    )

    bars = Bars(
        TextColumn("{task.description:<16}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=console,
    )
    tasks: dict[str, Any] = {}

    def on_event(event: Event) -> None:
        if not isinstance(event, Progress):
            console.print(_rendered(event))
            return
        if event.stage not in tasks:
            tasks[event.stage] = bars.add_task(_label(event.stage), total=event.total, note="")
        note = bars.tasks[tasks[event.stage]].fields["note"]
        bars.update(
            tasks[event.stage], completed=event.done, total=event.total, note=_note(event, note)
        )

    with bars:
        yield on_event


def _line_printer(console: Any) -> OnEvent:
    said: dict[str, float] = {}

    def on_event(event: Event) -> None:
        if not isinstance(event, Progress):
            console.print(_rendered(event))
            return
        now = time.monotonic()
        first = event.stage not in said
        if first:
            said[event.stage] = now
        if event.done == event.total or now - said[event.stage] >= _LINE_EVERY:
            said[event.stage] = now
            console.print(f"{_label(event.stage)}: {event.done}/{event.total} {_note(event, '')}")

    return on_event


def _label(stage: str) -> str:
    """The stage in words; "train 2/3" is the second of three trainings."""
    name, _, which = stage.partition(" ")
    return f"{LABELS.get(name, name)} {which}".strip()


def _note(event: Progress, before: str) -> str:
    if event.loss is None:
        return before
    held_out = before.partition("held-out ")[2]
    if event.valid_loss is not None:
        held_out = f"{event.valid_loss:.3f}"
    return f"loss {event.loss:.3f}" + (f"  held-out {held_out}" if held_out else "")


def _rendered(event: DataSummary | Plan | Notice) -> Any:
    from rich.text import Text

    from realift.report.terminal_data import render_data, render_plan

    if isinstance(event, DataSummary):
        return render_data(event)
    if isinstance(event, Plan):
        return render_plan(event)
    return Text(event.text, style="dim")
