"""The training loss: cross-entropy at the supervised positions, in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realift.train.batches import Batch
from realift.types import IGNORE_INDEX

if TYPE_CHECKING:
    import torch


def summed_loss(model: Any, batch: Batch) -> torch.Tensor:
    """Sum of the negative log-likelihoods of the supervised tokens of a batch (nats, scalar).

    The sum and not the mean: gradient accumulation divides by the supervised tokens of the whole
    optimizer step, so a row counts the same whichever batch it falls into (as in
    ``transformers.Trainer`` with ``num_items_in_batch``).
    """
    import torch.nn.functional as F

    logits = model(
        input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False
    ).logits  # (B, T, V)
    targets = batch.labels[:, 1:]  # position t predicts token t + 1
    return F.cross_entropy(
        logits[:, :-1].float().flatten(0, 1),
        targets.flatten(),
        ignore_index=IGNORE_INDEX,
        reduction="sum",
    )


def count_supervised(batch: Batch) -> int:
    """Supervised tokens that a loss is computed for."""
    return int((batch.labels[:, 1:] != IGNORE_INDEX).sum())
