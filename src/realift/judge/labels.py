"""The sheet a person fills in: single answers, arm not shown, to check the judge against.

Questions are drawn at random. Both of their answers stand below each other, in random order: the
sheet is balanced, every labelled question tells something about the difference, and whoever stops
halfway has labelled a random half.

>>> write_sheet(Path("labels.csv"), pairs, n=60, seed=0)  # doctest: +SKIP
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from pathlib import Path

from realift.data.files import load_rows
from realift.data.problems import Findings, raise_if_errors
from realift.errors import UsageError
from realift.judge.material import JUDGED_ARMS, AnswerPair, blind_id
from realift.run_folder import write_text
from realift.types import Arm, Question, Where

COLUMNS = ("id", "question", "context", "expected", "answer", "label")
_LABELS = {"1": 1, "right": 1, "0": 0, "wrong": 0}

Labels = dict[tuple[str, Arm], int]


def write_sheet(path: Path, pairs: Sequence[AnswerPair], *, n: int, seed: int) -> int:
    """Write ``n`` answers (rounded down to whole pairs) to label; returns how many there are.

    Fewer are written if the run has fewer. Spreadsheets open the file as it is.

    Raises:
        UsageError: the file exists (labels would be lost), or ``n`` is under 2.
    """
    if path.exists():
        raise UsageError(
            f"{path}: exists already, and may hold labels", hint="give another file name"
        )
    if n < 2:
        raise UsageError(f"--n: {n} must be at least 2", hint="60 is a good number")
    usable = [p for p in pairs if p.base is not None and p.adapter is not None]
    order = random.Random(seed)
    rows = []
    for pair in order.sample(usable, min(n // 2, len(usable))):
        q = pair.question
        for arm in order.sample(JUDGED_ARMS, 2):
            text = pair.text(arm) or ""
            cells = (q.question, q.context, expected_text(q), text)
            rows.append([blind_id(q.id, arm, text), *map(_harmless, cells), ""])
    sheet = io.StringIO(newline="")
    csv.writer(sheet, lineterminator="\n").writerows([COLUMNS, *rows])
    write_text(path, "\ufeff" + sheet.getvalue())  # the mark tells Excel that it is UTF-8
    return len(rows)


def expected_text(question: Question) -> str:
    """The expected answer for a person: parts with AND, wordings with "or".

    >>> from realift.types import Where
    >>> expected_text(Question(id="1", where=Where(file="e"), question="?",
    ...                        answers=(("42", "forty-two"), ("Oslo",))))
    '42 or forty-two AND Oslo'
    """
    return " AND ".join(" or ".join(slot) for slot in question.answers)


def _harmless(cell: str) -> str:
    """A text that a spreadsheet will not take for a formula."""
    return "'" + cell if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def read_labels(path: Path, pairs: Sequence[AnswerPair]) -> Labels:
    """Read a filled-in sheet: ``right``/``1``, ``wrong``/``0``, empty = not labelled.

    Only the columns ``id`` and ``label`` are read.

    Raises:
        DataError: with every problem found, each with its line: a column missing, an id that is
            no answer of this run or stands twice, another word, or no label at all.
    """
    found = Findings()
    raw = load_rows(path, found)
    raise_if_errors(found.problems())
    answers = {
        blind_id(p.question.id, arm, p.text(arm) or ""): (p.question.id, arm)
        for p in pairs
        for arm in JUDGED_ARMS
    }
    labels: Labels = {}
    seen: dict[str, int] = {}
    for name in ("id", "label"):
        if raw.columns is not None and name not in raw.columns:
            found.error(
                "missing-column",
                f"no column '{name}'",
                Where(file=path.name, line=1),
                hint="fill in the sheet that --write-sheet made, and leave its header",
            )
    raise_if_errors(found.problems())
    for row in raw.rows:
        answer, label = (str(row.value.get(k, "") or "").strip() for k in ("id", "label"))
        if not answer and not label:
            continue
        if answer not in answers:
            found.error(
                "unknown-id",
                f"id {answer!r} is no answer of this run",
                row.where,
                hint="the sheet must come from this run; answers that changed need a new sheet",
            )
        elif answer in seen:
            found.error(
                "id-twice", f"id {answer!r} stands on line {seen[answer]} already", row.where
            )
        elif label and label.casefold() not in _LABELS:
            found.error(
                "unknown-label",
                f"label {label!r} is neither right nor wrong",
                row.where,
                hint="write right or 1, wrong or 0, or leave it empty",
            )
        elif label:
            labels[answers[answer]] = _LABELS[label.casefold()]
        seen.setdefault(answer, row.where.line)
    if not labels and not found.n_errors:
        found.error(
            "no-labels",
            "no answer is labelled",
            Where(file=path.name),
            hint="write right or wrong into the column 'label'",
        )
    raise_if_errors(found.problems())
    return labels
