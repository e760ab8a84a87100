"""Several runs on one page: their figures side by side, and each against the first.

A pure function of the run folders, as ``html`` is; it shares its style, its rules and its marks.

>>> render_comparison([run_folder.load("runs/a"), run_folder.load("runs/b")])  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.report import by_question, html, marking, state, view
from realift.report.compare_runs import AnswerChange, DimensionPair, RunsDiff, compare_runs
from realift.report.marking import Piece
from realift.report.text import Shown, show
from realift.types import Comparison, RunResult

_N_ANSWERS = 200  # changed answers shown for one pair
_LIMIT = 1000  # characters shown of one text, halved until all fit
_KINDS = {
    "broken": "right in the first run, wrong in this one",
    "fixed": "wrong in the first run, right in this one",
    "changed": "other words, the same score (or none)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunColumn:
    """One run of the table: its name, and its primary comparison (None = not judged)."""

    result: RunResult
    name: str
    primary: Comparison | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChange:
    """A changed answer: what both runs said, with the words marked that only one says."""

    change: AnswerChange
    a: Shown | None
    b: Shown | None
    a_pieces: tuple[Piece, ...]
    b_pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """The changed answers of one kind; ``n`` counts those too that are not shown."""

    name: str
    help: str
    n: int
    shown: tuple[ShownChange, ...]


def render_comparison(results: Sequence[RunResult]) -> str:
    """The page as HTML text: a table of all runs, then what differs from the first one.

    Texts are cut so that the page stays near 2 MB; that is said where it happens.

    Raises:
        ValueError: fewer than two runs.
    """
    if len(results) < 2:
        raise ValueError("two runs at least are compared")
    diffs = [compare_runs(results[0], other) for other in results[1:]]
    limit = _limit(diffs)
    columns = [_column(result) for result in results]
    rows = [row for r in results if r.verdict for row in view.table_rows(r.verdict)]
    return html.render(
        "compare.html.j2",
        title="Comparison: " + ", ".join(column.name for column in columns),
        columns=columns,
        rows=rows,
        min_gain=max((r.verdict.min_gain for r in results if r.verdict), default=0.1),
        diffs=[(diff, _kinds(diff, limit)) for diff in diffs],
        tables=_tables,
        as_row=_as_row,
        limit=limit,
        anchors={},
    )


def _column(result: RunResult) -> RunColumn:
    verdict = result.verdict
    primary = verdict.comparisons[0] if verdict and verdict.comparisons else None
    return RunColumn(result=result, name=state.name(result), primary=primary)


def _tables(diff: RunsDiff) -> list[tuple[str, tuple[object, ...]]]:
    """The facts that differ, by what they are about; empty ones are left out."""
    found = (
        ("Settings", diff.config),
        ("Data", diff.data),
        ("Base and template", diff.model),
        ("Verdict", diff.verdict),
        ("Machine and versions", diff.machine),
    )
    return [(title, changed) for title, changed in found if changed]


def _as_row(pair: DimensionPair) -> Comparison | None:
    """The picture of ``between`` is drawn as a verdict's is, in the color of no verdict."""
    between, like = pair.between, pair.a or pair.b
    if between is None or like is None:
        return None
    return view.unlabelled(like, difference=between.difference, interval=between.interval)


def _kinds(diff: RunsDiff, limit: int) -> list[Kind]:
    adapter = [c for c in diff.answers if c.arm == "adapter"]
    room = _N_ANSWERS
    kinds = []
    for name, told in _KINDS.items():
        found = [c for c in adapter if c.kind == name]
        shown = tuple(_shown(c, limit) for c in found[:room])
        room -= len(shown)
        if found:
            kinds.append(Kind(name=name, help=told, n=len(found), shown=shown))
    return kinds


def _shown(change: AnswerChange, limit: int) -> ShownChange:
    a = None if change.a is None else show(change.a, limit)
    b = None if change.b is None else show(change.b, limit)
    both = a is not None and b is not None
    return ShownChange(
        change=change,
        a=a,
        b=b,
        a_pieces=_pieces(a, b if both else None),
        b_pieces=_pieces(b, a if both else None),
    )


def _pieces(text: Shown | None, other: Shown | None) -> tuple[Piece, ...]:
    if text is None:
        return ()
    spans = marking.only_here(text.text, other.text) if other is not None else ()
    return tuple(marking.pieces(text.text, spans))


def _limit(diffs: Sequence[RunsDiff]) -> int:
    limit = _LIMIT
    texts = [
        text
        for diff in diffs
        for c in diff.answers[:_N_ANSWERS]
        for text in (c.question.question, by_question.gold(c.question), c.a or "", c.b or "")
    ]
    while limit > 100 and sum(min(len(t), limit) for t in texts) * 3 > html.MAX_BYTES:
        limit //= 2
    return limit
