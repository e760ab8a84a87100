"""Why a comparison got its label, in one or two plain sentences.

>>> from realift.verdict.explain import ordinal
>>> [ordinal(k) for k in (1, 2, 3, 4, 11, 22)]
['1st', '2nd', '3rd', '4th', '11th', '22nd']
"""

from __future__ import annotations

from dataclasses import dataclass

from realift.data.check import MIN_GROUPS
from realift.types import Comparison

MIXED = "MIXED: a few large changes stand against many small ones the other way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the label was decided by; ``mixed`` = mean and number of questions disagree."""

    min_gain: float
    alpha: float = 0.05
    n_looks: int = 1
    sequential: bool = False
    mixed: bool = False


def explain(row: Comparison, rule: Rule) -> str:
    """The row's label in words. ``row.explanation`` is not read."""
    if not row.n_scored:
        return "Not measured: no question of this kind."
    counts, points = _counts(row), f"{100 * rule.min_gain:g} points"
    if row.label == "REAL GAIN":
        return f"{counts}: more than chance explains.{decided_by(row, rule)}"
    if row.label == "REGRESSION":
        return f"{counts}: worse than chance explains.{decided_by(row, rule)}"
    if row.n_groups < MIN_GROUPS:
        units = "questions" if row.n_groups == row.n_scored else "groups of questions"
        return (
            f"{counts}: nothing can be proven with fewer than {MIN_GROUPS} independent {units}, "
            f"and here there {'is' if row.n_groups == 1 else 'are'} {row.n_groups}."
        )
    if rule.mixed:
        return f"{counts}. {MIXED}, so the mean alone proves neither a gain nor a loss."
    if row.label == "NO MEANINGFUL GAIN":
        both = row.interval90 is not None and row.interval90.low > -rule.min_gain
        what = (
            f"a change of {points} or more is ruled out"
            if both
            else f"a gain of {points} is ruled out; a loss of that size is not"
        )
        return f"{counts}: {what}.{decided_by(row, rule)}"
    return (
        f"{counts}: chance could do this, and a gain of {points} is not ruled out."
        f"{decided_by(row, rule)}"
    )


def decided_by(row: Comparison, rule: Rule) -> str:
    """What decided, where it was not the p-value alone ("" else); starts with a blank."""
    if row.p_value is None or row.p_adjusted is None:
        return ""
    if rule.sequential:
        needed = rule.n_looks / rule.alpha
        tried = f", {ordinal(rule.n_looks)} adapter on this eval set" if rule.n_looks > 1 else ""
        return f" The evidence (e-value) is {row.e_value:.3g}; {needed:g} is needed{tried}."
    return f" {times_looks(row, rule.n_looks)}."


def times_looks(row: Comparison, n_looks: int) -> str:
    """p times the number of adapters tried ("The 4th adapter ...: p 0.02 x 4 = 0.08")."""
    return (
        f"The {ordinal(n_looks)} adapter scored on this eval set: p {row.p_value:.2g} x {n_looks} "
        f"= {row.p_adjusted:.2g}"
    )


def ordinal(k: int) -> str:
    """1st, 2nd, 3rd, 4th, ..."""
    ending = "th" if 10 <= k % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th")
    return f"{k}{ending}"


def _counts(row: Comparison) -> str:
    b, c = row.n_fixed, row.n_broken
    rest = row.n_scored - b - c
    if row.kind == "mean":
        return f"{b} questions better, {c} worse, {rest} unchanged"
    return f"{b} fixed, {c} broken, {rest} unchanged"
