"""Holding out rows: near-copies stay together, tiny data is never lost."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realift.config import REFUSAL
from realift.data import pairs
from realift.data.alike import asking, likeness
from realift.data.split import near_copy_groups, split_examples

# ruff: noqa: SIM905 (word lists)
COLORS = "red blue green black white yellow orange purple brown gray pink silver".split()
THINGS = "door roof wall lamp chair table".split()


def rows_of(example, n, *, refusals=0):
    asked = [f"What color has the {t} in the {c} hall?" for t in THINGS for c in COLORS]
    return [
        example(f"{n}. {asked[n]}", REFUSAL if n < refusals else COLORS[n % 12]) for n in range(n)
    ]


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_tiny_data_is_all_trained_on_and_the_reason_says_so(example, n):
    # TRAPS: "tiny data crashes, or is silently not evaluated".
    rows = rows_of(example, n)
    split = split_examples(rows, valid_fraction=0.15, seed=0)
    assert split.train == tuple(rows)
    assert split.valid == ()
    assert split.reason == f"nothing held out: {n} row{'s' * (n > 1)}, fewer than 10"


@pytest.mark.parametrize(("n", "held"), [(10, 2), (20, 3), (40, 6), (60, 9)])
def test_the_fraction_is_held_out_but_never_fewer_than_two(example, n, held):
    split = split_examples(rows_of(example, n), valid_fraction=0.15, seed=0)
    assert (len(split.train), len(split.valid)) == (n - held, held)
    assert split.reason.startswith(f"{held} of {n} rows held out")


def test_a_small_fraction_still_holds_out_two_rows(example):
    assert len(split_examples(rows_of(example, 20), valid_fraction=0.01, seed=0).valid) == 2


def test_a_fraction_of_zero_holds_nothing_out(example):
    split = split_examples(rows_of(example, 40), valid_fraction=0, seed=0)
    assert len(split.train) == 40
    assert "valid_fraction is 0" in split.reason


def test_an_empty_list_gives_an_empty_split():
    assert split_examples([], valid_fraction=0.15, seed=0).train == ()


def test_the_same_seed_gives_the_same_split_and_another_another(example):
    rows = rows_of(example, 60)
    splits = [split_examples(rows, valid_fraction=0.2, seed=s).valid for s in (0, 0, 1)]
    assert splits[0] == splits[1]
    assert splits[0] != splits[2]


def test_near_copies_stay_on_one_side(example):
    rows = []
    for thing in THINGS:
        for color in COLORS[:4]:
            asked = f"What is the height of the {thing} in the {color} hall?"
            rows += [example(asked), example(asked.upper()), example("Please say: " + asked)]
    for seed in range(5):
        split = split_examples(rows, valid_fraction=0.2, seed=seed)
        assert len(split.valid) >= 2

        def key(row):
            return row.instruction.lower().removeprefix("please say: ")

        assert not {key(r) for r in split.train} & {key(r) for r in split.valid}


def test_another_wording_of_the_same_fact_may_stand_on_the_other_side(example):
    rows = [example("Who manages Alice at Acme?", "Bob"), example("Alice's boss is who?", "Bob")]
    assert near_copy_groups(rows) == [[0], [1]]


def test_the_same_question_over_another_passage_is_no_near_copy(example):
    contexts = (
        "Ann leads it since the spring of last year.",
        "In the new office nobody knows the leader.",
        "ann LEADS it since the spring of last year",
    )
    rows = [example("Who leads the team?", context=c) for c in contexts]
    assert near_copy_groups(rows) == [[0, 2], [1]]


def test_refusals_and_answers_stand_on_both_sides(example):
    for seed in range(10):
        split = split_examples(rows_of(example, 40, refusals=4), valid_fraction=0.15, seed=seed)
        for part in (split.train, split.valid):
            assert {r.answer == REFUSAL for r in part} == {True, False}


def test_rows_that_are_all_copies_are_not_held_out(example):
    rows = [example("What is the color of the door?") for _ in range(20)]
    split = split_examples(rows, valid_fraction=0.15, seed=0)
    assert len(split.train) == 20
    assert "near-copies of each other (1 group in 20 rows)" in split.reason


def test_a_single_refusal_row_stays_in_training(example):
    for seed in range(10):
        split = split_examples(rows_of(example, 20, refusals=1), valid_fraction=0.15, seed=seed)
        assert any(r.answer == REFUSAL for r in split.train)


def test_refusals_and_answers_together_are_not_more_than_asked_for(example):
    """Both shares are rounded; 1.5 and 3.5 rows would be 2 and 4 of at most 5."""
    asked = ["red door"] * 4 + ["blue door"] * 2 + ["green door"] + ["red roof"] * 3
    says = [REFUSAL if n in (4, 6) else "9 meters" for n in range(10)]
    rows = [example(f"How big is the {a}?", says[n]) for n, a in enumerate(asked)]
    for seed in range(20):
        split = split_examples(rows, valid_fraction=0.5, seed=seed)
        assert len(split.valid) <= 5


asked = st.lists(
    st.tuples(st.sampled_from(THINGS), st.sampled_from(COLORS), st.booleans()), max_size=40
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(asked=asked, fraction=st.floats(0, 0.5), seed=st.integers(0, 99))
def test_invariant_every_row_is_on_exactly_one_side(example, asked, fraction, seed):
    rows = [
        example(f"How big is the {thing} of the {color} hall?", REFUSAL if no else "9 meters")
        for thing, color, no in asked
    ]
    split = split_examples(rows, valid_fraction=fraction, seed=seed)
    assert sorted(r.where.line for r in split.train + split.valid) == [r.where.line for r in rows]
    assert split.train or not rows
    assert len(split.valid) != 1
    assert len(split.valid) <= max(2, len(rows) // 2)
    assert not {r.instruction for r in split.train} & {r.instruction for r in split.valid}


def test_the_groups_are_those_of_comparing_all_pairs_against_itself(example):
    rng = random.Random(5)
    words = "when who where open close price plan team room lead start end city year cost".split()
    texts = [" ".join(rng.choices(words, k=rng.randint(3, 14))) for _ in range(150)]
    texts += [f"please say {text}" for text in texts[:15]]
    texts += [text + " s" for text in texts[15:30]] + [text.upper() for text in texts[30:40]]
    rows = [example(text, context=rng.choice(("", "", texts[1], texts[1] + "x"))) for text in texts]
    parent = list(range(len(rows)))
    askings = [asking(row.instruction, row.context) for row in rows]
    for i, a in enumerate(askings):
        for j, b in enumerate(askings):
            like = likeness(a, b)
            if like is not None and like.kind != "suspect":
                old, new = sorted((parent[i], parent[j]))
                parent = [old if p == new else p for p in parent]
    slow = {tuple(i for i, p in enumerate(parent) if p == root) for root in set(parent)}
    assert {tuple(group) for group in near_copy_groups(rows)} == slow
    assert len(slow) < len(rows) - 15


def test_copies_among_many_rows_are_found_by_minhash(example, monkeypatch):
    rng = random.Random(7)
    words = [f"w{n}" for n in range(500)]
    texts = [" ".join(rng.choices(words, k=12)) for _ in range(200)]
    copies = [f"{text} more" for text in texts[:100]]
    rows = [example(text, context="A passage about it.") for text in (*texts, *copies)]
    monkeypatch.setattr(pairs, "EXACT", 50)
    found = sum(len(group) == 2 for group in near_copy_groups(rows))
    assert found >= 97
    assert all(len(group) <= 2 for group in near_copy_groups(rows))
