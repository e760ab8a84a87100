"""Commands about data alone: ``check``, ``augment``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from realift.cli.app import app
from realift.cli.options import DATA, FILE, JSON, VERDICT, with_options
from realift.cli.printing import console, print_json
from realift.config import column_names, resolve

EXIT_BAD_DATA = 2


@app.command()
@with_options(
    DATA,
    VERDICT,
    without=("valid_fraction", "allow_leaks", "guard_margin", "sequential"),
    also=("samples_per_question", "base", "system_prompt", "max_length", "max_new_tokens"),
)
def check(
    file: Path | None = FILE,
    clean: Path | None = typer.Option(
        None,
        "--write-clean",
        metavar="PATH",
        help="Write the training rows without unusable ones and exact copies to this file.",
    ),
    force: bool = typer.Option(False, "--force", help="Write over PATH if it exists."),
    as_json: bool = JSON,
    *,
    options: dict[str, Any],
) -> None:
    """Look at the data: problems with their lines, leaks, and what the eval set can show."""
    from realift import pipeline
    from realift.report.terminal_data import render_cleaned, render_data
    from realift.run_folder import to_plain

    config = resolve(file=file, flags=options)
    cleaned = pipeline.write_clean(config, clean, force=force) if clean else None
    summary = pipeline.check(config)
    if as_json:
        print_json(to_plain(summary) | ({"clean": to_plain(cleaned)} if cleaned else {}))
    else:
        console().print(render_data(summary))
        if cleaned:
            console().print(render_cleaned(cleaned))
    if any(problem.severity == "error" for problem in summary.problems):
        raise typer.Exit(EXIT_BAD_DATA)


@app.command()
@with_options(also=("eval", "columns", "seed", "refusal_phrases"))
def augment(
    train: str = typer.Argument(help="Training rows, as for run."),
    out: Path = typer.Option(..., "--out", "-o", help="The new file (.jsonl)."),
    refusals: int | None = typer.Option(
        None,
        min=0,
        help="Refusals to add.",
        show_default="half of all rows refuse",
    ),
    reword: int = typer.Option(0, min=0, help="Other wordings of each answering row."),
    as_json: bool = JSON,
    *,
    options: dict[str, Any],
) -> None:
    """Write refusals and other wordings made from your rows, never touching eval questions."""
    from realift.augmenting import augment as make
    from realift.report.terminal_augmented import render_augmented
    from realift.run_folder import to_plain

    config = resolve(flags=options)
    done = make(
        train,
        out=out,
        eval=config.eval,
        refusals=refusals,
        reword=reword,
        seed=config.seed,
        refusal_phrases=config.refusal_phrases,
        columns=column_names(config.columns),
    )
    if as_json:
        print_json(to_plain(done))
    else:
        console().print(render_augmented(done))
