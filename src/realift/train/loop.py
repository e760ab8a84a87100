"""The training loop: one straight pass over the planned steps, keeping the best one.

Same arithmetic as ``transformers.Trainer`` (token-weighted loss over the accumulation window,
AdamW, clipping at 1.0, linear warm-up and decay); a test holds the two side by side.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from realift.config import Config
from realift.errors import TrainingError
from realift.model.load import Base
from realift.model.tune import ThreadWatch, products, sizes_of
from realift.train.batches import collate, cut, pad_token_id, windows
from realift.train.checkpoint import Checkpoint, State
from realift.train.fast import fast_parts, trainer_of
from realift.train.loss import count_supervised, summed_loss
from realift.train.plan import valid_steps
from realift.types import (
    CurvePoint,
    Encoded,
    Notice,
    OnEvent,
    Plan,
    Progress,
    TrainResult,
    ignore_event,
)

if TYPE_CHECKING:
    from realift.engine.training import FastTrainer

MAX_GRAD_NORM = 1.0


def train_adapter(
    base: Base,
    model: Any,
    plan: Plan,
    config: Config,
    *,
    train: Sequence[Encoded],
    valid: Sequence[Encoded],
    on_event: OnEvent = ignore_event,
    checkpoint: Checkpoint | None = None,
) -> TrainResult:
    """Train the adapter in place; on return the model holds the kept step.

    The kept step is the one with the lowest held-out loss; without held-out rows it is the last.
    Ctrl-C ends the training after the step under way and keeps the best step so far. With a
    ``checkpoint`` the training goes on from it, and ends as one that was never cut short.

    Raises:
        TrainingError: the first loss is 0 (nothing was supervised) or a loss is not finite.
    """
    import torch

    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, lr=plan.learning_rate, weight_decay=config.weight_decay
    )
    warmup = int(config.warmup_ratio * plan.n_steps)  # a run of a few steps has none to waste
    check_after = set(valid_steps(plan.n_steps)) if valid else set()
    torch.manual_seed(config.seed)  # dropout: the same whatever was measured before

    started = time.perf_counter()
    fast = _engine(base, model, plan, config, [*train, *valid])
    on_gpu = base.compute.device != "cpu"
    if fast is not None:
        fast.expect(windows(train, config, epoch=0))
    watch = ThreadWatch(products(*sizes_of(model)), fixed=on_gpu or config.threads is not None)
    curve: list[CurvePoint] = []
    saved = checkpoint.load(parameters, optimizer) if checkpoint else None
    if saved is None:
        base_loss = held_out_loss(base, model, valid, config, fast) if valid else None
        best_loss, best_step, best_weights = math.inf, 0, _copy(parameters)
        worse, step = 0, 0
    else:
        base_loss, worse, step = saved.base_loss, saved.worse, saved.step
        best_loss, best_step = saved.best_loss, saved.best_step
        best_weights, curve = list(saved.best_weights), list(saved.curve)
        started -= saved.seconds
        on_event(Notice(text=f"going on from step {step} of {plan.n_steps}"))
    done, interrupted = step, False  # steps of an earlier sitting
    try:
        for epoch in range(plan.epochs):
            for rows in windows(train, config, epoch=epoch):
                if done:
                    done -= 1
                    continue
                rate = plan.learning_rate * schedule(step, warmup, plan.n_steps)
                began = time.perf_counter()
                loss = _step(base, model, optimizer, rate, rows, config, fast)
                watch.saw(sum(len(r.input_ids) for r in rows), time.perf_counter() - began)
                step += 1
                _check_loss(loss, step)
                valid_loss = None
                if step in check_after:
                    valid_loss = held_out_loss(base, model, valid, config, fast)
                    if valid_loss < best_loss:
                        best_loss, best_step, best_weights = valid_loss, step, _copy(parameters)
                        worse = 0
                    else:
                        worse += 1
                curve.append(
                    CurvePoint(
                        step=step,
                        epoch=step / plan.steps_per_epoch,
                        loss=loss,
                        valid_loss=valid_loss,
                        learning_rate=rate,
                        seconds=time.perf_counter() - started,
                    )
                )
                on_event(
                    Progress(
                        stage="train",
                        done=step,
                        total=plan.n_steps,
                        loss=loss,
                        valid_loss=valid_loss,
                    )
                )
                if config.patience and worse >= config.patience:
                    break
                if checkpoint and checkpoint.due(measured=valid_loss is not None):
                    at = State(
                        step=step,
                        worse=worse,
                        base_loss=base_loss,
                        best_loss=best_loss,
                        best_step=best_step,
                        best_weights=best_weights,
                        curve=curve,
                        seconds=time.perf_counter() - started,
                    )
                    checkpoint.save(at, parameters, optimizer)
            else:
                continue
            break
    except KeyboardInterrupt:
        interrupted = True
        if step == 0:
            raise
    finally:
        if fast is not None:
            fast.close()
    stopped_early = not interrupted and step < plan.n_steps
    kept = best_step if best_step else step
    if best_step and best_step != step:
        _restore(parameters, best_weights)
    model.eval()
    return TrainResult(
        kept_step=kept,
        kept_reason=_reason(base_loss, best_loss if best_step else None, interrupted),
        n_steps=step,
        stopped_early=stopped_early,
        interrupted=interrupted,
        base_valid_loss=base_loss,
        kept_valid_loss=best_loss if best_step else None,
        first_loss=curve[0].loss or 0.0,
        last_loss=curve[-1].loss or 0.0,
        seconds=time.perf_counter() - started,
        curve=tuple(curve),
    )


def schedule(step: int, warmup: int, n_steps: int) -> float:
    """Factor on the peak learning rate for step ``step`` (0-based): linear up, linear down.

    The same as ``transformers.get_linear_schedule_with_warmup``.

    >>> [round(schedule(s, 2, 4), 2) for s in range(4)]
    [0.0, 0.5, 1.0, 0.5]
    """
    if step < warmup:
        return step / max(1, warmup)
    return max(0.0, (n_steps - step) / max(1, n_steps - warmup))


def _engine(
    base: Base, model: Any, plan: Plan, config: Config, rows: Sequence[Encoded]
) -> FastTrainer | None:
    parts = fast_parts(base, model, config, rows=rows)
    if plan.micro_batch_tokens is None or isinstance(parts, str):
        return None
    if not plan.packed_weights:
        parts.laid_out.clear()  # a second copy of the weights, for answers: room for training
    return trainer_of(parts, plan)


def held_out_loss(
    base: Base,
    model: Any,
    rows: Sequence[Encoded],
    config: Config,
    fast: FastTrainer | None = None,
) -> float:
    """Mean loss over held-out rows, nats per supervised token, dropout off."""
    import torch

    if fast is not None:
        return fast.loss(rows)
    was_training = model.training
    model.eval()
    total, n = 0.0, 0
    with torch.inference_mode():
        for piece in cut(range(len(rows)), config.batch_size):
            batch = _collate(base, [rows[i] for i in piece])
            total += float(summed_loss(model, batch))
            n += count_supervised(batch)
    model.train(was_training)
    return total / n


def _step(
    base: Base,
    model: Any,
    optimizer: Any,
    rate: float,
    rows: Sequence[Encoded],
    config: Config,
    fast: FastTrainer | None = None,
) -> float:
    """One optimizer step over a window of rows; its loss in nats per supervised token."""
    import torch

    total = fast.step(rows) if fast is not None else _plain_gradients(base, model, rows, config)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    if all(p.grad is None for p in parameters):
        raise TrainingError("no gradient reached the adapter: it would stay as it is")
    torch.nn.utils.clip_grad_norm_(parameters, MAX_GRAD_NORM)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total


def _plain_gradients(base: Base, model: Any, rows: Sequence[Encoded], config: Config) -> float:
    """Loss and gradients of a window of rows by way of transformers and peft."""
    model.train()
    batches = [
        _collate(base, [rows[i] for i in piece])
        for piece in cut(range(len(rows)), config.batch_size)
    ]
    n_supervised = sum(count_supervised(b) for b in batches)
    if n_supervised == 0:
        raise TrainingError("no token of this step is supervised: its loss would be 0")
    total = 0.0
    for batch in batches:
        loss: Any = summed_loss(model, batch) / n_supervised
        loss.backward()
        total += float(loss.detach())
    return total


def _collate(base: Base, rows: Sequence[Encoded]) -> Any:
    return collate(rows, pad_id=pad_token_id(base), device=base.compute.device)


def _check_loss(loss: float, step: int) -> None:
    if not math.isfinite(loss):
        raise TrainingError(
            f"the loss of step {step} is {loss}: training has diverged",
            hint="lower --learning-rate; on a GPU try --dtype float32",
        )
    if step == 1 and loss <= 0:
        raise TrainingError(
            "the first loss is 0: the base knows every answer already, or nothing is supervised",
            hint="check that the rows have answers",
        )


def _copy(parameters: Sequence[Any]) -> list[Any]:
    return [p.detach().clone() for p in parameters]


def _restore(parameters: Sequence[Any], weights: Sequence[Any]) -> None:
    import torch

    with torch.no_grad():
        for parameter, weight in zip(parameters, weights, strict=True):
            parameter.copy_(weight)


def _reason(base_loss: float | None, best: float | None, interrupted: bool) -> str:
    cut_short = "training was interrupted; " if interrupted else ""
    if best is None or base_loss is None:
        return f"{cut_short}the last one, for want of a held-out measurement to choose by"
    text = f"{cut_short}lowest held-out loss ({best:.3f} nats/token; base {base_loss:.3f})"
    if best >= base_loss:
        text += "; no step was better than the base on the held-out rows"
    return text
