"""How the verdict writes its numbers.

>>> points(0.225), points(-0.01), points(0)
('+22.5 points', '-1 point', '0 points')
"""

from __future__ import annotations

from realift.types import Comparison


def points(difference: float) -> str:
    """A difference of rates (0-1) in points, with its sign."""
    text = _signed(difference)
    return f"{text} point{'' if text in ('+1', '-1') else 's'}"


def _signed(x: float) -> str:
    """0-1 in points with a sign, one decimal where there is one: "+22.5", "-7", "0"."""
    text = f"{100 * x:+.1f}".removesuffix(".0")
    return "0" if text in ("+0", "-0") else text


def whole(x: float) -> str:
    """An end of an interval in whole points, with its sign."""
    rounded = round(100 * x)
    return f"{rounded:+d}" if rounded else "0"


def p_text(p: float) -> str:
    """A p-value, three decimals, never 0.

    >>> p_text(0.0312), p_text(0.00001)
    ('p = 0.031', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def both_arms(c: Comparison, right: str) -> str:
    """What each arm got right: counts, or for means the shares ("The base {right} 5 of 20")."""
    if c.kind == "mean":
        base, adapter = (f"{100 * (r.value or 0):.0f}%" for r in (c.base, c.adapter))
        return f"The base {right} {base}, the adapter {adapter}, over {sampled(c)}."
    base, adapter = (str(round((r.value or 0) * c.n_scored)) for r in (c.base, c.adapter))
    return f"The base {right} {base} of {c.n_scored}, the adapter {adapter} of {c.n_scored}."


def sampled(c: Comparison) -> str:
    """ "20 questions", or "20 questions with 8 samples each"."""
    samples = f" with {c.n_samples} samples each" if c.n_samples > 1 else ""
    return f"{c.n_scored} question{'' if c.n_scored == 1 else 's'}{samples}"
