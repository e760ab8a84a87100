"""The training rows without those that cannot be used and without exact copies, as a new file.

>>> write_clean("train.jsonl", "clean.jsonl").n_kept  # doctest: +SKIP
97
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realift.config import names_dataset
from realift.data.check import row_key
from realift.data.columns import renamed
from realift.data.formats import to_messages
from realift.data.problems import Findings
from realift.data.raw import Number, RawRow, RawRows
from realift.errors import DataError, UsageError
from realift.run_folder import atomic_path
from realift.sources import raw_rows
from realift.types import Example, Where

_LINES = (".jsonl", ".ndjson", ".csv", ".tsv")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A row that is not in the clean file, and why."""

    where: Where
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What was written. ``faithful``: the kept lines are those of the source, byte by byte."""

    path: str
    n_kept: int
    left_out: tuple[LeftOut, ...]
    faithful: bool


def write_clean(
    source: str, out: str | Path, *, columns: Mapping[str, str] = {}, force: bool = False
) -> Cleaned:
    """Write the usable rows of ``source``, each once, in their order.

    Left out are rows that cannot be read or used (the errors of ``check``) and rows whose prompt
    and answer stood there before (``duplicate-row``). Nothing is repaired or judged: rows that
    contradict each other, say, are for a person to decide.

    1. JSONL, CSV and TSV keep their lines as they are, byte by byte, if ``out`` ends the same.
    2. Everything else is written as JSONL with the fields of the source.

    Args:
        source: training rows, a file or a dataset.
        out: the new file.
        columns: known name -> column.
        force: write over ``out`` if it exists; never over the source.

    Raises:
        UsageError: ``out`` exists, is the source, or has a format that is not written.
        DataError: no row is left, or the file cannot be read at all.
    """
    out = Path(out)
    _check_target(source, out, force=force)
    found = Findings()
    raw = raw_rows(source, "train", found)
    left = [
        LeftOut(where=p.where, reason=p.message)
        for p in found.problems()
        if p.severity == "error" and p.where is not None
    ]
    kept, unusable = _sorted_out(raw, columns)
    left += unusable
    if not kept:
        first = f" ({left[0].where}: {left[0].reason})" if left else ""
        raise DataError(f"{source}: no usable row is left to write{first}")
    suffix = Path(source).suffix.lower()
    lines = _same_lines(Path(source), raw, kept, left) if suffix == out.suffix.lower() else None
    with atomic_path(out) as part:
        part.write_bytes(_as_jsonl(kept) if lines is None else lines)
    left.sort(key=lambda row: row.where.line)
    return Cleaned(
        path=str(out), n_kept=len(kept), left_out=tuple(left), faithful=lines is not None
    )


def _check_target(source: str, out: Path, *, force: bool) -> None:
    if out.exists() and not names_dataset(source) and out.samefile(source):
        raise UsageError(
            f"{out}: this is the file that is read", hint="write the clean rows to another file"
        )
    if out.exists() and not force:
        raise UsageError(f"{out}: exists already", hint="choose another name, or add --force")
    suffix, of_source = out.suffix.lower(), Path(source).suffix.lower()
    if suffix != ".jsonl" and (suffix != of_source or suffix not in _LINES):
        also = f" or {of_source}" if of_source in _LINES else ""
        raise UsageError(
            f"{out}: clean rows are written as .jsonl{also}", hint=f"name it {out.stem}.jsonl"
        )


def _sorted_out(raw: RawRows, columns: Mapping[str, str]) -> tuple[list[RawRow], list[LeftOut]]:
    """The rows to keep, under their own field names, and those to leave out."""
    kept: list[RawRow] = []
    left: list[LeftOut] = []
    first: dict[tuple[str, ...], Where] = {}
    for row, tidy in zip(raw.rows, renamed(raw, columns).raw.rows, strict=True):
        found = Findings()
        messages = to_messages(tidy, found)
        if messages is None:
            faults = [p.message for p in found.problems() if p.severity == "error"]
            left.append(LeftOut(where=row.where, reason="; ".join(faults)))
            continue
        key = row_key(Example(id="", where=row.where, messages=messages))
        if key in first:
            left.append(LeftOut(where=row.where, reason=f"the same row as {first[key]}"))
            continue
        first[key] = row.where
        kept.append(row)
    return kept, left


def _same_lines(
    source: Path, raw: RawRows, kept: Sequence[RawRow], left: Sequence[LeftOut]
) -> bytes | None:
    """The source's bytes without the lines of the rows left out; None if rows share lines."""
    starts = [row.where.line for row in raw.rows]
    if len(set(starts)) < len(starts) or 0 in starts:
        return None
    data = source.read_bytes()
    lines = _LINE.findall(data)
    table = source.suffix.lower() in (".csv", ".tsv")
    if not (table or all(_is_whole(lines[row.where.line - 1]) for row in kept)):
        return None
    left_out = [row.where.line for row in left]
    ends = sorted({*starts, *left_out, len(lines) + 1})
    following = dict(itertools.pairwise(ends))
    dropped = {
        number
        for line in left_out
        for number in range(line, following.get(line, line + 1) if table else line + 1)
    }
    return b"".join(line for number, line in enumerate(lines, start=1) if number not in dropped)


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line.decode("utf-8-sig"))
    except ValueError:
        return False
    return True


def _as_jsonl(rows: Sequence[RawRow]) -> bytes:
    lines = (json.dumps(_plain(row.value), ensure_ascii=False) for row in rows)
    return "".join(line + "\n" for line in lines).encode("utf-8", errors="replace")


def _plain(value: Any) -> Any:
    if isinstance(value, Number):
        try:
            return json.loads(value)
        except ValueError:
            return str(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value
