"""``docs/statistics.md`` prints what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from realift.verdict import e_value, mcnemar_midp
from tests.verdict.test_decide import CHARACTERISTICS
from tests.verdict.test_exclude import worst
from tests.verdict.test_sequential import ever

PAGE = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines()]


def test_the_operating_characteristics_are_those_of_the_tests() -> None:
    """``test_decide`` computes them; the page must print the same figures."""
    printed = {
        tuple(float(x) for x in row[:3]): row[5:]
        for row in ROWS
        if len(row) == 7 and row[0].startswith("0.")
    }
    for broken, delta, n, published, (no_change, no_gain) in CHARACTERISTICS:
        assert printed[broken, delta, n] == [f"{no_change} ({published[2]})", f"{no_gain}"]


def test_the_error_of_ruling_out_is_the_exact_one_where_it_is_worst() -> None:
    """The sizes at which each worst case lies; ``test_exclude`` goes through all of them."""
    (row,) = (row for row in ROWS if row and row[0] == "error")
    at = {0.05: 183, 0.10: 90, 0.15: 50, 0.20: 30, 0.25: 34, 0.30: 19}
    for (gain, n), cell in zip(at.items(), row[1:], strict=True):
        assert 100 * worst((n,), gain) == pytest.approx(float(cell.split()[0]), abs=0.11)


@pytest.mark.parametrize("row", [r for r in ROWS if len(r) == 3 and re.match(r"\d+ %$", r[0])])
def test_the_table_of_looks_is_the_exact_one(row: list[str]) -> None:
    churn, ours, ordinary = (float(cell.split()[0]) / 100 for cell in row)
    assert ever(lambda b, c: e_value(b, c) >= 20, churn) == pytest.approx(ours, abs=6e-4)
    found = ever(lambda b, c: mcnemar_midp(b, c) <= 0.05, churn)
    assert found == pytest.approx(ordinary, abs=6e-4)
