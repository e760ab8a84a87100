"""A retrieval in words: the figures with their intervals, and the questions that were missed.

>>> figures_of(report)[1]  # doctest: +SKIP
('recall@4', '83% (95% interval 44% to 97%, n = 6), 6 questions over 6 documents')
"""

from __future__ import annotations

from realift.report import figures
from realift.types import Rate, RecallAt, RetrievalReport, Retrieved


def figures_of(report: RetrievalReport) -> list[tuple[str, str]]:
    """Name and value of every figure, ready to show."""
    k = report.k
    over = (
        f"{figures.counted(report.n_judged, 'question')} over "
        f"{figures.counted(report.n_sources, 'document')}"
    )
    searched = (
        f"{figures.counted(report.n_documents, 'document')} in "
        f"{figures.counted(report.n_passages, 'passage')}, {report.retriever}, "
        f"{figures.counted(k, 'passage')} for each question"
    )
    pairs = [("Searched", searched)]
    if not report.n_judged:
        pairs.append((f"recall@{k}", "not measured: no question names its expected source"))
    else:
        pairs += [
            (f"recall@{k}", f"{_rate(report.recall)}, {over}"),
            (f"precision@{k}", _rate(report.precision)),
            ("MRR", _mean(report.mrr)),
            ("Recall", ", ".join(_depth(at) for at in report.recall_at)),
        ]
    if report.answer_there.n:
        pairs.append(
            ("Answer in it", f"{_rate(report.answer_there)} of those found, word for word")
        )
    return pairs


def missed(report: RetrievalReport) -> list[Retrieved]:
    """The questions whose expected document was not shown to the model."""
    return [row for row in report.questions if row.status in ("missed", "absent")]


def place(row: Retrieved) -> str:
    """Where the expected document was instead."""
    if row.status == "absent":
        return "there is no such document"
    return f"first at place {row.rank}" if row.rank else "not among the first 20"


def sources(row: Retrieved) -> str:
    """What was shown instead."""
    return ", ".join(dict.fromkeys(row.sources)) or "nothing: no passage shares a word with it"


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
    low, high = rate.interval.low, rate.interval.high
    return f"{rate.value:.2f} (95% interval {low:.2f} to {high:.2f}, n = {rate.n})"
