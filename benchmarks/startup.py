"""How long ``realift run --base tiny`` takes from the start of Python to the first training step.

The command runs on ``examples/acme`` in a fresh process and is ended where training would begin:
imports, reading and checking, loading, measuring and planning are over then. Another checkout of
realift can be measured in turn with this one.

Use: ``python benchmarks/startup.py [--starts 12] [--against FOLDER]``. Raw times go to
``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from results_file import ROOT, ResultsFile

CODE = """
import os
from realift.cli.app import main
import realift.train.loop as loop
loop.train_adapter = lambda *_args, **_more: os._exit(77)
main()
"""


def seconds(checkout: Path) -> float:
    """Of one start with the code of ``checkout``.

    Raises:
        RuntimeError: the command ended before training.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src")}
    with tempfile.TemporaryDirectory() as runs:
        config = str(ROOT / "examples" / "acme" / "realift.yaml")
        typed = ["run", config, "--base", "tiny", "--runs-dir", runs, "--quiet"]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", CODE, *typed], env=environment, capture_output=True, text=True
        )
        took = time.perf_counter() - started
    if done.returncode != 77:
        raise RuntimeError(done.stderr)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=12)
    parser.add_argument("--against", type=Path, help="another checkout, measured in turn")
    args = parser.parse_args()
    checkouts = {"this": ROOT, **({"other": args.against.resolve()} if args.against else {})}
    took: dict[str, list[float]] = {name: [] for name in checkouts}
    for _ in range(args.starts):
        for name, checkout in checkouts.items():
            took[name].append(round(seconds(checkout), 2))
    for name, times in took.items():
        print(f"{name}: {statistics.median(times):.2f} s ({min(times)} to {max(times)})")
    ResultsFile("startup").finish({"cores": os.cpu_count(), "seconds": took})


if __name__ == "__main__":
    main()
