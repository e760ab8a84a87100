"""Real answers, no effect: the two arms of every question are swapped at random.

Whatever the adapter did, after swapping it did nothing on average, while questions, ties and
documents stay as they were in a real run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from realift.verdict.pairs import pair_scores
from realift.verdict.scores_csv import DIMENSION, read_scores
from realift.verdict.selftest.engine import claim
from realift.verdict.selftest.rows import Row

SWAPS = "swapped real runs"
# In a checkout; an installed package has no benchmarks and the part is not run.
BENCHMARKS = Path(__file__).resolve().parents[4] / "benchmarks" / "selftest"
MIN_CHANGED = 5  # with fewer changed answers nothing can be claimed, and 0% says nothing


def score_files() -> list[Path]:
    """The committed score files, ``id,base,adapter,group``."""
    return sorted((BENCHMARKS / "scores").glob("*.csv"))


def swapped(path: Path, *, reps: int) -> Iterator[Row]:
    """One real run, its arms swapped ``reps`` times; whole documents where they repeat."""
    import numpy as np

    table = read_scores(path)
    pairs = pair_scores(table.questions, table.scores, dimension=DIMENSION)
    differences, units = np.array(pairs.differences), _units(pairs.groups)
    n_changed = int(np.abs(differences).sum())
    row = {
        "section": SWAPS,
        "situation": f"{path.stem}: n = {pairs.n} in {len(set(units))} groups, {n_changed} changed",
        "measures": "false gain",
        "high": 0.05,
    }
    if n_changed < MIN_CHANGED:
        yield Row(**row, ours=None, note="too few answers changed for any claim")  # type: ignore[arg-type]
        return
    rng = np.random.default_rng(n_changed)
    signs = rng.choice([-1, 1], size=(reps, max(units) + 1))[:, units]
    swaps = signs * differences
    seen = Counter(map(tuple, swaps.tolist()))
    gains = sum(
        count for swap, count in seen.items() if claim(list(swap), pairs.groups) == "REAL GAIN"
    )
    yield Row(
        **row,  # type: ignore[arg-type]
        naive=float((swaps.sum(axis=1) > 0).mean()),
        ours=gains / reps,
        n=reps,
    )


def missing() -> Iterator[Row]:
    """The row that says so where there are no score files."""
    yield Row(
        section=SWAPS,
        situation="arms of real runs swapped at random",
        measures="false gain",
        ours=None,
        note="no score files here: they stand in benchmarks/selftest/scores of the source code",
    )


def _units(groups: tuple[str, ...]) -> list[int]:
    """Number of the unit each question belongs to; a question without a group is its own."""
    keys: dict[object, int] = {}
    return [keys.setdefault(group or (i,), len(keys)) for i, group in enumerate(groups)]
