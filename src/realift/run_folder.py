"""The run folder: everything one run knows, on disk, and the only thing reports are made from.

Layout (schema ``SCHEMA``, described in ``docs/run_folder.md``)::

    config.yaml  manifest.json  data/{summary.json,train.jsonl,valid.jsonl,questions.jsonl}
    plan.json  training.json  log.jsonl  adapter/  adapters/  answers.jsonl  scores.jsonl
    arms.json  checks.json  verdict.json  advice.json  report.html  report.md

Beside the run folders lie ``ledger.jsonl``, every adapter that was judged, by eval set, and
``index.html``, the list of runs. A run that is not finished also holds ``.lock`` and ``.resume/``.

Files are written to a temporary neighbor and moved into place, so none is ever half-written.
This module must not import torch.

>>> write_json(Path("x/plan.json"), {"a": 1})  # doctest: +SKIP
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal, TypeVar

from realift.errors import RunFolderError
from realift.types import (
    Advice,
    ArmStats,
    Check,
    Completion,
    DataSummary,
    Plan,
    Question,
    RunResult,
    Score,
    TrainResult,
    Verdict,
)

SCHEMA = 1
LOCK = ".lock"  # in a run folder: held while a process works there
_PAUSES = (0.01, 0.05, 0.2, 1.0) if os.name == "nt" else ()  # seconds between tries to move a file
# Names that Windows keeps for devices, whatever comes after a dot.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
Status = Literal["running", "done", "failed", "interrupted"]
T = TypeVar("T")


# --- records <-> plain values ------------------------------------------------------------------


@functools.cache
def _converter() -> Any:
    import cattrs

    return cattrs.Converter(forbid_extra_keys=False)


def to_plain(record: Any) -> Any:
    """A frozen record (or a tuple of them) as JSON-ready values."""
    return _converter().unstructure(record)


def from_plain(cls: type[T], value: Any) -> T:
    """The record back from ``to_plain``; raises ``RunFolderError`` naming what does not fit."""
    import cattrs

    try:
        return _converter().structure(value, cls)  # type: ignore[no-any-return]
    except (cattrs.BaseValidationError, TypeError, KeyError, ValueError) as err:
        details = (
            "; ".join(cattrs.transform_error(err)[:3])
            if isinstance(err, cattrs.BaseValidationError)
            else str(err)
        )
        raise RunFolderError(f"not a {cls.__name__} record: {details}") from err


# --- atomic writes -----------------------------------------------------------------------------


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that replaces it if the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        yield part
        _to_disk(part)
        part.chmod(0o644)
        _move(part, path)
    finally:
        part.unlink(missing_ok=True)


def _move(part: Path, path: Path) -> None:
    """Put a file in the place of another; Windows refuses while somebody is reading that one."""
    for pause in _PAUSES:
        try:
            part.replace(path)
            return
        except PermissionError:
            time.sleep(pause)
    part.replace(path)


def _to_disk(path: Path) -> None:
    """Wait until the bytes are on the disk: else a power cut may leave the new name, empty."""
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all (UTF-8, ``\\n``; lone surrogates become ``?``)."""
    with atomic_path(path) as part:
        part.write_bytes(text.encode("utf-8", errors="replace"))


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all. NaN is refused: an unknown number is ``null``."""
    write_text(
        path, json.dumps(to_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def write_jsonl(path: Path, rows: Iterable[Any]) -> None:
    """Write one JSON value a line, whole or not at all."""
    lines = (json.dumps(to_plain(r), ensure_ascii=False, allow_nan=False) for r in rows)
    write_text(path, "".join(line + "\n" for line in lines))


def read_json(path: Path) -> Any:
    """Read a JSON file of a run; a missing or broken one raises ``RunFolderError``."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as err:
        raise RunFolderError(
            f"{path}: missing", hint="is this a run folder? 'realift runs' lists them"
        ) from err
    except json.JSONDecodeError as err:
        raise RunFolderError(f"{path}:{err.lineno}: not valid JSON: {err.msg}") from err


def read_jsonl(path: Path, cls: type[T]) -> tuple[T, ...]:
    """Read the records of a ``.jsonl`` file; a missing file is an empty tuple."""
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").split("\n")  # JSON may hold U+2028, a "line" elsewhere
    return tuple(from_plain(cls, json.loads(line)) for line in lines if line.strip())


# --- the folder --------------------------------------------------------------------------------


def create(runs_dir: str | Path, name: str | None, *, stem: str) -> Path:
    """Make a new, empty run folder and mark it as running.

    Without a name it is ``<stem>-<counter>``. Raises ``RunFolderError`` if a given name exists:
    a finished run is never written over.
    """
    root = Path(runs_dir)
    if name is not None and (
        not re.fullmatch(r"\w([\w.-]*[\w-])?", name) or _DEVICES.fullmatch(name)
    ):
        raise RunFolderError(
            f"run name {name!r} is not usable as a folder name",
            hint="use letters, digits, '-', '_' and '.', as a name that every system takes",
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
        if name is not None:
            folder = root / name
            folder.mkdir()
        else:
            folder = _first_free(root, re.sub(r"[^\w.-]+", "-", stem) or "run")
    except FileExistsError as err:
        if not root.is_dir():
            raise RunFolderError(
                f"--runs-dir {root}: is a file, not a folder", hint="choose another --runs-dir"
            ) from err
        raise RunFolderError(
            f"{err.filename}: exists already", hint="choose another --name or --runs-dir"
        ) from err
    except OSError as err:
        raise RunFolderError(
            f"{root}: cannot make a run folder: {err.strerror}",
            hint="choose a --runs-dir that you may write to, with room on its disk",
        ) from err
    write_manifest(folder, status="running", created=now())
    return folder


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Mark a run folder as in use by this process; the system lets go when it ends, even killed.

    Raises:
        RunFolderError: another process is using it.
    """
    from filelock import FileLock, Timeout

    path = folder / LOCK
    lock = FileLock(path)
    try:
        lock.acquire(timeout=2)  # somebody may be asking whether it is held
    except Timeout as err:
        raise RunFolderError(
            f"{folder}: this run is still going, in another process",
            hint="wait for it, or end that process first",
        ) from err
    try:
        yield
    finally:
        _let_go(lock, path)


def _let_go(lock: Any, path: Path) -> None:
    """Remove the lock's file while it is held, so that nobody's is removed, and release it."""
    held_open = False
    try:
        path.unlink()
    except OSError:
        held_open = True  # Windows removes no file that is open
    lock.release()
    if held_open:
        with suppress(OSError):
            path.unlink()


def is_live(folder: Path) -> bool:
    """Whether some process, this one included, is working in a run folder."""
    from filelock import FileLock, Timeout

    path = folder / LOCK
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written to: nobody works there
        return False
    lock.release()
    return False


def read_manifest(folder: Path) -> dict[str, Any]:
    """The facts of a run, with the status as it is: a killed run could not write that it is over.

    Raises:
        RunFolderError: no manifest there, a broken file, or a newer schema.
    """
    manifest = read_json(folder / "manifest.json")
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        found = manifest.get("schema") if isinstance(manifest, dict) else None
        raise RunFolderError(
            f"{folder}: schema {found!r}, this realift reads {SCHEMA}",
            hint="use the version of realift that wrote it",
        )
    if manifest.get("status") == "running" and not is_live(folder):
        manifest["status"] = "interrupted"
    return manifest


def _first_free(root: Path, stem: str) -> Path:
    counter = 1
    while True:
        folder = root / f"{stem}-{counter}"
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            counter += 1


def now() -> str:
    """The time as ISO 8601 in UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def remove(folder: Path) -> None:
    """Delete a run folder, and the runs folder with it if nothing else is in there."""
    shutil.rmtree(folder)
    if not any(folder.parent.iterdir()):
        folder.parent.rmdir()


def write_manifest(folder: Path, **facts: Any) -> None:
    """Add facts to ``manifest.json`` (existing keys are replaced, others kept)."""
    path = folder / "manifest.json"
    manifest = read_json(path) if path.exists() else {"schema": SCHEMA, "name": folder.name}
    write_json(path, manifest | facts)


def load(folder: str | Path) -> RunResult:
    """Read a run folder back; parts a run never reached are ``None`` or empty.

    Raises:
        RunFolderError: no manifest there, a broken file, or a newer schema.
    """
    root = Path(folder)
    manifest = read_manifest(root)
    return RunResult(
        name=root.resolve().name,
        folder=str(root),
        manifest=manifest,
        verdict=_optional(root / "verdict.json", Verdict),
        data=_optional(root / "data" / "summary.json", DataSummary),
        plan=_optional(root / "plan.json", Plan),
        training=_optional(root / "training.json", TrainResult),
        arms=_list(root / "arms.json", ArmStats),
        questions=read_jsonl(root / "data" / "questions.jsonl", Question),
        completions=read_jsonl(root / "answers.jsonl", Completion),
        scores=read_jsonl(root / "scores.jsonl", Score),
        checks=_list(root / "checks.json", Check),
        advice=_list(root / "advice.json", Advice),
    )


def _optional(path: Path, cls: type[T]) -> T | None:
    return from_plain(cls, read_json(path)) if path.exists() else None


def _list(path: Path, cls: type[T]) -> tuple[T, ...]:
    return tuple(from_plain(cls, item) for item in read_json(path)) if path.exists() else ()
