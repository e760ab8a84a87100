"""Attention over a pack, block by block, and its gradient, without a tokens x tokens mask.

Where a query looks at several blocks, their parts are put together by the log-sum-exp of their
scores (as FlashAttention does between tiles), so the result is softmax attention over all of them.

Reference: Dao et al. (2022), FlashAttention, algorithms 1 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from realift.engine.packing import Block

if TYPE_CHECKING:
    import torch


def attend(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, blocks: Sequence[Block], *, scaling: float
) -> torch.Tensor:
    """Attention of ``q`` (T, heads, D) over ``k`` and ``v`` (T, kv heads, D) along the blocks.

    Returns the outputs (T, heads, D). Every query stands in at least one block. A model's own
    grouping of heads (GQA) is kept.
    """
    import torch

    out = q.new_empty(q.shape)
    if all(block.causal for block in blocks):  # rows share nothing: each query is in one block
        for block in blocks:
            (a, b), (c, d) = block.queries, block.keys
            out[a:b] = _forward(q[a:b], k[c:d], v[c:d], True, scaling)[0]
        return out
    lse = torch.full(q.shape[:2], float("-inf"), dtype=torch.float32, device=q.device)
    for block in blocks:
        (a, b), (c, d) = block.queries, block.keys
        part, part_lse = _forward(q[a:b], k[c:d], v[c:d], block.causal, scaling)
        old = lse[a:b]
        if bool(torch.isneginf(old[0, 0])):  # the first block of these queries
            out[a:b] = part
            lse[a:b] = part_lse
        else:
            new = torch.logaddexp(old, part_lse)
            out[a:b] *= (old - new).exp()[..., None].to(out.dtype)
            out[a:b] += part * (part_lse - new).exp()[..., None].to(out.dtype)
            lse[a:b] = new
    return out


def _forward(q: Any, k: Any, v: Any, causal: bool, scaling: float) -> tuple[Any, Any]:
    """One block: outputs (Q, heads, D) and log-sum-exp (Q, heads)."""
    import torch

    if q.device.type == "cpu":
        out, lse = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
            q.transpose(0, 1)[None],
            k.transpose(0, 1)[None],
            v.transpose(0, 1)[None],
            0.0,
            causal,
            scale=scaling,
        )
        return out[0].transpose(0, 1), lse[0].transpose(0, 1)
    groups = q.shape[1] // k.shape[1]
    keys = k.repeat_interleave(groups, 1).float()
    scores = torch.einsum("qhd,khd->hqk", q.float() * scaling, keys)
    if causal:
        n = scores.shape[-1]
        scores.masked_fill_(
            torch.ones(n, n, dtype=torch.bool, device=q.device).triu(1), float("-inf")
        )
    lse = scores.logsumexp(-1)  # (heads, Q)
    weights = (scores - lse[..., None]).exp().to(v.dtype)
    out = torch.einsum("hqk,khd->qhd", weights, v.repeat_interleave(groups, 1))
    return out, lse.transpose(0, 1)
