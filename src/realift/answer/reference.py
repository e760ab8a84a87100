"""How well a model predicts given texts: the negative log-likelihood of their supervised tokens.

>>> Nll(sum=6.0, n_tokens=3).mean
2.0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realift.model.load import Base
from realift.train.batches import collate, cut, pad_token_id
from realift.types import IGNORE_INDEX, Encoded

if TYPE_CHECKING:
    from realift.engine.parts import Parts

_BATCH_TOKENS = 4096  # positions of one forward pass, padding included


@dataclass(frozen=True, slots=True, kw_only=True)
class Nll:
    """Negative log-likelihood of one row: ``sum`` in nats over ``n_tokens`` supervised tokens.

    ``n_greedy`` of these tokens are the likeliest one after what stands before them. If all are,
    greedy decoding writes this very answer. None = not counted.
    """

    sum: float
    n_tokens: int
    n_greedy: int | None = None

    @property
    def mean(self) -> float:
        """Nats per token; a row without supervised tokens is an error, not 0.

        Raises:
            ValueError: no token was supervised.
        """
        if self.n_tokens == 0:
            raise ValueError("no supervised token: nothing was measured")
        return self.sum / self.n_tokens


def reference_nll(model: Any, base: Base, rows: Sequence[Encoded]) -> list[Nll]:
    """The likelihood of each row's supervised tokens, in the order of the rows.

    The first token of a row is predicted by nothing and never counts. Dropout is off. Whether the
    adapter is on is the caller's choice (``model.disable_adapter()`` for the base). Logits are
    computed at the supervised positions only: a vocabulary of 150,000 over whole prompts would
    fill the memory.

    The fast engine does it where it computes what the model does; other bases, and those with
    ``engine`` "plain", get padded batches through the model.
    """
    parts = None if base.engine == "plain" else _parts(model, rows)
    if parts is None:
        return _plain(model, base, rows)
    from realift.engine.score import score_rows

    counted = [(False, *row.supervised[1:]) for row in rows]
    found = score_rows(parts, [row.input_ids for row in rows], counted)
    return [
        Nll(sum=one.sum, n_tokens=sum(which), n_greedy=one.n_greedy)
        for one, which in zip(found, counted, strict=True)
    ]


def _parts(model: Any, rows: Sequence[Encoded]) -> Parts | None:
    """The model as the engine reads it, if that was proven on a probe and the rows fit.

    On a GPU only where its attention is one kernel for all rows: one for each is slower than
    padding.
    """
    from realift.engine.parts import agrees_once, read_parts
    from realift.engine.varlen import usable_for

    parts = read_parts(model)
    if parts is None:
        return None
    if parts.embed.device.type != "cpu" and not usable_for(parts):
        return None
    longest = max((len(row.input_ids) for row in rows), default=0)
    if parts.window is not None and longest > parts.window:
        return None
    return parts if agrees_once(model, parts) else None


def _plain(model: Any, base: Base, rows: Sequence[Encoded]) -> list[Nll]:
    import torch

    out: dict[int, Nll] = {}
    model.eval()
    with torch.inference_mode():
        for numbers in _batches(rows):
            batch = collate(
                [rows[i] for i in numbers], pad_id=pad_token_id(base), device=base.compute.device
            )
            targets = batch.labels[:, 1:]  # (B, T - 1): position t predicts token t + 1
            wanted = targets != IGNORE_INDEX
            logits = _logits_at(model, batch, wanted)  # (N, V)
            losses = torch.nn.functional.cross_entropy(
                logits.float(), targets[wanted], reduction="none"
            )
            place = wanted.nonzero()[:, 0].cpu()  # (N,): the row that each loss belongs to
            sums = torch.zeros(len(numbers), dtype=torch.float64)  # on the CPU: mps has no float64
            sums.index_add_(0, place, losses.cpu().double())
            likeliest = torch.zeros(len(numbers), dtype=torch.long)
            likeliest.index_add_(0, place, (logits.argmax(-1) == targets[wanted]).long().cpu())
            counts = wanted.sum(dim=1).tolist()
            for k, number in enumerate(numbers):
                out[number] = Nll(
                    sum=float(sums[k]), n_tokens=counts[k], n_greedy=int(likeliest[k])
                )
    return [out[i] for i in range(len(rows))]


def _logits_at(model: Any, batch: Any, wanted: Any) -> Any:
    """Logits at the wanted positions, ``(N, V)``: the head sees only these, where it is known."""
    kept = wanted.any(dim=0).nonzero()[:, 0]  # columns in which some row is supervised
    if not len(kept):
        kept = wanted.new_zeros(1, dtype=kept.dtype)
    try:
        logits = model(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            use_cache=False,
            logits_to_keep=kept,
        ).logits
    except TypeError:  # an architecture without this argument computes them all
        logits = model(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False
        ).logits[:, kept]
    return logits[wanted[:, kept]]


def _batches(rows: Sequence[Encoded]) -> list[list[int]]:
    """Numbers of rows that share a pass: of like length, within the budget of positions."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].input_ids))
    out: list[list[int]] = []
    for i in order:
        width = len(rows[i].input_ids)
        if out and (len(out[-1]) + 1) * width <= _BATCH_TOKENS:
            out[-1].append(i)
        else:
            out.append([i])
    return [list(piece) for some in out for piece in cut(some, 64)]
