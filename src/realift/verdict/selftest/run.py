"""The parts of the self-test in order, quick or full, and what came out.

Expected seconds stand beside every part, for the remaining time; they change nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from realift.types import Notice, OnEvent, Progress, ignore_event
from realift.verdict.selftest import drawn, exact, leaks, looks, planted, repeats, swaps
from realift.verdict.selftest.adapters import trained
from realift.verdict.selftest.lattice import SIZES
from realift.verdict.selftest.mutations import MUTATIONS, Mutated, Mutation, judge
from realift.verdict.selftest.rows import Row
from realift.verdict.selftest.swaps import BENCHMARKS, score_files, swapped

Job = tuple[float, Callable[[], Iterable[Row]]]  # expected seconds on one core, rows
GROUPS = ((50, 5), (200, 20), (200, 40))  # questions, documents
EFFECTS = ((0.5, 0.3, 0.1), (0.2, 0.3, 0.1), (0.8, 0.8, 0.05))  # base right, fixes, breaks


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """Every row and mutation of one self-test. No mutations means that they were not tried."""

    quick: bool
    rows: tuple[Row, ...]
    mutations: tuple[Mutated, ...]
    seconds: float
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Nothing out of bounds, nothing unproven, and every missing guard noticed."""
        return all(r.status not in ("fail", "unproven") for r in self.rows) and all(
            m.noticed for m in self.mutations
        )


def run(
    *,
    quick: bool = False,
    mutations: bool = True,
    adapters: Path | None = None,
    versions: Mapping[str, str] | None = None,
    on_event: OnEvent = ignore_event,
) -> SelfTest:
    """Measure the tool's own error rates.

    Args:
        quick: fewer sizes and draws: under a minute on one core instead of a few.
        mutations: also switch every guard off in turn and see that it is noticed.
        adapters: verdicts of trained adapters (default: those of the checkout, if any).
        versions: of the packages, for the record.
        on_event: told about progress and the remaining time.

    Raises:
        RunFolderError: ``adapters`` holds something else.
    """
    started = time.perf_counter()
    todo: list[tuple[float, Callable[[], Iterable[Row | Mutated]]]] = [*jobs(quick, adapters)]
    if mutations:
        todo += [(m.seconds, partial(_one, m)) for m in MUTATIONS]
    total, done = sum(seconds for seconds, _ in todo), 0.0
    found: list[Row | Mutated] = []
    part = ""
    for seconds, job in todo:
        new = list(job())
        found += new
        done = min(total, done + seconds + 1e-9)
        spent = time.perf_counter() - started
        on_event(Progress(stage="self-test", done=int(100 * done / total), total=100))
        now = _part(new) or part
        if now != part:
            part = now
            left = f", about {spent / done * (total - done):.0f} s left" if done > 3 else ""
            on_event(Notice(text=f"{part} ({spent:.0f} s so far{left})"))
    return SelfTest(
        quick=quick,
        rows=tuple(r for r in found if isinstance(r, Row)),
        mutations=tuple(m for m in found if isinstance(m, Mutated)),
        seconds=time.perf_counter() - started,
        versions=dict(versions or {}),
    )


def _part(new: list[Row | Mutated]) -> str:
    if not new:
        return ""
    return new[0].section if isinstance(new[0], Row) else "missing guards"


def _one(mutation: Mutation) -> Iterator[Mutated]:
    yield judge(mutation)


def jobs(quick: bool, adapters: Path | None = None) -> Iterator[Job]:
    """Every part with its expected seconds."""
    sizes = [n for n in SIZES if n <= (50 if quick else 200)]
    for n in SIZES:
        yield n / 100, partial(exact.false_claims, n)
    yield 0.1, exact.small_sets
    yield 4, partial(exact.same_path, 40 if quick else 200)
    yield from _swaps(2_000 if quick else 10_000)
    for n in (10, 20, 50) if quick else (10, 20, 50, 100, 200):
        for effect in EFFECTS:
            yield 0.2, partial(drawn.power, n, *effect, reps=10_000)
    for n in (10, 20) if quick else SIZES:
        yield (n / 50) ** 1.5 * 3, partial(exact.coverage, n, 0.95)
        yield (n / 50) ** 1.5 * 3, partial(exact.coverage, n, 0.90)
    for n in (20, 50, 100, 200):
        for p_broken in (0.0, 0.05, 0.10):
            yield 0.1, partial(exact.detectable, n, p_broken)
    for n in (20, 50) if quick else (20, 50, 100):
        for p_broken in (0.02, 0.05, 0.10, 0.20):
            yield n / 20, partial(exact.reported_detectable, n, p_broken)
        yield n / 20, partial(exact.reported_detectable, n, 0.05, 0.10)
    for n in sizes:
        yield (n / 50) ** 1.5 / 8, partial(exact.no_meaningful_gain, n)
    reps = 500 if quick else 4_000
    for n, n_groups in GROUPS:
        for icc in (0.2, 0.5):
            yield n * reps / 2e5 * 2, partial(drawn.grouped, n, n_groups, icc, reps=reps)
    yield 0.5, partial(drawn.flip_test, 60, 6, 0.2, reps=2_000)
    yield reps / 200, partial(drawn.coherent, reps=reps // 4)
    yield 1, looks.peeking
    yield 3, looks.sequential
    for k in (3, 5, 10, 20):
        yield 0.2, partial(looks.best_of, k, 50, reps=10_000)
    nulls, gains = (500, 200) if quick else (2_000, 500)
    for n, k in ((20, 1), (20, 4)) if quick else ((10, 4), (10, 16), (20, 1), (20, 4), (20, 16)):
        yield 1 + n * k / 60, partial(repeats.sampled, n, k, gain=False, reps=nulls)
        yield n * k / 40, partial(repeats.sampled, n, k, gain=True, reps=gains)
    for n_seeds in (3,) if quick else (3, 5):
        yield nulls / 100, partial(repeats.seeds, 50, n_seeds, gain=False, reps=nulls)
        yield gains / 80, partial(repeats.seeds, 50, n_seeds, gain=True, reps=gains)
    yield 0.2, planted.inert
    yield 0.1, planted.broken_pairing
    yield 0.1, leaks.found_leaks
    yield 0.1, leaks.invalid
    for n in (10, 20, 50):
        yield 0.1, partial(planted.guard_detects, "refusal", n)
    yield 0.1, partial(planted.guard_detects, "no_over_refusal", 20)
    for n in (10, 20, 50) if quick else (10, 20, 50, 100):
        yield n / 20, partial(planted.guard_proves, n)
    yield 0.5, partial(planted.guard_false_alarm, 20, reps=4_000)
    yield 0.1, planted.guard_idle
    yield 0.1, planted.guard_always_refuses
    path = adapters or BENCHMARKS / "adapters.jsonl"
    yield 0.1, partial(trained, path)


def _swaps(reps: int) -> Iterator[Job]:
    files = score_files()
    for path in files:
        yield reps / 10_000, partial(swapped, path, reps=reps)
    if not files:
        yield 0.1, swaps.missing
