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

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from realift.data import leakage
from realift.types import Interval
from realift.verdict import clusters
from realift.verdict.selftest import drawn, exact, leaks, looks, planted, repeats
from realift.verdict.selftest.engine import (
    COMPARE,
    DECIDE,
    GUARDS,
    POWER,
    RECIPE,
    STATISTICS,
    clear_caches,
)
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


def _below_gain(b: float, c: float, n: float, *, min_gain: float) -> bool:
    """The difference itself is below, as if it were known."""
    return (b - c) / n < min_gain


def _no_interval(**options: Any) -> Any:
    return _LABEL(**options | {"interval": None})


def _one_look(*args: Any, **options: Any) -> Any:
    return _COMPARE(*args, **options | {"n_looks": 1})


def _p_as_evidence(n_up: int, n_down: int) -> float:
    return 1 / float(STATISTICS.mcnemar_midp(n_up, n_down))


def _samples_as_questions(questions: Any, scores: Any, **options: Any) -> Any:
    """Every sample of a question counts as a question of its own."""
    replace = dataclasses.replace
    k = 1 + max(s.sample for s in scores)
    split = [replace(q, id=f"{q.id}#{i}") for q in questions for i in range(k)]
    one = [replace(s, question_id=f"{s.question_id}#{s.sample}", sample=0) for s in scores]
    return _PAIR_SCORES(split, one, **options)


def _pooled(table: Any) -> Any:
    """Every question of every seed as an observation of its own."""
    values = [x for row in table for x in row]
    n, mean = len(values), sum(values) / len(values)
    variance = sum((x - mean) ** 2 for x in values) / (n - 1) / n
    return RECIPE.Crossed(mean=mean, variance=variance, df=n - 1)


def _optimistic(*args: Any, **options: Any) -> float | None:
    found = _MINIMUM_DETECTABLE(*args, **options)
    return None if found is None else 0.8 * found


def _optimistic_after(*args: Any, **options: Any) -> float | None:
    found = _DETECTABLE_AFTER(*args, **options)
    return None if found is None else 0.8 * found


def _unproven_is_ok(*args: Any) -> Any:
    status, why = _STATUS(*args)
    return ("OK" if status == "UNPROVEN" else status), why


def _idle_is_ok(*args: Any) -> Any:
    status, why = _STATUS(*args)
    return ("OK" if status == "NOT CHECKED" else status), why


_EXACT_INTEGER_P = clusters._exact_integer_p
_LABEL, _COMPARE, _PAIR_SCORES = COMPARE._label, COMPARE.compare, COMPARE.pair_scores
_MINIMUM_DETECTABLE = POWER.minimum_detectable
_DETECTABLE_AFTER = STATISTICS.minimum_detectable_after
_STATUS = GUARDS._status


MUTATIONS = (
    Mutation(
        guard="McNemar mid-p",
        instead="a z-test",
        patches=((COMPARE, "mcnemar_midp", _z_test), (STATISTICS, "mcnemar_midp", _z_test)),
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
        seconds=1,
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
        seconds=2,
    ),
    Mutation(
        guard="Dirichlet interval",
        instead="mean +- 1.96 standard errors",
        patches=((STATISTICS, "difference_interval", _wald),),
        rows=functools.partial(exact.coverage, 20, 0.95),
    ),
    Mutation(
        guard="no meaningful gain needs it ruled out",
        instead="the difference itself is below it",
        patches=((COMPARE, "excludes_gain", _below_gain),),
        rows=functools.partial(exact.no_meaningful_gain, 100),
    ),
    Mutation(
        guard="exact minimum detectable gain",
        instead="a fifth less",
        patches=((POWER, "minimum_detectable", _optimistic),),
        rows=functools.partial(exact.detectable, 50, 0.05),
    ),
    Mutation(
        guard="detectable gain as a run reports it",
        instead="a fifth less",
        patches=((STATISTICS, "minimum_detectable_after", _optimistic_after),),
        rows=functools.partial(exact.reported_detectable, 20, 0.10),
        seconds=2,
    ),
    Mutation(
        guard="p times the number of adapters tried",
        instead="the others are forgotten",
        patches=((COMPARE, "compare", _one_look),),
        rows=functools.partial(looks.best_of, 10, 50, reps=4_000),
    ),
    Mutation(
        guard="e-value where one looks again and again",
        instead="1 / p",
        patches=((STATISTICS, "e_value", _p_as_evidence),),
        rows=looks.sequential,
        seconds=6,
    ),
    Mutation(
        guard="samples are not questions",
        instead="every sample counts as one",
        patches=((COMPARE, "pair_scores", _samples_as_questions),),
        rows=functools.partial(repeats.sampled, 10, 16, gain=False, reps=500),
        seconds=4,
    ),
    Mutation(
        guard="seeds are a sample too",
        instead="all answers of all seeds pooled",
        patches=((RECIPE, "crossed", _pooled),),
        rows=functools.partial(repeats.seeds, 50, 3, gain=False, reps=400),
        seconds=6,
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
        patches=((DECIDE, "recommend", lambda *_, **__: "SHIP"),),
        rows=planted.guard_always_refuses,
    ),
)
