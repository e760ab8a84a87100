"""Would copying do as well? Each question answered with the answer of its nearest training row.

The leak check does not see a paraphrase of a training question (0 of 15 in EVALUATION.md, section
3.1). What gives it away: the answer of the nearest row is as often right as the adapter. Then the
questions may be reworded training rows, and a gain may be memory. A hint, no proof: where the rows
are meant to teach the very facts that are asked, it fires too.
"""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable, Mapping, Sequence

from realift.data.folds import Fold
from realift.data.nearest import nearest
from realift.types import Check, Completion, Example, GuardStatus, Message, Question, Reading, Score
from realift.verdict.checks import honest, not_checked
from realift.verdict.paired import wilson

NAME = "copy_baseline"
TITLE = "better than copying the nearest training row"
MIN_FIXED = 5  # fixed questions from which their share means something
SAME_FIXED = 0.7  # share of the fixed questions that copying gets right too
_PLANTED = 5
_SHUFFLES = 5
Part = tuple[Sequence[Example], Sequence[Question]]  # rows to copy from, and who asks them
ScoreAnswers = Callable[[Sequence[Question], Sequence[Completion]], Sequence[Score]]


def copied(
    examples: Sequence[Example],
    questions: Sequence[Question],
    *,
    score: ScoreAnswers,
    answers: Sequence[str] | None = None,
) -> dict[str, float]:
    """The score (0-1) of the nearest row's answer, by question; unscored questions are left out.

    Args:
        examples: the training rows.
        questions: the eval set.
        score: questions and completions -> scores; those of correctness are used.
        answers: instead of the rows' own answers, one for each row.
    """
    if not examples:
        return {}
    said = dict(zip((e.id for e in examples), answers or [e.answer for e in examples], strict=True))
    completions = []
    for q in questions:
        (row,) = nearest(f"{q.question}\n{q.context}", examples, 1)
        completions.append(
            Completion(
                question_id=q.id, arm="adapter", text=said[row.id], n_tokens=0, finish="stop"
            )
        )
    return {
        s.question_id: s.value
        for s in score(questions, completions)
        if s.dimension == "correctness" and s.value is not None
    }


def copy_baseline(
    examples: Sequence[Example],
    questions: Sequence[Question],
    base_scores: Mapping[str, float],
    adapter_scores: Mapping[str, float],
    *,
    score: ScoreAnswers,
    folds: Sequence[Fold] = (),
    seed: int = 0,
) -> Check:
    """Compare the adapter with copying, with controls both ways.

    1. Every answerable question that both arms were scored on is answered by copying.
    2. WARNING when the adapter gained and copying is not more than one standard error below it,
       or when copying is right on 70% of at least five questions that the adapter fixed. OK when
       the 95% interval of copying lies below the adapter; else UNPROVEN.
    3. Positive control: with a question and its right answer planted among the rows, copying must
       find it. Negative control: with the answers of the rows shuffled the rule must not fire.

    Args:
        base_scores: correctness of the base by question id (0-1; means over samples).
        adapter_scores: the same of the adapter.
        folds: of a cross-fit; each question is then copied from the rows of its own fold.
        seed: of the shuffles.

    Returns:
        The check. Without rows, questions or a gain nothing could fire, and it is NOT CHECKED.
    """
    pools: list[Part] = [(f.examples, f.questions) for f in folds] or [(examples, questions)]
    parts: list[Part] = [
        (rows, [q for q in asked if q.answerable and q.answers and q.id in base_scores])
        for rows, asked in pools
    ]
    copy: dict[str, float] = {}
    for rows, asked in parts:
        copy |= copied(rows, asked, score=score)
    ids = [i for i in copy if i in adapter_scores]
    base = _mean(base_scores, ids)
    adapter = _mean(adapter_scores, ids)
    fixed = [i for i in ids if adapter_scores[i] > base_scores[i]]
    both = [i for i in fixed if copy[i] == 1]
    n, gained = len(ids), bool(ids) and adapter > base
    if not ids:
        why = "Not checked: no answerable question and training rows to copy from."
        return not_checked(NAME, why, title=TITLE)
    rate = _mean(copy, ids)
    counts = (
        f"Copying the answer of the most similar training row is right on {100 * rate:.0f}% of "
        f"{n} questions, the adapter on {100 * adapter:.0f}%, the base on {100 * base:.0f}%."
    )
    if not gained:
        why = f"{counts} There is no gain that copying could explain."
        unchecked = not_checked(NAME, why, title=TITLE, n=n)
        return dataclasses.replace(unchecked, readings=_readings(n, rate, base, adapter))
    leak_like = _leak_like(copy, adapter_scores, fixed, ids)
    upper = wilson(round(rate * n), n).interval
    below = upper is not None and upper.high < adapter
    caught, planted = _planted(parts, score)
    status: GuardStatus = "WARNING" if leak_like else "OK" if below else "UNPROVEN"
    meaning = {
        "WARNING": "The questions may be training rows in other words: the gain may be memory. "
        "Where the rows are meant to teach these very facts, that is what was wanted.",
        "OK": "The adapter does more than copy.",
        "UNPROVEN": "With so few questions the two cannot be told apart.",
    }[status]
    if fixed:
        counts += f" Of the {len(fixed)} questions the adapter fixed, copying gets {len(both)}."
    check = Check(
        name=NAME,
        title=TITLE,
        status=status,
        sentence=f"{counts} {meaning}",
        n=n,
        n_could_fire=n,
        caught=caught,
        planted=planted,
        false_alarms=sum(
            _leak_like(_shuffled(parts, score, seed + k), adapter_scores, fixed, ids)
            for k in range(_SHUFFLES)
        ),
        clean=_SHUFFLES,
        required=False,
        readings=_readings(n, rate, base, adapter),
        rows=tuple(both),
    )
    return honest(check)


def _mean(values: Mapping[str, float], ids: Sequence[str]) -> float:
    return math.fsum(values[i] for i in ids) / len(ids) if ids else 0.0


def _leak_like(
    copy: Mapping[str, float],
    adapter: Mapping[str, float],
    fixed: Sequence[str],
    ids: Sequence[str],
) -> bool:
    rate, own = _mean(copy, ids), _mean(adapter, ids)
    error = math.sqrt(own * (1 - own) / len(ids))
    share = sum(copy[i] == 1 for i in fixed) / len(fixed) if fixed else 0.0
    return rate >= own - error or (len(fixed) >= MIN_FIXED and share >= SAME_FIXED)


def _shuffled(parts: Sequence[Part], score: ScoreAnswers, seed: int) -> dict[str, float]:
    out: dict[str, float] = {}
    for rows, asked in parts:
        answers = [row.answer for row in rows]
        random.Random(f"{seed}/copies").shuffle(answers)
        out |= copied(rows, asked, score=score, answers=answers)
    return out


def _planted(parts: Sequence[Part], score: ScoreAnswers) -> tuple[int, int]:
    rows, asked = max(parts, key=lambda part: len(part[1]))
    step = max(1, len(asked) // _PLANTED)
    chosen = list(asked[::step][:_PLANTED])
    made = [
        Example(
            id=f"control:{q.id}",
            where=q.where,
            messages=(
                Message(role="user", content=f"Tell me: {q.question}", context=q.context),
                Message(role="assistant", content=", ".join(slot[0] for slot in q.answers)),
            ),
        )
        for q in chosen
    ]
    right = copied([*made, *rows], chosen, score=score)
    return sum(value == 1 for value in right.values()), len(chosen)


def _readings(n: int, copy: float, base: float, adapter: float) -> tuple[Reading, ...]:
    rates = (("right by copying", "", copy), ("right", "base", base), ("right", "adapter", adapter))
    return tuple(
        Reading(
            name=name,
            arm=arm,
            value=value,
            unit="share",
            n=n,
            interval=wilson(round(value * n), n).interval,
        )
        for name, arm, value in rates
    )
