"""What the fast engine will take: portions that fit the memory, seconds from two measured steps."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from realift.config import Config
from realift.model.device import free_bytes, peak_bytes, used_bytes
from realift.train.batches import windows
from realift.types import Encoded, Plan

if TYPE_CHECKING:
    from realift.engine.parts import Parts
    from realift.engine.train_cost import Shape
    from realift.engine.training import FastTrainer

# Tokens of a micro-batch, the largest that fits.
_SIZES = {"cpu": (1024, 512, 256), "cuda": (16384, 8192, 4096, 2048, 1024)}
# Of the free memory that a step may take; where steps are recorded they are held twice.
_SHARE = {"cpu": 0.8, "cuda": 0.4}
_LONG_STEP = 3.0  # seconds
# Packed weights save about the same time in every micro-batch, some 6 % of 200 tokens and 3 % of
# 400, and packing takes as long as they save in 11 to 18 of them (docs/engine.md).
_PACK_UP_TO = 512  # tokens of a micro-batch
_PACK_FROM = 32  # micro-batches of a training
_PACK_THREADS = 2  # with 4 and 8 nothing was gained
_FORWARD = 1 / 3  # of a training step's arithmetic


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Expected seconds of the whole training and highest memory use of the process in bytes."""

    seconds: float
    peak_bytes: int
    n_measured: int


def in_portions(
    plan: Plan, parts: Parts, rows: Sequence[Encoded], config: Config, device: str
) -> Plan:
    """The plan with the largest micro-batch that fits the free memory.

    Layers are redone on the way back only where none fits without.

    Halves of a step are computed side by side where that fits as well, and weights are packed
    where that pays and memory is plenty.
    """
    from realift.engine.train_batch import jobs_of
    from realift.engine.train_cost import fixed_bytes

    kind = "cuda" if device.startswith("cuda") else "cpu"
    room, sizes = _SHARE[kind] * free_bytes(device) - fixed_bytes(parts), _SIZES[kind]
    for checkpoint in (False, True):
        for size in sizes:
            for beside in (False,) if checkpoint or kind == "cuda" else (True, False):
                laid = [
                    _shapes(step, jobs_of(parts, step, size, side_by_side=beside))
                    for step in windows(rows, config, epoch=0)
                ]
                left = room - _most_bytes(parts, laid, checkpoint=checkpoint)
                if left >= 0:
                    return dataclasses.replace(
                        plan,
                        micro_batch_tokens=size,
                        checkpointing=checkpoint,
                        side_by_side=beside,
                        packed_weights=_packing_pays(parts, laid, plan.epochs, left),
                    )
    return dataclasses.replace(plan, micro_batch_tokens=sizes[-1], checkpointing=True)


def measure_fast(
    fast: FastTrainer,
    train: Sequence[Encoded],
    valid: Sequence[Encoded],
    config: Config,
    device: str,
    plan: Plan,
    n_checks: int,
) -> Cost:
    """Time two steps, and count the arithmetic of all of them at that rate.

    The first is the largest one, to warm up; the second, a typical one, sets the rate (where steps
    are long, the first does). On a GPU the first one records, which the training has to do again,
    and a look at the held-out rows is timed as well: small models wait for launches there, however
    little they compute. The random state is left as it was, gradients are cleared.
    """
    import torch

    from realift.engine.train_cost import fixed_bytes, step_flops

    steps = windows(train, config, epoch=0)
    laid = [_shapes(rows, fast.jobs(rows)) for rows in steps]
    work = [sum(step_flops(fast.parts, s) for job in jobs for s in job) for jobs in laid]
    by_work = sorted(range(len(steps)), key=lambda i: work[i])
    largest, typical = by_work[-1], by_work[len(by_work) // 2]
    used = used_bytes(device)  # before the steps: what they leave in the heap is used again
    devices = [torch.cuda.current_device()] if device.startswith("cuda") else []
    times: list[float] = []
    fast.expect(steps)
    with torch.random.fork_rng(devices=devices):
        for i in (largest, typical):
            start = time.perf_counter()
            fast.step(steps[i])
            if devices:
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
            if not devices and times[0] > _LONG_STEP:  # warming up is nothing in so long a step
                break
    fast.clear()
    rate = times[-1] / work[largest if len(times) == 1 else typical]
    seconds = plan.epochs * sum(work) * rate
    if devices and valid:
        start = time.perf_counter()
        fast.loss(valid)
        seconds += n_checks * (time.perf_counter() - start)
    elif valid:
        held_out = [s for job in _shapes(valid, fast.jobs(valid)) for s in job]
        seconds += n_checks * _FORWARD * sum(step_flops(fast.parts, s) for s in held_out) * rate
    seconds += times[0] if devices else 0.0
    step = _most_bytes(fast.parts, laid, checkpoint=fast.checkpoint)
    return Cost(
        seconds=seconds,
        peak_bytes=max(peak_bytes(device), used + fixed_bytes(fast.parts) + step),
        n_measured=len(times),
    )


def _packing_pays(
    parts: Parts, steps: Sequence[Sequence[Sequence[Shape]]], epochs: int, left: float
) -> bool:
    """Whether to multiply by packed weights: steps long enough for it to be felt, micro-batches
    that lose by plain ones, enough of them, and ``left`` bytes of which copies are a small part."""
    import torch

    from realift.engine.side_by_side import is_long
    from realift.engine.weights import both_ways_bytes, is_plenty
    from realift.model.multiply import by_onednn

    sizes = [shape.tokens for jobs in steps for job in jobs for shape in job]
    more = both_ways_bytes(parts)
    return (
        by_onednn(parts.embed)
        and torch.get_num_threads() <= _PACK_THREADS
        and is_long(parts, sum(sizes) // len(steps), passes=2)
        and sum(sizes) <= _PACK_UP_TO * len(sizes)
        and len(sizes) * epochs >= _PACK_FROM
        and more <= left
        and is_plenty(more, "cpu")
    )


def _shapes(rows: Sequence[Encoded], jobs: Sequence[Sequence[Sequence[int]]]) -> list[list[Shape]]:
    """The shapes of a step's micro-batches, job by job."""
    from realift.engine.train_cost import shape_of

    return [[shape_of([rows[i] for i in piece]) for piece in pieces] for pieces in jobs]


def _most_bytes(
    parts: Parts, steps: Sequence[Sequence[Sequence[Shape]]], *, checkpoint: bool
) -> int:
    """Most memory that a step takes: its largest micro-batch, of each of two jobs side by side."""
    from realift.engine.train_cost import step_bytes

    def largest(shapes: Sequence[Shape]) -> int:
        most = max(shapes, key=lambda s: s.tokens)
        return step_bytes(parts, most, checkpoint=checkpoint)

    return max(sum(map(largest, jobs)) for jobs in steps)
