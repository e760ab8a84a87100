"""Judging another tool's scores from a CSV."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import comb
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from realift.errors import DataError
from realift.types import Verdict
from realift.verdict import read_scores, verdict_from_csv


def write(folder: Path, text: str, name: str = "scores.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def table(fixed: int, broken: int, n: int, header: str = "id,base,adapter") -> str:
    pairs = [(0, 1)] * fixed + [(1, 0)] * broken + [(1, 1)] * (n - fixed - broken)
    return "\n".join([header, *(f"q{i},{a},{b}" for i, (a, b) in enumerate(pairs))]) + "\n"


KNOWN = [(0, 0), (5, 0), (6, 0), (7, 1), (8, 1), (9, 2), (10, 2)]


def posterior_cdf(x: float, b: int, c: int, n: int) -> float:
    """P(fixed rate - broken rate <= x) by another road than the library's.

    Fixed rate ~ Beta(b+1, c+t+3); given it, broken / (1 - fixed) ~ Beta(c+1, t+2).
    """
    ties = n - b - c
    first, second = stats.beta(b + 1, c + ties + 3), stats.beta(c + 1, ties + 2)
    kinks = [x, (1 + x) / 2, *first.ppf([0.001, 0.25, 0.5, 0.75, 0.999])]
    edges = [0.0, *sorted({float(k) for k in kinks if 0 < k < 1}), 1.0]
    return float(
        sum(
            integrate.quad(
                lambda g: first.pdf(g) * second.sf((g - x) / (1 - g)), lo, hi, epsabs=1e-13
            )[0]
            for lo, hi in pairwise(edges)
        )
    )


@pytest.mark.parametrize(("b", "c"), KNOWN)
@pytest.mark.parametrize("n", [12, 20, 50, 200])
def test_known_counts_give_the_exact_figures_against_another_integral(
    tmp_path: Path, b: int, c: int, n: int
) -> None:
    row = verdict_from_csv(write(tmp_path, table(b, c, n)), min_gain=0.10).comparisons[0]
    changed, fewer = b + c, min(b, c)
    tail = sum(Fraction(comb(changed, k), 2**changed) for k in range(fewer + 1))
    p = min(Fraction(1), 2 * tail - Fraction(comb(changed, fewer), 2**changed))
    assert row.p_value == pytest.approx(float(p), abs=1e-12)
    assert row.interval is not None
    # The density is above 0.2 at both ends, so 2e-10 in the CDF is at most 1e-9 in the end.
    for end, q in ((row.interval.low, 0.025), (row.interval.high, 0.975)):
        assert posterior_cdf(end, b, c, n) == pytest.approx(q, abs=2e-10)
        step = posterior_cdf(end + 1e-4, b, c, n) - posterior_cdf(end - 1e-4, b, c, n)
        assert step / 2e-4 > 0.2
    assert (row.dimension, row.n_fixed, row.n_broken, row.n_scored) == ("score", b, c, n)
    assert row.difference == pytest.approx((b - c) / n)


@pytest.mark.parametrize("n", [12, 40, 200])
def test_the_smallest_sweeps_that_are_gains_at_any_n(tmp_path: Path, n: int) -> None:
    for b, c in KNOWN[1:]:
        assert verdict_from_csv(write(tmp_path, table(b, c, n)), min_gain=0.10).label == "REAL GAIN"
        almost = verdict_from_csv(write(tmp_path, table(4, 0, n)), min_gain=0.10)
        assert almost.label != "REAL GAIN"


FLIP = {"REAL GAIN": "REGRESSION", "REGRESSION": "REAL GAIN"}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=1, max_size=40),
    st.booleans(),
)
def test_swapping_the_columns_changes_signs_and_no_claim_invariant(
    tmp_path: Path, answers: list[tuple[bool, bool, int]], grouped: bool
) -> None:
    def judged(header: str) -> Verdict:
        lines = [
            f"q{i},{a:d},{b:d},{f'doc{g}' if grouped else ''}"
            for i, (a, b, g) in enumerate(answers)
        ]
        return verdict_from_csv(write(tmp_path, "\n".join([header, *lines])), min_gain=0.10)

    one, other = judged("id,base,adapter,group"), judged("id,adapter,base,group")
    assert other.label == FLIP.get(one.label, other.label)
    assert one.label == FLIP.get(other.label, one.label)
    a, b = one.comparisons[0], other.comparisons[0]
    assert a.difference == -b.difference  # type: ignore[operator]
    for x, y in ((a.interval, b.interval), (a.interval90, b.interval90)):
        assert x is not None
        assert y is not None
        assert (x.low, x.high) == pytest.approx((-y.high, -y.low), abs=1e-9)
    same = ("p_value", "e_value", "minimum_detectable", "n_scored", "test", "signature")
    assert [getattr(a, f) for f in same] == [getattr(b, f) for f in same]
    assert a.prob_better == pytest.approx(1 - (b.prob_better or 0.0))
    assert (a.base, a.adapter, a.fixed) == (b.adapter, b.base, b.broken)


def test_swapping_the_columns_flips_the_sign_and_nothing_else(tmp_path: Path) -> None:
    one = verdict_from_csv(write(tmp_path, table(9, 2, 30)), min_gain=0.10)
    other = verdict_from_csv(
        write(tmp_path, table(9, 2, 30, "id,adapter,base"), "b.csv"), min_gain=0.10
    )
    assert (one.label, other.label) == ("REAL GAIN", "REGRESSION")
    a, b = one.comparisons[0], other.comparisons[0]
    assert a.difference == -b.difference  # type: ignore[operator]
    assert a.p_value == b.p_value
    assert a.interval is not None
    assert b.interval is not None
    assert (a.interval.low, a.interval.high) == (-b.interval.high, -b.interval.low)
    assert a.minimum_detectable == b.minimum_detectable


def test_fifty_questions_in_five_groups_are_no_gain(tmp_path: Path) -> None:
    lines = ["id,base,adapter,group", *(f"q{i},0,1,doc{i % 5}" for i in range(50))]
    verdict = verdict_from_csv(write(tmp_path, "\n".join(lines)), min_gain=0.10)
    assert verdict.label == "TOO SMALL TO TELL"
    assert verdict.comparisons[0].test == "cluster sign-flip, 5 groups"


def test_guards_are_not_checked_so_a_file_of_scores_never_ships(tmp_path: Path) -> None:
    verdict = verdict_from_csv(write(tmp_path, table(20, 0, 40)), min_gain=0.10)
    assert verdict.label == "REAL GAIN"
    assert {g.status for g in verdict.guards} == {"NOT CHECKED"}
    assert verdict.recommendation == "NEED MORE EVIDENCE"


def test_a_few_shot_column_is_the_third_arm(tmp_path: Path) -> None:
    lines = ["id,base,adapter,few_shot", *(f"q{i},0,1,1" for i in range(30))]
    verdict = verdict_from_csv(write(tmp_path, "\n".join(lines)), min_gain=0.10)
    assert verdict.comparisons[0].few_shot is not None
    assert len(verdict.comparisons) == 2


def test_spreadsheet_habits_are_understood(tmp_path: Path) -> None:
    text = '\ufeffID;Base;Adapter;note\r\nq1;0;1.0;"a;b"\r\n\r\nq2;1;TRUE;\r\n'
    found = read_scores(write(tmp_path, text))
    assert [s.value for s in found.scores] == [0.0, 1.0, 1.0, 1.0]
    assert [q.where.line for q in found.questions] == [2, 4]


def test_all_problems_are_told_at_once_with_their_lines_rejects(tmp_path: Path) -> None:
    path = write(tmp_path, "id,base,adapter\nq1,0,2\nq1,yes,1\n,0,1\nq4,0\nq5,,1\n")
    with pytest.raises(DataError) as caught:
        read_scores(path)
    problems = [(p.where.line if p.where else 0, p.code) for p in caught.value.problems]
    assert problems == [
        (2, "not-0-or-1"),
        (3, "id-twice"),
        (3, "not-0-or-1"),
        (4, "missing-id"),
        (5, "wrong-columns"),
        (6, "not-0-or-1"),
    ]
    text = str(caught.value)
    assert f"{path}:2: column 'adapter' holds '2', not 0 or 1" in text
    assert f"{path}:3: id 'q1' was used on line 2" in text
    assert "write 1 for a right answer" in caught.value.hint


def test_only_the_first_twenty_problems_are_spelled_out(tmp_path: Path) -> None:
    lines = ["id,base,adapter", *(f"q{i},x,1" for i in range(25))]
    with pytest.raises(DataError, match=r"\.\.\. and 5 more") as caught:
        read_scores(write(tmp_path, "\n".join(lines)))
    assert len(caught.value.problems) == 25


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("id,base,adapter\n", "no rows"),
        ("id,base\nq1,0\n", "no column 'adapter'"),
        ("id,base,adapter,base\nq1,0,1,1\n", "column 'base' stands twice"),
    ],
)
def test_a_file_without_its_columns_or_rows_is_an_error_rejects(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_scores(write(tmp_path, text))
    assert caught.value.hint


def test_a_file_that_cannot_be_read_is_an_error_rejects(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_scores(tmp_path / "none.csv")
    with pytest.raises(DataError, match="folder"):
        read_scores(tmp_path)
    bad = tmp_path / "latin.csv"
    bad.write_bytes(b"id,base,adapter\n\xe9,0,1\n")
    with pytest.raises(DataError, match="UTF-8"):
        read_scores(bad)
