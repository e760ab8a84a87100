"""One answer told while it is written is the answer that would be judged, and it can be stopped."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from realift.answer.decode import decode_prompts
from realift.answer.prompts import build_prompts
from realift.answer.stream import StopWriting, stream
from realift.config import Config
from realift.model.load import Base, load_base
from realift.types import Question, Where
from tests.conftest import ARCHITECTURES, save_base

ASKED = Question(id="q", where=Where(file="e"), question="Who manages Alice at Acme?")


def prompt(base: Base) -> Any:
    return build_prompts(base, [ASKED], "base", examples=(), config=Config(system_prompt=""))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_streamed_answer_is_the_judged_one(
    architecture: str, tmp_path: Path, compute: Any
) -> None:
    base = load_base(str(save_base(tmp_path, architecture)), compute=compute)
    (judged,) = decode_prompts(base.model, base, prompt(base), max_new_tokens=24, batch_size=4)
    seen: list[str] = []
    ids = prompt(base)[0].input_ids
    told = stream(base.model, base, ids, max_new_tokens=24, on_text=seen.append)
    assert (told.text, told.finish, told.n_tokens) == (
        judged.text,
        judged.finish,
        judged.n_tokens,
    )
    # A prefix, but for white space at its end and for a character that is not whole yet.
    assert all(told.text.startswith(text) for text in seen)
    assert bool(seen) == bool(told.text.strip("\ufffd"))


def test_a_stop_token_ends_it_and_is_not_shown(base_folder: Path, compute: Any) -> None:
    base = load_base(str(base_folder), compute=compute)
    ids = prompt(base)[0].input_ids
    free = stream(base.model, base, ids, max_new_tokens=12, on_text=lambda _: None)
    assert free.finish == "length"
    written = base.model.generate(
        input_ids=torch_ids(ids), do_sample=False, max_new_tokens=12, pad_token_id=0
    )[0, len(ids) :].tolist()
    stop = next(token for token in written if token != written[0])
    stops = dataclasses.replace(base.template, stop_ids=(stop,))
    ended = dataclasses.replace(base, template=stops)
    told = stream(base.model, ended, ids, max_new_tokens=12, on_text=lambda _: None)
    assert (told.finish, told.n_tokens) == ("stop", written.index(stop))
    assert free.text.startswith(told.text)


def torch_ids(ids: Any) -> Any:
    import torch

    return torch.tensor([list(ids)])


def test_it_can_be_stopped_from_outside_and_from_its_listener(
    base_folder: Path, compute: Any
) -> None:
    base = load_base(str(base_folder), compute=compute)
    ids = prompt(base)[0].input_ids
    seen: list[str] = []
    told = stream(
        base.model,
        base,
        ids,
        max_new_tokens=50,
        on_text=seen.append,
        stopping=lambda: len(seen) >= 3,
    )
    assert told.finish == "stopped"
    assert told.text == seen[-1]

    def enough(text: str) -> None:
        raise StopWriting

    assert stream(base.model, base, ids, max_new_tokens=50, on_text=enough).finish == "stopped"


def test_a_prompt_that_does_not_fit_is_skipped_not_cut(base_folder: Path, compute: Any) -> None:
    base = load_base(str(base_folder), compute=compute)
    told = stream(base.model, base, [5] * 250, max_new_tokens=8, on_text=lambda _: None)
    assert (told.finish, told.text) == ("skipped", "")
