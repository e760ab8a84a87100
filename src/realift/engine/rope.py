"""Rotary embedding between the layout of a multiply's result and that of attention's heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def rotate_heads(
    x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, kv_heads: int, *, scale: float = 1.0
) -> torch.Tensor:
    """``x`` (N, H*D) or (N, H, D) rotated, times ``scale``, as (K, N, H/K, D).

    ``cos`` and ``sin`` are (N, D/2): the halves of a head turn by the same angles.
    """
    import torch

    n, half = x.shape[0], cos.shape[1]
    heads = x.reshape(n, kv_heads, -1, 2 * half)
    out = x.new_empty((kv_heads, n, heads.shape[2], 2 * half))
    into = out.transpose(0, 1)  # (N, K, G, D)
    c, s = _angles(cos, sin, scale)
    torch.mul(heads[..., :half], c, out=into[..., :half])
    torch.mul(heads[..., half:], c, out=into[..., half:])
    into[..., :half].addcmul_(heads[..., half:], s, value=-1)
    into[..., half:].addcmul_(heads[..., :half], s)
    return out


def rotate_back(
    grad: torch.Tensor,
    cos: torch.Tensor,
    sin: torch.Tensor,
    into: torch.Tensor,
    *,
    scale: float = 1.0,
) -> None:
    """Write the gradient of the input of ``rotate_heads`` into ``into`` (N, H*D)."""
    import torch

    kv_heads, _, _, size = grad.shape
    half = size // 2
    heads = grad.transpose(0, 1)  # (N, K, G, D)
    out = into.view(into.shape[0], kv_heads, -1, size)
    c, s = _angles(cos, sin, scale)
    torch.mul(heads[..., :half], c, out=out[..., :half])
    torch.mul(heads[..., half:], c, out=out[..., half:])
    out[..., :half].addcmul_(heads[..., half:], s)
    out[..., half:].addcmul_(heads[..., :half], s, value=-1)


def _angles(
    cos: torch.Tensor, sin: torch.Tensor, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    c, s = cos[:, None, None], sin[:, None, None]
    return (c, s) if scale == 1.0 else (c * scale, s * scale)
