"""Whether the fast engine trains this model, and in which portions.

The engine is used where it was shown, on this very model, to compute the model's own logits;
otherwise, and with ``engine: plain``, transformers and peft do the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realift.config import Config
from realift.model.load import Base
from realift.types import Encoded

if TYPE_CHECKING:
    from realift.engine.parts import Parts
    from realift.engine.training import FastTrainer

ASKED_FOR = "engine: plain was asked for"
ON_GPU = "on a GPU the fast engine needs bfloat16 or float16 (docs/engine.md)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """How the engine cuts a step: most tokens at a time, whether to keep or redo layers, whether
    halves of a step may be computed side by side; and whether to multiply by packed weights."""

    max_tokens: int
    checkpoint: bool
    side_by_side: bool = False
    packed_weights: bool = False


def fast_parts(
    base: Base,
    model: Any,
    config: Config,
    *,
    rows: Sequence[Encoded],
) -> Parts | str:
    """What the engine trains of an adapted model, or a clause that says why it is not used."""
    from realift.engine.parts import agrees_once, parts_or_reason
    from realift.engine.varlen import usable_for

    if "plain" in (base.engine, config.engine):
        return ASKED_FOR
    parts = parts_or_reason(model)
    if isinstance(parts, str):
        return parts
    if base.compute.device.startswith("cuda") and not usable_for(parts):
        return ON_GPU
    if parts.first_adapted == len(parts.layers):
        return "no layer it knows carries the adapter"
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    if trained != sum(t.numel() for t in parts.adapter_parameters if t.requires_grad):
        return "something besides LoRA matrices is trained"
    longest = max((len(r.input_ids) for r in rows), default=0)
    if parts.window is not None and longest > parts.window:
        return f"a row of {longest} tokens does not fit its attention window of {parts.window}"
    if not agrees_once(model, parts):
        return "on a probe its logits were not those of the model"
    return parts


def trainer_of(parts: Parts, portion: Portion) -> FastTrainer:
    """The engine that works in such portions; steps whose layers are redone are not replayed."""
    from realift.engine.train_replay import ReplayTrainer
    from realift.engine.training import FastTrainer
    from realift.engine.varlen import usable_for

    kind = ReplayTrainer if usable_for(parts) and not portion.checkpoint else FastTrainer
    return kind(
        parts,
        max_tokens=portion.max_tokens,
        checkpoint=portion.checkpoint,
        side_by_side=portion.side_by_side,
        packed=portion.packed_weights,
    )
