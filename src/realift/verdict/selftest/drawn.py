"""What must be drawn: power of planted effects, questions that hang together.

Draws come from fixed seeds, so the same versions give the same table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from realift.verdict.power import midp_power
from realift.verdict.selftest.engine import (
    ALPHA,
    COMPARE,
    STATISTICS,
    claim,
    claim_of_counts,
    compared,
)
from realift.verdict.selftest.rows import Row

POWER = "power"
GROUPS = "groups"
CLUSTER_CHURN = 0.30  # share of answers that change in the grouped situations


def power(n: int, base: float, fixes: float, breaks: float, *, reps: int) -> Iterator[Row]:
    """An adapter with a known effect, made from the base's answers.

    Each wrong answer of the base becomes right with probability ``fixes``, each right one wrong
    with ``breaks``. The share of REAL GAIN must be within 3 points of the exact curve.
    """
    import numpy as np

    rng = np.random.default_rng([n, round(1000 * base), round(1000 * fixes), round(1000 * breaks)])
    right = rng.random((reps, n)) < base
    chance = rng.random((reps, n))
    adapter = np.where(right, chance >= breaks, chance < fixes)
    fixed, broken = (~right & adapter).sum(axis=1), (right & ~adapter).sum(axis=1)
    found = sum(
        claim_of_counts(int(b), int(c), n) == "REAL GAIN"
        for b, c in zip(fixed, broken, strict=True)
    )
    exact = midp_power(n, p_fixed=(1 - base) * fixes, p_broken=base * breaks)
    yield Row(
        section=POWER,
        situation=f"n = {n}, base {base:.0%} right; fixes {fixes:.0%}, breaks {breaks:.0%}",
        measures="REAL GAIN",
        naive=float(np.mean(fixed > broken)),
        ours=found / reps,
        n=reps,
        low=max(0.0, exact - 0.03),
        high=min(1.0, exact + 0.03),
        note=f"exact curve {exact:.1%}",
    )


def grouped(n: int, n_groups: int, icc: float, *, reps: int) -> Iterator[Row]:
    """No effect, but questions of one document stand or fall together.

    With probability sqrt(icc) a question copies its document's draw, else it has its own, so two
    questions of a document correlate with ``icc``.
    """
    groups = [f"g{i % n_groups}" for i in range(n)]
    wrong = naive = items = 0
    for differences in grouped_draws(n, n_groups, icc, reps=reps):
        wrong += claim(differences, groups) == "REAL GAIN"
        naive += sum(differences) > 0
        items += claim(differences) == "REAL GAIN"
    yield Row(
        section=GROUPS,
        situation=f"{n} questions in {n_groups} documents, ICC {icc:g}",
        measures="false gain",
        naive=naive / reps,
        ours=wrong / reps,
        n=reps,
        high=0.05,
        note=f"{items / reps:.1%} if the documents were ignored",
    )


def flip_test(n: int, n_groups: int, icc: float, *, reps: int) -> Iterator[Row]:
    """The test of whole groups by itself, without the interval that a claim also needs."""
    groups = [f"g{i % n_groups}" for i in range(n)]
    found = sum(
        STATISTICS.sign_flip_p(COMPARE.by_group(differences, groups).totals) <= ALPHA
        for differences in grouped_draws(n, n_groups, icc, reps=reps)
    )
    yield Row(
        section=GROUPS,
        situation=f"{n} questions in {n_groups} documents, ICC {icc:g}",
        measures="p at most 0.05",
        ours=found / reps,
        n=reps,
        high=0.05,
        note="the test alone, in both directions",
    )


def grouped_draws(n: int, n_groups: int, icc: float, *, reps: int, gain: float = 0.0) -> Any:
    """Differences (-1, 0, 1) of ``reps`` runs, as lists; question i belongs to document i mod G."""
    import numpy as np

    rng = np.random.default_rng([n, n_groups, round(100 * icc), round(100 * gain)])
    rates = [(CLUSTER_CHURN - gain) / 2, 1 - CLUSTER_CHURN, (CLUSTER_CHURN + gain) / 2]
    for _ in range(reps):
        documents = rng.choice([-1, 0, 1], size=n_groups, p=rates)
        own = rng.choice([-1, 0, 1], size=n, p=rates)
        copies = rng.random(n) < icc**0.5
        yield [int(x) for x in np.where(copies, documents[np.arange(n) % n_groups], own)]


def coherent(*, reps: int) -> Iterator[Row]:
    """A claim must never stand beside an interval that holds 0."""
    n, n_groups = 48, 8
    groups = [f"g{i % n_groups}" for i in range(n)]
    claims = incoherent = 0
    for differences in grouped_draws(n, n_groups, 0.5, reps=reps, gain=0.2):
        found = compared(differences, groups)
        if found.label in ("REAL GAIN", "REGRESSION"):
            claims += 1
            incoherent += found.interval.low <= 0 <= found.interval.high
    yield Row(
        section=GROUPS,
        situation=f"{claims} claims in {reps} runs of {n} questions in {n_groups} documents",
        measures="interval holds 0",
        ours=incoherent / claims if claims else None,
        high=0.0,
    )
