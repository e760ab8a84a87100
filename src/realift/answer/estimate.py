"""How long the answers will take, from one short measured batch per arm."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from realift.answer.generate import greedy
from realift.answer.prompts import Prompt, build_prompts
from realift.config import Config
from realift.model.load import Base
from realift.types import Arm, Example, Question


def expected_seconds(
    model: Any,
    base: Base,
    questions: Sequence[Question],
    *,
    examples: Sequence[Example],
    config: Config,
    tokens: float,
    n_samples: int,
) -> float:
    """Seconds until all arms, and the adapters of all seeds, have answered.

    Args:
        examples: the rows the few-shot arm shows.
        tokens: mean length of an answer.
        n_samples: answers of each arm to each question.
    """
    arms: list[Arm] = ["base", "few_shot"] if config.few_shot_k and examples else ["base"]
    longest = min(config.max_new_tokens, round(2 * tokens) + 1)  # the slowest row sets the pace
    seconds = 0.0
    for arm in arms:
        once = estimate_seconds(
            model,
            base,
            build_prompts(base, questions, arm, examples=examples, config=config),
            tokens=longest,
            batch_size=config.answer_batch_size,
            n_samples=n_samples,
        )
        # the adapters see the base's prompts
        seconds += once * (1 + config.seeds if arm == "base" else 1)
    return seconds


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
