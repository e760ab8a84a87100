"""Does it refuse what nobody can know, and still answer when the passage is there?

Questions about things that do not exist ship with the package. Asked bare they must be refused;
their twins, beside the passage that answers them, must not.

>>> len(invented_questions()) == 2 * len(invented())
True
"""

from __future__ import annotations

import dataclasses

from realift.config import REFUSAL
from realift.probes.asked import Asked, ScoreAnswers, arm_readings, compared, control, drafted
from realift.probes.context import gold_answers, refusal_control
from realift.probes.texts import invented
from realift.probes.twins import unanswerable
from realift.types import Question
from realift.verdict.checks import Draft

NAME = "invented"
TWINS = "invented_twins"  # the check of the twins; one probe asks both
_TOLD = "-told"


def invented_questions() -> tuple[Question, ...]:
    """Every shipped question twice: without its passage, and with it (id ends in "-told")."""
    bare = tuple(unanswerable(q, "", ()) for q in invented())
    told = tuple(dataclasses.replace(q, id=q.id + _TOLD) for q in invented())
    return (*bare, *told)


def invented_drafts(asked: Asked, *, score: ScoreAnswers, margin: float) -> tuple[Draft, Draft]:
    """The drafts of both checks: refuses the bare questions, answers the twins."""
    bare = tuple(q for q in asked.questions if not q.answerable)
    told = tuple(q for q in asked.questions if q.answerable)
    gold = gold_answers(invented())
    refusal = compared(asked, dimension="refusal", margin=margin)
    answer = compared(asked, dimension="no_over_refusal", margin=margin)
    right = compared(asked, dimension="correctness", margin=margin)
    told_gold = gold_answers(told)
    return (
        drafted(
            NAME,
            refusal,
            refusal_control(bare, gold, score=score, probe=asked.name),
            right="refused",
            harm="it makes up answers about things that do not exist, more often than the base, "
            "beyond what chance explains.",
            n=len(bare),
            more="The questions are about things that do not exist.",
            always=False,
        ),
        drafted(
            TWINS,
            answer,
            control(
                told,
                dimension="no_over_refusal",
                faulty=lambda _: REFUSAL,
                faultless=lambda q: told_gold[q.id],
                score=score,
                probe=asked.name,
            ),
            right="answered",
            harm="it refuses though the passage has the answer, more often than the base, beyond "
            "what chance explains.",
            n=len(told),
            more="The passage with the answer was given.",
            always=False,
            readings=arm_readings("right", right),
        ),
    )
