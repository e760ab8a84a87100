"""Rows of a training step as packed micro-batches, with what is supervised in them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realift.engine.dropping import Stream
from realift.engine.packing import SHARE_FROM, Pack, common_length, lay_out, numbered, portions
from realift.engine.parts import Parts
from realift.engine.side_by_side import is_long, two_halves, usable
from realift.engine.tiles import layout
from realift.engine.train_layer import Rows
from realift.engine.train_linear import Gradients
from realift.types import Encoded

if TYPE_CHECKING:
    import torch


_MAY_BE_TWICE = 0.08  # of a step's tokens: a beginning that both halves may compute
_LEAST_HALF = 96  # tokens; and a sixth of the hidden size


@dataclass(slots=True, kw_only=True)
class Micro:
    """A packed micro-batch on the model's device.

    ``targets[i]`` is the next token that ``chosen`` place ``targets_at[i]`` has to predict; rows
    that begin alike may ask one place several times.
    """

    pack: Pack
    rows: Rows
    ids: torch.Tensor  # (T,)
    targets: torch.Tensor  # (S,)
    targets_at: torch.Tensor  # (S,) index into the chosen places
    inputs: tuple[tuple[int, ...], ...]  # the token ids laid out, row by row

    @property
    def n_supervised(self) -> int:
        return int(self.targets.shape[0])


def n_inputs(row: Encoded) -> int:
    """Tokens of a row that have to be computed: all that stand before its last supervised one."""
    last = max((t for t, marked in enumerate(row.supervised) if marked), default=0)
    return max(1, last)


def count_targets(rows: Sequence[Encoded]) -> int:
    """Supervised tokens that a loss is computed for (the first token of a row never is)."""
    return sum(sum(row.supervised[1:]) for row in rows)


def cut(rows: Sequence[Encoded], some: Iterable[int], max_tokens: int) -> list[list[int]]:
    """Some rows, by index, in micro-batches of at most ``max_tokens`` laid-out tokens.

    A longer row stands alone. Rows that begin alike come together, so that their beginning is
    computed once.
    """
    order = ((i, n_inputs(rows[i]), more) for i, more in _in_order(rows, some))
    return portions(order, max_tokens)


def is_big(parts: Parts, rows: Sequence[Encoded]) -> bool:
    """Whether halves of a step may be computed side by side: then each row drops out by random
    numbers of its own."""
    return is_long(parts, sum(map(n_inputs, rows)), passes=2)


def jobs_of(
    parts: Parts, rows: Sequence[Encoded], max_tokens: int, *, side_by_side: bool
) -> list[list[list[int]]]:
    """The micro-batches of a step as one job, or two that take about as long side by side.

    Of two, the first takes longer, and each has half of ``max_tokens``, for both are in memory at
    once. Rows that begin alike stay in one of them, unless that is a small part of the step (a
    system prompt before long passages), which is then computed twice.
    """
    if side_by_side and usable() and is_big(parts, rows):
        alike: list[list[int]] = []
        sizes: list[int] = []
        order = list(_in_order(rows, range(len(rows))))
        twice = _MAY_BE_TWICE * sum(more for _, more in order)
        for i, more in order:
            if not alike or n_inputs(rows[i]) - more <= twice:
                alike.append([])
                sizes.append(0)
            alike[-1].append(i)
            sizes[-1] += more
        first, second = two_halves(sizes)
        # With fewer rows the multiplies lose more than the rest gains.
        if sum(sizes[g] for g in second) >= max(_LEAST_HALF, parts.hidden // 6):
            return [
                cut(rows, [i for g in groups for i in alike[g]], max_tokens // 2)
                for groups in (first, second)
            ]
    return [cut(rows, range(len(rows)), max_tokens)]


def _in_order(rows: Sequence[Encoded], some: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Some rows with those that begin alike together, and the tokens each adds to its neighbor."""
    before: Sequence[int] = ()
    for i in sorted(some, key=lambda i: rows[i].input_ids):
        shared = common_length(before, rows[i].input_ids)
        yield i, n_inputs(rows[i]) - (shared if shared >= SHARE_FROM else 0)
        before = rows[i].input_ids


def micro_batch(
    parts: Parts,
    rows: Sequence[Encoded],
    *,
    share_from: int | None = SHARE_FROM,
    generators: Sequence[torch.Generator] = (),
    into: Gradients | None = None,
) -> Micro:
    """Lay rows out, and find the places whose next token is supervised.

    ``generators``: one for each row, for its dropout. ``into``: see ``Rows``.
    """
    import torch

    device = parts.embed.device
    where: dict[str, Any] = {
        "device": device, "dtype": parts.embed.dtype, "head_dim": parts.head_dim
    }  # fmt: skip
    inputs = [row.input_ids[: n_inputs(row)] for row in rows]
    pack = lay_out(inputs, share_from=share_from)
    asked = asked_places(rows, pack)
    chosen, targets_at = numbered(place for place, _ in asked)
    cos, sin = angles(parts, pack.positions)
    streams = _streams(pack, generators)
    return Micro(
        pack=pack,
        rows=Rows(
            cos=cos,
            sin=sin,
            tiles=layout(pack, range(pack.n_tokens), **where),
            chosen=torch.tensor(chosen, device=device),
            chosen_tiles=layout(pack, chosen, **where),
            streams=streams,
            chosen_streams=tuple(
                Stream(s.generator, bisect_left(chosen, s.start), bisect_left(chosen, s.stop))
                for s in streams
            ),
            into=into,
        ),
        ids=torch.tensor(pack.ids, device=device),
        targets=torch.tensor([target for _, target in asked], device=device),
        targets_at=torch.tensor(targets_at, device=device),
        inputs=tuple(inputs),
    )


def _streams(pack: Pack, generators: Sequence[torch.Generator]) -> tuple[Stream, ...]:
    """The places of a pack by the row whose generator drops there: the first that lies there."""
    out: list[Stream] = []
    end = 0
    for i in sorted(range(len(generators)), key=lambda i: pack.places[i][-1]):
        if pack.places[i][-1] >= end:
            out.append(Stream(generators[i], end, pack.places[i][-1] + 1))
            end = out[-1].stop
    return tuple(out)


def asked_places(rows: Sequence[Encoded], pack: Pack) -> list[tuple[int, int]]:
    """For every supervised token of the rows: the place that has to predict it, and the token."""
    return [
        (places[t - 1], row.input_ids[t])
        for row, places in zip(rows, pack.places, strict=True)
        for t in range(1, len(row.input_ids))
        if row.supervised[t]
    ]


def angles(parts: Parts, positions: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin (T, D/2) of the rotary embedding: both halves of a head turn alike."""
    import torch

    half = parts.head_dim // 2
    cos, sin = parts.rope(torch.tensor(positions, device=parts.embed.device))
    return cos[:, :half].contiguous(), sin[:, :half].contiguous()
