"""How long answering will take: what is measured on a few prompts, for all that will be asked."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from realift.answer import estimate, together
from realift.answer.estimate import Order
from realift.answer.prompts import build_prompts
from realift.config import Config
from realift.model.load import Base, load_base
from realift.train.adapter import create_adapter
from tests.answer.test_answers import examples, questions


@pytest.fixture
def base(base_folder: Path, compute: Any) -> Base:
    return load_base(str(base_folder), compute=compute)


def test_prompts_once_with_common_beginnings_and_answers_as_often_as_they_are_written(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that takes 1 second for a token of a prompt and 100 for one of an answer."""
    asked: list[int] = []

    def decode_some(_views: Any, prompts: Any, n: int) -> tuple[float, int]:
        asked.append(len(prompts))
        read = sum(len(ids) for ids, _ in prompts)
        return read + 100.0 * n * len(prompts), read

    monkeypatch.setattr(estimate, "_decode_some", decode_some)
    model = create_adapter(base, Config())
    config = Config(seeds=2, few_shot_k=2)
    got = estimate.expected_seconds(
        model, base, questions(3), examples=examples(4), config=config, tokens=10, n_samples=4
    )
    n_answers = 3 * (2 + 2) * 4  # base, few-shot and two adapters
    plain = build_prompts(base, questions(3), "base", examples=(), config=config)
    shown = build_prompts(base, questions(3), "few_shot", examples=examples(4), config=config)
    once = {p.input_ids for p in (*plain, *shown)}
    low = n_answers * 10 * 100 + max(len(p.input_ids) for p in plain)
    high = low + 105 * sum(map(len, once)) + 105 * sum(len(p.input_ids) for p in plain)
    assert low < got < high
    assert max(asked) == 12  # every prompt, once for each arm and adapter
    monkeypatch.setattr(estimate, "_MEASURED", 5)
    asked.clear()
    estimate.expected_seconds(
        model, base, questions(3), examples=examples(4), config=config, tokens=10, n_samples=4
    )
    assert max(asked) == 5


def test_probes_are_counted_for_base_and_main_adapter_once_each(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Order] = []
    monkeypatch.setattr(
        estimate, "seconds_together", lambda _v, _b, orders, **_how: seen.extend(orders) or 1.0
    )
    estimate.expected_seconds(
        create_adapter(base, Config()), base, questions(3), probes=questions(2), examples=(),
        config=Config(seeds=2), tokens=3, n_samples=4,
    )  # fmt: skip
    assert sorted((o.variant, o.n) for o in seen) == sorted(
        [*[(0, 4)] * 3, *[(1, 4)] * 6, *[(0, 1)] * 2, *[(1, 1)] * 2]
    )


def test_twice_the_answers_or_samples_take_about_twice_as_long(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        estimate,
        "_decode_some",
        lambda _views, prompts, n: (1.0 + n * len(prompts), sum(len(i) for i, _ in prompts)),
    )
    views = together.view(create_adapter(base, Config()), base, name="")
    assert not isinstance(views, str)
    prompts = build_prompts(base, questions(4), "base", examples=(), config=Config())

    def seconds(tokens: float, n: int) -> float:
        orders = [Order(p, v, n) for p in prompts for v in (0, 1)]
        return estimate.seconds_together(views, base, orders, tokens=tokens)

    reading = seconds(0, 1)
    assert seconds(20, 1) - reading == pytest.approx(2 * (seconds(10, 1) - reading))
    assert seconds(10, 3) - reading == pytest.approx(3 * (seconds(10, 1) - reading))
    assert estimate.seconds_together(views, base, [], tokens=10) == 0.0


def test_a_base_the_engine_does_not_know_is_measured_by_generate(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[str] = []
    monkeypatch.setattr(estimate, "view_untrained", lambda *_args, **_kwargs: "off")
    monkeypatch.setattr(estimate, "greedy", lambda *_args, **_kwargs: ways.append("generate"))
    estimate.expected_seconds(
        create_adapter(base, Config()), base, questions(2), examples=(), config=Config(),
        tokens=3, n_samples=1,
    )  # fmt: skip
    assert ways


def test_on_a_gpu_recording_the_first_pass_is_not_taken_for_the_time_of_a_token(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pass takes 50 seconds, every other one 1; prompts cost nothing."""

    def decode_some(_views: Any, _prompts: Any, n: int) -> tuple[float, int]:
        return 50.0 * (n > 1) + max(0, n - 2), 10

    monkeypatch.setattr(estimate, "_decode_some", decode_some)
    on_gpu = dataclasses.replace(base, compute=dataclasses.replace(base.compute, device="cuda:0"))
    prompts = build_prompts(base, questions(2), "base", examples=(), config=Config())
    orders = [Order(p, 0, 1) for p in prompts]
    views: Any = None
    assert estimate.seconds_together(views, on_gpu, orders, tokens=10) == pytest.approx(10.0)
