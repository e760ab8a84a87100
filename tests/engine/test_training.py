"""The engine's losses and gradients are those of the plain path."""

from __future__ import annotations

import random
from typing import Any

import pytest

from realift.engine.parts import read_parts
from realift.engine.training import FastTrainer
from realift.engine.weights import packed_weights_of
from realift.train.batches import collate
from realift.train.loss import count_supervised, summed_loss
from realift.types import Encoded
from tests.conftest import make_model, threads
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
    made = collate(batch, pad_id=0, device=model.device)
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


def test_a_tied_head_and_biases_train_as_in_the_plain_path() -> None:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(
        "qwen2", vocab_size=400, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True,
    )  # fmt: skip
    torch.manual_seed(0)
    plain = AutoModelForCausalLM.from_config(config)
    assert plain.lm_head.weight is plain.model.embed_tokens.weight
    with torch.no_grad():
        for name, parameter in plain.named_parameters():
            if parameter.ndim == 1:
                parameter.add_(torch.randn(parameter.shape) * 0.3)
            elif "embed" not in name:
                parameter.mul_(4)
    compare(adapted(plain, targets="all-linear"), rows())


def compare(
    model: Any, batch: list[Encoded], *, kind: type[FastTrainer] = FastTrainer, **options: Any
) -> FastTrainer:
    """Hold the engine's loss and gradients against the plain path's."""
    loss, theirs = plain_gradients(model, batch)
    parts = read_parts(model)
    assert parts is not None
    trainer = kind(parts, **options)
    assert trainer.step(batch) == pytest.approx(loss, rel=2e-6)
    assert_same(take_gradients(model), theirs)
    return trainer


@pytest.mark.parametrize("max_tokens", [1, 40, 1000])
@pytest.mark.parametrize("checkpoint", [False, True])
def test_neither_portions_nor_redone_layers_change_anything(
    max_tokens: int, checkpoint: bool
) -> None:
    model = adapted(make_model("qwen3"), targets="all-linear")
    compare(model, rows(shared=20), max_tokens=max_tokens, checkpoint=checkpoint)


@pytest.mark.parametrize("n_shared", [0, 17, 60])
def test_shared_beginnings_change_nothing(n_shared: int) -> None:
    model = adapted(make_model(), targets="all-linear")
    batch = [*rows(5, shared=n_shared), *rows(3, seed=1, shared=n_shared + 30)]
    compare(model, [*batch, batch[0]])  # one row twice: everything is shared


def test_long_rows_are_cut_into_tiles_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from realift.engine import tiles

    monkeypatch.setattr(tiles, "TILE", 7)
    monkeypatch.setattr(tiles, "KEEP_UP_TO", 20)
    compare(adapted(make_model(), targets="all-linear"), rows(shared=20))


def test_several_answers_in_a_row_and_an_answer_at_the_very_start() -> None:
    import dataclasses

    some = rows(4, shared=18)
    marks = tuple(i % 3 == 0 for i in range(len(some[0].input_ids)))
    last = (False,) * (len(some[1].input_ids) - 1) + (True,)
    batch = [
        dataclasses.replace(some[0], supervised=marks),
        dataclasses.replace(some[1], supervised=last),
        dataclasses.replace(some[2], supervised=(True,) * len(some[2].input_ids)),
        dataclasses.replace(some[3], supervised=(True,) * 5 + some[3].supervised[5:]),
    ]
    compare(adapted(make_model()), batch)


@pytest.mark.parametrize(
    "targets",
    [["down_proj"], ["gate_proj"], ["o_proj"], ["k_proj"], ["q_proj", "up_proj"]],
    ids="+".join,
)
def test_any_choice_of_layers_trains_as_in_the_plain_path(targets: list[str]) -> None:
    compare(adapted(make_model("qwen3"), targets=targets), rows())


def test_only_top_layers_adapted_and_what_lies_below_is_computed_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from realift.engine import training

    model = adapted(make_model(), targets=["v_proj", "up_proj"], layers_to_transform=[1])
    trainer = compare(model, rows())
    real, passes = training.layer_forward, []

    def counted(*args: Any, **kwargs: Any) -> Any:
        passes.append(kwargs["keep"])
        return real(*args, **kwargs)

    monkeypatch.setattr(training, "layer_forward", counted)
    trainer.step(rows()[::-1])
    assert passes == [True]  # one layer of two: the lower one is remembered


def copies(blocks: Any, way: str) -> list[Any]:
    """The copies of the weights for a way, None where there is none."""
    groups = [g for b in blocks for g in (b.groups if way == "forward" else b.groups_back)]
    return [getattr(g.packed, way) for g in groups]


def which(tensors: list[Any]) -> list[int | None]:
    """Tensors by identity."""
    return [None if t is None else id(t) for t in tensors]


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("packed", [False, True])
def test_both_multiply_libraries_give_the_same_by_plain_and_by_packed_weights(
    library: str, packed: bool, n_threads: int
) -> None:
    with threads(n_threads):
        model = adapted(make_model("qwen2"), targets="all-linear")
        trainer = compare(model, rows(), packed=packed)
    laid_out = copies(trainer.blocks, "forward") + copies(trainer.blocks, "back")
    assert laid_out
    assert all((t is not None) == (packed and library == "onednn") for t in laid_out)


def test_weights_are_packed_once_for_plan_training_and_answers_those_for_the_way_back_go(
    library: str,
) -> None:
    if library == "blas":
        pytest.skip("nothing is packed")
    model = adapted(make_model(), targets=["v_proj"], layers_to_transform=[1])

    def trainer() -> tuple[FastTrainer, list[int | None], list[int | None]]:
        parts = read_parts(model)
        assert parts is not None
        made = FastTrainer(parts, packed=True)
        return made, which(copies(made.blocks, "forward")), which(copies(made.blocks, "back"))

    _, forward, back = trainer()
    training, *again = trainer()
    assert again == [forward, back]
    assert None not in forward
    n = len(back) // 2  # nothing goes back through the layer below the adapted one
    assert set(back[:n]) == {None}
    assert None not in back[n:]
    training.close()
    weights = packed_weights_of(training.parts, head=False)
    assert weights.head.packed.forward is None
    assert which(copies(weights.layers, "forward")) == forward
    assert any(b.layer.adapted for b in training.blocks)
    assert not any(b.layer.adapted for b in weights.layers)
    assert set(copies(weights.layers, "back")) == {None}


def test_a_wrong_copy_for_the_way_back_is_caught_by_the_gradients(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof that the comparison can fail."""
    from realift.engine import grouping

    if library == "blas":
        pytest.skip("nothing is packed")
    real = grouping.packed
    monkeypatch.setattr(grouping, "packed", lambda weight, rows: real(weight * 1.01, rows=rows))
    with pytest.raises(AssertionError):
        compare(adapted(make_model()), rows(), packed=True)


def test_chunks_of_logits_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from realift.engine import train_head

    monkeypatch.setattr(train_head, "CHUNK_BYTES", 1)  # the least: 16 places at a time
    compare(adapted(make_model()), rows(12))


def test_a_wrong_mask_between_packed_rows_is_caught_by_the_gradients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The proof that these comparisons can fail."""
    import dataclasses

    from realift.engine import train_batch
    from realift.engine.packing import Block

    def leaky(*args: Any, **kwargs: Any) -> Any:
        pack = real(*args, **kwargs)
        whole = (0, pack.n_tokens)
        return dataclasses.replace(pack, blocks=(Block(queries=whole, keys=whole, causal=True),))

    real = train_batch.lay_out
    monkeypatch.setattr(train_batch, "lay_out", leaky)
    with pytest.raises(AssertionError):
        compare(adapted(make_model()), rows())


# --- dropout -----------------------------------------------------------------------------------


@pytest.mark.parametrize("by_row", [False, True])
def test_dropout_drops_each_element_as_often_as_asked(by_row: bool) -> None:
    import torch

    from realift.engine.dropping import Stream, draw_dropped

    torch.manual_seed(0)
    one, other = torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)
    streams = (Stream(one, 0, 300), Stream(other, 300, 1000)) if by_row else ()
    for p in (0.05, 0.25, 0.6):
        n, times = 1000, 150
        count = torch.zeros(n)
        per_draw, gaps = [], []
        for _ in range(times):
            dropped = draw_dropped(torch.empty(n, 1), p, streams=streams)
            assert bool((dropped[1:] > dropped[:-1]).all())
            assert int(dropped[0]) >= 0
            assert int(dropped[-1]) < n
            count[dropped] += 1
            per_draw.append(len(dropped))
            gaps.append(float((dropped[1:] - dropped[:-1] == 1).float().mean()))
        wide = 5 * (p * (1 - p) / (n * times)) ** 0.5  # five standard errors
        assert sum(per_draw) / (n * times) == pytest.approx(p, abs=wide)
        # first, last and any other element alike; neighbors independent
        assert float((count / times - p).abs().max()) < 5.5 * (p * (1 - p) / times) ** 0.5
        spread = torch.tensor(per_draw, dtype=torch.float64).var() / (n * p * (1 - p))
        assert float(spread) == pytest.approx(1, abs=0.3)
        assert sum(gaps) / times == pytest.approx(p, abs=0.02)


def test_with_dropout_the_gradient_is_that_of_the_inputs_that_stayed() -> None:
    """Against autograd on the same mask, for one linear layer."""
    import torch

    from realift.engine.grouping import group
    from realift.engine.parts import Linear
    from realift.engine.train_linear import backward, forward

    torch.manual_seed(0)
    a, b = torch.randn(3, 10, requires_grad=True), torch.randn(6, 3, requires_grad=True)
    linear = Linear(
        weight=torch.randn(6, 10), bias=None, lora_a=a, lora_b=b, scale=2.0, dropout=0.25
    )
    x, grad = torch.randn(8, 10), torch.randn(8, 6)
    together = group(linear)
    with torch.no_grad():
        out, drops = forward(together, x.clone(), train=True)
        into = backward(together, grad, x.clone(), drops, go_on=True)
    ours = a.grad, b.grad
    a.grad = b.grad = None
    mask = torch.ones(80)
    assert drops.dropped[0] is not None
    mask[drops.dropped[0]] = 0
    seen = x.clone().requires_grad_()
    kept = seen * mask.view(8, 10) / 0.75
    again = seen @ linear.weight.T + 2.0 * kept @ a.T @ b.T
    again.backward(grad)
    torch.testing.assert_close(out, again.detach(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(into, seen.grad, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours[0], a.grad, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours[1], b.grad, rtol=1e-5, atol=1e-5)


def test_losses_under_dropout_have_the_plain_paths_mean_and_spread() -> None:
    import torch

    model = adapted(make_model(), targets="all-linear", dropout=0.5)
    batch = rows(2)
    made = collate(batch, pad_id=0)
    parts = read_parts(model)
    assert parts is not None
    trainer = FastTrainer(parts)
    model.train()
    torch.manual_seed(0)
    ours = torch.tensor([trainer.step(batch) for _ in range(50)])
    trainer.clear()
    with torch.no_grad():
        theirs = torch.tensor([float(summed_loss(model, made)) for _ in range(50)])
    theirs /= count_supervised(made)
    error = float((ours.var() / 50 + theirs.var() / 50).sqrt())
    assert abs(float(ours.mean() - theirs.mean())) < 5 * error
    assert 0.6 < float(ours.std() / theirs.std()) < 1.6
    assert float(ours.std()) > 0


def test_redone_layers_see_the_same_dropout() -> None:
    import torch

    model = adapted(make_model(), targets="all-linear", dropout=0.3)
    parts = read_parts(model)
    assert parts is not None
    found = []
    for checkpoint in (False, True):
        torch.manual_seed(0)
        loss = FastTrainer(parts, checkpoint=checkpoint).step(rows())
        found.append((loss, take_gradients(model)))
    assert found[0][0] == found[1][0]
    assert_same(found[1][1], found[0][1], tolerance=1e-6)


# --- whole runs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "targets", [pytest.param("q_proj,v_proj", marks=pytest.mark.slow), "all-linear"]
)
@pytest.mark.parametrize("family", FAMILIES)
def test_twenty_steps_of_training_follow_the_plain_path(
    family: str, targets: str, tmp_path: Any, compute: Any
) -> None:
    from realift.config import Config
    from realift.model.load import load_base
    from realift.train.adapter import create_adapter
    from realift.train.loop import train_adapter
    from realift.train.plan import plan_training
    from tests.conftest import save_base

    folder = save_base(tmp_path / "base", family)
    curves = []
    for engine in ("auto", "plain"):
        base = load_base(str(folder), compute=compute)
        config = Config(
            epochs=5, learning_rate=2e-3, lora_dropout=0.0, lora_target_modules=targets,
            batch_size=1, gradient_accumulation_steps=2, engine=engine, patience=0,
        )  # fmt: skip
        model = create_adapter(base, config)
        batch, held = rows(8), rows(2, seed=9)
        plan = plan_training(base, model, config, train=batch, valid=held, measure=False)
        assert plan.engine.startswith("fast" if engine == "auto" else "plain: engine: plain")
        result = train_adapter(base, model, plan, config, train=batch, valid=held)
        curves.append([(p.loss, p.valid_loss) for p in result.curve])
    assert len(curves[0]) == 20
    for ours, theirs in zip(*curves, strict=True):
        assert ours[0] == pytest.approx(theirs[0], rel=1e-4)
        assert (ours[1] is None) == (theirs[1] is None)
        if theirs[1] is not None:
            assert ours[1] == pytest.approx(theirs[1], rel=1e-4)


def test_in_half_precision_the_gradients_point_the_same_way() -> None:
    import torch

    model = adapted(make_model("qwen2"), targets="all-linear").to(torch.bfloat16)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()  # as peft keeps them
    loss, theirs = plain_gradients(model, rows())
    parts = read_parts(model)
    assert parts is not None
    assert FastTrainer(parts).step(rows()) == pytest.approx(loss, rel=2e-2)
    ours = take_gradients(model)
    for name, grad in theirs.items():
        assert ours[name].dtype == grad.dtype
        along = torch.cosine_similarity(ours[name].flatten(), grad.flatten(), dim=0)
        assert float(along) > 0.98, name


def test_the_model_stays_usable_and_savable_with_its_weights_side_by_side(tmp_path: Any) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    model = adapted(make_model("qwen2"), targets="all-linear")
    ids = torch.randint(400, (1, 9))
    with torch.no_grad():
        before = model(ids).logits
        parts = read_parts(model)
        assert parts is not None
        FastTrainer(parts)
        FastTrainer(parts)
        assert torch.equal(model(ids).logits, before)
        merged = model.merge_and_unload()
        merged.save_pretrained(tmp_path)
        again = AutoModelForCausalLM.from_pretrained(tmp_path)
        torch.testing.assert_close(again(ids).logits, before, rtol=1e-4, atol=1e-4)
