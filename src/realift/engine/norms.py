"""Root-mean-square norm over the last dimension, forward and backward; softmax; in few passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def rms(x: torch.Tensor, weight: torch.Tensor, eps: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Root-mean-square norm over the last dimension, and 1 / root mean square (float32)."""
    import torch

    size = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
    r = size.pow_(2).div_(x.shape[-1]).add_(eps).rsqrt_()
    return renormed(x, r, weight), r


def renormed(x: torch.Tensor, r: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The norm's result again, from ``r`` of ``rms``."""
    if x.dtype.itemsize < 4:
        return (x.float() * r).to(x.dtype) * weight
    return (x * r).mul_(weight)


def rms_backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    r: torch.Tensor,
    weight: torch.Tensor,
    *,
    plus: torch.Tensor | None = None,
) -> torch.Tensor:
    """Gradient of ``x`` through the norm, added to ``plus`` in place where it is given."""
    import torch

    if x.dtype.itemsize < 4:
        wide = rms_backward(
            grad.float(), x.float(), r, weight.float(), plus=None if plus is None else plus.float()
        )
        return wide.to(x.dtype)
    grad = grad * weight
    along = torch.linalg.vecdot(grad, x)[..., None]
    along = along.mul_(r.pow(3)).div_(-x.shape[-1])
    out = grad.mul_(r) if plus is None else plus.addcmul_(grad, r)
    return out.addcmul_(x, along)


def softmax_(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn float32 ``logits`` (S, V) into shares in place; their log-sum-exp and likeliest places.

    Both (S,). The log-sum-exp follows from the largest logit and its share, without another pass
    over V.
    """
    import torch

    top, place = logits.max(-1)
    torch.softmax(logits, -1, out=logits)
    return top - logits.gather(1, place[:, None])[:, 0].log(), place
