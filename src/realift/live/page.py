"""``watch.html`` in the run folder: the progress on a page that loads itself anew, then the report.

A file, no server: it opens in any browser on this machine. No script, no network; texts are inert.
"""

from __future__ import annotations

import time
from html import escape
from pathlib import Path

from realift import run_folder
from realift.live.stage import Stage, clock, label, sparkline
from realift.report.text import clean
from realift.types import Event, Notice, OnEvent, Progress, Started

WATCH = "watch.html"
_EVERY = 2.0  # seconds between two writes, and between two looks of the browser
_N_NOTICES = 12
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } p { margin: 0.3rem 0; overflow-wrap: anywhere; }
progress { width: 100%; height: 0.8rem; } .soft { opacity: 0.75; font-size: 0.875rem; }
.spark { font: 1.4rem/1.2 ui-monospace, monospace; overflow: hidden; }
"""


class Page:
    """A listener that keeps the page, and passes every event on."""

    def __init__(self, on_event: OnEvent) -> None:
        self._pass_on = on_event
        self._folder: Path | None = None
        self._stages: dict[str, Stage] = {}
        self._notices: list[str] = []
        self._written = 0.0

    def on_event(self, event: Event) -> None:
        """Take an event; the page is written now and then, not at each of them."""
        self._pass_on(event)
        now = time.monotonic()
        if isinstance(event, Started):
            self._folder = Path(event.folder)
            self._pass_on(Notice(text=f"to watch it: {(self._folder / WATCH).resolve().as_uri()}"))
        elif isinstance(event, Progress):
            self._stages.setdefault(event.stage, Stage(event.stage)).take(event, now=now)
        elif isinstance(event, Notice):
            self._notices.append(event.text)
        if now - self._written >= _EVERY:
            self._write(now)

    def end(self) -> None:
        """The last page leads to the report, if there is one."""
        if self._folder is not None and self._folder.is_dir():
            report = (self._folder / "report.html").is_file()
            self._write(time.monotonic(), then="report.html" if report else "")

    def _write(self, now: float, *, then: str | None = None) -> None:
        if self._folder is None or not self._folder.is_dir():
            return
        text = render(
            self._folder.name, list(self._stages.values()), self._notices, now=now, then=then
        )
        run_folder.write_text(self._folder / WATCH, text)
        self._written = now


def render(
    name: str, stages: list[Stage], notices: list[str], *, now: float, then: str | None = None
) -> str:
    """The page as HTML text.

    Args:
        now: of the clock of the stages.
        then: the page to go to, as the run is over ("" = none); None = load this one anew.
    """
    refresh = f"{_EVERY:.0f}" if then is None else f"0; url={then}"
    again = f'<meta http-equiv="refresh" content="{refresh}">' if then != "" else ""
    parts = [_stage(stage, now) for stage in reversed(stages)]
    parts += [f'<p class="soft">{_inert(text)}</p>' for text in reversed(notices[-_N_NOTICES:])]
    state = "is over" if then is not None else f"as of {run_folder.now()}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; """
        """style-src 'unsafe-inline'">\n"""
        f"{again}\n<title>{_inert(name)} (realift)</title>\n<style>{_STYLE}</style>\n</head>\n"
        f'<body>\n<main>\n<h1>{_inert(name)}</h1>\n<p class="soft">{state}</p>\n'
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def _stage(stage: Stage, now: float) -> str:
    over = stage.done >= stage.total
    times = (
        f"took {clock(stage.elapsed(now=now))}" if over else f"{clock(stage.left(now=now))} left"
    )
    head = f"{label(stage.name)}: {stage.done:,} of {stage.total:,}, {times}"
    lines = [
        f"<p>{_inert(head)}</p>",
        f'<progress max="{max(1, stage.total)}" value="{stage.done}">{_inert(head)}</progress>',
    ]
    for what, values in (("loss", stage.losses), ("held-out loss", stage.held_out)):
        if values:
            said = f"{what} {values[-1]:.3f}, lowest {min(values):.3f}"
            spark = sparkline(values, width=40)
            lines.append(f'<p>{said}</p><p class="spark" aria-hidden="true">{spark}</p>')
    return "\n".join(lines)


def _inert(text: str) -> str:
    return escape(clean(text))
