"""The whole job, read from top to bottom: the line of data of ``docs/how-it-works.md``.

Each public function is one command. They raise ``RealiftError`` and print nothing; what happens
on the way is told to ``on_event``.

>>> run(config)  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realift import run_folder
from realift.config import Config
from realift.data.split import split_examples
from realift.errors import UsageError
from realift.inputs import Data, need, read_data
from realift.recording import adapter_note, finish, record_model, recording
from realift.types import (
    Arm,
    Completion,
    DataSummary,
    Example,
    Notice,
    OnEvent,
    Plan,
    Problem,
    Question,
    RunResult,
    Verdict,
    ignore_event,
)

if TYPE_CHECKING:
    from realift.model.load import Base
    from realift.train.adapter import Applied


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A trained adapter, saved, reloaded and proven to be applied."""

    base: Base
    model: Any
    applied: Applied
    train: tuple[Example, ...]


# --- the commands ------------------------------------------------------------------------------


def run(config: Config, *, on_event: OnEvent = ignore_event, command: str = "") -> RunResult:
    """Train an adapter, answer the eval set with and without it, and say what it is worth.

    Args:
        config: ``train`` and ``eval`` must be given.
        on_event: told about data, plan and progress as they come.
        command: what was typed, for the record.

    Raises:
        RealiftError: with file, line and remedy; the run folder then says ``failed``.
    """
    need(config, "train", "eval")
    data = read_data(config)
    on_event(data.summary)
    with recording(config, data, command=command) as folder:
        trained = _train(config, data, folder, on_event)
        _judge(config, data, folder, trained, on_event)
    return finish(folder)


def train(config: Config, *, on_event: OnEvent = ignore_event, command: str = "") -> RunResult:
    """Train and save an adapter without judging it (the report says so)."""
    need(config, "train")
    data = read_data(config)
    on_event(data.summary)
    with recording(config, data, command=command) as folder:
        _train(config, data, folder, on_event)
    return finish(folder)


def compare(
    config: Config, adapter: str | Path, *, on_event: OnEvent = ignore_event, command: str = ""
) -> RunResult:
    """Judge any PEFT adapter against its base, whoever trained it.

    Training rows (``config.train``), if given, are used for the leak check and the few-shot arm.
    The system prompt is the one the adapter was trained with, if realift trained it.
    """
    need(config, "eval")
    data = read_data(config)
    on_event(data.summary)
    with recording(config, data, command=command) as folder:
        config, trained = _attach(config, data, folder, Path(adapter), on_event)
        _judge(config, data, folder, trained, on_event)
    return finish(folder)


def compare_scores(path: str | Path, config: Config) -> Verdict:
    """Only the verdict, over 0/1 scores from any other tool (``id,base,adapter[,group]``)."""
    from realift.verdict import verdict_from_csv

    return verdict_from_csv(path, min_gain=config.min_gain, guard_margin=config.guard_margin)


def check(config: Config) -> DataSummary:
    """Look at the data alone: every problem with its line, leaks, what the eval set can show."""
    if config.train is None and config.eval is None:
        raise UsageError("nothing to check", hint="give --train FILE, --eval FILE or both")
    return read_data(config).summary


def report(folder: str | Path) -> RunResult:
    """Write ``report.html`` and ``report.md`` of a run anew from its folder."""
    from realift.report.write import write_reports

    write_reports(folder)
    return run_folder.load(folder)


# --- the stages --------------------------------------------------------------------------------


def _load(config: Config, on_event: OnEvent) -> Base:
    from realift.model.device import choose
    from realift.model.load import load_base

    on_event(Notice(text=f"loading {config.base}"))
    compute = choose(device=config.device, dtype=config.dtype, threads=config.threads)
    return load_base(config.base, compute=compute)


def _train(config: Config, data: Data, folder: Path, on_event: OnEvent) -> Trained:
    from realift.train.adapter import create_adapter, reload_and_verify, save_adapter
    from realift.train.batches import encode_rows
    from realift.train.loop import train_adapter
    from realift.train.plan import plan_training

    base = _load(config, on_event)
    encoded = encode_rows(
        base,
        data.examples,
        system_prompt=config.system_prompt,
        max_length=min(config.max_length or 2048, base.window),
    )
    _add_problems(folder, data.summary, encoded.problems, on_event)
    split = split_examples(
        [e for e in data.examples if e.id in encoded.by_example],
        valid_fraction=config.valid_fraction,
        seed=config.seed,
        refusal_phrases=config.refusal_phrases,
    )
    on_event(Notice(text=split.reason))
    train, valid = encoded.of(split.train), encoded.of(split.valid)
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=train, valid=valid)
    if data.questions:
        plan = _plan_answers(plan, base, model, config, data.questions, split.train)
    run_folder.write_json(folder / "plan.json", plan)
    run_folder.write_jsonl(folder / "data" / "train.jsonl", split.train)
    run_folder.write_jsonl(folder / "data" / "valid.jsonl", split.valid)
    on_event(plan)

    result = train_adapter(base, model, plan, config, train=train, valid=valid, on_event=on_event)
    run_folder.write_json(folder / "training.json", result)
    run_folder.write_jsonl(folder / "log.jsonl", result.curve)
    save_adapter(model, folder / "adapter", note=adapter_note(base, config))
    if result.interrupted:
        raise KeyboardInterrupt
    model, applied = reload_and_verify(base, model, folder / "adapter", probe_rows=train)
    record_model(folder, base, applied)
    on_event(Notice(text=f"kept step {result.kept_step} of {result.n_steps}: {result.kept_reason}"))
    return Trained(base=base, model=model, applied=applied, train=split.train)


def _add_problems(
    folder: Path, summary: DataSummary, problems: Sequence[Problem], on_event: OnEvent
) -> None:
    """Record what only the tokenizer could find (rows that are too long), and say it."""
    for problem in problems:
        on_event(Notice(text=f"{problem.where}: {problem.message}"))
    if problems:
        found = dataclasses.replace(summary, problems=(*summary.problems, *problems))
        run_folder.write_json(folder / "data" / "summary.json", found)


def _attach(
    config: Config, data: Data, folder: Path, adapter: Path, on_event: OnEvent
) -> tuple[Config, Trained]:
    from realift.answer.prompts import build_prompts
    from realift.model.load import attach_adapter, read_adapter_note
    from realift.train.adapter import verify_applied
    from realift.train.batches import collate, pad_token_id
    from realift.types import Encoded

    note = read_adapter_note(adapter)
    if "system_prompt" in note and "system_prompt" not in config.given:
        config = dataclasses.replace(config, system_prompt=str(note["system_prompt"]))
    base = _load(config, on_event)
    model = attach_adapter(base, adapter)
    prompts = build_prompts(base, data.questions[:4], "adapter", examples=(), config=config)
    probe = [
        Encoded(
            id=p.question_id,
            input_ids=p.input_ids[: base.window],
            supervised=(False,) * min(len(p.input_ids), base.window),
        )
        for p in prompts
    ]
    applied = verify_applied(
        model, collate(probe, pad_id=pad_token_id(base), device=base.compute.device)
    )
    run_folder.write_manifest(folder, adapter=str(adapter))
    record_model(folder, base, applied)
    return config, Trained(base=base, model=model, applied=applied, train=data.examples)


def _judge(config: Config, data: Data, folder: Path, trained: Trained, on_event: OnEvent) -> None:
    from realift.answer.arms import answer_questions
    from realift.deliver.card import write_card
    from realift.probes.context_removed import NAME, context_removed_questions
    from realift.score import score_completions
    from realift.verdict import decide

    arms: list[Arm] = ["base", "adapter"]
    if config.few_shot_k and trained.train:
        arms.insert(1, "few_shot")
    kept: list[Completion] = []

    def keep(batch: Sequence[Completion]) -> None:  # what was answered survives a Ctrl-C
        kept.extend(batch)
        run_folder.write_jsonl(folder / "answers.jsonl", kept)

    ask = functools.partial(
        answer_questions,
        trained.model,
        trained.base,
        examples=trained.train,
        config=config,
        on_event=on_event,
        on_batch=keep,
    )
    answers = ask(data.questions, arms=arms)
    removed = context_removed_questions(data.questions)
    probed = ask(removed, arms=("base", "adapter"), probe=NAME)
    completions = (*answers.completions, *probed.completions)
    run_folder.write_jsonl(folder / "answers.jsonl", completions)
    run_folder.write_json(folder / "arms.json", list(answers.stats))

    scores = score_completions(
        data.questions, answers.completions, refusal_phrases=config.refusal_phrases
    )
    probe_scores = score_completions(
        removed, probed.completions, refusal_phrases=config.refusal_phrases
    )
    run_folder.write_jsonl(folder / "scores.jsonl", (*scores, *probe_scores))
    verdict = decide(
        data.questions,
        scores,
        completions=answers.completions,
        arms=answers.stats,
        leak_check=data.summary.leak_check,
        allow_leaks=config.allow_leaks,
        adapter_inert=trained.applied.inert,
        invalid=data.scorer_faults,
        probe_questions=removed,
        probe_scores=probe_scores,
        min_gain=config.min_gain,
        guard_margin=config.guard_margin,
        few_shot_k=config.few_shot_k,
    )
    run_folder.write_json(folder / "verdict.json", verdict)
    if (folder / "adapter").is_dir():
        write_card(folder)


def _plan_answers(
    plan: Plan,
    base: Base,
    model: Any,
    config: Config,
    questions: Sequence[Question],
    examples: Sequence[Example],
) -> Plan:
    """Add the time the answers will take; answers are expected as long as the rows' are."""
    from realift.answer.decode import estimate_seconds
    from realift.answer.prompts import build_prompts

    arms: list[Arm] = ["base", "few_shot"] if config.few_shot_k and examples else ["base"]
    per_answer = plan.n_supervised / max(1, plan.n_train)
    tokens = min(config.max_new_tokens, round(2 * per_answer) + 1)  # the slowest row sets the pace
    seconds = 0.0
    for arm in arms:
        prompts = build_prompts(base, questions, arm, examples=examples, config=config)
        once = estimate_seconds(
            model, base, prompts, tokens=tokens, batch_size=config.answer_batch_size
        )
        seconds += once * (2 if arm == "base" else 1)  # the adapter sees the base's prompts
    return dataclasses.replace(plan, expected_answer_seconds=seconds)
