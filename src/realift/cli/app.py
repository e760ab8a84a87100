"""The application: its name, its global options, and what becomes of errors."""

from __future__ import annotations

import io
import os
import sys

import typer

from realift.cli.printing import print_error
from realift.errors import RealiftError

app = typer.Typer(
    name="realift",
    help="Train a small LoRA adapter on your domain, and find out whether the lift is real.",
    epilog="Start with:  realift init mine",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(value: bool) -> None:
    if value:
        from realift import __version__

        typer.echo(f"realift {__version__}")
        raise typer.Exit


@app.callback()
def _global(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def main() -> None:
    """Entry point: turn errors into one clear message and an exit code."""
    for stream in (sys.stdout, sys.stderr):  # a pipe may not be UTF-8: lose a mark, not the run
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        # The name is given: under `python -m realift` completion would be set up for "python".
        code = app(prog_name="realift", standalone_mode=False)  # typer.Exit: a number
        sys.exit(code if isinstance(code, int) else 0)
    except RealiftError as err:
        print_error(str(err), err.hint)
        sys.exit(err.exit_code)
    except BrokenPipeError:  # e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as err:
        show = getattr(err, "show", None)  # click's own errors, wherever typer keeps its click
        if show is None:
            raise
        show()
        sys.exit(2)
