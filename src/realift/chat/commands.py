"""The commands that begin with a slash: what they do to a session, and what is said about it.

>>> from realift.chat.session import Session
>>> s = Session(system_prompt="", trained_prompt="", arms=("base", "adapter"))
>>> obey(s, "/adapter").session.arms
('adapter',)
>>> obey(s, "/contxt").said
'there is no /contxt; did you mean /context? /help lists all'
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from realift.chat.session import Session, cleared, with_context
from realift.data.text import shorten

Wants = Literal["nothing", "paste", "quit"]
OFF = ("off", "none", "-")
_FILES = (".txt", ".md", ".rst", ".csv", ".json", ".jsonl", ".html", ".pdf")
MAX_FILE = 1_000_000  # bytes of a file taken as a context


@dataclass(frozen=True, slots=True, kw_only=True)
class Obeyed:
    """The session after a command, what to say, and what the screen has to do next.

    ``wants``: ``paste`` = read lines until one that is a single dot, and make them the context.
    ``failed``: the command was not understood, nothing changed.
    """

    session: Session
    said: str = ""
    wants: Wants = "nothing"
    failed: bool = False


HELP = {
    "/base": "only the base answers",
    "/adapter": "only the adapter answers",
    "/both": "both answer, side by side",
    "/context": "paste a context, ended by a line with a single dot; or /context FILE, TEXT, off",
    "/system": "show the system prompt; or /system TEXT, off, trained (as in training)",
    "/follow": "on: earlier turns are shown to the models; off (as in training and eval set)",
    "/clear": "forget context and earlier turns",
    "/help": "this list",
    "/quit": "leave (also Ctrl-D, or Ctrl-C twice)",
}


def is_command(line: str) -> bool:
    """A line that is a command and no question; "/etc/hosts is what?" is a question.

    >>> is_command("/help"), is_command("/etc/hosts is what?"), is_command("a/b")
    (True, False, False)
    """
    word = line.split(maxsplit=1)[0] if line.split() else ""
    return word.startswith("/") and "/" not in word[1:]


def obey(session: Session, line: str) -> Obeyed:
    """Carry out one command line."""
    word, _, rest = line.strip().partition(" ")
    word = word.lower()
    if word in ("/exit", "/q"):
        word = "/quit"
    action = _ACTIONS.get(word)
    if action is None:
        near = difflib.get_close_matches(word, _ACTIONS, n=1, cutoff=0.6)
        guess = f"; did you mean {near[0]}?" if near else ";"
        return _fail(session, f"there is no {word}{guess} /help lists all")
    return action(session, rest.strip())


def help_text() -> str:
    """All commands, one a line."""
    wide = max(map(len, HELP))
    return "\n".join(f"{name:<{wide}}  {what}" for name, what in HELP.items())


def _fail(session: Session, said: str) -> Obeyed:
    return Obeyed(session=session, said=said, failed=True)


def _arms(*arms: Literal["base", "adapter"]) -> Callable[[Session, str], Obeyed]:
    def action(session: Session, _: str) -> Obeyed:
        if "adapter" in arms and not session.has_adapter:
            return _fail(session, "there is no adapter here; start with a run, or --adapter FOLDER")
        said = "both answer" if len(arms) == 2 else f"only the {arms[0]} answers"
        return Obeyed(session=dataclasses.replace(session, arms=arms), said=said)

    return action


def _context(session: Session, rest: str) -> Obeyed:
    if not rest:
        said = "paste the context; end it with a line that is a single dot"
        return Obeyed(session=session, said=said, wants="paste")
    if rest.lower() in OFF:
        return Obeyed(session=with_context(session, ""), said="no context")
    source = None
    path = _file(rest)
    if path is not None:
        try:
            if path.stat().st_size > MAX_FILE:
                return _fail(
                    session, f"{rest}: more than 1 MB; give a part of it, or --docs FOLDER"
                )
            rest, source = path.read_text(encoding="utf-8-sig"), path.name
        except (OSError, UnicodeDecodeError) as err:
            why = err.strerror if isinstance(err, OSError) else "not text in UTF-8"
            also = "; --docs FOLDER reads PDF and HTML too" if path.suffix == ".pdf" else ""
            return _fail(session, f"{rest}: {why}{also}")
    elif rest.lower().endswith(_FILES) or (" " not in rest and ("/" in rest or "\\" in rest)):
        return _fail(session, f"{rest}: no such file")
    return take_context(session, rest, source=source)


def _file(text: str) -> Path | None:
    """The file a person names, also in quotes or with a terminal's escaped spaces."""
    for name in (text, text.strip("'\""), text.replace("\\ ", " ")):
        try:
            path = Path(name).expanduser()
            if path.is_file():
                return path
        except (OSError, ValueError, RuntimeError):  # longer than a name can be, no such home
            continue
    return None


def take_context(session: Session, text: str, *, source: str | None = None) -> Obeyed:
    """Make a text the context and say how it was understood."""
    after = with_context(session, text, source=source)
    if not after.context:
        return Obeyed(session=after, said="no context")
    n = len(after.passages)
    what = "the context, numbered by itself" if not n else f"{n} passage{'s' * (n != 1)}"
    first = shorten(" ".join(after.context.split()), 60)
    return Obeyed(session=after, said=f"asking over {what}: {first}")


def _system(session: Session, rest: str) -> Obeyed:
    if not rest:
        shown = session.system_prompt or "(none)"
        return Obeyed(session=session, said=f"system prompt: {shown}")
    text = rest
    if rest.lower() in OFF:
        text = ""
    elif rest.lower() == "trained":
        text = session.trained_prompt
    other = text != session.trained_prompt
    said = "system prompt " + ("changed: the adapter was trained with another" if other else "set")
    return Obeyed(session=dataclasses.replace(session, system_prompt=text), said=said)


def _follow(session: Session, rest: str) -> Obeyed:
    wanted = {"": not session.follow, "on": True, "off": False}.get(rest.lower())
    if wanted is None:
        return _fail(session, "/follow takes on or off")
    said = (
        "earlier turns are shown to the models; training rows and eval questions stand alone"
        if wanted
        else "every question stands alone, as in training and eval set"
    )
    return Obeyed(session=dataclasses.replace(session, follow=wanted), said=said)


_ACTIONS: dict[str, Callable[[Session, str], Obeyed]] = {
    "/base": _arms("base"),
    "/adapter": _arms("adapter"),
    "/both": _arms("base", "adapter"),
    "/context": _context,
    "/system": _system,
    "/follow": _follow,
    "/clear": lambda session, _: Obeyed(session=cleared(session), said="context and turns cleared"),
    "/help": lambda session, _: Obeyed(session=session, said=help_text()),
    "/quit": lambda session, _: Obeyed(session=session, wants="quit"),
}
