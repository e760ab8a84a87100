"""Files to examples and questions, with everything that is wrong in them.

Nothing is raised while reading; ``raise_if_errors`` does so once, for all problems::

    result = read_examples("train.jsonl")
    raise_if_errors(result.problems)

Formats: JSONL, JSON, CSV/TSV, YAML and Parquet files (``files``); the layout of a training row is
looked at anew for every row (``formats``); eval rows are described in ``questions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from realift.data import formats, questions
from realift.data.columns import renamed
from realift.data.fields import render_context, report_missing
from realift.data.files import load_rows
from realift.data.problems import Findings, raise_if_errors
from realift.data.raw import RawRow, RawRows
from realift.types import Example, Problem, Question, Where

__all__ = [
    "ReadResult",
    "examples_of",
    "questions_of",
    "raise_if_errors",
    "read_examples",
    "read_questions",
    "render_context",
]

Row = TypeVar("Row", Example, Question)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult(Generic[Row]):
    """The usable rows of a file and every problem found in it, in the order of the lines.

    ``columns``: which of the mapped columns the file has.
    """

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    columns: frozenset[str] = frozenset()


def read_examples(path: str | Path, *, columns: Mapping[str, str] = {}) -> ReadResult[Example]:
    """Read training rows. A row's id is its place: ``train.jsonl:17``.

    Args:
        path: the file.
        columns: known name -> column, where the file names its fields otherwise.
    """
    found = Findings()
    return examples_of(load_rows(path, found), found, columns=columns)


def examples_of(
    raw: RawRows, found: Findings, *, columns: Mapping[str, str] = {}
) -> ReadResult[Example]:
    """Raw rows, wherever they come from, as training rows."""
    tidy = renamed(raw, columns)
    rows: list[Example] = []
    needed = (("question", formats.ASKED), ("answer", formats.ANSWERED))
    if _has_columns(tidy.raw, found, needed):
        for row in tidy.raw.rows:
            messages = formats.to_messages(row, found)
            if messages:
                rows.append(Example(id=str(row.where), where=row.where, messages=messages))
    return ReadResult(rows=_unique(rows), problems=found.problems(), columns=tidy.found)


def _unique(rows: list[Example]) -> tuple[Example, ...]:
    """Ids made unique where several rows share a line (``{"data": [...]}`` on one line)."""
    seen: dict[str, int] = {}
    out = []
    for row in rows:
        seen[row.id] = seen.get(row.id, 0) + 1
        again = seen[row.id] > 1
        out.append(
            Example(id=f"{row.id}#{seen[row.id]}", where=row.where, messages=row.messages)
            if again
            else row
        )
    return tuple(out)


def read_questions(path: str | Path, *, columns: Mapping[str, str] = {}) -> ReadResult[Question]:
    """Read the eval set. A row without an id is called ``q<position>`` (1-based)."""
    found = Findings()
    return questions_of(load_rows(path, found), found, columns=columns)


def questions_of(
    raw: RawRows, found: Findings, *, columns: Mapping[str, str] = {}
) -> ReadResult[Question]:
    """Raw rows, wherever they come from, as questions."""
    tidy = renamed(raw, columns)
    rows: list[Question] = []
    seen: dict[str, Where] = {}
    if _has_columns(tidy.raw, found, (("question", questions.ASKED),)):
        for position, row in enumerate(tidy.raw.rows, start=1):
            question = questions.to_question(row, position, found)
            if question is None:
                continue
            first = seen.setdefault(question.id, question.where)
            if first is not question.where:
                found.error(
                    "duplicate-id",
                    f"id '{question.id}' is taken by {first}",
                    question.where,
                    hint="ids must differ; leave them out to have them numbered",
                )
                continue
            rows.append(question)
    return ReadResult(rows=tuple(rows), problems=found.problems(), columns=tidy.found)


def _has_columns(
    raw: RawRows, found: Findings, needed: tuple[tuple[str, tuple[str, ...]], ...]
) -> bool:
    """Whether a table has the needed columns; said once at its header, not once per row."""
    if raw.columns is None or not raw.rows:
        return True
    columns = set(raw.columns)
    if columns & set(formats.TURNS):
        return True
    before = found.n_errors
    for what, names in needed:
        if not columns & {*names, *(("input",) if what == "question" else ())}:
            header = RawRow(where=Where(file=raw.rows[0].where.file, line=1), value={})
            report_missing(header, what, names, found, keys=raw.columns)
    return found.n_errors == before
