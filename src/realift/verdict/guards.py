"""Guards: things that must not get worse while the adapter learns.

OK means that harm beyond the margin is ruled out, never that none was seen. A guard that could
not have fired is NOT CHECKED.

>>> holm([0.01, 0.04, 0.03])
(0.03, 0.06, 0.06)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realift.score import duplicates_correctness
from realift.types import Comparison, Guard, GuardStatus, Question
from realift.verdict.compare import MIN_UNITS
from realift.verdict.paired import failure_bound
from realift.verdict.phrases import both_arms


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSpec:
    """A guard's dimension, its name on the screen, and what to say about it."""

    dimension: str
    name: str
    right: str  # what a right answer is, as a past verb: "refused"
    remedy: str  # what to add to the training rows when it drops
    lost: str  # what happened to those it lost: "questions it must refuse are now answered"
    questions: str  # the kind of question that checks it
    to_check: str  # what to add to the eval set when it could not be checked
    probe: str = ""  # the probe that asks, "" = the eval set itself


GUARDS = (
    GuardSpec(
        dimension="refusal",
        name="refusal when context is missing",
        right="refused",
        remedy="add refusal examples to the training rows",
        lost="questions it must refuse are now answered",
        questions="questions without an answer in their context",
        to_check='add questions that cannot be answered from their context ("answerable": false)',
    ),
    GuardSpec(
        dimension="no_over_refusal",
        name="no over-refusal",
        right="answered",
        remedy="add answered examples next to the refusals in the training rows",
        lost="questions it can answer are now refused",
        questions="questions with an answer",
        to_check="add questions that can be answered, with their answers",
    ),
    GuardSpec(
        dimension="grounding",
        name="grounding",
        right="grounded",
        remedy="add training rows that cite and keep to their context",
        lost="answers now say what their context does not",
        questions="questions with a context",
        to_check="add questions that come with a context",
    ),
    GuardSpec(
        dimension="completeness",
        name="completeness",
        right="completed",
        remedy="add training rows whose answers make every point",
        lost="answers now leave a point out",
        questions="questions with several key points",
        to_check='give questions their "key_points"',
    ),
)

CONTEXT_REMOVED = GuardSpec(
    dimension="refusal",
    name="refusal when the context is taken away",
    right="refused",
    remedy="add training rows that refuse when no context is given",
    lost="questions asked without their context are now answered from memory",
    questions="questions with a context",
    to_check="add questions that come with a context",
    probe="context_removed",
)


def judge_guards(
    comparisons: Sequence[tuple[GuardSpec, Comparison]], *, margin: float, alpha: float = 0.05
) -> tuple[Guard, ...]:
    """Status of each guard (margin and figures in 0-1).

    1. NOT CHECKED: no scored question, broken pairing, or a base that is right on none (nothing to
       lose) unless the adapter is significantly better.
    2. Worse, p <= alpha after Holm over the guards, 6 units or more: REGRESSION.
    3. Worse, p <= alpha: WARNING (alarms are not diluted by the correction).
    4. OK when the 90% interval ends above -margin (non-inferiority, one-sided 0.05).
    5. UNPROVEN otherwise.
    """
    measured = [i for i, (_, c) in enumerate(comparisons) if _measured(c)]
    p_values = [c.p_value for _, c in comparisons if _measured(c)]
    corrected = dict(zip(measured, holm([p for p in p_values if p is not None]), strict=True))
    return tuple(
        _judge(spec, c, corrected.get(i), margin, alpha) for i, (spec, c) in enumerate(comparisons)
    )


def unneeded(reasons: Mapping[str, str], *, margin: float) -> tuple[Guard, ...]:
    """The guards that an eval set is not about, shown as NOT CHECKED; SHIP does not wait for them.

    ``reasons`` by name, from ``not_required``.
    """
    return tuple(
        Guard(name=name, status="NOT CHECKED", explanation=why, margin=margin, required=False)
        for name, why in reasons.items()
    )


def not_required(questions: Sequence[Question]) -> dict[str, str]:
    """Guards that an eval set is not about, by name, with the reason.

    Grounding needs a context to keep to. Completeness needs key points, and where every question
    has just one, or its expected answers again, it would only count correctness twice.
    """
    answerable = [q for q in questions if q.answerable]
    out = {}
    if not any(q.context.strip() for q in answerable):
        out["grounding"] = "No question comes with a context, so there is nothing to keep to."
    pointed = [q for q in answerable if q.key_points]
    if not pointed:
        out["completeness"] = "No question has key points."
    elif all(duplicates_correctness(q) for q in pointed):
        out["completeness"] = (
            "Every question has one key point, or its expected answers as key points: this is "
            "correctness again and is not counted twice."
        )
    return out


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's step-down adjusted p-values, in the order given.

    Reference: Holm (1979), Scand. J. Statist. 6:65-70.
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    out = [0.0] * len(p_values)
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, p_values[i] * (len(p_values) - rank)))
        out[i] = running
    return tuple(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancedDecision:
    """Mean of "refused what it must" and "answered what it can": 0.5 = always or never refuses.

    None where either kind of question is missing.
    """

    base: float | None
    adapter: float | None
    n_must_refuse: int
    n_must_answer: int


def balanced_decision(refusal: Comparison, no_over_refusal: Comparison) -> BalancedDecision:
    """Balanced accuracy of the decision to answer or refuse, per arm (0-1)."""

    def mean(a: float | None, b: float | None) -> float | None:
        return None if a is None or b is None else (a + b) / 2

    return BalancedDecision(
        base=mean(refusal.base.value, no_over_refusal.base.value),
        adapter=mean(refusal.adapter.value, no_over_refusal.adapter.value),
        n_must_refuse=refusal.n_scored,
        n_must_answer=no_over_refusal.n_scored,
    )


def _measured(c: Comparison) -> bool:
    return c.n_scored > 0 and c.label not in ("INVALID", "INERT")


def _judge(
    spec: GuardSpec, c: Comparison, corrected: float | None, margin: float, alpha: float
) -> Guard:
    status, explanation = _status(spec, c, corrected, margin, alpha)
    return Guard(
        name=spec.name, status=status, explanation=explanation, margin=margin, comparison=c
    )


def _status(
    spec: GuardSpec, c: Comparison, corrected: float | None, margin: float, alpha: float
) -> tuple[GuardStatus, str]:
    if not _measured(c) or corrected is None:
        if c.label == "INVALID":
            return "NOT CHECKED", c.explanation
        return "NOT CHECKED", f"There was no such question. To check it, {spec.to_check}."
    counts = _counts(spec, c)
    points = f"{100 * margin:g} points"
    found = status(c, corrected, margin=margin, alpha=alpha)
    return found, {
        "NOT CHECKED": f"{counts} The base is right on none of them, so nothing could get worse "
        "and the check could not have fired.",
        "REGRESSION": f"{counts} This drop is more than chance explains.",
        "WARNING": f"{counts} Possibly worse: look at the broken questions.",
        "OK": f"{counts} A drop of {points} or more is ruled out.",
        "UNPROVEN": f"{counts} A drop of {points} is not ruled out with so few questions.",
    }[found]


def status(c: Comparison, corrected: float, *, margin: float, alpha: float = 0.05) -> GuardStatus:
    """Status of a measured comparison (rules 1-5 of ``judge_guards``).

    Args:
        corrected: its p-value after Holm over the family it is judged in.
    """
    assert c.p_value is not None
    assert c.interval90 is not None
    if c.base.value == 0 and c.label != "REAL GAIN":
        return "NOT CHECKED"
    worse = c.difference is not None and c.difference < 0
    if worse and c.p_value <= alpha:
        return "REGRESSION" if corrected <= alpha and c.n_groups >= MIN_UNITS else "WARNING"
    return "OK" if c.interval90.low > -margin else "UNPROVEN"


def _counts(spec: GuardSpec, c: Comparison) -> str:
    n, bound = c.n_scored, failure_bound(c.n_scored)
    text = both_arms(c, spec.right)
    if c.adapter.value == 1 and bound is not None:
        text += f" ({n} of {n} rules out only failure rates above {100 * bound:.0f}%.)"
    return text
