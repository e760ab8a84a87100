"""One pass of many rows through the model, base and adapters side by side, without autograd.

Rows of different *variants* (0 = the base, 1.. = its adapters) share every multiply with a base
weight; what a variant's adapter adds is added to its own tokens, which lie together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realift.engine.attention import attend
from realift.engine.decode_cache import Slab
from realift.engine.forward import norm
from realift.engine.packing import Block
from realift.engine.parts import Linear, Parts

if TYPE_CHECKING:
    import torch

    Attention = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Tokens ``[start, end)`` belong to a variant; ``parts`` holds its adapter (None = base)."""

    start: int
    end: int
    parts: Parts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlabStep:
    """Which of a step's tokens the rows of one slab have, as index tensors.

    Every row has ``width`` places for queries, row by row; a row with fewer tokens repeats its
    first one, and what comes out there is dropped.
    """

    slab: Slab
    width: int
    length: int  # keys to look at: those of the longest row
    grid: torch.Tensor  # (rows * width,) token at each place
    tokens: torch.Tensor  # (n,) the slab's tokens
    places: torch.Tensor  # (n,) their places in the grid
    slots: torch.Tensor  # (n,)
    positions: torch.Tensor  # (n,)
    mask: torch.Tensor  # (rows * kv heads, heads per kv head * width, length): 0 or -inf


def read_prompts(
    parts: Parts,
    ids: torch.Tensor,
    positions: torch.Tensor,
    blocks: Sequence[Block],
    spans: Sequence[Span],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A pack of prompts through the model.

    Returns the normed hidden states (T, hidden) and the keys and values of every layer, both
    (layers, T, kv heads, D).
    """  # fmt: skip
    import torch

    shape = (len(parts.layers), len(ids), parts.n_kv_heads, parts.head_dim)
    keys, values = parts.embed.new_empty(shape), parts.embed.new_empty(shape)

    def attention(layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        keys[layer], values[layer] = k, v
        return attend(q, k, v, blocks, scaling=parts.scaling)[0]

    with torch.inference_mode():
        return _through(parts, ids, positions, spans, attention), keys, values


def next_hidden(
    parts: Parts,
    ids: torch.Tensor,
    positions: torch.Tensor,
    slabs: Sequence[SlabStep],
    spans: Sequence[Span],
) -> torch.Tensor:
    """The next tokens of many rows through the model; their keys and values go into the slabs.

    Returns the normed hidden states (T, hidden).
    """  # fmt: skip
    import torch

    def attention(layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        out = torch.empty_like(q)
        for step in slabs:
            out[step.tokens] = _attend_slab(parts, step, layer, q, k, v)
        return out

    with torch.inference_mode():
        return _through(parts, ids, positions, spans, attention)


def _attend_slab(
    parts: Parts, step: SlabStep, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor
) -> torch.Tensor:
    import torch

    keys, values = step.slab.keys[layer], step.slab.values[layer]  # (slots, kv heads, L, D)
    keys[step.slots, :, step.positions] = k[step.tokens]
    values[step.slots, :, step.positions] = v[step.tokens]
    n, kv, groups = len(step.slab.rows), parts.n_kv_heads, parts.n_heads // parts.n_kv_heads
    asked = q[step.grid].view(n, step.width, kv, groups, -1).permute(0, 2, 3, 1, 4)
    asked = asked.reshape(n * kv, groups * step.width, -1)
    seen = keys[:n, :, : step.length].flatten(0, 1)  # (n * kv, length, D): a view
    scores = torch.baddbmm(step.mask, asked, seen.transpose(1, 2), alpha=parts.scaling)
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(v.dtype)
    out = torch.bmm(weights, values[:n, :, : step.length].flatten(0, 1))
    out = out.view(n, kv, groups, step.width, -1).permute(0, 3, 1, 2, 4)
    return out.reshape(n * step.width, kv * groups, -1)[step.places]


def _through(
    parts: Parts, ids: torch.Tensor, positions: torch.Tensor, spans: Sequence[Span],
    attention: Attention,
) -> torch.Tensor:  # fmt: skip
    import torch
    import torch.nn.functional as F

    adapted = [span for span in spans if span.parts is not None and span.end > span.start]
    hidden = parts.embed[ids]  # (T, hidden)
    cos, sin = (t[:, None] for t in parts.rope(positions))  # (T, 1, D)
    n_q, n_kv = parts.n_heads * parts.head_dim, parts.n_kv_heads * parts.head_dim
    for number, layer in enumerate(parts.layers):
        x = norm(hidden, layer.input_norm, parts.eps)
        qkv = x.new_empty(len(x), n_q + 2 * n_kv)
        _project(qkv[:, :n_q], x, number, "q", layer.q, adapted)
        _project(qkv[:, n_q : n_q + n_kv], x, number, "k", layer.k, adapted)
        _project(qkv[:, n_q + n_kv :], x, number, "v", layer.v, adapted)
        heads = qkv.view(len(x), -1, parts.head_dim)
        q, k, v = torch.split(heads, [parts.n_heads, parts.n_kv_heads, parts.n_kv_heads], dim=1)
        if layer.q_norm is not None and layer.k_norm is not None:
            q, k = norm(q, layer.q_norm, parts.eps), norm(k, layer.k_norm, parts.eps)
            turning = torch.cat((q, k), dim=1)
        else:
            turning = heads[:, : parts.n_heads + parts.n_kv_heads]
        one, two = turning.chunk(2, dim=-1)
        turned = turning * cos + torch.cat((-two, one), dim=-1) * sin
        q, k = torch.split(turned, [parts.n_heads, parts.n_kv_heads], dim=1)
        seen = attention(number, q, k, v).flatten(1)
        hidden = hidden + _projected(seen, number, "o", layer.o, adapted)
        x = norm(hidden, layer.post_norm, parts.eps)
        gate = F.silu(_projected(x, number, "gate", layer.gate, adapted), inplace=True)
        gate *= _projected(x, number, "up", layer.up, adapted)
        hidden = hidden + _projected(gate, number, "down", layer.down, adapted)
    return norm(hidden, parts.norm, parts.eps)


def _projected(
    x: torch.Tensor, layer: int, name: str, linear: Linear, adapted: Sequence[Span]
) -> torch.Tensor:
    import torch.nn.functional as F

    out = F.linear(x, linear.weight, linear.bias)
    _add_adapters(out, x, layer, name, adapted)
    return out


def _project(
    out: torch.Tensor, x: torch.Tensor, layer: int, name: str, linear: Linear,
    adapted: Sequence[Span],
) -> None:  # fmt: skip
    """``x`` (T, in) through one linear layer into ``out`` (T, out), every variant its own way."""
    import torch

    if linear.bias is None:
        torch.mm(x, linear.weight.T, out=out)
    else:
        torch.addmm(linear.bias, x, linear.weight.T, out=out)
    _add_adapters(out, x, layer, name, adapted)


def _add_adapters(
    out: torch.Tensor, x: torch.Tensor, layer: int, name: str, adapted: Sequence[Span]
) -> None:
    for span in adapted:
        assert span.parts is not None
        own: Linear = getattr(span.parts.layers[layer], name)
        if own.lora_a is None or own.lora_b is None:
            continue
        some = x[span.start : span.end].to(own.lora_a.dtype)  # float32 on bfloat16 bases, as peft
        added = (some @ own.lora_a.T) @ own.lora_b.T
        out[span.start : span.end] += (added * own.scale).to(out.dtype)
