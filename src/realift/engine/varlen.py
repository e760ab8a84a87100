"""Attention over a pack by torch's FlashAttention kernel, on CUDA in half precision.

A segment is a run of neighboring queries of one node and the keys they see, laid end to end: the
nodes above, then their own node as far as the last of them. FlashAttention's causal mask is aligned
at the end (query i of n sees all but the last n - 1 - i keys), which is just what a segment needs;
so all segments go through one call. In training queries are multiplied with the scaling beforehand.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from realift.engine.packing import Pack
from realift.engine.parts import Parts

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Segments end to end. ``keys``: which token each key is; None = the tokens as they lie."""

    keys: torch.Tensor | None  # (all keys,)
    query_ends: torch.Tensor  # (segments + 1,) int32, from 0
    key_ends: torch.Tensor  # (segments + 1,) int32, from 0
    most_queries: int
    most_keys: int


def usable(device: torch.device, dtype: torch.dtype, head_dim: int) -> bool:
    """Whether the kernel can be used: CUDA from Ampere on, half precision, and it runs when tried.

    torch does not promise its signature, and some builds lack it.
    """
    if device.type != "cuda" or dtype.itemsize != 2 or head_dim > 256 or head_dim % 8:
        return False
    return _runs(device, dtype, head_dim)


def usable_for(parts: Parts) -> bool:
    """``usable`` for a model as it lies there."""
    return usable(parts.embed.device, parts.embed.dtype, parts.head_dim)


@functools.cache
def _runs(device: torch.device, dtype: torch.dtype, head_dim: int) -> bool:
    import torch

    if torch.cuda.get_device_capability(device)[0] < 8:
        return False
    ends = torch.tensor([0, 2], device=device, dtype=torch.int32)
    two = Segments(keys=None, query_ends=ends, key_ends=ends, most_queries=2, most_keys=2)
    some = torch.ones((2, 1, head_dim), device=device, dtype=dtype)
    try:
        kept = flash_forward(some, some, some, two)
        flash_backward(some, some, some, some, kept, two)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return False
    return bool((kept[0] == 1).all())  # the mean of ones, whatever the weights


def segments(pack: Pack, queries: Sequence[int], *, device: torch.device) -> Segments:
    """Segments for some tokens of a pack (sorted places)."""
    import torch

    nodes = sorted(b.queries for b in pack.blocks if b.causal)
    above: dict[tuple[int, int], list[tuple[int, int]]] = {node: [] for node in nodes}
    for block in pack.blocks:
        for node in nodes:
            inside = block.queries[0] <= node[0] and node[1] <= block.queries[1]
            if not block.causal and inside:
                above[node].append(block.keys)
    keys: list[int] = []
    query_ends, key_ends, at = [0], [0], 0
    for node in nodes:
        before = [t for start, stop in sorted(above[node]) for t in range(start, stop)]
        while at < len(queries) and queries[at] < node[1]:
            run = at + 1
            while run < len(queries) and queries[run] == queries[run - 1] + 1 < node[1]:
                run += 1
            keys += [*before, *range(node[0], queries[run - 1] + 1)]
            query_ends.append(run)
            key_ends.append(len(keys))
            at = run
    as_they_lie = keys == list(range(pack.n_tokens))
    return Segments(
        keys=None if as_they_lie else torch.tensor(keys, device=device),
        query_ends=torch.tensor(query_ends, device=device, dtype=torch.int32),
        key_ends=torch.tensor(key_ends, device=device, dtype=torch.int32),
        most_queries=max(b - a for a, b in pairwise(query_ends)),
        most_keys=max(b - a for a, b in pairwise(key_ends)),
    )


def attend_tokens(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, found: Segments, *, scaling: float
) -> torch.Tensor:
    """As ``attention.attend``: outputs (T, H, D) of ``q`` (T, H, D), ``k`` and ``v`` (T, K, D)."""
    keys = (k, v) if found.keys is None else (k[found.keys], v[found.keys])
    k, v = (t.contiguous() for t in keys)
    return flash_forward(q.contiguous(), k, v, found, scale=scaling)[0]  # type: ignore[no-any-return]


def attend(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, found: Segments
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """As ``tiles.attend``: outputs (Q, K*G*D), and what the way back needs."""
    queries, keys, values = _by_token(q, k, v, found)
    out, lse, state, unused = flash_forward(queries, keys, values, found)
    return out.reshape(out.shape[0], -1), [out, lse, state, unused]


def attend_backward(
    grad: torch.Tensor,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    found: Segments,
    kept: Sequence[Any],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """As ``tiles.attend_backward``."""
    import torch

    queries, keys, values = _by_token(q, k, v, found)
    out = kept[0]
    grad_q, grad_k, grad_v = flash_backward(
        grad.view(out.shape).contiguous(), queries, keys, values, kept, found
    )
    if found.keys is not None:
        empty = torch.zeros(
            (k.shape[1], *grad_k.shape[1:]), dtype=torch.float32, device=grad_k.device
        )
        grad_k = empty.clone().index_add_(0, found.keys, grad_k.float()).to(k.dtype)
        grad_v = empty.index_add_(0, found.keys, grad_v.float()).to(v.dtype)
    heads, n, groups, size = q.shape
    by_kv_head = grad_q.view(n, heads, groups, size).transpose(0, 1)
    return by_kv_head.contiguous(), grad_k.transpose(0, 1), grad_v.transpose(0, 1)


def _by_token(q: Any, k: Any, v: Any, found: Segments) -> tuple[Any, Any, Any]:
    """(Q, H, D) queries and (keys, K, D) keys and values."""
    heads, n, groups, size = q.shape
    keys, values = k.transpose(0, 1), v.transpose(0, 1)
    if found.keys is not None:
        keys, values = keys[found.keys], values[found.keys]
    queries = q.transpose(0, 1).reshape(n, heads * groups, size)
    return queries, keys.contiguous(), values.contiguous()


def flash_forward(
    q: Any, k: Any, v: Any, found: Segments, *, scale: float = 1.0
) -> tuple[Any, Any, Any, Any]:
    """Outputs (Q, H, D), log-sum-exp, and the kernel's random state."""
    import torch

    out, lse, state, unused, _ = torch.ops.aten._flash_attention_forward(
        q, k, v, found.query_ends, found.key_ends, found.most_queries, found.most_keys,
        0.0, True, False, scale=scale,
    )  # fmt: skip
    return out, lse, state, unused


def flash_backward(
    grad: Any, q: Any, k: Any, v: Any, kept: Sequence[Any], found: Segments
) -> tuple[Any, Any, Any]:
    """Gradients of queries, keys and values, in their shapes."""
    import torch

    out, lse, state, unused = kept
    result: tuple[Any, Any, Any] = torch.ops.aten._flash_attention_backward(
        grad, q, k, v, out, lse, found.query_ends, found.key_ends, found.most_queries,
        found.most_keys, 0.0, True, state, unused, scale=1.0,
    )  # fmt: skip
    return result
