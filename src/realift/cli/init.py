"""``init``: the first files, for those who have none yet."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import typer

from realift.cli.app import app
from realift.cli.completing import complete_base, complete_case
from realift.cli.options import JSON
from realift.cli.printing import console, print_json


@app.command()
def init(
    folder: Path = typer.Argument(Path(), help="Where to write; made if it is not there."),
    case: str | None = typer.Option(
        None,
        help="documents (questions over passages), facts (to know by heart) or style (a form).",
        autocompletion=complete_case,
    ),
    base: str | None = typer.Option(
        None,
        "--base",
        "-b",
        help="Base model: hub id, local folder, or 'tiny' (the embedded one).",
        autocompletion=complete_base,
    ),
    yes: bool = typer.Option(False, "--yes", "-y", help="Ask nothing; take the defaults."),
    force: bool = typer.Option(False, "--force", help="Write over files that are there."),
    as_json: bool = JSON,
) -> None:
    """Write a commented realift.yaml with sample rows, to begin from.

    Asks what for and which base, unless both are given; in a pipe it asks nothing.
    """
    from realift.starter import start

    ask = not (yes or as_json) and sys.stdin.isatty() and sys.stdout.isatty()
    case = case or (_ask_case() if ask else "documents")
    base = base or (_ask_base() if ask else "tiny")
    made = start(folder, case=case, base=base, force=force)
    if as_json:
        print_json(
            {
                "case": case,
                "base": base,
                "config": str(made.config),
                "train": str(made.train),
                "eval": str(made.eval),
            }
        )
        return
    out = console()
    for path, what in (
        (made.train, "sample training rows: put your own in their place"),
        (made.eval, "sample questions, some without an answer: the same"),
        (made.config, "the options, each with a comment"),
    ):
        out.print(f"{path}\n    {what}", markup=False, soft_wrap=True)
    config = shlex.quote(str(made.config))
    out.print(
        "\nThe samples run as they are, to see how it works; they are too few to show a gain. Next:"
    )
    for command in ("check", "run"):
        out.print(f"    realift {command} {config}", markup=False, soft_wrap=True)


def _ask_case() -> str:
    from realift.starter import CASES

    return _choose("What is the adapter for?", [(c.name, c.title) for c in CASES.values()])


def _ask_base() -> str:
    import psutil

    from realift.starter import BASES

    memory = psutil.virtual_memory().total / 1e9
    rows = []
    for known in BASES:
        size = f"{known.gigabytes:.1f} GB in memory" if known.billions > 0.01 else "for trying out"
        tight = "; too large for this machine" if known.gigabytes * 1.5 > memory else ""
        rows.append((known.name, f"{size}, {known.license}{tight}"))
    return _choose("Which base model? (hub ids are fetched once)", rows, other=True)


def _choose(title: str, rows: list[tuple[str, str]], *, other: bool = False) -> str:
    """A number or a name; with ``other`` any name is taken. The first row is the default."""
    typer.echo(title)
    for number, (name, what) in enumerate(rows, start=1):
        typer.echo(f"  {number}  {name}: {what}")
    if other:
        typer.echo("  or any hub id or folder")
    names = [name for name, _ in rows]
    while True:
        said = str(typer.prompt("number or name", default="1")).strip()
        if said.isdigit() and 1 <= int(said) <= len(names):
            return names[int(said) - 1]
        if said in names or (other and said and not said.isdigit()):
            return said
        typer.echo(f"please give a number from 1 to {len(names)}, or a name of the list")
