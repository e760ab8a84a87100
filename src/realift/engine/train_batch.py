"""Rows of a training step as packed micro-batches, with what is supervised in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realift.engine.packing import SHARE_FROM, Pack, lay_out, numbered
from realift.engine.parts import Parts
from realift.engine.tiles import layout
from realift.engine.train_layer import Rows
from realift.types import Encoded

if TYPE_CHECKING:
    import torch


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


def split_rows(rows: Sequence[Encoded], max_tokens: int) -> list[list[Encoded]]:
    """Rows in micro-batches of at most ``max_tokens`` laid-out tokens (a longer row stands alone).

    Rows that begin alike come together, so that their beginning is computed once.
    """
    order = sorted(rows, key=lambda r: r.input_ids)
    out: list[list[Encoded]] = []
    size = 0
    for row in order:
        more = n_inputs(row)
        if out:
            shared = _common(out[-1][-1].input_ids, row.input_ids)
            more -= shared if shared >= SHARE_FROM else 0
        if not out or size + more > max_tokens:
            out.append([])
            size, more = 0, n_inputs(row)
        out[-1].append(row)
        size += more
    return out


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    n = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        n += 1
    return n


def micro_batch(
    parts: Parts, rows: Sequence[Encoded], *, share_from: int | None = SHARE_FROM
) -> Micro:
    """Lay rows out, and find the places whose next token is supervised."""
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
    return Micro(
        pack=pack,
        rows=Rows(
            cos=cos,
            sin=sin,
            tiles=layout(pack, range(pack.n_tokens), **where),
            chosen=torch.tensor(chosen, device=device),
            chosen_tiles=layout(pack, chosen, **where),
        ),
        ids=torch.tensor(pack.ids, device=device),
        targets=torch.tensor([target for _, target in asked], device=device),
        targets_at=torch.tensor(targets_at, device=device),
        inputs=tuple(inputs),
    )


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
