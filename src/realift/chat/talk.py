"""Base and adapter in one loaded model, asked one after the other.

>>> talker, session = open_chat(run="runs/train-1", flags={})  # doctest: +SKIP
>>> put(talker, session, "Who runs the workshop?", on_text=print)  # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realift.chat.session import Reply, Session, Turn, ask, messages
from realift.config import Config, resolve
from realift.data.problems import Findings, raise_if_errors
from realift.data.retrieve import Store, open_store
from realift.errors import ModelError, RunFolderError, UsageError
from realift.types import Arm, OnEvent, Passage, Question, ignore_event

if TYPE_CHECKING:
    from realift.answer.stream import Streamed
    from realift.answer.together import Views
    from realift.model.load import Base

OnText = Callable[[Arm, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Talker:
    """What answers: a base, the model with the adapter on it (the base itself without one).

    ``store``: the passages each question's context is taken from (``config.docs``), if any.
    ``views``: both arms for the engine that answers with both at once; None = one after the other.
    ``verdict``: the run's verdict and recommendation in words, "" if there is none.
    """

    base: Base
    model: Any
    adapter: Path | None
    views: Views | None
    config: Config
    store: Store | None
    verdict: str


# --- opening -----------------------------------------------------------------------------------


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


# --- asking ------------------------------------------------------------------------------------


def put(
    talker: Talker,
    session: Session,
    text: str,
    *,
    on_text: OnText,
    on_question: Callable[[Question], None] = lambda _: None,
    stopping: Callable[[], bool] = lambda: False,
) -> Turn:
    """Ask every arm of the session; once stopped, arms that have not begun are not asked.

    Both write at the same time where the engine knows the architecture.

    Args:
        on_question: told the question with its context before anyone answers.
        on_text: told the arm and its whole text so far, after each token.
        stopping: asked after each token; True ends the answer.
    """
    from realift.answer.stream import stream_together

    found: Sequence[Passage] = ()
    if talker.store is not None and not session.context:
        (found,) = talker.store.search([text], talker.config.retrieve_k)
    question = ask(session, text, found)
    on_question(question)
    prompts: dict[Arm, tuple[int, ...]] = {
        arm: _prompt(talker, session, question, arm) for arm in session.arms
    }
    if talker.views is not None and len(prompts) > 1:
        said = stream_together(
            talker.views,
            talker.base,
            prompts,
            max_new_tokens=talker.config.max_new_tokens,
            on_text=on_text,
            stopping=stopping,
        )
        replies = [_reply(arm, one) for arm, one in said.items()]
    else:
        replies = []
        for arm, ids in prompts.items():
            replies.append(_alone(talker, arm, ids, on_text, stopping))
            if replies[-1].finish == "stopped":
                break
    return Turn(question=question, replies=tuple(replies))


def _prompt(talker: Talker, session: Session, question: Question, arm: Arm) -> tuple[int, ...]:
    """What the arm reads; with ``follow`` as many earlier turns as fit the window."""
    from realift.model.template import encode_prompt

    base = talker.base
    turns = messages(session, question, arm)
    while True:
        ids = encode_prompt(
            base.tokenizer, base.template, turns, system_prompt=session.system_prompt
        )
        if len(turns) == 1 or len(ids) + talker.config.max_new_tokens <= base.window:
            return ids
        turns = turns[2:]  # the oldest question and its answer


def _alone(
    talker: Talker,
    arm: Arm,
    ids: Sequence[int],
    on_text: OnText,
    stopping: Callable[[], bool],
) -> Reply:
    from realift.answer.stream import stream

    off = arm == "base" and talker.adapter is not None
    with talker.model.disable_adapter() if off else nullcontext():
        said = stream(
            talker.model,
            talker.base,
            ids,
            max_new_tokens=talker.config.max_new_tokens,
            on_text=lambda text: on_text(arm, text),
            stopping=stopping,
        )
    return _reply(arm, said)


def _reply(arm: Arm, said: Streamed) -> Reply:
    return Reply(
        arm=arm, text=said.text, finish=said.finish, n_tokens=said.n_tokens, seconds=said.seconds
    )
