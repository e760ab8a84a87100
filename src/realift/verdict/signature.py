"""The one-line signature beside every figure: what was measured, how, by which version.

>>> signature("correctness", method="paired mid-p | Dirichlet(1,1,2) 95%")
'realift 0.1 | correctness/contains+numeric v1 | paired mid-p | Dirichlet(1,1,2) 95%'
"""

from __future__ import annotations

from realift.score import VERSIONS
from realift.types import Arm

RULES = "realift 0.1"


def signature(
    dimension: str,
    *,
    method: str,
    n_samples: int = 1,
    first: Arm = "base",
    second: Arm = "adapter",
    probe: str = "",
    scorer: str = "default",
) -> str:
    """Rules, dimension with its scorer, samples (if several), method, arms if unusual."""
    parts = [
        RULES,
        f"{dimension}{f' ({probe})' if probe else ''}/{scorer_version(dimension, scorer)}",
        *([f"mean of {n_samples} samples"] if n_samples > 1 else []),
        method,
    ]
    if (first, second) != ("base", "adapter"):
        parts.append(f"{second} - {first}")
    return " | ".join(parts)


def scorer_version(dimension: str, scorer: str) -> str:
    """Who measured a dimension: the one place where the scorer room is asked."""
    if scorer != "default":
        return scorer
    return VERSIONS.get(dimension, "as given")
