"""One answer, told while it is written: greedy, with the real stop tokens, and it can be stopped.

The same settings as ``generate.greedy``, so a question asked here gets the answer that was judged.

>>> stream(model, base, prompt_ids, max_new_tokens=64, on_text=print)  # doctest: +SKIP
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from realift.model.load import Base
from realift.train.batches import pad_token_id
from realift.types import Arm

if TYPE_CHECKING:
    import torch

    from realift.answer.together import Views

OnText = Callable[[str], None]


class StopWriting(Exception):
    """Raised by ``on_text`` (or ``stopping``) to end an answer where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """A finished answer. ``stopped`` = ended by whoever was listening; ``skipped`` = no room."""

    text: str
    n_tokens: int
    finish: Literal["stop", "length", "stopped", "skipped"]
    seconds: float


def stream(
    model: Any,
    base: Base,
    input_ids: Sequence[int],
    *,
    max_new_tokens: int,
    on_text: OnText,
    stopping: Callable[[], bool] = lambda: False,
) -> Streamed:
    """Write one answer token by token.

    Args:
        on_text: told the whole text so far after each token; a character of which only some
            bytes are written yet is held back. May raise ``StopWriting``.
        stopping: asked after each token, also before the first text; True ends the answer.

    A prompt that leaves no room for ``max_new_tokens`` in the base's window is ``skipped``.
    """
    import torch
    from transformers import GenerationConfig

    started = time.perf_counter()
    if len(input_ids) > base.window - max_new_tokens:
        return Streamed(text="", n_tokens=0, finish="skipped", seconds=0.0)
    written = _Written(base, on_text, stopping)
    ids = torch.tensor([list(input_ids)], dtype=torch.long, device=base.compute.device)
    settings = GenerationConfig(
        do_sample=False,
        num_beams=1,
        max_new_tokens=max_new_tokens,
        eos_token_id=list(base.template.stop_ids),
        pad_token_id=pad_token_id(base),
    )
    done = False
    model.eval()
    with contextlib.suppress(StopWriting):
        with torch.inference_mode():
            model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=settings,
                streamer=written,
            )
        done = True
    return Streamed(
        text=written.text(),
        n_tokens=len(written.ids),
        finish=written.finish(done=done),
        seconds=time.perf_counter() - started,
    )


def stream_together(
    views: Views,
    base: Base,
    input_ids: Mapping[Arm, Sequence[int]],
    *,
    max_new_tokens: int,
    on_text: Callable[[Arm, str], None],
    stopping: Callable[[], bool] = lambda: False,
) -> dict[Arm, Streamed]:
    """Base and adapter writing at the same time, a token of each with every read of the weights.

    The engine's loop, so it takes little longer than one of them alone. Arguments as for
    ``stream``, with a prompt for each arm; ``stopping`` ends both answers.
    """
    from realift.engine.decode import Answer, Request, decode

    started = time.perf_counter()
    room = base.window - max_new_tokens
    arms = [arm for arm, ids in input_ids.items() if len(ids) <= room]
    written = {
        arm: _Written(base, lambda text, arm=arm: on_text(arm, text), stopping)  # type: ignore[misc]
        for arm in input_ids
    }
    done: dict[Arm, float] = {}

    def on_logits(request: int, _: int, logits: torch.Tensor) -> None:
        written[arms[request]].add(int(logits.argmax()))

    def on_answers(answers: Sequence[Answer]) -> None:
        done.update((arms[a.request], time.perf_counter() - started) for a in answers)

    requests = [
        Request(
            ids=tuple(input_ids[arm]),
            max_new_tokens=max_new_tokens,
            variant=0 if arm == "base" else 1,
        )
        for arm in arms
    ]
    with contextlib.suppress(StopWriting):
        if requests:
            decode(
                (views.base, views.adapter),
                requests,
                stop_ids=base.template.stop_ids,
                on_answers=on_answers,
                on_logits=on_logits,
            )
    ended = time.perf_counter() - started
    return {
        arm: Streamed(
            text=one.text(),
            n_tokens=len(one.ids),
            finish="skipped" if arm not in arms else one.finish(done=arm in done),
            seconds=done.get(arm, ended) if arm in arms else 0.0,
        )
        for arm, one in written.items()
    }


class _Written:
    """The tokens of one answer so far. ``put`` is what ``generate`` wants of a streamer: it is told
    the prompt first, then every new token."""

    def __init__(self, base: Base, on_text: OnText, stopping: Callable[[], bool]) -> None:
        self.base, self.on_text, self.stopping = base, on_text, stopping
        self.ids: list[int] = []
        self.ended = False
        self._prompt_seen = False
        self._shown = ""

    def put(self, value: torch.Tensor) -> None:
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        for token in value.flatten().tolist():
            self.add(token)

    def end(self) -> None:
        """Nothing is held back that ``text`` would not give."""

    def add(self, token: int) -> None:
        """Take the next token; those after a stop token are padding, or guesses."""
        if self.stopping():
            raise StopWriting
        self.ended = self.ended or token in self.base.template.stop_ids
        if self.ended:
            return
        self.ids.append(token)
        text = self.text()
        if text != self._shown and not text.endswith("\ufffd"):
            self._shown = text
            self.on_text(text)

    def text(self) -> str:
        return str(self.base.tokenizer.decode(self.ids, skip_special_tokens=True)).strip()

    def finish(self, *, done: bool) -> Literal["stop", "length", "stopped"]:
        """How the answer ended; ``done`` = nobody stopped it."""
        return "stop" if self.ended else "length" if done else "stopped"
