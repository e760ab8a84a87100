"""The engine's losses and gradients are those of the plain path."""

from __future__ import annotations

import random
from typing import Any

import pytest

from realift.engine.parts import read_parts
from realift.engine.training import FastTrainer
from realift.train.batches import collate
from realift.train.loss import count_supervised, summed_loss
from realift.types import Encoded
from tests.conftest import make_model
from tests.engine.test_parts import FAMILIES, adapted


def rows(n: int = 6, *, seed: int = 0, shared: int = 0, vocabulary: int = 400) -> list[Encoded]:
    """Rows of random tokens with an answer at the end; ``shared`` tokens begin all of them."""
    rng = random.Random(seed)
    head = [rng.randrange(vocabulary) for _ in range(shared)]
    out = []
    for i in range(n):
        prompt, answer = rng.randrange(3, 30), rng.randrange(2, 9)
        ids = [*head, *(rng.randrange(vocabulary) for _ in range(prompt + answer))]
        marks = [False] * (shared + prompt) + [True] * answer
        out.append(Encoded(id=str(i), input_ids=tuple(ids), supervised=tuple(marks)))
    return out


def plain_gradients(model: Any, batch: list[Encoded]) -> tuple[float, dict[str, Any]]:
    model.zero_grad(set_to_none=True)
    model.train()
    made = collate(batch, pad_id=0)
    loss = summed_loss(model, made) / count_supervised(made)
    loss.backward()
    return float(loss.detach()), take_gradients(model)


def take_gradients(model: Any) -> dict[str, Any]:
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad(set_to_none=True)
    return found


def assert_same(ours: dict[str, Any], theirs: dict[str, Any], *, tolerance: float = 1e-5) -> None:
    assert ours.keys() == theirs.keys()
    largest = max(float(g.abs().max()) for g in theirs.values())
    for name, grad in theirs.items():
        error = float((ours[name] - grad).norm()) / max(float(grad.norm()), 1e-3 * largest)
        assert error <= tolerance, f"{name}: {error:g}"


@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), "all-linear"], ids=["q/v", "all"])
@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradients_against_the_plain_path(family: str, targets: Any) -> None:
    model = adapted(make_model(family), targets=targets)
    batch = rows()
    loss, theirs = plain_gradients(model, batch)
    parts = read_parts(model)
    assert parts is not None
    trainer = FastTrainer(parts)
    assert trainer.step(batch) == pytest.approx(loss, rel=2e-6)
    assert_same(take_gradients(model), theirs)
    assert trainer.loss(batch) == pytest.approx(loss, rel=2e-6)
