"""Muon for the stacked matrices, in fp32: torch's own runs in bf16, very slow on most CPUs.

Reference: Keller Jordan (2024), "Muon: An optimizer for hidden layers in neural networks".
"""

from __future__ import annotations

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalize(matrix: Tensor, steps: int = 5) -> Tensor:
    """Push all singular values of each matrix of the stack (N, R, C) toward 1 (Newton-Schulz)."""
    tall = matrix.size(-2) > matrix.size(-1)
    x = matrix.transpose(-2, -1) if tall else matrix
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(steps):
        g = x @ x.transpose(-2, -1)
        x = torch.baddbmm(x, torch.baddbmm(g, g, g, beta=b, alpha=c), x, beta=a)
    return x.transpose(-2, -1) if tall else x


class Muon:
    """Momentum, orthogonalized; ``pieces`` says in how many matrices each parameter is cut."""

    def __init__(self, params: list[tuple[Tensor, int]], momentum: float = 0.95,
                 weight_decay: float = 0.01) -> None:  # fmt: skip
        self.params = params
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.buffers = [torch.zeros_like(p) for p, _ in params]

    @torch.no_grad()
    def step(self, lr: float) -> None:
        for (param, pieces), buffer in zip(self.params, self.buffers, strict=True):
            grad = param.grad
            assert grad is not None
            buffer.lerp_(grad, 1 - self.momentum)
            update = grad.lerp(buffer, self.momentum)
            layers, rows, cols = update.shape
            stack = update.view(layers * pieces, rows // pieces, cols)
            scale = max(1.0, (rows // pieces) / cols) ** 0.5
            param.mul_(1 - lr * self.weight_decay)
            param.add_(orthogonalize(stack).reshape(layers, rows, cols), alpha=-lr * scale)
            param.grad = None
