"""New tokens of one batch of prompts: the likeliest ones, or drawn ones.

>>> greedy(model, base, prompts, max_new_tokens=64)  # doctest: +SKIP
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from realift.answer.prompts import Prompt
from realift.model.load import Base
from realift.train.batches import pad_token_id

if TYPE_CHECKING:
    import torch


def greedy(
    model: Any, base: Base, prompts: Sequence[Prompt], *, max_new_tokens: int
) -> list[list[int]]:
    """New token ids of every prompt of one batch, the likeliest token each time."""
    ids, mask = _padded(base, prompts)
    return _generate(
        model, base, ids, mask, do_sample=False, num_beams=1, max_new_tokens=max_new_tokens
    )


def drawn(
    model: Any,
    base: Base,
    prompts: Sequence[Prompt],
    *,
    max_new_tokens: int,
    n: int,
    temperature: float,
    key: str,
) -> list[list[int]]:
    """New token ids of ``n`` drawn answers to every prompt, prompt by prompt.

    The prompts are read once and their cache copied ``n`` times, where the model's cache can be;
    ``num_return_sequences`` would read them ``n`` times. The random state is left as it was.
    """
    import torch

    ids, mask = _padded(base, prompts)
    how = {
        "do_sample": True,
        "temperature": temperature,
        "top_p": 1.0,
        "top_k": 0,
        "max_new_tokens": max_new_tokens,
    }
    devices = [torch.cuda.current_device()] if ids.is_cuda else []
    with torch.random.fork_rng(devices=devices):
        cache = _prompt_cache(model, base, ids, mask, n)
        torch.manual_seed(random.Random(key).getrandbits(63))
        if cache is None:
            return _generate(model, base, ids, mask, num_return_sequences=n, **how)
        copies, masks = ids.repeat_interleave(n, dim=0), mask.repeat_interleave(n, dim=0)
        return _generate(model, base, copies, masks, cache=cache, **how)


def _prompt_cache(
    model: Any, base: Base, ids: torch.Tensor, mask: torch.Tensor, n: int
) -> Any | None:
    """Keys and values of the prompts without their last token, ``n`` times each; None = cannot.

    State-space layers keep no such cache, and a prompt of one token has nothing to keep.
    """
    import torch
    from transformers import GenerationConfig

    if n == 1 or int(mask.sum(dim=1).min()) < 2:
        return None
    settings = GenerationConfig(
        do_sample=False,
        max_new_tokens=1,
        pad_token_id=pad_token_id(base),
        return_dict_in_generate=True,
    )
    with torch.inference_mode():
        cache = model.generate(
            input_ids=ids[:, :-1], attention_mask=mask[:, :-1], generation_config=settings
        ).past_key_values
        try:
            cache.batch_repeat_interleave(n)
        except (AttributeError, NotImplementedError):
            return None
    return cache


def _padded(base: Base, prompts: Sequence[Prompt]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and attention mask, both ``(batch, seq)``, padded on the left."""
    import torch

    width = max(len(p.input_ids) for p in prompts)
    ids = torch.full((len(prompts), width), pad_token_id(base), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, prompt in enumerate(prompts):
        ids[i, width - len(prompt.input_ids) :] = torch.tensor(prompt.input_ids)
        mask[i, width - len(prompt.input_ids) :] = 1
    return ids.to(base.compute.device), mask.to(base.compute.device)


def _generate(
    model: Any, base: Base, ids: torch.Tensor, mask: torch.Tensor, *, cache: Any = None, **how: Any
) -> list[list[int]]:
    import torch
    from transformers import GenerationConfig

    settings = GenerationConfig(
        eos_token_id=list(base.template.stop_ids), pad_token_id=pad_token_id(base), **how
    )
    given = {} if cache is None else {"past_key_values": cache}
    model.eval()
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids, attention_mask=mask, generation_config=settings, **given
        )
    rows: list[list[int]] = out[:, ids.shape[1] :].tolist()
    return rows
