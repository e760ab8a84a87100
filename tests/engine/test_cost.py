"""What a step will take, counted before it: against what it really keeps."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from realift.config import Config
from realift.engine import side_by_side, training
from realift.engine.packing import lay_out
from realift.engine.parts import read_parts
from realift.engine.train_batch import cut, n_inputs
from realift.engine.train_cost import shape_of, step_bytes, step_flops
from realift.engine.training import FastTrainer
from realift.engine.weights import both_ways_bytes
from realift.model import multiply
from realift.train import fast_cost
from tests.conftest import make_model
from tests.engine.test_parts import adapted
from tests.engine.test_training import copies, rows
from tests.report.made_run import plan as made_plan


@pytest.mark.parametrize("dropout", [0.0, 0.1])
@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), "all-linear"], ids=["q/v", "all"])
def test_what_layers_keep_is_what_was_counted(
    targets: Any, dropout: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the last layer, which keeps less than is counted: only supervised places."""
    import torch

    model = adapted(make_model(), targets=targets, dropout=dropout)
    parts = read_parts(model)
    assert parts is not None
    batch = rows(24, shared=40)
    real, kept = training.layer_forward, []

    def watched(*args: Any, **kwargs: Any) -> Any:
        out, saved = real(*args, **kwargs)
        kept.append(saved)
        return out, saved

    monkeypatch.setattr(training, "layer_forward", watched)
    FastTrainer(parts).step(batch)
    tensors: dict[int, Any] = {}

    def collect(thing: Any) -> None:
        if isinstance(thing, torch.Tensor):
            storage = thing.untyped_storage()
            tensors[storage.data_ptr()] = storage.nbytes()
        elif isinstance(thing, list | tuple):
            for part in thing:
                collect(part)
        elif isinstance(thing, dict):
            collect(list(thing.values()))
        elif dataclasses.is_dataclass(thing):
            collect([getattr(thing, f.name) for f in dataclasses.fields(thing)])

    collect(kept[0])
    shape = shape_of(batch)
    one = dataclasses.replace(shape, asked=0)
    counted = step_bytes(parts, one) - step_bytes(parts, one, checkpoint=True)
    counted += len(parts.layers) * shape.tokens * parts.hidden * 4
    assert counted / (len(parts.layers) - 1) == pytest.approx(sum(tensors.values()), rel=0.2)


def test_arithmetic_grows_with_tokens_and_answers_not_with_repeated_beginnings() -> None:
    parts = read_parts(adapted(make_model()))
    assert parts is not None
    one, two = shape_of(rows(8)), shape_of([*rows(8), *rows(8, seed=3)])
    assert step_flops(parts, two) == pytest.approx(2 * step_flops(parts, one), rel=0.15)
    apart = shape_of(rows(8, shared=200), share_from=None)
    shared = shape_of(rows(8, shared=200))
    assert shared.tokens < apart.tokens / 4
    assert step_flops(parts, shared) < step_flops(parts, apart) / 3


def test_portions_hold_what_they_may_and_rows_that_begin_alike_come_together() -> None:
    batch = [*rows(9, shared=50), *rows(9, seed=1, shared=50)]
    pieces = [[batch[i] for i in p] for p in cut(batch, range(len(batch)), 120)]
    assert sorted(r.input_ids for piece in pieces for r in piece) == sorted(
        r.input_ids for r in batch
    )
    for piece in pieces:
        laid = lay_out([r.input_ids[: n_inputs(r)] for r in piece])
        assert laid.n_tokens <= 120 or len(piece) == 1
    heads = [{r.input_ids[:50] for r in piece} for piece in pieces]
    assert sum(len(h) == 1 for h in heads) >= len(pieces) - 1


def test_the_portion_shrinks_with_the_memory_and_layers_are_redone_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = read_parts(adapted(make_model()))
    assert parts is not None
    fast = FastTrainer(parts)
    batch = rows(64, shared=0)
    config = Config(batch_size=64)
    found = []
    for gibibytes in (8.0, 0.0045, 0.002, 0.0):
        monkeypatch.setattr(fast_cost, "free_bytes", lambda _, g=gibibytes: g * 2**30)
        plan = fast_cost.in_portions(made_plan(), fast.parts, batch, config, "cpu")
        found.append((plan.micro_batch_tokens, plan.checkpointing))
    assert found[0] == (1024, False)
    assert found[-1] == (256, True)
    assert found == sorted(found, key=lambda f: (f[1], -f[0]))
    assert len(set(found)) >= 3


@pytest.mark.skipif(not multiply.has_onednn(), reason="this torch has no oneDNN")
def test_weights_are_packed_for_many_short_steps_of_a_large_model_where_memory_is_plenty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    from realift.engine import weights

    parts = read_parts(adapted(make_model()))
    assert parts is not None
    batch, config = rows(40), Config(batch_size=4)
    tokens = sum(map(n_inputs, batch))
    usual = {
        "epochs": 4, "path": "onednn", "free": 8 << 30, "long": tokens // 20,
        "threads": 2,
    }  # fmt: skip

    def packed(batch: Any = batch, **changed: Any) -> bool:
        given = usual | changed
        monkeypatch.setattr(side_by_side, "LONG", 4.0 * parts.n_layer_weights * given["long"])
        monkeypatch.setattr(multiply, "_chosen", [given["path"]])
        monkeypatch.setattr(weights, "free_bytes", lambda _: given["free"])
        monkeypatch.setattr(torch, "get_num_threads", lambda: given["threads"])
        plan = dataclasses.replace(made_plan(), epochs=given["epochs"])
        return fast_cost.in_portions(plan, parts, batch, config, "cpu").packed_weights

    assert packed()
    assert not packed(epochs=3)  # 30 steps
    assert not packed(path="blas")
    assert packed(threads=1)
    assert not packed(threads=3)
    assert not packed(long=tokens)  # no step is as long as that
    assert packed(free=4 * both_ways_bytes(parts))
    assert not packed(free=4 * both_ways_bytes(parts) - 1)
    assert not packed([*rows(40, shared=520)])  # long rows multiply as fast with plain weights
    made = training.FastTrainer(parts, packed=True).blocks
    laid_out = copies(made, "forward") + copies(made, "back")
    assert sum(t.numel() * 4 for t in laid_out if t is not None) == both_ways_bytes(parts)
