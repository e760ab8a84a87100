"""From replies to paired scores. What was not asked, not answered or not readable stays None.

>>> compare_grades(pairs, "judge", read_grades(pairs, plan, replies))  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realift.judge.ask import AskPlan
from realift.judge.material import JUDGED_ARMS, AnswerPair
from realift.judge.prompts import GRADES, PREFERENCES, read_reply
from realift.types import Arm, Comparison, Rate, Score
from realift.verdict.compare import compare
from realift.verdict.paired import wilson

Grades = dict[tuple[str, Arm], int | None]

# Whom a reply prefers, with the base's answer shown first, and with the adapter's.
_BASE_FIRST: dict[str | None, str] = {"first": "base", "second": "adapter", "tie": "tie"}
_ADAPTER_FIRST: dict[str | None, str] = {"first": "adapter", "second": "base", "tie": "tie"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """Who wins each question (1 in the winner's arm), and how often swapping turned it round."""

    wins: Grades
    position_bias: Rate


def grade(replies: Mapping[str, str], key: str | None) -> int | None:
    """The grade in one reply: 1 right, 0 wrong."""
    word = read_reply(replies.get(key or "", ""), GRADES)
    return None if word is None else int(word == "right")


def read_grades(pairs: Sequence[AnswerPair], plan: AskPlan, replies: Mapping[str, str]) -> Grades:
    """The grade of every answer; an empty one is wrong without asking."""
    grades: Grades = {}
    for pair in pairs:
        for arm in JUDGED_ARMS:
            text, at = pair.text(arm), (pair.question.id, arm)
            empty = text is not None and not text.strip()
            grades[at] = 0 if empty else grade(replies, plan.grades.get(at))
    return grades


def read_preferences(
    pairs: Sequence[AnswerPair], plan: AskPlan, replies: Mapping[str, str]
) -> Preferences:
    """The winner of every question: the same one in both orders, else it is a tie.

    Answers that are the same are a tie without asking.
    """
    wins: Grades = {}
    turned = read = 0
    for pair in pairs:
        at = pair.question.id
        winner: str | None = None
        if at in plan.preferences:
            words = [read_reply(replies.get(k, ""), PREFERENCES) for k in plan.preferences[at]]
            if None not in words:
                one, other = _BASE_FIRST[words[0]], _ADAPTER_FIRST[words[1]]
                winner = one if one == other else "tie"
                turned += words[0] == words[1] != "tie"
                read += 1
        elif pair.base is not None and pair.adapter is not None:
            winner = "tie"
        for arm in JUDGED_ARMS:
            wins[at, arm] = None if winner is None else int(winner == arm)
    return Preferences(wins=wins, position_bias=wilson(turned, read))


def compare_grades(pairs: Sequence[AnswerPair], dimension: str, grades: Grades) -> Comparison:
    """The paired comparison of both arms. Its label must not be used: a judge carries none."""
    scores = [
        Score(question_id=question_id, arm=arm, dimension=dimension, value=value)
        for (question_id, arm), value in grades.items()
    ]
    return compare([p.question for p in pairs], scores, dimension=dimension, min_gain=0.10)
