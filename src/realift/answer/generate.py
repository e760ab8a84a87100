"""New tokens of one batch of prompts: the likeliest ones, or drawn ones.

>>> greedy(model, base, prompts, max_new_tokens=64)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from realift.answer.draw import DrawInGenerate
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
    temperature: float,
    keys: Sequence[Sequence[str]],
) -> list[list[int]]:
    """New token ids of drawn answers, prompt by prompt.

    The prompts are read once and their cache is copied for every answer, where the model's cache
    can be; ``num_return_sequences`` would read them again each time.

    Args:
        keys: for every prompt the random streams of its answers (``draw.gumbels``), at least one.
    """
    import torch

    ids, mask = _padded(base, prompts)
    rows = torch.tensor([i for i, some in enumerate(keys) for _ in some], device=ids.device)
    flat = [key for some in keys for key in some]
    how: dict[str, Any] = {
        "do_sample": False,
        "num_beams": 1,
        "max_new_tokens": max_new_tokens,
        "drawing": DrawInGenerate(flat, temperature=temperature, prompt_width=ids.shape[1]),
    }
    cache = _prompt_cache(model, base, ids, mask, rows) if len(flat) > len(prompts) else None
    return _generate(model, base, ids[rows], mask[rows], cache=cache, **how)


def _prompt_cache(
    model: Any, base: Base, ids: torch.Tensor, mask: torch.Tensor, rows: torch.Tensor
) -> Any | None:
    """Keys and values of the prompts ``rows`` without their last token; None = cannot.

    State-space layers keep no such cache, and a prompt of one token has nothing to keep.
    """
    import torch
    from transformers import GenerationConfig

    if int(mask.sum(dim=1).min()) < 2:
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
            cache.batch_select_indices(rows)
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
    model: Any,
    base: Base,
    ids: torch.Tensor,
    mask: torch.Tensor,
    *,
    cache: Any = None,
    drawing: DrawInGenerate | None = None,
    **how: Any,
) -> list[list[int]]:
    import torch
    from transformers import GenerationConfig

    settings = GenerationConfig(
        eos_token_id=list(base.template.stop_ids), pad_token_id=pad_token_id(base), **how
    )
    given: dict[str, Any] = {} if cache is None else {"past_key_values": cache}
    if drawing is not None:
        given["logits_processor"] = [drawing]
    model.eval()
    with torch.inference_mode():
        out = model.generate(
            input_ids=ids, attention_mask=mask, generation_config=settings, **given
        )
    rows: list[list[int]] = out[:, ids.shape[1] :].tolist()
    return rows
