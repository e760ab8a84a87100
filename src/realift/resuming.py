"""Going on with a run that was cut short: its settings, its data, and what it has done already.

While a run is under way its folder holds ``.resume/``: the checkpoint of the training under way,
the adapters of folds, and a note on every adapter that is finished. It goes away at the end.

>>> chosen = settings_of(Path("runs/acme-1"), given={"threads": 1})  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realift import run_folder
from realift.config import Config, names_dataset, option_fields, resolve
from realift.errors import DataError, RunFolderError, UsageError
from realift.manifest import adapter_hash, data_facts, versions
from realift.types import Completion, Notice, OnEvent, Plan

if TYPE_CHECKING:
    from realift.answer.keys import AnswerKey
    from realift.model.load import Base
    from realift.train.adapter import Applied
    from realift.train.checkpoint import Checkpoint

PLACE = ".resume"  # in the run folder
MAY_CHANGE = ("threads", "device", "report_to")
_NOT_SETTINGS = ("name", "runs_dir")  # they say which run it is


# --- which run, with which settings ------------------------------------------------------------


def settings_of(folder: Path, given: Mapping[str, Any]) -> Config:
    """The settings a run was started with, with ``threads`` and ``device`` as given now.

    Args:
        given: options by name that were given now; they must be those of the run.

    Raises:
        UsageError: another option is given with another value.
        RunFolderError: the run is done, is still going, or has no settings.
    """
    _check_open(folder)
    config = _saved(folder)
    asked = resolve(flags=given)
    names = [n for n in given if given[n] is not None and n not in (*MAY_CHANGE, *_NOT_SETTINGS)]
    changed = [n for n in names if getattr(asked, n) != getattr(config, n)]
    if changed:
        raise UsageError(
            "\n".join(
                f"--{n.replace('_', '-')}: the run was started with {getattr(config, n)!r}, not "
                f"{getattr(asked, n)!r}"
                for n in changed
            ),
            hint="an interrupted run goes on with its own settings, or its parts would not fit "
            "together; only --threads, --device and --report-to may "
            "change. Other settings: a new run",
        )
    now = {n: getattr(asked, n) for n in MAY_CHANGE if given.get(n) is not None}
    compute = run_folder.read_manifest(folder).get("compute")
    if isinstance(compute, dict) and "device" not in now:
        # "auto" is measured: chosen otherwise now, sums would come out otherwise too
        now.setdefault("threads", config.threads or compute.get("threads"))
        now["dtype"] = compute.get("dtype", config.dtype)
    return dataclasses.replace(config, runs_dir=str(folder.parent), **now)


def _check_open(folder: Path) -> None:
    status = run_folder.read_manifest(folder).get("status")
    if status == "running":
        raise RunFolderError(
            f"{folder}: this run is still going", hint="wait for it, or end its process first"
        )
    if status == "done":
        raise RunFolderError(
            f"{folder}: this run is done, there is nothing to resume",
            hint=f"realift runs show {folder.name}",
        )


def _saved(folder: Path) -> Config:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    path = folder / "config.yaml"
    try:
        values = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as err:
        raise RunFolderError(
            f"{path}: cannot be read, and without its settings the run cannot go on"
        ) from err
    config = resolve(flags=values if isinstance(values, dict) else {})
    by = run_folder.read_manifest(folder).get("given")
    names = {f.name for f in option_fields()}
    given = {k: v for k, v in by.items() if k in names} if isinstance(by, dict) else {}
    return dataclasses.replace(config, given=given)


def check_same(folder: Path, config: Config, on_event: OnEvent) -> None:
    """See that a run goes on with the data it began with; say it if realift has changed since.

    Raises:
        DataError: a file is gone or has other contents.
    """
    manifest = run_folder.read_manifest(folder)
    for file in (config.train, config.eval):
        if file is not None and not names_dataset(file) and not Path(file).is_file():
            raise DataError(
                f"{file}: the run read this file, and it is not there",
                hint="put it back, or resume from the folder in which the run was started",
            )
    now, before = data_facts(config)["data"], manifest.get("data") or {}
    changed = [
        str(facts["path"])
        for name, facts in now.items()
        if facts["sha256"] != (before.get(name) or {}).get("sha256")
    ]
    if changed:
        raise DataError(
            f"{' and '.join(changed)} changed since the run began: its parts would not fit",
            hint="put the old contents back, or start a new run",
        )
    old = manifest.get("versions")
    if isinstance(old, dict):
        other = [f"{k} {old[k]} -> {v}" for k, v in versions().items() if old.get(k, v) != v]
        if other:
            on_event(
                Notice(
                    text=f"other versions than when the run began ({', '.join(other)}): it may end "
                    "a little differently than it would have"
                )
            )


# --- what is done already ----------------------------------------------------------------------


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A place in the run folder for adapters that only answer; gone when the run is done.

    After an error or an interruption it stays, with all else that ``--resume`` needs.
    """
    place = folder / PLACE / "folds"
    place.mkdir(parents=True, exist_ok=True)
    yield place
    shutil.rmtree(folder / PLACE, ignore_errors=True)  # Windows: not while a tensor is mapped


def as_before(folder: Path, number: int, plan: Plan) -> Plan:
    """The plan of the ``number``-th training, computed in the same portions as at first.

    How large they are depends on the memory that is free; smaller ones than then stay as they are.
    """
    path = folder / PLACE / f"plan-{number}.json"
    if not path.exists():
        run_folder.write_json(path, plan)
        return plan
    before = run_folder.from_plain(Plan, run_folder.read_json(path))
    then, now = before.micro_batch_tokens, plan.micro_batch_tokens
    if before.engine != plan.engine or then is None or now is None or now < then:
        return plan
    return dataclasses.replace(
        plan,
        micro_batch_tokens=before.micro_batch_tokens,
        checkpointing=before.checkpointing,
        side_by_side=before.side_by_side and plan.side_by_side,
        packed_weights=before.packed_weights and plan.packed_weights,
    )


def checkpoint_of(folder: Path, number: int, base: Base) -> Checkpoint:
    """The checkpoint of the ``number``-th training of a run."""
    from realift.train.checkpoint import Checkpoint

    path = folder / PLACE / f"training-{number}.safetensors"
    return Checkpoint(path=path, fingerprint=base.fingerprint)


def note_finished(folder: Path, number: int, adapter: Path, base: Base, applied: Applied) -> None:
    """Note that the ``number``-th adapter is trained, saved and proven; its checkpoint goes."""
    note = {
        "adapter_hash": adapter_hash(adapter),
        "fingerprint": base.fingerprint,
        "applied": dataclasses.asdict(applied),
    }
    run_folder.write_json(folder / PLACE / f"finished-{number}.json", note)
    checkpoint_of(folder, number, base).path.unlink(missing_ok=True)


def finished(folder: Path, number: int, adapter: Path, base: Base) -> Applied | None:
    """The proof of the ``number``-th adapter if it is finished and still what was trained."""
    from realift.train.adapter import Applied

    path = folder / PLACE / f"finished-{number}.json"
    if not path.exists():
        return None
    note = run_folder.read_json(path)
    applied = run_folder.from_plain(Applied, note["applied"])
    try:
        same = note["adapter_hash"] == adapter_hash(adapter)
    except OSError:
        return None  # the adapter is gone
    return applied if same and note["fingerprint"] == base.fingerprint else None


def known_answers(folder: Path, base: Base, on_event: OnEvent) -> dict[AnswerKey, Completion]:
    """The answers a run has already; none if they came from another device or precision.

    All arms answer on the same device in the same precision: else a difference might be theirs.
    """
    from realift.answer.keys import key_of

    found = run_folder.read_jsonl(folder / "answers.jsonl", Completion)
    before = run_folder.read_manifest(folder).get("answered_on")
    now = {"device": base.compute.device, "dtype": base.compute.dtype}
    run_folder.write_manifest(folder, answered_on=now)
    if found and before != now:
        on_event(Notice(text=f"all questions are asked again, on {now['device']}"))
        return {}
    if found:
        on_event(Notice(text=f"{len(found)} answers are there already"))
    return {key_of(c): c for c in found}
