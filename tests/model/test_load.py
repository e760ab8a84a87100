"""Finding bases and adapters, and the clear errors when they are not what they should be."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from realift.config import Config
from realift.errors import ModelError, UsageError
from realift.model.device import choose
from realift.model.load import attach_adapter, load_base
from realift.train.adapter import create_adapter, save_adapter
from tests.conftest import ZEPHYR, save_base


def hub_layout(cache: Path, repo: str, source: Path) -> None:
    """Lay a saved base out the way the hub's cache does."""
    root = cache / f"models--{repo.replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(source, root / "snapshots" / commit)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(commit)


def make_adapter(base_folder: Path, out: Path, compute: Any, *, scale: float = 1.0) -> Path:
    import torch

    base = load_base(str(base_folder), compute=compute)
    model = create_adapter(base, Config(seed=1))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=scale)
    save_adapter(model, out, note={})
    return out


def test_a_hub_id_is_found_in_a_cache_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compute: Any
) -> None:
    import huggingface_hub.constants as constants

    source = save_base(tmp_path / "zephyr", "mistral", chat_template=ZEPHYR)
    hub_layout(tmp_path / "cache", "HuggingFaceH4/zephyr-7b-beta", source)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    base = load_base("HuggingFaceH4/zephyr-7b-beta", compute=compute)
    assert base.name == "HuggingFaceH4/zephyr-7b-beta"
    assert base.fingerprint == "commit:0123456789abcdef0123456789abcdef01234567"
    assert base.template.end_of_turn == "</s>"


def test_a_start_waits_for_no_library_that_only_other_models_need() -> None:
    script = """
import sys
from realift.model.device import choose
from realift.model.load import load_base
load_base("tiny", compute=choose(device="cpu"))
print("scipy.optimize" in sys.modules)
from transformers.loss.loss_for_object_detection import linear_sum_assignment
print(*linear_sum_assignment([[3.0, 1.0], [1.0, 3.0]])[1])
from scipy.optimize import linear_sum_assignment as real
print(type(real).__name__, *real([[3.0, 1.0], [1.0, 3.0]])[1])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:2] == ["False", "1 0"], done.stdout
    assert done.stdout.split("\n")[2].endswith("1 0")


def test_a_hub_id_that_is_nowhere_says_what_to_do(compute: Any) -> None:
    with pytest.raises(ModelError, match="nobody/no-such-model") as caught:
        load_base("nobody/no-such-model", compute=compute)
    assert "--base tiny" in caught.value.hint


@pytest.mark.parametrize("name", ["./not-there", "/no/such/folder", "a/b/c"])
def test_a_folder_that_does_not_exist_is_called_a_folder(name: str, compute: Any) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        load_base(name, compute=compute)


def test_a_folder_without_a_model_in_it_is_named(tmp_path: Path, compute: Any) -> None:
    with pytest.raises(ModelError, match=r"no config\.json"):
        load_base(str(tmp_path), compute=compute)


def test_sampling_defaults_of_a_base_do_not_leak_into_the_answers(
    tmp_path: Path, compute: Any
) -> None:
    folder = save_base(tmp_path / "base")
    settings = json.loads((folder / "generation_config.json").read_text())
    settings |= {"do_sample": True, "temperature": 0.1, "repetition_penalty": 7.0, "top_k": 3}
    (folder / "generation_config.json").write_text(json.dumps(settings))
    base = load_base(str(folder), compute=compute)
    assert base.model.generation_config.repetition_penalty in (None, 1.0)
    assert not base.model.generation_config.do_sample


def test_an_adapter_is_attached_with_every_tensor(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    adapter = make_adapter(base_folder, tmp_path / "adapter", compute)
    model = attach_adapter(load_base(str(base_folder), compute=compute), adapter)
    assert sorted(p.name for p in adapter.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "realift.json",
    ]
    assert any("lora_A" in n for n, _ in model.named_parameters())


def test_an_adapter_of_another_shape_is_refused_with_all_misfits(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    adapter = make_adapter(base_folder, tmp_path / "adapter", compute)
    other = save_base(tmp_path / "other", "qwen3")
    config = json.loads((other / "config.json").read_text())
    assert config["model_type"] == "qwen3"
    from transformers import AutoConfig, AutoModelForCausalLM

    wider = AutoConfig.for_model("llama", **{**_llama(base_folder), "hidden_size": 64})
    AutoModelForCausalLM.from_config(wider).save_pretrained(other)
    with pytest.raises(ModelError, match="does not fit base") as caught:
        attach_adapter(load_base(str(other), compute=compute), adapter)
    assert str(base_folder) in caught.value.hint


def _llama(folder: Path) -> dict[str, Any]:
    config = json.loads((folder / "config.json").read_text())
    return {k: v for k, v in config.items() if k not in ("model_type", "architectures")}


def test_an_adapter_saved_under_wrong_names_is_refused_not_ignored(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    """Seen in the field: adapters saved under a wrong key load without a word and do nothing."""
    from safetensors.torch import load_file, save_file

    adapter = make_adapter(base_folder, tmp_path / "adapter", compute)
    path = adapter / "adapter_model.safetensors"
    tensors = {n.replace("base_model.model.", "model."): t for n, t in load_file(path).items()}
    save_file(tensors, path)
    with pytest.raises(ModelError, match="in the file, not in the model"):
        attach_adapter(load_base(str(base_folder), compute=compute), adapter)


def test_an_adapter_with_a_missing_tensor_is_refused(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    from safetensors.torch import load_file, save_file

    adapter = make_adapter(base_folder, tmp_path / "adapter", compute)
    path = adapter / "adapter_model.safetensors"
    tensors = load_file(path)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, path)
    with pytest.raises(ModelError, match="in the model, not in the file"):
        attach_adapter(load_base(str(base_folder), compute=compute), adapter)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("base_fingerprint", "sha256:other", "trained on another base"),
        ("template_hash", "other", "another prompt template"),
    ],
)
def test_a_realift_adapter_knows_its_base_and_template(
    key: str, value: str, message: str, base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    adapter = make_adapter(base_folder, tmp_path / "adapter", compute)
    (adapter / "realift.json").write_text(json.dumps({"base": "theirs", key: value}))
    with pytest.raises(ModelError, match=message):
        attach_adapter(load_base(str(base_folder), compute=compute), adapter)


def test_a_folder_that_is_no_adapter_is_named(base_folder: Path, compute: Any) -> None:
    with pytest.raises(ModelError, match=r"no adapter_config\.json"):
        attach_adapter(load_base(str(base_folder), compute=compute), base_folder)


def test_a_device_this_machine_lacks_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="not a device"):
        choose(device="quantum")
    import torch

    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="no cuda"):
            choose(device="cuda")


def test_float32_is_chosen_on_a_cpu() -> None:
    assert choose(device="cpu").dtype == "float32"


# --- 4 bits --------------------------------------------------------------------------------------


def test_four_bits_without_the_extra_say_what_to_install(
    base_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realift.model.load.find_spec", lambda _: None)
    with pytest.raises(ModelError, match="4bit needs bitsandbytes and accelerate") as caught:
        load_base(str(base_folder), compute=choose(device="cpu", dtype="4bit"))
    assert "realift[4bit]" in caught.value.hint


def test_four_bits_are_asked_of_transformers_and_nothing_is_moved_afterwards(
    base_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    asked: dict[str, Any] = {}
    real = AutoModelForCausalLM.from_pretrained

    def load(path: str, **how: Any) -> Any:
        asked.update(how)
        model = real(path, dtype=how["dtype"])
        monkeypatch.setattr(type(model), "to", lambda *_: pytest.fail("moved"))
        return model

    monkeypatch.setattr("realift.model.load.find_spec", lambda _: object())
    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", load)
    load_base(str(base_folder), compute=choose(device="cpu", dtype="4bit"))
    settings = asked["quantization_config"]
    assert (settings.load_in_4bit, settings.bnb_4bit_quant_type) == (True, "nf4")
    assert settings.bnb_4bit_compute_dtype == asked["dtype"] == torch.float32
    assert asked["device_map"] == {"": "cpu"}


@pytest.mark.slow
def test_a_base_in_four_bits_trains_is_saved_and_answers(base_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    from realift.engine.parts import read_parts

    compute = choose(device="cpu", dtype="4bit")
    base = load_base(str(base_folder), compute=compute)
    linear = base.model.model.layers[0].mlp.up_proj
    assert type(linear).__name__ == "Linear4bit"
    assert read_parts(base.model) is None  # the plain path
    folder = make_adapter(base_folder, tmp_path / "adapter", compute)
    assert attach_adapter(base, folder) is not None
