"""``chat``: both arms side by side, in the terminal, through a pipe, or on a local page."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from realift.cli.app import app
from realift.cli.completing import complete_base, complete_run
from realift.cli.options import JSON, MODEL, QUIET, with_options
from realift.cli.printing import console, listening
from realift.errors import UsageError

if TYPE_CHECKING:
    from realift.chat.session import Session
    from realift.chat.talk import Talker


@app.command()
@with_options(
    MODEL,
    without=("base",),
    also=("max_new_tokens", "docs", "retriever", "retrieve_k", "passage_words"),
)
def chat(
    run: Path | None = typer.Argument(
        None, help="A run: its folder, or its name in runs/.", autocompletion=complete_run
    ),
    adapter: Path | None = typer.Option(
        None, "--adapter", "-a", help="Folder of a PEFT adapter, instead of a run."
    ),
    base: str | None = typer.Option(
        None,
        "--base",
        "-b",
        help="Base model. [dim]\\[default: the one the adapter was trained on][/dim]",
        autocompletion=complete_base,
    ),
    context: str | None = typer.Option(
        None, "--context", help="A file (or text) to ask over; /context changes it."
    ),
    arms: str = typer.Option(
        "both",
        "--arms",
        help="both, base or adapter.",
        autocompletion=lambda: ["both", "base", "adapter"],
    ),
    web: bool = typer.Option(
        False, "--web", help="Talk on a page of this machine instead of in the terminal."
    ),
    host: str = typer.Option(
        "127.0.0.1", "--host", help="With --web: the address to listen on; others can reach it."
    ),
    port: int = typer.Option(0, "--port", help="With --web: the port; 0 = any free one."),
    as_json: bool = JSON,
    quiet: bool = QUIET,
    *,
    options: dict[str, Any],
) -> None:
    """Talk to the base and to the adapter, side by side.

    Every question is asked as in the eval set: alone, with the system prompt of the training.
    In a pipe, each line is a question.
    """
    from realift.chat.opening import open_chat

    if arms not in ("both", "base", "adapter"):
        raise UsageError(f"--arms: {arms!r} is not one of both, base, adapter")
    if web:
        from realift.chat.serving import need_web

        need_web()
    if base is not None:
        options["base"] = base
    piped = as_json or not (sys.stdin.isatty() and sys.stdout.isatty())
    with listening(quiet=quiet or as_json) as on_event:
        talker, session = open_chat(run=run, adapter=adapter, flags=options, on_event=on_event)
    session = _prepared(session, context=context, arms=arms)
    if web:
        _serve(talker, session, host=host, port=port)
        return
    if not piped:
        from realift.chat.terminal import converse

        converse(talker, session, console())
        return
    from realift.chat.pipe import answer_lines

    if isinstance(sys.stdin, io.TextIOWrapper):  # a file from elsewhere: lose a mark, not the rest
        sys.stdin.reconfigure(errors="replace")

    def note(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    for line in answer_lines(talker, session, sys.stdin, as_json=as_json, on_note=note):
        typer.echo(line)


def _serve(talker: Talker, session: Session, *, host: str, port: int) -> None:
    from realift.chat.serving import LOCAL, prepare, serve

    if host not in LOCAL:
        typer.echo(
            f"warning: listening on {host}: whoever can reach this machine and has the link can "
            "ask, and the connection is not encrypted",
            err=True,
        )

    page = prepare(talker, session, host=host, port=port)
    typer.echo(f"open {page.link}")
    typer.echo("Ctrl-C ends it", err=True)
    sys.stdout.flush()
    serve(page)


def _prepared(session: Session, *, context: str | None, arms: str) -> Session:
    """The session as the flags want it."""
    from realift.chat.commands import obey

    commands = [f"/{arms}"] if arms != "both" else []
    if context is not None:
        commands.append(f"/context {context}")
    for command in commands:
        done = obey(session, command)
        if done.failed:
            flag = "--arms" if command.startswith(f"/{arms}") else "--context"
            raise UsageError(f"{flag}: {done.said}")
        session = done.session
    return session
