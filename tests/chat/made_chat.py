"""A base that talks nonsense at once, an adapter that talks other nonsense, a run around them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from realift import run_folder
from realift.config import resolve, to_yaml
from realift.model.load import load_base
from realift.train.adapter import create_adapter, save_adapter


def make_adapter(base: str, out: Path, compute: Any, *, scale: float, prompt: str = "") -> Path:
    """An adapter with random weights, saved with realift's note (base and system prompt)."""
    import torch

    loaded = load_base(base, compute=compute)
    model = create_adapter(loaded, resolve(flags={"seed": 1}))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=scale)
    note = {"base": base, "base_fingerprint": loaded.fingerprint, "system_prompt": prompt}
    save_adapter(model, out, note={**note, "template_hash": loaded.template.hash})
    return out


def make_run(folder: Path, base: str, compute: Any, *, scale: float = 1.0) -> Path:
    """A run folder with what chat reads of it: config, manifest, adapter."""
    config = resolve(flags={"base": base, "max_new_tokens": 12, "system_prompt": "Be brief."})
    run_folder.write_text(folder / "config.yaml", to_yaml(config))
    facts = {"schema": run_folder.SCHEMA, "name": folder.name, "status": "done", "base": base}
    (folder / "manifest.json").write_text(json.dumps(facts))
    make_adapter(base, folder / "adapter", compute, scale=scale, prompt="Be brief.")
    return folder
