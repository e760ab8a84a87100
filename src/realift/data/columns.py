"""Column mapping: rows whose fields have other names than the ones realift knows.

``instruction=frage`` says: the instruction stands in the column ``frage``. A dot goes into an
object: ``answers=gold.text``.

>>> from realift.types import Where
>>> row = RawRow(where=Where(file="a"), value={"frage": "Wer?", "prompt": "x"})
>>> renamed(RawRows(rows=(row,)), {"instruction": "Frage"}).raw.rows[0].value
{'instruction': 'Wer?'}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from realift.data import formats, questions
from realift.data.raw import RawRow, RawRows, tidy_key

_ROLES = (
    frozenset({*formats.ASKED, *questions.ASKED}),
    frozenset({*formats.ANSWERED, *questions.ANSWERS}),
    frozenset({*formats.CONTEXT, *questions.CONTEXT}) - {"input"},
    frozenset(formats.TURNS),
)
_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """Rows under known names, and which of the columns were found in any row."""

    raw: RawRows
    found: frozenset[str]


def renamed(raw: RawRows, columns: Mapping[str, str]) -> Renamed:
    """Give columns their known names. What stood under another name of the same role goes.

    Args:
        raw: the rows of a file.
        columns: known name -> column. A column that a row lacks leaves that row as it is.
    """
    if not columns:
        return Renamed(raw=raw, found=frozenset())
    wanted = {name: column.strip() for name, column in columns.items()}
    found: set[str] = set()
    rows = []
    for row in raw.rows:
        taken = {name: _value(row.value, column) for name, column in wanted.items()}
        there = {name: value for name, value in taken.items() if value is not _ABSENT}
        found.update(wanted[name] for name in there)
        used = {tidy_key(wanted[name]) for name in there}
        replaced = {alias for name in there for alias in _aliases(name)}
        rest = {k: v for k, v in row.value.items() if k not in used and k not in replaced}
        rows.append(RawRow(where=row.where, value=there | rest))
    header = raw.columns
    if header is not None:
        back = {tidy_key(column): name for name, column in wanted.items()}
        header = tuple(back.get(name, name) for name in header)
    return Renamed(raw=RawRows(rows=tuple(rows), columns=header), found=frozenset(found))


def _value(row: Mapping[str, Any], column: str) -> Any:
    value = row.get(tidy_key(column), _ABSENT)
    if value is not _ABSENT or "." not in column:
        return value
    first, *path = column.split(".")
    value = row.get(tidy_key(first), _ABSENT)
    for name in path:
        value = value.get(name, _ABSENT) if isinstance(value, dict) else _ABSENT
    return value


def _aliases(name: str) -> frozenset[str]:
    return next((role for role in _ROLES if name in role), frozenset()) | {name}


def known_names() -> tuple[str, ...]:
    """Every name that a column can be mapped to."""
    return tuple(sorted({*formats.KNOWN, *questions.KNOWN}))
