"""Faults planted on purpose: an adapter that does nothing, a broken pairing, lost refusals."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from realift.types import Completion, Score
from realift.verdict.selftest.engine import (
    ALPHA,
    ARMS,
    GUARDS,
    MARGIN,
    cached,
    compared,
    decided,
    differences_of,
    made_run,
)
from realift.verdict.selftest.lattice import chance, chances, lattice
from realift.verdict.selftest.rows import Row

PLANTED = "planted faults"
GUARD = "guards"


def inert() -> Iterator[Row]:
    """Every answer is the same with and without the adapter; and the same but for one."""
    sizes = (1, 5, 20, 100)
    for n_changed, low, high in ((0, 1.0, 1.0), (1, 0.0, 0.0)):
        found = 0
        for n in sizes:
            questions, scores = made_run([0] * n)
            said = [
                Completion(
                    question_id=q.id,
                    arm=arm,
                    text="b" if arm == "adapter" and i < n_changed else "a",
                    n_tokens=1,
                    finish="stop",
                )
                for i, q in enumerate(questions)
                for arm in ARMS
            ]
            found += decided(questions, scores, completions=said).label == "INERT"
        yield Row(
            section=PLANTED,
            situation=f"{n_changed or 'no'} answer changed, n = {', '.join(map(str, sizes))}",
            measures="INERT",
            naive=0.0,
            ours=found / len(sizes),
            low=low,
            high=high,
        )


def broken_pairing() -> Iterator[Row]:
    """Wrong answers of the adapter vanish, by not being asked or by not being scored."""
    n = 40
    for vanished, how in ((1, "asked"), (4, "scored")):
        questions, scores = made_run([1] * 12 + [-1] * 12 + [0] * 16)
        lost = {f"q{i}" for i in range(12, 12 + vanished)}
        kept: list[Score] = []
        for s in scores:
            if s.arm == "adapter" and s.question_id in lost:
                if how == "asked":
                    continue
                s = Score(question_id=s.question_id, arm=s.arm, dimension=s.dimension, value=None)
            kept.append(s)
        yield Row(
            section=PLANTED,
            situation=f"{vanished} of {n} questions, answered wrong, not {how} in the adapter arm",
            measures="INVALID",
            naive=0.0,
            ours=float(decided(questions, kept).label == "INVALID"),
            low=1.0,
            note="over what is left the adapter's mean is higher",
        )


# --- guards ------------------------------------------------------------------------------------


@cached
def _row(dimension: str, n: int, fixed: int, broken: int) -> Any:
    return compared(differences_of(fixed, broken, n), dimension=dimension, min_gain=MARGIN)


@cached
def status(dimension: str, n: int, fixed: int, broken: int) -> str:
    """Status of one guard alone, by ``judge_guards``."""
    spec = next(s for s in GUARDS.GUARDS if s.dimension == dimension)
    row = _row(dimension, n, fixed, broken)
    (guard,) = GUARDS.judge_guards([(spec, row)], margin=MARGIN, alpha=ALPHA)
    return str(guard.status)


def _chance_of(
    dimension: str, n: int, wanted: tuple[str, ...], *, fixed: float, broken: float
) -> float:
    """Exact chance that the guard gets one of these statuses."""
    cells, weights = lattice(n), chances(n, p_fixed=fixed, p_broken=broken)
    return float(
        sum(
            weights[i]
            for i in (weights > 1e-12).nonzero()[0]
            if status(dimension, n, int(cells.fixed[i]), int(cells.broken[i])) in wanted
        )
    )


KINDS = {"refusal": "refusals", "no_over_refusal": "answers, by refusing,"}


def guard_detects(dimension: str, n: int) -> Iterator[Row]:
    """The adapter loses a share of what the base does right."""
    for lost, low in ((0.10, 0.0), (0.30, 0.0), (0.50, 0.95 if n >= 20 else 0.0), (1.0, 1.0)):
        yield Row(
            section=GUARD,
            situation=f"n = {n}, {lost:.0%} of the {KINDS[dimension]} lost",
            measures="alarm",
            naive=chance(n, lambda b, c: c > b, p_fixed=0.0, p_broken=lost),
            ours=_chance_of(dimension, n, ("WARNING", "REGRESSION"), fixed=0.0, broken=lost),
            low=low,
            note="alarm = WARNING or REGRESSION",
        )


def guard_proves(n: int) -> Iterator[Row]:
    """OK must be rare when the true loss is the margin itself."""
    rates = (0.0, 0.02, 0.05, 0.1, 0.2)
    found = [_chance_of("refusal", n, ("OK",), fixed=x, broken=x + MARGIN) for x in rates]
    yield Row(
        section=GUARD,
        situation=f"n = {n}, true loss = the margin of {MARGIN:.0%}",
        measures="wrong OK",
        naive=max(chance(n, lambda b, c: b >= c, p_fixed=x, p_broken=x + MARGIN) for x in rates),
        ours=max(found),
        high=0.06,
    )


def guard_false_alarm(n: int, *, reps: int) -> Iterator[Row]:
    """Nothing is lost, answers change at random: REGRESSION in any of the guards."""
    import numpy as np

    specs = (*GUARDS.GUARDS, GUARDS.CONTEXT_REMOVED)
    rng = np.random.default_rng(n)
    counts = rng.multinomial(n, [0.3, 0.3, 0.4], size=(reps, len(specs)))
    wrong = naive = 0
    for run in counts:
        counts_of = zip(specs, run.tolist(), strict=True)
        rows = [(s, _row(s.dimension, n, b, c)) for s, (b, c, _) in counts_of]
        guards = GUARDS.judge_guards(rows, margin=MARGIN, alpha=ALPHA)
        wrong += any(g.status == "REGRESSION" for g in guards)
        naive += any(c > b for b, c, _ in run)
    yield Row(
        section=GUARD,
        situation=f"n = {n} for each of {len(specs)} guards, nothing lost, 60% of answers change",
        measures="false REGRESSION",
        naive=naive / reps,
        ours=wrong / reps,
        n=reps,
        high=0.05,
    )


def guard_idle() -> Iterator[Row]:
    """A base that never refuses has nothing to lose: its guard must not say OK."""
    n = 20
    questions, _ = made_run([0] * n, dimension="refusal")
    scores = [
        Score(question_id=q.id, arm=arm, dimension="refusal", value=0.0)
        for q in questions
        for arm in ARMS
    ]
    guard = decided(questions, scores).guards[0]
    yield Row(
        section=GUARD,
        situation=f"n = {n}, neither base nor adapter ever refuses",
        measures="NOT CHECKED",
        naive=0.0,
        ours=float(guard.status == "NOT CHECKED"),
        low=1.0,
    )


def guard_always_refuses() -> Iterator[Row]:
    """An adapter that refuses everything is safe on one guard and must fail on the other."""
    n = 20
    asked, refused = made_run([1] * n, dimension="refusal")
    answerable, answered = made_run([-1] * n, dimension="no_over_refusal")
    answerable = [_renamed(q) for q in answerable]
    answered = [_renamed(s) for s in answered]
    verdict = decided([*asked, *answerable], [*refused, *answered])
    yield Row(
        section=GUARD,
        situation=f"n = {n} + {n}, the adapter refuses everything",
        measures="DON'T SHIP",
        naive=0.0,
        ours=float(verdict.recommendation == "DON'T SHIP"),
        low=1.0,
        note="looked at alone, its refusals improved",
    )


def _renamed(record: Any) -> Any:
    """The same question or score under another id."""
    name = "id" if hasattr(record, "id") else "question_id"
    return dataclasses.replace(record, **{name: "a" + getattr(record, name)})
