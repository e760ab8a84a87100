"""Looking more than once: adding questions until it passes, trying adapters until one passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from realift.verdict.selftest.engine import claim_of_counts, sequential_claim
from realift.verdict.selftest.rows import Row

LOOKS = "looks"
PEEK_FIRST, PEEK_STEP, PEEK_LAST = 10, 5, 200
PEEK_CHURN = 0.40
Stops = Callable[[int, int], str]  # fixed, broken -> the claim that ends it, or ""


def stopped(stops: Stops) -> float:
    """Exact chance that a gain is claimed without one, looking after every 5 questions.

    Any claim ends it; only gains are counted.
    """
    import numpy as np

    alive = np.zeros((PEEK_LAST + 1, PEEK_LAST + 1))  # chance of (fixed, broken), not yet stopped
    alive[0, 0] = 1.0
    total = 0.0
    for n in range(1, PEEK_LAST + 1):
        step = (1 - PEEK_CHURN) * alive
        step[1:] += PEEK_CHURN / 2 * alive[:-1]
        step[:, 1:] += PEEK_CHURN / 2 * alive[:, :-1]
        alive = step
        if n >= PEEK_FIRST and (n - PEEK_FIRST) % PEEK_STEP == 0:
            for b, c in zip(*np.nonzero(alive > 1e-12), strict=True):
                claim = stops(int(b), int(c))
                if claim:
                    total += alive[b, c] * (claim == "REAL GAIN")
                    alive[b, c] = 0.0
    return float(total)


def _naive(fixed: int, broken: int) -> str:
    return "REAL GAIN" if fixed > broken else ""


def peeking() -> Iterator[Row]:
    """Questions are added until a gain is claimed."""
    naive = stopped(_naive)
    fixed_n = stopped(lambda b, c: claim_of_counts(b, c, PEEK_LAST))
    yield Row(
        section=LOOKS,
        situation=f"a look after every {PEEK_STEP} questions from {PEEK_FIRST} to {PEEK_LAST}, "
        "ordinary test",
        measures="false gain",
        naive=naive,
        ours=fixed_n,
        note="hence --sequential",
    )


def sequential() -> Iterator[Row]:
    """The same looks, judged by the e-value (``--sequential``)."""
    yield Row(
        section=LOOKS,
        situation="the same looks, --sequential",
        measures="false gain",
        naive=stopped(_naive),
        ours=stopped(lambda b, c: sequential_claim(b, c, PEEK_LAST)),
        high=0.05,
    )


def best_of(k: int, n: int, *, reps: int) -> Iterator[Row]:
    """The best of ``k`` adapters without effect, judged on the eval set that chose it."""
    import numpy as np

    rng = np.random.default_rng([k, n])
    base = rng.binomial(n, 0.5, size=(reps, 1))  # right answers of the base, shared by all
    fixed = rng.binomial(n - base, 0.3, size=(reps, k))
    broken = rng.binomial(base, 0.3, size=(reps, k))
    best = (fixed - broken).argmax(axis=1)
    counts = [(int(fixed[i, j]), int(broken[i, j])) for i, j in enumerate(best)]
    once = sum(claim_of_counts(b, c, n) == "REAL GAIN" for b, c in counts) / reps
    counted = sum(claim_of_counts(b, c, n, k) == "REAL GAIN" for b, c in counts) / reps
    yield Row(
        section=LOOKS,
        situation=f"best of {k} adapters, n = {n}",
        measures="false gain",
        naive=sum(b > c for b, c in counts) / reps,
        ours=counted,
        n=reps,
        high=0.05,
        note=f"{once:.1%} if the other {k - 1} were forgotten",
    )
