"""What the arms answer: which adapter is asked which questions, how often, and what is kept of it.

>>> answers = answer_all(ask, trained, questions, score, config, folder, on_event)  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from realift import run_folder
from realift.config import Config
from realift.fitting import Trained
from realift.inputs import MANY_QUESTIONS, PILOT, first_samples
from realift.types import (
    ARMS,
    Arm,
    ArmStats,
    Completion,
    Notice,
    OnEvent,
    Progress,
    Question,
    Score,
)

if TYPE_CHECKING:
    from realift.answer.arms import Answers
    from realift.answer.keys import AnswerKey
    from realift.model.load import Base
    from realift.verdict.samples import SampleChoice

_SAVE_EVERY = 5.0  # seconds between writes of what was answered so far
_OnBatch = Callable[[Sequence[Completion]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked of one adapter: which arms, which samples (None = one greedy answer)."""

    arms: tuple[Arm, ...]
    samples: range | None = None


BOTH = Order(arms=("base", "adapter"))


def answer_all(
    ask: Callable[..., list[Answers]],
    trained: Sequence[Trained],
    questions: Sequence[Question],
    score: Callable[..., tuple[Score, ...]],
    config: Config,
    folder: Path,
    on_event: OnEvent,
) -> list[Answers]:
    """Every arm's answers; how many samples each question gets is chosen here and recorded."""
    n = first_samples(config, questions)
    answers: list[Answers] = []
    if config.samples_per_question is None and n > 1:
        pilot = dataclasses.replace(BOTH, samples=range(n))
        answers = ask([(t, [pilot]) for t in trained if t.number == 0], stage="pilot")
        choice = _choose(questions, score(questions, in_order(answers, questions)), config)
        enough = "the pilot's " if choice.k <= n else ""
        n = max(n, choice.k)
        on_event(Notice(text=f"{enough}{n} samples per question: {choice.reason}"))
        orders = [(t, _rest(t, n, config)) for t in trained]
    else:
        if config.samples_per_question is None:
            on_event(
                Notice(
                    text="1 greedy answer per question: from "
                    f"{MANY_QUESTIONS} answerable questions on, more samples of each add little"
                )
            )
        samples = range(n) if n > 1 else None
        orders = [(t, [Order(arms=_arms(t, config), samples=samples)]) for t in trained]
    answers += ask(orders, stage="answer")
    drawn = {"temperature": config.temperature} if n > 1 else {}
    run_folder.write_manifest(folder, samples_per_question=n, **drawn)
    _say_shots(answers, config, folder, on_event)
    return answers


def _arms(trained: Trained, config: Config) -> tuple[Arm, ...]:
    """Base and few-shot prompt answer once, beside the first adapter; further seeds alone."""
    if trained.number:
        return ("adapter",)
    few_shot = config.few_shot_k and trained.examples
    return ("base", "few_shot", "adapter") if few_shot else ("base", "adapter")


def _rest(trained: Trained, n: int, config: Config) -> list[Order]:
    """What is to be asked after the pilot, so that every arm has ``n`` samples."""
    piloted = () if trained.number else ("base", "adapter")
    orders = []
    for arm in _arms(trained, config):
        samples = range(PILOT if arm in piloted else 0, n)
        if samples:
            orders.append(Order(arms=(arm,), samples=samples))
    return orders


def ask_all(
    base: Base,
    orders: Sequence[tuple[Trained, Sequence[Order]]],
    *,
    config: Config,
    stage: str,
    on_batch: _OnBatch,
    on_event: OnEvent,
    probe: str = "",
    known: Mapping[AnswerKey, Completion] = MappingProxyType({}),
) -> list[Answers]:
    """Ask each adapter its own questions, all together where the fast engine knows the base.

    Args:
        known: answers there are already (by ``answer.keys.key_of``), from a run that was cut
            short; they are passed on to ``on_batch`` and not asked for again.
    """
    orders = [(t, some) for t, some in orders if t.questions and some]
    total = sum(
        len(t.questions) * len(order.arms) * len(order.samples or range(1))
        for t, some in orders
        for order in some
    )
    done = 0

    def batch_done(batch: Sequence[Completion]) -> None:
        nonlocal done
        done += len(batch)
        on_batch(batch)
        on_event(Progress(stage=stage, done=done, total=total))

    how: dict[str, Any] = {"config": config, "probe": probe, "known": known, "on_batch": batch_done}
    answers = _together(base, orders, **how)
    if not isinstance(answers, str):
        return answers
    if answers and stage == "answer":
        on_event(Notice(text=f"answering takes the plain path, which is slower: {answers}"))
    return _one_after_the_other(base, orders, **how)


def _together(
    base: Base,
    orders: Sequence[tuple[Trained, Sequence[Order]]],
    *,
    config: Config,
    probe: str,
    known: Mapping[AnswerKey, Completion],
    on_batch: _OnBatch,
) -> list[Answers] | str:
    """By the fast engine, or why it cannot be ("" = it is switched off)."""
    from realift.answer.arms import Job, answer_jobs
    from realift.answer.together import view
    from realift.train.adapter import attached

    if "plain" in (base.engine, config.engine):
        return ""
    jobs = []
    for t, some in orders:
        with attached(base, t.folder) as model:
            views = view(model, base, name=str(t.folder))
        if isinstance(views, str):
            return views
        jobs += [
            Job(
                views=views,
                questions=t.questions,
                examples=t.examples,
                arms=order.arms,
                samples=order.samples,
                seed=t.number,
            )
            for order in some
        ]
    return answer_jobs(base, jobs, config=config, probe=probe, known=known, on_batch=on_batch)


def _one_after_the_other(
    base: Base,
    orders: Sequence[tuple[Trained, Sequence[Order]]],
    *,
    config: Config,
    probe: str,
    known: Mapping[AnswerKey, Completion],
    on_batch: _OnBatch,
) -> list[Answers]:
    """The plain path: the adapters are put on the base in turn, arm after arm."""
    from realift.answer.arms import answer_questions
    from realift.train.adapter import attached

    answers = []
    for t, some in orders:
        with attached(base, t.folder) as model:
            for order in some:
                answers.append(
                    answer_questions(
                        model,
                        base,
                        t.questions,
                        arms=order.arms,
                        examples=t.examples,
                        config=config,
                        samples=order.samples,
                        seed=t.number,
                        probe=probe,
                        known=known,
                        on_batch=on_batch,
                    )
                )
    return answers


@contextmanager
def keeping(
    path: Path, known: Mapping[AnswerKey, Completion] = MappingProxyType({})
) -> Iterator[_OnBatch]:
    """What was answered is written now and then, and at the end, also after a Ctrl-C.

    ``known``: answers that are in the file already; they stay in it.
    """
    from realift.answer.keys import key_of

    kept = dict(known)
    written = time.monotonic()

    def keep(batch: Sequence[Completion]) -> None:
        nonlocal written
        kept.update((key_of(c), c) for c in batch)
        if time.monotonic() - written > _SAVE_EVERY:
            run_folder.write_jsonl(path, kept.values())
            written = time.monotonic()

    try:
        yield keep
    finally:
        if kept:
            run_folder.write_jsonl(path, kept.values())


def in_order(answers: Sequence[Answers], questions: Sequence[Question]) -> tuple[Completion, ...]:
    """All completions: by arm and seed, then question by question and sample by sample."""
    place = {q.id: number for number, q in enumerate(questions)}
    return tuple(
        sorted(
            (c for some in answers for c in some.completions),
            key=lambda c: (ARMS.index(c.arm), c.seed, place[c.question_id], c.sample),
        )
    )


def stats_of(answers: Sequence[Answers]) -> list[ArmStats]:
    """How every arm talked; of several seeds the first adapter, which the verdict is about."""
    from realift.answer.arms import arm_stats

    said: dict[Arm, list[Completion]] = defaultdict(list)
    seconds: dict[Arm, float] = defaultdict(float)
    for some in answers:
        for stats in some.stats:
            of_first = [c for c in some.completions if c.arm == stats.arm and c.seed == 0]
            said[stats.arm] += of_first
            seconds[stats.arm] += (stats.seconds or 0.0) if of_first else 0.0
    return [arm_stats(arm, said[arm], seconds=seconds[arm]) for arm in ARMS if said[arm]]


def _choose(questions: Sequence[Question], scores: Sequence[Score], config: Config) -> SampleChoice:
    """How many samples the pilot's correctness asks for."""
    from realift.verdict.samples import choose_samples

    values: dict[Arm, dict[str, list[float]]] = {"base": {}, "adapter": {}}
    for s in scores:
        if s.dimension == "correctness" and s.value is not None:
            values[s.arm].setdefault(s.question_id, []).append(s.value)
    both = [q for q in questions if all(q.id in arm for arm in values.values())]
    return choose_samples(
        [values["base"][q.id] for q in both],
        [values["adapter"][q.id] for q in both],
        min_gain=config.min_gain,
        groups=[q.group for q in both],
    )


def _say_shots(answers: Sequence[Answers], config: Config, folder: Path, on_event: OnEvent) -> None:
    """Record how many rows the few-shot prompts showed; say it where fewer than asked fitted."""
    shown = Counter(n for some in answers for n in some.n_shots)
    if not shown:
        return
    run_folder.write_manifest(folder, few_shot={str(k): shown[k] for k in sorted(shown)})
    fewer = sum(count for n, count in shown.items() if n < config.few_shot_k)
    if fewer:
        on_event(
            Notice(
                text=f"few-shot: {fewer} of {shown.total()} prompts show fewer than "
                f"{config.few_shot_k} rows (as few as {min(shown)}): no more rows, or no room in "
                "the base's window"
            )
        )
