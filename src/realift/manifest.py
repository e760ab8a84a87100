"""Facts for ``manifest.json``: versions, hashes of data and adapters, and the machine."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from realift.config import Config
from realift.model.device import cores
from realift.sources import facts, file_hash
from realift.types import Question

PACKAGES = (
    "realift",
    "torch",
    "transformers",
    "peft",
    "tokenizers",
    "safetensors",
    "numpy",
    "scipy",
)


def versions() -> dict[str, str]:
    """Installed versions of what the numbers depend on (``not installed`` where it is not)."""
    return {"python": platform.python_version(), **{p: _version(p) for p in PACKAGES}}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def data_facts(config: Config) -> dict[str, Any]:
    """Path and SHA-256 of what the run read: of a folder over its files, of a dataset its split."""
    data: dict[str, Any] = {}
    if config.train is not None:
        data["train"] = facts(config.train, "train")
    if config.eval is not None:
        data["eval"] = facts(config.eval, "eval")
    if config.docs is not None:
        data["docs"] = {"path": config.docs, "sha256": _path_hash(Path(config.docs))}
    return {"data": data}


def _path_hash(path: Path) -> str | None:
    if path.is_file():
        return file_hash(path)
    if not path.is_dir():
        return None  # a collection of a database
    inside = sorted((p.relative_to(path).as_posix(), p) for p in path.rglob("*") if p.is_file())
    listed = "".join(f"{name} {file_hash(file)}\n" for name, file in inside)
    return hashlib.sha256(listed.encode()).hexdigest()


def questions_hash(questions: Sequence[Question]) -> str:
    """SHA-256 over what is asked and what is right, in hex; ids, lines and order do not matter.

    >>> import dataclasses
    >>> from realift.types import Where
    >>> a = Question(id="1", where=Where(file="a"), question="Who?", answers=(("Bob",),))
    >>> b = dataclasses.replace(a, id="7", where=Where(file="b", line=3))
    >>> questions_hash([a]) == questions_hash([b])
    True
    """
    asked = sorted(
        json.dumps([q.question, q.context, q.answerable, q.answers, q.key_points, q.choices])
        for q in questions
    )
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()


def adapter_hash(folder: Path) -> str:
    """SHA-256 over an adapter's weights and their scale, in hex."""
    safe, pickled = folder / "adapter_model.safetensors", folder / "adapter_model.bin"
    weights = file_hash(safe if safe.is_file() else pickled)
    facts = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    return hashlib.sha256(f"{weights} {facts.get('lora_alpha')}".encode()).hexdigest()


def machine_facts() -> dict[str, Any]:
    """Versions, system, cores and memory (bytes). No name of the machine or its user."""
    import psutil

    return {
        "versions": versions(),
        "machine": {
            "system": platform.system(),
            "architecture": platform.machine(),
            "cores": cores(),
            "memory_bytes": int(psutil.virtual_memory().total),
        },
    }
