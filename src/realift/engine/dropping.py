"""Dropout that visits only what it drops.

Every element is dropped with probability p, independently (the same distribution as
``torch.nn.Dropout``; the stream of random numbers is another). On a CPU drawing a number for every
element costs more than the adapter itself; drawing the gaps between dropped ones, which are
geometric, costs p times as much. The dropped elements are set to 0, used, and put back.

On a GPU a mask is drawn: numbers are cheap there, and its shape does not depend on them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_SPARSE_UP_TO = 0.3  # from here on a number for each element is as cheap


def draw_dropped(n: int, p: float, *, device: torch.device) -> torch.Tensor:
    """The elements dropped among ``n``, each with probability p: flat indices (int64, sorted).

    On other devices than a CPU a mask (n,) instead.
    """
    import torch

    if device.type != "cpu":
        return torch.rand(n, device=device) < p
    if p > _SPARSE_UP_TO:
        return (torch.rand(n, device=device) < p).nonzero()[:, 0]
    found: list[torch.Tensor] = []
    last = -1
    rate = -math.log1p(-p)
    while last < n:
        left = (n - last) * p
        draws = int(left + 6 * math.sqrt(left) + 8)
        # floor(Exp(1) / rate) is geometric: the number of elements kept before the next drop.
        # A logarithm of a uniform number takes a third of the time of exponential_.
        gaps = torch.rand(draws, dtype=torch.float64).neg_().log1p_().div_(-rate)
        places = gaps.floor_().long().add_(1).cumsum_(0).add_(last)
        found.append(places)
        last = int(places[-1])
    dropped = found[0] if len(found) == 1 else torch.cat(found)
    return dropped[: int(torch.searchsorted(dropped, n))]


@contextmanager
def without(x: torch.Tensor, dropped: torch.Tensor | None) -> Iterator[torch.Tensor]:
    """``x`` (contiguous) with the dropped elements 0 for the time being; None drops nothing."""
    import torch

    if dropped is None:
        yield x
        return
    if dropped.dtype == torch.bool:
        yield x.masked_fill(dropped.view(x.shape), 0)
        return
    flat = x.view(-1)
    kept = flat.index_select(0, dropped)
    zero_at(x, dropped)
    yield x
    _put(flat, dropped, kept)


def zero_at(x: torch.Tensor, places: torch.Tensor) -> None:
    """Set the elements of ``x`` (contiguous) at these flat indices, or under this mask, to 0."""
    import torch

    flat = x.view(-1)
    if places.dtype == torch.bool:
        flat.masked_fill_(places, 0)
        return
    _put(flat, places, flat.new_zeros(1).expand(places.shape[0]))


def _put(flat: torch.Tensor, places: torch.Tensor, values: torch.Tensor) -> None:
    """Set the elements of ``flat`` at ``places``; half precision is moved as integers.

    ``scatter_`` turns a whole tensor in half precision to float32 and back: five times slower.
    """
    import torch

    if flat.dtype.itemsize == 2:
        flat, values = flat.view(torch.int16), values.view(torch.int16)
    flat.scatter_(0, places, values)
