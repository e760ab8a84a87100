"""How long ``realift check`` takes, and how much memory, from 100 to 100,000 rows.

Rows are made up: passages, questions and answers of words drawn like those of a language (few
often, many seldom), a third of them with names and numbers, 1 in 50 a near-copy, 1 in 100 an exact
one. Each measurement is a fresh process. Seconds of the processor are given beside those of the
clock, because a busy machine stretches the latter; "after start" takes off ``realift --version``.

Use: ``python benchmarks/check.py [--rows 100 1000 10000 100000]``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from realift.config import REFUSAL
from realift.manifest import machine_facts

ROOT = Path(__file__).resolve().parents[1]
EVAL = ROOT / "examples" / "acme" / "eval.jsonl"
SYLLABLES = "ba,ke,lo,mi,tu,ra,ne,so,vi,da,pe,gu,ha,ri,zo,fe,nu,ca,li,mo"


def make_rows(n: int, seed: int = 0) -> list[dict[str, str]]:
    rng = random.Random(seed)
    words = ["".join(rng.choices(SYLLABLES.split(","), k=rng.randint(2, 4))) for _ in range(8000)]
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))

    def text(low: int, high: int) -> str:
        return " ".join(rng.choices(words, cum_weights=weights, k=rng.randint(low, high)))

    rows: list[dict[str, str]] = []
    for number in range(n):
        kind = rng.random()
        if rows and kind < 0.01:
            rows.append(dict(rng.choice(rows)))
            continue
        if rows and kind < 0.03:
            old = rng.choice(rows)
            rows.append(old | {"instruction": f"{old['instruction']} Please."})
            continue
        context, answer = "", text(1, 12)
        if number % 2:
            name, amount = text(1, 1).title(), str(rng.randint(2, 9999))
            context = f"{text(20, 50)}. {name} has {amount} {text(3, 8)}. {text(10, 30)}."
            answer = f"{name} has {amount}." if number % 3 else answer
        if number % 5 == 0:
            answer = REFUSAL
        asked = f"What is the {text(3, 10)} of {text(1, 1).title()}?"
        rows.append({"instruction": asked, "input": context, "output": answer})
    return rows


def measure(*arguments: str) -> dict[str, float]:
    """Wall and processor seconds and peak memory (MiB) of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    command = [sys.executable, "-m", "realift", *arguments]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stderr)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "wall_seconds": round(wall, 2),
        "processor_seconds": round(used, 2),
        "peak_mib": round(after.ru_maxrss / 1024),  # of the largest process so far
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 1000, 10000, 100000])
    sizes = sorted(parser.parse_args().rows)
    start = measure("--version")
    print(f"start: {start}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for n in sizes:
            path = Path(folder) / f"rows-{n}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in make_rows(n)))
            for with_eval in (True, False):
                more = ["--eval", str(EVAL)] if with_eval else []
                measured = measure("check", "--train", str(path), *more)
                row: dict[str, Any] = {"rows": n, "eval_set": with_eval, **measured}
                row["after_start"] = round(
                    measured["processor_seconds"] - start["processor_seconds"], 2
                )
                print(row, flush=True)
                facts = {"date": date.today().isoformat(), "load_average": os.getloadavg()}
                with (ROOT / "benchmarks" / "results" / "check.jsonl").open("a") as out:
                    out.write(json.dumps(row | facts | machine_facts()) + "\n")


if __name__ == "__main__":
    main()
