"""The adapters of a run: which are trained on what, what that will cost, the training, the proof.

One adapter by default; with ``seeds`` several on the same rows; without an eval set one per fold,
to be asked the rows it never saw, and then the one that is kept.

>>> jobs = plan_jobs(base, data, config, folder, scratch, on_event)  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from realift import run_folder
from realift.config import Config
from realift.data.split import split_examples
from realift.errors import DataError, ModelError
from realift.inputs import Data, first_samples
from realift.manifest import adapter_hash
from realift.recording import adapter_note, record_model
from realift.resuming import as_before, checkpoint_of, finished, note_finished
from realift.types import (
    DataSummary,
    Encoded,
    Event,
    Example,
    Notice,
    OnEvent,
    Plan,
    Problem,
    Progress,
    Question,
    Split,
    TrainResult,
)

if TYPE_CHECKING:
    from realift.model.load import Base
    from realift.train.adapter import Applied
    from realift.train.batches import EncodedRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An adapter to train, where it goes and what it is asked (no questions: it is only kept).

    ``config`` carries the seed; ``number`` counts the seeds from 0. A run's main task is the one
    that fills ``adapter/``; adapters that are not ``kept`` lie in a folder that goes away.
    """

    name: str
    config: Config
    folder: Path
    examples: tuple[Example, ...]
    questions: tuple[Question, ...] = ()
    number: int = 0
    kept: bool = True
    null: bool = False  # trained on exchanged answers, to show what form alone gains


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A task with its rows split and encoded, and its plan."""

    task: Task
    split: Split
    train: tuple[Encoded, ...]
    valid: tuple[Encoded, ...]
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained adapter, saved, reloaded and proven to be applied, and what it is to be asked."""

    folder: Path
    applied: Applied
    questions: tuple[Question, ...]
    examples: tuple[Example, ...]  # the few-shot arm shows these
    number: int = 0
    null: bool = False


def load(config: Config, on_event: OnEvent) -> Base:
    """Load the base in the chosen dtype on the chosen device."""
    from realift.model.device import choose
    from realift.model.load import load_base
    from realift.model.tune import tuned

    on_event(Notice(text=f"loading {config.base}"))
    compute = choose(device=config.device, dtype=config.dtype, threads=config.threads)
    base = load_base(config.base, compute=compute, on_event=on_event)
    return dataclasses.replace(tuned(base, threads=config.threads), engine=config.engine)


def list_tasks(config: Config, data: Data, folder: Path, scratch: Path) -> tuple[Task, ...]:
    """Every adapter of the run, in the order of training."""
    return (*_real_tasks(config, data, folder, scratch), *_null_tasks(config, data, scratch))


def _null_tasks(config: Config, data: Data, scratch: Path) -> list[Task]:
    """With ``nulls``: the same rows with their answers exchanged. It is asked by the probes."""
    from realift.probes.nulls import deranged

    if not config.nulls or data.folds:
        return []
    return [
        Task(
            name="exchanged answers",
            config=config,
            folder=scratch / "deranged",
            examples=deranged(data.examples, seed=config.seed),
            kept=False,
            null=True,
        )
    ]


def _real_tasks(config: Config, data: Data, folder: Path, scratch: Path) -> tuple[Task, ...]:
    seeded = [dataclasses.replace(config, seed=config.seed + n) for n in range(config.seeds)]
    if data.folds:
        folds = [
            Task(
                name=f"fold {place}" + (f", seed {own.seed}" if config.seeds > 1 else ""),
                config=own,
                folder=scratch / f"{number}-{place}",
                examples=fold.examples,
                questions=fold.questions,
                number=number,
                kept=False,
            )
            for number, own in enumerate(seeded)
            for place, fold in enumerate(data.folds, start=1)
        ]
        whole = Task(
            name="all rows", config=config, folder=folder / "adapter", examples=data.examples
        )
        return (*folds, whole)
    return tuple(
        Task(
            name=f"seed {own.seed}",
            config=own,
            folder=folder / f"adapters/seed-{number}" if number else folder / "adapter",
            examples=data.examples,
            questions=data.questions,
            number=number,
        )
        for number, own in enumerate(seeded)
    )


def plan_jobs(
    base: Base, data: Data, tasks: Sequence[Task], folder: Path, on_event: OnEvent
) -> tuple[Job, ...]:
    """Split and encode the rows of every task; measure, say and record what it all will take.

    Raises:
        DataError: no row fits the window, or none is left to train on in some task.
    """
    from realift.answer.estimate import expected_seconds
    from realift.probes.questions import probe_questions
    from realift.train.adapter import create_adapter, detach_adapter
    from realift.train.batches import encode_rows
    from realift.train.plan import plan_training

    main = next(task for task in tasks if task.folder == folder / "adapter")
    config = main.config
    encode = functools.partial(
        encode_rows,
        base,
        system_prompt=config.system_prompt,
        max_length=min(config.max_length or 2048, base.window),
    )
    encoded = encode(data.examples)
    _add_problems(folder, data.summary, encoded.problems, on_event)
    model = create_adapter(base, config)
    jobs = []
    for task in tasks:
        rows = encode(task.examples) if task.null else encoded
        split = _split(task, rows)
        train, valid = rows.of(split.train), rows.of(split.valid)
        plan = plan_training(
            base, model, task.config, train=train, valid=valid, measure=task is main
        )
        jobs.append(Job(task=task, split=split, train=train, valid=valid, plan=plan))
    of_main = next(job for job in jobs if job.task is main)
    plan = _for_all(of_main.plan, [job.plan for job in jobs])
    if data.questions:
        seconds = expected_seconds(
            model,
            base,
            data.questions,
            probes=[q for some in probe_questions(config, data.questions).values() for q in some],
            examples=of_main.split.train,
            config=config,
            tokens=plan.n_supervised / max(1, plan.n_train),
            n_samples=first_samples(config, data.questions),
        )
        plan = dataclasses.replace(plan, expected_answer_seconds=seconds)
    detach_adapter(model)
    if plan.engine.startswith("plain: ") and config.engine != "plain":
        on_event(Notice(text=f"training by the plain path: {plan.engine.removeprefix('plain: ')}"))
    on_event(Notice(text=of_main.split.reason))
    folds = {"folds": len(data.folds)} if data.folds else {}
    run_folder.write_manifest(
        folder,
        seeds=sorted({task.config.seed for task in tasks}),
        compute=dataclasses.asdict(base.compute),
        **folds,
    )
    run_folder.write_json(folder / "plan.json", plan)
    run_folder.write_jsonl(folder / "data" / "train.jsonl", of_main.split.train)
    run_folder.write_jsonl(folder / "data" / "valid.jsonl", of_main.split.valid)
    on_event(plan)
    return tuple(jobs)


def fit_jobs(
    base: Base, jobs: Sequence[Job], folder: Path, on_event: OnEvent
) -> tuple[Trained, ...]:
    """Train the adapters one after the other; each is saved, reloaded and verified.

    Of a run that is resumed, those that are finished are taken as they are.

    Raises:
        KeyboardInterrupt: after Ctrl-C. The main adapter is saved as far as it got, others are not.
    """
    trained = []
    for place, job in enumerate(jobs, start=1):
        of = f" {place}/{len(jobs)}" if len(jobs) > 1 else ""
        applied = finished(folder, place, job.task.folder, base)
        if applied is None:
            (folder / "answers.jsonl").unlink(missing_ok=True)  # of an adapter that is no more
            applied = _fit(base, job, folder, place, of, on_event)
            note_finished(folder, place, job.task.folder, base, applied)
        else:
            on_event(Notice(text=f"{job.task.name}: trained already"))
        trained.append(
            Trained(
                folder=job.task.folder,
                applied=applied,
                questions=job.task.questions,
                examples=job.split.train,
                number=job.task.number,
                null=job.task.null,
            )
        )
    return tuple(trained)


def _fit(base: Base, job: Job, folder: Path, place: int, of: str, on_event: OnEvent) -> Applied:
    from realift.train.adapter import (
        create_adapter,
        detach_adapter,
        reload_and_verify,
        save_adapter,
    )
    from realift.train.loop import train_adapter

    task, is_main = job.task, job.task.folder == folder / "adapter"

    def told(event: Event) -> None:
        if isinstance(event, Progress):
            event = dataclasses.replace(event, stage=event.stage + of)
        on_event(event)

    model = create_adapter(base, task.config)
    result = train_adapter(
        base,
        model,
        as_before(folder, place, job.plan),
        task.config,
        train=job.train,
        valid=job.valid,
        on_event=told,
        checkpoint=checkpoint_of(folder, place, base),
    )
    if is_main:
        run_folder.write_json(folder / "training.json", result)
        run_folder.write_jsonl(folder / "log.jsonl", result.curve)
    if is_main or not result.interrupted:
        save_adapter(model, task.folder, note=adapter_note(base, task.config))
    if result.interrupted:
        raise KeyboardInterrupt
    model, applied = reload_and_verify(base, model, task.folder, probe_rows=job.train)
    detach_adapter(model)
    if is_main:
        record_model(folder, base, applied)
    elif task.kept:
        run_folder.write_json(task.folder / "training.json", result)
    on_event(Notice(text=_kept_step(result, task.name if of else "")))
    return applied


def _kept_step(result: TrainResult, name: str) -> str:
    step = f"kept step {result.kept_step} of {result.n_steps}: {result.kept_reason}"
    return f"{name}: {step}" if name else step


def _split(task: Task, encoded: EncodedRows) -> Split:
    usable = [e for e in task.examples if e.id in encoded.by_example]
    if not usable:
        raise DataError(
            f"{task.name}: no row is left to train on",
            hint="give more rows, or an eval set with --eval FILE",
        )
    config = task.config
    return split_examples(
        usable,
        valid_fraction=config.valid_fraction,
        seed=config.seed,
        refusal_phrases=config.refusal_phrases,
    )


def _add_problems(
    folder: Path, summary: DataSummary, problems: Sequence[Problem], on_event: OnEvent
) -> None:
    """Record what only the tokenizer could find (rows that are too long), and say it."""
    for problem in problems:
        on_event(Notice(text=f"{problem.where}: {problem.message}"))
    if problems:
        found = dataclasses.replace(summary, problems=(*summary.problems, *problems))
        run_folder.write_json(folder / "data" / "summary.json", found)


def _for_all(main: Plan, plans: Sequence[Plan]) -> Plan:
    """The main plan with the time of all trainings, in proportion to their tokens."""
    if len(plans) == 1 or main.expected_seconds is None:
        return main
    share = sum(p.epochs * p.n_tokens for p in plans) / (main.epochs * main.n_tokens)
    return dataclasses.replace(
        main,
        expected_seconds=main.expected_seconds * share,
        measured_on=f"all {len(plans)} adapters, from {main.measured_on}",
    )


def as_trained(config: Config, adapter: Path) -> Config:
    """The config with the system prompt the adapter was trained with, unless one was given."""
    from realift.model.load import read_adapter_note

    note = read_adapter_note(adapter)
    if "system_prompt" in note and "system_prompt" not in config.given:
        return dataclasses.replace(config, system_prompt=str(note["system_prompt"]))
    return config


def adopt(base: Base, adapter: Path, data: Data, config: Config, folder: Path) -> Trained:
    """An adapter that is there already, attached once to prove that it does something.

    Raises:
        ModelError: of a run that is resumed: it is not the adapter that the run began with.
    """
    from realift.answer.prompts import build_prompts
    from realift.train.adapter import attached, verify_applied
    from realift.train.batches import collate, pad_token_id

    prompts = build_prompts(base, data.questions[:4], "adapter", examples=(), config=config)
    probe = [
        Encoded(
            id=p.question_id,
            input_ids=p.input_ids[: base.window],
            supervised=(False,) * min(len(p.input_ids), base.window),
        )
        for p in prompts
    ]
    batch = collate(probe, pad_id=pad_token_id(base), device=base.compute.device)
    with attached(base, adapter) as model:
        applied = verify_applied(model, batch)
    now, before = adapter_hash(adapter), run_folder.read_manifest(folder).get("adapter_hash")
    if before not in (None, now):
        raise ModelError(
            f"{adapter}: changed since the run began: the answers there are came from another",
            hint="start a new run",
        )
    run_folder.write_manifest(folder, adapter_hash=now)
    record_model(folder, base, applied)
    return Trained(
        folder=adapter, applied=applied, questions=data.questions, examples=data.examples
    )
