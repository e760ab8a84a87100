"""A pack through the model, without autograd: the engine's own reference and its inference pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from realift.engine.attention import attend
from realift.engine.packing import Pack, lay_out
from realift.engine.parts import Layer, Linear, Parts

if TYPE_CHECKING:
    import torch


def logits_of_rows(
    parts: Parts, rows: Sequence[Sequence[int]], *, share_from: int | None = 2
) -> list[torch.Tensor]:
    """Logits (tokens, V) of every row of token ids, dropout off, all rows in one pack."""
    pack = lay_out(rows, share_from=share_from)
    logits = hidden_states(parts, pack) @ parts.head.T
    return [logits[list(place)] for place in pack.places]


def hidden_states(parts: Parts, pack: Pack) -> torch.Tensor:
    """The normed hidden states (T, hidden) that the output head reads, dropout off."""
    import torch

    device = parts.embed.device
    hidden = parts.embed[torch.tensor(pack.ids, device=device)]
    cos, sin = parts.rope(torch.tensor(pack.positions, device=device))
    for layer in parts.layers:
        hidden = hidden + attention(
            parts, layer, norm(hidden, layer.input_norm, parts.eps), cos, sin, pack
        )
        hidden = hidden + mlp(layer, norm(hidden, layer.post_norm, parts.eps))
    return norm(hidden, parts.norm, parts.eps)


def attention(
    parts: Parts, layer: Layer, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, pack: Pack
) -> torch.Tensor:
    """The attention half of a layer on normed states ``x`` (T, hidden)."""
    heads = (x.shape[0], -1, parts.head_dim)
    q, k = apply(layer.q, x).view(heads), apply(layer.k, x).view(heads)
    if layer.q_norm is not None and layer.k_norm is not None:
        q, k = norm(q, layer.q_norm, parts.eps), norm(k, layer.k_norm, parts.eps)
    v = apply(layer.v, x).view(heads)
    out = attend(rotate(q, cos, sin), rotate(k, cos, sin), v, pack.blocks, scaling=parts.scaling)
    return apply(layer.o, out.reshape(x.shape[0], -1))


def mlp(layer: Layer, x: torch.Tensor) -> torch.Tensor:
    """The feed-forward half of a layer on normed states ``x`` (T, hidden)."""
    import torch.nn.functional as F

    return apply(layer.down, F.silu(apply(layer.gate, x)) * apply(layer.up, x))


def apply(linear: Linear, x: torch.Tensor) -> torch.Tensor:
    """``x`` (T, in) through a linear layer and its adapter, dropout off."""
    import torch.nn.functional as F

    out = F.linear(x, linear.weight, linear.bias)
    if linear.lora_a is None or linear.lora_b is None:
        return out
    added = F.linear(F.linear(x.to(linear.lora_a.dtype), linear.lora_a), linear.lora_b)
    return (out + added * linear.scale).to(x.dtype)  # peft keeps adapters in float32 on bf16 bases


def norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """Root-mean-square norm over the last dimension, computed in float32 as the models do."""
    import torch

    wide = x.float()
    wide = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + eps)
    return weight * wide.to(x.dtype)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotary embedding of ``x`` (T, heads, D) with ``cos`` and ``sin`` (T, D)."""
    import torch

    one, two = x.chunk(2, dim=-1)
    turned = torch.cat((-two, one), dim=-1)
    return x * cos[:, None] + turned * sin[:, None]
