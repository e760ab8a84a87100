"""The good and the naive recipe of ``examples/acme`` over many seeds, through ``realift.run``.

Writes one JSON line a run to ``benchmarks/results/acme.jsonl`` (runs that stand there already are
not repeated) and prints the table of ``examples/acme/README.md``.

Use: ``python benchmarks/acme.py --seeds 0-9 [--recipes realift,naive] [--base tiny]``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ACME = ROOT / "examples" / "acme"
RESULTS = ROOT / "benchmarks" / "results" / "acme.jsonl"


def seeds(text: str) -> list[int]:
    """``"0-3,7"`` as numbers."""
    out: list[int] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        out += range(int(low), int(high or low) + 1)
    return out


def run_one(file: Path, seed: int, base: str, threads: int | None) -> dict[str, Any]:
    """One whole run: what it concluded, on which base, with which data."""
    import realift

    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        result = realift.run(file, seed=seed, base=base, threads=threads, runs_dir=folder)
    verdict = result.verdict
    assert verdict is not None
    main = verdict.comparisons[0]

    def counts(c: Any) -> list[int]:
        return [round((rate.value or 0) * c.n_scored) for rate in (c.base, c.adapter)]

    return {
        "recipe": file.stem,
        "seed": seed,
        "base": result.manifest["base_fingerprint"],
        "data": {k: v["sha256"][:12] for k, v in result.manifest["data"].items()},
        "label": verdict.label,
        "recommendation": verdict.recommendation,
        "right": [*counts(main), main.n_scored],
        "p": main.p_value,
        "interval": [main.interval.low, main.interval.high] if main.interval else None,
        "few_shot": [c.label for c in verdict.comparisons if c.first == "few_shot"],
        "guards": {
            g.name: [g.status, *(counts(g.comparison) if g.comparison else ()),
                     g.comparison.n_scored if g.comparison else 0]
            for g in verdict.guards
        },
        "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: one line a run, guards as base -> adapter of n with their status."""
    names = list(dict.fromkeys(name for row in rows for name in row["guards"]))
    lines = [
        "| recipe | seed | verdict | recommendation | correct | " + " | ".join(names) + " |",
        "|---" * (5 + len(names)) + "|",
    ]
    for row in sorted(rows, key=lambda r: (r["recipe"] == "naive", r["seed"])):
        right = row["right"]
        cells = [
            "good" if row["recipe"] == "realift" else row["recipe"],
            str(row["seed"]), row["label"], row["recommendation"],
            f"{right[0]} -> {right[1]} of {right[2]}",
        ]  # fmt: skip
        for name in names:
            status, *figures = row["guards"].get(name, ["-"])
            shown = f"{figures[0]} -> {figures[1]} of {figures[2]}, " if len(figures) == 3 else ""
            cells.append(shown + status)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=seeds, default=list(range(5)))
    parser.add_argument("--recipes", default="realift,naive")
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--example", type=Path, default=ACME)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    for recipe in args.recipes.split(","):
        for seed in args.seeds:
            rows = [json.loads(x) for x in args.out.read_text().splitlines()] if (
                args.out.exists()) else []  # fmt: skip
            if any((r["recipe"], r["seed"]) == (recipe, seed) for r in rows):
                continue
            row = run_one(args.example / f"{recipe}.yaml", seed, args.base, args.threads)
            with args.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{recipe} {seed}: {row['label']}, {row['recommendation']}", file=sys.stderr)
    print(table([json.loads(x) for x in args.out.read_text().splitlines()]))


if __name__ == "__main__":
    main()
