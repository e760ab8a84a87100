"""Several samples per question, several seeds of a recipe: neither counts as more questions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from realift.verdict.selftest.engine import claim, claim_of_samples, recipe_label
from realift.verdict.selftest.rows import Row

SAMPLES = "samples per question"
SEEDS = "seeds of a recipe"
_SPREAD, _SHIFT_SPREAD = 1.5, 1.2  # of the questions' logits, and of what the adapter does to them
_SHIFT = 1.05  # mean shift of the logits that makes a gain of about 16 points
_SEED_SPREAD = 0.35  # of the seeds' logits: accuracy varies by about 6 points from seed to seed


def sampled(n: int, k: int, *, gain: bool, reps: int) -> Iterator[Row]:
    """``k`` answers per question and arm, right with a chance that differs by question.

    The adapter moves every question's chance up or down (in logits, normal), on average by nothing
    or by about 16 points.
    """
    wrong = naive = pooled = 0
    total = 0.0
    for base, adapter, truth in sample_draws(n, k, shift=_SHIFT if gain else 0.0, reps=reps):
        wrong += claim_of_samples(base.tolist(), adapter.tolist()) == "REAL GAIN"
        naive += adapter.mean() > base.mean()
        pooled += claim([int(d) for d in (adapter - base).ravel()]) == "REAL GAIN"
        total += truth
    effect = f"true gain {100 * total / reps:.0f} points" if gain else "no effect"
    yield Row(
        section=SAMPLES,
        situation=f"n = {n}, {k} sample{'s' * (k > 1)} of each, {effect}",
        measures="REAL GAIN" if gain else "false gain",
        naive=naive / reps,
        ours=wrong / reps,
        n=reps,
        high=1.0 if gain else 0.05,
        note=f"{pooled / reps:.1%} if samples counted as questions" if k > 1 else "",
    )


def sample_draws(n: int, k: int, *, shift: float, reps: int) -> Any:
    """Right (1) and wrong (0) answers (n, k) of both arms, and the true mean gain."""
    import numpy as np
    from scipy.special import expit

    rng = np.random.default_rng([n, k, round(100 * shift)])
    for _ in range(reps):
        logits = rng.normal(0, _SPREAD, n)
        moved = logits + rng.normal(shift, _SHIFT_SPREAD, n)
        chances = [expit(x)[:, None] for x in (logits, moved)]
        base, adapter = ((rng.random((n, k)) < p).astype(int) for p in chances)
        yield base, adapter, float((chances[1] - chances[0]).mean())


def seeds(n: int, n_seeds: int, *, gain: bool, reps: int) -> Iterator[Row]:
    """Adapters of several seeds on the same questions; the recipe gains nothing, or 16 points."""
    found = naive = best = pooled = 0
    for base, adapters in seed_draws(n, n_seeds, shift=_SHIFT if gain else 0.0, reps=reps):
        found += recipe_label(base.tolist(), adapters.tolist()) == "REAL GAIN"
        differences = adapters - base
        totals = differences.sum(axis=1)
        naive += totals.sum() > 0
        best += claim(differences[totals.argmax()].tolist()) == "REAL GAIN"
        pooled += claim(differences.ravel().tolist()) == "REAL GAIN"
    effect = "a gain of about 16 points" if gain else "no effect"
    yield Row(
        section=SEEDS,
        situation=f"n = {n}, {n_seeds} seeds, {effect}",
        measures="REAL GAIN" if gain else "false gain",
        naive=naive / reps,
        ours=found / reps,
        n=reps,
        high=1.0 if gain else 0.05,
        note=f"{best / reps:.1%} by the best seed, {pooled / reps:.1%} with all answers pooled",
    )


def seed_draws(n: int, n_seeds: int, *, shift: float, reps: int) -> Any:
    """Right (1) and wrong (0) answers of the base (n) and of the adapters (seed, n)."""
    import numpy as np
    from scipy.special import expit

    rng = np.random.default_rng([n, n_seeds, round(100 * shift)])
    for _ in range(reps):
        logits = rng.normal(0, _SPREAD, n)
        moved = logits + rng.normal(shift, _SHIFT_SPREAD, n)
        moved = moved + rng.normal(0, _SEED_SPREAD, (n_seeds, 1))
        yield tuple((rng.random(x.shape) < expit(x)).astype(int) for x in (logits, moved))
