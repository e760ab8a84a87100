"""JSON and JSONL to raw rows. Every row gets its line, in a list written over many lines too."""

from __future__ import annotations

import json
import re
from typing import Any

from realift.data.problems import Findings
from realift.data.raw import WRAPPERS, Number, RawRow, RawRows, make_row
from realift.data.text import shorten
from realift.types import Where


class _Duplicates(list[str]):
    """Field names that occurred twice in one object, noted while decoding."""

    def pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            names = [name for name, _ in pairs]
            self.extend(dict.fromkeys(n for n in names if names.count(n) > 1))
        return value


def _not_json(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _decoder(duplicates: _Duplicates) -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_int=Number,
        parse_float=Number,
        parse_constant=_not_json,
        object_pairs_hook=duplicates.pairs,
    )


def load_json(text: str, file: str, found: Findings) -> RawRows:
    """A list of objects, objects one per line, or objects written over several lines."""
    stripped = text.lstrip()
    if stripped.startswith("["):
        start = len(text) - len(stripped)
        return RawRows(rows=tuple(_json_values(text, file, found, start=start + 1, end="]")))
    first_line = stripped.split("\n", 1)[0]
    if _parses(first_line) or not stripped.startswith("{"):
        return _unwrap(_json_lines(text, file, found), found)
    trial = Findings()
    rows = _json_values(text, file, trial, start=0, end="")
    if not trial.problems():
        return _unwrap(rows, found)
    if file.lower().endswith(".json"):
        _json_values(text, file, found, start=0, end="")
        return RawRows(rows=tuple(rows))
    return RawRows(rows=tuple(_json_lines(text, file, found)))


def _parses(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _unwrap(rows: list[RawRow], found: Findings) -> RawRows:
    """``{"data": [...]}`` holds its rows one level down; only the line of the whole is known."""
    if len(rows) == 1 and len(rows[0].value) == 1:
        ((key, inner),) = rows[0].value.items()
        if key in WRAPPERS and isinstance(inner, list):
            return RawRows(rows=tuple(r for v in inner for r in make_row(v, rows[0].where, found)))
    return RawRows(rows=tuple(rows))


def _json_lines(text: str, file: str, found: Findings) -> list[RawRow]:
    duplicates = _Duplicates()
    decoder = _decoder(duplicates)
    rows: list[RawRow] = []
    # Not splitlines(): a raw U+2028 inside a JSON string is legal and is no end of line.
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if not line.strip():
            continue
        where = Where(file=file, line=number)
        try:
            value = decoder.decode(line)
        except (ValueError, RecursionError) as err:
            _broken(line, err, where, found)
            continue
        _report_duplicates(duplicates, where, found)
        rows += make_row(value, where, found)
    return rows


def _json_values(text: str, file: str, found: Findings, *, start: int, end: str) -> list[RawRow]:
    """Values from ``start`` on: separated by commas up to ``end``, or merely one after another."""
    duplicates = _Duplicates()
    decoder = _decoder(duplicates)
    rows: list[RawRow] = []
    position, line, counted = start, 1, 0
    first = True
    while True:
        position = _skip_space(text, position)
        if end and text.startswith(end, position) and first:
            position += 1
            break
        if not end and position == len(text):
            break
        line += text.count("\n", counted, position)
        counted = position
        where = Where(file=file, line=line)
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as err:
            at = err.lineno if isinstance(err, json.JSONDecodeError) else line
            _broken(text, err, Where(file=file, line=at), found, row_line=line)
            return rows
        _report_duplicates(duplicates, where, found)
        rows += make_row(value, where, found)
        first = False
        position = _skip_space(text, position)
        if end and text.startswith(end, position):
            position += 1
            break
        if end:
            if not text.startswith(",", position):
                at = text.count("\n", 0, position) + 1
                misfit = json.JSONDecodeError("Expecting ',' or ']'", text, position)
                _broken(text, misfit, Where(file=file, line=at), found, row_line=line)
                return rows
            position += 1
    if end and text[position:].strip():
        at = text.count("\n", 0, _skip_space(text, position)) + 1
        found.error(
            "bad-json",
            f"text after the end of the list: {shorten(text[position:], 40)}",
            Where(file=file, line=at),
            hint="the file must hold one list [...] or one object per line",
        )
    return rows


def _skip_space(text: str, position: int) -> int:
    match = re.compile(r"\s*").match(text, position)
    return match.end() if match else position


def _broken(
    text: str, err: Exception, where: Where, found: Findings, *, row_line: int | None = None
) -> None:
    """Report text that is no JSON, with the spot that was found and the likeliest remedy."""
    reason, spot = str(err), text
    if isinstance(err, json.JSONDecodeError):
        reason = f"{err.msg} at column {err.colno}"
        line_start = text.rfind("\n", 0, err.pos) + 1
        spot = text[max(line_start, err.pos - 30) : err.pos + 25].split("\n", 1)[0] or text[-40:]
    elif isinstance(err, RecursionError):
        reason = "nested too deeply"
    row = f" (in the row that begins on line {row_line}; later rows were not read)"
    found.error(
        "bad-json",
        f"not valid JSON: {reason}: {shorten(spot)}" + (row if row_line is not None else ""),
        where,
        hint=_json_hint(spot, reason, one_line=row_line is None),
    )


def _json_hint(spot: str, reason: str, *, one_line: bool) -> str:
    if "NaN" in reason or "Infinity" in reason:
        return 'write null, or a text such as "n/a"'
    if re.search(r"[{,:]\s*'", spot):
        return "JSON needs double quotes: \"instruction\", not 'instruction'"
    if re.search(r",\s*[}\]]", spot):
        return "remove the comma before the closing bracket"
    if "control character" in reason:
        return "write a line break inside a text as \\n"
    if one_line and ("Expecting" in reason or "Unterminated" in reason):
        return "every line must hold one whole object {...}; was the line cut off?"
    return "check quotes, commas and brackets around this place"


def _report_duplicates(duplicates: _Duplicates, where: Where, found: Findings) -> None:
    for name in dict.fromkeys(duplicates):
        found.warning(
            "duplicate-field",
            f"field '{name}' stands twice in the row; the last one counts",
            where,
            hint="keep one",
        )
    duplicates.clear()
