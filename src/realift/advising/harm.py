"""Advice about what broke."""

from __future__ import annotations

from collections.abc import Iterator

from realift.advising import commands
from realift.advising.found import (
    ALARMS,
    Finding,
    Tier,
    check,
    check_size,
    drop,
    guards,
    some,
    tier_of,
)
from realift.types import Advice, Guard, RunResult, Verdict
from realift.verdict.checks import MEMORIZED, spec
from realift.verdict.guards import CONTEXT_REMOVED, GUARDS

_REFUSAL_CHECKS = ("context_removed", "other_context", "cut_sentence", "invented")
_REFUSAL_GUARDS = ("refusal when context is missing", CONTEXT_REMOVED.name)
_FEW = 10  # refusals to add where half of the rows refuse already, at least


def refusals(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """Every sign that the model answers where it must refuse: one remedy, counted once."""
    signs: list[tuple[Tier, float, str]] = []
    rows: tuple[str, ...] = ()
    for guard in guards(verdict):
        if guard.name in _REFUSAL_GUARDS and guard.status in ALARMS:
            signs.append((tier_of(guard.status), drop(guard.comparison), _counts(guard)))
            rows += guard.comparison.broken if guard.comparison else ()
    for name in _REFUSAL_CHECKS:
        found = check(result, name)
        if found and found.status in ALARMS:
            signs.append((tier_of(found.status), check_size(found), spec(name).title))
            rows += found.rows
    if not signs:
        return
    tier, size, _ = min(signs, key=lambda s: (s[0], -s[1]))
    n = n_refusals(result)
    augment = commands.augment(result, refusals=n)
    more = {"--train": commands.more_rows(commands.paths(result).get("train", ""))}
    why = "it answers where it must refuse: " + "; ".join(dict.fromkeys(s[2] for s in signs))
    yield Finding(
        tier=tier,
        size=size,
        advice=Advice(
            code="add-refusals",
            title=f"Add about {n} rows that refuse, read them, train again",
            why=f"{why}.{_rows_that_refuse(result)}",
            rows=tuple(dict.fromkeys(rows)),
            command="\n".join(c for c in (augment, commands.retrain(result, more)) if c)
            if augment
            else "",
        ),
    )


def n_refusals(result: RunResult) -> int:
    """So many that half of all rows refuse; where they do already, half as many as answer."""
    if result.data is None or not result.data.n_examples:
        return _FEW
    refusing = result.data.n_refusals_in_train
    answering = result.data.n_examples - refusing
    return answering - refusing if answering - refusing >= _FEW else max(_FEW, answering // 2)


def _rows_that_refuse(result: RunResult) -> str:
    if result.data is None or not result.data.n_examples:
        return ""
    return f" {result.data.n_refusals_in_train} of {result.data.n_examples} training rows refuse."


def _counts(guard: Guard) -> str:
    c = guard.comparison
    if c is None or not c.n_scored or c.adapter.value is None or c.base.value is None:
        return guard.name
    base, adapter = (round((r.value or 0) * c.n_scored) for r in (c.base, c.adapter))
    return f"{guard.name}, base {base}, adapter {adapter} of {c.n_scored}"


def over_refusals(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """Questions it can answer are refused: too many refusals among the rows."""
    signs: list[tuple[Tier, float, str]] = []
    rows: tuple[str, ...] = ()
    for guard in guards(verdict):
        if guard.name == "no over-refusal" and guard.status in ALARMS:
            signs.append((tier_of(guard.status), drop(guard.comparison), _counts(guard)))
            rows += guard.comparison.broken if guard.comparison else ()
    found = check(result, "invented_twins")
    if found and found.status in ALARMS:
        signs.append((tier_of(found.status), check_size(found), spec(found.name).title))
        rows += found.rows
    if not signs:
        return
    tier, size, _ = min(signs, key=lambda s: (s[0], -s[1]))
    yield Finding(
        tier=tier,
        size=size,
        advice=Advice(
            code="fewer-refusals",
            title="Add answered rows, or take refusals out",
            why=f"questions it can answer are now refused: {'; '.join(s[2] for s in signs)}."
            f"{_rows_that_refuse(result)}",
            rows=tuple(dict.fromkeys(rows)),
        ),
    )


def context(result: RunResult, _verdict: Verdict) -> Iterator[Finding]:
    """The adapter does not follow a context that says something else than it learned."""
    found = check(result, "context_swapped")
    if found and found.status in ALARMS:
        yield Finding(
            tier=tier_of(found.status),
            size=check_size(found),
            advice=Advice(
                code="follow-context",
                title="Add rows answered from a context",
                why=f"{found.sentence} Rows whose context the model cannot know teach it to read.",
                rows=found.rows,
            ),
        )


def other_guards(_result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """Guards with a remedy of their own: grounding, completeness."""
    remedies = {s.name: s.remedy for s in GUARDS}
    own = {*_REFUSAL_GUARDS, "no over-refusal"}
    for guard in guards(verdict):
        if guard.status in ALARMS and guard.name not in own and guard.name in remedies:
            remedy = remedies[guard.name]
            yield Finding(
                tier=tier_of(guard.status),
                size=drop(guard.comparison),
                advice=Advice(
                    code=f"guard-{guard.name.replace(' ', '-')}",
                    title=remedy[:1].upper() + remedy[1:],
                    why=guard.explanation,
                    rows=guard.comparison.broken if guard.comparison else (),
                ),
            )


def memorized(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """It knows its rows by heart: fewer passes, or more ways to ask."""
    flagged = [c for n in ("memorization", "regurgitation") if (c := check(result, n))]
    alarms = [c for c in flagged if c.status in ALARMS]
    line = any(MEMORIZED in text for text in (verdict.sentence, *verdict.warnings))
    if not alarms and not line:
        return
    tier = min([tier_of(c.status) for c in alarms] + ([Tier.HARM] if line else []))
    plan = result.plan
    fewer = max(1, plan.epochs // 2) if plan and plan.epochs > 1 else 0
    passes = f" It made {plan.epochs} passes over them." if plan else ""
    yield Finding(
        tier=tier,
        size=max([0.0, *(check_size(c) for c in alarms)]),
        advice=Advice(
            code="fewer-epochs",
            title="Train fewer epochs, or give more varied rows",
            why=f"it learned its rows by heart and not what they mean.{passes} Other wordings: "
            f"{commands.augment(result, reword=2) or 'realift augment --reword 2'}",
            rows=tuple(r for c in alarms for r in c.rows),
            command=commands.retrain(result, {"--epochs": str(fewer)}) if fewer else "",
        ),
    )


def forgotten(result: RunResult, _verdict: Verdict) -> Iterator[Finding]:
    """It lost what the base could do: milder steps."""
    found = check(result, "forgetting")
    if found is None or found.status not in ALARMS:
        return
    plan = result.plan
    rate = {"--learning-rate": f"{plan.learning_rate / 2:.2g}"} if plan else {}
    yield Finding(
        tier=tier_of(found.status),
        size=check_size(found),
        advice=Advice(
            code="lower-rate",
            title="Lower the learning rate, or mix general rows in",
            why=found.sentence,
            rows=found.rows,
            command=commands.retrain(result, rate) if rate else "",
        ),
    )


def unlearned(_result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """The main dimension itself got worse."""
    main = verdict.comparisons[0]
    if verdict.label != "REGRESSION":
        return
    yield Finding(
        tier=Tier.HARM,
        size=drop(main),
        advice=Advice(
            code="read-broken",
            title="Read the broken questions",
            why=f"{main.n_broken} questions that the base gets right are now wrong "
            f"({some(main.broken)}): they show what was unlearned.",
            rows=main.broken,
        ),
    )
