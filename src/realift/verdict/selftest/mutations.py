"""Is every guard of the statistics noticed when it is missing?

Each guard is switched off in turn, by putting something worse in its place, and the situations
that depend on it are judged again. At least one of their rows must now *fail*; the same rows pass
with the guard on. A guard whose absence nothing notices is not tested at all.

>>> with patched((COMPARE, "MIN_UNITS", 1)):
...     COMPARE.MIN_UNITS
1
>>> COMPARE.MIN_UNITS
6
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from realift.data import leakage
from realift.types import Interval
from realift.verdict import clusters
from realift.verdict.selftest import drawn, exact, leaks, planted
from realift.verdict.selftest.engine import COMPARE, DECIDE, GUARDS, clear_caches
from realift.verdict.selftest.rows import Row

Patch = tuple[Any, str, Any]  # module or class, name, what stands there instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A guard, how it is switched off, and the rows that must notice."""

    guard: str
    instead: str
    patches: tuple[Patch, ...]
    rows: Callable[[], Iterable[Row]]
    seconds: float = 0.3  # about


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutated:
    """What became of a mutation: the row that noticed, its rate with the guard and without."""

    guard: str
    instead: str
    section: str
    situation: str
    measures: str
    with_guard: float | None
    without: float | None
    noticed: bool


@contextmanager
def patched(*patches: Patch) -> Iterator[None]:
    """Replace names of modules for a while; nothing that was remembered outlives the change."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    clear_caches()
    try:
        for owner, name, value in patches:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            setattr(owner, name, value)
        clear_caches()


def judge(mutation: Mutation) -> Mutated:
    """Run the rows with the guard on and off.

    Noticed: every row passes with the guard on, and one fails with it off. That row is shown.
    """
    on = list(mutation.rows())
    with patched(*mutation.patches):
        off = list(mutation.rows())
    pairs = list(zip(on, off, strict=True))
    good, bad = next(((a, b) for a, b in pairs if b.status == "fail"), pairs[0])
    return Mutated(
        guard=mutation.guard,
        instead=mutation.instead,
        section=bad.section,
        situation=good.situation,
        measures=bad.measures,
        with_guard=good.ours,
        without=bad.ours,
        noticed=all(a.status in ("pass", "shown") for a in on) and bad.status == "fail",
    )


# --- what is put in the place of a guard -------------------------------------------------------


def _z_test(b: int, c: int) -> float:
    """The normal approximation, fine for thousands of questions."""
    return math.erfc(abs(b - c) / math.sqrt(2 * (b + c))) if b + c else 1.0


def _strict_midp(b: int, c: int) -> float:
    """Only outcomes more extreme than the one seen, so that a clean sweep has p = 0."""
    n, m = b + c, min(b, c)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(m)) / (1 << n)) if b != c else 1.0


def _strict_flips(moving: Any, observed: int) -> float:
    return float(_EXACT_INTEGER_P(moving, observed + 1))


def _ungrouped(differences: Any, groups: Any) -> Any:
    return clusters.by_group(differences, [""] * len(groups))


def _wald(b: float, c: float, n: float, *, level: float = 0.95) -> Interval:
    """Mean +- z standard errors; of width 0 when nothing changes."""
    from statistics import NormalDist

    mean = (b - c) / n
    half = NormalDist().inv_cdf(0.5 + level / 2) * math.sqrt(((b + c) / n - mean**2) / n)
    return Interval(low=mean - half, high=mean + half, level=level, method="Wald")


def _point(b: float, c: float, n: float, *, level: float = 0.95) -> Interval:
    """The difference itself, as if it were known."""
    return Interval(low=(b - c) / n, high=(b - c) / n, level=level, method="none")


def _no_interval(**options: Any) -> Any:
    return _LABEL(**options | {"interval": None})


def _optimistic(*args: Any, **options: Any) -> float | None:
    found = _MINIMUM_DETECTABLE(*args, **options)
    return None if found is None else 0.8 * found


def _unproven_is_ok(*args: Any) -> Any:
    status, why = _STATUS(*args)
    return ("OK" if status == "UNPROVEN" else status), why


def _idle_is_ok(*args: Any) -> Any:
    status, why = _STATUS(*args)
    return ("OK" if status == "NOT CHECKED" else status), why


_EXACT_INTEGER_P = clusters._exact_integer_p
_LABEL, _MINIMUM_DETECTABLE = COMPARE._label, COMPARE.minimum_detectable
_STATUS = GUARDS._status


MUTATIONS = (
    Mutation(
        guard="McNemar mid-p",
        instead="a z-test",
        patches=((COMPARE, "mcnemar_midp", _z_test),),
        rows=functools.partial(exact.false_claims, 10),
    ),
    Mutation(
        guard="ties count (independent questions)",
        instead="strictly more extreme outcomes only",
        patches=((COMPARE, "mcnemar_midp", _strict_midp),),
        rows=functools.partial(exact.false_claims, 20),
    ),
    Mutation(
        guard="ties count (groups)",
        instead="strictly more extreme outcomes only",
        patches=((clusters, "_exact_integer_p", _strict_flips),),
        rows=functools.partial(drawn.flip_test, 60, 6, 0.2, reps=2000),
    ),
    Mutation(
        guard="whole groups are flipped",
        instead="questions of one document as independent",
        patches=((COMPARE, "by_group", _ungrouped),),
        rows=functools.partial(drawn.grouped, 50, 10, 0.5, reps=400),
        seconds=2,
    ),
    Mutation(
        guard="six independent units",
        instead="one is enough",
        patches=((COMPARE, "MIN_UNITS", 1),),
        rows=exact.small_sets,
    ),
    Mutation(
        guard="a claim needs an interval without 0",
        instead="p alone decides",
        patches=((COMPARE, "_label", _no_interval),),
        rows=functools.partial(drawn.coherent, reps=200),
        seconds=6,
    ),
    Mutation(
        guard="Dirichlet interval",
        instead="mean +- 1.96 standard errors",
        patches=((COMPARE, "difference_interval", _wald),),
        rows=functools.partial(exact.coverage, 20, 0.95),
        seconds=2,
    ),
    Mutation(
        guard="90% interval below the gain asked for",
        instead="the difference itself is below it",
        patches=((COMPARE, "difference_interval", _point),),
        rows=functools.partial(exact.no_meaningful_gain, 100),
        seconds=6,
    ),
    Mutation(
        guard="exact minimum detectable gain",
        instead="a fifth less",
        patches=((COMPARE, "minimum_detectable", _optimistic),),
        rows=functools.partial(exact.detectable, 50, 0.05),
    ),
    Mutation(
        guard="pairing check",
        instead="what is there is compared",
        patches=((COMPARE, "_pairing_problem", lambda *_: ""),),
        rows=planted.broken_pairing,
    ),
    Mutation(
        guard="inert check",
        instead="same answers are a result like any other",
        patches=((DECIDE, "_all_equal", lambda _: False),),
        rows=planted.inert,
    ),
    Mutation(
        guard="leaks make a run invalid",
        instead="they are only mentioned",
        patches=((DECIDE, "_leak_faults", lambda *_: []),),
        rows=leaks.invalid,
    ),
    Mutation(
        guard="leak search",
        instead="only byte for byte the same text",
        patches=((leakage, "likeness", lambda *_: None),),
        rows=leaks.found_leaks,
    ),
    Mutation(
        guard="guards: OK means proven",
        instead="no loss seen is OK",
        patches=((GUARDS, "_status", _unproven_is_ok),),
        rows=functools.partial(planted.guard_proves, 10),
    ),
    Mutation(
        guard="guards: NOT CHECKED when they could not fire",
        instead="OK",
        patches=((GUARDS, "_status", _idle_is_ok),),
        rows=planted.guard_idle,
    ),
    Mutation(
        guard="guards: Holm over the guards",
        instead="each guard by itself",
        patches=((GUARDS, "holm", lambda p_values: tuple(p_values)),),
        rows=functools.partial(planted.guard_false_alarm, 20, reps=4000),
    ),
    Mutation(
        guard="guards: REGRESSION stops the adapter",
        instead="only a REGRESSION in correctness does",
        patches=((DECIDE, "recommend", lambda *_: "SHIP"),),
        rows=planted.guard_always_refuses,
    ),
)
