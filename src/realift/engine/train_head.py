"""Output head and loss at the supervised places only, forward and backward in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realift.engine.norms import softmax_
from realift.engine.parts import Parts
from realift.model.multiply import times, times_transposed

if TYPE_CHECKING:
    import torch

CHUNK_BYTES = 128 << 20  # logits held at once


def head_loss(
    parts: Parts,
    hidden: torch.Tensor,
    targets: torch.Tensor,
    targets_at: torch.Tensor,
    *,
    scale: float | None,
) -> tuple[float, torch.Tensor | None]:
    """Summed loss (nats) of the targets, and ``scale`` times its gradient at ``hidden`` (Q, h).

    ``hidden`` are normed states of the chosen places; place ``targets_at[i]`` predicts
    ``targets[i]``. Without a scale no gradient is computed. Logits and softmax are float32.
    """
    import torch

    vocabulary = parts.head.shape[0]
    head = parts.head.detach()
    grad = torch.empty_like(hidden) if scale is not None else None
    size = max(16, CHUNK_BYTES // (4 * vocabulary))
    total = torch.zeros((), dtype=torch.float64, device=hidden.device)
    for start in range(0, hidden.shape[0], size):
        states = hidden[start : start + size]
        inside = (targets_at >= start) & (targets_at < start + states.shape[0])
        at, wanted = targets_at[inside] - start, targets[inside]
        logits = times_transposed(states, head).float()  # (S, V)
        said = logits[at, wanted]
        lse, _ = softmax_(logits)
        total += (lse[at] - said).double().sum()
        if grad is None or scale is None:
            continue
        times_asked = torch.bincount(at, minlength=states.shape[0])
        share = logits  # that is what they are now
        if bool((times_asked != 1).any()):
            share.mul_(times_asked[:, None])
        share.index_put_((at, wanted), share.new_full((), -1.0), accumulate=True)
        torch.mul(times(share.to(states.dtype), head), scale, out=grad[start : start + size])
    return float(total), grad
