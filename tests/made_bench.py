"""A bench of small files and a random base, on which whole runs take a second."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from realift import pipeline
from realift.config import resolve
from realift.types import Event, RunResult

QUICK = {
    "epochs": 3,
    "max_new_tokens": 6,
    "learning_rate": 5e-2,
    "batch_size": 4,
    "probes": "context_removed",  # the others have their own tests
}


def rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    train = [
        {"instruction": f"What is number {i}?" + " Tell me." * (i % 3), "output": f"It is {i}."}
        for i in range(24)
    ]
    train[3]["output"] = "I don't have enough context to answer."
    ask: list[dict[str, Any]] = [
        {"id": f"a{i}", "question": f"Say the number {i}", "answers": [str(i)]} for i in range(8)
    ]
    ask += [{"id": f"r{i}", "question": f"Which color has {i}?", "answerable": False}
            for i in range(3)]  # fmt: skip
    # In both files: a leak, which only allow_leaks forgives.
    ask.append({"id": "leak", "question": "What is number 4? Tell me.", "answers": ["4"]})
    ask.append({"id": "c", "question": "Price?", "context": "[1] 5 euros.", "answers": ["5 euros"]})
    return train, ask


@dataclasses.dataclass(kw_only=True)
class Bench:
    train: Path
    eval: Path
    base: Path
    root: Path
    n_runs: int = 0

    def run(self, **options: Any) -> tuple[RunResult, list[Event]]:
        """A run in a runs folder of its own, so that the ledger knows of no other."""
        seen: list[Event] = []
        self.n_runs += 1
        given = {
            "train": str(self.train),
            "eval": str(self.eval),
            "base": str(self.base),
            "runs_dir": str(self.root / f"runs-{self.n_runs}"),
            **QUICK,
            **options,
        }
        return pipeline.run(resolve(flags=given), on_event=seen.append), seen


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def make_bench(root: Path, base: Path) -> Bench:
    train, ask = rows()
    return Bench(
        train=write_jsonl(root / "train.jsonl", train),
        eval=write_jsonl(root / "eval.jsonl", ask),
        base=base,
        root=root,
    )
