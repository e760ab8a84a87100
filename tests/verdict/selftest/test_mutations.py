"""Every guard that is switched off must be noticed, and nothing may stay switched off."""

from __future__ import annotations

import functools

import pytest

from realift.verdict import label_of_counts
from realift.verdict.selftest import exact
from realift.verdict.selftest.engine import COMPARE, claim_of_counts
from realift.verdict.selftest.mutations import MUTATIONS, Mutation, judge, patched


@pytest.mark.parametrize(
    "mutation",
    [pytest.param(m, id=m.guard, marks=[pytest.mark.slow] * (m.seconds > 2)) for m in MUTATIONS],
)
def test_a_missing_guard_is_noticed(mutation: Mutation) -> None:
    found = judge(mutation)
    assert found.noticed
    assert found.with_guard != found.without


def test_a_change_that_no_row_depends_on_is_not_noticed() -> None:
    idle = Mutation(
        guard="the share that may be missing",
        instead="a little less",
        patches=((COMPARE, "MAX_MISSING", 0.04),),
        rows=functools.partial(exact.false_claims, 10),
    )
    assert not judge(idle).noticed


def test_rows_that_fail_with_the_guard_on_notice_nothing() -> None:
    always_red = Mutation(
        guard="none",
        instead="none",
        patches=(),
        rows=lambda: [exact.Row(section="s", situation="", measures="", ours=1.0, high=0.5)],
    )
    assert not judge(always_red).noticed


def test_a_patch_ends_with_its_block_even_after_an_error() -> None:
    before = COMPARE.mcnemar_midp
    assert claim_of_counts(3, 0, 20) == ""
    with patched((COMPARE, "mcnemar_midp", lambda *_: 0.0)):
        assert claim_of_counts(3, 0, 20) == "REAL GAIN"  # what was remembered is forgotten
    assert claim_of_counts(3, 0, 20) == ""
    with pytest.raises(TypeError), patched((COMPARE, "mcnemar_midp", None)):
        claim_of_counts(3, 0, 20)
    assert COMPARE.mcnemar_midp is before
    assert claim_of_counts(3, 0, 20) == ""
    assert label_of_counts(3, 0, 20, min_gain=0.1) == "TOO SMALL TO TELL"
