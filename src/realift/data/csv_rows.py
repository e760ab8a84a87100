"""CSV and TSV to raw rows. A row's line is the one it begins on; cells may span lines."""

from __future__ import annotations

import csv
import io

from realift.data.problems import Findings
from realift.data.raw import RawRow, RawRows, tidy_key
from realift.data.text import shorten
from realift.types import Where


def load_csv(text: str, file: str, found: Findings) -> RawRows:
    """A table with a header line; the separator is a comma, semicolon or tab."""
    if "\n" not in text:  # line ends of old Macs, and of Excel's "CSV (Macintosh)"
        text = text.replace("\r", "\n")
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns: tuple[str, ...] | None = None
    rows: list[RawRow] = []
    while True:
        where = Where(file=file, line=reader.line_num + 1)
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as err:
            _broken_csv(err, where, found)
            if columns is None:
                break
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = tuple(tidy_key(cell) for cell in cells)
            twice = [c for c in dict.fromkeys(columns) if c and columns.count(c) > 1]
            if twice:
                found.error(
                    "duplicate-column",
                    f"column '{twice[0]}' stands twice in the header",
                    where,
                    hint="rename one of them",
                )
                break
            continue
        if len(cells) > len(columns):
            found.error(
                "too-many-cells",
                f"{len(cells)} cells where the header has {len(columns)} columns: "
                f"{shorten(delimiter.join(cells))}",
                where,
                hint=f'put texts that contain "{delimiter}" in double quotes',
            )
            continue
        rows.append(
            RawRow(where=where, value={k: v for k, v in zip(columns, cells, strict=False) if k})
        )
    return RawRows(rows=tuple(rows), columns=columns or ())


def _delimiter(text: str) -> str:
    """The separator that cuts the first line into the most cells (comma when there is none).

    >>> _delimiter("question;answer")
    ';'
    """
    head = text.lstrip().split("\n", 1)[0]
    return max((",", ";", "\t"), key=lambda d: len(next(csv.reader([head], delimiter=d))))


def _broken_csv(err: csv.Error, where: Where, found: Findings) -> None:
    open_quote = "unexpected end of data" in str(err)
    found.error(
        "bad-csv",
        "a quote that opens in this row is never closed"
        if open_quote
        else f"not a valid CSV row: {err}",
        where,
        hint="put texts this long in a JSONL file"
        if "field limit" in str(err)
        else 'inside a quoted text, write a double quote as ""',
    )
