"""The main job and its parts: ``run``, ``train``, ``compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from realift.cli.app import app
from realift.cli.options import (
    ADAPTER,
    ANSWERING,
    DATA,
    FILE,
    GATE,
    JSON,
    MODEL,
    OUTPUT,
    QUIET,
    RESUME,
    TRAINING,
    VERDICT,
    WATCH,
    with_options,
)
from realift.cli.printing import leave, listening, show, show_verdict, typed
from realift.config import resolve
from realift.errors import UsageError


def _complete_run(ctx: typer.Context, incomplete: str) -> list[str]:
    """After --resume the runs that may be gone on with; otherwise files, by the shell."""
    from realift.history import list_runs

    if not ctx.params.get("resume"):
        return []
    rows = list_runs(ctx.params.get("runs_dir") or "runs")
    open_ = (row.name for row in rows if row.status in ("interrupted", "failed"))
    return [name for name in open_ if name.startswith(incomplete)]


FILE_OR_RUN = typer.Argument(
    None,
    help="A realift.yaml with options; with --resume a run.",
    show_default=False,
    autocompletion=_complete_run,
)


@app.command()
@with_options(DATA, MODEL, ADAPTER, TRAINING, ANSWERING, VERDICT, OUTPUT)
def run(
    file: Path | None = FILE_OR_RUN,
    as_json: bool = JSON,
    quiet: bool = QUIET,
    watch: bool = WATCH,
    gate: bool = GATE,
    resume: bool = RESUME,
    *,
    options: dict[str, Any],
) -> None:
    """Train an adapter, answer the eval set with and without it, and say what it is worth.

    Without --eval, every training row is asked of an adapter trained without it.
    """
    from realift import pipeline

    if resume:
        folder, given = _to_resume(file, options)
        with listening(quiet=quiet or as_json, watch=watch) as on_event:
            result = pipeline.resume(folder, given=given, on_event=on_event, command=typed())
    else:
        config = resolve(file=file, flags=options)
        with listening(quiet=quiet or as_json, watch=watch) as on_event:
            result = pipeline.run(config, on_event=on_event, command=typed())
    show(result, as_json=as_json)
    leave(result.verdict, gate=gate)


def _to_resume(run: Path | None, options: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """The run folder, and the options that were given: with --resume the argument is a run."""
    from realift.history import find_run, last_interrupted

    given = dict(options)
    if run is not None and run.suffix in (".yaml", ".yml") and run.is_file():
        config = resolve(file=run, flags=options)  # the command of the run, with --resume
        given = {name: getattr(config, name) for name in config.given}
        run = None
    name = run or given.get("name")
    runs_dir = given.get("runs_dir") or "runs"
    return (last_interrupted(runs_dir) if name is None else find_run(name, runs_dir)), given


@app.command()
@with_options(DATA, MODEL, ADAPTER, TRAINING, OUTPUT, without=("allow_leaks", "folds"))
def train(
    file: Path | None = FILE,
    as_json: bool = JSON,
    quiet: bool = QUIET,
    watch: bool = WATCH,
    *,
    options: dict[str, Any],
) -> None:
    """Train and save an adapter without judging it."""
    from realift import pipeline

    config = resolve(file=file, flags=options)
    with listening(quiet=quiet or as_json, watch=watch) as on_event:
        result = pipeline.train(config, on_event=on_event, command=typed())
    show(result, as_json=as_json)


@app.command()
@with_options(
    DATA, MODEL, ANSWERING, VERDICT, OUTPUT, without=("valid_fraction", "report_to"), also=("seed",)
)
def compare(
    file: Path | None = FILE,
    adapter: Path | None = typer.Option(
        None, "--adapter", "-a", help="Folder of a PEFT adapter, whoever trained it."
    ),
    scores: Path | None = typer.Option(
        None,
        "--scores",
        help="CSV of 0/1 scores from any tool (id,base,adapter[,group]): only the verdict.",
    ),
    as_json: bool = JSON,
    quiet: bool = QUIET,
    watch: bool = WATCH,
    gate: bool = GATE,
    *,
    options: dict[str, Any],
) -> None:
    """Judge any adapter against its base, or scores from any other tool."""
    from realift import pipeline

    if (adapter is None) == (scores is None):
        raise UsageError(
            "give either --adapter FOLDER or --scores FILE",
            hint="--adapter runs both arms here; --scores only judges numbers you have",
        )
    config = resolve(file=file, flags=options)
    if scores is not None:
        verdict = pipeline.compare_scores(scores, config)
        show_verdict(verdict, as_json=as_json)
        leave(verdict, gate=gate)
        return
    assert adapter is not None
    with listening(quiet=quiet or as_json, watch=watch) as on_event:
        result = pipeline.compare(config, adapter, on_event=on_event, command=typed())
    show(result, as_json=as_json)
    leave(result.verdict, gate=gate)
