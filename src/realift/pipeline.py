"""The whole job, read from top to bottom: the line of data of ``docs/how-it-works.md``.

Each public function is one command. They raise ``RealiftError`` and print nothing; what happens
on the way is told to ``on_event``.

>>> run(config)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from realift import cleaning, run_folder
from realift.cleaning import Cleaned
from realift.config import Config, column_names
from realift.deliver.card import write_card
from realift.errors import RunFolderError, UsageError
from realift.fitting import adopt, as_trained, fit_jobs, list_tasks, load, plan_jobs
from realift.inputs import need, need_questions, read_data
from realift.judging import check_ledger, judge
from realift.recording import finish, recording
from realift.reporting import check_trackers, reporting
from realift.resuming import check_same, scratch, settings_of
from realift.types import DataSummary, OnEvent, RunResult, Verdict, ignore_event


def run(
    config: Config,
    *,
    on_event: OnEvent = ignore_event,
    command: str = "",
    resume: Path | None = None,
) -> RunResult:
    """Train an adapter, answer the eval set with and without it, and say what it is worth.

    Without an eval set the rows are cross-fitted: each is asked of an adapter trained without it.
    With ``seeds`` several adapters are trained, and the recipe is judged beside the first.

    Args:
        config: ``train`` must be given.
        on_event: told about data, plan and progress as they come.
        command: what was typed, for the record.
        resume: the folder of an interrupted run to go on with (see ``resume``).

    Raises:
        RealiftError: with file, line and remedy; the run folder then says ``failed``.
    """
    need(config, "train")
    check_trackers(config)
    check_ledger(config)
    if resume is not None:
        check_same(resume, config, on_event)
    data = read_data(config, cross_fit=True)
    on_event(data.summary)
    need_questions(data)
    with (
        recording(
            config, data, command=command, job="run", resume=resume, on_event=on_event
        ) as folder,
        scratch(folder) as place,
    ):
        base = load(config, on_event)
        tasks = list_tasks(config, data, folder, place)
        jobs = plan_jobs(base, data, tasks, folder, on_event)
        with reporting(config, folder, on_event) as told:
            trained = fit_jobs(base, jobs, folder, told)
        judge(base, trained, data, config, folder, adapter=folder / "adapter", on_event=on_event)
        write_card(folder)
    return finish(folder)


def train(
    config: Config,
    *,
    on_event: OnEvent = ignore_event,
    command: str = "",
    resume: Path | None = None,
) -> RunResult:
    """Train and save an adapter, or several seeds, without judging it (the report says so)."""
    need(config, "train")
    check_trackers(config)
    if resume is not None:
        check_same(resume, config, on_event)
    data = read_data(config)
    on_event(data.summary)
    with (
        recording(
            config, data, command=command, job="train", resume=resume, on_event=on_event
        ) as folder,
        scratch(folder) as place,
    ):
        base = load(config, on_event)
        tasks = list_tasks(config, data, folder, place)
        jobs = plan_jobs(base, data, tasks, folder, on_event)
        with reporting(config, folder, on_event) as told:
            fit_jobs(base, jobs, folder, told)
    return finish(folder)


def compare(
    config: Config,
    adapter: str | Path,
    *,
    on_event: OnEvent = ignore_event,
    command: str = "",
    resume: Path | None = None,
) -> RunResult:
    """Judge any PEFT adapter against its base, whoever trained it.

    Training rows (``config.train``), if given, are used for the leak check and the few-shot arm.
    The system prompt is the one the adapter was trained with, if realift trained it.
    """
    need(config, "eval")
    check_ledger(config)
    if resume is not None:
        check_same(resume, config, on_event)
    data = read_data(config)
    on_event(data.summary)
    need_questions(data)
    with recording(
        config,
        data,
        command=command,
        job="compare",
        resume=resume,
        on_event=on_event,
        adapter=str(adapter),
    ) as folder:
        config = as_trained(config, Path(adapter))
        base = load(config, on_event)
        theirs = adopt(base, Path(adapter), data, config, folder)
        judge(base, [theirs], data, config, folder, adapter=Path(adapter), on_event=on_event)
    return finish(folder)


def resume(
    folder: str | Path,
    *,
    given: Mapping[str, Any] = MappingProxyType({}),
    on_event: OnEvent = ignore_event,
    command: str = "",
) -> RunResult:
    """Go on with an interrupted run; it ends as it would have without the interruption.

    Adapters that are finished are not trained again, an unfinished training goes on from its last
    checkpoint, and no question is asked again that has its answer.

    Args:
        folder: the run folder.
        given: options by name; only ``threads`` and ``device`` may differ from the run's.

    Raises:
        RealiftError: the run is done or still going, or its data, base or options changed.
    """
    folder = Path(folder)
    config = settings_of(folder, given)
    manifest = run_folder.read_manifest(folder)
    job = manifest.get("job")
    if job == "compare":
        adapter = str(manifest["adapter"])
        return compare(config, adapter, on_event=on_event, command=command, resume=folder)
    if job not in ("run", "train"):
        raise RunFolderError(f"{folder}: an older realift made it, which kept nothing to resume")
    return (run if job == "run" else train)(
        config, on_event=on_event, command=command, resume=folder
    )


def compare_scores(path: str | Path, config: Config) -> Verdict:
    """Only the verdict, over 0/1 scores from any other tool (``id,base,adapter[,group]``)."""
    from realift.verdict import verdict_from_csv

    return verdict_from_csv(
        path,
        min_gain=config.min_gain,
        guard_margin=config.guard_margin,
        sequential=config.sequential,
    )


def check(config: Config) -> DataSummary:
    """Look at the data alone: every problem with its line, leaks, what the eval set can show.

    Errors are among the problems of the summary; they are not raised.
    """
    if config.train is None and config.eval is None:
        raise UsageError("nothing to check", hint="give --train FILE, --eval FILE or both")
    from realift.measuring import with_tokens

    data = read_data(config, cross_fit=True, keep_going=True)
    return with_tokens(data.summary, data.examples, data.questions, config)


def write_clean(config: Config, out: str | Path, *, force: bool = False) -> Cleaned:
    """Write the training rows without unusable ones and exact copies (see ``cleaning``)."""
    need(config, "train")
    return cleaning.write_clean(
        str(config.train), out, columns=column_names(config.columns), force=force
    )
