"""Attention over a pack, tile by tile, and its gradient, without a tokens x tokens mask.

A tile is a run of queries of one node of the pack and all keys they may see: the nodes above, and
their own node as far as the last of these queries. Scores of one tile are a dense matrix; what lies
outside the tiles is never computed. The tiles are plain batched matrix multiplies, which on CPUs
run at two to three times the rate of torch's own attention kernel, and work on every device. On
CUDA in half precision FlashAttention does the work (``varlen.py``).

Shapes: T tokens, Q queries (T, or fewer in the last layer), K kv heads, G query heads for each kv
head, D head size. Queries lie as (K, Q, G, D), so that the heads of a kv head are rows of one
matrix; they come multiplied with the scaling.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from realift.engine import varlen
from realift.engine.packing import Pack
from realift.engine.varlen import Segments

if TYPE_CHECKING:
    import torch

TILE = 128  # queries of a tile; longer nodes are cut into equal tiles
KEEP_UP_TO = 320  # keys: up to here the weights of a tile are kept for the way back, else redone


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Queries ``[start, stop)`` of the queries' own numbering and the keys they see.

    ``mask`` (rows, w) is added to the scores of the last ``w`` keys: 0 or -inf.
    """

    start: int
    stop: int
    keys: tuple[tuple[int, int], ...]
    n_keys: int
    mask: torch.Tensor


Layout = tuple[Tile, ...] | Segments


def layout(
    pack: Pack, queries: Sequence[int], *, device: torch.device, dtype: torch.dtype, head_dim: int
) -> Layout:
    """How queries at these (sorted) places see the pack, for the fastest way on this device."""
    if varlen.usable(device, dtype, head_dim):
        return varlen.segments(pack, queries, device=device)
    return _tiles(pack, queries, device=device, dtype=dtype)


def _tiles(pack: Pack, queries: Sequence[int], *, device: Any, dtype: Any) -> tuple[Tile, ...]:
    import torch

    nodes = sorted(b.queries for b in pack.blocks if b.causal)
    above: dict[tuple[int, int], list[tuple[int, int]]] = {node: [] for node in nodes}
    for block in pack.blocks:
        if not block.causal:
            for node in nodes:
                if block.queries[0] <= node[0] and node[1] <= block.queries[1]:
                    above[node].append(block.keys)
    tiles: list[Tile] = []
    at = 0
    for node in nodes:
        begin = at
        while at < len(queries) and queries[at] < node[1]:
            at += 1
        n = at - begin
        if not n:
            continue
        pieces = -(-n // TILE)
        cuts = [begin + n * i // pieces for i in range(pieces + 1)]
        for start, stop in pairwise(cuts):
            places = torch.tensor(queries[start:stop], device=device)
            # Own keys before the first of these queries are seen by all of them: no mask there.
            low, high = queries[start], queries[stop - 1] + 1
            later = torch.arange(low, high, device=device)[None] > places[:, None]
            mask = torch.zeros(later.shape, device=device, dtype=dtype)
            mask.masked_fill_(later, float("-inf"))
            keys = (*sorted(above[node]), (node[0], high))
            tiles.append(
                Tile(
                    start=start,
                    stop=stop,
                    keys=keys,
                    n_keys=sum(b - a for a, b in keys),
                    mask=mask,
                )
            )
    return tuple(tiles)


def attend(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    tiles: Layout,
    *,
    keep: bool,
) -> tuple[torch.Tensor, list[torch.Tensor | None]]:
    """Outputs (Q, K*G*D) of queries ``q`` (K, Q, G, D) over ``k`` and ``v`` (K, T, D).

    With ``keep``, also the softmax weights of each tile (None where it pays to redo them).
    """
    import torch

    if isinstance(tiles, Segments):
        out, state = varlen.attend(q, k, v, tiles)
        return out, [*state] if keep else []
    heads, n, groups, size = q.shape
    out = q.new_empty((n, heads, groups, size))
    kept: list[torch.Tensor | None] = []
    for tile in tiles:
        weights = _weights(q, k, tile)
        answer = torch.bmm(weights, _gather(v, tile.keys))
        out[tile.start : tile.stop] = answer.view(heads, -1, groups, size).transpose(0, 1)
        kept.append(weights if keep and tile.n_keys <= KEEP_UP_TO else None)
    return out.view(n, heads * groups * size), kept


def attend_backward(
    grad: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    tiles: Layout,
    kept: Sequence[torch.Tensor | None],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of ``q``, ``k`` and ``v`` (same shapes) from that of the outputs (Q, K*G*D)."""
    import torch

    if isinstance(tiles, Segments):
        return varlen.attend_backward(grad, q, k, v, tiles, kept)
    heads, n, groups, size = q.shape
    wanted = grad.view(n, heads, groups, size).transpose(0, 1).contiguous()  # (K, Q, G, D)
    grad_q = torch.empty_like(q)
    grad_k, grad_v = torch.zeros_like(k), torch.zeros(v.shape, dtype=v.dtype, device=v.device)
    for tile, weights in zip(tiles, kept, strict=True):
        if weights is None:
            weights = _weights(q, k, tile)
        rows = slice(tile.start, tile.stop)
        grad_out = wanted[:, rows].reshape(heads, -1, size)
        _scatter(grad_v, tile.keys, torch.bmm(weights.transpose(1, 2), grad_out))
        grad_weights = torch.bmm(grad_out, _gather(v, tile.keys).transpose(1, 2))
        grad_scores = torch._softmax_backward_data(grad_weights, weights, -1, weights.dtype)
        into = torch.bmm(grad_scores, _gather(k, tile.keys))
        grad_q[:, rows] = into.view(heads, -1, groups, size)
        queries = q[:, rows].reshape(heads, -1, size)
        _scatter(grad_k, tile.keys, torch.bmm(grad_scores.transpose(1, 2), queries))
    return grad_q, grad_k, grad_v


def _weights(q: Any, k: Any, tile: Tile) -> Any:
    """Softmax weights (K, rows * G, keys) of a tile."""
    import torch

    heads, _, groups, size = q.shape
    queries = q[:, tile.start : tile.stop].reshape(heads, -1, size)
    scores = torch.bmm(queries, _gather(k, tile.keys).transpose(1, 2))
    width = tile.mask.shape[1]
    by_query = scores.view(heads, tile.stop - tile.start, groups, tile.n_keys)
    by_query[..., tile.n_keys - width :].add_(tile.mask[:, None])
    if scores.dtype.itemsize < 4:
        return torch.softmax(scores, -1, dtype=torch.float32).to(scores.dtype)
    return torch.softmax(scores, -1)


def _gather(x: Any, ranges: tuple[tuple[int, int], ...]) -> Any:
    """``x`` (K, T, D) at some ranges of tokens; a view if there is only one."""
    import torch

    if len(ranges) == 1:
        return x[:, ranges[0][0] : ranges[0][1]]
    return torch.cat([x[:, a:b] for a, b in ranges], dim=1)


def _scatter(x: Any, ranges: tuple[tuple[int, int], ...], add: Any) -> None:
    start = 0
    for a, b in ranges:
        x[:, a:b] += add[:, start : start + b - a]
        start += b - a
