"""Finding and loading a base model, and putting an adapter on it.

A base is a hub id, a local folder, or ``tiny`` (the embedded one). Whatever goes wrong is said with
a remedy. Base and adapter share one loaded model: the base's answers come from switching the
adapter off, so both arms have the same weights, dtype and device.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from realift.errors import ModelError
from realift.hub import asked_if_there
from realift.model.bases import nearest_base
from realift.model.device import FOUR_BIT, Compute
from realift.model.downloads import told
from realift.model.template import Template, find_template
from realift.types import OnEvent, ignore_event

TINY = "tiny"
TINY_FOLDER = Path(__file__).parent / "tiny"
ADAPTER_NOTE = "realift.json"  # beside the PEFT files: what the adapter was trained on and with
_SAMPLE = 1 << 20  # bytes hashed at either end of a weight file


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A loaded base: the model (``torch.nn.Module``), its tokenizer and how it writes turns.

    ``window`` is the longest sequence in tokens. ``fingerprint`` identifies the weights.
    ``engine`` "plain": the fast engine is not to be used on it.
    """

    name: str
    model: Any
    tokenizer: Any
    template: Template
    compute: Compute
    window: int
    fingerprint: str
    engine: str = "auto"


def base_path(name: str) -> str:
    """What ``from_pretrained`` is given for a base name."""
    return str(TINY_FOLDER) if name == TINY else name


def load_base(name: str, *, compute: Compute, on_event: OnEvent = ignore_event) -> Base:
    """Load model and tokenizer of a base in the chosen dtype, on the chosen device, in eval mode.

    What has to be downloaded first is told to ``on_event``.

    Raises:
        ModelError: not found, offline, gated, not a causal language model, or broken files.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    path = base_path(name)
    _check_folder(name, path)
    with quiet_loading(), _optimize_later(), asked_if_there(path):
        try:
            tokenizer = AutoTokenizer.from_pretrained(path)
            model = AutoModelForCausalLM.from_pretrained(
                path,
                dtype=compute.torch_dtype,
                use_safetensors=_safetensors(path),
                **_four_bit(compute),
                **told(on_event),
            )
        except (OSError, ValueError, KeyError, ImportError) as err:
            raise _load_error(name, err) from err
    stops = _stop_ids(model.generation_config.eos_token_id)
    # A base's own sampling defaults (repetition penalty, top-p) must not leak into either arm.
    model.generation_config = GenerationConfig(
        eos_token_id=model.generation_config.eos_token_id,
        bos_token_id=model.generation_config.bos_token_id,
    )
    if compute.dtype != FOUR_BIT:  # those are on their device already, and must not be moved
        model.to(torch.device(compute.device))
    model.eval()
    model.requires_grad_(False)
    return Base(
        name=name,
        model=model,
        tokenizer=tokenizer,
        template=find_template(tokenizer, more_stop_ids=stops),
        compute=compute,
        window=_window(model, tokenizer),
        fingerprint=fingerprint(path),
    )


def _four_bit(compute: Compute) -> dict[str, Any]:
    """What ``from_pretrained`` needs to hold the linear layers in 4 bits (NF4, scales in 8 bits).

    The choices of QLoRA (Dettmers et al. 2023, arXiv 2305.14314): quality of 16 bits at a quarter
    of the memory.

    Raises:
        ModelError: bitsandbytes or accelerate is not installed.
    """
    if compute.dtype != FOUR_BIT:
        return {}
    missing = [name for name in ("bitsandbytes", "accelerate") if find_spec(name) is None]
    if missing:
        raise ModelError(
            f"--dtype 4bit needs {' and '.join(missing)}",
            hint="pip install 'realift[4bit]', or use --dtype auto",
        )
    from transformers import BitsAndBytesConfig

    settings = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute.torch_dtype,
    )
    return {"quantization_config": settings, "device_map": {"": compute.device}}


def _check_folder(name: str, path: str) -> None:
    folder = Path(path)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelError(
                f"base {name!r}: the folder has no config.json",
                hint="give a folder saved by save_pretrained (for an adapter use --adapter)",
            )
        return
    looks_local = name.startswith((".", "/", "~")) or "\\" in name or name.count("/") > 1
    if looks_local:
        raise ModelError(f"base {name!r}: no such folder", hint="check the path")


def _safetensors(path: str) -> bool | None:
    folder = Path(path)
    if not folder.is_dir():
        return None
    return True if any(folder.glob("*.safetensors")) else None


def _load_error(name: str, err: Exception) -> ModelError:
    said = " ".join(str(err).split())
    low = said.lower()
    if "gated" in low or "401" in low or "403" in low:
        hint = "accept the model's terms on its page and log in with 'hf auth login'"
    elif isinstance(err, OSError) and ("connect" in low or "offline" in low or "couldn't" in low):
        near = nearest_base(name)
        guess = f"did you mean {near}? else " if near else ""
        return ModelError(
            f"base {name!r} is not on this disk, and the hub cannot be reached",
            hint=f"{guess}check the name and the connection, or give a local folder, or --base "
            "tiny (docs/bases.md names some)",
        )
    elif isinstance(err, OSError):
        hint = "check the spelling of the hub id, or give a local folder, or --base tiny"
    else:
        hint = "realift needs a causal language model that transformers can load"
    return ModelError(f"base {name!r} cannot be loaded: {said[:300]}", hint=hint)


def _stop_ids(eos: int | list[int] | None) -> tuple[int, ...]:
    if eos is None:
        return ()
    return tuple(eos) if isinstance(eos, list) else (eos,)


def _window(model: Any, tokenizer: Any) -> int:
    """Longest sequence the base was made for, in tokens."""
    candidates = [
        getattr(model.config.get_text_config(), key, None)
        for key in ("max_position_embeddings", "n_positions")
    ]
    known = [int(c) for c in candidates if c]
    if tokenizer.model_max_length and tokenizer.model_max_length < 10**9:
        known.append(int(tokenizer.model_max_length))
    return min(known) if known else 2048


def fingerprint(path: str) -> str:
    """Identity of a base: the hub commit, or a hash over config and both ends of each weight file.

    Reading both ends (1 MiB each) and the size tells apart any two real checkpoints without
    reading 15 GB; it is not a defense against a forger.
    """
    folder = Path(path)
    if not folder.is_dir():
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache(path, "config.json")
        return f"commit:{Path(cached).parent.name}" if isinstance(cached, str) else "unknown"
    digest = hashlib.sha256()
    files = sorted(f for f in folder.iterdir() if f.suffix in (".safetensors", ".bin"))
    for file in (folder / "config.json", *files):
        size = file.stat().st_size
        digest.update(f"{file.name}:{size}:".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(_SAMPLE))
            if size > 2 * _SAMPLE:
                stream.seek(-_SAMPLE, 2)
            digest.update(stream.read(_SAMPLE))
    return f"sha256:{digest.hexdigest()[:32]}"


# --- adapters ----------------------------------------------------------------------------------


def read_adapter_tensors(folder: Path) -> Mapping[str, Any]:
    """The adapter's tensors by the names PEFT saved them under."""
    safe, pickled = folder / "adapter_model.safetensors", folder / "adapter_model.bin"
    if safe.is_file():
        from safetensors.torch import load_file

        return load_file(safe)
    if pickled.is_file():
        import torch

        loaded: Mapping[str, Any] = torch.load(pickled, map_location="cpu", weights_only=True)
        return loaded
    raise ModelError(
        f"adapter {str(folder)!r}: no adapter_model.safetensors",
        hint="give the folder that PEFT's save_pretrained wrote",
    )


def attach_adapter(base: Base, folder: str | Path) -> Any:
    """Put a PEFT adapter on the base and make sure that it is really there.

    Checks: it names this base (if it was trained by realift), every tensor of the file finds its
    place in the model with the same shape and value, and no tensor of the model is left out.

    Returns:
        The ``PeftModel``, in eval mode. ``model.disable_adapter()`` gives the base.

    Raises:
        ModelError: one error that lists every misfit.
    """
    from peft import PeftModel, get_peft_model_state_dict

    path = Path(folder)
    if not (path / "adapter_config.json").is_file():
        raise ModelError(
            f"adapter {str(folder)!r}: no adapter_config.json there",
            hint="give the folder that PEFT's save_pretrained wrote",
        )
    _check_origin(base, path)
    wanted = read_adapter_tensors(path)
    with quiet_loading():
        try:
            model = PeftModel.from_pretrained(base.model, str(path), is_trainable=False)
        except (ValueError, RuntimeError, KeyError, TypeError, OSError) as err:
            said = " ".join(str(err).split())
            raise ModelError(
                f"adapter {str(folder)!r} does not fit base {base.name!r}: {said[:600]}",
                hint=_origin_hint(path),
            ) from err
    model.eval()
    found = get_peft_model_state_dict(model, save_embedding_layers=False)
    misfits = tensor_misfits(wanted, found)
    if misfits:
        raise ModelError(
            f"adapter {str(folder)!r} is not what ended up in the model:\n  "
            + "\n  ".join(misfits[:20])
            + (f"\n  and {len(misfits) - 20} more" if len(misfits) > 20 else ""),
            hint=_origin_hint(path),
        )
    return model


def tensor_misfits(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Every difference between the tensors of a file and those in the model, as sentences."""
    import torch

    out = [f"{n}: in the file, not in the model" for n in sorted(wanted.keys() - found.keys())]
    out += [f"{n}: in the model, not in the file" for n in sorted(found.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & found.keys()):
        a, b = wanted[name], found[name]
        if a.shape != b.shape:
            out.append(f"{name}: {tuple(a.shape)} in the file, {tuple(b.shape)} in the model")
        elif not torch.allclose(a.float().cpu(), b.float().cpu(), rtol=1e-2, atol=1e-6):
            out.append(f"{name}: the values differ")  # 1e-2: a float32 file in a bfloat16 model
    return out


def _check_origin(base: Base, folder: Path) -> None:
    note = read_adapter_note(folder)
    if note and note.get("base_fingerprint") not in (None, "unknown", base.fingerprint):
        raise ModelError(
            f"adapter {str(folder)!r} was trained on another base "
            f"({note.get('base')!r}, not this {base.name!r})",
            hint=f"use --base {note.get('base')}",
        )
    if note and note.get("template_hash") not in (None, base.template.hash):
        raise ModelError(
            f"adapter {str(folder)!r} was trained with another prompt template than "
            f"{base.name!r} has now",
            hint="use the tokenizer (and chat template) the adapter was trained with",
        )


def read_adapter_note(folder: str | Path) -> dict[str, Any]:
    """realift's own note beside an adapter; empty for adapters trained elsewhere."""
    path = Path(folder) / ADAPTER_NOTE
    if not path.is_file():
        return {}
    note = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(note, dict)
    return note


def _origin_hint(folder: Path) -> str:
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    origin = config.get("base_model_name_or_path")
    return f"the adapter says it belongs to base {origin!r}" if origin else ""


class _Later(ModuleType):
    """Stands for a module whose functions import it when they are called."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):  # not a function: __file__, __path__
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(import_module(self.__name__), name)(*args, **kwargs)

        return call


@contextmanager
def _optimize_later() -> Iterator[None]:
    """Let transformers load without scipy.optimize: 0.35 s of every start.

    It takes one function from there, for losses of object detection, which then imports scipy's
    when it is called.
    """
    name = "scipy.optimize"
    if name in sys.modules:
        yield
        return
    later = sys.modules[name] = _Later(name)
    try:
        yield
    finally:
        if sys.modules.get(name) is later:
            del sys.modules[name]


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Silence transformers' and peft's loading chatter; errors still come through.

    Their warnings are for developers (renamed attributes, a base under another path) or become
    errors here: peft warns of missing keys and goes on, ``attach_adapter`` does not.
    """
    import transformers
    from huggingface_hub.utils import logging as hub_logging

    level, hub_level = transformers.logging.get_verbosity(), hub_logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    hub_logging.set_verbosity(logging.ERROR)  # no line for each retry; the end is told
    transformers.logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers.logging.set_verbosity(level)
        hub_logging.set_verbosity(hub_level)
