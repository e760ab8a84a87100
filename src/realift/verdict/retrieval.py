"""How good a retrieval was, with intervals, and what that means for the verdict.

>>> report = retrieval_report([], name="bm25", k=4, n_documents=0, n_passages=0)
>>> report.recall.value is None, retrieval_sentence(report)
(True, '')
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence

from realift.types import Rate, RecallAt, RetrievalReport, Retrieved, Verdict
from realift.verdict.paired import wilson

LOW_RECALL = 0.8  # below it every fifth question fails before a model is asked
DEPTHS = (1, 2, 4, 8, 16)


def retrieval_report(
    rows: Sequence[Retrieved], *, name: str, k: int, n_documents: int, n_passages: int
) -> RetrievalReport:
    """Recall, precision and mean reciprocal rank over the questions that name their source.

    1. recall@k: share of questions with a passage of the expected document among the k shown.
    2. precision@k: share of the shown passages that are of that document, averaged over questions.
    3. MRR: mean of 1 / rank of its first passage, 0 if it is not found among the first 20.

    Intervals are Wilson's on the number of questions. Precision and MRR are means of values in
    0-1, whose variance is at most p (1 - p): their intervals are too wide rather than too narrow.
    Without questions nothing is measured (``None``, never 0).
    """
    judged = [row for row in rows if row.status != "unjudged"]
    found = [row for row in judged if row.status == "found"]
    told = [row for row in found if row.answer_there is not None]

    def mean(of: Sequence[Retrieved], value: Callable[[Retrieved], float]) -> Rate:
        return wilson(sum(map(value, of)), len(of))

    return RetrievalReport(
        retriever=name,
        k=k,
        n_documents=n_documents,
        n_passages=n_passages,
        n_judged=len(judged),
        n_sources=len({row.expected for row in judged}),
        recall=mean(judged, lambda row: row.status == "found"),
        precision=mean(judged, lambda row: row.n_expected / max(1, len(row.sources))),
        mrr=mean(judged, lambda row: 1 / row.rank if row.rank else 0.0),
        answer_there=mean(told, lambda row: bool(row.answer_there)),
        recall_at=tuple(
            RecallAt(k=depth, rate=mean(judged, functools.partial(_within, depth)))
            for depth in sorted({*DEPTHS, k})
            if judged
        ),
        questions=tuple(rows),
    )


def _within(depth: int, row: Retrieved) -> bool:
    return row.rank is not None and row.rank <= depth


def is_low(report: RetrievalReport) -> bool:
    """Whether the retrieval has to be mended before any adapter can help."""
    return report.recall.value is not None and report.recall.value < LOW_RECALL


def missed(report: RetrievalReport) -> tuple[Retrieved, ...]:
    """The questions whose expected document was not shown to the model."""
    return tuple(row for row in report.questions if row.status in ("missed", "absent"))


def retrieval_sentence(report: RetrievalReport) -> str:
    """What was missed and how it was counted; "" when nothing was."""
    out = missed(report)
    interval = report.recall.interval
    if not out or interval is None:
        return ""
    n = report.n_judged
    these = "1 question is" if len(out) == 1 else f"{len(out)} questions are"
    shown = f"among the {report.k} passages" if report.k > 1 else "the one shown"
    first = "Fix retrieval first: " if is_low(report) else ""
    return (
        f"{first}the expected document was {shown} for {n - len(out)} of {n} questions (95% "
        f"interval {interval.low:.0%} to {interval.high:.0%}). The other "
        f"{these} not counted for or against the model."
    )


def with_retrieval(verdict: Verdict, report: RetrievalReport | None) -> Verdict:
    """The verdict with a warning, before all others, about what the model was never shown."""
    sentence = retrieval_sentence(report) if report else ""
    if not sentence:
        return verdict
    return dataclasses.replace(verdict, warnings=(sentence, *verdict.warnings))
