"""Eval rows to questions: contexts, alternatives, key points, groups."""

from __future__ import annotations

import hashlib
import math
from typing import Any

from realift.data.fields import (
    Taken,
    as_flag,
    as_list,
    as_passages,
    as_text,
    is_blank,
    nearest_name,
    render_context,
    report_missing,
    take,
    warn_unknown,
)
from realift.data.problems import Findings
from realift.data.raw import RawRow
from realift.data.text import fold, is_refusal
from realift.types import Passage, Question, Where

ASKED = ("question", "instruction", "prompt")
ANSWERS = (
    "answers", "answer", "output", "expected", "ground_truth", "expected_output", "completion",
    "response",
)  # fmt: skip
CONTEXT = ("context", "contexts", "input")
_OPTIONAL = (
    "id", "key_points", "answerable", "group", "choices", "expected_source", "numeric_tol", "lang",
)  # fmt: skip
KNOWN = (*ASKED, *ANSWERS, *CONTEXT, *_OPTIONAL)
Slots = tuple[tuple[str, ...], ...]


def to_question(row: RawRow, position: int, found: Findings) -> Question | None:
    """The question of an eval row, or ``None`` when something is wrong with it.

    Args:
        row: the raw row.
        position: 1-based place among the rows of the file; names a row without an id.
        found: takes what is wrong.
    """
    before, where = found.n_errors, row.where
    warn_unknown(row, KNOWN, found)
    asked, context = take(row, ASKED, found), take(row, CONTEXT, found)
    if asked is None and context is not None and context.name == "input":
        asked, context = context, None  # {"input": ..., "expected": ...}
    text = _asked_text(asked, row, found)
    passages, given = _context(context, where, found)
    answers = _slots(take(row, ANSWERS, found), where, found)
    answerable, answers = _answerable(row, answers, found)
    name = as_text(row.value.get("id"), "id", where, found)
    group = as_text(row.value.get("group"), "group", where, found)
    source = as_text(row.value.get("expected_source"), "expected_source", where, found)
    lang = as_text(row.value.get("lang"), "lang", where, found)
    points = _slots(_named(row, "key_points"), where, found, each_is_a_slot=True)
    choices = _slots(_named(row, "choices"), where, found, each_is_a_slot=True)
    tolerance = _tolerance(row, found)
    if found.n_errors > before or not text:
        return None
    return Question(
        id=name or f"q{position}",
        where=where,
        question=text,
        context=given,
        passages=passages,
        answers=answers,
        key_points=points,
        answerable=answerable,
        group=group or default_group(text, given),
        choices=tuple(choice[0] for choice in choices),
        expected_source=source or None,
        numeric_tol=tolerance,
        lang=lang or "en",
    )


def default_group(question: str, context: str) -> str:
    """The cluster of a question: its context, or itself when it has none.

    Repeated questions fall together, for they are not independent either.

    >>> default_group("Who?", "A passage.") == default_group("When?", "a passage")
    True
    >>> default_group("Who?", "") == default_group("When?", "")
    False
    """
    text = context or question
    digest = hashlib.sha256((fold(text) or text).encode()).hexdigest()[:10]
    return f"context-{digest}" if context else f"question-{digest}"


def _asked_text(asked: Taken | None, row: RawRow, found: Findings) -> str | None:
    if asked is None:
        if sum(not is_blank(row.value.get(name)) for name in ASKED) < 2:  # else: ambiguous, said
            report_missing(row, "question", ASKED, found)
        return None
    text = as_text(asked.value, asked.name, row.where, found)
    if text == "":
        found.error("empty-question", f"'{asked.name}' is empty", row.where, hint="write it")
    return text


def _context(taken: Taken | None, where: Where, found: Findings) -> tuple[tuple[Passage, ...], str]:
    if taken is None or is_blank(taken.value):
        return (), ""
    passages = as_passages(taken.value, taken.name, where, found)
    if passages is not None:
        return passages, render_context(passages)
    text = as_text(taken.value, taken.name, where, found) or ""
    return (parse_context(text) if text else ()), text


def parse_context(text: str) -> tuple[Passage, ...]:
    """The passages of a plain context: its ``[1] ...`` lines, or the whole as one passage.

    >>> [p.text for p in parse_context("[1] A.\\n[2] B.")]
    ['A.', 'B.']
    >>> [p.text for p in parse_context("A.\\nB.")]
    ['A.\\nB.']
    """
    lines = [line for line in text.split("\n") if line.strip()]
    marks = [f"[{number}] " for number in range(1, len(lines) + 1)]
    if all(line.startswith(mark) for line, mark in zip(lines, marks, strict=True)):
        return tuple(
            Passage(text=line[len(mark) :].strip()) for line, mark in zip(lines, marks, strict=True)
        )
    return (Passage(text=text),)


def _named(row: RawRow, name: str) -> Taken | None:
    return Taken(name=name, value=row.value[name]) if name in row.value else None


def _slots(
    taken: Taken | None, where: Where, found: Findings, *, each_is_a_slot: bool = False
) -> Slots:
    """Slots x alternatives: a text or a list of texts is one slot, a list of lists many."""
    items = as_list(taken.value) if taken else []
    if not taken or not items:
        return ()
    nested = [isinstance(item, list) for item in items]
    if any(nested) and not all(nested):
        found.error(
            "mixed-answers",
            f"'{taken.name}' mixes texts and lists",
            where,
            hint='either alternatives ["a", "b"] or slots of alternatives [["a", "b"], ["c"]]',
        )
        return ()
    grouped = items if any(nested) else [[item] for item in items] if each_is_a_slot else [items]
    slots = tuple(_alternatives(group, taken.name, where, found) for group in grouped)
    return tuple(slot for slot in slots if slot)


def _alternatives(group: list[Any], name: str, where: Where, found: Findings) -> tuple[str, ...]:
    texts = [as_text(item, name, where, found) for item in group]
    if not group or "" in texts:
        found.error(
            "empty-answer",
            f"'{name}' holds an empty alternative",
            where,
            hint='remove it; a question that must be refused has "answerable": false',
        )
    return tuple(dict.fromkeys(text for text in texts if text))


def _answerable(row: RawRow, answers: Slots, found: Findings) -> tuple[bool, Slots]:
    """Whether the question has an answer, and the answers; a refusal as answer means it has not."""
    said = as_flag(row.value.get("answerable"), "answerable", row.where, found)
    refusal = len(answers) == 1 and all(is_refusal(text) for text in answers[0])
    if refusal and said:
        found.each(
            "warning",
            "refusal-answer",
            "the only answer is the refusal sentence, so the question is taken as not answerable, "
            "though the row says it is",
            row.where,
            hint='write "answerable": false',
        )
    elif refusal and said is None:
        found.each(
            "note",
            "refusal-answer",
            "the only answer is the refusal sentence: taken as a question that must be refused",
            row.where,
        )
    if refusal:
        return False, ()
    answerable = said is not False
    if answerable and not answers:
        near = [nearest_name(key, ANSWERS) for key in row.value if key not in KNOWN]
        guess = next((f"name it '{name}', or " for name in near if name), "")
        found.each(
            "warning",
            "missing-answer",
            "no 'answers' though the question is answerable: correctness cannot be scored",
            row.where,
            hint=f'{guess}add the answer; if it must be refused, write "answerable": false',
        )
    if not answerable and answers:
        found.each(
            "warning",
            "answer-to-unanswerable",
            "has answers though it is not answerable; they are kept but never make it right",
            row.where,
            hint='remove the answers, or write "answerable": true',
        )
    return answerable, answers


def _tolerance(row: RawRow, found: Findings) -> float | None:
    raw: Any = row.value.get("numeric_tol")
    if is_blank(raw):
        return None
    try:
        value = float(raw)
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(raw, bool) or not math.isfinite(value) or value < 0:
        found.error(
            "bad-value",
            f"'numeric_tol' is {raw!r}, expected a number of 0 or more",
            row.where,
            hint="0.5 accepts answers that are off by up to 0.5",
        )
        return None
    return value
