"""Where rows come from: a file, a folder that ``datasets`` can read, or a dataset of the hub.

``owner/name`` (no file of that name), ``hub:owner/name`` and a folder go through the ``datasets``
library; ``[/subset][@revision][:split]`` may follow. Files are read in ``data/``.

>>> parse("hub:owner/name@v2:test").split
'test'
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from realift.config import HUB, names_dataset
from realift.data.files import load_rows
from realift.data.parquet_rows import INSTALL, to_raw
from realift.data.problems import Findings
from realift.data.raw import RawRows
from realift.data.read import (
    ReadResult,
    examples_of,
    questions_of,
    read_examples,
    read_questions,
)
from realift.hub import asked_if_there
from realift.types import Example, Question, Where

Role = Literal["train", "eval"]
_SPLITS: Mapping[Role, tuple[str, ...]] = {
    "train": ("train",),
    "eval": ("test", "eval", "validation", "valid", "dev"),
}
_ID = re.compile(
    r"(?P<path>[\w.-]+/[\w.-]+)(?:/(?P<subset>[\w.-]+))?(?:@(?P<revision>[\w./-]+))?"
    r"(?::(?P<split>[\w.-]+))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A dataset: hub id or folder, and which part of it (``None`` = the usual one)."""

    path: str
    subset: str | None = None
    revision: str | None = None
    split: str | None = None


def parse(text: str) -> Source:
    """Read ``[hub:]owner/name[/subset][@revision][:split]`` or ``folder[:split]``."""
    plain = text.removeprefix(HUB)
    folder, colon, split = plain.rpartition(":")
    for path, part in ((plain, None), (folder, split)):
        if path and Path(path).is_dir():
            return Source(path=path, split=part)
    match = _ID.fullmatch(plain)
    if match is None:
        return Source(path=folder or plain, split=split if colon and folder else None)
    return Source(**match.groupdict())


def raw_rows(source: str, role: Role, found: Findings) -> RawRows:
    """Rows from wherever they are, before their meaning is decided."""
    return _rows(source, role, found) if names_dataset(source) else load_rows(source, found)


def load_examples(source: str, columns: Mapping[str, str]) -> ReadResult[Example]:
    """Training rows from wherever they are; everything wrong with them is in the result."""
    if not names_dataset(source):
        return read_examples(source, columns=columns)
    found = Findings()
    return examples_of(_rows(source, "train", found), found, columns=columns)


def load_questions(source: str, columns: Mapping[str, str]) -> ReadResult[Question]:
    """The eval set from wherever it is."""
    if not names_dataset(source):
        return read_questions(source, columns=columns)
    found = Findings()
    return questions_of(_rows(source, "eval", found), found, columns=columns)


def facts(source: str, role: Role) -> dict[str, Any]:
    """What the record says about a source: its path and SHA-256, and a dataset's split."""
    if not names_dataset(source):
        return {"path": source, "sha256": file_hash(Path(source))}
    loaded = _load(source, role)
    digest = hashlib.sha256()
    for row in loaded.rows:
        digest.update(json.dumps(row, sort_keys=True, default=str).encode())
    return {"path": source, "sha256": digest.hexdigest(), "split": loaded.split}


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


# --- datasets ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """The rows of a split, or why there are none."""

    rows: Any = ()
    split: str = ""
    code: str = ""
    message: str = ""
    hint: str = ""


def _rows(source: str, role: Role, found: Findings) -> RawRows:
    loaded = _load(source, role)
    name = parse(source).path
    if loaded.message:
        found.error(loaded.code, loaded.message, Where(file=name), hint=loaded.hint)
        return RawRows(rows=())
    file = f"{Path(name).name if Path(name).is_dir() else name}:{loaded.split}"
    raw = to_raw(loaded.rows, file)
    if not raw.rows:
        found.error("no-rows", "no rows in the split", Where(file=file), hint="give another one")
    elif parse(source).split is None:
        found.note("split-chosen", f"read the split '{loaded.split}'", Where(file=file))
    return raw


@functools.lru_cache(maxsize=4)
def _load(source: str, role: Role) -> _Loaded:
    wanted = parse(source)
    try:
        import datasets
    except ImportError:
        return _Loaded(
            code="needs-datasets",
            message=f"no such file; to read '{wanted.path}' as a dataset, datasets is needed",
            hint=f"check the path, or: {INSTALL}",
        )
    datasets.disable_progress_bars()
    folder = Path(wanted.path)
    try:
        if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
            whole = datasets.load_from_disk(wanted.path)
        else:
            with asked_if_there(wanted.path):
                whole = datasets.load_dataset(
                    wanted.path, name=wanted.subset, revision=wanted.revision
                )
    except Exception as err:  # the library raises errors of many kinds, its own and others'
        return _not_loaded(wanted, err)
    if not isinstance(whole, Mapping):
        return _Loaded(rows=whole, split=wanted.split or str(whole.split or "train"))
    names = list(whole)
    chosen = wanted.split or next((n for n in _SPLITS[role] if n in names), None)
    if chosen is None and len(names) == 1:
        chosen = names[0]
    if chosen not in names:
        return _Loaded(
            code="no-such-split",
            message=f"no split '{chosen}'" if chosen else "several splits, and none is named",
            hint=f"name one of them: {', '.join(f'{wanted.path}:{name}' for name in names)}",
        )
    return _Loaded(rows=whole[chosen], split=str(chosen))


def _not_loaded(wanted: Source, err: Exception) -> _Loaded:
    said = " ".join(str(err).split())[:200]
    low = f"{type(err).__name__} {said}".lower()
    if Path(wanted.path).is_dir():
        return _Loaded(
            code="not-a-dataset",
            message=f"is a folder that datasets cannot read: {said}",
            hint="give one file, or a folder with JSONL, CSV or Parquet files",
        )
    if "gated" in low or "401" in low or "403" in low:
        hint = "accept the dataset's terms on its page and log in with 'hf auth login'"
    elif "config name" in low or "builderconfig" in low:
        hint = f"name the subset: {wanted.path}/SUBSET"
    else:
        hint = (
            "check the name and the connection, or give a file; a dataset that was loaded once "
            "is read from the disk"
        )
    return _Loaded(
        code="no-such-dataset",
        message=f"no such file, and no dataset of this name can be loaded: {said}",
        hint=hint,
    )
