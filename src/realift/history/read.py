"""Read what the run folders say, quickly: manifest and verdict, never the answers.

>>> list_runs("no/such/folder")
()
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realift import run_folder
from realift.errors import DataError, RunFolderError
from realift.types import Interval, Label, Recommendation
from realift.verdict.ledger import LEDGER, Look, read_looks

INDEX = "index.html"  # in the runs folder: the page that lists them


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run in short. ``None`` = not measured, or not reached.

    ``status``: ``running`` | ``done`` | ``failed`` | ``interrupted`` | ``unreadable`` (``error``
    then says why). ``difference`` and ``interval`` are of the primary dimension, adapter - base,
    in 0-1, over ``n`` questions. ``train_hash`` and ``eval_hash`` are SHA-256 of the files.
    """

    name: str
    folder: str
    status: str
    created: str  # ISO 8601, "" = not known
    command: str = ""
    base: str = ""
    label: Label | None = None
    recommendation: Recommendation | None = None
    dimension: str = ""
    difference: float | None = None
    interval: Interval | None = None
    n: int = 0
    train_hash: str = ""
    eval_hash: str = ""
    n_looks: int | None = None  # adapters judged on the same questions, by now
    seconds: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalSet:
    """What the ledger knows of one eval set: how many adapters were judged on it, and when.

    ``hash`` is over what is asked, whatever the file is called; ``runs`` lists every look.
    """

    hash: str
    file: str  # as the newest run that is still there named it; "" = none is
    n_adapters: int
    n_looks: int
    first: str
    last: str
    runs: tuple[str, ...]


def list_runs(runs_dir: str | Path) -> tuple[RunRow, ...]:
    """Every run in a runs folder, the newest first; a broken one is listed as unreadable."""
    looks = _looks(runs_dir)
    rows = [_row(folder, looks) for folder in _folders(runs_dir)]
    return tuple(sorted(rows, key=lambda row: (row.created, row.name), reverse=True))


def list_eval_sets(runs_dir: str | Path) -> tuple[EvalSet, ...]:
    """The ledger by eval set, the one judged on last first.

    Raises:
        DataError: a line of the ledger is no look.
    """
    files: dict[str, str] = {}
    for folder in _folders(runs_dir):
        manifest = _manifest(folder)
        asked = manifest.get("eval_hash")
        data = manifest.get("data") or {}
        file = data.get("eval") or data.get("train") or {}
        if isinstance(asked, str):
            files[asked] = str(file.get("path", ""))
    by_set: dict[str, list[Look]] = {}
    for look in read_looks(Path(runs_dir) / LEDGER):
        by_set.setdefault(look.eval_hash, []).append(look)
    sets = [
        EvalSet(
            hash=asked,
            file=files.get(asked, ""),
            n_adapters=len({look.adapter_hash for look in looks}),
            n_looks=len(looks),
            first=looks[0].time,
            last=looks[-1].time,
            runs=tuple(look.run for look in looks),
        )
        for asked, looks in by_set.items()
    ]
    return tuple(sorted(sets, key=lambda s: s.last, reverse=True))


def find_run(run: str | Path, runs_dir: str | Path) -> Path:
    """The folder of a run given by its name or its path.

    Raises:
        RunFolderError: there is no such run; names the nearest.
    """
    named = Path(runs_dir) / run
    for folder in (named, Path(run)):
        if (folder / "manifest.json").is_file():
            return folder
    names = run_names(runs_dir)
    near = difflib.get_close_matches(str(run), names, n=1, cutoff=0.5)
    raise RunFolderError(
        f"no run named {str(run)!r} in {Path(runs_dir)}",
        hint=f"did you mean {near[0]!r}? realift runs lists them all"
        if near
        else "realift runs lists what there is; --runs-dir says where to look",
    )


def last_interrupted(runs_dir: str | Path) -> Path:
    """The newest run that stopped before its end and may be resumed.

    Raises:
        RunFolderError: there is none.
    """
    for row in list_runs(runs_dir):
        if row.status == "interrupted":
            return Path(row.folder)
    raise RunFolderError(
        f"no interrupted run in {Path(runs_dir)}",
        hint="realift runs lists what there is; realift run --resume RUN names one",
    )


def run_names(runs_dir: str | Path) -> list[str]:
    """The names alone, in alphabetical order, for completion and suggestions."""
    return [folder.name for folder in _folders(runs_dir)]


def _folders(runs_dir: str | Path) -> list[Path]:
    try:
        found = sorted(Path(runs_dir).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [f for f in found if (f / "manifest.json").is_file() and not f.name.startswith(".")]


def _looks(runs_dir: str | Path) -> dict[str, set[str]]:
    """Adapters by eval set; a broken ledger hides no run, ``runs looks`` says what is wrong."""
    try:
        looks = read_looks(Path(runs_dir) / LEDGER)
    except DataError:
        return {}
    found: dict[str, set[str]] = {}
    for look in looks:
        found.setdefault(look.eval_hash, set()).add(look.adapter_hash)
    return found


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        return run_folder.read_manifest(folder)
    except RunFolderError:
        return {}


def _row(folder: Path, looks: dict[str, set[str]]) -> RunRow:
    try:
        manifest = run_folder.read_manifest(folder)
        verdict = folder / "verdict.json"
        judged = run_folder.read_json(verdict) if verdict.exists() else {}
        return _filled(folder, manifest, judged, looks)
    except (RunFolderError, TypeError, KeyError, AttributeError, ValueError, OSError) as err:
        return RunRow(
            name=folder.name,
            folder=str(folder),
            status="unreadable",
            created="",
            error=str(err) or type(err).__name__,
        )


def _filled(
    folder: Path, manifest: dict[str, Any], verdict: dict[str, Any], looks: dict[str, set[str]]
) -> RunRow:
    primary: dict[str, Any] = next(iter(verdict.get("comparisons", ())), {})
    span = primary.get("interval")
    data = manifest.get("data") or {}
    return RunRow(
        name=folder.name,
        folder=str(folder),
        status=str(manifest.get("status") or "unknown"),
        created=str(manifest.get("created") or ""),
        command=str(manifest.get("command") or ""),
        base=str(manifest.get("base") or ""),
        label=verdict.get("label"),
        recommendation=verdict.get("recommendation"),
        dimension=str(primary.get("dimension", "")),
        difference=primary.get("difference"),
        interval=run_folder.from_plain(Interval, span) if span else None,
        n=int(primary.get("n_scored", 0)),
        train_hash=_sha(data, "train"),
        eval_hash=_sha(data, "eval"),
        n_looks=_count(looks, manifest.get("eval_hash")),
        seconds=manifest.get("seconds"),
        error=str(manifest.get("error") or ""),
    )


def _sha(data: dict[str, Any], file: str) -> str:
    return str((data.get(file) or {}).get("sha256", ""))


def _count(looks: dict[str, set[str]], asked: object) -> int | None:
    return len(looks[asked]) if isinstance(asked, str) and asked in looks else None
