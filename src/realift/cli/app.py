"""The application: its name, its global options, and what becomes of errors."""

from __future__ import annotations

import errno
import gc
import io
import os
import re
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


# torch and transformers are a million objects that stay. Python's collector (from 700 new objects
# on) would look through them over and over while they load: a second of every start.
_GARBAGE_FROM = 50_000


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
    gc.set_threshold(_GARBAGE_FROM)
    for stream in (sys.stdout, sys.stderr):  # a pipe may not be UTF-8: lose a mark, not the run
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")  # no line for each retry of the hub
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
    except OSError as err:
        said = from_system(err)
        if said is None:
            raise
        print_error(*said)
        sys.exit(1)
    except Exception as err:
        show = getattr(err, "show", None)  # click's own errors, wherever typer keeps its click
        if show is None:
            raise
        show()
        _hint_at_data(str(getattr(err, "message", "")))
        sys.exit(2)


_SYSTEM = {
    errno.ENOSPC: "the disk is full: free some space; a run goes on with 'realift run --resume'",
    errno.EDQUOT: "your share of the disk is used up: free some space, or use another --runs-dir",
    errno.EACCES: "you may not read or write this: choose another place, or ask its owner",
    errno.EPERM: "you may not do this here: choose another place",
    errno.EROFS: "this disk cannot be written to: choose another --runs-dir",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EMFILE: "too many files are open on this machine: close some programs",
}


def from_system(err: OSError) -> tuple[str, str] | None:
    """What the system refused, in words, and what to do; None = not a person's affair."""
    hint = _SYSTEM.get(err.errno or 0)
    if hint is None:
        return None
    place = f"{err.filename}: " if err.filename else ""
    return f"{place}{err.strerror}", hint


def _hint_at_data(message: str) -> None:
    """Files typed without the name of their option are the likeliest surplus arguments."""
    if "extra argument" in message and re.search(r"\.(jsonl?|csv|tsv|ya?ml)\b", message):
        typer.echo("hint: give data by name: --train FILE --eval FILE", err=True)
