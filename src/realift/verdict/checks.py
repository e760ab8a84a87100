"""Checks that probes bring back: their status, and how they stand in for guards.

A check has OK only if harm is ruled out *and* it could have fired: a planted fault that it missed,
a false alarm on a clean row, or nothing to fire on reads NOT CHECKED, whatever its figures say.

>>> spec("forgetting").title
'forgetting'
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from realift.types import Check, Comparison, Guard, Reading
from realift.verdict.guards import holm, status

GAIN_ON_TRAINED = "gain on the rows it was trained on"  # a reading of "memorization", nats/token
MEMORIZED = "MEMORIZED, NOT LEARNED"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """A check's stable name, its name on the screen, what helps, what it takes to be checked."""

    name: str
    title: str
    remedy: str
    to_check: str


_CONTEXT = "add questions that come with a context"
SPECS = (
    CheckSpec(
        name="context_removed",
        title="answers from memory",
        remedy="add training rows that refuse when no context is given",
        to_check=_CONTEXT,
    ),
    CheckSpec(
        name="other_context",
        title="refuses when the context is another question's",
        remedy="add training rows that refuse beside a context without the answer",
        to_check=_CONTEXT,
    ),
    CheckSpec(
        name="cut_sentence",
        title="refuses when the answer is cut out of the context",
        remedy="add training rows that refuse beside a context without the answer",
        to_check="add questions whose context says more than the answer",
    ),
    CheckSpec(
        name="context_swapped",
        title="follows the context when it says something else",
        remedy="add training rows that answer from contexts the model cannot know",
        to_check="add questions whose answer is a number, date or name in their context",
    ),
    CheckSpec(
        name="invented",
        title="refuses what nobody can know",
        remedy="add training rows that refuse questions about unknown names",
        to_check="leave the probe 'invented' on",
    ),
    CheckSpec(
        name="invented_twins",
        title="answers when the passage is there",
        remedy="add training rows that answer from a passage, next to those that refuse",
        to_check="leave the probe 'invented' on",
    ),
    CheckSpec(
        name="memorization",
        title="memorization",
        remedy="train fewer epochs, or add more and more varied rows",
        to_check="give the training rows with --train FILE",
    ),
    CheckSpec(
        name="regurgitation",
        title="verbatim regurgitation",
        remedy="train fewer epochs, and take out of the rows what must not come back word for word",
        to_check="give the training rows with --train FILE",
    ),
    CheckSpec(
        name="forgetting",
        title="forgetting",
        remedy="lower the learning rate or the epochs, or mix general rows into the training rows",
        to_check="leave the probe 'forgetting' on",
    ),
    CheckSpec(
        name="baselines",
        title="better than trivial answers",
        remedy="read the answers: one and the same answer does as well",
        to_check="give the questions their expected answers",
    ),
    CheckSpec(
        name="nulls",
        title="more than style",
        remedy="the gain comes from form, not content: a prompt with examples may do as well",
        to_check="train null adapters with --nulls",
    ),
)


def spec(name: str) -> CheckSpec:
    """The spec of a check by its stable name."""
    return next(s for s in SPECS if s.name == name)


def not_checked(
    name: str, sentence: str, *, title: str = "", n: int = 0, required: bool = False
) -> Check:
    """A check that did not happen, and why; ``title`` where the name has no spec."""
    return Check(
        name=name,
        title=title or spec(name).title,
        status="NOT CHECKED",
        sentence=sentence,
        n=n,
        n_could_fire=0,
        caught=0,
        planted=0,
        false_alarms=0,
        clean=0,
        required=required,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A check whose status waits for the others: its comparison is corrected together with theirs.

    ``check.sentence`` holds the counts; ``judge_drafts`` adds what they mean.
    """

    check: Check
    comparison: Comparison
    harm: str  # what a drop means, as a sentence


def judge_drafts(
    drafts: Sequence[Draft], *, margin: float, alpha: float = 0.05
) -> tuple[Check, ...]:
    """The checks with their status: the rule of the guards, Holm's correction over the drafts.

    A check that found harm is always waited for.
    """
    measured = [d for d in drafts if _measured(d.comparison)]
    corrected = dict(
        zip(
            (d.check.name for d in measured),
            holm([d.comparison.p_value or 0.0 for d in measured]),
            strict=True,
        )
    )
    out = []
    for draft in drafts:
        c, name = draft.comparison, draft.check.name
        if name not in corrected:
            out.append(honest(draft.check))
            continue
        found = status(c, corrected[name], margin=margin, alpha=alpha)
        meaning = {
            "OK": f"A drop of {100 * margin:g} points or more is ruled out.",
            "UNPROVEN": f"A drop of {100 * margin:g} points is not ruled out with so few.",
            "WARNING": f"Possibly: {draft.harm}",
            "REGRESSION": draft.harm[:1].upper() + draft.harm[1:],
            "NOT CHECKED": "The base is right on none, so nothing could get worse.",
        }[found]
        check = dataclasses.replace(
            draft.check,
            status=found,
            sentence=f"{draft.check.sentence} {meaning}".strip(),
            required=draft.check.required or found in ("WARNING", "REGRESSION"),
        )
        out.append(honest(check))
    return tuple(out)


def honest(check: Check) -> Check:
    """The check as it may be shown: NOT CHECKED where it could not fire or a control failed.

    A check that nothing could trip is not waited for, unless it was switched off.
    """
    why = ""
    if check.planted and check.caught < check.planted:
        why = f"Not checked: it found {check.caught} of {check.planted} faults planted to test it."
    elif check.false_alarms:
        why = f"Not checked: it raised {check.false_alarms} of {check.clean} false alarms."
    elif check.n_could_fire == 0 and check.status != "NOT CHECKED":
        why = "Not checked: it could not have fired."
    if not why:
        return check
    return dataclasses.replace(check, status="NOT CHECKED", sentence=f"{why} {check.sentence}")


def check_guards(checks: Sequence[Check], *, margin: float) -> tuple[Guard, ...]:
    """The required checks as guards, so that SHIP waits for them."""
    return tuple(
        Guard(name=c.title, status=c.status, explanation=c.sentence, margin=margin)
        for c in checks
        if c.required
    )


def check_step(guard: Guard) -> list[str]:
    """What to do about a guard that stands for a check; nothing for other guards and for OK."""
    found = next((s for s in SPECS if s.title == guard.name), None)
    if found is None or guard.status == "OK":
        return []
    if guard.status == "NOT CHECKED":
        return [f"To check '{guard.name}', {found.to_check}."]
    if guard.status == "UNPROVEN":
        return [f"More questions would settle the check '{guard.name}'."]
    return [f"{found.remedy[:1].upper()}{found.remedy[1:]}."]


def memorized(checks: Sequence[Check], main: Comparison, *, alpha: float = 0.05) -> str:
    """The line MEMORIZED, NOT LEARNED, or "".

    All of it must hold: the adapter predicts the rows it was trained on better than the base
    (p <= alpha), that gain is missing on rows it never saw (the check says WARNING or worse), and
    on the eval set no gain is proven (the interval of the difference contains 0, or lies below).
    """
    check = next((c for c in checks if c.name == "memorization"), None)
    if check is None or check.status not in ("WARNING", "REGRESSION"):
        return ""
    gain = next((r for r in check.readings if r.name == GAIN_ON_TRAINED), None)
    up = gain is not None and (gain.value or 0.0) > 0 and _significant(gain, alpha)
    if not up or main.interval is None or main.interval.low > 0:
        return ""
    return (
        f"{MEMORIZED}: it knows its training rows better than the base does, and nothing of that "
        "is proven on questions it was not trained on."
    )


def _significant(reading: Reading, alpha: float) -> bool:
    return reading.p_value is not None and reading.p_value <= alpha


def _measured(c: Comparison) -> bool:
    return c.n_scored > 0 and c.label not in ("INVALID", "INERT") and c.p_value is not None
