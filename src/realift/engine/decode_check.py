"""Proof that the decode loop writes what the model would: a probe, before the loop is relied on."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from realift.engine.parts import TOLERANCE

if TYPE_CHECKING:
    import torch

    from realift.engine.decode import Request
    from realift.engine.parts import Parts

_LENGTHS = (9, 5, 9)
_NEW = (3, 6, 4, 7, 5, 6)  # tokens of the answers: rows leave from the middle of a slab


def answers_agree(model: Any, base: Parts, adapter: Parts) -> bool:
    """Whether all logits of the loop are the model's own, within float tolerance.

    Base and adapter answer random prompts in a batch that is too small for all, so that rows leave
    and others enter, and common beginnings are shared; then once more with guesses, right ones at
    first and wrong ones after that.

    Args:
        model: the ``PeftModel`` that both were read from, its adapter switched on.
    """
    import torch

    from realift.engine.decode import Request

    generator = torch.Generator().manual_seed(1)
    size = base.embed.shape[0]
    prompts = [torch.randint(size, (n,), generator=generator).tolist() for n in _LENGTHS]
    prompts[2][: len(prompts[1])] = prompts[1]
    requests = [
        Request(ids=tuple(p), max_new_tokens=_NEW[2 * i + v], variant=v)
        for i, p in enumerate(prompts)
        for v in (0, 1)
    ]

    @functools.cache
    def model_logits(ids: tuple[int, ...], variant: int) -> torch.Tensor:
        row = torch.tensor([ids], device=base.embed.device)
        with torch.inference_mode(), nullcontext() if variant else model.disable_adapter():
            logits: torch.Tensor = model(input_ids=row, use_cache=False).logits[0]
        return logits.float()

    was_training = model.training
    model.eval()
    try:
        answers = _written(model_logits, base, adapter, requests)
        if answers is None:
            return False
        if base.embed.is_cuda:  # nothing is guessed there
            return True
        guessing = [
            replace(r, guesses=((*a[:-2], (a[-2] + 1) % size, a[-1]),))
            for r, a in zip(requests, answers, strict=True)
        ]
        return _written(model_logits, base, adapter, guessing) is not None
    finally:
        model.train(was_training)


def _written(
    model_logits: Callable[[tuple[int, ...], int], torch.Tensor],
    base: Parts,
    adapter: Parts,
    requests: Sequence[Request],
) -> list[tuple[int, ...]] | None:
    """The answers of the loop, or None if some logits are not the model's.

    Args:
        model_logits: the model's own (tokens, V) of a row of ids, by request's variant.
    """
    import torch

    from realift.engine.decode import decode

    written: dict[int, tuple[int, ...]] = {}
    ours: dict[int, dict[int, torch.Tensor]] = {n: {} for n in range(len(requests))}
    decode(
        [base, adapter],
        requests,
        stop_ids=(),
        on_answers=lambda answers: written.update({a.request: a.all_ids for a in answers}),
        max_rows=4,
        max_pass=16,
        on_logits=lambda request, at, logits: ours[request].update({at: logits.float()}),
    )
    limit = TOLERANCE.get(str(base.embed.dtype).split(".")[-1], 0.06)
    for n, request in enumerate(requests):
        ids = (*request.ids, *written[n])
        theirs = model_logits(ids, request.variant)
        places = sorted(ours[n])
        if places != list(range(len(request.ids) - 1, len(ids) - 1)):
            return None
        error = (torch.stack([ours[n][p] for p in places]) - theirs[places]).abs().max()
        if not float(error) <= limit * float(theirs.abs().max()):
            return None
    return [written[n] for n in range(len(requests))]
