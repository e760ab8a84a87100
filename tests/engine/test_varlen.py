"""Segments for FlashAttention: with the kernel imitated on the CPU, and with it on a GPU."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from realift.engine import varlen
from realift.engine.parts import read_parts
from realift.engine.train_replay import ReplayTrainer
from realift.engine.training import FastTrainer
from realift.errors import TrainingError
from realift.types import Encoded
from tests.conftest import make_model
from tests.engine.test_parts import FAMILIES, adapted, read_both
from tests.engine.test_training import (
    assert_same,
    compare,
    plain_gradients,
    rows,
    take_gradients,
)
from tests.report.made_run import plan as made_plan


def imitate(q: Any, k: Any, v: Any, found: varlen.Segments) -> Any:
    """What the kernel promises: causal attention within segments, aligned at their ends."""
    import torch

    groups, out = q.shape[1] // k.shape[1], []
    queries, keys = found.query_ends.tolist(), found.key_ends.tolist()
    for i in range(len(queries) - 1):
        mine = q[queries[i] : queries[i + 1]].transpose(0, 1)
        seen = slice(keys[i], keys[i + 1])
        theirs = k[seen].transpose(0, 1).repeat_interleave(groups, 0)
        values = v[seen].transpose(0, 1).repeat_interleave(groups, 0)
        scores = mine @ theirs.transpose(1, 2)
        n, m = scores.shape[1:]
        hidden = torch.ones(n, m, dtype=torch.bool).triu(m - n + 1)
        weights = scores.masked_fill(hidden, float("-inf")).softmax(-1)
        out.append((weights @ values).transpose(0, 1))
    return torch.cat(out)


@pytest.fixture
def imitated(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine takes the ways of a GPU, and the kernel is imitated."""
    import torch

    def forward(q: Any, k: Any, v: Any, found: Any, *, scale: float = 1.0) -> Any:
        return imitate(q * scale, k, v, found), torch.zeros(1), torch.zeros(1), torch.zeros(1)

    def backward(grad: Any, q: Any, k: Any, v: Any, kept: Any, found: Any) -> Any:
        with torch.enable_grad():
            leaves = [t.detach().requires_grad_() for t in (q, k, v)]
            return torch.autograd.grad(imitate(*leaves, found), leaves, grad)

    monkeypatch.setattr(varlen, "usable", lambda *_: True)
    monkeypatch.setattr(varlen, "flash_forward", forward)
    monkeypatch.setattr(varlen, "flash_backward", backward)


@pytest.mark.usefixtures("imitated")
@pytest.mark.parametrize("shared", [0, 40])
def test_segments_give_what_tiles_give(shared: int) -> None:
    batch = rows(5, shared=shared)
    marks = tuple(i % 4 != 0 for i in range(len(batch[0].input_ids)))
    batch[0] = dataclasses.replace(batch[0], supervised=marks)  # queries in several runs
    compare(adapted(make_model("qwen3"), targets="all-linear"), batch)


@pytest.mark.usefixtures("imitated")
@pytest.mark.parametrize("max_tokens", [1, 60, 1000])
@pytest.mark.parametrize("family", FAMILIES)
def test_steps_of_one_shape_have_the_plain_paths_gradients(family: str, max_tokens: int) -> None:
    model = adapted(make_model(family), targets="all-linear")
    unasked = Encoded(id="none", input_ids=(5, 6, 7), supervised=(False,) * 3)
    batch = [*rows(5, shared=20), unasked]
    marks = tuple(i % 3 == 0 for i in range(len(batch[0].input_ids)))
    batch[0] = dataclasses.replace(batch[0], supervised=marks)
    trainer = compare(model, batch, kind=ReplayTrainer, max_tokens=max_tokens)
    # A smaller step uses the same room, a larger one takes more.
    for other in (rows(2, seed=1), rows(30, seed=2)):
        loss, theirs = plain_gradients(model, other)
        assert trainer.step(other) == pytest.approx(loss, rel=2e-6)
        assert_same(take_gradients(model), theirs)
        assert trainer.loss(other) == pytest.approx(loss, rel=2e-6)


@pytest.mark.usefixtures("imitated")
def test_a_step_without_a_supervised_token_is_an_error() -> None:
    model = adapted(make_model())
    parts = read_parts(model)
    assert parts is not None
    row = Encoded(id="1", input_ids=(1, 2, 3), supervised=(True, False, False))
    with pytest.raises(TrainingError, match="no token of this step"):
        ReplayTrainer(parts).step([row])


@pytest.mark.usefixtures("imitated")
def test_steps_are_replayed_unless_layers_are_redone() -> None:
    from realift.train.fast import trainer_of

    parts = read_parts(adapted(make_model()))
    assert parts is not None
    for checkpoint, kind in ((False, ReplayTrainer), (True, FastTrainer)):
        plan = dataclasses.replace(made_plan(), micro_batch_tokens=300, checkpointing=checkpoint)
        made = trainer_of(parts, plan)
        assert type(made) is kind
        assert (made.max_tokens, made.checkpoint) == (300, checkpoint)


@pytest.mark.usefixtures("imitated")
def test_steps_that_are_announced_make_room_at_once() -> None:
    parts = read_parts(adapted(make_model()))
    assert parts is not None
    trainer = ReplayTrainer(parts)
    trainer.expect([rows(2), rows(30, seed=2), rows(5, seed=3)])
    trainer.step(rows(2))
    before = trainer._inputs
    trainer.step(rows(30, seed=2))
    assert trainer._inputs is before


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_mask_drops_what_its_places_drop(dtype: str) -> None:
    import torch

    from realift.engine.dropping import without, zero_at

    x = torch.arange(12, dtype=getattr(torch, dtype)).view(3, 4) + 1
    before = x.clone()
    places = torch.tensor([0, 5, 11])
    mask = torch.zeros(12, dtype=torch.bool).index_fill(0, places, True)
    with without(x, places) as seen:
        by_place = seen.clone()
    with without(x, mask) as seen:
        assert torch.equal(seen, by_place)
    assert torch.equal(x, before)
    for dropped in (mask, places):
        x = before.clone()
        zero_at(x, dropped)
        assert torch.equal(x, by_place)


@pytest.mark.usefixtures("imitated")
def test_a_pack_is_scored_through_segments_as_through_blocks() -> None:
    from realift.engine.score import score_rows

    parts = read_parts(adapted(make_model("qwen2"), targets="all-linear"))
    assert parts is not None
    some = rows(6, shared=30)
    ids, marks = [r.input_ids for r in some], [r.supervised for r in some]
    through_segments = score_rows(parts, ids, marks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(varlen, "usable", lambda *_: False)
        through_blocks = score_rows(parts, ids, marks)
    assert [s.sum for s in through_segments] == pytest.approx(
        [s.sum for s in through_blocks], rel=1e-5
    )


def test_the_kernel_is_for_cuda_in_half_precision_only() -> None:
    import torch

    assert not varlen.usable(torch.device("cpu"), torch.bfloat16, 64)


def on_gpu(**how: Any) -> Any:
    """A random model in bfloat16 on the GPU, its adapter in float32 as peft keeps it."""
    import torch

    model = adapted(make_model("qwen2"), targets="all-linear", **how).to("cuda", torch.bfloat16)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()
    return model


def assert_same_way(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    import torch

    assert ours.keys() == theirs.keys()
    for name, grad in theirs.items():
        along = torch.cosine_similarity(ours[name].flatten(), grad.flatten(), dim=0)
        assert float(along) > 0.98, name


@pytest.mark.gpu
@pytest.mark.parametrize("kind", [FastTrainer, ReplayTrainer])
@pytest.mark.parametrize("shared", [0, 40])
def test_on_a_gpu_the_gradients_point_the_same_way(shared: int, kind: type[FastTrainer]) -> None:
    model = on_gpu()
    parts = read_parts(model)
    assert parts is not None
    assert varlen.usable(parts.embed.device, parts.embed.dtype, parts.head_dim)
    trainer = kind(parts)
    for batch in (rows(shared=shared), rows(3, seed=1), rows(40, seed=2)):
        loss, theirs = plain_gradients(model, batch)
        assert trainer.step(batch) == pytest.approx(loss, rel=2e-2)
        assert_same_way(take_gradients(model), theirs)


@pytest.mark.gpu
def test_on_a_gpu_every_replay_drops_something_else_and_a_seed_repeats_it() -> None:
    import torch

    model = on_gpu(dropout=0.5)
    parts = read_parts(model)
    assert parts is not None
    trainer = ReplayTrainer(parts)

    def losses() -> list[float]:
        torch.manual_seed(1)
        return [trainer.step(rows()) for _ in range(3)]

    losses()  # records
    first = losses()
    assert len(set(first)) == 3
    assert losses() == first


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_on_a_gpu_replayed_passes_agree_with_the_model(dtype: str) -> None:
    import torch

    from realift.engine.decode_check import answers_agree

    model = on_gpu().to(getattr(torch, dtype))
    base, adapter = read_both(model)
    assert answers_agree(model, base, adapter)
