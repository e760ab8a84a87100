"""Turn finished runs into the score files that ``realift selftest`` flips the signs of.

Use: ``python benchmarks/selftest/make_scores.py runs/acme-good-0 runs/acme-naive-0 ...``; writes
``scores/<run>.<dimension>.csv`` beside this file, with columns ``id,base,adapter,group``.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from realift import run_folder
from realift.verdict import pair_scores

FOLDER = Path(__file__).parent / "scores"


def main(folders: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for folder in folders:
        run = run_folder.load(folder)
        for dimension in sorted({s.dimension for s in run.scores if not s.probe}):
            pairs = pair_scores(run.questions, run.scores, dimension=dimension)
            path = FOLDER / f"{run.name}.{dimension}.csv"
            with path.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow(("id", "base", "adapter", "group"))
                writer.writerows(
                    zip(pairs.ids, pairs.first, pairs.second, pairs.groups, strict=True)
                )
            print(
                f"{path.name}: {pairs.n} questions, {len(pairs.fixed)} fixed, "
                f"{len(pairs.broken)} broken, {pairs.n_groups} groups"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
