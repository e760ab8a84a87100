"""How long the answers will take, from one short measured batch per arm."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from realift.answer.generate import greedy
from realift.answer.prompts import Prompt
from realift.model.load import Base


def estimate_seconds(
    model: Any,
    base: Base,
    prompts: Sequence[Prompt],
    *,
    tokens: int,
    batch_size: int,
    n_samples: int = 1,
) -> float:
    """Seconds to answer ``prompts`` ``n_samples`` times with ``tokens`` new tokens each.

    A prompt is read once, however many answers are drawn to it. 0.0 when none fits the window.
    """
    fitting = [p for p in prompts if len(p.input_ids) + 9 <= base.window]
    if not fitting:
        return 0.0
    by_size = sorted(fitting, key=lambda p: len(p.input_ids))
    middle = max(0, min(len(by_size) // 2, len(by_size) - batch_size))
    batch = by_size[middle : middle + batch_size]
    greedy(model, base, batch[:1], max_new_tokens=1)  # warm up
    start = time.perf_counter()
    greedy(model, base, batch, max_new_tokens=1)
    prefill = time.perf_counter() - start
    start = time.perf_counter()
    greedy(model, base, batch, max_new_tokens=9)
    step = max(0.0, time.perf_counter() - start - prefill) / 8
    readings = -(-len(prompts) // batch_size)
    writings = -(-len(prompts) * n_samples // batch_size)
    return readings * prefill + writings * step * tokens
