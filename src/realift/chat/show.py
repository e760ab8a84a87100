"""Replies for the eye: side by side where the terminal is wide, one below the other where not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from realift.chat.marks import Marked, mark
from realift.chat.session import Reply
from realift.chat.talk import Talker
from realift.report.text import clean, one_line
from realift.types import Arm, Question

WIDE = 80  # columns from which two answers stand side by side
_COLORS = {"base": "cyan", "adapter": "green"}


def notes(question: Question, reply: Reply, talker: Talker) -> tuple[str, ...]:
    """What is worth saying about a finished reply, in words."""
    budget, window = talker.config.max_new_tokens, talker.base.window
    how = {
        "stop": "" if reply.text else "said nothing",
        "length": f"cut at {budget} tokens (--max-new-tokens)",
        "stopped": "stopped",
        "skipped": f"not asked: with {budget} tokens to answer, question and context do not fit "
        f"the base's window of {window}",
    }[reply.finish]
    marked = mark(question, clean(reply.text), talker.config.refusal_phrases)
    return tuple(note for note in (how, *marked.notes) if note)


def styled(text: str, marked: Marked | None) -> Any:
    """A reply as rich text; citations that exist are underlined, others are struck out."""
    from rich.text import Text

    out = Text(text)
    if marked is None:
        return out
    if marked.refusal != "none":
        out.stylize("yellow")
    for citation in marked.citations:
        style = "bold underline" if citation.exists else "bold red strike"
        out.stylize(style, citation.start, citation.end)
    return out


def board(
    question: Question,
    arms: Sequence[Arm],
    said: Mapping[Arm, str],
    done: Mapping[Arm, Reply],
    talker: Talker,
    *,
    width: int,
) -> Any:
    """The answers as far as they are written. ``said`` = text so far, ``done`` = finished ones."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    cells = []
    for arm in arms:
        text, reply = clean(said.get(arm, "")), done.get(arm)
        marked = mark(question, text, talker.config.refusal_phrases) if reply else None
        body = [styled(text, marked) if text else Text("..." if reply is None else "")]
        if reply is not None:
            facts = [*notes(question, reply, talker)]
            if reply.n_tokens:
                facts.append(f"{reply.n_tokens} tokens, {reply.seconds:.1f} s")
            body.append(Text("; ".join(facts), style="dim"))
        title = Text(arm, style=f"bold {_COLORS.get(arm, '')}".strip())
        cells.append((title, Group(*body)))
    same = Text("both say the same" if _alike(done) else "", style="dim")
    if len(cells) < 2 or width < WIDE:
        return Group(*(Group(title, body, Text("")) for title, body in cells), *_lines(same))
    table = Table.grid(padding=(0, 2), expand=True)
    for _ in cells:
        table.add_column(ratio=1, overflow="fold")
    table.add_row(*(title for title, _ in cells))
    table.add_row(*(body for _, body in cells))
    return Group(table, *_lines(same), Text(""))


def _alike(done: Mapping[Arm, Reply]) -> bool:
    return len(done) > 1 and len({r.text for r in done.values()}) == 1


def _lines(text: Any) -> list[Any]:
    return [text] if text.plain else []


def shown_passages(question: Question) -> tuple[str, ...]:
    """The passages of a question, one short line each."""
    return tuple(
        f"[{number}] {one_line(f'{p.source}: {p.text}' if p.source else p.text, limit=76)}"
        for number, p in enumerate(question.passages, start=1)
    )


def title(talker: Talker) -> str:
    """What is talked to, in a line."""
    said = f"{talker.base.name}"
    if talker.adapter is not None:
        said += f", without and with {talker.adapter}"
    if talker.verdict:
        said += f" ({talker.verdict})"
    if talker.store is not None:
        s = talker.store
        said += f"; {s.n_passages} passages of {s.n_documents} documents in {talker.config.docs}"
    return said
