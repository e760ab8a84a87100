"""Figures of a check, made of what the statistics give.

>>> from realift.verdict.paired import wilson
>>> share("refused", "base", wilson(3, 4)).value
0.75
"""

from __future__ import annotations

from realift.types import Comparison, Rate, Reading


def share(name: str, arm: str, rate: Rate) -> Reading:
    """A rate with its interval."""
    return Reading(
        name=name, arm=arm, value=rate.value, unit="share", n=rate.n, interval=rate.interval
    )


def change(name: str, arm: str, c: Comparison) -> Reading:
    """The difference of a comparison, with its interval and p."""
    return Reading(
        name=name,
        arm=arm,
        value=c.difference,
        unit="share",
        n=c.n_scored,
        interval=c.interval,
        p_value=c.p_value,
    )
