"""Where a training stands, on disk, so that a killed one goes on and ends as if nothing had been.

One safetensors file: the adapter's weights, the best ones so far, the optimizer's moments and the
random states as tensors; counts and the curve as JSON in its header. No pickle.

The order of the rows needs no place: it follows from seed and epoch, and the step says how far.
"""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realift import run_folder
from realift.errors import ModelError
from realift.types import CurvePoint

EVERY = 30.0  # seconds between two checkpoints
SHARE = 0.02  # of the time, at most, that writing checkpoints at held-out measurements may take


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the loop carries from one step to the next; ``seconds`` of training so far."""

    step: int
    worse: int
    base_loss: float | None
    best_loss: float
    best_step: int
    best_weights: Sequence[Any]
    curve: Sequence[CurvePoint]
    seconds: float


@dataclass(slots=True, kw_only=True)
class Checkpoint:
    """The checkpoint of one training.

    Args:
        path: where it lies; it is there only between a save and the end of the training.
        fingerprint: of the base, so that another one is noticed.
    """

    path: Path
    fingerprint: str
    every: float = EVERY
    _saved: float = field(default_factory=time.monotonic)
    _took: float = 0.0

    def due(self, *, measured: bool) -> bool:
        """Whether it is time: after a held-out measurement, and every now and then."""
        passed = time.monotonic() - self._saved
        return passed >= self.every or (measured and passed * SHARE >= self._took)

    def save(self, state: State, parameters: Sequence[Any], optimizer: Any) -> None:
        """Write where the training stands, whole or not at all."""
        from safetensors.torch import save_file

        started = time.monotonic()
        tensors = {f"weight.{i}": p for i, p in enumerate(parameters)}
        tensors |= {f"best.{i}": w for i, w in enumerate(state.best_weights)}
        for i, moments in optimizer.state_dict()["state"].items():
            tensors |= {f"moment.{i}.{name}": value for name, value in moments.items()}
        tensors |= {f"random.{name}": value for name, value in _random_states().items()}
        facts = {
            f.name: getattr(state, f.name)
            for f in dataclasses.fields(State)
            if f.name not in ("best_weights", "best_loss", "curve")
        }
        facts |= {
            "best_loss": None if math.isinf(state.best_loss) else state.best_loss,
            "curve": run_folder.to_plain(tuple(state.curve)),
            "fingerprint": self.fingerprint,
        }
        with run_folder.atomic_path(self.path) as part:
            save_file(
                {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()},
                part,
                metadata={"realift": json.dumps(facts)},
            )
        self._saved = time.monotonic()
        self._took = self._saved - started

    def load(self, parameters: Sequence[Any], optimizer: Any) -> State | None:
        """Put weights, moments and random states back; ``None`` = there is nothing to go on from.

        Raises:
            ModelError: the checkpoint belongs to another base or another adapter.
        """
        import torch
        from safetensors import SafetensorError, safe_open

        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                facts = json.loads(file.metadata()["realift"])
                # clones: the file may be mapped, and Windows replaces no file that is
                tensors = {n: file.get_tensor(n).clone() for n in file.keys()}  # noqa: SIM118
        except (SafetensorError, KeyError, TypeError, ValueError):
            return None  # half a file, after all: the training starts anew
        shapes = [tensors[f"weight.{i}"].shape for i in range(_count(tensors, "weight."))]
        if facts.pop("fingerprint") != self.fingerprint or shapes != [p.shape for p in parameters]:
            raise ModelError(
                "the base has changed since this run began: its training cannot go on",
                hint="start a new run; realift runs rm removes this one",
            )
        with torch.no_grad():
            for i, parameter in enumerate(parameters):
                parameter.copy_(tensors[f"weight.{i}"])
        held: dict[int, dict[str, Any]] = {}
        for name, value in tensors.items():
            if name.startswith("moment."):
                _, i, key = name.split(".", 2)
                held.setdefault(int(i), {})[key] = value
        optimizer.load_state_dict(optimizer.state_dict() | {"state": held})
        _set_random_states(tensors)
        best = [tensors[f"best.{i}"].to(p.device).to(p.dtype) for i, p in enumerate(parameters)]
        curve = run_folder.from_plain(tuple[CurvePoint, ...], facts.pop("curve"))
        best_loss = facts.pop("best_loss")
        return State(
            best_weights=best,
            best_loss=math.inf if best_loss is None else best_loss,
            curve=curve,
            **facts,
        )


def _count(tensors: dict[str, Any], prefix: str) -> int:
    return sum(name.startswith(prefix) for name in tensors)


def _random_states() -> dict[str, Any]:
    """The generators that dropout draws from; of a GPU all of its devices'."""
    import torch

    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        for i, state in enumerate(torch.cuda.get_rng_state_all()):
            states[f"cuda.{i}"] = state
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def _set_random_states(tensors: dict[str, Any]) -> None:
    import torch

    torch.set_rng_state(tensors["random.cpu"])
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            if f"random.cuda.{i}" in tensors:
                torch.cuda.set_rng_state(tensors[f"random.cuda.{i}"], i)
    if torch.backends.mps.is_available() and "random.mps" in tensors:
        torch.mps.set_rng_state(tensors["random.mps"])
