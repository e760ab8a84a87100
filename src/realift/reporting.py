"""Training losses for TensorBoard, MLflow, W&B and Trackio, by transformers' own callbacks.

The events that are seen on the screen are told to the callbacks that ``Trainer`` would use, in its
way: ``on_train_begin``, ``on_log`` with ``loss`` and ``eval_loss`` at every step, ``on_train_end``.
A tracker that fails never stops a training. Nothing is sent unless ``report_to`` asks for it.

>>> with reporting(config, folder, on_event) as on_event:  # doctest: +SKIP
...     fit_jobs(base, jobs, folder, on_event)
"""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from realift.config import Config, as_dict
from realift.errors import UsageError
from realift.types import Event, Notice, OnEvent, Progress

_PACKAGES = {"tensorboard": ("tensorboard", "tensorboardX")}  # any of them; else of the same name


def check_trackers(config: Config) -> None:
    """See that the packages are there, before anything takes time.

    Raises:
        UsageError: one is not installed.
    """
    for name in config.report_to:
        packages = _PACKAGES.get(name, (name,))
        if not any(importlib.util.find_spec(package) for package in packages):
            raise UsageError(
                f"--report-to {name}: the package {packages[0]} is not installed",
                hint=f"pip install {packages[0]}",
            )


@contextmanager
def reporting(config: Config, folder: Path, on_event: OnEvent) -> Iterator[OnEvent]:
    """A listener that also tells the trackers; each adapter of the run is a run of theirs."""
    if not config.report_to:
        yield on_event
        return
    now: dict[str, _Tracked] = {}

    def told(event: Event) -> None:
        on_event(event)
        if not isinstance(event, Progress) or event.stage.split(" ")[0] != "train":
            return
        if event.stage not in now:
            _end(now)
            now[event.stage] = _Tracked(config, folder, event.stage, on_event)
        now[event.stage].take(event)

    try:
        yield told
    finally:
        _end(now)


def _end(now: dict[str, _Tracked]) -> None:
    for tracked in now.values():
        tracked.tell("on_train_end")
    now.clear()


class _Tracked:
    """One training as the trackers see it."""

    def __init__(self, config: Config, folder: Path, stage: str, on_event: OnEvent) -> None:
        from transformers import TrainerControl, TrainerState, TrainingArguments

        which = stage.partition(" ")[2].partition("/")[0]  # "2" of "train 2/3"
        name = f"{folder.name}-{which}" if which else folder.name
        self.on_event = on_event
        self.arguments = TrainingArguments(
            output_dir=str(folder), run_name=name, report_to=[], seed=config.seed
        )
        self.state, self.control = TrainerState(), TrainerControl()
        self.model = _Settings(config)
        with _logs_in(folder / "tensorboard" / which):
            self.callbacks = [(n, c()) for n, c in _callbacks(config.report_to)]
        self.tell("on_train_begin")

    def take(self, event: Progress) -> None:
        self.state.global_step, self.state.max_steps = event.done, event.total
        logs = {"loss": event.loss, "eval_loss": event.valid_loss}
        known = {key: value for key, value in logs.items() if value is not None}
        if known:
            self.tell("on_log", logs=known)

    def tell(self, what: str, **facts: Any) -> None:
        """Call every callback; one that raises is not called again, and that is said."""
        for pair in tuple(self.callbacks):
            name, callback = pair
            try:
                getattr(callback, what)(
                    self.arguments, self.state, self.control, model=self.model, **facts
                )
            except Exception as err:
                self.callbacks.remove(pair)
                self.on_event(
                    Notice(text=f"{name} gets no more figures: {type(err).__name__}: {err}")
                )


class _Settings:
    """In the place of the model whose settings the callbacks record: those of the run."""

    def __init__(self, config: Config) -> None:
        self.config = self
        self._plain = {f"realift/{key}": value for key, value in as_dict(config).items()}

    def to_dict(self) -> dict[str, Any]:
        return dict(self._plain)

    def to_json_string(self) -> str:
        return json.dumps(self._plain, indent=2)


def _callbacks(names: tuple[str, ...]) -> list[tuple[str, Any]]:
    from transformers.integrations import get_reporting_integration_callbacks

    found = get_reporting_integration_callbacks(list(names))
    return list(zip(names, found, strict=True))


@contextmanager
def _logs_in(folder: Path) -> Iterator[None]:
    """TensorBoard's files go into the run folder; otherwise their place names the machine."""
    key = "TENSORBOARD_LOGGING_DIR"
    if key in os.environ:
        yield
        return
    os.environ[key] = str(folder)
    try:
        yield
    finally:
        del os.environ[key]
