"""Adapters come and go on one loaded base; the base stays what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realift.model.load import load_base
from realift.train.adapter import attached, create_adapter, detach_adapter
from tests.model.test_load import make_adapter


def logits(model: Any) -> Any:
    import torch

    with torch.inference_mode():
        return model(input_ids=torch.arange(1, 20)[None]).logits


def test_the_base_is_the_same_after_every_adapter_that_sat_on_it(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    import torch

    from realift.config import Config

    base = load_base(str(base_folder), compute=compute)
    plain = logits(base.model)
    names = [n for n, _ in base.model.named_parameters()]
    adapter = make_adapter(base_folder, tmp_path / "a", compute)
    said = []
    for _ in range(2):
        with attached(base, adapter) as model:
            said.append(logits(model))
        assert torch.equal(logits(base.model), plain)
        detach_adapter(create_adapter(base, Config()))
    assert torch.equal(said[0], said[1])
    assert not torch.equal(said[0], plain)
    assert [n for n, _ in base.model.named_parameters()] == names
    assert not any(p.requires_grad for p in base.model.parameters())


def test_the_adapter_comes_off_when_answering_fails(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    base = load_base(str(base_folder), compute=compute)
    adapter = make_adapter(base_folder, tmp_path / "a", compute)
    with pytest.raises(RuntimeError), attached(base, adapter):
        raise RuntimeError
    assert not hasattr(base.model, "peft_config")
