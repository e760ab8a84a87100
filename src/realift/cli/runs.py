"""``realift runs``: what was run so far, in short, side by side, and away with it."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from realift import run_folder
from realift.cli.app import app
from realift.cli.options import JSON
from realift.cli.printing import console, print_error, print_json, show
from realift.errors import UsageError

runs = typer.Typer(
    name="runs",
    help="List runs; show, compare and remove them; count the looks at an eval set.",
    invoke_without_command=True,
    rich_markup_mode="rich",
)
app.add_typer(runs)


def complete_run_name(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of runs for the shell, called at every Tab: quick, and silent if anything is wrong."""
    from realift.history import run_names

    names = run_names(_where(ctx, ctx.params.get("runs_dir")))
    return [name for name in names if name.startswith(incomplete)]


RUNS_DIR = typer.Option("runs", "--runs-dir", help="Where the run folders are.")
OWN_RUNS_DIR = typer.Option(None, "--runs-dir", help="Where the run folders are.")
RUN = typer.Argument(help="Name or folder of a run.", autocompletion=complete_run_name)


@runs.callback()
def _runs(
    ctx: typer.Context,
    runs_dir: Path = RUNS_DIR,
    as_json: bool = JSON,
) -> None:
    if ctx.invoked_subcommand is None:
        _list(runs_dir, as_json=as_json)


def _where(ctx: typer.Context, own: Path | None) -> Path:
    """``--runs-dir`` may stand before the word, too: runs --runs-dir DIR show RUN."""
    before = ctx.parent.params.get("runs_dir") if ctx.parent else None
    return own or Path(before or "runs")


def _as_json(ctx: typer.Context, own: bool) -> bool:
    return own or bool(ctx.parent and ctx.parent.params.get("as_json"))


@runs.command("list")
def list_(ctx: typer.Context, runs_dir: Path | None = OWN_RUNS_DIR, as_json: bool = JSON) -> None:
    """All runs, the newest first (the same as 'realift runs')."""
    _list(_where(ctx, runs_dir), as_json=_as_json(ctx, as_json))


def _list(runs_dir: Path, *, as_json: bool) -> None:
    from realift.history import list_runs
    from realift.history.terminal import RunTable

    rows = list_runs(runs_dir)
    if as_json:
        print_json(run_folder.to_plain(rows))
    elif rows:
        console().print(RunTable(rows, now=run_folder.now()))
    else:
        typer.echo(f"no runs in {runs_dir}; the first one: realift run --train FILE --eval FILE")


@runs.command("show")
def show_(
    ctx: typer.Context, run: str = RUN, runs_dir: Path | None = OWN_RUNS_DIR, as_json: bool = JSON
) -> None:
    """The panel of one run, as it was shown at its end."""
    from realift.history import find_run

    show(run_folder.load(find_run(run, _where(ctx, runs_dir))), as_json=_as_json(ctx, as_json))


@runs.command("diff")
def diff(
    ctx: typer.Context,
    a: str = RUN,
    b: str = RUN,
    runs_dir: Path | None = OWN_RUNS_DIR,
    answers: int = typer.Option(10, "--answers", help="Changed answers to show.", min=0),
    as_json: bool = JSON,
) -> None:
    """What differs between two runs: settings, data, verdicts, and answers that changed."""
    from realift.history import find_run
    from realift.history.diff import render_diff
    from realift.report.compare_runs import compare_runs

    where = _where(ctx, runs_dir)
    first, second = (run_folder.load(find_run(run, where)) for run in (a, b))
    found = compare_runs(first, second)
    if _as_json(ctx, as_json):
        print_json(run_folder.to_plain(found))
    else:
        console().print(render_diff(found, n_answers=answers))


@runs.command("rm")
def rm(
    ctx: typer.Context,
    names: list[str] = typer.Argument(
        help="Names or folders of runs.", metavar="RUN...", autocompletion=complete_run_name
    ),
    runs_dir: Path | None = OWN_RUNS_DIR,
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."),
) -> None:
    """Delete runs, with their adapters; the ledger keeps what they looked at."""
    from realift.history import find_run, remove_runs
    from realift.verdict.ledger import LEDGER

    where = _where(ctx, runs_dir)
    folders = list(dict.fromkeys(find_run(name, where) for name in names))
    for folder in folders:
        if run_folder.is_live(folder):
            raise UsageError(
                f"{folder}: this run is still going", hint="end it first (Ctrl-C in its terminal)"
            )
    kept = (where / LEDGER).exists()
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody is there to ask", hint="give --yes to delete without asking")
        for folder in folders:
            typer.echo(str(folder))
        runs_, adapters = ("this run", "its") if len(folders) == 1 else ("these runs", "their")
        if not typer.confirm(f"Delete {runs_} and {adapters} adapters?"):
            print_error("nothing was deleted", "")
            raise typer.Exit(1)
    remove_runs(folders)
    for folder in folders:
        typer.echo(f"deleted {folder}")
    if kept:
        typer.echo("the ledger keeps which eval sets they looked at: those looks happened")


@runs.command("looks")
def looks(ctx: typer.Context, runs_dir: Path | None = OWN_RUNS_DIR, as_json: bool = JSON) -> None:
    """How many adapters were judged on each eval set; p is multiplied by their number."""
    from realift.history import list_eval_sets
    from realift.history.terminal import render_eval_sets

    where = _where(ctx, runs_dir)
    sets = list_eval_sets(where)
    if _as_json(ctx, as_json):
        print_json(run_folder.to_plain(sets))
    elif sets:
        console().print(render_eval_sets(sets, now=run_folder.now()))
    else:
        typer.echo(f"no ledger in {where}: no adapter was judged there yet")


@runs.command("index")
def index(ctx: typer.Context, runs_dir: Path | None = OWN_RUNS_DIR) -> None:
    """Write index.html, the page of all runs, anew (every run does so at its end)."""
    from realift.history import write_index

    where = _where(ctx, runs_dir)
    if not where.is_dir():
        raise UsageError(f"{where}: no such folder", hint="--runs-dir says where the runs are")
    typer.echo(str(write_index(where)))
