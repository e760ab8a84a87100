"""The loop: tiny data, best step, early stop, interruption, and the traps of other tools."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from realift.config import Config
from realift.engine.parts import read_parts
from realift.engine.training import FastTrainer
from realift.engine.weights import packed_weights_of
from realift.errors import DataError, ModelError, TrainingError
from realift.model import multiply
from realift.model.load import load_base
from realift.train import loop
from realift.train.adapter import create_adapter, reload_and_verify, save_adapter
from realift.train.batches import collate, encode_rows
from realift.train.loop import train_adapter
from realift.train.plan import automatic_epochs, plan_training
from realift.types import (
    Encoded,
    Event,
    Example,
    Message,
    Progress,
    TrainResult,
    Where,
    ignore_event,
)
from tests.conftest import ZEPHYR, save_base


def example(i: int, answer: str | None = None) -> Example:
    return Example(
        id=f"t:{i}",
        where=Where(file="t", line=i),
        messages=(
            Message(role="user", content=f"What is number {i}?"),
            Message(role="assistant", content=answer or f"It is {i}."),
        ),
    )


@dataclasses.dataclass(kw_only=True)
class Job:
    base: Any
    model: Any
    result: TrainResult
    train: tuple[Encoded, ...]


def run_job(
    folder: Path, compute: Any, n_train: int, n_valid: int, on_event: Any = None, **options: Any
) -> Job:
    """Held-out rows ask the training questions and want other answers: they must get worse."""
    config = Config(**{"epochs": 4, "learning_rate": 5e-3, "batch_size": 2, **options})
    base = load_base(str(folder), compute=compute)
    rows = encode_rows(
        base, [example(i + 1) for i in range(n_train)], system_prompt="", max_length=256
    ).rows
    held = encode_rows(
        base, [example(i + 1, "zzz???") for i in range(n_valid)], system_prompt="", max_length=256
    ).rows
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=rows, valid=held)
    seen = on_event or ignore_event
    result = train_adapter(base, model, plan, config, train=rows, valid=held, on_event=seen)
    return Job(base=base, model=model, result=result, train=rows)


@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_any_number_of_rows_trains_and_lowers_the_loss(
    n: int, base_folder: Path, compute: Any
) -> None:
    job = run_job(base_folder, compute, n, 0)
    assert job.result.n_steps == 4 * -(-n // 2)
    assert job.result.last_loss < job.result.first_loss
    assert job.result.kept_step == job.result.n_steps
    assert "want of a held-out measurement" in job.result.kept_reason


def test_the_copy_of_the_weights_that_answers_use_makes_room_for_training(
    base_folder: Path, compute: Any
) -> None:
    base = load_base(str(base_folder), compute=compute)
    config = Config(epochs=1)
    rows = encode_rows(base, [example(1)], system_prompt="", max_length=256).rows
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=rows, valid=[], measure=False)
    parts = read_parts(model)
    assert parts is not None
    packed_weights_of(parts)
    assert parts.laid_out
    train_adapter(base, model, plan, config, train=rows, valid=[])
    assert not parts.laid_out


@pytest.mark.skipif(not multiply.has_onednn(), reason="this torch has no oneDNN")
def test_a_training_with_packed_weights_is_the_same_and_leaves_them_to_the_answers(
    base_folder: Path, compute: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiply, "_chosen", ["onednn"])
    base = load_base(str(base_folder), compute=compute)
    config = Config(epochs=2, lora_dropout=0.1)
    rows = encode_rows(base, [example(n) for n in range(5)], system_prompt="", max_length=256).rows
    losses = []
    for packed in (False, True, True):  # a second adapter finds the copies made
        model = create_adapter(base, config)
        parts = read_parts(model)
        assert parts is not None
        plan = plan_training(base, model, config, train=rows, valid=[], measure=False)
        assert not plan.packed_weights  # so small a model gains nothing
        plan = dataclasses.replace(plan, packed_weights=packed)
        result = train_adapter(base, model, plan, config, train=rows, valid=[])
        losses.append([point.loss for point in result.curve])
        assert bool(parts.laid_out) == packed
        model.unload()
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)
    assert losses[2] == pytest.approx(losses[0], rel=1e-5)
    left = packed_weights_of(parts).layers[0].qkv.packed
    assert left.forward is not None
    assert left.back is None


def test_the_best_held_out_step_is_kept_not_the_last(base_folder: Path, compute: Any) -> None:
    job = run_job(base_folder, compute, 4, 3, epochs=12, learning_rate=3e-2, patience=0)
    measured = {p.step: p.valid_loss for p in job.result.curve if p.valid_loss is not None}
    best = min(measured, key=lambda s: measured[s])
    assert job.result.kept_step == best
    assert best != job.result.n_steps, "the case must overfit, or this test proves nothing"
    held = encode_rows(
        job.base, [example(i + 1, "zzz???") for i in range(3)], system_prompt="", max_length=256
    ).rows
    kept_loss = loop.held_out_loss(job.base, job.model, held, Config(batch_size=2))
    assert kept_loss == pytest.approx(measured[best], rel=1e-5)  # the weights, not only the number


def test_training_stops_early_when_the_held_out_loss_rises(base_folder: Path, compute: Any) -> None:
    job = run_job(base_folder, compute, 4, 3, epochs=20, learning_rate=3e-2, patience=2)
    assert job.result.stopped_early
    assert job.result.n_steps < 40


def test_the_same_seed_gives_the_same_adapter_and_another_seed_another(
    base_folder: Path, compute: Any
) -> None:
    losses = [
        [p.loss for p in run_job(base_folder, compute, 4, 0, seed=s).result.curve]
        for s in (0, 0, 1)
    ]
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_seed_zero_is_a_real_seed_and_the_first_weights_depend_on_it(
    base_folder: Path, compute: Any
) -> None:
    import torch

    drawn = []
    for noise in (1, 2):
        torch.manual_seed(noise)  # whatever was drawn before must not matter
        model = create_adapter(load_base(str(base_folder), compute=compute), Config(seed=0))
        drawn.append(next(p for n, p in model.named_parameters() if "lora_A" in n))
    assert torch.equal(drawn[0], drawn[1])


def test_interrupting_keeps_what_was_trained(base_folder: Path, compute: Any) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, Progress) and event.done == 3:
            raise KeyboardInterrupt

    job = run_job(base_folder, compute, 4, 0, on_event=interrupt)
    assert job.result.interrupted
    assert job.result.kept_step == 3
    assert any(bool(p.any()) for n, p in job.model.named_parameters() if "lora_B" in n)


def test_a_row_longer_than_the_window_is_left_out_and_named(
    base_folder: Path, compute: Any
) -> None:
    base = load_base(str(base_folder), compute=compute)
    found = encode_rows(
        base, [example(1), example(2, "word " * 400)], system_prompt="", max_length=256
    )
    assert [r.id for r in found.rows] == ["t:1"]
    assert str(found.problems[0].where) == "t:2"
    assert "256 fit" in found.problems[0].message


def test_rows_that_are_all_too_long_stop_the_run(base_folder: Path, compute: Any) -> None:
    base = load_base(str(base_folder), compute=compute)
    with pytest.raises(DataError, match="none of the 1 training rows"):
        encode_rows(base, [example(1, "word " * 400)], system_prompt="", max_length=256)


def test_padding_is_masked_by_position_even_if_it_is_eos(tmp_path: Path, compute: Any) -> None:
    folder = save_base(tmp_path / "z", chat_template=ZEPHYR)
    base = load_base(str(folder), compute=compute)
    rows = encode_rows(
        base, [example(1), example(2, "much longer an answer")], system_prompt="", max_length=256
    ).rows
    end = base.template.end_id
    batch = collate(rows, pad_id=end)
    for i, row in enumerate(rows):
        n = len(row.input_ids)
        assert batch.labels[i, n - 1] == end
        assert (batch.labels[i, n:] == -100).all()


def test_a_first_loss_of_zero_is_refused() -> None:
    with pytest.raises(TrainingError, match="nothing is supervised"):
        loop._check_loss(0.0, 1)


def test_a_loss_that_is_not_finite_is_refused(base_folder: Path, compute: Any) -> None:
    with pytest.raises(TrainingError, match="diverged"):
        run_job(base_folder, compute, 4, 0, learning_rate=1e30, epochs=8)


def test_a_step_without_a_supervised_token_is_refused(base_folder: Path, compute: Any) -> None:
    base = load_base(str(base_folder), compute=compute)
    model = create_adapter(base, Config())
    row = Encoded(id="x", input_ids=(5, 6, 7), supervised=(False, False, False))
    with pytest.raises(TrainingError, match="no token of this step"):
        loop._step(base, model, None, 0.0, [row], Config())


def test_a_step_whose_gradient_reaches_another_adapter_is_refused(
    base_folder: Path, compute: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FastTrainer, "step", lambda *_: 1.0)
    with pytest.raises(TrainingError, match="no gradient reached the adapter"):
        run_job(base_folder, compute, 4, 0)


def test_a_saved_adapter_is_reloaded_and_proven_to_be_applied(
    base_folder: Path, tmp_path: Path, compute: Any
) -> None:
    job = run_job(base_folder, compute, 4, 0)
    save_adapter(job.model, tmp_path / "adapter", note={})
    _, applied = reload_and_verify(job.base, job.model, tmp_path / "adapter", probe_rows=job.train)
    assert applied.max_logit_change > 1e-3
    assert applied.n_zero == 0
    assert not applied.inert
    assert applied.reload_error == pytest.approx(0, abs=1e-5)


def test_an_untrained_adapter_is_inert(base_folder: Path, tmp_path: Path, compute: Any) -> None:
    base = load_base(str(base_folder), compute=compute)
    model = create_adapter(base, Config())
    rows = encode_rows(base, [example(1)], system_prompt="", max_length=256).rows
    save_adapter(model, tmp_path / "adapter", note={})
    _, applied = reload_and_verify(base, model, tmp_path / "adapter", probe_rows=rows)
    assert applied.inert
    assert applied.n_zero > 0


def test_layers_to_adapt_can_be_chosen_and_unknown_ones_are_listed(
    base_folder: Path, compute: Any
) -> None:
    model = create_adapter(
        load_base(str(base_folder), compute=compute),
        Config(lora_target_modules="q_proj,v_proj"),
    )
    adapted = {n.split(".")[-4] for n, _ in model.named_parameters() if "lora_A" in n}
    assert adapted == {"q_proj", "v_proj"}
    with pytest.raises(ModelError, match="no layer named query") as caught:
        create_adapter(
            load_base(str(base_folder), compute=compute), Config(lora_target_modules="query")
        )
    assert "q_proj" in caught.value.hint


def test_few_rows_never_mean_many_passes() -> None:
    assert automatic_epochs(2, has_valid=False) <= 3
    assert automatic_epochs(20, has_valid=True) <= 8
    assert automatic_epochs(5000, has_valid=True) == 1
