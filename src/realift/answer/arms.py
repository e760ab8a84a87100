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
    Wanted,
    decode_prompts,
    ignore_batch,
)
from realift.answer.keys import AnswerKey
from realift.answer.prompts import build_prompts
from realift.answer.together import Asked, Views, answer_together, guesses
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
        started = time.perf_counter()
        with nullcontext() if arm == "adapter" else model.disable_adapter():
            answered = decode_prompts(
                model,
                base,
                prompts,
                max_new_tokens=config.max_new_tokens,
                batch_size=config.answer_batch_size,
                draws=_draws(config, samples, arm, seed=seed, probe=probe),
                seed=seed,
                probe=probe,
                known=known,
                on_batch=batch_done,
            )
        completions += answered
        stats.append(arm_stats(arm, answered, seconds=time.perf_counter() - started))
    return Answers(completions=tuple(completions), stats=tuple(stats), n_shots=n_shots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one adapter is asked: questions, arms, samples; ``views`` is how the engine sees it."""

    views: Views
    questions: Sequence[Question]
    examples: Sequence[Example]
    arms: Sequence[Arm]
    samples: range | None = None
    seed: int = 0


def answer_jobs(
    base: Base,
    jobs: Sequence[Job],
    *,
    config: Config,
    probe: str = "",
    known: Mapping[AnswerKey, Completion] = NOTHING_KNOWN,
    on_batch: OnBatch = ignore_batch,
) -> list[Answers] | str:
    """As ``answer_questions`` for every job, but all arms and adapters together (``together``).

    The seconds of an arm are its share of the whole time, by the tokens it wrote. Where the engine
    cannot do it, nothing is asked and a clause says why.
    """
    asked: list[Asked] = []
    shots: list[tuple[int, ...]] = []
    for job in jobs:
        shots.append(())
        guessed = [guesses(base, q) for q in job.questions] if job.samples is None else []
        for arm in job.arms:
            prompts = build_prompts(base, job.questions, arm, examples=job.examples, config=config)
            if arm == "few_shot":
                shots[-1] = tuple(p.n_shots for p in prompts)
            wanted = Wanted(
                prompts=prompts,
                draws=_draws(config, job.samples, arm, seed=job.seed, probe=probe),
                seed=job.seed,
                probe=probe,
            )
            parts = job.views.adapter if arm == "adapter" else job.views.base
            asked.append(Asked(wanted=wanted, parts=parts, guesses=guessed))
            longest = max((len(p.input_ids) for p in prompts), default=0) + config.max_new_tokens
            if parts.window is not None and longest > parts.window:
                return f"the base looks back {parts.window} tokens and an answer needs {longest}"
    started = time.perf_counter()
    given = config.given.get("answer_batch_size", "default") != "default"
    said = answer_together(
        base,
        asked,
        max_new_tokens=config.max_new_tokens,
        max_rows=config.answer_batch_size if given else None,
        known=known,
        on_batch=on_batch,
    )
    seconds = time.perf_counter() - started
    total = sum(_weight(some) for some in said)
    rest = iter(said)
    out = []
    for job, n_shots in zip(jobs, shots, strict=True):
        by_arm = {arm: next(rest) for arm in job.arms}
        out.append(
            Answers(
                completions=tuple(c for some in by_arm.values() for c in some),
                stats=tuple(
                    arm_stats(arm, some, seconds=seconds * _weight(some) / max(1, total))
                    for arm, some in by_arm.items()
                ),
                n_shots=n_shots,
            )
        )
    return out


def _weight(completions: Sequence[Completion]) -> int:
    return sum(1 + c.n_tokens for c in completions)


def _draws(
    config: Config, samples: range | None, arm: Arm, *, seed: int, probe: str
) -> Draws | None:
    if samples is None:
        return None
    key = f"{config.seed}/{probe}/{arm}/{seed}"
    return Draws(samples=samples, temperature=config.temperature, key=key)


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
