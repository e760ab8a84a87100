"""What stands beside the primary comparison: supporting scores, other dimensions, lengths.

The primary dimension alone carries the label. The others can gain too, but looking at many makes
a false gain likely, so their p-values are corrected together (Holm).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from realift.score import tokens
from realift.types import Comparison, Completion, Question
from realift.verdict.compare import excludes
from realift.verdict.guards import holm
from realift.verdict.phrases import p_text, points


def correct_gains(
    rows: Sequence[Comparison], *, min_gains: Sequence[float], alpha: float = 0.05
) -> tuple[Comparison, ...]:
    """Holm over the rows that were measured: ``p_adjusted`` decides whether a row is a gain.

    Losses keep their label and their plain p: an alarm is not diluted (``judge_guards`` corrects
    what stops an adapter).
    """
    measured = [i for i, row in enumerate(rows) if row.p_value is not None]
    adjusted = dict(zip(measured, holm([rows[i].p_value or 0.0 for i in measured]), strict=True))
    return tuple(
        _corrected(row, adjusted[i], len(measured), min_gain, alpha) if i in adjusted else row
        for i, (row, min_gain) in enumerate(zip(rows, min_gains, strict=True))
    )


def _corrected(
    row: Comparison, p_adjusted: float, n_tested: int, min_gain: float, alpha: float
) -> Comparison:
    if (row.difference or 0.0) < 0:
        return row
    row = dataclasses.replace(row, p_adjusted=p_adjusted)
    if row.label != "REAL GAIN" or p_adjusted <= alpha or row.p_value is None:
        return row
    return dataclasses.replace(
        row,
        label="NO MEANINGFUL GAIN" if excludes(row.interval90, min_gain) else "TOO SMALL TO TELL",
        explanation=(
            f"{row.n_fixed} better, {row.n_broken} worse: {p_text(row.p_value)} counts as "
            f"{p_adjusted:.3f}, since {n_tested} dimensions besides the main one were looked at."
        ),
    )


def clash(main: Comparison, supporting: Comparison, *, alpha: float = 0.05) -> str:
    """Why right/wrong answers and a supporting score contradict each other; "" = they do not.

    Both must be significant (the main one by its label), with opposite signs.
    """
    if main.label not in ("REAL GAIN", "REGRESSION"):
        return ""
    a, b, p = main.difference, supporting.difference, supporting.p_value
    if a is None or b is None or p is None or p > alpha or a * b >= 0:
        return ""
    name = supporting.dimension.replace("_", " ")
    return (
        f"MIXED: {main.dimension} changes by {points(a)}, but {name} by {points(b)} "
        f"({p_text(p)}). Read the changed answers before believing either."
    )


def length_ratio(questions: Sequence[Question], completions: Sequence[Completion]) -> float | None:
    """Words of the adapter's answers / of the base's, over the questions with key points.

    Over questions that both arms answered (all samples of the eval set itself, first adapter).
    None without such questions, or when the base said nothing.
    """
    asked = {q.id: q for q in questions if q.answerable and q.key_points}
    words: dict[str, dict[str, list[int]]] = {"base": {}, "adapter": {}}
    for c in completions:
        question = asked.get(c.question_id)
        if question and c.arm in words and not (c.probe or c.seed) and c.finish != "skipped":
            said = len(tokens(c.text, lang=question.lang))
            words[c.arm].setdefault(c.question_id, []).append(said)
    both = words["base"].keys() & words["adapter"].keys()
    base, adapter = (sum(sum(words[a][i]) / len(words[a][i]) for i in both) for a in words)
    return adapter / base if base else None
