"""What a run leaves on disk besides its results: the manifest, and how far it got."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from realift import run_folder
from realift.config import Config, to_yaml
from realift.errors import RealiftError
from realift.history import write_index
from realift.history.words import resume_command
from realift.inputs import Data
from realift.manifest import data_facts, machine_facts, versions
from realift.report.write import write_reports
from realift.types import OnEvent, RunResult, Started, ignore_event

if TYPE_CHECKING:
    from realift.model.load import Base
    from realift.train.adapter import Applied

Job = Literal["run", "train", "compare"]


@contextmanager
def recording(
    config: Config,
    data: Data,
    *,
    command: str,
    job: Job,
    resume: Path | None = None,
    on_event: OnEvent = ignore_event,
    **facts: Any,
) -> Iterator[Path]:
    """A run folder that says how far it got, however it ends.

    A run that fails before it has anything to keep (a base that cannot be loaded, say) leaves no
    folder behind.

    Args:
        job: which command it is, for ``--resume``.
        resume: the folder of a run that is gone on with; its settings and data are those it has.
        facts: further facts for the manifest.
    """
    stem = Path(config.train or config.eval or "run").stem
    folder = resume or run_folder.create(config.runs_dir, config.name, stem=stem)
    try:
        with run_folder.holding(folder), _ending(folder):
            if resume is None:
                run_folder.write_text(folder / "config.yaml", to_yaml(config))
                run_folder.write_json(folder / "data" / "summary.json", data.summary)
                run_folder.write_jsonl(folder / "data" / "questions.jsonl", data.questions)
                run_folder.write_manifest(
                    folder,
                    command=command,
                    job=job,
                    given=dict(config.given),
                    base=config.base,
                    seed=config.seed,
                    **facts,
                    **data_facts(config),
                    **machine_facts(),
                )
            else:
                _note_resumed(folder, command)
            on_event(Started(folder=str(folder)))
            yield folder
    except BaseException:
        if resume is None and not _worth_keeping(folder):  # Windows removes nothing that is held
            run_folder.remove(folder)
        raise


def _note_resumed(folder: Path, command: str) -> None:
    manifest = run_folder.read_manifest(folder)
    again = {"time": run_folder.now(), "command": command, "versions": versions()}
    over = {key: None for key in ("error", "hint") if key in manifest}
    run_folder.write_manifest(
        folder, status="running", resumed=[*manifest.get("resumed", ()), again], **over
    )


@contextmanager
def _ending(folder: Path) -> Iterator[None]:
    """Write down how the block ended, and how long the run took with its earlier parts."""
    before = run_folder.read_manifest(folder).get("seconds") or 0.0
    started = time.perf_counter() - before
    try:
        yield
    except KeyboardInterrupt as err:
        _end(folder, "interrupted", started)
        err.args = (_kept(folder),)
        raise
    except RealiftError as err:
        _end(folder, "failed", started, error=str(err), hint=err.hint)
        raise
    except BaseException as err:
        _end(folder, "failed", started, error=f"{type(err).__name__}: {err}")
        raise
    else:
        run_folder.write_manifest(folder, seconds=time.perf_counter() - started, status="done")


def _kept(folder: Path) -> str:
    """How to go on with an interrupted run ("" if nothing of it was kept)."""
    if not _worth_keeping(folder):
        return ""
    return f"what was done is kept; to go on: {resume_command(folder)}"


def _end(folder: Path, status: run_folder.Status, started: float, **facts: Any) -> None:
    run_folder.write_manifest(folder, status=status, seconds=time.perf_counter() - started, **facts)
    if _worth_keeping(folder):
        write_reports(folder)
        with suppress(OSError):
            write_index(folder.parent)


def _worth_keeping(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("plan.json", "answers.jsonl"))


def finish(folder: Path) -> RunResult:
    """Read a finished run back, render its reports and the list of runs."""
    result = run_folder.load(folder)
    write_reports(folder, result)
    with suppress(OSError):  # a list that cannot be written is no reason to lose a run
        write_index(folder.parent)
    return result


def record_model(folder: Path, base: Base, applied: Applied) -> None:
    """Note in the manifest which base answered, how, and the proof that the adapter is applied."""
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
        "seed": config.seed,
    }
