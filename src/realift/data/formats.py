"""Training rows of every format to messages. The format is looked at anew for every row.

``messages`` (OpenAI) and ``conversations`` (ShareGPT) hold turns; every other row is one question
and one answer under the usual names.
"""

from __future__ import annotations

import json
from typing import Any

from realift.data.fields import (
    as_passages,
    as_text,
    is_blank,
    render_context,
    report_missing,
    take,
    warn_unknown,
)
from realift.data.problems import Findings
from realift.data.raw import RawRow
from realift.types import Message, Role, Where

ASKED = ("instruction", "prompt", "question")
ANSWERED = ("output", "response", "completion", "answer")
CONTEXT = ("input", "context", "contexts")
TURNS = ("messages", "conversations", "conversation")
_OTHER = ("system", "id", "source", "group", "answers", "expected_source", "category")
KNOWN = (*ASKED, *ANSWERED, *CONTEXT, *TURNS, *_OTHER)
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
}


def to_messages(row: RawRow, found: Findings) -> tuple[Message, ...] | None:
    """The turns of a training row, or ``None`` when something is wrong with it."""
    before = found.n_errors
    warn_unknown(row, KNOWN, found)
    turns = take(row, TURNS, found)
    if turns is not None and not is_blank(turns.value):
        messages = _from_turns(turns.value, turns.name, row.where, found)
    elif isinstance(row.value.get("prompt"), list) and "completion" in row.value:
        both = [row.value["prompt"], row.value["completion"]]
        flat = [turn for part in both for turn in (part if isinstance(part, list) else [part])]
        messages = _from_turns(flat, "prompt/completion", row.where, found)
    else:
        messages = _from_fields(row, found)
    return messages if found.n_errors == before else None


# --- one question, one answer ------------------------------------------------------------------


def _from_fields(row: RawRow, found: Findings) -> tuple[Message, ...] | None:
    asked, answered = take(row, ASKED, found), take(row, ANSWERED, found)
    context = take(row, CONTEXT, found)
    if asked is None and context is not None and context.name == "input":
        asked, context = context, None  # {"input": ..., "output": ...}: the input is the question
    before = found.n_errors
    question = _needed(asked, "question", ASKED, row, found)
    answer = _needed(answered, "answer", ANSWERED, row, found)
    given = "" if context is None else context_text(context.value, context.name, row.where, found)
    system = as_text(row.value.get("system"), "system", row.where, found)
    if found.n_errors > before or question is None or answer is None:
        return None
    head = (Message(role="system", content=system),) if system else ()
    return (
        *head,
        Message(role="user", content=question, context=given or ""),
        Message(role="assistant", content=answer),
    )


def _needed(
    taken: Any, what: str, names: tuple[str, ...], row: RawRow, found: Findings
) -> str | None:
    if taken is None:
        if sum(not is_blank(row.value.get(name)) for name in names) < 2:  # else: ambiguous, said
            report_missing(row, what, names, found)
        return None
    text = as_text(taken.value, taken.name, row.where, found)
    if text == "":
        found.error(
            f"empty-{what}",
            f"'{taken.name}' is empty",
            row.where,
            hint=f"write the {what}, or remove the row",
        )
    return text


def context_text(value: Any, name: str, where: Where, found: Findings) -> str | None:
    """A context as the model reads it: a text verbatim, a list of passages numbered."""
    passages = as_passages(value, name, where, found)
    return as_text(value, name, where, found) if passages is None else render_context(passages)


# --- turns -------------------------------------------------------------------------------------


def _from_turns(value: Any, name: str, where: Where, found: Findings) -> tuple[Message, ...] | None:
    if isinstance(value, str):  # a table cell holds them as JSON
        try:
            value = json.loads(value)
        except ValueError:
            value = None
    if not isinstance(value, list) or not value:
        found.error(
            "bad-turns",
            f"'{name}' is not a list of turns",
            where,
            hint='turns look like [{"role": "user", "content": "..."}, ...]',
        )
        return None
    messages = [_turn(turn, number, where, found) for number, turn in enumerate(value, start=1)]
    complete = [m for m in messages if m is not None]
    if len(complete) == len(messages):
        _check_order(complete, where, found)
    return tuple(complete)


def _turn(turn: Any, number: int, where: Where, found: Findings) -> Message | None:
    if not isinstance(turn, dict):
        found.error("bad-turns", f"turn {number} is not an object with a role", where)
        return None
    name = str(turn.get("role", turn.get("from", ""))).strip().casefold()
    role = _ROLES.get(name)
    if role is None:
        known = "system, user, assistant (ShareGPT: system, human, gpt)"
        found.error(
            "unknown-role",
            f"turn {number} has the role '{name}'" if name else f"turn {number} has no role",
            where,
            hint=f"known roles: {known}; tool calls cannot be trained on yet",
        )
        return None
    content = turn.get("content", turn.get("value"))
    if isinstance(content, list):
        content = _joined_parts(content)
    text = as_text(content, f"turn {number}", where, found)
    given = context_text(turn.get("context"), f"turn {number} context", where, found)
    if text == "":
        what = "empty-answer" if role == "assistant" else "empty-question"
        found.error(what, f"turn {number} ({role}) is empty", where, hint="remove the row")
    return None if not text else Message(role=role, content=text, context=given or "")


def _joined_parts(parts: list[Any]) -> Any:
    """The text of ``[{"type": "text", "text": ...}]``; other parts stay and are reported."""
    texts = [p.get("text") if isinstance(p, dict) else p for p in parts]
    known = [text for text in texts if isinstance(text, str)]
    return "\n".join(known) if known and len(known) == len(texts) else parts


def _check_order(messages: list[Message], where: Where, found: Findings) -> None:
    roles = [m.role for m in messages]
    talk = roles[1:] if roles[0] == "system" else roles
    if "system" in talk:
        found.error(
            "wrong-roles",
            f"turn {roles.index('system', 1) + 1} is a system turn; only the first may be one",
            where,
            hint="join the system texts in the first turn",
        )
        return
    first = len(roles) - len(talk) + 1
    for offset, role in enumerate(talk):
        wanted = "assistant" if offset % 2 else "user"
        if role != wanted:
            found.error(
                "wrong-roles",
                f"turn {first + offset} is from the {role}, expected {wanted}",
                where,
                hint="user and assistant turns must alternate, beginning with the user",
            )
            return
    if not talk or talk[-1] != "assistant":
        found.error(
            "wrong-roles",
            "the last turn is not the assistant's: there is no answer to learn",
            where,
            hint="add the answer, or remove the last turn",
        )
