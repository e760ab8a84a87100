"""Which device, dtype and threads to compute with, and how much memory was used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from realift.errors import UsageError

if TYPE_CHECKING:
    import torch


FOUR_BIT = "4bit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compute:
    """The choice made: ``device`` as torch spells it, ``dtype`` by name, CPU ``threads``.

    ``dtype`` "4bit": the base's linear layers are held in 4 bits; all else, the adapter and the
    arithmetic are ``torch_dtype``.
    """

    device: str
    dtype: str
    threads: int

    @property
    def torch_dtype(self) -> torch.dtype:
        import torch

        name = self.dtype
        if name == FOUR_BIT:
            name = "bfloat16" if self.device.startswith("cuda") else "float32"
        found = getattr(torch, name)
        assert isinstance(found, torch.dtype)
        return found


def choose(*, device: str = "auto", dtype: str = "auto", threads: int | None = None) -> Compute:
    """Resolve ``auto``: CUDA, then Apple's MPS, then CPU; float32 on MPS, bfloat16 on CUDA.

    On a CPU float32 too, unless a measurement finds bfloat16 several times as fast (AMX): on
    many it is ten times slower. Sets torch's thread count as a side effect.

    Raises:
        UsageError: the device does not exist on this machine.
    """
    import torch

    if device == "auto":
        if torch.cuda.is_available():
            device = "cuda"
        elif torch.backends.mps.is_available():
            device = "mps"
        else:
            device = "cpu"
    try:
        kind = torch.device(device).type
    except RuntimeError as err:
        raise UsageError(
            f"--device: {device!r} is not a device", hint="use auto, cpu, cuda, cuda:0 or mps"
        ) from err
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(kind, False):
        raise UsageError(f"--device: this machine has no {device}", hint="use --device cpu")
    if dtype == "auto":
        dtype = "bfloat16" if kind == "cuda" and torch.cuda.is_bf16_supported() else "float32"
        if kind == "cpu":
            from realift.model.tune import cpu_dtype

            dtype = cpu_dtype()
    count = threads or cores()
    torch.set_num_threads(count)
    return Compute(device=device, dtype=dtype, threads=count)


def cores() -> int:
    """CPU cores this process may use (a container's or ``taskset``'s limit counts)."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else (os.cpu_count() or 1)


def peak_bytes(device: str = "cpu") -> int:
    """Highest memory use of this process so far, in bytes (of the GPU, on a GPU)."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.max_memory_allocated())
    try:
        import resource
        import sys
    except ImportError:  # Windows
        import psutil

        info = psutil.Process().memory_info()
        return int(getattr(info, "peak_wset", info.rss))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kilobytes on Linux


def used_bytes(device: str = "cpu") -> int:
    """Memory in use by this process now, in bytes (of the GPU, on a GPU)."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.memory_allocated())
    import psutil

    return int(psutil.Process().memory_info().rss)


def free_bytes(device: str = "cpu") -> int:
    """Memory that can still be taken, in bytes: of the GPU, or of the machine within the limit of
    the container this process runs in."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    free = int(psutil.virtual_memory().available)
    root = Path("/sys/fs/cgroup")
    for limit, usage in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            most, used = (root / limit).read_text().strip(), (root / usage).read_text().strip()
        except OSError:
            continue
        if most.isdigit():
            free = min(free, max(0, int(most) - int(used)))
    return free
