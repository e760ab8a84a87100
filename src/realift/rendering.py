"""The pages of runs that are over: made anew, with their advice, from the run folders.

Apart from ``pipeline``, which knows how to train, so that ``realift report`` starts at once.

>>> report("runs/acme-1")  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from realift import run_folder
from realift.advising import advise
from realift.report.write import write_comparison, write_reports
from realift.types import RunResult


def report(folder: str | Path) -> RunResult:
    """Write ``report.html`` and ``report.md`` of a run anew from its folder, and its advice."""
    result = run_folder.load(folder)
    advice = advise(result)
    if advice:
        run_folder.write_json(Path(folder) / "advice.json", advice)
        result = dataclasses.replace(result, advice=advice)
    write_reports(folder, result)
    return result


def report_several(
    folders: Sequence[str | Path], out: str | Path | None = None
) -> tuple[list[RunResult], Path]:
    """Write the pages of several runs anew, and one that compares them; the runs, and its path.

    ``out``: by default ``comparison.html`` beside the first run.
    """
    results = [report(folder) for folder in folders]
    page = Path(out or Path(folders[0]).parent / "comparison.html")
    write_comparison(results, page)
    return results, page
