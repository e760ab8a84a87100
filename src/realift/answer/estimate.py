"""How long the answers will take, from one short measured batch per arm."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from realift.answer.decode import ignore_batch
from realift.answer.generate import greedy
from realift.answer.prompts import Prompt, build_prompts
from realift.answer.together import Views, view_untrained
from realift.config import Config
from realift.engine.packing import common_length
from realift.model.load import Base
from realift.types import Arm, Example, Question

_MEASURED, _STEPS = 32, 4  # prompts, and tokens of an answer


def expected_seconds(
    model: Any,
    base: Base,
    questions: Sequence[Question],
    *,
    probes: Sequence[Question] = (),
    examples: Sequence[Example],
    config: Config,
    tokens: float,
    n_samples: int,
) -> float:
    """Seconds until all arms, and the adapters of all seeds, have answered.

    Args:
        model: the ``PeftModel`` of an adapter like those that will answer.
        probes: what base and main adapter are asked besides, once each.
        examples: the rows the few-shot arm shows.
        tokens: mean length of an answer.
        n_samples: answers of each arm to each question.
    """
    arms: list[Arm] = ["base", "few_shot"] if config.few_shot_k and examples else ["base"]
    asked = {
        arm: build_prompts(base, questions, arm, examples=examples, config=config) for arm in arms
    }
    probing = build_prompts(base, probes, "base", examples=(), config=config)
    views = "" if "plain" in (base.engine, config.engine) else view_untrained(model)
    if not isinstance(views, str):
        orders = [Order(p, 0, n_samples) for some in asked.values() for p in some]
        orders += [Order(p, 1, n_samples) for _ in range(config.seeds) for p in asked["base"]]
        orders += [Order(p, variant, 1) for variant in (0, 1) for p in probing]
        return seconds_together(views, base, orders, tokens=tokens)
    estimate = functools.partial(
        estimate_seconds,
        model,
        base,
        tokens=min(config.max_new_tokens, round(2 * tokens) + 1),  # the slowest row sets the pace
        batch_size=config.answer_batch_size,
    )
    seconds = 2 * estimate(probing)
    for arm, prompts in asked.items():
        # the adapters see the base's prompts
        seconds += estimate(prompts, n_samples=n_samples) * (
            1 + config.seeds if arm == "base" else 1
        )
    return seconds


class Order(NamedTuple):
    """A prompt to answer ``n`` times, by the base (``variant`` 0) or an adapter (1)."""

    prompt: Prompt
    variant: int
    n: int


def seconds_together(views: Views, base: Base, orders: Sequence[Order], *, tokens: float) -> float:
    """Seconds for the engine to carry out some orders, ``tokens`` long each on average.

    Measured on prompts of middling length, as many as usually share a pass: what a token of a
    prompt takes, and a token of an answer.
    """
    fitting = [o for o in orders if len(o.prompt.input_ids) < base.window]
    if not fitting:
        return 0.0
    by_size = sorted(
        ((o.prompt.input_ids, o.variant) for o in fitting), key=lambda found: len(found[0])
    )
    middle = max(0, (len(by_size) - _MEASURED) // 2)
    some = by_size[middle : middle + _MEASURED]
    _decode_some(views, some[:1], 1)  # warm up
    reading, n_read = _decode_some(views, some, 1)
    before, at_first = reading, 1
    if base.compute.device.startswith("cuda"):  # the first pass is recorded there, then replayed
        at_first = 2
        before, _ = _decode_some(views, some, at_first)
    longer, _ = _decode_some(views, some, at_first + _STEPS)
    step = max(0.0, longer - before) / (_STEPS * len(some))
    n_tokens = 0
    for variant in (0, 1):
        mine = sorted(ids for ids, v in by_size if v == variant)
        shared = sum(common_length(a, b) for a, b in pairwise(mine))
        n_tokens += sum(map(len, mine)) - shared
    return reading / n_read * n_tokens + step * tokens * sum(o.n for o in fitting)


def _decode_some(
    views: Views, prompts: Sequence[tuple[tuple[int, ...], int]], n: int
) -> tuple[float, int]:
    """Seconds to write ``n`` tokens to each of some prompts; tokens of prompts that were read."""
    from realift.engine.decode import Request, decode

    requests = [Request(ids=ids, variant=v, max_new_tokens=n) for ids, v in prompts]
    start = time.perf_counter()
    counts = decode(
        [views.base, views.adapter], requests, stop_ids=(), on_answers=ignore_batch, max_pass=0
    )
    return time.perf_counter() - start, counts.prompt_tokens


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
