"""Parquet to raw rows. A row's line is its number, counted from 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from realift.data.problems import Findings
from realift.data.raw import Number, RawRow, RawRows, tidy_key
from realift.types import Where

INSTALL = "pip install 'realift[data]'"


def load_parquet(path: Path, found: Findings) -> RawRows:
    """The rows of a Parquet file; nothing is raised."""
    where = Where(file=path.name)
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        found.error("needs-pyarrow", "reading Parquet needs pyarrow", where, hint=INSTALL)
        return RawRows(rows=())
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as err:
        found.error(
            "bad-parquet",
            f"cannot be read as Parquet: {' '.join(str(err).split())[:200]}",
            where,
            hint="was the file copied whole?",
        )
        return RawRows(rows=())
    return to_raw(table.to_pylist(), path.name)


def to_raw(rows: Iterable[Mapping[str, Any]], file: str) -> RawRows:
    """Rows of a table library as raw rows; numbers and dates become texts, bytes stay."""
    made = tuple(
        RawRow(
            where=Where(file=file, line=number),
            value={tidy_key(str(k)): plain(v) for k, v in row.items()},
        )
        for number, row in enumerate(rows, start=1)
    )
    columns = tuple(made[0].value) if made else ()
    return RawRows(rows=made, columns=columns)


def plain(value: Any) -> Any:
    """A cell as a raw value.

    >>> plain({"a": [1, None, True, 2.5]})
    {'a': ['1', None, True, '2.5']}
    """
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Number(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return value
