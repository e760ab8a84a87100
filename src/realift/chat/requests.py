"""What the page sends, read strictly: a question and the conversation before it.

>>> from realift.chat.session import Session
>>> own = Session(system_prompt="Be brief.", trained_prompt="", arms=("base", "adapter"))
>>> read_request(b'{"question": "Who?", "arms": ["base"]}', own).session.arms
('base',)
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from realift.chat.session import ChatArm, Reply, Session, Turn, with_context
from realift.types import Question, Where

MAX_TEXT = 200_000  # characters of a question, a context or a system prompt
MAX_TURNS = 200


class BadRequest(Exception):
    """A request the page would not send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question and the session it is asked in."""

    text: str
    session: Session


def read_request(body: bytes, own: Session) -> Asked:
    """The session of a request: what the server was started with, and what the page changes.

    Raises:
        BadRequest: not JSON, or a value of another kind than the page sends.
    """
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise BadRequest("not JSON") from err
    if not isinstance(sent, dict):
        raise BadRequest("not an object")
    text = _text(sent, "question").strip()
    if not text:
        raise BadRequest("the question is empty")
    arms = sent.get("arms", list(own.arms))
    allowed: tuple[ChatArm, ...] = ("base", "adapter") if own.has_adapter else ("base",)
    if not isinstance(arms, list) or not arms or any(a not in allowed for a in arms):
        raise BadRequest(f"arms must be some of {', '.join(allowed)}")
    turns = sent.get("turns", [])
    if not isinstance(turns, list) or len(turns) > MAX_TURNS:
        raise BadRequest(f"turns must be a list of at most {MAX_TURNS}")
    session = dataclasses.replace(
        own,
        arms=tuple(a for a in allowed if a in arms),
        system_prompt=_text(sent, "system_prompt", own.system_prompt),
        follow=sent.get("follow") is True,
        turns=tuple(_turn(turn) for turn in turns),
    )
    if "context" in sent:
        session = with_context(session, _text(sent, "context"))
    return Asked(text=text, session=session)


def _text(sent: dict[str, Any], key: str, default: str = "") -> str:
    value = sent.get(key, default)
    if not isinstance(value, str):
        raise BadRequest(f"{key} must be a text")
    if len(value) > MAX_TEXT:
        raise BadRequest(f"{key} has more than {MAX_TEXT:,} characters")
    return value.encode("utf-8", "replace").decode("utf-8")  # no lone surrogates for a tokenizer


def _turn(sent: Any) -> Turn:
    if not isinstance(sent, dict):
        raise BadRequest("a turn must be an object")
    question = Question(
        id="",
        where=Where(file="chat"),
        question=_text(sent, "question"),
        context=_text(sent, "context"),
    )
    replies = tuple(
        Reply(arm=arm, text=_text(sent, arm), finish="stop", n_tokens=0, seconds=0.0)
        for arm in ("base", "adapter")
        if sent.get(arm)
    )
    return Turn(question=question, replies=replies)
