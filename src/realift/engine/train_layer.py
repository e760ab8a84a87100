"""One decoder layer forward and backward by hand, keeping only what the adapter's gradient needs.

The base is frozen, so there are no weight gradients but those of ``lora_A`` and ``lora_B``; inputs
of norms and multiplies are made again from the residual stream rather than kept.

Shapes: T tokens of the pack, Q of them queries (all, or in the last layer only those whose answer
is supervised), h hidden, K kv heads, G query heads for each, D head size, I intermediate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realift.engine.dropping import Stream
from realift.engine.grouping import Block
from realift.engine.norms import renormed, rms, rms_backward
from realift.engine.parts import Parts
from realift.engine.rope import rotate_back, rotate_heads
from realift.engine.tiles import Layout, attend, attend_backward
from realift.engine.train_linear import Drops, Gradients, backward, forward

if TYPE_CHECKING:
    import torch


@dataclass(slots=True, kw_only=True)
class Rows:
    """What all layers of one micro-batch share. cos and sin are (T, D/2), in the model's dtype.

    ``streams`` and ``chosen_streams``: where dropout of tokens and of queries takes its random
    numbers (nothing: torch's own). ``into``: where gradients are added up (None: in ``.grad``).
    """

    cos: torch.Tensor
    sin: torch.Tensor
    tiles: Layout
    chosen: torch.Tensor | None = None  # (Q,) places of the queries; None = every token
    chosen_tiles: Layout = ()
    streams: tuple[Stream, ...] = ()
    chosen_streams: tuple[Stream, ...] = ()
    into: Gradients | None = None


@dataclass(slots=True)
class Kept:
    """What a layer keeps for its way back."""

    x: torch.Tensor  # (T, h) what came in
    r_in: torch.Tensor  # (T, 1) 1 / root mean square of x
    raw: tuple[torch.Tensor, torch.Tensor] | None  # q (Q, H*D), k (T, K*D) before their norms
    q: torch.Tensor  # (K, Q, G, D) rotated and scaled
    k: torch.Tensor  # (K, T, D)
    v: torch.Tensor  # (K, T, D)
    weights: list[torch.Tensor | None]
    attended: torch.Tensor | None  # (Q, H*D), only if o is adapted
    middle: torch.Tensor  # (Q, h)
    r_mid: torch.Tensor  # (Q, 1)
    gate: torch.Tensor  # (Q, I)
    up: torch.Tensor  # (Q, I)
    drops: dict[str, Drops]


def layer_forward(
    parts: Parts, block: Block, x: torch.Tensor, rows: Rows, *, last: bool, keep: bool, train: bool
) -> tuple[torch.Tensor, Kept | None]:
    """The layer on the residual stream ``x`` (T, h); its result is (Q, h).

    ``last``: compute queries at ``rows.chosen`` only. ``keep``: return what ``layer_backward``
    needs. ``train``: dropout is on.
    """
    import torch

    layer, chosen = block.layer, rows.chosen if last else None
    tiles = rows.chosen_tiles if last and chosen is not None else rows.tiles
    streams = rows.streams if chosen is None else rows.chosen_streams
    drops: dict[str, Drops] = {}
    normed, r_in = rms(x, layer.input_norm, parts.eps)
    n_q, n_kv = parts.n_heads * parts.head_dim, parts.n_kv_heads * parts.head_dim
    if chosen is None:
        qkv, drops["qkv"] = forward(block.qkv, normed, train=train, streams=streams)
        q, k, v = qkv[:, :n_q], qkv[:, n_q : n_q + n_kv], qkv[:, n_q + n_kv :]
        cos, sin, residual = rows.cos, rows.sin, x
    else:
        kv, drops["kv"] = forward(block.kv, normed, train=train, streams=rows.streams)
        q, drops["q"] = forward(block.q, normed[chosen], train=train, streams=streams)
        k, v = kv[:, :n_kv], kv[:, n_kv:]
        cos, sin, residual = rows.cos[chosen], rows.sin[chosen], x[chosen]
    raw = None
    if layer.q_norm is not None and layer.k_norm is not None:
        raw = (q, k) if keep else None
        q, _ = rms(by_head(q, parts.head_dim), layer.q_norm, parts.eps)
        k, _ = rms(by_head(k, parts.head_dim), layer.k_norm, parts.eps)
    q = rotate_heads(q, cos, sin, parts.n_kv_heads, scale=parts.scaling)
    k = rotate_heads(k, rows.cos, rows.sin, parts.n_kv_heads)[:, :, 0]
    v = by_head(v, parts.head_dim).transpose(0, 1).contiguous()
    attended, weights = attend(q, k, v, tiles, keep=keep)
    middle, drops["o"] = forward(block.o, attended, train=train, streams=streams, plus=residual)
    normed, r_mid = rms(middle, layer.post_norm, parts.eps)
    gate, drops["gate"] = forward(block.gate, normed, train=train, streams=streams)
    up, drops["up"] = forward(block.up, normed, train=train, streams=streams)
    act = torch.nn.functional.silu(gate).mul_(up)
    out, drops["down"] = forward(block.down, act, train=train, streams=streams, plus=middle)
    if not keep:
        return out, None
    return out, Kept(
        x=x, r_in=r_in, raw=raw, q=q, k=k, v=v, weights=weights,
        attended=attended if block.o.adapted else None,
        middle=middle, r_mid=r_mid, gate=gate, up=up, drops=drops,
    )  # fmt: skip


def layer_backward(
    parts: Parts, block: Block, grad: torch.Tensor, kept: Kept, rows: Rows, *, last: bool,
    below: bool,
) -> torch.Tensor | None:  # fmt: skip
    """Gradient of the layer's input (T, h) from that of its result (Q, h), which is used up.

    Adds to the gradients of the layer's adapters. Without ``below`` nothing under this layer is
    adapted: what only served to go on is left out, and None is returned.
    """
    layer, chosen = block.layer, rows.chosen if last else None
    tiles = rows.chosen_tiles if last and chosen is not None else rows.tiles
    middle_grad = _feed_forward_backward(
        parts, block, grad, kept, go_on=_go_on(block, below), into=rows.into
    )
    if middle_grad is None:
        return None
    drops, into = kept.drops, rows.into
    grad_out = backward(
        block.o, middle_grad, kept.attended, drops["o"],
        go_on=below or block.qkv.adapted, into=into,
    )  # fmt: skip
    if grad_out is None:
        return None
    grad_q, grad_k, grad_v = attend_backward(grad_out, kept.q, kept.k, kept.v, tiles, kept.weights)
    n_q, n_kv = parts.n_heads * parts.head_dim, parts.n_kv_heads * parts.head_dim
    n_tokens = kept.x.shape[0]
    cos, sin = (rows.cos, rows.sin) if chosen is None else (rows.cos[chosen], rows.sin[chosen])
    if chosen is None:
        whole = grad.new_empty((n_tokens, n_q + 2 * n_kv))
        into_q, into_kv = whole[:, :n_q], whole[:, n_q:]
    else:
        into_q, into_kv = grad.new_empty((len(chosen), n_q)), grad.new_empty((n_tokens, 2 * n_kv))
    rotate_back(grad_q, cos, sin, into_q, scale=parts.scaling)
    rotate_back(grad_k[:, :, None], rows.cos, rows.sin, into_kv[:, :n_kv])
    by_head(into_kv[:, n_kv:], parts.head_dim).copy_(grad_v.transpose(0, 1))
    if kept.raw is not None and layer.q_norm is not None and layer.k_norm is not None:
        for part, raw, weight in (
            (into_q, kept.raw[0], layer.q_norm),
            (into_kv[:, :n_kv], kept.raw[1], layer.k_norm),
        ):
            x = by_head(raw, parts.head_dim)
            _, r = rms(x, weight, parts.eps)
            by_head(part, parts.head_dim).copy_(
                rms_backward(by_head(part, parts.head_dim), x, r, weight)
            )
    normed = renormed(kept.x, kept.r_in, layer.input_norm) if block.qkv.adapted else None
    if chosen is None:
        normed_grad = backward(block.qkv, whole, normed, drops["qkv"], go_on=below, into=into)
    else:
        of_chosen = normed[chosen] if normed is not None else None
        q_grad = backward(block.q, into_q, of_chosen, drops["q"], go_on=below, into=into)
        normed_grad = backward(block.kv, into_kv, normed, drops["kv"], go_on=below, into=into)
        if normed_grad is not None and q_grad is not None:
            normed_grad.index_add_(0, chosen, q_grad)
            spread = normed_grad.new_zeros(kept.x.shape)
            middle_grad = spread.index_add_(0, chosen, middle_grad)
    if normed_grad is None:
        return None
    return rms_backward(normed_grad, kept.x, kept.r_in, layer.input_norm, plus=middle_grad)


def _go_on(block: Block, below: bool) -> bool:
    return below or block.attention_adapted


def _feed_forward_backward(
    parts: Parts, block: Block, grad: torch.Tensor, kept: Kept, *, go_on: bool,
    into: Gradients | None,
) -> torch.Tensor | None:  # fmt: skip
    """Gradient of the middle of the layer, the residual's share included."""
    import torch

    gate, up = kept.gate, kept.up
    slope = torch.sigmoid(gate)
    silu = gate * slope
    act = silu * up if block.down.adapted else None
    act_grad = backward(
        block.down, grad, act, kept.drops["down"],
        go_on=go_on or block.gate_up.adapted, into=into,
    )  # fmt: skip
    if act_grad is None:
        return None
    both = gate.new_empty((len(gate), 2 * parts.intermediate))
    torch.mul(act_grad, silu, out=both[:, parts.intermediate :])
    act_grad.mul_(up)
    # d silu(g)/dg = s + silu(g) (1 - s)
    torch.lerp(silu, torch.ones((), dtype=silu.dtype, device=silu.device), slope, out=slope)
    torch.mul(act_grad, slope, out=both[:, : parts.intermediate])
    normed = (
        renormed(kept.middle, kept.r_mid, block.layer.post_norm) if block.gate_up.adapted else None
    )
    normed_grad = backward(
        block.gate_up, both, normed, kept.drops["gate"] + kept.drops["up"], go_on=go_on, into=into
    )
    if normed_grad is None:
        return None
    return rms_backward(normed_grad, kept.middle, kept.r_mid, block.layer.post_norm, plus=grad)


def by_head(x: torch.Tensor, size: int) -> torch.Tensor:
    """A view of ``x`` (N, heads * size) as (N, heads, size)."""
    return x.view(x.shape[0], -1, size)
