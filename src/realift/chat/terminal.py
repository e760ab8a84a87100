"""The conversation in a terminal: a line is a question, a line with a slash is a command.

Ctrl-C stops the answer; once more, with nothing in between, leaves. The lines typed are kept for
the arrow keys while it runs, and nowhere else.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

from realift.chat.commands import HELP, is_command, obey, take_context
from realift.chat.session import Reply, Session, Turn, answered
from realift.chat.show import board, shown_passages, title
from realift.chat.talk import Talker, put
from realift.types import Arm, Question

PROMPT, PASTING = "> ", "| "
_LEAVE = "Ctrl-C again leaves (or /quit)"


def converse(
    talker: Talker, session: Session, console: Any, read: Callable[[str], str] = input
) -> Session:
    """Ask and answer until the person leaves; gives back the last state."""
    from rich.text import Text

    def say(text: str, style: str = "dim") -> None:
        console.print(Text(text, style=style))

    say(title(talker), "bold")
    say("Ask something. /help lists the commands; every question stands alone.")
    with _editing():
        warned = False
        while True:
            try:
                line = read(PROMPT).strip()
            except EOFError:
                console.print()
                return session
            except KeyboardInterrupt:
                console.print()
                if warned:
                    return session
                say(_LEAVE)
                warned = True
                continue
            warned = False
            if not line:
                continue
            if not is_command(line):
                try:
                    turn = _ask(talker, session, line, console)
                except KeyboardInterrupt:
                    return session
                session = answered(session, turn)
                if any(reply.finish == "stopped" for reply in turn.replies):
                    say(f"stopped. {_LEAVE}")
                    warned = True
                continue
            done = obey(session, line)
            if done.said:
                say(done.said, "yellow" if done.failed else "dim")
            if done.wants == "quit":
                return session
            if done.wants == "paste":
                pasted = _pasted(read)
                if pasted is None:
                    console.print()
                    say("context unchanged")
                    continue
                done = take_context(session, pasted)
                say(done.said)
            session = done.session


def _pasted(read: Callable[[str], str]) -> str | None:
    """Lines up to a single dot or Ctrl-D; None = given up with Ctrl-C."""
    lines: list[str] = []
    while True:
        try:
            line = read(PASTING)
        except EOFError:
            return "\n".join(lines)
        except KeyboardInterrupt:
            return None
        if line.strip() == ".":
            return "\n".join(lines)
        lines.append(line)


def _ask(talker: Talker, session: Session, text: str, console: Any) -> Turn:
    """One question, its answers drawn anew with every token."""
    from rich.live import Live
    from rich.text import Text

    said: dict[Arm, str] = {}
    asked: list[Question] = []

    def drawn(done: dict[Arm, Reply]) -> Any:
        return board(asked[0], session.arms, said, done, talker, width=console.width)

    def on_question(question: Question) -> None:
        asked.append(question)
        if not session.context:  # what was found for it; what was pasted is known
            for line in shown_passages(question):
                console.print(Text(line, style="dim"))
        live.start()

    def on_text(arm: Arm, so_far: str) -> None:
        said[arm] = so_far
        live.update(drawn({}), refresh=True)

    live = Live(console=console, transient=True, auto_refresh=False, vertical_overflow="ellipsis")
    try:
        with _stoppable() as stopping:
            turn = put(
                talker, session, text, on_text=on_text, on_question=on_question, stopping=stopping
            )
    finally:
        live.stop()
    said.update({r.arm: r.text for r in turn.replies})
    arms = [r.arm for r in turn.replies]
    done = {r.arm: r for r in turn.replies}
    console.print(board(turn.question, arms, said, done, talker, width=console.width))
    return turn


@contextlib.contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """While this is open the first Ctrl-C is only noted; the second is a KeyboardInterrupt.

    Noting it, rather than being interrupted anywhere, keeps the model's adapter switched as it was.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def on_signal(*_: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _editing() -> Iterator[None]:
    """Arrow keys and Tab at the prompt, where the system has readline."""
    try:
        import readline
    except ImportError:  # Windows
        yield
        return

    def complete(text: str, state: int) -> str | None:
        names = [name for name in HELP if name.startswith(text)] if text.startswith("/") else []
        return names[state] if state < len(names) else None

    before, breaks = readline.get_completer(), readline.get_completer_delims()
    readline.set_completer(complete)
    readline.set_completer_delims(" ")
    readline.parse_and_bind("tab: complete")
    try:
        yield
    finally:
        readline.set_completer(before)
        readline.set_completer_delims(breaks)
