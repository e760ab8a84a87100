"""Bases worth starting with, by size: the table of ``docs/bases.md`` for questions and hints."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

BYTES_PER_PARAMETER = 4  # float32, what a CPU computes with


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBase:
    """A permissive base: hub id, parameters in billions, license."""

    name: str
    billions: float
    license: str

    @property
    def gigabytes(self) -> float:
        """Memory of the weights in float32, in GB; training takes some more."""
        return self.billions * BYTES_PER_PARAMETER


BASES: tuple[KnownBase, ...] = (
    KnownBase(name="tiny", billions=0.0015, license="Apache-2.0"),
    KnownBase(name="HuggingFaceTB/SmolLM2-135M-Instruct", billions=0.135, license="Apache-2.0"),
    KnownBase(name="HuggingFaceTB/SmolLM2-360M-Instruct", billions=0.36, license="Apache-2.0"),
    KnownBase(name="ibm-granite/granite-4.0-350m", billions=0.35, license="Apache-2.0"),
    KnownBase(name="Qwen/Qwen3-0.6B", billions=0.6, license="Apache-2.0"),
    KnownBase(name="ibm-granite/granite-4.0-1b", billions=1.6, license="Apache-2.0"),
    KnownBase(name="Qwen/Qwen3-1.7B", billions=1.7, license="Apache-2.0"),
    KnownBase(name="Qwen/Qwen3-4B-Instruct-2507", billions=4.0, license="Apache-2.0"),
    KnownBase(name="HuggingFaceH4/zephyr-7b-beta", billions=7.2, license="MIT"),
)


def nearest_base(name: str) -> str | None:
    """The known or cached base whose name is most like this one; None = none is."""
    names = {b.name.lower(): b.name for b in BASES} | {n.lower(): n for n in cached_bases()}
    by_end = {low.rpartition("/")[2]: full for low, full in names.items()}
    wanted = name.lower()
    for known, typed in ((names, wanted), (by_end, wanted.rpartition("/")[2])):
        near = difflib.get_close_matches(typed, known, n=1, cutoff=0.75)
        if near and known[near[0]] != name:
            return known[near[0]]
    return None


def cached_bases() -> tuple[str, ...]:
    """Hub ids of the models that are on this disk already; reads folder names only."""
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    hub = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
    try:
        names = sorted(p.name for p in hub.glob("models--*") if (p / "snapshots").is_dir())
    except OSError:
        return ()
    return tuple(n.removeprefix("models--").replace("--", "/") for n in names)
