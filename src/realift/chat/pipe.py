"""The conversation through a pipe: a question a line in, an answer of each arm a line out.

``arm<TAB>answer``; only the answer where one arm answers; with JSON one object a question.
Commands work as in the terminal; ``/context`` takes the lines up to a single dot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from realift.chat.commands import is_command, obey, take_context
from realift.chat.marks import mark
from realift.chat.session import Session, Turn, answered
from realift.chat.talk import Talker, put
from realift.report.text import clean


def answer_lines(
    talker: Talker,
    session: Session,
    lines: Iterable[str],
    *,
    as_json: bool,
    on_note: Callable[[str], None],
) -> Iterator[str]:
    """Answer line by line. ``on_note`` is told what commands say (for stderr).

    What a model writes over several lines comes out on one, its line ends as spaces; JSON keeps
    them.
    """
    waiting = iter(lines)
    for line in waiting:
        text = line.strip("\ufeff \t\r\n")  # Windows puts a byte-order mark in front
        if not text:
            continue
        if is_command(text):
            done = obey(session, text)
            if done.wants == "paste":
                done = take_context(session, "\n".join(_until_dot(waiting)))
            if done.said:
                on_note(done.said)
            session = done.session
            if done.wants == "quit":
                return
            continue
        turn = put(talker, session, text, on_text=lambda *_: None)
        session = answered(session, turn)
        if as_json:
            yield json.dumps(turn_json(turn, talker), ensure_ascii=False)
            continue
        for reply in turn.replies:
            said = " ".join(clean(reply.text).split())
            yield said if len(session.arms) == 1 else f"{reply.arm}\t{said}"


def _until_dot(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line.strip() == ".":
            return
        yield line.rstrip("\n")


def turn_json(turn: Turn, talker: Talker) -> dict[str, Any]:
    """A turn for machines: the question, its context, and each arm's answer with its marks."""
    out: dict[str, Any] = {"question": turn.question.question}
    if turn.question.context:
        out["context"] = turn.question.context
    for reply in turn.replies:
        marked = mark(turn.question, reply.text, talker.config.refusal_phrases)
        out[reply.arm] = {
            "text": reply.text,
            "finish": reply.finish,
            "tokens": reply.n_tokens,
            "seconds": round(reply.seconds, 3),
            "refusal": marked.refusal,
            "citations": [{"text": c.text, "exists": c.exists} for c in marked.citations],
            "not_grounded": marked.fault,
        }
    return out
