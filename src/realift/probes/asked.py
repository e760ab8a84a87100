"""What a probe asked and was told, and the readings that follow from it.

Every probe asks both arms the same questions, greedily. ``drafted`` turns their scores into a
check; ``control`` proves first that the scorer would have seen the fault the probe is about.

>>> picked(range(3), most=5, key="a")
(0, 1, 2)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from realift.types import Arm, Check, Comparison, Completion, Question, Reading, Score
from realift.verdict import compare
from realift.verdict.checks import Draft, not_checked, spec
from realift.verdict.phrases import both_arms
from realift.verdict.readings import change, share

MOST = 48  # questions that a probe made from the eval set asks, so that it costs little
BOTH: tuple[Arm, Arm] = ("base", "adapter")
N_CONTROLS = 8  # answers planted into the scorer to test the check
T = TypeVar("T")
ScoreAnswers = Callable[[Sequence[Question], Sequence[Completion]], tuple[Score, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Questions of a probe, what both arms said, and the scores of it."""

    name: str
    questions: tuple[Question, ...]
    completions: tuple[Completion, ...]
    scores: tuple[Score, ...]

    def text(self, question_id: str, arm: Arm) -> str:
        """What an arm said to a question ("" if it was not asked)."""
        return next(
            (c.text for c in self.completions if (c.question_id, c.arm) == (question_id, arm)), ""
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Planted answers of both kinds, and what the scorer made of them."""

    caught: int
    planted: int
    false_alarms: int
    clean: int


def picked(items: Sequence[T], *, most: int, key: str) -> tuple[T, ...]:
    """At most ``most`` items in their order, a draw that depends on ``key`` alone."""
    if len(items) <= most:
        return tuple(items)
    kept = sorted(random.Random(key).sample(range(len(items)), most))
    return tuple(items[i] for i in kept)


def control(
    questions: Sequence[Question],
    *,
    dimension: str,
    faulty: Callable[[Question], str],
    faultless: Callable[[Question], str],
    score: ScoreAnswers,
    probe: str = "",
) -> Control:
    """Let the scorer judge made-up answers to the first questions: a bad one is 0, a good one 1."""
    some = list(questions)[:N_CONTROLS]

    def values(answer: Callable[[Question], str]) -> list[float | None]:
        made = [
            Completion(
                question_id=q.id, arm="adapter", text=answer(q), n_tokens=1, finish="stop",
                probe=probe,
            )
            for q in some
        ]  # fmt: skip
        return [s.value for s in score(some, made) if s.dimension == dimension]

    bad, good = values(faulty), values(faultless)
    return Control(
        caught=sum(v == 0 for v in bad),
        planted=len(some),
        false_alarms=sum(v != 1 for v in good),
        clean=len(some),
    )


def compared(asked: Asked, *, dimension: str, margin: float, alpha: float = 0.05) -> Comparison:
    """Adapter against base over what the probe asked."""
    return compare(
        asked.questions,
        asked.scores,
        dimension=dimension,
        min_gain=margin,
        alpha=alpha,
        probe=asked.name,
    )


def arm_readings(name: str, c: Comparison) -> tuple[Reading, ...]:
    """Three readings of a comparison: both arms and the difference."""
    return (
        share(name, "base", c.base),
        share(name, "adapter", c.adapter),
        change(name, "adapter - base", c),
    )


def drafted(
    name: str,
    c: Comparison,
    found: Control,
    *,
    right: str,
    harm: str,
    n: int,
    more: str = "",
    always: bool = True,
    readings: Sequence[Reading] = (),
) -> Draft:
    """A draft of a check that is about one comparison.

    Args:
        right: what a right answer is, as a past verb: "refused".
        harm: what a drop means.
        n: questions that the probe looked at; those it could ask are ``c.n_scored``.
        more: further sentences.
        always: SHIP waits for it; False = only if it finds harm.
    """
    could_fire = round((c.base.value or 0.0) * c.n_scored)  # what the base gets right can be lost
    counts = both_arms(c, right) if c.n_scored else "There was no such question."
    check = Check(
        name=name,
        title=spec(name).title,
        status="NOT CHECKED",
        sentence=f"{counts} {more}".strip(),
        n=n,
        n_could_fire=could_fire,
        caught=found.caught,
        planted=found.planted,
        false_alarms=found.false_alarms,
        clean=found.clean,
        required=always and could_fire > 0,
        readings=(*arm_readings(right, c), *readings),
        rows=c.broken,
    )
    return Draft(check=check, comparison=c, harm=harm)


def switched_off(name: str, *, required: bool) -> Check:
    """The check of a probe that this run was told not to ask."""
    return not_checked(name, "Not asked in this run (option probes).", required=required)
