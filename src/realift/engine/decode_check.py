"""Proof that the decode loop writes what the model would: a probe, before the loop is relied on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from realift.engine.parts import close, model_logits

if TYPE_CHECKING:
    import torch

    from realift.engine.decode import Request
    from realift.engine.parts import Parts

_LENGTHS = (9, 5, 9)
_NEW = (3, 4, 3, 5, 3, 4)  # tokens of the answers: rows leave from the middle of a slab


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
    was_training = model.training
    model.eval()
    try:
        written = _written(base, adapter, requests)
        if not base.embed.is_cuda:  # nothing is guessed there
            answers = [w.ids[w.n_prompt :] for w in written]
            guessing = [
                replace(r, guesses=((*a[:-2], (a[-2] + 1) % size, a[-1]),))
                for r, a in zip(requests, answers, strict=True)
            ]
            written += _written(base, adapter, guessing)
        return _as_model(model, written, base.embed.dtype)
    finally:
        model.train(was_training)


class _Written(NamedTuple):
    """Prompt and answer of a request, and the loop's logits (V,) by the place they were read at."""

    ids: tuple[int, ...]
    n_prompt: int
    variant: int
    logits: dict[int, torch.Tensor]


def _written(base: Parts, adapter: Parts, requests: Sequence[Request]) -> list[_Written]:
    from realift.engine.decode import decode

    answers: dict[int, tuple[int, ...]] = {}
    logits: dict[int, dict[int, torch.Tensor]] = {n: {} for n in range(len(requests))}
    decode(
        [base, adapter],
        requests,
        stop_ids=(),
        on_answers=lambda done: answers.update({a.request: a.all_ids for a in done}),
        max_rows=4,
        max_pass=16,
        on_logits=lambda request, at, of: logits[request].update({at: of.float()}),
    )
    return [
        _Written((*r.ids, *answers[n]), len(r.ids), r.variant, logits[n])
        for n, r in enumerate(requests)
    ]


def _as_model(model: Any, written: Sequence[_Written], dtype: torch.dtype) -> bool:
    """Whether every token was chosen from the logits that the model has there."""
    import torch

    for variant in (0, 1):
        mine = [w for w in written if w.variant == variant]
        with nullcontext() if variant else model.disable_adapter():
            theirs = model_logits(model, [w.ids for w in mine])
        for one, of_model in zip(mine, theirs, strict=True):
            places = list(range(one.n_prompt - 1, len(one.ids) - 1))
            if sorted(one.logits) != places:
                return False
            ours = torch.stack([one.logits[p] for p in places])
            if not close(ours, of_model[places], dtype):
                return False
    return True
