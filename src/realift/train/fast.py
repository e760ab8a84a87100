"""Whether the fast engine trains this model, and the engine as the plan has it.

The engine is used where it was shown, on this very model, to compute the model's own logits;
otherwise, and with ``engine: plain``, transformers and peft do the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from realift.config import Config
from realift.model.load import Base
from realift.types import Encoded, Plan

if TYPE_CHECKING:
    from realift.engine.parts import Parts
    from realift.engine.training import FastTrainer

ASKED_FOR = "engine: plain was asked for"
ON_GPU = "on a GPU the fast engine needs bfloat16 or float16 (docs/engine.md)"


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


def trainer_of(parts: Parts, plan: Plan) -> FastTrainer:
    """The engine in the plan's portions; steps whose layers are redone are not replayed.

    The plan is one for the fast engine: it has ``micro_batch_tokens``.
    """
    from realift.engine.train_replay import ReplayTrainer
    from realift.engine.training import FastTrainer
    from realift.engine.varlen import usable_for

    assert plan.micro_batch_tokens is not None
    kind = ReplayTrainer if usable_for(parts) and not plan.checkpointing else FastTrainer
    return kind(
        parts,
        max_tokens=plan.micro_batch_tokens,
        checkpoint=plan.checkpointing,
        side_by_side=plan.side_by_side,
        packed=plan.packed_weights,
    )
