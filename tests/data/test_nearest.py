"""Rows for the few-shot prompt."""

from __future__ import annotations

import math

from realift.data.nearest import nearest


def test_the_closest_row_comes_last(example):
    rows = [example("Who leads the design team?"), example("What is the price of tea?"),
            example("Who leads the sales team in May?"), example("Where is room 9?")]  # fmt: skip
    picked = nearest("Who is it that leads the design team?", rows, 2)
    assert [r.instruction for r in picked] == [
        "Who leads the sales team in May?",
        "Who leads the design team?",
    ]


def test_the_context_counts_too(example):
    rows = [example("Who?", context="Bolts."), example("Who?", context="Rivets are sold in Lyon.")]
    assert nearest("Where are rivets sold?", rows, 1) == (rows[1],)


def test_equal_rows_keep_the_order_of_the_file(example):
    rows = [example(f"Zzz {n}") for n in range(5)]
    assert nearest("nothing in common", rows, 3) == (rows[2], rows[1], rows[0])


def test_fewer_rows_than_asked_for_and_none_at_all(example):
    rows = [example("A?"), example("B?")]
    assert len(nearest("B?", rows, 5)) == 2
    assert nearest("B?", [], 3) == ()
    assert nearest("B?", rows, 0) == ()
    assert nearest("???", [example("!!!")], 1)


def test_the_score_against_hand(example):
    # Two rows of 2 words; "b" stands in one: idf = ln(1 + 1.5/1.5), tf part = 2.5/2.5 = 1.
    from realift.data.bm25 import scores
    from realift.data.nearest import _index

    index = _index((example("a b"), example("a c")))
    assert math.isclose(scores(index, ["b"])[0], math.log(2), rel_tol=1e-12)
    assert scores(index, ["b"])[1] == 0
