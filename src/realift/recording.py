"""What a run leaves on disk besides its results: the manifest, and how far it got."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realift import run_folder
from realift.config import Config, to_yaml
from realift.errors import RealiftError
from realift.history import write_index
from realift.inputs import Data
from realift.manifest import data_facts, machine_facts
from realift.report.write import write_reports
from realift.types import RunResult

if TYPE_CHECKING:
    from realift.model.load import Base
    from realift.train.adapter import Applied


@contextmanager
def recording(config: Config, data: Data, *, command: str) -> Iterator[Path]:
    """A run folder that says how far it got, however it ends.

    A run that fails before it has anything to keep (a base that cannot be loaded, say) leaves no
    folder behind.
    """
    stem = Path(config.train or config.eval or "run").stem
    folder = run_folder.create(config.runs_dir, config.name, stem=stem)
    try:
        with run_folder.holding(folder), _ending(folder, config):
            run_folder.write_text(folder / "config.yaml", to_yaml(config))
            run_folder.write_json(folder / "data" / "summary.json", data.summary)
            run_folder.write_jsonl(folder / "data" / "questions.jsonl", data.questions)
            run_folder.write_manifest(
                folder,
                command=command,
                base=config.base,
                seed=config.seed,
                **data_facts(config),
                **machine_facts(),
            )
            yield folder
    except BaseException:
        if not _worth_keeping(folder):  # now that it is let go of: Windows removes nothing in use
            run_folder.remove(folder)
        raise


@contextmanager
def _ending(folder: Path, config: Config) -> Iterator[None]:
    """Write down how the block ended."""
    started = time.perf_counter()
    try:
        yield
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
    run_folder.write_manifest(folder, status=status, seconds=time.perf_counter() - started, **facts)
    if _worth_keeping(folder):
        write_reports(folder)
        write_index(folder.parent)


def _worth_keeping(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("plan.json", "answers.jsonl"))


def finish(folder: Path) -> RunResult:
    """Render the reports of a finished run and the list of runs, and read the run back."""
    write_reports(folder)
    write_index(folder.parent)
    return run_folder.load(folder)


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
