"""How well the passages were found, for the terminal: a few figures and the questions missed.

>>> Console().print(Group(*retrieval_block(report)))  # doctest: +SKIP
"""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from realift.report import figures, retrieved
from realift.report.terminal import facts, section
from realift.report.text import clean, one_line
from realift.types import RetrievalReport, Retrieved

N_MISSES = 5  # shown with their texts; all of them stand in data/summary.json


def retrieval_block(report: RetrievalReport) -> list[RenderableType]:
    """Recall, precision, MRR with intervals, recall at other depths, and what was missed."""
    shown = [(name, Text(clean(value))) for name, value in retrieved.figures_of(report)]
    parts = section("Retrieval", facts(shown))
    lost = retrieved.missed(report)
    if lost:
        parts.append(Text(f"Not found: {figures.counted(len(lost), 'question')}", style="bold"))
        parts += [_miss(row) for row in lost[:N_MISSES]]
        if len(lost) > N_MISSES:
            parts.append(Text(f"  and {len(lost) - N_MISSES} more"))
    return parts


def _miss(row: Retrieved) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold", ratio=1)
    expected = f"{one_line(row.expected or '', limit=60)} ({retrieved.place(row)})"
    grid.add_row("  Q", Text(one_line(row.question, limit=120), style="bold"))
    grid.add_row("  expected", Text(expected))
    grid.add_row("  shown", Text(one_line(retrieved.sources(row), limit=120)))
    return grid
