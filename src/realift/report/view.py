"""The verdict and its checks, arranged for showing: table rows, changed questions, readings.

No rendering here: only picking, joining and wording of what the run folder holds, so that every
page says the same. Imports only ``types`` and ``figures``. Questions with their answers are in
``by_question.py``, data and state of a run in ``state.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from realift.report import figures
from realift.types import (
    Arm,
    Check,
    Comparison,
    Guard,
    GuardStatus,
    Interval,
    Rate,
    Reading,
    RunResult,
    Verdict,
)

N_EXAMPLES = 3  # changed questions shown where space is short
N_SHOWN = 20  # problems and leaks shown before a count

ARM_NAMES: Mapping[Arm, str] = {"base": "base", "few_shot": "few-shot", "adapter": "adapter"}

Tone = Literal["good", "bad", "unsure", "plain"]
_TONES: Mapping[str, Tone] = {
    "SHIP": "good",
    "DON'T SHIP": "bad",
    "NEED MORE EVIDENCE": "unsure",
    "REAL GAIN": "good",
    "REGRESSION": "bad",
    "INVALID": "bad",
    "INERT": "bad",
    "TOO SMALL TO TELL": "unsure",
    "NO MEANINGFUL GAIN": "plain",
    "OK": "good",
    "WARNING": "unsure",
    "UNPROVEN": "unsure",
    "NOT CHECKED": "plain",
    "fixed": "good",
    "broken": "bad",
    "error": "bad",
    "warning": "unsure",
}


def tone(word: str) -> Tone:
    """The mood of a label, status or recommendation; the word itself is always shown too."""
    return _TONES.get(word, "plain")


# --- the verdict -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the evidence table; ``None`` = this arm is no part of the comparison.

    ``against`` is the arm that the adapter is compared with: a second row of a dimension may
    compare it with the few-shot arm.
    """

    name: str
    against: Arm
    base: Rate | None
    few_shot: Rate | None
    adapter: Rate
    comparison: Comparison


def table_rows(verdict: Verdict) -> tuple[Row, ...]:
    """The comparisons, the primary one first, then those that only a guard carries."""
    rows = [_row(c, words(c.dimension)) for c in verdict.comparisons]
    for guard in verdict.guards:
        c = guard.comparison
        if c is not None and all(c != row.comparison for row in rows):
            taken = any(c.dimension == row.comparison.dimension for row in rows)
            rows.append(_row(c, guard.name if taken else words(c.dimension)))
    return tuple(rows)


def _row(c: Comparison, name: str) -> Row:
    against = c.first
    if against == "base":
        return Row(
            name=name,
            against=against,
            base=c.base,
            few_shot=c.few_shot,
            adapter=c.adapter,
            comparison=c,
        )
    return Row(
        name=f"{name} vs {ARM_NAMES[against]}",
        against=against,
        base=None,
        few_shot=c.base,
        adapter=c.adapter,
        comparison=c,
    )


def details(row: Row) -> tuple[str, ...]:
    """What stands behind one row, in words, and its signature; empty if it was not measured.

    The words say what was scored, both arms with their intervals, what changed, the test, what it
    would find, and what decided if the plain p did not.
    """
    c = row.comparison
    if c.difference is None:
        return ()
    scored = f"{c.n_scored} of {c.n_questions} scored"
    if c.n_groups != c.n_scored:
        scored += f" in {figures.counted(c.n_groups, 'group')}"
    if c.n_samples > 1:
        scored += f", {c.n_samples} samples each"
    arms = (("base", row.base), ("few-shot", row.few_shot), ("adapter", row.adapter))
    rates = (
        f"{arm} {figures.percent(rate.value)} ({figures.rate_interval(rate)})"
        for arm, rate in arms
        if rate is not None and rate.interval is not None
    )
    reach = c.minimum_detectable
    finds = "no gain of any size" if reach is None else f"gains of {figures.amount(reach)} or more"
    said = [
        scored,
        ", ".join(rates),
        f"{c.n_fixed} better, {c.n_broken} worse",
        f"{c.test}, p {figures.p_value(c.p_value)}"
        + (f", corrected {figures.p_value(c.p_adjusted)}" if c.p_adjusted is not None else ""),
        f"reliably finds {finds}",
    ]
    return ("; ".join(said), c.signature)


def unlabelled(
    like: Comparison, *, difference: float | None, interval: Interval | None
) -> Comparison:
    """Another difference on the same dimension, for a picture; its label colors nothing."""
    return dataclasses.replace(
        like, difference=difference, interval=interval, label="NO MEANINGFUL GAIN"
    )


def words(name: str) -> str:
    """A dimension's or probe's name for reading ("no over refusal")."""
    return name.replace("_", " ")


def interval_heading(rows: Iterable[Row]) -> str:
    """The title of the interval column; names the level if all rows share one."""
    spans = [row.comparison.interval for row in rows]
    levels = {span.level for span in spans if span is not None}
    return f"{100 * levels.pop():g}% interval" if len(levels) == 1 else "interval"


def has_few_shot(rows: Iterable[Row]) -> bool:
    """Whether the few-shot arm was run at all."""
    return any(row.few_shot is not None for row in rows)


def difference_note(rows: Sequence[Row]) -> str:
    """What the columns of difference, n and p mean, said beside every table."""
    other = any(row.against != "base" for row in rows)
    than = " (adapter - few-shot where it says so)" if other else ""
    corrected = any(row.comparison.p_adjusted is not None for row in rows)
    p = "; p is corrected where several looks or dimensions count" if corrected else ""
    return f"Difference = adapter - base{than}, in percentage points; n = questions scored{p}."


def deciding_p(c: Comparison) -> float | None:
    """The p value that the label rests on: the corrected one where there is one."""
    return c.p_value if c.p_adjusted is None else c.p_adjusted


def reasons(verdict: Verdict) -> tuple[str, ...]:
    """The reasons, less those that only repeat a guard that is OK."""
    fine = [guard.explanation for guard in verdict.guards if guard.status == "OK"]
    return tuple(r for r in verdict.reasons if not any(f and r.endswith(f) for f in fine))


def short_reasons(verdict: Verdict) -> tuple[str, ...]:
    """The reasons where the guards are shown below: of a guard its status and name, no more."""
    own = [g for g in verdict.guards if g.explanation]
    told = [r for r in reasons(verdict) if not any(r.endswith(g.explanation) for g in own)]
    for status in ("REGRESSION", "WARNING", "UNPROVEN", "NOT CHECKED"):
        names = [g.name for g in own if g.status == status and g.required]
        if names:
            told.append(f"{status}: {'; '.join(names)}")
    return tuple(told)


def warnings(verdict: Verdict) -> tuple[str, ...]:
    """The warnings that are not among the reasons already."""
    return tuple(w for w in verdict.warnings if w not in verdict.reasons)


def signature(verdict: Verdict | None) -> str:
    """The signature of the primary comparison ("" when nothing was compared)."""
    return verdict.comparisons[0].signature if verdict and verdict.comparisons else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Questions that one arm gets right and the other does not, on one dimension."""

    kind: Literal["fixed", "broken"]
    dimension: str
    n: int
    question_ids: tuple[str, ...]
    probe: str = ""  # the probe whose replies changed; "" = the eval set's
    mean: bool = False  # several samples: the arm is right more often, not alone

    @property
    def what(self) -> str:
        """What the questions have in common: "that only the adapter gets right"."""
        arm = "adapter" if self.kind == "fixed" else "base"
        return f"on which the {arm} does better" if self.mean else f"that only the {arm} gets right"


def changes(verdict: Verdict) -> tuple[Changes, ...]:
    """What the adapter fixed and broke: the primary dimension, then what the guards caught."""
    out: list[Changes] = []
    for row in verdict.comparisons[:1]:
        out.append(_changes(row, "fixed"))
        out.append(_changes(row, "broken"))
    for guard in verdict.guards:
        if alarmed(guard) and guard.comparison is not None and guard.comparison.n_broken:
            out.append(_changes(guard.comparison, "broken"))
    return tuple(out)


def alarmed(guard: Guard) -> bool:
    """Whether a guard saw harm (unproven and unchecked ones saw none)."""
    return guard.status in ("WARNING", "REGRESSION")


def own_guards(verdict: Verdict, checks: Sequence[Check]) -> tuple[Guard, ...]:
    """The guards that do not stand for a check (those are shown among the checks)."""
    titles = {check.title for check in checks if check.required}
    return tuple(g for g in verdict.guards if g.comparison is not None or g.name not in titles)


def _changes(row: Comparison, kind: Literal["fixed", "broken"]) -> Changes:
    fixed = kind == "fixed"
    return Changes(
        kind=kind,
        dimension=words(row.dimension) + (f", {words(row.probe)}" if row.probe else ""),
        n=row.n_fixed if fixed else row.n_broken,
        question_ids=row.fixed if fixed else row.broken,
        probe=row.probe,
        mean=row.kind == "mean",
    )


# --- checks ------------------------------------------------------------------------------------


def checks_apart(result: RunResult) -> tuple[Check, ...]:
    """The checks that are not among the guards already."""
    guards = result.verdict.guards if result.verdict else ()
    named = {guard.name for guard in guards}
    return tuple(c for c in result.checks if c.title not in named and c.name not in named)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A guard or a check in a line: what it is, its status, what it found."""

    name: str
    status: GuardStatus
    why: str


_ALARMS: tuple[GuardStatus, ...] = ("REGRESSION", "WARNING", "UNPROVEN", "NOT CHECKED", "OK")


def watched(verdict: Verdict, result: RunResult) -> tuple[Watched, ...]:
    """All guards, then the checks that are not among them; alarms first, OK last."""
    lines = [Watched(name=g.name, status=g.status, why=g.explanation) for g in verdict.guards]
    lines += [Watched(name=c.title, status=c.status, why=c.sentence) for c in checks_apart(result)]
    return tuple(sorted(lines, key=lambda line: _ALARMS.index(line.status)))


def proof(check: Check) -> str:
    """On how much a check ran, what shows that it could have fired, and whether SHIP waits."""
    ran = f"Ran on {check.n:,}, could have fired on {check.n_could_fire:,}"
    planted = f"caught {check.caught:,} of {check.planted:,} planted faults"
    clean = f"false alarms on {check.false_alarms:,} of {check.clean:,} clean controls"
    if not check.planted:
        planted = "no planted fault was shown to it"
    if not check.clean:
        clean = "no clean control was shown to it"
    waits = "SHIP waits for it" if check.required else "SHIP does not wait for it"
    return f"{ran}; {planted}; {clean}; {waits}."


def reading(r: Reading) -> str:
    """The figure of a reading in its unit: a share as percent, a loss with three decimals."""
    if r.value is None:
        return figures.NOT_MEASURED
    return _in_unit(r.value, r) + (" nats/token" if r.unit == "nats/token" else "")


def reading_interval(r: Reading) -> str:
    """Its interval with its level; "-" where there is none."""
    span = r.interval
    if span is None:
        return "-"
    low = _in_unit(span.low, r).removesuffix(" points")
    return f"{100 * span.level:g}% {low} to {_in_unit(span.high, r)}"


def _in_unit(value: float, r: Reading) -> str:
    apart = "-" in r.arm  # a difference shows its sign
    if r.unit == "share":
        return f"{figures.points(value)} points" if apart else figures.percent(value)
    if r.unit == "count":
        return f"{value:+,.0f}" if apart else f"{value:,.0f}"
    return f"{value:+.3f}" if apart else f"{value:.3f}"


def looks(verdict: Verdict) -> str:
    """How many adapters were judged on these questions, and what that does to p."""
    if verdict.sequential:
        return (
            f"{figures.counted(verdict.n_looks, 'adapter')} judged on this eval set so far; an "
            "e-value decides, which holds at any number of looks at one adapter."
        )
    if verdict.n_looks > 1:
        return (
            f"{verdict.n_looks:,} adapters were judged on this eval set so far, this one included "
            f"(the ledger of the runs folder counts them); p is multiplied by {verdict.n_looks:,}."
        )
    return "This is the first adapter that the ledger of the runs folder has on this eval set."
