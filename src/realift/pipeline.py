"""The whole job, read from top to bottom: the line of data of ``docs/how-it-works.md``.

Each public function is one command. They raise ``RealiftError`` and print nothing; what happens
on the way is told to ``on_event``.

>>> run(config)  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realift import run_folder
from realift.config import Config, to_yaml
from realift.data.check import check_examples, check_questions, summarize
from realift.data.leakage import find_leaks
from realift.data.read import raise_if_errors, read_examples, read_questions
from realift.data.split import split_examples
from realift.errors import RealiftError, UsageError
from realift.score import selftest
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
    TrainResult,
    Verdict,
    Where,
    ignore_event,
)
from realift.verdict import minimum_detectable, questions_needed

if TYPE_CHECKING:
    from realift.model.load import Base
    from realift.train.adapter import Applied


EXPECTED_BROKEN = 0.05  # share of right answers a training breaks, for planning
MAX_MISJUDGED = 0.05  # share of questions the scorer may fail its self-test on


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What stands in the files, checked."""

    examples: tuple[Example, ...]
    questions: tuple[Question, ...]
    summary: DataSummary


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
    _need(config, "train", "eval")
    data = read_data(config)
    on_event(data.summary)
    with _recording(config, data, command=command) as folder:
        trained = _train(config, data, folder, on_event)
        _judge(config, data, folder, trained, on_event)
    return _finish(folder)


def train(config: Config, *, on_event: OnEvent = ignore_event, command: str = "") -> RunResult:
    """Train and save an adapter without judging it (the report says so)."""
    _need(config, "train")
    data = read_data(config)
    on_event(data.summary)
    with _recording(config, data, command=command) as folder:
        _train(config, data, folder, on_event)
    return _finish(folder)


def compare(
    config: Config, adapter: str | Path, *, on_event: OnEvent = ignore_event, command: str = ""
) -> RunResult:
    """Judge any PEFT adapter against its base, whoever trained it.

    Training rows (``config.train``), if given, are used for the leak check and the few-shot arm.
    The system prompt is the one the adapter was trained with, if realift trained it.
    """
    _need(config, "eval")
    data = read_data(config)
    on_event(data.summary)
    with _recording(config, data, command=command) as folder:
        config, trained = _attach(config, data, folder, Path(adapter), on_event)
        _judge(config, data, folder, trained, on_event)
    return _finish(folder)


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


def read_data(config: Config) -> Data:
    """Read and check the files; all errors at once.

    Raises:
        DataError: the rows cannot be used as they are; lists every problem.
    """
    examples: tuple[Example, ...] = ()
    questions: tuple[Question, ...] = ()
    problems = []
    if config.train is not None:
        found = read_examples(config.train)
        examples = found.rows
        problems += [*found.problems, *check_examples(examples, config.refusal_phrases)]
    if config.eval is not None:
        asked = read_questions(config.eval)
        questions = asked.rows
        self_test = selftest(questions, refusal_phrases=config.refusal_phrases)
        problems += [*asked.problems, *check_questions(questions), *self_test.problems]
    raise_if_errors(problems)
    leaks = find_leaks(examples, questions) if examples and questions else None
    detectable = _detectable(questions)
    if questions and (detectable is None or detectable > config.min_gain):
        problems.append(_too_small(detectable, config))
    summary = summarize(
        examples, questions, problems, leaks, refusal_phrases=config.refusal_phrases
    )
    summary = dataclasses.replace(summary, minimum_detectable=detectable)
    return Data(examples=examples, questions=questions, summary=summary)


def _detectable(questions: Sequence[Question]) -> float | None:
    """What the answerable questions can show at all, said before anything is trained.

    Questions of one group are counted as one: the careful end of what they may be worth.
    """
    groups = {q.group for q in questions if q.answerable and q.answers}
    return minimum_detectable(len(groups), p_broken=EXPECTED_BROKEN)


def _too_small(detectable: float | None, config: Config) -> Problem:
    finds = "no gain, whatever its size" if detectable is None else f"gains of {detectable:.0%}"
    churn = config.min_gain + 2 * EXPECTED_BROKEN
    needed = questions_needed(config.min_gain, churn=churn)
    return Problem(
        severity="note",
        code="small-eval-set",
        message=f"this eval set reliably finds {finds}; the gain asked for is "
        f"{config.min_gain:.0%}",
        where=Where(file=Path(config.eval or "").name),
        hint=f"about {needed} independent answerable questions find {config.min_gain:.0%}; with "
        "fewer the verdict may well be TOO SMALL TO TELL",
    )


def _train(config: Config, data: Data, folder: Path, on_event: OnEvent) -> Trained:
    from realift.model.device import choose
    from realift.model.load import load_base
    from realift.train.adapter import create_adapter, reload_and_verify, save_adapter
    from realift.train.batches import encode_rows
    from realift.train.loop import train_adapter
    from realift.train.plan import plan_training

    on_event(Notice(text=f"loading {config.base}"))
    base = load_base(
        config.base,
        compute=choose(device=config.device, dtype=config.dtype, threads=config.threads),
    )
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
    _save_training(folder, result)
    save_adapter(model, folder / "adapter", note=adapter_note(base, config))
    if result.interrupted:
        raise KeyboardInterrupt
    model, applied = reload_and_verify(base, model, folder / "adapter", probe_rows=train)
    _record_model(folder, base, applied)
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
    from realift.model.device import choose
    from realift.model.load import attach_adapter, load_base, read_adapter_note
    from realift.train.adapter import verify_applied
    from realift.train.batches import collate, pad_token_id
    from realift.types import Encoded

    note = read_adapter_note(adapter)
    if "system_prompt" in note and "system_prompt" not in config.given:
        config = dataclasses.replace(config, system_prompt=str(note["system_prompt"]))
    on_event(Notice(text=f"loading {config.base}"))
    base = load_base(
        config.base,
        compute=choose(device=config.device, dtype=config.dtype, threads=config.threads),
    )
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
    _record_model(folder, base, applied)
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
        invalid=_scorer_faults(data.questions, config),
        probe_questions=removed,
        probe_scores=probe_scores,
        min_gain=config.min_gain,
        guard_margin=config.guard_margin,
        few_shot_k=config.few_shot_k,
    )
    run_folder.write_json(folder / "verdict.json", verdict)
    if (folder / "adapter").is_dir():
        write_card(folder)


def _scorer_faults(questions: Sequence[Question], config: Config) -> list[str]:
    """A scorer that misjudges answers whose score is known must not decide a run."""
    test = selftest(questions, refusal_phrases=config.refusal_phrases)
    wrong = len({p.where for p in test.problems})
    if not test.n or wrong / test.n <= MAX_MISJUDGED:
        return []
    return [
        f"{wrong} of {test.n} questions fail the scorer's self-test: their own answer scores 0, or "
        "a wrong one scores 1 (realift check lists them)."
    ]


# --- the record --------------------------------------------------------------------------------


def _need(config: Config, *names: str) -> None:
    missing = [n for n in names if getattr(config, n) is None]
    if missing:
        flags = " and ".join(f"--{n} FILE" for n in missing)
        raise UsageError(
            f"missing: {' and '.join(missing)}",
            hint=f"give {flags}, or a realift.yaml with the same names",
        )


@contextmanager
def _recording(config: Config, data: Data, *, command: str) -> Iterator[Path]:
    """A run folder that says how far it got, however it ends.

    A run that fails before it has anything to keep (a base that cannot be loaded, say) leaves no
    folder behind.
    """
    from realift.manifest import data_facts, machine_facts

    stem = Path(config.train or config.eval or "run").stem
    folder = run_folder.create(config.runs_dir, config.name, stem=stem)
    started = time.perf_counter()
    try:
        run_folder.write_text(folder / "config.yaml", to_yaml(config))
        run_folder.write_json(folder / "data" / "summary.json", data.summary)
        run_folder.write_jsonl(folder / "data" / "questions.jsonl", data.questions)
        run_folder.write_manifest(
            folder, command=command, seed=config.seed, **data_facts(config), **machine_facts()
        )
        yield folder
    except KeyboardInterrupt as err:
        _end(folder, "interrupted", started)
        err.args = (_kept(folder, config),)
        raise
    except RealiftError as err:
        _end(folder, "failed", started, error=str(err), hint=err.hint)
        raise
    except BaseException as err:
        _end(folder, "failed", started, error=f"{type(err).__name__}: {err}")
        raise
    else:
        run_folder.write_manifest(folder, seconds=time.perf_counter() - started, status="done")


def _kept(folder: Path, config: Config) -> str:
    """What an interrupted run leaves, and how to go on with it."""
    if not (folder / "adapter").is_dir():
        return ""
    return (
        f"what was trained is kept; to judge it: realift compare --base {config.base} "
        f"--adapter {folder / 'adapter'} --eval {config.eval or 'eval.jsonl'}"
    )


def _end(folder: Path, status: run_folder.Status, started: float, **facts: Any) -> None:
    from realift.report.write import write_reports

    if not (folder / "plan.json").exists() and not (folder / "answers.jsonl").exists():
        run_folder.remove(folder)
        return
    run_folder.write_manifest(folder, status=status, seconds=time.perf_counter() - started, **facts)
    write_reports(folder)


def _finish(folder: Path) -> RunResult:
    from realift.report.write import write_reports

    write_reports(folder)
    return run_folder.load(folder)


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


def _save_training(folder: Path, result: TrainResult) -> None:
    run_folder.write_json(folder / "training.json", result)
    run_folder.write_jsonl(folder / "log.jsonl", result.curve)


def _record_model(folder: Path, base: Base, applied: Applied) -> None:
    run_folder.write_manifest(
        folder,
        base=base.name,
        base_fingerprint=base.fingerprint,
        template=base.template.kind,
        template_hash=base.template.hash,
        window=base.window,
        compute=dataclasses.asdict(base.compute),
        applied=dataclasses.asdict(applied),
    )


def adapter_note(base: Base, config: Config) -> dict[str, Any]:
    """What must be the same wherever the adapter is used; saved beside it as ``realift.json``."""
    return {
        "base": base.name,
        "base_fingerprint": base.fingerprint,
        "template_hash": base.template.hash,
        "system_prompt": config.system_prompt,
    }
