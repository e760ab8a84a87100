"""Every question with all that was said to it: each arm's completions, scores and what changed."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from realift.report.view import table_rows
from realift.types import ARMS, SUPPORTING, Arm, Completion, Question, RunResult, Score, Verdict

Outcome = Literal["broken", "fixed", "both wrong", "both right", "mixed", "not scored"]
OUTCOMES: tuple[Outcome, ...] = (
    "broken",
    "fixed",
    "both wrong",
    "mixed",
    "both right",
    "not scored",
)
OUTCOME_HELP: Mapping[Outcome, str] = {
    "broken": "The base meets these, the adapter does not (on at least one dimension).",
    "fixed": "The adapter meets these, the base does not.",
    "both wrong": "Neither arm meets these.",
    "mixed": "Several samples per question, with different results.",
    "both right": "Both arms meet these.",
    "not scored": "No score for both arms, so these count for neither.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One completion with all its scores."""

    completion: Completion
    scores: tuple[Score, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question with every arm's replies, base first; ``marks`` are like "broken: refusal".

    ``probes`` are the replies when the question was asked again by a probe.
    """

    question: Question
    replies: tuple[Reply, ...]
    probes: tuple[Reply, ...]
    outcome: Outcome
    marks: tuple[str, ...]

    def first(self, arm: Arm) -> Completion | None:
        """The arm's first sample."""
        return next((r.completion for r in self.replies if r.completion.arm == arm), None)


def as_probed(a: Asked, probe: str) -> Asked:
    """The question as a probe asked it: with the probe's replies, and a refusal as right.

    ``probe=""`` gives the question as it stands in the eval set.
    """
    if not probe:
        return a
    replies = tuple(r for r in a.probes if r.completion.probe == probe)
    question = dataclasses.replace(a.question, context="", passages=(), answerable=False)
    return dataclasses.replace(a, question=question, replies=replies)


def asked(result: RunResult) -> tuple[Asked, ...]:
    """Every question of the eval set, in its order, with all that was said to it."""
    scores: dict[tuple[str, Arm, int, int, str], list[Score]] = defaultdict(list)
    for s in result.scores:
        scores[s.question_id, s.arm, s.seed, s.sample, s.probe].append(s)
    replies: dict[str, list[Reply]] = defaultdict(list)
    probes: dict[str, list[Reply]] = defaultdict(list)
    for c in sorted(
        result.completions, key=lambda c: (c.probe, ARMS.index(c.arm), c.seed, c.sample)
    ):
        found = scores[c.question_id, c.arm, c.seed, c.sample, c.probe]
        where = probes if c.probe else replies
        where[c.question_id].append(Reply(completion=c, scores=tuple(found)))
    marks = _marks(result.verdict)
    return tuple(
        Asked(
            question=q,
            replies=tuple(replies[q.id]),
            probes=tuple(probes[q.id]),
            marks=tuple(marks[q.id]),
            outcome=_outcome(replies[q.id], marks[q.id]),
        )
        for q in result.questions
    )


def _marks(verdict: Verdict | None) -> dict[str, list[str]]:
    marks: dict[str, list[str]] = defaultdict(list)
    for row in table_rows(verdict) if verdict else ():
        c = row.comparison
        marking = row.against == "base" and c.dimension not in SUPPORTING
        for kind, ids in (("broken", c.broken), ("fixed", c.fixed)):
            for question_id in ids if marking else ():
                marks[question_id].append(f"{kind}: {row.name}")
    return marks


def _outcome(replies: list[Reply], marks: list[str]) -> Outcome:
    """Broken anywhere beats fixed; without either, the first dimension scored for both arms."""
    if any(m.startswith("broken") for m in marks):
        return "broken"
    if marks:
        return "fixed"
    values: dict[str, dict[Arm, list[float]]] = defaultdict(lambda: defaultdict(list))
    for reply in replies:
        for score in reply.scores:
            if score.value is not None:
                values[score.dimension][score.arm].append(score.value)
    for dimension in sorted(values, key=lambda d: d != "correctness"):
        by_arm = values[dimension]
        if by_arm["base"] and by_arm["adapter"]:
            both = set(by_arm["base"] + by_arm["adapter"])
            if both == {1.0}:
                return "both right"
            return "both wrong" if both == {0.0} else "mixed"
    return "not scored"


def refused(reply: Reply) -> bool:
    """Whether an answer was scored as a refusal, on a question to refuse or on one to answer."""
    refusing = {"refusal": 1.0, "no_over_refusal": 0.0}  # an empty answer has no_over_refusal 0 too
    return bool(reply.completion.text.strip()) and any(
        s.value is not None and s.value == refusing.get(s.dimension) for s in reply.scores
    )


def gold(question: Question) -> str:
    """The right answer in words: slots joined by "and", alternatives by "or"."""
    if not question.answerable:
        return "a refusal (the answer is not in the context)"
    slots = [" or ".join(alternatives) for alternatives in question.answers]
    return "; and ".join(slots) or "(no right answer given)"
