"""A training that was cut short goes on and ends as one that was not, bit for bit."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from realift.config import Config
from realift.errors import ModelError
from realift.model.load import load_base
from realift.train.adapter import create_adapter
from realift.train.batches import encode_rows
from realift.train.checkpoint import Checkpoint
from realift.train.loop import train_adapter
from realift.train.plan import plan_training
from realift.types import Event, Notice, Progress, TrainResult
from tests.train.test_loop import example


class Killed(BaseException):
    """Nothing in the loop may catch this: the process is gone."""


def sit(
    folder: Path,
    compute: Any,
    *,
    stop_at: int = 0,
    checkpoint: Checkpoint | None = None,
    noise: int = 0,
    seen: list[Event] | None = None,
    n_held: int = 2,
    **options: Any,
) -> tuple[TrainResult | None, dict[str, Any]]:
    """One sitting of a training of 12 steps: its result (None = killed) and the weights."""
    import torch

    options = {"epochs": 4, "learning_rate": 2e-2, "batch_size": 2, "patience": 0, **options}
    config = Config(**options)
    base = load_base(str(folder), compute=compute)
    asked = [example(i) for i in range(1, 7)]
    other = [example(i, "zz?") for i in range(1, n_held + 1)]
    rows, held = (
        encode_rows(base, found, system_prompt="", max_length=256).rows for found in (asked, other)
    )
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=rows, valid=held)
    torch.manual_seed(noise)  # a new process has another random state

    def listen(event: Event) -> None:
        if seen is not None:
            seen.append(event)
        if stop_at and isinstance(event, Progress) and event.done == stop_at:
            raise Killed

    result = None
    with contextlib.suppress(Killed):
        result = train_adapter(
            base, model, plan, config,
            train=rows, valid=held, on_event=listen, checkpoint=checkpoint,
        )  # fmt: skip
    return result, {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    import torch

    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def curve(result: TrainResult | None) -> list[tuple[int, float | None, float | None]]:
    assert result is not None
    return [(p.step, p.loss, p.valid_loss) for p in result.curve]


@pytest.mark.parametrize(
    ("dropout", "stops", "n_held"),
    [(0.0, (5,), 2), (0.5, (1,), 2), (0.5, (4, 9, 12), 0), (0.5, (12,), 2)],
)
def test_a_killed_training_ends_as_if_it_had_not_been(
    dropout: float,
    stops: tuple[int, ...],
    n_held: int,
    base_folder: Path,
    tmp_path: Path,
    compute: Any,
) -> None:
    """Without held-out rows the last weights are kept, with them those of an earlier step."""
    how: dict[str, Any] = {"lora_dropout": dropout, "n_held": n_held}
    whole, weights = sit(base_folder, compute, **how)
    path = tmp_path / "c.safetensors"
    for n, stop in enumerate((*stops, 0)):
        point = Checkpoint(path=path, fingerprint="x", every=0)
        result, found = sit(
            base_folder, compute, stop_at=stop, checkpoint=point, noise=n + 7, **how
        )
    assert curve(result) == curve(whole)
    assert same(found, weights)
    assert result is not None
    assert whole is not None
    assert (result.kept_step, result.kept_reason) == (whole.kept_step, whole.kept_reason)


def test_without_the_random_states_dropout_would_make_another_adapter(
    base_folder: Path, tmp_path: Path, compute: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof that the test above can fail."""
    from realift.train import checkpoint as module

    how: dict[str, Any] = {"lora_dropout": 0.5, "n_held": 0}
    whole, weights = sit(base_folder, compute, **how)
    point = Checkpoint(path=tmp_path / "c", fingerprint="x", every=0)
    sit(base_folder, compute, stop_at=5, checkpoint=point, **how)
    monkeypatch.setattr(module, "_set_random_states", lambda _: None)
    result, found = sit(base_folder, compute, checkpoint=point, noise=7, **how)
    assert curve(result)[:4] == curve(whole)[:4]
    assert curve(result) != curve(whole)
    assert not same(found, weights)


def test_an_early_stop_comes_at_the_same_step(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    how = {"patience": 2, "epochs": 20, "learning_rate": 5e-2}
    whole, weights = sit(base_folder, compute, **how)
    assert whole is not None
    assert whole.stopped_early
    point = Checkpoint(path=tmp_path / "c", fingerprint="x", every=0)
    sit(base_folder, compute, stop_at=whole.n_steps, checkpoint=point, **how)
    result, found = sit(base_folder, compute, checkpoint=point, **how)
    assert curve(result) == curve(whole)
    assert same(found, weights)


def test_it_says_from_which_step_it_goes_on(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    point = Checkpoint(path=tmp_path / "c", fingerprint="x", every=0)
    sit(base_folder, compute, stop_at=6, checkpoint=point)
    seen: list[Event] = []
    sit(base_folder, compute, checkpoint=point, seen=seen)
    assert [e.text for e in seen if isinstance(e, Notice)] == ["going on from step 5 of 12"]
    assert min(e.done for e in seen if isinstance(e, Progress)) == 6


def test_a_checkpoint_of_another_base_is_refused_and_half_a_file_is_not_used(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    path = tmp_path / "c"
    sit(base_folder, compute, stop_at=3, checkpoint=Checkpoint(path=path, fingerprint="x", every=0))
    with pytest.raises(ModelError, match="base has changed"):
        sit(base_folder, compute, checkpoint=Checkpoint(path=path, fingerprint="y", every=0))
    with pytest.raises(ModelError, match="base has changed"):
        sit(base_folder, compute, lora_r=2, checkpoint=Checkpoint(path=path, fingerprint="x"))
    path.write_bytes(path.read_bytes()[:100])
    result, _ = sit(base_folder, compute, checkpoint=Checkpoint(path=path, fingerprint="x"))
    assert result is not None
    assert result.n_steps == 12


def test_checkpoints_are_written_now_and_then_not_at_every_step(tmp_path: Path) -> None:
    point = Checkpoint(path=tmp_path / "c", fingerprint="x")
    assert not point.due(measured=False)
    assert point.due(measured=True)  # nothing is known of what it costs
    point._took = 1e6
    assert not point.due(measured=True)
    point.every = 0
    assert point.due(measured=False)
