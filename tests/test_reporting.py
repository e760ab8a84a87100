"""Losses go to the trackers as ``Trainer`` would send them, and a tracker can stop nothing."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

from realift import pipeline
from realift.config import Config, resolve
from realift.errors import UsageError
from realift.reporting import check_trackers, reporting
from realift.types import Event, Notice, Progress
from tests.made_bench import Bench, make_bench

Calls = list[tuple[str, str, int, dict[str, Any]]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What a made-up tracker in the place of tensorboard is told: (call, run, step, logs)."""
    from transformers import TrainerCallback
    from transformers.integrations import integration_utils

    told: Calls = []

    class Tracker(TrainerCallback):
        def __init__(self) -> None:
            self.place = os.environ["TENSORBOARD_LOGGING_DIR"]

        def on_train_begin(self, args: Any, state: Any, control: Any, **how: Any) -> None:
            settings = json.loads(how["model"].config.to_json_string())
            assert settings.keys() == how["model"].config.to_dict().keys()
            told.append(("begin", args.run_name, settings["realift/lora_r"], {"in": self.place}))

        def on_log(self, args: Any, state: Any, control: Any, **how: Any) -> None:
            if how["logs"]["loss"] == 13.0:
                raise ConnectionError("the line is down")
            told.append(("log", args.run_name, state.global_step, how["logs"]))

        def on_train_end(self, args: Any, state: Any, control: Any, **how: Any) -> None:
            told.append(("end", args.run_name, state.global_step, {}))

    monkeypatch.delenv("TENSORBOARD_LOGGING_DIR", raising=False)
    monkeypatch.setitem(integration_utils.INTEGRATION_TO_CALLBACK, "tensorboard", Tracker)
    return told


def step(done: int, loss: float, *, stage: str = "train", held: float | None = None) -> Progress:
    return Progress(stage=stage, done=done, total=9, loss=loss, valid_loss=held)


def test_every_training_is_a_run_with_its_losses_and_held_out_losses(
    calls: Calls, tmp_path: Path
) -> None:
    seen: list[Event] = []
    config = Config(report_to=("tensorboard",), lora_r=3)
    with reporting(config, tmp_path / "r", seen.append) as told:
        for event in (
            Notice(text="x"),
            step(1, 2.0, stage="train 1/2"),
            step(2, 1.5, stage="train 1/2", held=1.75),
            step(1, 1.9, stage="train 2/2"),
            Progress(stage="answer", done=1, total=2),
        ):
            told(event)
    place = tmp_path / "r" / "tensorboard"
    assert calls == [
        ("begin", "r-1", 3, {"in": str(place / "1")}),
        ("log", "r-1", 1, {"loss": 2.0}),
        ("log", "r-1", 2, {"loss": 1.5, "eval_loss": 1.75}),
        ("end", "r-1", 2, {}),
        ("begin", "r-2", 3, {"in": str(place / "2")}),
        ("log", "r-2", 1, {"loss": 1.9}),
        ("end", "r-2", 1, {}),
    ]
    assert len(seen) == 5
    assert "TENSORBOARD_LOGGING_DIR" not in os.environ


def test_a_tracker_that_fails_is_named_and_left_out(calls: Calls, tmp_path: Path) -> None:
    seen: list[Event] = []
    with reporting(Config(report_to=("tensorboard",)), tmp_path / "r", seen.append) as told:
        for n, loss in enumerate((2.0, 13.0, 1.0), start=1):
            told(step(n, loss))
    assert [(what, n) for what, _, n, _ in calls[1:]] == [("log", 1)]
    (notice,) = (e for e in seen if isinstance(e, Notice))
    assert notice.text == "tensorboard gets no more figures: ConnectionError: the line is down"


def test_the_training_is_closed_after_an_interruption_too(calls: Calls, tmp_path: Path) -> None:
    config = Config(report_to=("tensorboard",))

    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 2:
            raise KeyboardInterrupt

    def train() -> None:
        with reporting(config, tmp_path / "r", interrupt) as told:
            told(step(1, 2.0))
            told(step(2, 2.0))

    with pytest.raises(KeyboardInterrupt):
        train()
    assert calls[-1][0] == "end"


def test_nothing_is_told_unless_asked_for(calls: Calls, tmp_path: Path) -> None:
    def listen(event: Event) -> None: ...

    with reporting(Config(), tmp_path, listen) as told:
        assert told is listen
        told(step(1, 2.0))
    assert calls == []


def test_a_run_tells_its_tracker_the_losses_of_its_curve(
    calls: Calls,
    base_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realift.pipeline.check_trackers", lambda _: None)
    bench: Bench = make_bench(tmp_path, base_folder)
    options = {"train": str(bench.train), "base": str(bench.base), "report_to": "tensorboard"}
    config = resolve(flags={**options, "runs_dir": str(tmp_path / "runs"), "epochs": 1})
    result = pipeline.train(config)
    assert result.training is not None
    sent = [logs["loss"] for what, _, _, logs in calls if what == "log"]
    assert sent == [p.loss for p in result.training.curve]


def test_a_package_that_is_not_there_and_an_unknown_tracker_are_refused_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="package mlflow is not installed") as caught:
        check_trackers(resolve(flags={"report_to": ["mlflow"]}))
    assert caught.value.hint == "pip install mlflow"
    with pytest.raises(UsageError, match="may hold tensorboard, mlflow, wandb, trackio"):
        resolve(flags={"report_to": ["excel"]})
