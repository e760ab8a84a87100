"""Our losses beside a plain ``transformers.Trainer`` + ``peft``: same rows, order and seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realift.config import Config
from realift.model.device import choose
from realift.model.load import load_base
from realift.train.adapter import create_adapter
from realift.train.batches import collate, cut, encode_rows, epoch_order
from realift.train.loop import train_adapter
from realift.train.plan import plan_training
from realift.types import Example, Message, Where
from tests.conftest import ARCHITECTURES, CHATML, save_base

# The same float32 arithmetic in another order of additions: 1e-4 relative, per step.
TOLERANCE = 1e-4


def rows(n: int) -> list[Example]:
    return [
        Example(
            id=f"t:{i}",
            where=Where(file="t", line=i),
            messages=(
                Message(role="user", content=f"What is number {i}?" + " Please." * (i % 3)),
                Message(role="assistant", content=f"Answer {i}" * (1 + i % 4)),
            ),
        )
        for i in range(1, n + 1)
    ]


def trainer_losses(folder: Path, config: Config, encoded: list[Any], n_steps: int) -> list[float]:
    """What the usual tutorial would log, step by step, given our token ids in our order."""
    import torch
    from transformers import Trainer, TrainingArguments

    base = load_base(str(folder), compute=choose(device="cpu"))
    model = create_adapter(base, config)
    epochs = config.epochs or 1
    order = [i for e in range(epochs) for i in epoch_order(len(encoded), epoch=e, seed=config.seed)]
    seen: list[float] = []

    class Recording(Trainer):
        def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
            if "loss" in logs:
                seen.append(logs["loss"])

        def _get_train_sampler(self, *args: Any, **kwargs: Any) -> Any:
            return torch.utils.data.SequentialSampler(self.train_dataset)

        def training_step(self, *args: Any, **kwargs: Any) -> Any:
            loss = super().training_step(*args, **kwargs)
            micro.append(float(loss))
            return loss

    micro: list[float] = []
    arguments = TrainingArguments(
        output_dir=str(folder / "out"),
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation_steps,
        num_train_epochs=1,
        learning_rate=config.learning_rate or 1e-3,
        warmup_steps=int(config.warmup_ratio * n_steps),
        lr_scheduler_type="linear",
        seed=config.seed,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_steps=1,
        disable_tqdm=True,
        remove_unused_columns=False,
    )

    def batch(items: list[Any]) -> dict[str, Any]:
        made = collate(items, pad_id=0)
        return {
            "input_ids": made.input_ids,
            "attention_mask": made.attention_mask,
            "labels": made.labels,
        }

    Recording(
        model=model,
        args=arguments,
        train_dataset=[encoded[i] for i in order],
        data_collator=batch,
    ).train()
    per_step = config.gradient_accumulation_steps
    return [sum(w) for w in cut(micro, per_step)]  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore")  # the Trainer's own deprecations are not ours
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_step_has_the_loss_of_a_plain_trainer_against_reference(
    architecture: str, tmp_path: Path
) -> None:
    folder = save_base(tmp_path / architecture, architecture, chat_template=CHATML)
    config = Config(
        batch_size=2,
        gradient_accumulation_steps=2,
        epochs=3,
        learning_rate=5e-3,
        lora_dropout=0.0,  # the Trainer draws dropout masks at other moments
        warmup_ratio=0.2,
        patience=0,
        seed=3,
    )
    base = load_base(str(folder), compute=choose(device="cpu"))
    encoded = list(encode_rows(base, rows(8), system_prompt="", max_length=256).rows)
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=encoded, valid=[])
    ours = train_adapter(base, model, plan, config, train=encoded, valid=[])
    theirs = trainer_losses(folder, config, encoded, plan.n_steps)
    mine = [p.loss for p in ours.curve]
    assert len(mine) == len(theirs) == 6
    assert mine == pytest.approx(theirs, rel=TOLERANCE)
    assert mine[-1] < mine[0]  # and something was learned at all
