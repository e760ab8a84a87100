"""What a shell offers after Tab: names of runs, bases, cases, values of options.

Called by the shell for every Tab, so nothing here may be slow or raise; a shell that gets nothing
offers files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from realift.config import PROBES, TRACKERS

_VALUES = {
    "device": ("auto", "cpu", "cuda", "mps"),
    "dtype": ("auto", "float32", "bfloat16", "float16"),
    "scorer": ("default", "squad"),
    "lora_target_modules": ("all-linear", "q_proj,v_proj"),
    "samples_per_question": ("auto",),
    "retriever": ("bm25",),
    "probes": ("auto", "off", *PROBES),
    "report_to": TRACKERS,
}


def complete_base(incomplete: str) -> list[tuple[str, str]]:
    """The embedded base, models that are on this disk, and those ``docs/bases.md`` names."""
    from realift.model.bases import BASES, cached_bases

    known = {b.name: f"{b.gigabytes:.1f} GB" if b.billions > 0.01 else "embedded" for b in BASES}
    found = known | dict.fromkeys(cached_bases(), "on this disk")
    return [(name, what) for name, what in found.items() if name.startswith(incomplete)]


def complete_case(incomplete: str) -> list[tuple[str, str]]:
    """The cases ``init`` knows."""
    from realift.starter.cases import CASES

    return [(c.name, c.title) for c in CASES.values() if c.name.startswith(incomplete)]


def complete_run(incomplete: str) -> list[tuple[str, str]]:
    """Run folders: those in the folder that is being typed, and those in ``runs/``, newest first.

    A run is offered as a path, so it works wherever a run folder is asked for.
    """
    head = os.path.dirname(incomplete)  # noqa: PTH120  (Path would drop a trailing slash)
    places = [Path(head)] if head else [Path("runs"), Path()]
    found = {}
    for place in places:
        try:
            runs = [p.parent for p in Path(place).expanduser().glob("*/manifest.json")]
            runs.sort(key=lambda p: -p.stat().st_mtime)
        except OSError:
            continue
        for run in runs:
            shown = str(run)
            if shown.startswith(incomplete):
                found[shown] = _said(run)
    return list(found.items())


def _said(run: Path) -> str:
    """The verdict in a word; "" if there is none or it cannot be read."""
    try:
        verdict = json.loads((run / "verdict.json").read_text(encoding="utf-8"))
        return str(verdict["label"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def complete_option(name: str) -> Callable[[str], list[str]] | None:
    """What completes an option of ``Config``; None = nothing is known (the shell offers files)."""
    if name == "base":
        return complete_base  # type: ignore[return-value]  # pairs with a word of help
    values = _VALUES.get(name)
    if values is None:
        return None
    return lambda incomplete: [v for v in values if v.startswith(incomplete)]
