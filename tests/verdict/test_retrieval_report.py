"""Recall, precision and MRR with their intervals, and what the verdict says of the missed."""

from __future__ import annotations

import pytest

from realift.types import Question, RetrievalReport, Retrieved, Score, Where
from realift.verdict import decide
from realift.verdict.retrieval import is_low, missed, retrieval_report, with_retrieval


def row(
    number: int, rank: int | None, *, k: int = 2, there: bool | None = None, n: int | None = None
) -> Retrieved:
    found = rank is not None and rank <= k
    return Retrieved(
        question_id=f"q{number}",
        question="Who?",
        expected=f"{number % 3}.md",
        status="found" if found else "missed",
        rank=rank,
        n_expected=int(found) if n is None else n,
        sources=("a", "b")[:k],
        answer_there=there,
    )


def report(*rows: Retrieved, k: int = 2) -> RetrievalReport:
    return retrieval_report(rows, name="bm25", k=k, n_documents=3, n_passages=9)


def test_the_figures_against_hand() -> None:
    r = report(row(0, 1, there=True), row(1, 2, there=False, n=2), row(2, 4), row(3, None))
    assert r.n_judged == 4
    assert r.n_sources == 3
    assert r.recall.value == 2 / 4
    assert r.precision.value == (1 / 2 + 2 / 2 + 0 + 0) / 4
    assert r.mrr.value == (1 + 1 / 2 + 1 / 4 + 0) / 4
    assert (r.answer_there.value, r.answer_there.n) == (1 / 2, 2)
    assert {at.k: at.rate.value for at in r.recall_at} == {
        1: 0.25, 2: 0.5, 4: 0.75, 8: 0.75, 16: 0.75,
    }  # fmt: skip
    assert [q.question_id for q in missed(r)] == ["q2", "q3"]


def test_intervals_are_wilsons_and_wide_enough_for_means() -> None:
    r = report(*(row(n, 1 if n % 2 else 2) for n in range(20)))
    assert r.recall.interval is not None
    assert r.recall.interval.low == pytest.approx(0.8389, abs=1e-4)  # Wilson, 20 of 20
    assert r.mrr.interval is not None
    normal = 1.96 * (0.25**2 / 20) ** 0.5  # of the mean of ten 1 and ten 0.5
    assert r.mrr.interval.low < 0.75 - normal
    assert r.mrr.interval.high > 0.75 + normal


def test_nothing_judged_is_not_measured_never_zero() -> None:
    r = report()
    assert r.recall.value is r.mrr.value is r.precision.value is None
    assert r.recall_at == ()
    assert not is_low(r)


def verdict_with(r: RetrievalReport | None) -> tuple[str, ...]:
    questions = [
        Question(id=str(i), where=Where(file="e"), question="?", answers=(("a",),))
        for i in range(4)
    ]
    scores = [
        Score(question_id=q.id, arm=arm, dimension="correctness", value=1.0)
        for q in questions
        for arm in ("base", "adapter")
    ]
    verdict = decide(questions, scores, leak_check=None, min_gain=0.1, guard_margin=0.1)  # type: ignore[arg-type]
    return with_retrieval(verdict, r).warnings


def test_the_first_warning_says_what_was_missed_and_low_recall_what_to_fix_first() -> None:
    low = verdict_with(report(row(0, 1), row(1, None)))[0]
    assert low.startswith("Fix retrieval first: the expected document was among the 2 passages")
    assert "1 of 2 questions" in low
    assert "not counted for or against the model" in low
    high = verdict_with(report(*(row(n, 1) for n in range(19)), row(20, None)))[0]
    assert high.startswith("the expected document was among")
    assert "19 of 20" in high
    assert verdict_with(report(row(0, 1))) == verdict_with(None)
