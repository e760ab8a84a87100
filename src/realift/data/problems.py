"""Collecting what is wrong with the data, so that everything is said at once.

>>> found = Findings()
>>> found.error("empty-file", "no rows", Where(file="a.jsonl"), hint="add some")
>>> print(describe(found.problems()[0]))
a.jsonl: no rows
  hint: add some
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from realift.errors import MAX_SHOWN, DataError
from realift.types import Problem, Severity, Where

_LINES_NAMED = 5  # further lines named in a problem that stands for many rows


@dataclass(slots=True)
class Findings:
    """A growing list of problems. ``each`` ones are gathered: one problem for many rows."""

    _single: list[Problem] = field(default_factory=list)
    _gathered: dict[tuple[str, str], tuple[Problem, list[Where]]] = field(default_factory=dict)
    _n_errors: int = 0

    @property
    def n_errors(self) -> int:
        """Errors so far; a reader compares it before and after a row."""
        return self._n_errors

    def error(self, code: str, message: str, where: Where, *, hint: str = "") -> None:
        """Add a problem that makes the row, or the file, unusable."""
        self._add("error", code, message, where, hint)

    def warning(
        self,
        code: str,
        message: str,
        where: Where,
        *,
        hint: str = "",
        also: Sequence[Where] = (),
    ) -> None:
        """Add something that will probably hurt the result; ``also``: further rows of it."""
        self._add("warning", code, message, where, hint, also)

    def note(
        self,
        code: str,
        message: str,
        where: Where,
        *,
        hint: str = "",
        also: Sequence[Where] = (),
    ) -> None:
        """Add something worth knowing that need not be wrong."""
        self._add("note", code, message, where, hint, also)

    def _add(
        self,
        severity: Severity,
        code: str,
        message: str,
        where: Where,
        hint: str,
        also: Sequence[Where] = (),
    ) -> None:
        self._n_errors += severity == "error"
        self._single.append(
            Problem(
                severity=severity,
                code=code,
                message=message,
                where=where,
                hint=hint,
                also=tuple(also),
            )
        )

    def each(
        self, severity: Severity, code: str, message: str, where: Where, *, hint: str = ""
    ) -> None:
        """Add a problem that many rows may share; it is reported once, with their lines."""
        self._n_errors += severity == "error"
        first = Problem(severity=severity, code=code, message=message, where=where, hint=hint)
        self._gathered.setdefault((code, message), (first, []))[1].append(where)

    def problems(self) -> tuple[Problem, ...]:
        """Everything found, in the order of the lines."""
        gathered = [
            Problem(
                severity=first.severity,
                code=first.code,
                message=first.message + _also(places[1:]),
                where=first.where,
                hint=first.hint,
                also=tuple(places[1:]),
            )
            for first, places in self._gathered.values()
        ]
        return tuple(sorted(self._single + gathered, key=lambda p: p.where.line if p.where else 0))


def _also(places: Sequence[Where]) -> str:
    if not places:
        return ""
    lines = ", ".join(str(place.line) for place in places[:_LINES_NAMED])
    more = len(places) - _LINES_NAMED
    ending = f" and {more} more" if more > 0 else ""
    return f" (also line{'s' if len(places) > 1 else ''} {lines}{ending})"


def describe(problem: Problem) -> str:
    """A problem as text: place and message, then the hint on a line of its own."""
    place = f"{problem.where}: " if problem.where else ""
    return f"{place}{problem.message}" + (f"\n  hint: {problem.hint}" if problem.hint else "")


def raise_if_errors(problems: Iterable[Problem]) -> None:
    """Raise one ``DataError`` that lists the errors among ``problems``; warnings pass.

    The first 20 are written out, the rest is counted; a hint is given once. The error carries
    every problem, warnings and notes too.

    Raises:
        DataError: at least one problem is an error.
    """
    every = tuple(problems)
    errors = [p for p in every if p.severity == "error"]
    if not errors:
        return
    lines: list[str] = []
    hints: set[str] = set()
    for problem in errors[:MAX_SHOWN]:
        place = f"{problem.where}: " if problem.where else ""
        lines.append(place + problem.message)
        if problem.hint and problem.hint not in hints and len(errors) > 1:
            lines.append(f"  hint: {problem.hint}")
        hints.add(problem.hint)
    if len(errors) > MAX_SHOWN:
        lines.append(f"... and {len(errors) - MAX_SHOWN} more errors")
    hint = errors[0].hint if len(errors) == 1 else ""
    raise DataError("\n".join(lines), hint=hint, problems=every)
