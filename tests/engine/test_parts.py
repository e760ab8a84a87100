"""Which models the engine takes apart, and that it then computes what they compute."""

from __future__ import annotations

from typing import Any

import pytest

from realift.engine.packing import Block, lay_out
from realift.engine.parts import (
    Parts,
    agrees,
    agrees_once,
    close,
    model_logits,
    parts_or_reason,
    read_parts,
)
from realift.model.load import quiet_loading
from tests.conftest import make_model

FAMILIES = ("llama", "mistral", "qwen2", "qwen3")


def adapted(model: Any, *, targets: Any = ("q_proj", "v_proj"), dropout: float = 0.0, **more: Any):
    """A LoRA adapter whose B matrices are not zero."""
    import torch
    from peft import LoraConfig, get_peft_model

    lora = LoraConfig(
        r=4, lora_alpha=8, lora_dropout=dropout, target_modules=targets, bias="none",
        task_type="CAUSAL_LM", **more,
    )  # fmt: skip
    with quiet_loading():
        wrapped = get_peft_model(model, lora)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in wrapped.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    return wrapped


def read_both(model: Any) -> tuple[Parts, Parts]:
    """An adapted model as the engine reads it without and with its adapter."""
    adapter = read_parts(model)
    with model.disable_adapter():
        base = read_parts(model)
    assert adapter is not None
    assert base is not None
    return base, adapter


@pytest.mark.parametrize("family", FAMILIES)
def test_the_engine_computes_the_logits_of_a_plain_and_an_adapted_model(family: str) -> None:
    model = make_model(family)
    parts = read_parts(model)
    assert parts is not None
    assert agrees(model, parts)
    wrapped = adapted(model, targets="all-linear")
    with_adapter = read_parts(wrapped)
    assert with_adapter is not None
    assert with_adapter.first_adapted == 0
    assert agrees(wrapped, with_adapter)
    assert not agrees(wrapped, parts)  # the base's parts are not the adapter's


def test_the_model_is_asked_once_for_all_adapters_of_a_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def count(model: Any, _parts: Parts) -> bool:
        asked.append(model)
        return True

    monkeypatch.setattr("realift.engine.parts.agrees", count)
    one = adapted(make_model("llama"))
    base, adapter = read_both(one)
    assert agrees_once(one, adapter)
    same_kind, other_scale = read_parts(one), read_parts(one)
    assert same_kind is not None
    assert other_scale is not None
    assert agrees_once(one, same_kind)
    assert len(asked) == 1
    other_scale.layers[0].q.scale *= 2
    assert agrees_once(one, other_scale)
    with one.disable_adapter():
        assert agrees_once(one, base)
    assert len(asked) == 3
    another = adapted(make_model("llama"))
    assert agrees_once(another, read_both(another)[1])
    assert asked[3] is another


def test_that_the_engine_does_not_fit_is_remembered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model("llama")
    parts = read_parts(model)
    assert parts is not None
    parts.eps = 0.5
    assert not agrees_once(model, parts)
    monkeypatch.setattr("realift.engine.parts.agrees", lambda *_: pytest.fail("asked again"))
    assert not agrees_once(model, parts)


def test_logits_of_a_batch_are_those_of_each_row() -> None:
    import torch

    model = make_model("llama").eval()
    rows = [[5, 9, 17, 3], [8], [2, 2]]
    for row, logits in zip(rows, model_logits(model, rows), strict=True):
        with torch.no_grad():
            alone = model(input_ids=torch.tensor([row])).logits[0]
        assert logits.shape == alone.shape
        assert close(logits, alone, torch.float32)
        assert not close(logits + 0.1 * alone.abs().max(), alone, torch.float32)


def test_biases_norms_of_queries_and_a_tied_head_are_found() -> None:
    import torch

    qwen2, qwen3 = make_model("qwen2"), make_model("qwen3")
    with torch.no_grad():
        qwen2.model.layers[0].self_attn.q_proj.bias.normal_()
        qwen3.model.layers[1].self_attn.q_norm.weight.normal_()
    for model in (qwen2, qwen3):
        parts = read_parts(model)
        assert parts is not None
        assert agrees(model, parts)
    parts = read_parts(qwen2)
    assert parts is not None
    parts.layers[0].q.bias = None
    assert not agrees(qwen2, parts)


@pytest.mark.parametrize("family", ["gemma", "phi", "gpt2"])
def test_other_architectures_are_refused_by_name(family: str) -> None:
    reason = parts_or_reason(make_model(family))
    assert isinstance(reason, str)
    assert "ForCausalLM is not among" in reason or "LMHeadModel is not among" in reason


def test_variants_of_lora_and_hooks_are_refused() -> None:
    assert "variant" in str(parts_or_reason(adapted(make_model(), use_dora=True)))
    whole = adapted(make_model(), modules_to_save=["lm_head"])
    assert isinstance(parts_or_reason(whole), str)
    model = make_model()
    model.model.layers[0].mlp.register_forward_hook(lambda *_: None)
    assert "hooked" in str(parts_or_reason(model))


def test_a_disabled_adapter_is_not_read() -> None:
    wrapped = adapted(make_model())
    with wrapped.disable_adapter():
        parts = read_parts(wrapped)
    assert parts is not None
    assert not any(layer.adapted for layer in parts.layers)


def test_a_pack_shares_what_rows_begin_with_at_every_depth() -> None:
    rows = [[1, 2, 3, 4, 5], [1, 2, 9], [1, 2, 3, 4, 7], [8], [1, 2]]
    pack = lay_out(rows, share_from=2)
    assert pack.n_tokens == 8  # 1 2 | 3 4 | 5 | 7 | 9 | 8
    for row, place in zip(rows, pack.places, strict=True):
        assert [pack.ids[p] for p in place] == row
        assert [pack.positions[p] for p in place] == list(range(len(row)))
    assert lay_out(rows, share_from=None).n_tokens == sum(map(len, rows))


@pytest.mark.parametrize("share_from", [1, 2, 3, None])
def test_in_a_pack_every_token_sees_its_own_row_and_nothing_else(share_from: int | None) -> None:
    rows = [[1, 2, 3, 4, 5], [1, 2, 9], [1, 2, 3, 4, 7], [8, 8], [1, 2], [1, 2, 9]]
    pack = lay_out(rows, share_from=share_from)
    seen: list[set[int]] = [set() for _ in range(pack.n_tokens)]
    for block in pack.blocks:
        for query in range(*block.queries):
            for key in range(*block.keys):
                if not block.causal or key <= query:
                    assert key not in seen[query]
                    seen[query].add(key)
    for place in pack.places:
        for t, where in enumerate(place):
            assert seen[where] == set(place[: t + 1])


@pytest.mark.parametrize("wrong", ["sees the row before", "does not see the shared beginning"])
def test_a_wrong_mask_between_packed_rows_is_caught(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realift.engine import forward

    def broken(rows: Any, *, share_from: int | None) -> Any:
        import dataclasses

        pack = lay_out(rows, share_from=share_from)
        if wrong == "sees the row before":
            n = pack.n_tokens
            blocks = (Block(queries=(0, n), keys=(0, n), causal=True),)
        else:
            blocks = tuple(b for b in pack.blocks if b.causal)
        return dataclasses.replace(pack, blocks=blocks)

    model = make_model()
    parts = read_parts(model)
    assert parts is not None
    assert agrees(model, parts)
    monkeypatch.setattr(forward, "lay_out", broken)
    assert not agrees(model, parts)
