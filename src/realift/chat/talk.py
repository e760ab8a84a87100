"""Base and adapter in one loaded model, asked at the same time where that can be done.

>>> put(talker, session, "Who runs the workshop?", on_text=print)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realift.chat.session import Reply, Session, Turn, ask, messages
from realift.config import Config
from realift.data.retrieve import Store
from realift.types import Arm, Passage, Question

if TYPE_CHECKING:
    from realift.answer.stream import Streamed
    from realift.answer.together import Views
    from realift.model.load import Base

OnText = Callable[[Arm, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Talker:
    """What answers: a base, the model with the adapter on it (the base itself without one).

    ``store``: the passages each question's context is taken from (``config.docs``), if any.
    ``views``: both arms for the engine that answers with both at once; None = one after the other.
    ``verdict``: the run's verdict and recommendation in words, "" if there is none.
    """

    base: Base
    model: Any
    adapter: Path | None
    views: Views | None
    config: Config
    store: Store | None
    verdict: str


def put(
    talker: Talker,
    session: Session,
    text: str,
    *,
    on_text: OnText,
    on_question: Callable[[Question], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Turn:
    """Ask every arm of the session; once stopped, arms that have not begun are not asked.

    Both write at the same time where the engine knows the architecture.

    Args:
        on_question: told the question with its context before anyone answers.
        on_text: told the arm and its whole text so far, after each token.
        stopping: asked after each token; True ends the answer.
    """
    from realift.answer.stream import stream_together

    found: Sequence[Passage] = ()
    if talker.store is not None and not session.context:
        (found,) = talker.store.search([text], talker.config.retrieve_k)
    question = ask(session, text, found)
    on_question(question)
    prompts: dict[Arm, tuple[int, ...]] = {
        arm: _prompt(talker, session, question, arm) for arm in session.arms
    }
    if talker.views is not None and len(prompts) > 1:
        said = stream_together(
            talker.views,
            talker.base,
            prompts,
            max_new_tokens=talker.config.max_new_tokens,
            on_text=on_text,
            stopping=stopping,
        )
        replies = [_reply(arm, one) for arm, one in said.items()]
    else:
        replies = []
        for arm, ids in prompts.items():
            replies.append(_alone(talker, arm, ids, on_text, stopping))
            if replies[-1].finish == "stopped":
                break
    return Turn(question=question, replies=tuple(replies))


def _prompt(talker: Talker, session: Session, question: Question, arm: Arm) -> tuple[int, ...]:
    """What the arm reads; with ``follow`` as many earlier turns as fit the window."""
    from realift.model.template import encode_prompt

    base = talker.base
    turns = messages(session, question, arm)
    while True:
        ids = encode_prompt(
            base.tokenizer, base.template, turns, system_prompt=session.system_prompt
        )
        if len(turns) == 1 or len(ids) + talker.config.max_new_tokens <= base.window:
            return ids
        turns = turns[2:]  # the oldest question and its answer


def _alone(
    talker: Talker,
    arm: Arm,
    ids: Sequence[int],
    on_text: OnText,
    stopping: Callable[[], bool],
) -> Reply:
    from realift.answer.stream import stream

    off = arm == "base" and talker.adapter is not None
    with talker.model.disable_adapter() if off else nullcontext():
        said = stream(
            talker.model,
            talker.base,
            ids,
            max_new_tokens=talker.config.max_new_tokens,
            on_text=lambda text: on_text(arm, text),
            stopping=stopping,
        )
    return _reply(arm, said)


def _reply(arm: Arm, said: Streamed) -> Reply:
    return Reply(
        arm=arm, text=said.text, finish=said.finish, n_tokens=said.n_tokens, seconds=said.seconds
    )
