"""All probes of a run: what they ask, of which adapter, and the checks that come of it.

>>> probed = probe_all(trained, data, scores, config, ask, score)  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realift.asking import BOTH, in_order
from realift.config import Config, chosen_probes
from realift.fitting import Trained
from realift.inputs import Data
from realift.probes.asked import MOST, Asked, ScoreAnswers, picked, switched_off
from realift.probes.context import memory_check, refusal_draft
from realift.probes.context_removed import NAME as REMOVED
from realift.probes.context_removed import context_removed_questions
from realift.probes.twins import cut_sentence_questions, other_context_questions, with_context
from realift.types import Check, Completion, Question, Score
from realift.verdict.checks import Draft, judge_drafts

if TYPE_CHECKING:
    from realift.answer.arms import Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """Everything the probes brought back; ``removed`` carries the guard about the context."""

    checks: tuple[Check, ...]
    completions: tuple[Completion, ...]
    scores: tuple[Score, ...]
    removed: Asked | None


def probe_questions(
    config: Config, questions: Sequence[Question]
) -> dict[str, tuple[Question, ...]]:
    """What the chosen probes ask, by probe; the same for the plan and for the asking."""
    makers: dict[str, Callable[[], tuple[Question, ...]]] = {
        REMOVED: lambda: context_removed_questions(questions),
        "other_context": lambda: _some(
            other_context_questions(questions, seed=config.seed), config, "other_context"
        ),
        "cut_sentence": lambda: _some(cut_sentence_questions(questions), config, "cut_sentence"),
    }
    return {name: makers[name]() for name in chosen_probes(config.probes) if name in makers}


def probe_all(
    trained: Sequence[Trained],
    data: Data,
    scores: Sequence[Score],
    config: Config,
    ask: Callable[..., list[Answers]],
    score: ScoreAnswers,
) -> Probed:
    """Ask every chosen probe's questions and judge what comes back.

    Args:
        trained: the adapters; those of the first seed are asked, each about its own questions.
        scores: of the eval set.
    """
    asked: dict[str, Asked] = {}
    for name, questions in probe_questions(config, data.questions).items():
        orders = [(_asked_only(t, questions), [BOTH]) for t in trained if t.number == 0]
        completions = in_order(ask(orders, stage=name, probe=name), questions)
        asked[name] = Asked(
            name=name,
            questions=questions,
            completions=completions,
            scores=score(questions, completions),
        )
    checks: dict[str, Check] = {}
    drafts: list[Draft] = []
    n = len(with_context(data.questions))
    for name, one in asked.items():
        if name == REMOVED:
            checks[name] = memory_check(
                one, data.questions, scores, score=score, margin=config.guard_margin
            )
        else:
            drafts.append(
                refusal_draft(one, data.questions, score=score, margin=config.guard_margin, n=n)
            )
    checks |= {c.name: c for c in judge_drafts(drafts, margin=config.guard_margin)}
    for name in ("context_removed", "other_context", "cut_sentence"):
        if name not in checks:
            checks[name] = switched_off(name, required=n > 0)
    return Probed(
        checks=tuple(checks.values()),
        completions=tuple(c for one in asked.values() for c in one.completions),
        scores=tuple(s for one in asked.values() for s in one.scores),
        removed=asked.get(REMOVED),
    )


def _some(questions: tuple[Question, ...], config: Config, name: str) -> tuple[Question, ...]:
    return picked(questions, most=MOST, key=f"{config.seed}/{name}")


def _asked_only(trained: Trained, questions: Sequence[Question]) -> Trained:
    """The adapter with those of the questions that are its own to answer."""
    own = {q.id for q in trained.questions}
    return dataclasses.replace(trained, questions=tuple(q for q in questions if q.id in own))
