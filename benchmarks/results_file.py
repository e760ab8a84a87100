"""The file in ``benchmarks/results/`` that one run of a benchmark keeps its raw figures in."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class ResultsFile:
    """``<date>-<name>.json``. Write it after every round: a run that is cut off leaves those."""

    def __init__(self, name: str) -> None:
        self.path = ROOT / "benchmarks" / "results" / f"{date.today().isoformat()}-{name}.json"

    def write(self, found: dict[str, Any] | list[Any]) -> None:
        self.path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    def finish(self, found: dict[str, Any] | list[Any]) -> None:
        """Write it a last time and say where it is."""
        self.write(found)
        print(f"raw figures: {self.path.relative_to(ROOT)}")
