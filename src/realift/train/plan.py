"""What a training run will do and cost: steps, learning rate, seconds, bytes.

>>> automatic_epochs(2, has_valid=False), automatic_epochs(80, has_valid=True)
(3, 8)
>>> automatic_learning_rate(4096)
0.0001
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from typing import Any

from realift.config import Config
from realift.model.device import peak_bytes
from realift.model.load import Base
from realift.train.batches import Batch, collate, cut, pad_token_id, training_order
from realift.train.fast import fast_parts, trainer_of
from realift.train.fast_cost import Cost, in_portions, measure_fast
from realift.train.loss import summed_loss
from realift.types import Encoded, Plan

_ROW_PASSES = 640  # rows seen in all, by default: 80 rows x 8 epochs
_MAX_EPOCHS = 8
_BLIND_EPOCHS = 3  # without held-out rows nothing says when to stop


def automatic_epochs(n_rows: int, *, has_valid: bool) -> int:
    """Passes over the rows: fewer for more rows, never many over a handful.

    Twelve passes over twenty rows memorize them (a default seen in the field); early stopping on
    held-out rows cuts these numbers further.
    """
    most = _MAX_EPOCHS if has_valid else _BLIND_EPOCHS
    return max(1, min(most, round(_ROW_PASSES / max(1, n_rows))))


def automatic_learning_rate(hidden_size: int) -> float:
    """Peak learning rate: 2e-4 at a hidden size of 2048, in inverse proportion to it elsewhere.

    Kept within 1e-4 (7B models, as in the original recipe) and 3e-3 (the embedded base). The
    reason is in ``docs/decisions/003-learning-rate.md``.
    """
    return min(3e-3, max(1e-4, 2e-4 * 2048 / hidden_size))


def plan_training(
    base: Base,
    model: Any,
    config: Config,
    *,
    train: Sequence[Encoded],
    valid: Sequence[Encoded],
    measure: bool = True,
) -> Plan:
    """Steps and learning rate from the number of rows, cost from two measured steps.

    ``model`` is the base with a fresh adapter. The random state is left as it was. Without
    ``measure`` the expected time and memory stay None.
    """
    epochs = config.epochs or automatic_epochs(len(train), has_valid=bool(valid))
    rows_per_step = config.batch_size * config.gradient_accumulation_steps
    steps_per_epoch = math.ceil(len(train) / rows_per_step)
    hidden = int(model.config.get_text_config().hidden_size)
    plan = Plan(
        n_train=len(train),
        n_valid=len(valid),
        n_tokens=sum(len(r.input_ids) for r in train),
        n_supervised=sum(r.n_supervised for r in train),
        epochs=epochs,
        n_steps=epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        learning_rate=config.learning_rate or automatic_learning_rate(hidden),
        trainable_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        total_parameters=sum(p.numel() for p in model.parameters()),
    )
    parts = fast_parts(base, model, config, rows=[*train, *valid])
    if isinstance(parts, str):
        plan = dataclasses.replace(plan, engine=f"plain: {parts}")
    else:
        plan = dataclasses.replace(plan, engine="fast")
        plan = in_portions(plan, parts, train, config, base.compute.device)
    if not measure:
        return plan
    n_checks = len(valid_steps(plan.n_steps)) + 1 if valid else 0
    if not isinstance(parts, str):
        fast = trainer_of(parts, plan)
        cost: Cost = measure_fast(fast, train, valid, config, base.compute.device, plan, n_checks)
        return dataclasses.replace(
            plan,
            expected_seconds=cost.seconds,
            expected_peak_bytes=cost.peak_bytes,
            measured_on=f"{cost.n_measured} step{'s' if cost.n_measured > 1 else ''} on "
            f"{base.compute.device}, {base.compute.dtype}, {base.compute.threads} "
            f"thread{'s' if base.compute.threads > 1 else ''}",
        )
    batches = _first_epoch(train, config, pad_token_id(base), base.compute.device)
    seconds_per_token = _measure(model, batches)
    tokens = epochs * sum(b.n_tokens for b in batches)
    # A forward pass is about a third of a training step.
    checked = n_checks * sum(len(v.input_ids) for v in valid) / 3
    return dataclasses.replace(
        plan,
        expected_seconds=(tokens + checked) * seconds_per_token,
        expected_peak_bytes=peak_bytes(base.compute.device),
        measured_on=f"{min(2, len(batches))} steps on {base.compute.device}, "
        f"{base.compute.dtype}, {base.compute.threads} threads",
    )


def valid_steps(n_steps: int) -> list[int]:
    """The steps after which the held-out rows are measured: about ten, always the last.

    >>> valid_steps(3), valid_steps(100)[:3]
    ([1, 2, 3], [10, 20, 30])
    """
    every = max(1, round(n_steps / 10))
    steps = list(range(every, n_steps + 1, every))
    return steps if steps and steps[-1] == n_steps else [*steps, n_steps]


def _first_epoch(rows: Sequence[Encoded], config: Config, pad_id: int, device: str) -> list[Batch]:
    per_step = config.batch_size * config.gradient_accumulation_steps
    order = training_order(rows, epoch=0, seed=config.seed, per_step=per_step)
    return [
        collate([rows[i] for i in piece], pad_id=pad_id, device=device)
        for piece in cut(order, config.batch_size)
    ]


def _measure(model: Any, batches: Sequence[Batch]) -> float:
    """Seconds per token position of a training step: the largest batch once to warm up and to
    see the memory, then a typical one, timed."""
    import torch

    by_size = sorted(batches, key=lambda b: b.n_tokens)
    largest, typical = by_size[-1], by_size[len(by_size) // 2]
    devices = [torch.cuda.current_device()] if largest.input_ids.is_cuda else []
    took = 0.0
    with torch.random.fork_rng(devices=devices):
        model.train()
        for batch in (largest, typical):
            start = time.perf_counter()
            loss: Any = summed_loss(model, batch)
            loss.backward()
            if batch.input_ids.is_cuda:
                torch.cuda.synchronize()
            took = time.perf_counter() - start
        model.zero_grad(set_to_none=True)
    return took / typical.n_tokens
