"""Segments for FlashAttention: with the kernel imitated on the CPU, and with it on a GPU."""

from __future__ import annotations

from typing import Any

import pytest

from realift.engine import varlen
from tests.conftest import make_model
from tests.engine.test_parts import adapted
from tests.engine.test_training import compare, rows


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


@pytest.mark.parametrize("shared", [0, 40])
def test_segments_give_what_tiles_give(shared: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    import torch

    def forward(q: Any, k: Any, v: Any, found: Any) -> Any:
        return imitate(q, k, v, found), torch.zeros(1), torch.zeros(1), torch.zeros(1)

    def backward(grad: Any, q: Any, k: Any, v: Any, kept: Any, found: Any) -> Any:
        with torch.enable_grad():
            leaves = [t.detach().requires_grad_() for t in (q, k, v)]
            return torch.autograd.grad(imitate(*leaves, found), leaves, grad)

    monkeypatch.setattr(varlen, "usable", lambda *_: True)
    monkeypatch.setattr(varlen, "flash_forward", forward)
    monkeypatch.setattr(varlen, "flash_backward", backward)
    batch = rows(5, shared=shared)
    marks = tuple(i % 4 != 0 for i in range(len(batch[0].input_ids)))
    batch[0] = dataclasses.replace(batch[0], supervised=marks)  # queries in several runs
    compare(adapted(make_model("qwen3"), targets="all-linear"), batch)


def test_the_kernel_is_for_cuda_in_half_precision_only() -> None:
    import torch

    assert not varlen.usable(torch.device("cpu"), torch.bfloat16, 64)


@pytest.mark.gpu
@pytest.mark.parametrize("shared", [0, 40])
def test_on_a_gpu_the_gradients_point_the_same_way(shared: int) -> None:
    import torch

    from realift.engine.parts import read_parts
    from realift.engine.training import FastTrainer
    from realift.train.batches import collate
    from realift.train.loss import count_supervised, summed_loss
    from tests.engine.test_training import take_gradients

    model = adapted(make_model("qwen2"), targets="all-linear").to("cuda", torch.bfloat16)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()
    batch = rows(shared=shared)
    made = collate(batch, pad_id=0, device="cuda")
    model.train()
    loss: Any = summed_loss(model, made) / count_supervised(made)
    loss.backward()
    theirs = take_gradients(model)
    parts = read_parts(model)
    assert parts is not None
    assert varlen.usable(parts.embed.device, parts.embed.dtype, parts.head_dim)
    assert FastTrainer(parts).step(batch) == pytest.approx(float(loss), rel=2e-2)
    ours = take_gradients(model)
    for name, grad in theirs.items():
        along = torch.cosine_similarity(ours[name].flatten(), grad.flatten(), dim=0)
        assert float(along) > 0.98, name
