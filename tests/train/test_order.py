"""The order of training: a shuffle, with questions on one passage in one step."""

from __future__ import annotations

import random

import pytest

from realift.train.batches import alike, cut, epoch_order, training_order
from realift.types import Encoded


def row(i: int, ids: list[int]) -> Encoded:
    return Encoded(id=str(i), input_ids=tuple(ids), supervised=(False,) * (len(ids) - 1) + (True,))


def on_passages(questions: list[int]) -> list[Encoded]:
    """``questions[p]`` questions on passage p of 200 tokens, mixed."""
    rng = random.Random(0)
    rows = []
    for p, n in enumerate(questions):
        passage = [p, *(rng.randrange(99) for _ in range(199))]
        rows += [[*passage, *(rng.randrange(99) for _ in range(9))] for _ in range(n)]
    rng.shuffle(rows)
    return [row(i, ids) for i, ids in enumerate(rows)]


def test_rows_that_do_not_begin_alike_keep_the_plain_shuffle() -> None:
    rows = on_passages([1] * 9)
    for epoch in range(3):
        found = training_order(rows, epoch=epoch, seed=4, per_step=4)
        assert found == epoch_order(9, epoch=epoch, seed=4)


@pytest.mark.parametrize("per_step", [1, 2, 4, 5])
@pytest.mark.parametrize("questions", [[8, 8], [5, 3, 1, 1, 1], [2, 2, 2], [7], [1]])
def test_every_row_comes_once_and_steps_hold_one_passage_where_they_can(
    questions: list[int], per_step: int
) -> None:
    rows = on_passages(questions)
    seen = set()
    for epoch in range(6):
        found = training_order(rows, epoch=epoch, seed=0, per_step=per_step)
        assert sorted(found) == list(range(len(rows)))
        seen.add(tuple(found))
        steps = cut(found, per_step)
        pure = sum(len({rows[i].input_ids[0] for i in s}) == 1 for s in steps if len(s) == per_step)
        assert pure >= sum(n // per_step for n in questions)
    assert len(seen) > 1 or len(rows) == 1


def test_a_common_system_prompt_alone_does_not_bring_rows_together() -> None:
    head = list(range(60))
    rows = [row(i, [*head, *([i] * 200)]) for i in range(6)]
    assert len(set(alike(rows))) == 6


def test_the_same_epoch_and_seed_give_the_same_order() -> None:
    rows = on_passages([8, 8, 3])
    a, b, c = (training_order(rows, epoch=1, seed=s, per_step=4) for s in (0, 0, 1))
    assert a == b != c
