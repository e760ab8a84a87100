"""One pass of many rows through the model, base and adapters side by side, without autograd.

Rows of different *variants* (0 = the base, 1.. = its adapters) share every multiply with a base
weight; what a variant's adapter adds is added to its own tokens, which lie together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realift.engine import varlen
from realift.engine.attention import attend
from realift.engine.decode_cache import Slab
from realift.engine.grouping import Group
from realift.engine.norms import rms
from realift.engine.packing import Pack
from realift.engine.parts import Linear, Parts
from realift.engine.weights import Weights

if TYPE_CHECKING:
    import torch

    Attention = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Tokens ``[start, end)`` belong to a variant; ``parts`` holds its adapter (None = base).

    ``share`` (tokens, 1): what the adapter adds is multiplied by it: 0 for the tokens in between
    that belong to others. None = all are the variant's own.
    """

    start: int
    end: int
    parts: Parts | None
    share: torch.Tensor | None = None


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
    parts: Parts, pack: Pack, spans: Sequence[Span], weights: Weights, *, wanted: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A pack of prompts through the model.

    Returns the normed hidden states (W, hidden) of the ``wanted`` places (sorted), and the keys and
    values of every layer, both (layers, T, kv heads, D).
    """
    shape = (len(parts.layers), pack.n_tokens, parts.n_kv_heads, parts.head_dim)
    keys, values = parts.embed.new_empty(shape), parts.embed.new_empty(shape)

    def keep(layer: int, k: torch.Tensor, v: torch.Tensor) -> None:
        keys[layer], values[layer] = k, v

    return hidden_of_pack(parts, pack, spans, weights, wanted=wanted, keep=keep), keys, values


def hidden_of_pack(
    parts: Parts,
    pack: Pack,
    spans: Sequence[Span],
    weights: Weights,
    *,
    wanted: Sequence[int],
    keep: Callable[[int, torch.Tensor, torch.Tensor], None] | None = None,
) -> torch.Tensor:
    """A pack through the model; the normed hidden states (W, hidden) of ``wanted`` places (sorted).

    ``keep`` is told every layer's number, keys and values (T, kv heads, D).
    """
    import torch

    device = parts.embed.device
    segments = None
    if varlen.usable_for(parts):
        segments = varlen.segments(pack, range(pack.n_tokens), device=device)

    def attention(layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        if keep is not None:
            keep(layer, k, v)
        if segments is not None:
            return varlen.attend_tokens(q, k, v, segments, scaling=parts.scaling)
        return attend(q, k, v, pack.blocks, scaling=parts.scaling)

    ids, positions = (torch.tensor(t, device=device) for t in (pack.ids, pack.positions))
    with torch.inference_mode():
        return through(parts, ids, positions, spans, weights, attention, wanted=wanted)


def next_hidden(
    parts: Parts,
    ids: torch.Tensor,
    positions: torch.Tensor,
    slabs: Sequence[SlabStep],
    spans: Sequence[Span],
    weights: Weights,
) -> torch.Tensor:
    """The next tokens of many rows through the model; their keys and values go into the slabs.

    Returns the normed hidden states (T, hidden).
    """  # fmt: skip
    import torch

    def attention(layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        out = torch.empty_like(q)
        for step in slabs:
            out[step.tokens] = attend_slab(parts, step, layer, q, k, v)
        return out

    with torch.inference_mode():
        return through(parts, ids, positions, spans, weights, attention)


def attend_slab(
    parts: Parts, step: SlabStep, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor
) -> torch.Tensor:
    import torch

    keys, values = step.slab.keys[layer], step.slab.values[layer]  # (slots, kv heads, L, D)
    keys[step.slots, :, step.positions] = k[step.tokens]
    values[step.slots, :, step.positions] = v[step.tokens]
    n, kv = len(step.grid) // step.width, parts.n_kv_heads
    groups = parts.n_heads // kv
    asked = q[step.grid].view(n, step.width, kv, groups, -1).permute(0, 2, 3, 1, 4)
    asked = asked.reshape(n * kv, groups * step.width, -1)
    seen = keys[:n, :, : step.length].flatten(0, 1)  # (n * kv, length, D): a view
    scores = torch.baddbmm(step.mask, asked, seen.transpose(1, 2), alpha=parts.scaling)
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(v.dtype)
    out = torch.bmm(weights, values[:n, :, : step.length].flatten(0, 1))
    out = out.view(n, kv, groups, step.width, -1).permute(0, 3, 1, 2, 4)
    return out.reshape(n * step.width, kv * groups, -1)[step.places]


def through(
    parts: Parts,
    ids: torch.Tensor,
    positions: torch.Tensor,
    spans: Sequence[Span],
    weights: Weights,
    attention: Attention,
    *,
    wanted: Sequence[int] | None = None,
) -> torch.Tensor:
    """All layers and the last norm; of the tokens ``wanted`` (sorted places), None = of all."""
    import torch
    import torch.nn.functional as F

    adapted = [span for span in spans if span.end > span.start and _has_adapter(span.parts)]
    hidden = parts.embed[ids]  # (T, hidden)
    half, last = parts.head_dim // 2, len(parts.layers) - 1
    cos, sin = parts.rope(positions)
    cos, sin = cos[:, None], sin[:, None, :half]  # (T, 1, D) and (T, 1, D / 2): halves are alike
    for number, block in enumerate(weights.layers):
        layer = block.layer
        x, _ = rms(hidden, layer.input_norm, parts.eps)
        qkv = _project(x, number, block.qkv, ("q", "k", "v"), adapted)
        heads = qkv.view(len(x), -1, parts.head_dim)
        v = heads[:, parts.n_heads + parts.n_kv_heads :]
        turning = heads[:, : parts.n_heads + parts.n_kv_heads]
        if layer.q_norm is not None and layer.k_norm is not None:
            q, _ = rms(turning[:, : parts.n_heads], layer.q_norm, parts.eps)
            k, _ = rms(turning[:, parts.n_heads :], layer.k_norm, parts.eps)
            turning = torch.cat((q, k), dim=1)
        turned = turning * cos
        turned[..., :half].addcmul_(turning[..., half:], sin, value=-1)
        turned[..., half:].addcmul_(turning[..., :half], sin)
        seen = attention(number, turned[:, : parts.n_heads], turned[:, parts.n_heads :], v)
        if number == last and wanted is not None:
            chosen = torch.tensor(wanted, device=ids.device)
            seen, hidden = seen[chosen], hidden[chosen]
            adapted = [_among(span, wanted) for span in adapted]
        hidden = _project(seen.flatten(1), number, block.o, ("o",), adapted, plus=hidden)
        x, _ = rms(hidden, layer.post_norm, parts.eps)
        gate = _project(x, number, block.gate, ("gate",), adapted)
        up = _project(x, number, block.up, ("up",), adapted)
        act = F.silu(gate, inplace=True).mul_(up)
        hidden = _project(act, number, block.down, ("down",), adapted, plus=hidden)
    return rms(hidden, parts.norm, parts.eps)[0]


def _among(span: Span, wanted: Sequence[int]) -> Span:
    """A span in the numbering of the wanted (sorted) places."""
    return Span(
        start=bisect_left(wanted, span.start), end=bisect_left(wanted, span.end), parts=span.parts
    )


def _has_adapter(parts: Parts | None) -> bool:
    return parts is not None and parts.first_adapted < len(parts.layers)


def _project(
    x: torch.Tensor,
    layer: int,
    layers: Group,
    names: Sequence[str],
    adapted: Sequence[Span],
    *,
    plus: torch.Tensor | None = None,
) -> torch.Tensor:
    """``x`` (T, in) through linear layers side by side (T, all out), each variant its own way."""
    out = layers.forward(x, plus=plus)
    for span in adapted:
        assert span.parts is not None
        own = span.parts.layers[layer]
        for name, start, stop in zip(names, layers.starts, layers.stops, strict=True):
            linear: Linear = getattr(own, name)
            if linear.lora_a is None or linear.lora_b is None:
                continue
            some = x[span.start : span.end].to(linear.lora_a.dtype)  # float32 on bfloat16, as peft
            added = (some @ linear.lora_a.T) @ linear.lora_b.T
            added *= linear.scale
            if span.share is not None:
                added *= span.share
            out[span.start : span.end, start:stop] += added.to(out.dtype)
    return out
