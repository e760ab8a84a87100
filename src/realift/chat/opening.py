"""From a run, or a base and an adapter, to what can be talked to.

>>> talker, session = open_chat(run=Path("runs/train-1"), flags={})  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from realift.chat.session import Session
from realift.chat.talk import Talker
from realift.config import Config, resolve
from realift.data.problems import Findings, raise_if_errors
from realift.data.retrieve import Store, open_store
from realift.errors import ModelError, RunFolderError, UsageError
from realift.types import OnEvent, ignore_event


def open_chat(
    *,
    run: Path | None = None,
    adapter: Path | None = None,
    flags: Mapping[str, Any],
    on_event: OnEvent = ignore_event,
) -> tuple[Talker, Session]:
    """Load what a run, or a base and an adapter, name.

    The base is ``flags["base"]``, else the one the adapter was trained on. The system prompt is
    ``flags["system_prompt"]``, else the one the adapter was trained with.

    Raises:
        UsageError: nothing to talk to, or two things.
        RunFolderError: no such run, or it has no adapter (yet).
        ModelError: base or adapter cannot be loaded, or do not belong together.
        DataError: the documents (``docs``, the flag or the run's own) cannot be read.
    """
    from realift.answer.together import view
    from realift.fitting import as_trained, load
    from realift.model.load import attach_adapter

    if run is not None and adapter is not None:
        raise UsageError("give a run or --adapter, not both", hint="a run brings its adapter")
    if run is None and adapter is None and "base" not in flags:
        raise UsageError("nothing to talk to", hint=_what_there_is())
    config, verdict = resolve(flags=flags), ""
    if run is not None:
        found = _find(run)
        if (found / "adapter_config.json").is_file():
            adapter = found
        else:
            config, adapter, verdict = _of_run(found, flags)
    if adapter is not None:
        config = as_trained(config, adapter)
        if "base" not in config.given:
            config = dataclasses.replace(config, base=_base_of(adapter))
    store = _store(config)
    base = load(config, on_event)
    model = attach_adapter(base, adapter) if adapter else base.model
    fast = adapter is not None and config.engine != "plain"
    views = view(model, base, name=str(adapter)) if fast else ""
    talker = Talker(
        base=base,
        model=model,
        adapter=adapter,
        views=None if isinstance(views, str) else views,
        config=config,
        store=store,
        verdict=verdict,
    )
    trained = config.system_prompt
    if adapter is not None:
        trained = as_trained(dataclasses.replace(config, given={}), adapter).system_prompt
    session = Session(
        arms=("base", "adapter") if adapter else ("base",),
        system_prompt=config.system_prompt,
        trained_prompt=trained,
        has_adapter=adapter is not None,
    )
    return talker, session


def _what_there_is() -> str:
    from realift.history.read import list_runs

    runs = list_runs("runs")
    name = runs[0].name if runs else "runs/NAME"
    return f"give a run (realift chat {name}), or --base NAME and --adapter FOLDER"


def _store(config: Config) -> Store | None:
    if config.docs is None:
        return None
    found = Findings()
    store = open_store(
        config.docs, retriever=config.retriever, words=config.passage_words, found=found
    )
    raise_if_errors(found.problems())
    return store


def _find(run: Path) -> Path:
    """The folder of a run by its path or its name in ``runs/``, or of an adapter by its path."""
    from realift.history.read import find_run

    return run if (run / "adapter_config.json").is_file() else find_run(run, "runs")


def _of_run(folder: Path, flags: Mapping[str, Any]) -> tuple[Config, Path, str]:
    """The config of a run with the flags on top, its adapter, and its verdict in words."""
    from realift import run_folder

    result = run_folder.load(folder)
    manifest, judged = result.manifest, result.verdict
    config = resolve(file=folder / "config.yaml", flags=flags)
    # What the run itself was given must not outweigh what its adapter was trained with.
    config = dataclasses.replace(config, given=dict.fromkeys(flags, "flag"))
    adapter = folder / "adapter"
    if not adapter.is_dir():
        named = manifest.get("adapter")
        if not isinstance(named, str):
            raise RunFolderError(
                f"{folder}: this run has no adapter (it is {manifest.get('status')})",
                hint="give another run, or start it again",
            )
        adapter = Path(named)
    if "base" not in flags:
        config = dataclasses.replace(
            config,
            base=str(manifest.get("base", config.base)),
            given={**config.given, "base": "file"},
        )
    return config, adapter, f"{judged.label}, {judged.recommendation}" if judged else ""


def _base_of(adapter: Path) -> str:
    """The base an adapter says it belongs to."""
    from realift.model.load import read_adapter_note

    config = adapter / "adapter_config.json"
    if not config.is_file():
        raise ModelError(
            f"adapter {str(adapter)!r}: no adapter_config.json there",
            hint="give the folder that PEFT's save_pretrained wrote",
        )
    named = read_adapter_note(adapter).get("base") or json.loads(
        config.read_text(encoding="utf-8")
    ).get("base_model_name_or_path")
    if not isinstance(named, str):
        raise UsageError(
            f"adapter {str(adapter)!r} does not say which base it belongs to",
            hint="give it with --base",
        )
    return named
