"""How a row of the history is worded, the same in the table and on the page."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from realift.history.read import RunRow
from realift.report import figures, view

NOTE = (
    "difference = adapter - base in percentage points, with its interval; n = questions scored; "
    "looks = adapters judged on the same questions"
)
DATA_NOTE = "data = first digits of the hashes of the training file and the eval file"


def outcome(row: RunRow) -> str:
    """The verdict in a word, or how far the run got."""
    if row.status == "done":
        return row.label or "not judged"
    return row.status


def change(row: RunRow) -> str:
    """The difference and its interval: "+28 [+15, +39]"; "-" where nothing was compared."""
    if row.difference is None:
        return "-"
    return f"{figures.points(row.difference)} {figures.interval(row.interval)}"


def data(row: RunRow) -> str:
    """The files' hashes as people compare them: "3fa2b1 77c0de", "-" for a file not given."""
    return " ".join(h[:6] or "-" for h in (row.train_hash, row.eval_hash))


def resume_command(folder: Path) -> str:
    """What to type to go on with a run."""
    words = ["realift", "run", "--resume", folder.name]
    if folder.parent != Path("runs"):
        words += ["--runs-dir", str(folder.parent)]
    return shell(words)


def shell(words: Sequence[str]) -> str:
    """A command ready for this system's shell.

    >>> shell(["realift", "run"])
    'realift run'
    """
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def looks(row: RunRow) -> str:
    return "-" if row.n_looks is None else str(row.n_looks)


def tone(row: RunRow) -> view.Tone:
    """The mood of the outcome: a run that was cut short is unsure, a failed one is bad."""
    if row.status in ("failed", "unreadable"):
        return "bad"
    return "unsure" if row.status in ("interrupted", "running") else view.tone(outcome(row))


def age(created: str, *, now: str) -> str:
    """How long ago, in the largest unit that says something; both times in ISO 8601.

    >>> [age(f"2026-01-0{day}T10:00:00+00:00", now="2026-01-04T10:40:00+00:00") for day in (4, 2)]
    ['40 min', '2 days']
    >>> age("", now="2026-01-04T10:40:00+00:00")
    'not known'
    """
    try:
        passed = datetime.fromisoformat(now) - datetime.fromisoformat(created)
    except (ValueError, TypeError):
        return "not known"
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{passed // timedelta(minutes=1)} min"
    if passed < timedelta(days=1):
        return f"{passed // timedelta(hours=1)} h"
    return figures.counted(passed.days, "day")
