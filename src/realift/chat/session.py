"""The state of a conversation and how it changes. Pure: no model, no screen.

>>> s = Session(system_prompt="Be brief.", trained_prompt="Be brief.", arms=("base", "adapter"))
>>> with_context(s, "Alice works here.\\n\\nBob does not.").passages[1].text
'Bob does not.'
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from realift.data.fields import render_context
from realift.types import Arm, Message, Passage, Question, Where

ChatArm = Literal["base", "adapter"]
_NUMBERED = re.compile(r"\s*[\[【]\d{1,3}[\]】]")
_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one arm said. ``finish``: ``stop`` | ``length`` (cut) | ``stopped`` | ``skipped``."""

    arm: Arm
    text: str
    finish: Literal["stop", "length", "stopped", "skipped"]
    n_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question with the context it was asked with, and the replies to it."""

    question: Question
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What the next question is asked with.

    ``context`` is what was pasted; ``passages`` the same cut at blank lines (empty if the text
    numbers itself). ``follow``: earlier turns stand in the prompt, each arm's own; off by default,
    because training rows and eval questions stand alone too.
    """

    arms: tuple[ChatArm, ...]
    system_prompt: str
    trained_prompt: str
    has_adapter: bool = True
    context: str = ""
    passages: tuple[Passage, ...] = ()
    turns: tuple[Turn, ...] = ()
    follow: bool = False


def with_context(session: Session, text: str, *, source: str | None = None) -> Session:
    """The session with another context; "" takes it away.

    A text that numbers its passages itself ("[1] ...") stays as it is. Any other is cut at its
    blank lines into passages, which get numbers an answer can cite, as an eval set's list does.
    """
    text = text.strip()
    if not text or _NUMBERED.match(text):
        return dataclasses.replace(session, context=text, passages=())
    pieces = tuple(
        Passage(text=piece.strip(), source=source)
        for piece in _BLANK_LINES.split(text)
        if piece.strip()
    )
    return dataclasses.replace(session, context=render_context(pieces), passages=pieces)


def cleared(session: Session) -> Session:
    """No context, no earlier turns; arms and system prompt stay."""
    return dataclasses.replace(session, context="", passages=(), turns=())


def ask(session: Session, text: str, found: Sequence[Passage] = ()) -> Question:
    """The question as an eval row would have it. ``found`` (retrieved) stands in for no context."""
    context, passages = session.context, session.passages
    if not context and found:
        passages = tuple(found)
        context = render_context(passages)
    number = len(session.turns) + 1
    return Question(
        id=f"chat-{number}",
        where=Where(file="chat", line=number),
        question=text,
        context=context,
        passages=passages,
    )


def messages(session: Session, question: Question, arm: Arm) -> tuple[Message, ...]:
    """The turns an arm is shown; with ``follow`` the earlier ones with its own replies.

    Turns that this arm did not answer are left out.
    """
    before: list[Message] = []
    for turn in session.turns if session.follow else ():
        said = next((r.text for r in turn.replies if r.arm == arm and r.text), None)
        if said is not None:
            before += [_user(turn.question), Message(role="assistant", content=said)]
    return (*before, _user(question))


def _user(question: Question) -> Message:
    return Message(role="user", content=question.question, context=question.context)


def answered(session: Session, turn: Turn) -> Session:
    """The session with one more turn."""
    return dataclasses.replace(session, turns=(*session.turns, turn))
