"""Facts for ``manifest.json``: versions, hashes of the data, and the machine."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from realift.config import Config
from realift.model.device import cores

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
    """Path and SHA-256 of the files the run read."""
    files = {"train": config.train, "eval": config.eval}
    return {
        "data": {
            name: {"path": path, "sha256": file_hash(Path(path))}
            for name, path in files.items()
            if path is not None
        }
    }


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


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
