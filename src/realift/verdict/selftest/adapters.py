"""What the verdict said of adapters that were really trained, some on purpose on wrong answers.

The trainings take long, so ``benchmarks/selftest/adapters.py`` makes them apart and writes one
``JudgedAdapter`` a line; here they are only counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from realift.run_folder import read_jsonl
from realift.types import GuardStatus, Label, Recommendation
from realift.verdict.selftest.rows import Row

ADAPTERS = "trained adapters"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAdapter:
    """One trained adapter and its verdict. ``null``: trained on answers of other questions."""

    kind: Literal["null", "real"]
    seed: int
    fixed: int
    broken: int
    n: int
    n_groups: int
    label: Label
    recommendation: Recommendation
    p_value: float | None
    guards: dict[str, GuardStatus]
    kept_step: int
    n_steps: int
    seconds: float
    recipe: str  # hash of base, options and data: adapters of other recipes are not mixed
    versions: dict[str, str]


def trained(path: Path) -> Iterator[Row]:
    """False gains of the null adapters, and how many of the real ones were found."""
    found = read_jsonl(path, JudgedAdapter)
    for recipe in sorted({a.recipe for a in found}):
        for kind in ("null", "real"):
            some = [a for a in found if a.recipe == recipe and a.kind == kind]
            if some:
                yield from _counted(some)
    if not found:
        yield Row(
            section=ADAPTERS,
            situation="adapters trained on right and on wrong answers",
            measures="false gain",
            ours=None,
            note=f"none in {path.name}",
        )


def _counted(some: list[JudgedAdapter]) -> Iterator[Row]:
    n, first = len(some), some[0]
    points = sorted(100 * (a.fixed - a.broken) / a.n for a in some)
    null = first.kind == "null"
    what = "deranged" if null else "right"
    row = {
        "section": ADAPTERS,
        "situation": f"{n} adapters trained on {what} answers, judged on {first.n} questions",
        "naive": sum(a.fixed > a.broken for a in some) / n,
        "n": n,
        "note": f"differences {points[0]:+.0f} to {points[-1]:+.0f} points",
    }
    yield Row(
        **row,  # type: ignore[arg-type]
        measures="false gain" if null else "gain found",
        ours=sum(a.label == "REAL GAIN" for a in some) / n,
        high=0.10 if null else 1.0,  # 60 adapters without a false gain rule out 6%, not less
    )
    if null:
        yield Row(
            **row | {"naive": None},  # type: ignore[arg-type]
            measures="false SHIP",
            ours=sum(a.recommendation == "SHIP" for a in some) / n,
            high=0.10,
        )
