"""Put the pages into a run folder, and the page of several runs where it is wanted.

>>> write_reports("runs/acme-1").markdown  # doctest: +SKIP
PosixPath('runs/acme-1/report.md')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from realift import run_folder
from realift.report.html import render_html
from realift.report.markdown import render_markdown
from realift.types import RunResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Where the pages of a run are."""

    html: Path
    markdown: Path


def write_reports(folder: str | Path, result: RunResult | None = None) -> Reports:
    """Write ``report.html`` and ``report.md`` from what the folder holds, each whole or not at all.

    Works for a run that stopped at any stage: the pages then say how far it got. ``result``: what
    was read from the folder just now, to be spared reading it again.

    Raises:
        RunFolderError: the folder cannot be read as a run.
    """
    root = Path(folder)
    result = result or run_folder.load(root)
    reports = Reports(html=root / "report.html", markdown=root / "report.md")
    pages = ((reports.html, render_html(result)), (reports.markdown, render_markdown(result)))
    for path, text in pages:
        run_folder.write_text(path, text)
    return reports


def write_comparison(results: Sequence[RunResult], path: Path) -> None:
    """Write the page that compares runs (two at least), whole or not at all."""
    from realift.report.comparison import render_comparison

    run_folder.write_text(path, render_comparison(results))
