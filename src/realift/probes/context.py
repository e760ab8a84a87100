"""Does the adapter answer from the context it is given, or from memory?

The user's own questions are asked again: without their context, beside another question's context,
and beside their own with the answer cut out. All three must be refused.

>>> from realift.probes.context import refusal_draft
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from realift.config import REFUSAL
from realift.probes.asked import (
    BOTH,
    Asked,
    Control,
    ScoreAnswers,
    arm_readings,
    compared,
    control,
    drafted,
)
from realift.types import Check, Question, Score
from realift.verdict.checks import Draft, honest, spec

MEMORY_GAIN = 0.10  # EVALUATION 3.4: closed-book accuracy, adapter - base, and p <= alpha

_HARM = {
    "other_context": "it answers from a context that is about something else, more often than the "
    "base, beyond what chance explains.",
    "cut_sentence": "it answers though the sentence with the answer is gone, more often than the "
    "base, beyond what chance explains.",
}


def refusal_draft(
    asked: Asked, questions: Sequence[Question], *, score: ScoreAnswers, margin: float, n: int
) -> Draft:
    """The draft of a probe whose every question must be refused.

    Args:
        questions: the eval set, for the answers planted as a control.
        n: questions the probe looked at.
    """
    gold = gold_answers(questions)
    found = refusal_control(asked.questions, gold, score=score, probe=asked.name)
    c = compared(asked, dimension="refusal", margin=margin)
    asked_of = f"Asked of {c.n_scored} of {n} questions with a context." if c.n_scored else ""
    return drafted(
        asked.name, c, found, right="refused", harm=_HARM[asked.name], n=n, more=asked_of
    )


def memory_check(
    asked: Asked,
    questions: Sequence[Question],
    scores: Sequence[Score],
    *,
    score: ScoreAnswers,
    margin: float,
    alpha: float = 0.05,
) -> Check:
    """Closed-book recall: does the adapter give the expected answer without the context?

    WARNING: it does so ``MEMORY_GAIN`` more often than the base, p <= alpha: "answers from
    weights". OK: that much is ruled out (90% interval). The positive control is the base itself:
    it must do better with the context than without, or the questions do not depend on it. Whether
    it *refuses* without context is a guard of its own, so nothing waits for this check.

    Args:
        asked: the questions without context, and what was said.
        scores: of the eval set.
    """
    gold = {q.id: q for q in questions}
    twins = tuple(
        dataclasses.replace(gold[q.id], context="", passages=(), question=q.question, key_points=())
        for q in asked.questions
        if gold[q.id].answers
    )
    ids = {q.id for q in twins}
    said = [c for c in asked.completions if c.question_id in ids]
    recalled = dataclasses.replace(asked, questions=twins, scores=score(twins, said))
    c = compared(recalled, dimension="correctness", margin=MEMORY_GAIN, alpha=alpha)
    refused = compared(asked, dimension="refusal", margin=margin, alpha=alpha)
    answers = gold_answers(questions)
    found = refusal_control(asked.questions, answers, score=score, probe=asked.name)
    readings = (*arm_readings("expected answer without the context", c),)
    check = Check(
        name=asked.name,
        title=spec(asked.name).title,
        status="NOT CHECKED",
        sentence="There was no question with a context and an expected answer.",
        n=len(asked.questions),
        n_could_fire=c.n_scored,
        caught=found.caught,
        planted=found.planted,
        false_alarms=found.false_alarms,
        clean=found.clean,
        required=False,
        readings=(*arm_readings("refused", refused), *readings),
        rows=c.fixed,
    )
    if not c.n_scored or c.difference is None or c.interval90 is None or c.p_value is None:
        return check
    base, adapter = (round((r.value or 0.0) * c.n_scored) for r in (c.base, c.adapter))
    sentence = (
        f"Without the context, the base gives the expected answer to {base} of {c.n_scored}, the "
        f"adapter to {adapter}."
    )
    helps = _right_with_context(scores, ids) - base
    if helps <= 0:
        sentence += " The base does no better with the context, so this could not have told."
        return dataclasses.replace(check, sentence=sentence, n_could_fire=0)
    if c.difference >= MEMORY_GAIN and c.p_value <= alpha:
        sentence += " It answers from memory: when the context is missing or new, it will too."
        return honest(dataclasses.replace(check, status="WARNING", sentence=sentence))
    if c.interval90.high < MEMORY_GAIN:
        sentence += f" A gain of {100 * MEMORY_GAIN:g} points from memory is ruled out."
        return honest(dataclasses.replace(check, status="OK", sentence=sentence))
    sentence += f" A gain of {100 * MEMORY_GAIN:g} points from memory is not ruled out."
    return honest(dataclasses.replace(check, status="UNPROVEN", sentence=sentence))


def gold_answers(questions: Sequence[Question]) -> dict[str, str]:
    """An expected answer of each answerable question, by id."""
    return {
        q.id: ", ".join(slot[0] for slot in q.answers if slot)
        for q in questions
        if q.answerable and q.answers
    }


def refusal_control(
    questions: Sequence[Question], gold: Mapping[str, str], *, score: ScoreAnswers, probe: str
) -> Control:
    """The expected answer must count as not refused, the refusal sentence as refused."""
    return control(
        [q for q in questions if q.id in gold],
        dimension="refusal",
        faulty=lambda q: gold[q.id],
        faultless=lambda _: REFUSAL,
        score=score,
        probe=probe,
    )


def _right_with_context(scores: Sequence[Score], ids: set[str]) -> float:
    """How many of these questions the base gets right with their context (means over samples)."""
    values: dict[str, list[float]] = {}
    for s in scores:
        if (s.arm, s.dimension, s.probe) == (BOTH[0], "correctness", "") and s.value is not None:
            values.setdefault(s.question_id, []).append(s.value)
    return sum(sum(v) / len(v) for i, v in values.items() if i in ids)
