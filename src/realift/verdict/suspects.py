"""The verdict without the questions that look like training rows, beside the one with them.

>>> from realift.types import LeakCheck
>>> suspects(LeakCheck(leaks=(), n_questions=3, n_could_fire=3, controls_caught=0,
...                    controls_planted=0))
frozenset()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from realift.types import Comparison, LeakCheck, Question, Score

Compare = Callable[[Sequence[Question], Sequence[Score]], Comparison]


def suspects(check: LeakCheck | None) -> frozenset[str]:
    """Ids of the questions that a training row is like, in question, answer or context."""
    return frozenset(leak.question_id for leak in check.leaks) if check else frozenset()


def without_suspects(
    questions: Sequence[Question],
    scores: Sequence[Score],
    check: LeakCheck | None,
    compare: Compare,
) -> str:
    """One sentence with the label that the other questions give; "" when there are no suspects.

    Args:
        compare: the comparison that carries the label, for other questions and scores.
    """
    apart = suspects(check) & {q.id for q in questions}
    if not apart:
        return ""
    kept = [q for q in questions if q.id not in apart]
    row = compare(kept, [s for s in scores if s.question_id not in apart]) if kept else None
    these = f"the {len(apart)} suspects" if len(apart) > 1 else "the suspect"
    if row is None or not row.n_scored or row.difference is None:
        return f"Without {these} (questions like a training row) nothing is left to judge."
    p = row.p_value if row.p_adjusted is None else row.p_adjusted
    return (
        f"Without {these} (questions like a training row): {row.label}, "
        f"{100 * row.difference:+.0f} points on {row.n_scored} questions"
        + (f", p = {p:.3g}." if p is not None else ".")
    )
