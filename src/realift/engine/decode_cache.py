"""Keys and values of the rows that are being answered: one slab for rows of similar length.

A slab holds its rows in slots ``0 .. n - 1`` without gaps, so that attention over all of them is
one batched multiply on a view. A row that is done leaves, and the last one moves into its slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from realift.engine.parts import Parts

_SHORTEST, _RATIO = 64, 1.4  # lengths of prompts that share a slab differ by at most this ratio


def length_class(n: int) -> int:
    """The longest prompt that shares a slab with prompts of ``n`` tokens.

    >>> [length_class(n) for n in (1, 64, 65, 600)]
    [64, 64, 89, 662]
    """
    size = _SHORTEST
    while size < n:
        size = int(size * _RATIO)
    return size


def bytes_per_token(parts: Parts) -> int:
    """Bytes of keys and values of one token in all layers."""
    return 2 * len(parts.layers) * parts.n_kv_heads * parts.head_dim * parts.embed.element_size()


class Slab:
    """Room for ``slots`` rows of up to ``length`` tokens; ``rows[slot]`` is the caller's own."""

    def __init__(self, parts: Parts, *, slots: int, length: int) -> None:
        import torch

        shape = (len(parts.layers), slots, parts.n_kv_heads, length, parts.head_dim)
        like = parts.embed
        self.keys = torch.empty(shape, dtype=like.dtype, device=like.device)
        self.values = torch.empty(shape, dtype=like.dtype, device=like.device)
        self.rows: list[int] = []

    def enter(self, row: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Give a row the next slot; its prompt has these keys, values (layers, n, kv heads, D).

        What lies behind them is zeroed: it is masked, but 0 times an old NaN would be one.
        """
        slot, n = len(self.rows), keys.shape[1]
        for kept, new in ((self.keys, keys), (self.values, values)):
            kept[:, slot, :, :n] = new.transpose(1, 2)
            kept[:, slot, :, n:] = 0
        self.rows.append(row)

    def leave(self, slot: int, *, moved_length: int) -> None:
        """Free a slot; the last row (``moved_length`` tokens long) moves into it."""
        last = len(self.rows) - 1
        if slot != last:
            for kept in (self.keys, self.values):
                kept[:, slot, :, :moved_length] = kept[:, last, :, :moved_length]
            self.rows[slot] = self.rows[last]
        self.rows.pop()
