"""What a training step of the engine costs: bytes kept and arithmetic done, before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.engine.packing import SHARE_FROM, lay_out
from realift.engine.parts import Linear, Parts
from realift.engine.tiles import KEEP_UP_TO, TILE
from realift.engine.train_batch import n_inputs
from realift.engine.train_head import CHUNK_BYTES
from realift.types import Encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A micro-batch as its cost sees it: tokens laid out, places asked, score entries a head."""

    tokens: int
    asked: int
    scores: int
    kept_scores: int  # of these, the ones kept for the way back


def shape_of(rows: Sequence[Encoded], *, share_from: int | None = SHARE_FROM) -> Shape:
    """The shape of rows laid out together."""
    pack = lay_out([r.input_ids[: n_inputs(r)] for r in rows], share_from=share_from)
    scores = kept = 0
    above = {b.queries: 0 for b in pack.blocks if b.causal}
    for block in pack.blocks:
        if not block.causal:
            for start, stop in above:
                if block.queries[0] <= start and stop <= block.queries[1]:
                    above[start, stop] += block.keys[1] - block.keys[0]
    for (start, stop), more in above.items():
        n = stop - start
        pieces = -(-n // TILE)
        for i in range(pieces):
            queries, end = n * (i + 1) // pieces - n * i // pieces, n * (i + 1) // pieces
            scores += queries * (more + end)
            kept += queries * (more + end) if more + end <= KEEP_UP_TO else 0
    asked = sum(sum(r.supervised[1:]) for r in rows)
    return Shape(tokens=pack.n_tokens, asked=asked, scores=scores, kept_scores=kept)


def step_flops(parts: Parts, shape: Shape) -> float:
    """Floating-point operations of forward and backward over a micro-batch."""
    total = 0.0
    for i, layer in enumerate(parts.layers):
        passes = 2 if i >= parts.first_adapted else 1
        n = sum(linear.weight.numel() for linear in layer.linears)
        total += 2 * passes * n * shape.tokens
        products = 2 + (5 if passes == 2 else 0)
        total += 2 * products * parts.n_heads * parts.head_dim * shape.scores
        total += sum(6 * (a.shape[0] * (a.shape[1] + linear.weight.shape[0])) * shape.tokens
                     for linear in layer.linears if (a := linear.lora_a) is not None)  # fmt: skip
    return total + 4 * parts.head.numel() * shape.asked


def step_bytes(parts: Parts, shape: Shape, *, checkpoint: bool = False) -> int:
    """Most memory a step takes on top of weights, gradients and optimizer, in bytes."""
    size = parts.embed.element_size()
    adapted = parts.layers[parts.first_adapted :]
    layers = [_layer_bytes(parts, layer.linears, shape, size) for layer in adapted]
    kept = max(layers, default=0) if checkpoint else sum(layers)
    kept += len(layers) * shape.tokens * parts.hidden * size if checkpoint else 0
    # While a layer's way back runs: its slopes, gate and up gradients, and the like.
    working = shape.tokens * (5 * parts.intermediate + 4 * parts.hidden) * size
    vocabulary = parts.head.shape[0]
    logits = min(shape.asked, max(16, CHUNK_BYTES // (4 * vocabulary))) * vocabulary * 4
    return kept + max(working, logits if size == 4 else 2 * logits)


def _layer_bytes(parts: Parts, linears: Sequence[Linear], shape: Shape, size: int) -> int:
    n_q, n_kv = parts.n_heads * parts.head_dim, parts.n_kv_heads * parts.head_dim
    o = linears[3]
    numbers = 2 * parts.hidden + n_q + 2 * n_kv + 2 * parts.intermediate
    numbers += n_q if o.adapted else 0
    total = shape.tokens * numbers * size + shape.kept_scores * parts.n_heads * size
    for linear in linears:
        if linear.lora_a is not None:
            r, n_in = linear.lora_a.shape
            total += int(shape.tokens * (r * size + linear.dropout * n_in * 8))  # int64 places
    return total


def fixed_bytes(parts: Parts) -> int:
    """Gradients, AdamW's two moments and two copies (best step, update) of the adapter."""
    return sum(5 * t.numel() * t.element_size() for t in parts.adapter_parameters)
