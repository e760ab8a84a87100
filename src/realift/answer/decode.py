"""Decoding of prompts in batches, greedy or drawn, with real stop tokens and an honest finish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from realift.answer.generate import drawn, greedy
from realift.answer.prompts import Prompt
from realift.model.load import Base
from realift.train.batches import cut
from realift.types import Completion

OnBatch = Callable[[Sequence[Completion]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Which samples of every prompt to draw, and from which random numbers.

    ``key`` names the random numbers: the same key, samples, prompts and batch size give the same
    answers. Nothing but the temperature shapes the distribution (top-p 1, top-k off).
    """

    samples: range
    temperature: float
    key: str


def ignore_batch(batch: Sequence[Completion]) -> None:
    """The silent listener."""


def decode_prompts(
    model: Any,
    base: Base,
    prompts: Sequence[Prompt],
    *,
    max_new_tokens: int,
    batch_size: int,
    draws: Draws | None = None,
    seed: int = 0,
    probe: str = "",
    on_batch: OnBatch = ignore_batch,
) -> tuple[Completion, ...]:
    """Answer prompts; completions come back in the order of the prompts, then of the samples.

    Prompts of similar length share a batch (left-padded) of at most ``batch_size`` answers. A
    prompt that leaves no room for ``max_new_tokens`` in the base's window is not cut but
    ``skipped``: it stays unscored.

    Args:
        draws: None = one greedy answer to each prompt.
        seed: for ``Completion.seed``.
    """
    samples = draws.samples if draws else range(1)
    answered: dict[tuple[int, int], Completion] = {}

    def keep(numbers: Sequence[int], some: Sequence[int], said: Sequence[_Said]) -> None:
        keys = [(number, sample) for number in numbers for sample in some]
        batch = [
            Completion(
                question_id=prompts[number].question_id,
                arm=prompts[number].arm,
                text=one.text,
                n_tokens=one.n_tokens,
                finish=one.finish,
                sample=sample,
                probe=probe,
                seed=seed,
            )
            for (number, sample), one in zip(keys, said, strict=True)
        ]
        answered.update(zip(keys, batch, strict=True))
        on_batch(batch)

    room = base.window - max_new_tokens
    too_long = [i for i, p in enumerate(prompts) if len(p.input_ids) > room]
    if too_long:
        nothing = _Said(text="", n_tokens=0, finish="skipped")
        keep(too_long, samples, [nothing] * (len(too_long) * len(samples)))
    todo = [i for i, p in enumerate(prompts) if len(p.input_ids) <= room]
    todo.sort(key=lambda i: -len(prompts[i].input_ids))  # longest first: memory peaks at once
    for some in cut(samples, batch_size):
        for numbers in cut(todo, max(1, batch_size // len(some))):
            batch = [prompts[i] for i in numbers]
            if draws is None:
                rows = greedy(model, base, batch, max_new_tokens=max_new_tokens)
            else:
                rows = drawn(
                    model,
                    base,
                    batch,
                    max_new_tokens=max_new_tokens,
                    n=len(some),
                    temperature=draws.temperature,
                    key=f"{draws.key}/{batch[0].question_id}/{some[0]}",
                )
            keep(numbers, some, [_read(base, row) for row in rows])
    return tuple(answered[i, sample] for i in range(len(prompts)) for sample in samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    text: str
    n_tokens: int
    finish: Literal["stop", "length", "skipped"]


def _read(base: Base, ids: Sequence[int]) -> _Said:
    """New token ids as text: what follows the first stop token is padding."""
    stops = set(base.template.stop_ids)
    end = next((i for i, t in enumerate(ids) if t in stops), None)
    return _Said(
        text=base.tokenizer.decode(ids[:end], skip_special_tokens=True).strip(),
        n_tokens=len(ids) if end is None else end,
        finish="length" if end is None else "stop",
    )
