"""All arms over the eval set, in one loaded model: the adapter switched off, then on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from realift.answer.decode import (
    NOTHING_KNOWN,
    Draws,
    OnBatch,
    decode_prompts,
    ignore_batch,
)
from realift.answer.keys import AnswerKey
from realift.answer.prompts import build_prompts
from realift.config import Config
from realift.model.load import Base
from realift.types import (
    Arm,
    ArmStats,
    Completion,
    Example,
    OnEvent,
    Progress,
    Question,
    ignore_event,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Every completion, how each arm talked, and how many rows each few-shot prompt showed."""

    completions: tuple[Completion, ...]
    stats: tuple[ArmStats, ...]
    n_shots: tuple[int, ...] = ()


def answer_questions(
    model: Any,
    base: Base,
    questions: Sequence[Question],
    *,
    arms: Sequence[Arm],
    examples: Sequence[Example],
    config: Config,
    samples: range | None = None,
    seed: int = 0,
    probe: str = "",
    known: Mapping[AnswerKey, Completion] = NOTHING_KNOWN,
    on_event: OnEvent = ignore_event,
    on_batch: OnBatch = ignore_batch,
) -> Answers:
    """Answer every question with every arm: same questions, same decoding, same process.

    ``model`` is a ``PeftModel``; ``base`` and ``few_shot`` run it with the adapter switched off.

    Args:
        examples: the rows the few-shot arm may show.
        samples: the samples to draw at ``config.temperature``; None = one greedy answer.
        seed: which adapter of a run with several seeds this is, for ``Completion.seed``.
        known: answers there are already; they are taken over and not asked for again.
        on_batch: sees completions as they come, the known ones of each arm first.
    """
    n_samples = len(samples) if samples is not None else 1
    total, done = len(arms) * len(questions) * n_samples, 0
    completions: list[Completion] = []
    stats: list[ArmStats] = []
    n_shots: tuple[int, ...] = ()

    def batch_done(batch: Sequence[Completion]) -> None:
        nonlocal done
        done += len(batch)
        on_batch(batch)
        on_event(Progress(stage=probe or "answer", done=done, total=total))

    for arm in arms:
        prompts = build_prompts(base, questions, arm, examples=examples, config=config)
        if arm == "few_shot":
            n_shots = tuple(p.n_shots for p in prompts)
        draws = None
        if samples is not None:
            key = f"{config.seed}/{probe}/{arm}/{seed}"
            draws = Draws(samples=samples, temperature=config.temperature, key=key)
        started = time.perf_counter()
        with nullcontext() if arm == "adapter" else model.disable_adapter():
            answered = decode_prompts(
                model,
                base,
                prompts,
                max_new_tokens=config.max_new_tokens,
                batch_size=config.answer_batch_size,
                draws=draws,
                seed=seed,
                probe=probe,
                known=known,
                on_batch=batch_done,
            )
        completions += answered
        stats.append(arm_stats(arm, answered, seconds=time.perf_counter() - started))
    return Answers(completions=tuple(completions), stats=tuple(stats), n_shots=n_shots)


def arm_stats(
    arm: Arm, completions: Sequence[Completion], *, seconds: float | None = None
) -> ArmStats:
    """Stop and truncation rates and mean length of one arm; ``None`` where nothing was answered."""
    said = [c for c in completions if c.finish != "skipped"]
    n = len(said)
    return ArmStats(
        arm=arm,
        n=n,
        stop_rate=sum(c.finish == "stop" for c in said) / n if n else None,
        truncation_rate=sum(c.finish == "length" for c in said) / n if n else None,
        mean_tokens=sum(c.n_tokens for c in said) / n if n else None,
        seconds=seconds,
    )
