"""The history on a terminal: a table where it fits, short paragraphs where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from realift.history import words
from realift.history.read import EvalSet, RunRow
from realift.report import figures
from realift.report.text import clean, one_line

_TABLE_FROM = 76  # columns from which a run fits on a line
_WIDE_FROM = 100  # columns from which its data does too
_STYLES = {"good": "green", "bad": "red", "unsure": "yellow", "plain": "default"}


@dataclass(frozen=True, slots=True)
class RunTable:
    """The runs, laid out when the width is known. ``now`` is ISO 8601, for the ages."""

    rows: Sequence[RunRow]
    now: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        if width >= _TABLE_FROM:
            yield _table(self.rows, self.now, wide=width >= _WIDE_FROM)
        else:
            yield _stacked(self.rows, self.now)
        yield Text()
        with_data = width >= _WIDE_FROM or width < _TABLE_FROM
        yield Text(words.NOTE + (f"; {words.DATA_NOTE}" if with_data else ""), style="dim")
        cut = [row for row in self.rows if row.status == "interrupted"]
        if cut:
            yield Text(clean(f"to go on: {words.resume_command(Path(cut[0].folder))}"))


def render_eval_sets(sets: Sequence[EvalSet], *, now: str) -> RenderableType:
    """What the ledger knows, one eval set a paragraph."""
    parts: list[RenderableType] = []
    for s in sets:
        head = one_line(s.file, limit=60) or "an eval set of runs that are gone"
        parts.append(Text.assemble((head, "bold"), f"  {s.hash[:12]}"))
        adapters = figures.counted(s.n_adapters, "adapter")
        looks = figures.counted(s.n_looks, "time")
        names = ", ".join(dict.fromkeys(one_line(run, limit=40) for run in reversed(s.runs)))
        parts.append(
            Text(f"  {adapters} judged on it, {looks} in all; last: {words.age(s.last, now=now)}")
        )
        parts.append(Text(f"  runs: {names}", overflow="fold"))
    parts.append(Text())
    parts.append(
        Text(
            "p is multiplied by the number of adapters judged on the same questions: whoever tries "
            "many finds gains by chance.",
            style="dim",
        )
    )
    return Group(*parts)


def _table(rows: Sequence[RunRow], now: str, *, wide: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, int(wide)), pad_edge=False, show_edge=False)
    table.add_column("run", overflow="fold", min_width=8)
    table.add_column("verdict", overflow="fold", min_width=12)
    table.add_column("difference", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    table.add_column("looks", justify="right", no_wrap=True)
    table.add_column("base", overflow="fold")
    if wide:
        table.add_column("data", no_wrap=True)
    table.add_column("age", no_wrap=True)
    for row in rows:
        table.add_row(
            Text(clean(row.name), style="bold"),
            _outcome(row),
            Text(words.change(row)),
            Text(str(row.n) if row.difference is not None else "-"),
            Text(words.looks(row)),
            Text(one_line(row.base, limit=40) or "-"),
            *([Text(words.data(row), style="dim")] if wide else []),
            Text(words.age(row.created, now=now)),
        )
    return table


def _stacked(rows: Sequence[RunRow], now: str) -> Group:
    parts: list[RenderableType] = []
    for row in rows:
        parts.append(Text(clean(row.name), style="bold") + Text("  ") + _outcome(row))
        if row.difference is not None:
            parts.append(Text(f"  {words.change(row)}, n {row.n}, looks {words.looks(row)}"))
        base = one_line(row.base, limit=40) or "base not known"
        parts.append(Text(f"  {base}; {words.age(row.created, now=now)}"))
        parts.append(Text(f"  data {words.data(row)}", style="dim"))
    return Group(*parts)


def _outcome(row: RunRow) -> Text:
    shown = Text(clean(words.outcome(row)), style=_STYLES[words.tone(row)])
    if row.recommendation == "SHIP":
        shown.append(" SHIP")
    if row.error:
        shown.append(f" ({one_line(row.error, limit=60)})", style="default")
    return shown
