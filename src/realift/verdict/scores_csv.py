"""Judge scores that another tool made: a CSV of right (1) and wrong (0) answers.

Columns ``id,base,adapter`` and, if there, ``group`` (source document) and ``few_shot``; other
columns are ignored.

>>> verdict_from_csv("scores.csv", min_gain=0.10)  # doctest: +SKIP
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from realift.errors import MAX_SHOWN, DataError
from realift.types import Arm, Problem, Question, Score, Verdict, Where
from realift.verdict.decide import decide

DIMENSION = "score"
REQUIRED = ("id", "base", "adapter")
_VALUES = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0}
_ADD = "add a header line: id,base,adapter (and, if you have them, group and few_shot)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTable:
    """The rows of a scores file as questions and scores of dimension ``score``."""

    questions: tuple[Question, ...]
    scores: tuple[Score, ...]


def verdict_from_csv(
    path: str | Path,
    *,
    min_gain: float,
    guard_margin: float = 0.10,
    alpha: float = 0.05,
    sequential: bool = False,
) -> Verdict:
    """Read a scores file and judge it; ``sequential`` as in ``decide``.

    The guards are NOT CHECKED (one score cannot show whether refusals were lost), so the
    recommendation is never SHIP.

    Raises:
        DataError: with every problem found, each with its line.
    """
    table = read_scores(path)
    return decide(
        table.questions,
        table.scores,
        leak_check=None,
        min_gain=min_gain,
        guard_margin=guard_margin,
        primary=DIMENSION,
        alpha=alpha,
        sequential=sequential,
    )


def read_scores(path: str | Path) -> ScoreTable:
    """Read ``id,base,adapter[,group][,few_shot]``; commas, semicolons or tabs.

    Raises:
        DataError: file missing, empty or not UTF-8, columns missing, an id twice or empty, a value
            that is not 0 or 1. Nothing is skipped or guessed.
    """
    file = Path(path)
    lines = _read(file)
    header_line, header = lines[0]
    names = [name.strip().lower() for name in header]
    problems = _header_problems(file, header_line, names)
    if problems:
        raise _error(problems)
    if len(lines) == 1:
        raise DataError(f"{file}: no rows under the header", hint="add one line per question")
    questions: list[Question] = []
    scores: list[Score] = []
    seen: dict[str, int] = {}
    arms: list[Arm] = ["base", "adapter"]
    if "few_shot" in names:
        arms.append("few_shot")
    for number, cells in lines[1:]:
        where = Where(file=str(file), line=number)
        if len(cells) != len(names):
            problems.append(
                _problem(
                    where,
                    "wrong-columns",
                    f"{len(cells)} values for {len(names)} columns",
                    'write one value per column; put texts with commas in "quotes"',
                )
            )
            continue
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
        problems += _id_problems(where, row["id"], seen)
        seen.setdefault(row["id"], number)
        questions.append(
            Question(id=row["id"], where=where, question="", group=row.get("group", ""))
        )
        for arm in arms:
            value = _VALUES.get(row[arm].lower())
            if value is None:
                problems.append(
                    _problem(
                        where,
                        "not-0-or-1",
                        f"column '{arm}' holds {row[arm]!r}, not 0 or 1",
                        "write 1 for a right answer and 0 for a wrong one, or leave the row out",
                    )
                )
                continue
            scores.append(Score(question_id=row["id"], arm=arm, dimension=DIMENSION, value=value))
    if problems:
        raise _error(problems)
    return ScoreTable(questions=tuple(questions), scores=tuple(scores))


def _read(file: Path) -> list[tuple[int, list[str]]]:
    """Non-empty lines with their 1-based numbers; the first is the header."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise DataError(f"{file}: no such file", hint="give the path of a CSV file") from err
    except IsADirectoryError as err:
        raise DataError(
            f"{file}: a folder, not a file", hint="give the path of a CSV file"
        ) from err
    except UnicodeDecodeError as err:
        raise DataError(f"{file}: not UTF-8 text", hint="save the file as UTF-8") from err
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = "," if "," in first else ";" if ";" in first else "\t" if "\t" in first else ","
    reader = csv.reader(StringIO(text), delimiter=delimiter)
    lines = []
    before = 0
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((before + 1, cells))
            before = reader.line_num
    except csv.Error as err:
        raise DataError(f"{file}:{reader.line_num}: not valid CSV: {err}") from err
    if not lines:
        raise DataError(f"{file}: empty", hint=_ADD)
    return lines


def _header_problems(file: Path, line: int, names: list[str]) -> list[Problem]:
    where = Where(file=str(file), line=line)
    out = [
        _problem(where, "missing-column", f"no column '{name}' (found: {', '.join(names)})", _ADD)
        for name in REQUIRED
        if name not in names
    ]
    twice = sorted({name for name in names if names.count(name) > 1})
    out += [
        _problem(where, "column-twice", f"column '{name}' stands twice", "rename or remove one")
        for name in twice
    ]
    return out


def _id_problems(where: Where, id: str, seen: dict[str, int]) -> list[Problem]:
    if not id:
        return [_problem(where, "missing-id", "the id is empty", "give every question an id")]
    if id in seen:
        return [
            _problem(
                where,
                "id-twice",
                f"id {id!r} was used on line {seen[id]}",
                "give every question its own id (several runs of a question are not questions)",
            )
        ]
    return []


def _problem(where: Where, code: str, message: str, hint: str) -> Problem:
    return Problem(severity="error", code=code, message=message, where=where, hint=hint)


def _error(problems: list[Problem]) -> DataError:
    """All problems in one error: the first 20 in words, then a count."""
    shown = [f"{p.where}: {p.message}" for p in problems[:MAX_SHOWN]]
    if len(problems) > MAX_SHOWN:
        shown.append(f"... and {len(problems) - MAX_SHOWN} more")
    hints = list(dict.fromkeys(p.hint for p in problems))
    return DataError("\n".join(shown), hint="; ".join(hints), problems=problems)
