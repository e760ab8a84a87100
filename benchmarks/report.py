"""How long ``realift report`` takes and how large its page is, for 200 and 1,000 questions.

The run is the invented one of the tests, with every part a page can have. Each figure is the best
of ``--rounds`` whole commands in a fresh process, whatever this machine is: wall and CPU seconds.

Use: ``python benchmarks/report.py [--rounds 5]``; prints one JSON line and keeps it in
``benchmarks/results/report.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]


def measure(folder: Path, rounds: int) -> dict[str, float]:
    """Best wall and CPU seconds of the command, and the sizes of what it wrote."""
    wall, cpu = [], []
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "realift", "report", str(folder)],
            check=True,
            capture_output=True,
            env=environment,
        )
        wall.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {
        "wall_s": round(min(wall), 2),
        "cpu_s": round(min(cpu), 2),
        "html_bytes": (folder / "report.html").stat().st_size,
        "md_bytes": (folder / "report.md").stat().st_size,
    }


def main() -> None:
    from tests.report import made_run

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    found: dict[str, object] = {"rounds": rounds, "load": round(os.getloadavg()[0], 1)}
    for n in (200, 1000):
        with tempfile.TemporaryDirectory() as place:
            folder = made_run.save(made_run.make_result(n), Path(place) / "run")
            found[str(n)] = measure(folder, rounds)
    line = json.dumps(found)
    print(line)
    with (ROOT / "benchmarks" / "results" / "report.jsonl").open("a", encoding="utf-8") as out:
        out.write(line + "\n")


if __name__ == "__main__":
    main()
