"""Flags made from the fields of ``Config``: their names, types and help stand there alone."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import typer

from realift.cli.completing import complete_option, complete_run
from realift.cli.printing import EXIT_INTERRUPTED, print_error
from realift.config import option_default, option_fields, option_type

DATA, MODEL, ADAPTER, TRAINING = "data", "model", "adapter", "training"
ANSWERING, VERDICT, OUTPUT = "answering", "verdict", "output"

RUN = typer.Argument(help="Name or folder of a run.", autocompletion=complete_run)
FILE = typer.Argument(None, help="A realift.yaml with options.", show_default=False)
JSON = typer.Option(False, "--json", help="Print the result as JSON.")
QUIET = typer.Option(False, "--quiet", "-q", help="No progress; only the result.")
WATCH = typer.Option(
    False,
    "--watch",
    help="Show the progress on a page in the run folder too (its address is said).",
)
RESUME = typer.Option(
    False,
    "--resume",
    help="Go on with an interrupted run: 'run --resume RUN', or the last one.",
)
GATE = typer.Option(
    False,
    "--gate",
    help="Exit 0 only for SHIP; 10 not proven, 11 regression, 12 invalid or inert.",
)


def with_options(
    *groups: str, without: tuple[str, ...] = (), also: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one flag per ``Config`` field of these groups, handed over as ``options``.

    ``without`` names fields the command has no use for: a flag that nothing reads is a lie.
    ``also`` names fields of other groups.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in inspect.signature(function).parameters.values() if p.name != "options"]
        made = [
            _parameter(f)
            for f in option_fields()
            if f.name in also or (f.metadata["group"] in groups and f.name not in without)
        ]
        names = {p.name for p in made}

        def command(**values: Any) -> None:
            try:
                function(
                    **{k: v for k, v in values.items() if k not in names},
                    options={k: v for k, v in values.items() if k in names and v not in (None, [])},
                )
            except KeyboardInterrupt as err:  # typer would swallow what it says
                print_error("interrupted", " ".join(map(str, err.args)))
                sys.exit(EXIT_INTERRUPTED)

        command.__name__ = function.__name__
        command.__doc__ = function.__doc__
        command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *made)]
        )
        hints = inspect.get_annotations(function, eval_str=True)
        command.__annotations__ = {p.name: hints[p.name] for p in own} | {
            p.name: p.annotation for p in made
        }
        return command

    return decorate


def _parameter(field: Any) -> inspect.Parameter:
    kind = option_type(field.name)
    flag = "--" + field.name.replace("_", "-")
    default = option_default(field)
    if kind is bool:
        annotation: Any = bool | None
        names = [f"{flag}/--no-{field.name.replace('_', '-')}"]
    elif kind == tuple[str, ...]:
        annotation, names = list[str] | None, [flag]
    else:
        # Values are checked once, in config/reading.py, where the message names file or flag.
        annotation, names = str | None, [flag]
    short = {"train": "-t", "eval": "-e", "base": "-b"}.get(field.name)
    shown = "" if default in (None, (), False) or field.name == "system_prompt" else str(default)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=annotation,
        default=typer.Option(
            None,
            *([short] if short else []),
            *names,
            help=field.metadata["help"] + (f" [dim]\\[default: {shown}][/dim]" if shown else ""),
            show_default=False,
            rich_help_panel=field.metadata["group"].capitalize(),
            metavar=None if kind is bool else _metavar(kind),
            autocompletion=complete_option(field.name),
        ),
    )


def _metavar(kind: Any) -> str:
    text = str(kind)
    if "int" in text:
        return "N"
    return "X" if "float" in text else "TEXT"
