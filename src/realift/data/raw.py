"""A raw row: a dict with tidy keys and the line it begins on, before its meaning is decided.

Numbers keep the spelling of the file (``1.50`` stays ``1.50``), as ``Number``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from realift.data.problems import Findings
from realift.data.text import shorten
from realift.types import Where

# A file may hold its rows one level down: {"data": [...]}.
WRAPPERS = {"data", "rows", "examples", "questions", "items", "train", "test", "eval"}


class Number(str):
    """A number as it was spelled in the file."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRow:
    """One row with tidy keys. Values are str, Number, bool, None, list or dict."""

    where: Where
    value: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRows:
    """The rows of a file. ``columns``: the header of a table, ``None`` where every row has keys."""

    rows: tuple[RawRow, ...]
    columns: tuple[str, ...] | None = None


def tidy_key(key: str) -> str:
    """A field name without regard to case, spaces, hyphens.

    >>> tidy_key(" Expected-Source ")
    'expected_source'
    """
    return re.sub(r"[\s\-]+", "_", key.strip()).casefold()


def make_row(value: Any, where: Where, found: Findings) -> list[RawRow]:
    """The row in a list, or an empty list when the value is no object."""
    if isinstance(value, dict):
        return [RawRow(where=where, value={tidy_key(str(k)): v for k, v in value.items()})]
    kind = "nothing" if value is None else f"a {_KINDS.get(type(value), type(value).__name__)}"
    found.error(
        "not-an-object",
        f"expected a row with named fields, found {kind}: {shorten(str(value), 40)}",
        where,
        hint='a row looks like {"instruction": "...", "output": "..."}',
    )
    return []


_KINDS = {list: "list", str: "text", bool: "true/false", Number: "number"}
