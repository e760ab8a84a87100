"""How well the passages were found, for the terminal: a few figures and the questions missed.

>>> Console().print(Group(*retrieval_block(report)))  # doctest: +SKIP
"""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from realift.report import figures
from realift.report.terminal import facts, section
from realift.report.text import clean, one_line
from realift.types import Rate, RecallAt, RetrievalReport, Retrieved

N_MISSES = 5  # shown with their texts; all of them stand in data/summary.json


def retrieval_block(report: RetrievalReport) -> list[RenderableType]:
    """Recall, precision, MRR with intervals, recall at other depths, and what was missed."""
    k = report.k
    over = (
        f"{figures.counted(report.n_judged, 'question')} over "
        f"{figures.counted(report.n_sources, 'document')}"
    )
    pairs: list[tuple[str, str | Text]] = [
        (
            "Searched",
            f"{figures.counted(report.n_documents, 'document')} in "
            f"{figures.counted(report.n_passages, 'passage')}, {clean(report.retriever)}, "
            f"{figures.counted(k, 'passage')} for each question",
        )
    ]
    if not report.n_judged:
        pairs.append((f"recall@{k}", "not measured: no question names its expected source"))
    else:
        pairs += [
            (f"recall@{k}", f"{_rate(report.recall)}, {over}"),
            (f"precision@{k}", _rate(report.precision)),
            ("MRR", _mean(report.mrr)),
            ("Recall", ", ".join(_depth(at) for at in report.recall_at)),
        ]  # fmt: skip
    if report.answer_there.n:
        pairs.append(
            ("Answer in it", f"{_rate(report.answer_there)} of those found, word for word")
        )
    parts = section("Retrieval", facts(pairs))
    lost = [row for row in report.questions if row.status in ("missed", "absent")]
    if lost:
        parts.append(Text(f"Not found: {figures.counted(len(lost), 'question')}", style="bold"))
        parts += [_miss(row) for row in lost[:N_MISSES]]
        if len(lost) > N_MISSES:
            parts.append(Text(f"  and {len(lost) - N_MISSES} more"))
    return parts


def _depth(at: RecallAt) -> str:
    return f"@{at.k} {figures.percent(at.rate.value)}"


def _rate(rate: Rate) -> str:
    if rate.value is None or rate.interval is None:
        return figures.NOT_MEASURED
    low, high = figures.percent(rate.interval.low), figures.percent(rate.interval.high)
    return f"{figures.percent(rate.value)} (95% interval {low} to {high}, n = {rate.n})"


def _mean(rate: Rate) -> str:
    if rate.value is None or rate.interval is None:
        return figures.NOT_MEASURED
    return (
        f"{rate.value:.2f} (95% interval {rate.interval.low:.2f} to {rate.interval.high:.2f}, "
        f"n = {rate.n})"
    )


def _miss(row: Retrieved) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold", ratio=1)
    grid.add_row("  Q", Text(one_line(row.question, limit=120), style="bold"))
    if row.status == "absent":
        place = "there is no such document"
    else:
        place = f"first at place {row.rank}" if row.rank else "not among the first 20"
    grid.add_row("  expected", Text(f"{one_line(row.expected or '', limit=60)} ({place})"))
    shown = ", ".join(dict.fromkeys(row.sources)) or "nothing: no passage shares a word with it"
    grid.add_row("  shown", Text(one_line(shown, limit=120)))
    return grid
