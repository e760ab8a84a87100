"""What advice is made of: a finding with its urgency and its size, before it is ranked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from realift.types import Advice, Check, Comparison, Guard, RunResult, Verdict
from realift.verdict.checks import SPECS

ALARMS = ("REGRESSION", "WARNING")


class Tier(IntEnum):
    """What comes first: nothing else counts before it is mended."""

    INVALID = 0  # the figures mean nothing
    DATA = 1  # the model was given the wrong material
    HARM = 2  # proven: something broke
    ALARM = 3  # seen: something may have broken; or a cheaper way does as well
    EVIDENCE = 4  # not decided yet
    BETTER = 5  # what may bring more
    UNCHECKED = 6  # nobody looked


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A piece of advice, how urgent it is, and how much is at stake (share of questions, 0-1)."""

    tier: Tier
    size: float
    advice: Advice


def tier_of(status: str) -> Tier:
    """How urgent an alarm is."""
    return Tier.HARM if status == "REGRESSION" else Tier.ALARM


def guards(verdict: Verdict) -> tuple[Guard, ...]:
    """The guards that are no checks in disguise (those are judged by their record)."""
    titles = {spec.title for spec in SPECS}
    return tuple(g for g in verdict.guards if g.name not in titles)


def check(result: RunResult, name: str) -> Check | None:
    """A check of a run by its stable name."""
    return next((c for c in result.checks if c.name == name), None)


def drop(comparison: Comparison | None) -> float:
    """How much was lost, 0-1; 0 if nothing was, or nothing is known."""
    lost = comparison.difference if comparison else None
    return max(0.0, -(lost or 0.0))


def check_size(found: Check) -> float:
    """How far apart the arms of a check are, 0-1: its first share that both arms have."""
    by_name: dict[str, dict[str, float]] = {}
    for reading in found.readings:
        if reading.unit == "share" and reading.value is not None:
            by_name.setdefault(reading.name, {})[reading.arm] = reading.value
    for arms in by_name.values():
        if "base" in arms and "adapter" in arms:
            return abs(arms["adapter"] - arms["base"])
    return 0.0


def some(rows: tuple[str, ...], n: int = 3) -> str:
    """The first rows in words: "a, b, c and 4 more".

    >>> some(("a", "b", "c", "d")), some(("a",)), some(())
    ('a, b, c and 1 more', 'a', '')
    """
    more = len(rows) - n
    return ", ".join(rows[:n]) + (f" and {more} more" if more > 0 else "")
