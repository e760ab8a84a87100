"""The records of a judge's work: ``judge.jsonl`` and ``judge.json`` (see ``docs/judge.md``)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from realift.types import Arm, Comparison, Interval, Rate
from realift.verdict.agreement import Accuracy, CorrectedDifference, Estimate

Kind = Literal["grade", "prefer", "repeat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One reply (a line of ``judge.jsonl``). ``key`` is a hash of server, model and prompt."""

    key: str
    kind: Kind
    question_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """A paired comparison without a label: a judge has no say in the verdict.

    ``n_fixed`` = questions only the adapter wins, ``n_broken`` = only the base.
    """

    base: Rate
    adapter: Rate
    n_questions: int
    n_scored: int
    n_unscored: int
    n_groups: int
    difference: float | None
    interval: Interval | None
    p_value: float | None
    test: str
    n_fixed: int
    n_broken: int


def as_opinion(c: Comparison) -> Opinion:
    """The figures of a comparison, without its label."""
    return Opinion(
        base=c.base,
        adapter=c.adapter,
        n_questions=c.n_questions,
        n_scored=c.n_scored,
        n_unscored=c.n_unscored,
        n_groups=c.n_groups,
        difference=c.difference,
        interval=c.interval,
        p_value=c.p_value,
        test=c.test,
        n_fixed=c.n_fixed,
        n_broken=c.n_broken,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmTrust:
    """How well the judge does on one arm's answers, and the arm's rate corrected for it."""

    arm: Arm
    n_labelled: int
    accuracy: Accuracy
    corrected: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An answer that the scorer and the judge see differently (1 = right)."""

    question_id: str
    arm: Arm
    scorer: int
    judge: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeResult:
    """What a judge thinks of a run, and what is known of the judge (``judge.json``)."""

    model: str
    url: str
    validated: bool  # at least MIN_LABELS answers of both arms were labelled by people
    graded: Opinion  # each answer alone: right or wrong
    preferred: Opinion  # both answers side by side, in both orders
    position_bias: Rate  # pairs where the swapped order turned the preference round
    consistency: Rate  # answers asked twice that got the same grade twice
    n_replies: int
    n_unreadable: int
    n_failed: int
    n_labelled: int  # answers with a label and a grade
    kappa: Estimate | None
    arms: tuple[ArmTrust, ...]
    corrected: CorrectedDifference | None
    n_compared: int  # answers graded by scorer and judge
    disagreements: tuple[Disagreement, ...]
    warnings: tuple[str, ...]
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundingResult:
    """Grounding by shared words and by a model that reads (``judge_grounding.json``).

    ``n_differ`` of ``n_compared`` answers are seen differently. ``n_misjudged`` of ``n_tested``
    questions have known answers that the model gets wrong; ``n_fooled`` of ``n_strange`` answers
    it finds supported by the context of another question. ``usable``: both were tested, and at
    most 5 % of either went wrong.
    """

    model: str
    words: Opinion
    judged: Opinion
    n_compared: int
    n_differ: int
    n_tested: int
    n_misjudged: int
    n_strange: int
    n_fooled: int
    usable: bool
    warnings: tuple[str, ...]
    signature: str
