"""Cross-fit: every row is asked once, by an adapter that saw neither it nor a near-copy of it."""

from __future__ import annotations

import dataclasses
import random

import pytest

from realift.data import folds as folds_module
from realift.data.folds import as_question, check_folds, cut_folds
from realift.types import Example, Message, Where

REFUSAL = "I don't have enough context to answer."
NAMES = ["harbor", "violin", "glacier", "tomato", "engine", "lantern", "pigeon", "castle", "copper"]


def row(number: int, asked: str, answer: str = "Bob.", context: str = "") -> Example:
    return Example(
        id=f"t:{number}",
        where=Where(file="t", line=number),
        messages=(
            Message(role="user", content=asked, context=context),
            Message(role="assistant", content=answer),
        ),
    )


def rows(n: int) -> list[Example]:
    asked = [f"Who paints the {a} near the {b}?" for a in NAMES for b in NAMES if a != b]
    random.Random(1).shuffle(asked)
    return [row(i, text, answer=f"Painter {i}") for i, text in enumerate(asked[:n])]


@pytest.mark.parametrize(("n", "folds"), [(2, 5), (3, 2), (7, 5), (20, 5), (40, 4)])
def test_every_row_is_asked_once_and_never_of_an_adapter_that_saw_it_invariant(
    n: int, folds: int
) -> None:
    made = cut_folds(rows(n), folds=folds, seed=0)
    assert len(made) == min(n, folds)
    assert sorted(q.id for f in made for q in f.questions) == sorted(r.id for r in rows(n))
    for fold in made:
        trained = {r.id for r in fold.examples}
        assert trained.isdisjoint(q.id for q in fold.questions)
        assert len(trained) + len(fold.questions) == n
    sizes = [len(f.questions) for f in made]
    assert max(sizes) - min(sizes) <= 1


def test_near_copies_stay_in_one_fold_and_in_one_cluster() -> None:
    base = rows(10)
    copies = [
        dataclasses.replace(row(0, f"{base[i].instruction[:-1]} now?"), id=f"copy:{i}")
        for i in (2, 5)
    ]
    made = cut_folds([*base, *copies], folds=5, seed=3)
    home = {q.id: number for number, fold in enumerate(made) for q in fold.questions}
    group = {q.id: q.group for fold in made for q in fold.questions}
    for i in (2, 5):
        assert home[f"copy:{i}"] == home[f"t:{i}"]
        assert group[f"copy:{i}"] == group[f"t:{i}"]
    assert len(set(group.values())) == 10


def test_rows_over_one_passage_are_one_cluster_even_through_a_near_copy() -> None:
    passage, other = "[1] The shop sells 5 kinds of bread.", "[1] The harbor has 40 ships."
    made = cut_folds(
        [
            row(0, "How many kinds of bread?", context=passage),
            row(1, "What does the shop sell?", context=passage),
            row(2, "Which number of ships does the harbor have?", context=other),
        ],
        folds=2,
        seed=0,
    )
    group = {q.id: q.group for fold in made for q in fold.questions}
    assert group["t:0"] == group["t:1"] != group["t:2"]


def test_a_row_becomes_the_question_it_teaches() -> None:
    asked = as_question(row(7, "Who?", "Bob runs it [1].", context="[1] Bob runs it."))
    assert asked is not None
    assert (asked.id, asked.where.line, asked.question) == ("t:7", 7, "Who?")
    assert asked.answers == (("Bob runs it [1].",),)
    assert [p.text for p in asked.passages] == ["Bob runs it."]
    refusal = as_question(row(8, "Who?", REFUSAL))
    assert refusal is not None
    assert (refusal.answerable, refusal.answers) == (False, ())


@pytest.mark.parametrize("seed", range(3))
def test_refusals_are_spread_over_the_folds(seed: int) -> None:
    data = rows(20)
    some = [3, 8, 11, 19]
    for i in some:
        data[i] = row(i, data[i].instruction, REFUSAL)
    made = cut_folds(data, folds=4, seed=seed)
    assert [sum(not q.answerable for q in f.questions) for f in made] == [1, 1, 1, 1]


def test_rows_that_cannot_be_asked_as_they_are_trained_are_trained_on_only() -> None:
    turns = Example(
        id="turns",
        where=Where(file="t"),
        messages=(
            Message(role="user", content="Hello?"),
            Message(role="assistant", content="Yes?"),
            Message(role="user", content="Who?"),
            Message(role="assistant", content="Bob."),
        ),
    )
    own = dataclasses.replace(
        rows(1)[0],
        id="own",
        messages=(Message(role="system", content="Sing."), *rows(1)[0].messages),
    )
    made = cut_folds([*rows(6)[1:], turns, own], folds=3, seed=0, system_prompt="Be brief.")
    assert not {"turns", "own"} & {q.id for f in made for q in f.questions}
    assert any({"turns", "own"} & {r.id for r in f.examples} for f in made)
    assert as_question(own, system_prompt="Sing.") is not None


def test_rows_that_are_all_alike_cannot_be_cross_fitted() -> None:
    alike = [row(i, "Who paints the harbor?" + "!" * i) for i in range(6)]
    assert cut_folds(alike, folds=5, seed=0) == ()
    assert cut_folds([], folds=5, seed=0) == ()


def test_the_same_seed_cuts_the_same_and_another_one_otherwise() -> None:
    def homes(seed: int) -> list[list[str]]:
        return [[q.id for q in f.questions] for f in cut_folds(rows(20), folds=4, seed=seed)]

    assert homes(0) == homes(0)
    assert homes(0) != homes(1)


def test_the_leak_check_of_the_folds_is_clean_and_could_have_fired() -> None:
    made = cut_folds(rows(20), folds=4, seed=0)
    check = check_folds(made)
    assert not [leak for leak in check.leaks if leak.kind != "suspect"]
    assert check.n_questions == check.n_could_fire == 20
    assert check.controls_caught == check.controls_planted > 0
    spoiled = [dataclasses.replace(fold, examples=tuple(rows(20))) for fold in made]
    assert len([leak for leak in check_folds(spoiled).leaks if leak.kind == "exact"]) == 20


def test_many_questions_are_checked_for_leaks_in_part_and_the_count_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folds_module, "MOST_ASKED", 20)
    made = cut_folds(rows(30), folds=3, seed=0)
    check = check_folds(made)
    assert check.n_questions == 30
    assert check.n_could_fire == 2
    assert check.controls_planted == check.controls_caught > 0
    seen: list[int] = []
    real = folds_module.find_leaks
    monkeypatch.setattr(folds_module, "find_leaks", lambda e, q: seen.append(len(e)) or real(e, q))
    monkeypatch.setattr(folds_module, "MOST_ROWS", 7)
    check_folds(made)
    assert seen == [7]
