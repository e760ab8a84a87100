"""Rows that say the same again, and questions that ask the same again."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence

from realift.data.problems import Findings
from realift.data.split import near_copy_groups
from realift.data.text import fold
from realift.types import Example, Message, Question

_NAMED = 5


def check_near_duplicates(examples: Sequence[Example], found: Findings) -> None:
    """Rows whose prompts are near-copies and whose answers are the same.

    Exact duplicates are not repeated here. Near-copies with other answers are left alone: "per
    month" and "per year" are two questions.
    """
    for group in near_copy_groups(examples):
        if len(group) < 2:
            continue
        by_answer: dict[str, list[Example]] = defaultdict(list)
        for number in group:
            row = examples[number]
            by_answer[fold(row.answer) or row.answer.strip()].append(row)
        for rows in by_answer.values():
            different = {_prompt(row): row for row in reversed(rows)}
            if len(different) < 2:
                continue
            first, *others = sorted(different.values(), key=lambda row: row.where.line)
            lines = ", ".join(str(row.where.line) for row in others[:_NAMED])
            more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
            found.note(
                "near-duplicate-row",
                f"nearly the same row again: like {first.where}"
                if len(others) == 1
                else f"{len(others)} rows are nearly {first.where} again: lines {lines}{more}",
                others[0].where,
                hint="keep those that differ in a way users differ; copies count several times",
                also=[row.where for row in others[1:]],
            )


def _prompt(row: Example) -> tuple[str, ...]:
    return tuple(fold(text) for m in row.messages[:-1] for text in (m.content, m.context))


def collapse_duplicates(
    questions: Sequence[Question],
) -> tuple[tuple[Question, ...], tuple[tuple[Question, Question], ...]]:
    """Questions that are exact or near copies of each other become one group (one cluster).

    Returns:
        The questions, in order, and the (first, copy) pairs. Copies stay in the eval set; they
        only stop counting as independent.
    """
    asked = [
        Example(
            id=q.id,
            where=q.where,
            messages=(
                Message(role="user", content=q.question, context=q.context),
                Message(role="assistant", content="."),
            ),
        )
        for q in questions
    ]
    merged: dict[str, str] = {}

    def name(of: str) -> str:
        while of in merged:
            of = merged[of]
        return of

    pairs = []
    for group in near_copy_groups(asked):
        first, *others = (questions[number] for number in group)
        for other in others:
            pairs.append((first, other))
            a, b = name(first.group), name(other.group)
            if a != b:
                merged[b] = a
    if not merged:
        return tuple(questions), tuple(pairs)
    return (
        tuple(dataclasses.replace(q, group=name(q.group)) for q in questions),
        tuple(pairs),
    )


def check_duplicates(pairs: Sequence[tuple[Question, Question]], found: Findings) -> None:
    """Name every question that stands in the eval set twice."""
    for first, other in pairs:
        same = fold(first.question) == fold(other.question) and fold(first.context) == fold(
            other.context
        )
        gold = {fold(text) for slot in first.answers for text in slot}
        also = {fold(text) for slot in other.answers for text in slot}
        contradicts = same and (
            first.answerable != other.answerable or bool(gold and also and not gold & also)
        )
        if contradicts:
            found.warning(
                "contradicting-questions",
                f"'{other.id}' asks the same as '{first.id}' ({first.where}) and expects "
                "something else",
                other.where,
                hint="one of the two can never be right; keep the right one",
            )
            continue
        what = "the same" if same else "nearly the same"
        found.warning(
            "duplicate-question",
            f"'{other.id}' asks {what} as '{first.id}' ({first.where}); the two count as one",
            other.where,
            hint="keep one; a repeated question is no further evidence",
        )
