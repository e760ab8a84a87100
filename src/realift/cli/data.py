"""Commands about data alone: ``check``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from realift.cli.app import app
from realift.cli.options import DATA, FILE, JSON, VERDICT, with_options
from realift.cli.printing import console, print_json
from realift.config import resolve

EXIT_BAD_DATA = 2


@app.command()
@with_options(
    DATA,
    VERDICT,
    without=("valid_fraction", "allow_leaks", "guard_margin", "sequential"),
    also=("samples_per_question",),
)
def check(file: Path | None = FILE, as_json: bool = JSON, *, options: dict[str, Any]) -> None:
    """Look at the data: problems with their lines, leaks, and what the eval set can show."""
    from realift import pipeline
    from realift.report.terminal_data import render_data
    from realift.run_folder import to_plain

    summary = pipeline.check(resolve(file=file, flags=options))
    if as_json:
        print_json(to_plain(summary))
    else:
        console().print(render_data(summary))
    if any(problem.severity == "error" for problem in summary.problems):
        raise typer.Exit(EXIT_BAD_DATA)
