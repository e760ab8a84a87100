"""What is seen while a job runs: data, plan, notices and progress, all on stderr.

On a terminal every stage has a bar with the time left, the training also its loss over the steps
so far and the held-out loss. In a pipe, in CI and on a dumb terminal there are plain lines now and
then, without control characters.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from realift.live.stage import Stage, render_stage, say_stage
from realift.types import DataSummary, Event, Notice, OnEvent, Plan, Progress, Started, ignore_event

if TYPE_CHECKING:
    from rich.console import RenderableType

_LINE_EVERY = 30.0  # seconds between progress lines where no bar can be drawn
_MAX_WIDTH = 110
_REFRESH = 4.0  # times a second


@contextmanager
def listening(console: Any, *, quiet: bool, watch: bool = False) -> Iterator[OnEvent]:
    """A listener that draws bars on a terminal and prints a line now and then elsewhere.

    Args:
        watch: the same on a page in the run folder, which a browser loads anew by itself.
    """
    with _seen(console, quiet=quiet) as on_event:
        if not watch:
            yield on_event
            return
        from realift.live.page import Page

        page = Page(on_event)
        try:
            yield page.on_event
        finally:
            page.end()


@contextmanager
def _seen(console: Any, *, quiet: bool) -> Iterator[OnEvent]:
    if quiet:
        yield ignore_event
    elif console.is_terminal and not console.is_dumb_terminal and not os.environ.get("CI"):
        with _drawing(console) as on_event:
            yield on_event
    else:
        yield _line_printer(console)


@contextmanager
def _drawing(console: Any) -> Iterator[OnEvent]:
    from rich.console import Group
    from rich.live import Live

    stages: dict[str, Stage] = {}

    def drawn() -> RenderableType:
        width = min(console.width, _MAX_WIDTH)
        now = time.monotonic()
        plain = console.options.ascii_only
        return Group(
            *(render_stage(s, width=width, now=now, plain=plain) for s in list(stages.values()))
        )

    def on_event(event: Event) -> None:
        if isinstance(event, Progress):
            stages.setdefault(event.stage, Stage(event.stage)).take(event, now=time.monotonic())
        else:
            console.print(_rendered(event))

    with Live(
        get_renderable=drawn,
        console=console,
        refresh_per_second=_REFRESH,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield on_event


def _line_printer(console: Any) -> OnEvent:
    from rich.text import Text

    stages: dict[str, Stage] = {}
    said: dict[str, float] = {}

    def on_event(event: Event) -> None:
        if not isinstance(event, Progress):
            console.print(_rendered(event))
            return
        now = time.monotonic()
        stage = stages.setdefault(event.stage, Stage(event.stage))
        stage.take(event, now=now)
        if event.done == event.total or now - said.setdefault(event.stage, now) >= _LINE_EVERY:
            said[event.stage] = now
            console.print(Text(say_stage(stage, now=now)), soft_wrap=True)

    return on_event


def _rendered(event: DataSummary | Plan | Notice | Started) -> Any:
    from rich.text import Text

    from realift.report.terminal_data import render_data, render_plan
    from realift.report.text import clean

    if isinstance(event, DataSummary):
        return render_data(event)
    if isinstance(event, Plan):
        return render_plan(event)
    text = f"run folder {event.folder}" if isinstance(event, Started) else event.text
    return Text(clean(text), style="dim")
