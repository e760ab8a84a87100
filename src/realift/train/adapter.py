"""Creating, saving and verifying the LoRA adapter. Saved files are plain PEFT, safetensors only."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realift.config import Config
from realift.errors import ModelError, TrainingError
from realift.model.load import ADAPTER_NOTE, Base, attach_adapter, quiet_loading
from realift.train.batches import Batch, collate, pad_token_id
from realift.types import Encoded

ALL_LINEAR = "all-linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Proof that an adapter does something: tensors found, and how far it moves the outputs."""

    n_tensors: int
    n_zero: int  # lora_B matrices that are all zero: layers the adapter leaves alone
    max_logit_change: float  # largest |adapter - base| over the logits of the probe rows
    reload_error: float | None = None  # largest |reloaded - trained| over the same logits

    @property
    def inert(self) -> bool:
        """The adapter changes nothing at all."""
        return self.max_logit_change == 0.0


def create_adapter(base: Base, config: Config) -> Any:
    """Put a fresh LoRA adapter on the base. Seeded before the weights are drawn.

    Raises:
        ModelError: a name in ``lora_target_modules`` matches no layer (the layers are listed).
    """
    import torch
    from peft import LoraConfig, get_peft_model

    names = [n.strip() for n in config.lora_target_modules.split(",") if n.strip()]
    targets: str | list[str] = ALL_LINEAR if names == [ALL_LINEAR] else names
    if isinstance(targets, list):
        _check_targets(base.model, targets)
    torch.manual_seed(config.seed)
    lora = LoraConfig(
        r=config.lora_r,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=targets,
        bias="none",
        task_type="CAUSAL_LM",
        base_model_name_or_path=base.name,
    )
    with quiet_loading():
        model = get_peft_model(base.model, lora)
    # peft writes the path the base was loaded from; the name the person gave travels better
    model.peft_config["default"].base_model_name_or_path = base.name
    return model


def _check_targets(model: Any, targets: Sequence[str]) -> None:
    present = {n.rsplit(".", 1)[-1] for n, m in model.named_modules() if hasattr(m, "weight")}
    missing = [t for t in targets if t.rsplit(".", 1)[-1] not in present]
    if missing:
        linear = sorted(
            {
                n.rsplit(".", 1)[-1]
                for n, m in model.named_modules()
                if type(m).__name__ in ("Linear", "Conv1D") and n.rsplit(".", 1)[-1] != "lm_head"
            }
        )
        raise ModelError(
            f"--lora-target-modules: the base has no layer named {', '.join(missing)}",
            hint=f"its linear layers are {', '.join(linear)}; or use all-linear",
        )


def save_adapter(model: Any, folder: Path, *, note: dict[str, Any]) -> None:
    """Write the adapter (whole or not at all) with realift's note on what it belongs to."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        with quiet_loading():  # offline, peft cannot fetch the base's config and says so
            model.save_pretrained(str(part), safe_serialization=True, save_embedding_layers=False)
        (part / ADAPTER_NOTE).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
        (part / "README.md").unlink(missing_ok=True)  # peft's empty card; deliver/ writes one
        if folder.exists():
            shutil.rmtree(folder)
        part.chmod(0o755)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def reload_and_verify(
    base: Base, trained: Any, folder: Path, *, probe_rows: Sequence[Encoded]
) -> tuple[Any, Applied]:
    """Load the saved adapter back onto the base and prove that it is the one that was trained.

    Returns the reloaded model and the proof. The trained model is taken apart.

    Raises:
        TrainingError: the reloaded adapter answers differently from the trained one.
    """
    import torch

    probe = collate(list(probe_rows)[:4], pad_id=pad_token_id(base), device=base.compute.device)
    before = _logits(trained, probe)
    detach_adapter(trained)
    model = attach_adapter(base, folder)
    proof = verify_applied(model, probe)
    error = float((before - _logits(model, probe)).abs().max())
    tolerance = 1e-3 if base.compute.dtype == "float32" else 0.25  # bf16: saved and summed anew
    if not error <= tolerance * max(1.0, float(before.abs().max())):
        raise TrainingError(
            f"the saved adapter does not answer like the trained one (logits differ by {error:g})",
            hint="please report this with the run folder's manifest.json",
        )
    del before
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return model, Applied(
        n_tensors=proof.n_tensors,
        n_zero=proof.n_zero,
        max_logit_change=proof.max_logit_change,
        reload_error=error,
    )


def detach_adapter(model: Any) -> None:
    """Take the adapter off; the base is then as it was loaded. ``model`` must not be used again."""
    plain = model.unload()
    if hasattr(plain, "peft_config"):
        del plain.peft_config


@contextmanager
def attached(base: Base, folder: Path) -> Iterator[Any]:
    """The base with a saved adapter on it, taken off again at the end."""
    model = attach_adapter(base, folder)
    try:
        yield model
    finally:
        detach_adapter(model)


def verify_applied(model: Any, probe: Batch) -> Applied:
    """Measure what an attached adapter does: its own tensors, and the logits with it off and on."""
    from peft import get_peft_model_state_dict

    tensors = get_peft_model_state_dict(model, save_embedding_layers=False)
    b_matrices = [t for n, t in tensors.items() if "lora_B" in n or "lora_embedding_B" in n]
    on = _logits(model, probe)
    with model.disable_adapter():
        off = _logits(model, probe)
    return Applied(
        n_tensors=len(tensors),
        n_zero=sum(1 for b in b_matrices if not bool(b.any())),
        max_logit_change=float((on - off).abs().max()),
    )


def _logits(model: Any, batch: Batch) -> Any:
    import torch

    model.eval()
    with torch.inference_mode():
        out = model(
            input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False
        ).logits
    return out[batch.attention_mask.bool()].float()  # (tokens, V), padding left out
