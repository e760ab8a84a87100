"""What the commands share at their end: results to stdout, progress to stderr, an exit code."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from realift.types import RunResult, Verdict

EXIT_NOT_PROVEN, EXIT_REGRESSION, EXIT_INVALID, EXIT_INTERRUPTED = 10, 11, 12, 130


def console(*, stderr: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def listening(*, quiet: bool, watch: bool = False) -> Any:
    from realift.live import listening

    return listening(console(stderr=True), quiet=quiet, watch=watch)


def show(result: RunResult, *, as_json: bool) -> None:
    if as_json:
        from realift.report.machine import to_json

        print_json(to_json(result))
    else:
        from realift.report.terminal import render_panel

        console().print(render_panel(result))


def show_verdict(verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        from realift.report.machine import verdict_to_json

        print_json(verdict_to_json(verdict))
    else:
        from realift.report.terminal import render_verdict

        console().print(render_verdict(verdict))


def print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def leave(verdict: Verdict | None, *, gate: bool) -> None:
    code = gate_code(verdict) if gate else 0
    if code:
        raise typer.Exit(code)


def gate_code(verdict: Verdict | None) -> int:
    """The exit code of ``--gate``: 0 only for SHIP."""
    if verdict is None or verdict.label in ("INVALID", "INERT"):
        return EXIT_INVALID
    if verdict.label == "REGRESSION" or any(g.status == "REGRESSION" for g in verdict.guards):
        return EXIT_REGRESSION
    return 0 if verdict.recommendation == "SHIP" else EXIT_NOT_PROVEN


def typed() -> str:
    from realift.history.words import shell

    return shell(["realift", *sys.argv[1:]])


def print_error(message: str, hint: str) -> None:
    from rich.text import Text

    err = console(stderr=True)
    err.print(Text("error: ", style="bold red") + Text(message), soft_wrap=True)
    if hint:
        err.print(Text("hint: ", style="bold") + Text(hint), soft_wrap=True)
