"""One answer, told while it is written: greedy, with the real stop tokens, and it can be stopped.

The same settings as ``generate.greedy``, so a question asked here gets the answer that was judged.

>>> stream(model, base, prompt_ids, max_new_tokens=64, on_text=print)  # doctest: +SKIP
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from realift.model.load import Base
from realift.train.batches import pad_token_id

if TYPE_CHECKING:
    import torch

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
    finish: Literal["stop", "length", "stopped"]
    model.eval()
    try:
        with torch.inference_mode():
            model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=settings,
                streamer=written,
            )
        finish = "stop" if written.ended else "length"
    except StopWriting:
        finish = "stopped"
    return Streamed(
        text=written.text(),
        n_tokens=len(written.ids),
        finish=finish,
        seconds=time.perf_counter() - started,
    )


class _Written:
    """What ``generate`` takes for a streamer: told the prompt first, then every new token."""

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
        if self.stopping():
            raise StopWriting
        for token in value.flatten().tolist():
            self.ended = self.ended or token in self.base.template.stop_ids
            if not self.ended:
                self.ids.append(token)
        text = self.text()
        if text != self._shown and not text.endswith("\ufffd"):
            self._shown = text
            self.on_text(text)

    def end(self) -> None:
        """Nothing is held back that ``text`` would not give."""

    def text(self) -> str:
        return str(self.base.tokenizer.decode(self.ids, skip_special_tokens=True)).strip()
