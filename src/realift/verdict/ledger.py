"""The ledger: every adapter that was ever scored on an eval set.

Whoever tries ten adapters on one eval set and keeps the best has looked ten times: of ten that do
nothing, one "gains" in 17 of 100 cases. So each look is written down, and p is multiplied by the
number of adapters.

>>> import tempfile
>>> path = Path(tempfile.mkdtemp()) / "ledger.jsonl"
>>> look = Look(eval_hash="e", adapter_hash="a", run="acme-1", time="2026-01-02T03:04:05+00:00")
>>> record_look(path, look), record_look(path, look)
(1, 1)
>>> record_look(path, dataclasses.replace(look, adapter_hash="b"))
2
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from realift.errors import DataError

LEDGER = "ledger.jsonl"  # its name in the runs folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One adapter scored on one eval set; ``time`` in ISO 8601."""

    eval_hash: str
    adapter_hash: str
    run: str
    time: str


def record_look(path: str | Path, look: Look) -> int:
    """Write a look down and count the distinct adapters scored on its eval set, this one included.

    A lock beside the file (``ledger.jsonl.lock``) keeps other processes waiting meanwhile: without
    it they may read a line of which only a part is there. The same adapter again is no new look.

    Raises:
        DataError: the ledger has a broken line (nothing is written then).
    """
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    with _locked(file):
        seen = [*_read(file), look]
        line = json.dumps(dataclasses.asdict(look), ensure_ascii=False) + "\n"
        with file.open("ab", buffering=0) as out:  # unbuffered: one write, or none
            out.write(line.encode("utf-8"))
    return len({other.adapter_hash for other in seen if other.eval_hash == look.eval_hash})


def read_looks(path: str | Path) -> tuple[Look, ...]:
    """All looks, oldest first; no file, no looks.

    Raises:
        DataError: naming file and line of what is not a look.
    """
    file = Path(path)
    if not file.exists():
        return ()
    with _locked(file):
        return _read(file)


def _locked(file: Path) -> FileLock:
    return FileLock(f"{file}.lock")


def _read(file: Path) -> tuple[Look, ...]:
    lines = file.read_bytes().split(b"\n") if file.exists() else []
    return tuple(_look(file, i, line) for i, line in enumerate(lines, start=1) if line.strip())


def _look(file: Path, number: int, line: bytes) -> Look:
    names = [f.name for f in dataclasses.fields(Look)]
    try:
        found = json.loads(line)
        values = {name: found[name] for name in names}
    except (ValueError, KeyError, TypeError) as err:
        raise _broken(file, number) from err
    if not all(isinstance(value, str) for value in values.values()):
        raise _broken(file, number)
    return Look(**values)


def _broken(file: Path, number: int) -> DataError:
    return DataError(
        f"{file}:{number}: not a look (an object with eval_hash, adapter_hash, run and time)",
        hint="mend or remove this line; without it the number of adapters tried is not known",
    )
