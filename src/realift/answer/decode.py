"""Greedy decoding of prompts in batches, with real stop tokens and an honest finish reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from realift.answer.prompts import Prompt
from realift.model.load import Base
from realift.train.batches import pad_token_id
from realift.types import Completion

OnBatch = Callable[[Sequence[Completion]], None]


def ignore_batch(batch: Sequence[Completion]) -> None:
    """The silent listener."""


def decode_prompts(
    model: Any,
    base: Base,
    prompts: Sequence[Prompt],
    *,
    max_new_tokens: int,
    batch_size: int,
    probe: str = "",
    on_batch: OnBatch = ignore_batch,
) -> tuple[Completion, ...]:
    """Answer prompts greedily; completions come back in the order of the prompts.

    Prompts of similar length share a batch (left-padded). A prompt that leaves no room for
    ``max_new_tokens`` in the base's window is not cut but ``skipped``: it stays unscored.
    """
    room = base.window - max_new_tokens
    answered: dict[int, Completion] = {}
    skipped = [i for i, p in enumerate(prompts) if len(p.input_ids) > room]
    for i in skipped:
        answered[i] = _completion(prompts[i], text="", n_tokens=0, finish="skipped", probe=probe)
    if skipped:
        on_batch([answered[i] for i in skipped])
    todo = [i for i in range(len(prompts)) if i not in answered]
    todo.sort(key=lambda i: -len(prompts[i].input_ids))  # longest first: memory peaks at once
    for start in range(0, len(todo), batch_size):
        piece = todo[start : start + batch_size]
        done = _decode_batch(
            model, base, [prompts[i] for i in piece], max_new_tokens=max_new_tokens, probe=probe
        )
        answered.update(zip(piece, done, strict=True))
        on_batch(done)
    return tuple(answered[i] for i in range(len(prompts)))


def _decode_batch(
    model: Any, base: Base, prompts: Sequence[Prompt], *, max_new_tokens: int, probe: str
) -> list[Completion]:
    tokens = _generate(model, base, prompts, max_new_tokens=max_new_tokens)
    stops = set(base.template.stop_ids)
    out = []
    for prompt, ids in zip(prompts, tokens, strict=True):
        end = next((i for i, t in enumerate(ids) if t in stops), None)
        text = base.tokenizer.decode(ids[:end], skip_special_tokens=True).strip()
        out.append(
            _completion(
                prompt,
                text=text,
                n_tokens=len(ids) if end is None else end,
                finish="length" if end is None else "stop",
                probe=probe,
            )
        )
    return out


def _generate(
    model: Any, base: Base, prompts: Sequence[Prompt], *, max_new_tokens: int
) -> list[list[int]]:
    """New token ids of every prompt of one batch (what follows the first stop is padding)."""
    import torch
    from transformers import GenerationConfig

    width = max(len(p.input_ids) for p in prompts)
    pad = pad_token_id(base)
    ids = torch.full((len(prompts), width), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, prompt in enumerate(prompts):
        ids[i, width - len(prompt.input_ids) :] = torch.tensor(prompt.input_ids)
        mask[i, width - len(prompt.input_ids) :] = 1
    settings = GenerationConfig(
        do_sample=False,
        num_beams=1,
        max_new_tokens=max_new_tokens,
        eos_token_id=list(base.template.stop_ids),
        pad_token_id=pad,
    )
    model.eval()
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids.to(base.compute.device),
            attention_mask=mask.to(base.compute.device),
            generation_config=settings,
        )
    rows: list[list[int]] = out[:, width:].tolist()
    return rows


def _completion(prompt: Prompt, *, text: str, n_tokens: int, finish: Any, probe: str) -> Completion:
    return Completion(
        question_id=prompt.question_id,
        arm=prompt.arm,
        text=text,
        n_tokens=n_tokens,
        finish=finish,
        probe=probe,
    )


def estimate_seconds(
    model: Any, base: Base, prompts: Sequence[Prompt], *, tokens: int, batch_size: int
) -> float:
    """Time to answer ``prompts`` with ``tokens`` new tokens each, from one short measured batch."""
    fitting = [p for p in prompts if len(p.input_ids) + 9 <= base.window]
    if not fitting:
        return 0.0
    by_size = sorted(fitting, key=lambda p: len(p.input_ids))
    middle = max(0, min(len(by_size) // 2, len(by_size) - batch_size))
    batch = by_size[middle : middle + batch_size]
    _generate(model, base, batch[:1], max_new_tokens=1)  # warm up
    start = time.perf_counter()
    _generate(model, base, batch, max_new_tokens=1)
    prefill = time.perf_counter() - start
    start = time.perf_counter()
    _generate(model, base, batch, max_new_tokens=9)
    step = max(0.0, time.perf_counter() - start - prefill) / 8
    batches = -(-len(prompts) // batch_size)
    return batches * (prefill + step * tokens)
