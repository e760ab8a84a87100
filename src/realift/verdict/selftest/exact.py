"""What can be enumerated: false claims, coverage, the minimum detectable gain, "no gain".

Every row is exact, over a grid of true rates; the worst cell of the grid is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

from realift.verdict.selftest.engine import (
    MIN_GAIN,
    POWER,
    STATISTICS,
    cached,
    compared,
    decided,
    differences_of,
    made_run,
)
from realift.verdict.selftest.lattice import (
    chances,
    claim_chance,
    label_chance,
    labels,
    lattice,
    naive_chance,
)
from realift.verdict.selftest.rows import Row

FALSE = "false claims"
COVERAGE = "coverage"
DETECTABLE = "detectable gain"
NO_GAIN = "no meaningful gain"
MODERATE = 0.60  # share of answers that change, up to which a false claim stays below 2.5%
CHURNS = tuple(k / 20 for k in range(1, 21))
_NEGLIGIBLE = 1e-10  # outcomes rarer than this count as not covered


def false_claims(n: int) -> Iterator[Row]:
    """No effect at all: how often is one claimed? The worse of gain and regression, worst churn."""
    for churns, high in (
        ([x for x in CHURNS if x <= MODERATE], 0.025),
        ([x for x in CHURNS if x > MODERATE], 0.05),
    ):
        ours = [
            (claim_chance(n, label, p_fixed=x / 2, p_broken=x / 2), label, x)
            for x in churns
            for label in ("REAL GAIN", "REGRESSION")
        ]
        worst, label, churn = max(ours, key=lambda found: found[0])
        yield Row(
            section=FALSE,
            situation=f"n = {n}, no effect, {churns[0]:.0%} to {churns[-1]:.0%} of answers change",
            measures="false gain or regression",
            naive=max(naive_chance(n, p_fixed=x / 2, p_broken=x / 2) for x in churns),
            ours=worst,
            high=high,
            note=f"worst: {label}, {churn:.0%} change" if worst else "never said",
        )


def small_sets() -> Iterator[Row]:
    """Five questions cannot speak for others, whatever came out."""
    said = label_chance(5, "TOO SMALL TO TELL", p_fixed=1.0, p_broken=0.0)
    yield Row(
        section=FALSE,
        situation="n = 5, all five fixed",
        measures="any claim",
        naive=1.0,
        ours=1 - said,
        high=0.0,
        note="2.5% cannot be reached with five independent questions",
    )


def same_path(n_cells: int) -> Iterator[Row]:
    """``decide``, ``compare`` and ``label_of_counts`` must be one rule: a sample through all."""
    cells = [(n, i) for n in (6, 10, 20, 50) for i in range(len(lattice(n).fixed))]
    step = max(1, len(cells) // n_cells)
    different = 0
    sample = cells[::step]
    for n, i in sample:
        b, c = int(lattice(n).fixed[i]), int(lattice(n).broken[i])
        differences = differences_of(b, c, n)
        found = {compared(differences).label, decided(*made_run(differences)).label}
        different += found != {str(labels(n)[i])}
    yield Row(
        section=FALSE,
        situation=f"{len(sample)} outcomes judged as whole runs and by their counts",
        measures="different labels",
        ours=different / len(sample),
        high=0.0,
    )


def coverage(n: int, level: float) -> Iterator[Row]:
    """How often the interval holds the true difference: the least and the mean over a grid."""
    grid = [
        ((churn + gain) / 2, (churn - gain) / 2)
        for churn in (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
        for gain in (0.0, 0.05, 0.1, 0.2, 0.4)
        if gain <= churn
    ]
    found = [_covered(n, level, *rates) for rates in grid]
    mean, least = sum(found) / len(found), min(found)
    p_fixed, p_broken = grid[found.index(least)]
    lowest = 0.92 if level == 0.95 else 0.88  # 90%: each end may be wrong in 6%, as promised
    for measures, value, low in (
        ("mean coverage", mean, level),
        ("least coverage", least, lowest),
    ):
        yield Row(
            section=COVERAGE,
            situation=f"n = {n}, {level:.0%} interval, {len(grid)} pairs of true rates",
            measures=measures,
            ours=value,
            low=low,
            note=f"fixed {p_fixed:.1%}, broken {p_broken:.1%}" if "least" in measures else "",
        )


def _covered(n: int, level: float, p_fixed: float, p_broken: float) -> float:
    cells = lattice(n)
    weights = chances(n, p_fixed=p_fixed, p_broken=p_broken)
    truth = p_fixed - p_broken
    total = 0.0
    for i in (weights > _NEGLIGIBLE).nonzero()[0]:
        low, high = _interval(int(cells.fixed[i]), int(cells.broken[i]), n, level)
        total += weights[i] * (low <= truth <= high)
    return float(total)


@cached
def _interval(b: int, c: int, n: int, level: float) -> tuple[float, float]:
    if b < c:  # exactly mirrored; a test of the verdict room holds it
        low, high = _interval(c, b, n, level)
        return -high, -low
    interval = (
        STATISTICS.difference_interval(b, c, n)
        if level == 0.95
        else STATISTICS.exclusion_interval(b, c, n)
    )
    return interval.low, interval.high


def detectable(n: int, p_broken: float) -> Iterator[Row]:
    """A gain of the size said to be detectable must be found in 80 of 100 cases."""
    gain = POWER.minimum_detectable(n, p_broken=p_broken)
    if gain is None:
        return
    rates = {"p_fixed": p_broken + gain, "p_broken": p_broken}
    yield Row(
        section=DETECTABLE,
        situation=f"n = {n}, {p_broken:.0%} broken, true gain = reported {100 * gain:.1f} points",
        measures="power",
        naive=naive_chance(n, **rates),
        ours=claim_chance(n, "REAL GAIN", **rates),
        low=0.75,
        high=0.85,
    )


def reported_detectable(n: int, p_broken: float, gain: float = 0.0) -> Iterator[Row]:
    """The same for the figure a run reports, which knows the churn only from its own answers.

    First run: a true gain of ``gain`` (0 = no effect). Then: the power of the same n for a true
    gain of what that run reported, averaged over what it may have reported. A report beyond what is
    possible counts as the largest possible gain. Where even that one is found in fewer than 85 of
    100 cases nothing can be calibrated, and after a run with an effect the report errs on the
    large side (what it fixed looks like churn until it is proven): these rows are shown only.
    """
    cells = lattice(n)
    weights = chances(n, p_fixed=p_broken + gain, p_broken=p_broken)
    largest = 1 - 2 * p_broken
    kept = total = 0.0
    for i in (weights > 1e-6).nonzero()[0]:
        found = _reported(n, int(cells.fixed[i]), int(cells.broken[i]))
        if found is not None:
            kept += weights[i]
            total += weights[i] * _power(n, p_broken, round(min(found, largest), 4))
    most = claim_chance(n, "REAL GAIN", p_fixed=1 - p_broken, p_broken=p_broken)
    judged = gain == 0 and most >= 0.85
    note = "the churn is known from these few answers only"
    if most < 0.85:
        note = f"even the largest possible gain is found in {most:.1%} only"
    yield Row(
        section=DETECTABLE,
        situation=f"n = {n}, {p_broken:.0%} broken, as estimated by a run "
        + (f"with a gain of {100 * gain:g} points" if gain else "without effect"),
        measures="mean power",
        ours=total / kept,
        low=0.75 if judged else 0.0,
        high=0.85 if judged else 1.0,
        note=note,
    )


@cached
def _reported(n: int, fixed: int, broken: int) -> float | None:
    return compared(differences_of(fixed, broken, n)).minimum_detectable  # type: ignore[no-any-return]


@cached
def _power(n: int, p_broken: float, gain: float) -> float:
    return claim_chance(n, "REAL GAIN", p_fixed=p_broken + gain, p_broken=p_broken)


def no_meaningful_gain(n: int) -> Iterator[Row]:
    """A true gain of exactly ``min_gain`` must rarely be called no meaningful gain."""
    rates = [
        {"p_fixed": x + MIN_GAIN, "p_broken": x} for x in (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45)
    ]
    found = [label_chance(n, "NO MEANINGFUL GAIN", **r) for r in rates]
    worst = max(range(len(rates)), key=lambda i: found[i])
    yield Row(
        section=NO_GAIN,
        situation=f"n = {n}, true gain = the {MIN_GAIN:.0%} asked for",
        measures="wrongly ruled out",
        naive=max(1 - naive_chance(n, **r) for r in rates),
        ours=found[worst],
        high=0.06,
        note=f"worst broken rate: {rates[worst]['p_broken']:.0%}" if found[worst] else "never said",
    )
