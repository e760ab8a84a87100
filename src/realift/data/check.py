"""Lint of what was read: rows that will hurt the training, questions that will blur the result.

Everything here works on records, so it serves data that came from a program as well as files.
Whether a text refuses is told by a plain comparison with the refusal sentence; ``score/`` has
the real detector, and lies above this room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from realift.config import REFUSAL
from realift.data.duplicates import check_duplicates, check_near_duplicates, collapse_duplicates
from realift.data.encodings import control_characters, html_entity, mojibake, repaired
from realift.data.personal import personal_data
from realift.data.problems import Findings
from realift.data.text import fold, is_refusal, shorten
from realift.types import DataSummary, Example, LeakCheck, Problem, Question, Where

FEW_ROWS = 20
FEW_REFUSALS = 0.03  # share of refusals below which they are called few
MIN_GROUPS = 6  # with fewer independent groups no result can reach p <= 0.05
_SHORT_ANSWER = 12  # words; longer ones may differ without contradicting each other


def check_examples(
    examples: Sequence[Example],
    refusal_phrases: Sequence[str] = (),
    *,
    refuses: Callable[[str], bool] | None = None,
) -> tuple[Problem, ...]:
    """Everything that is wrong with rows that can be read.

    Empty, repeated, nearly repeated and contradicting rows; broken encodings; hints at personal
    data; rows that only answer, hardly refuse or only refuse; too few.

    Args:
        examples: the training rows.
        refusal_phrases: further sentences that count as a refusal.
        refuses: tells whether an answer is a refusal; default: the plain comparison.
    """
    found = Findings()

    def said(text: str) -> bool:
        return is_refusal(text, refusal_phrases) or (refuses is not None and refuses(text))

    refusing = [said(row.answer) for row in examples]
    for row in examples:
        if not row.answer.strip():
            found.error("empty-answer", "the answer is empty", row.where, hint="remove the row")
        _check_text(row, found)
    _check_repeats(
        examples, {id(row) for row, no in zip(examples, refusing, strict=True) if no}, found
    )
    check_near_duplicates(examples, found)
    if not examples:
        return found.problems()
    place = Where(file=examples[0].where.file)
    _check_refusals(sum(refusing), len(examples), place, found)
    if len(examples) < FEW_ROWS:
        found.each(
            "note",
            "few-rows",
            f"{len(examples)} training row{'s' * (len(examples) != 1)}: fewer than {FEW_ROWS}; "
            "little can be learned, and little held out",
            place,
        )
    return found.problems()


def _check_refusals(n_refusals: int, n: int, place: Where, found: Findings) -> None:
    if n_refusals == 0:
        found.warning(
            "no-refusals",
            "all of your rows answer: the model will learn to always answer",
            place,
            hint=f'add rows whose question cannot be answered, with the output "{REFUSAL}"',
        )
    elif n_refusals == n:
        found.warning(
            "only-refusals",
            "all of your rows refuse: the model will learn to always refuse",
            place,
            hint="add rows with answers",
        )
    elif n_refusals < FEW_REFUSALS * n:
        found.note(
            "few-refusals",
            f"{n_refusals} of {n:,} rows refuse, fewer than {FEW_REFUSALS:.0%}: the model may "
            "forget how to",
            place,
            hint=f'add rows whose question cannot be answered, with the output "{REFUSAL}"',
        )


def _check_text(row: Example, found: Findings) -> None:
    """Broken encodings and personal data in one row."""
    text = "\n".join(part for m in row.messages for part in (m.content, m.context) if part)
    broken = mojibake(text)
    if broken:
        found.warning(
            "mojibake",
            f"'{shorten(broken, 30)}' was decoded wrongly (for '{shorten(repaired(broken), 30)}')",
            row.where,
            hint="export the file again as UTF-8, or mend it with a tool such as ftfy",
        )
    if control_characters(text):
        found.each(
            "warning",
            "control-characters",
            "holds control characters, which the model would learn to write",
            row.where,
            hint="remove them; only line breaks and tabs belong in a text",
        )
    entity = html_entity(text)
    if entity:
        found.each(
            "note",
            "html-entities",
            "holds HTML entities such as &amp;, which the model would learn to write",
            row.where,
            hint="unescape them (Python: html.unescape)",
        )
    for kind in personal_data(text):
        severe = "number" in kind and "phone" not in kind
        found.each(
            "warning" if severe else "note",
            "personal-data",
            f"holds what looks like {kind}",
            row.where,
            hint="an adapter may say it again to anybody; replace it unless it is meant to be said",
        )


def _check_repeats(examples: Sequence[Example], refusing: set[int], found: Findings) -> None:
    by_prompt: dict[tuple[str, ...], list[Example]] = defaultdict(list)
    for row in examples:
        by_prompt[_prompt_key(row)].append(row)
    for rows in by_prompt.values():
        by_answer: dict[str, list[Example]] = defaultdict(list)
        for row in rows:
            by_answer[_key(row.answer)].append(row)
        for same in by_answer.values():
            if len(same) > 1:
                lines = _places(same[0].where, [row.where for row in same[1:]])
                found.warning(
                    "duplicate-row",
                    f"the same row again: first in {lines}",
                    same[1].where,
                    hint="keep one; copies count several times in training",
                    also=[row.where for row in same[2:]],
                )
        first, *others = (same[0] for same in by_answer.values())
        for other in others:
            one_refuses = (id(first) in refusing) != (id(other) in refusing)
            _check_contradiction(first, other, one_refuses, found)


def row_key(row: Example) -> tuple[str, ...]:
    """What makes two rows exact copies: prompt and answer, without case, marks and spacing."""
    return (*_prompt_key(row), _key(row.answer))


def _prompt_key(row: Example) -> tuple[str, ...]:
    return tuple(_key(text) for m in row.messages[:-1] for text in (m.role, m.content, m.context))


def _key(text: str) -> str:
    return fold(text) or text.strip()


def _places(first: Where, others: Sequence[Where]) -> str:
    lines = ", ".join(str(place.line) for place in others)
    return f"{first}, again in line{'s' * (len(others) > 1)} {lines}"


def _check_contradiction(
    first: Example, other: Example, one_refuses: bool, found: Findings
) -> None:
    a, b = f" {_key(first.answer)} ", f" {_key(other.answer)} "
    if not one_refuses and (a in b or b in a):
        return  # "Bob" and "Bob manages Alice." agree
    if not one_refuses and max(len(a.split()), len(b.split())) > _SHORT_ANSWER:
        found.each(
            "note",
            "several-answers",
            "answers a question that another row answers in other words",
            other.where,
        )
        return
    found.warning(
        "contradicting-answers",
        f"answers '{shorten(other.answer, 40)}' where {first.where} answers "
        f"'{shorten(first.answer, 40)}' to the same question",
        other.where,
        hint="keep the right one",
    )


def check_questions(questions: Sequence[Question], *, repeats: bool = True) -> tuple[Problem, ...]:
    """Repeated questions, answers inside the question, one-sided or too few questions.

    ``repeats=False``: the questions were made of rows whose repetitions have been named already.
    """
    found = Findings()
    if repeats:
        check_duplicates(collapse_duplicates(questions)[1], found)
    for question in questions:
        if _gives_itself_away(question):
            found.warning(
                "answer-in-question",
                f"'{question.id}' contains its own answer: repeating the question would be right",
                question.where,
                hint="ask without naming the answer, or give the options as 'choices'",
            )
    if questions:
        _check_balance(questions, Where(file=questions[0].where.file), found)
    return found.problems()


def _gives_itself_away(question: Question) -> bool:
    asked = f" {fold(question.question)} "
    if question.choices or " or " in asked or not question.answers:
        return False
    return all(any(f" {fold(text)} " in asked for text in slot) for slot in question.answers)


def _check_balance(questions: Sequence[Question], place: Where, found: Findings) -> None:
    n_answerable = sum(q.answerable for q in questions)
    if n_answerable == len(questions):
        found.warning(
            "no-unanswerable",
            "no question that must be refused: whether the model still refuses is not measured",
            place,
            hint='add questions without an answer: "answerable": false',
        )
    if n_answerable == 0:
        found.warning(
            "no-answerable",
            "no question with an answer: correctness cannot be measured",
            place,
            hint="add questions with 'answers'",
        )
    n_groups = len({q.group for q in questions if q.answerable})
    if n_answerable and n_groups < MIN_GROUPS:
        found.warning(
            "few-groups",
            f"{n_groups} independent group{'s' * (n_groups != 1)} of answerable questions: with "
            f"fewer than {MIN_GROUPS} no result can be told from chance",
            place,
            hint="add questions about other passages",
        )


def summarize(
    examples: Sequence[Example],
    questions: Sequence[Question],
    problems: Sequence[Problem] = (),
    leak_check: LeakCheck | None = None,
    *,
    refusal_phrases: Sequence[str] = (),
) -> DataSummary:
    """Count what was found. ``n_with_context`` and ``n_groups`` are those of the questions."""
    return DataSummary(
        n_examples=len(examples),
        n_questions=len(questions),
        n_answerable=sum(q.answerable for q in questions),
        n_unanswerable=sum(not q.answerable for q in questions),
        n_with_context=sum(bool(q.context) for q in questions),
        n_groups=len({q.group for q in questions}),
        n_refusals_in_train=sum(is_refusal(row.answer, refusal_phrases) for row in examples),
        problems=tuple(problems),
        leak_check=leak_check,
    )
