"""The original recipe, run with a tiny Mistral-shaped stand-in in a hub cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from realift import pipeline
from realift.config import resolve
from tests.conftest import ZEPHYR, save_base
from tests.model.test_load import hub_layout

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "zephyr"


def test_the_original_two_row_recipe_runs_and_claims_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as constants

    source = save_base(tmp_path / "zephyr", "mistral", chat_template=ZEPHYR)
    hub_layout(tmp_path / "cache", "HuggingFaceH4/zephyr-7b-beta", source)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    config = resolve(
        file=EXAMPLE / "realift.yaml",
        flags={"runs_dir": str(tmp_path / "runs"), "max_new_tokens": 8, "system_prompt": ""},
    )
    assert (config.lora_r, config.lora_alpha, config.lora_dropout) == (8, 16, 0.05)
    assert (config.batch_size, config.gradient_accumulation_steps) == (1, 4)
    assert (config.epochs, config.learning_rate) == (1, 1e-4)

    result = pipeline.run(config)

    assert result.plan is not None
    assert (result.plan.n_train, result.plan.n_valid, result.plan.n_steps) == (2, 0, 1)
    assert result.verdict is not None
    # Two rows at batch 1 x 4 are a single step: it moves the logits, hardly an answer.
    assert result.manifest["applied"]["max_logit_change"] > 0
    assert result.verdict.label in ("INERT", "TOO SMALL TO TELL")
    assert result.verdict.recommendation != "SHIP"
    assert result.manifest["base"] == "HuggingFaceH4/zephyr-7b-beta"
    assert (Path(result.folder) / "adapter" / "adapter_model.safetensors").is_file()
