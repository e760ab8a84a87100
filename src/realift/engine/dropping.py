"""Dropout that visits only what it drops.

Every element is dropped with probability p, independently (the same distribution as
``torch.nn.Dropout``; the stream of random numbers is another). On a CPU drawing a number for every
element costs more than the adapter itself; drawing the gaps between dropped ones, which are
geometric, costs p times as much. The dropped elements are set to 0, used, and put back.

On a GPU a mask is drawn: numbers are cheap there, and its shape does not depend on them.

A row of training data may have its own stream of random numbers (``Stream``), so that what falls
out of it does not depend on which rows it is computed with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_SPARSE_UP_TO = 0.3  # from here on a number for each element is as cheap


@dataclass(frozen=True, slots=True)
class Stream:
    """Where the random numbers for rows ``[start, stop)`` of a matrix come from."""

    generator: torch.Generator
    start: int
    stop: int


def draw_dropped(x: torch.Tensor, p: float, *, streams: Sequence[Stream] = ()) -> torch.Tensor:
    """The elements of ``x`` (rows, size) dropped, each with probability p: flat indices (int64,
    sorted). On other devices than a CPU a mask (rows * size,) instead.

    ``streams``: they cover the rows one behind the other; without them torch's own generator is
    used. On other devices than a CPU it always is.
    """
    import torch

    if x.device.type != "cpu":
        return torch.rand(x.numel(), device=x.device) < p
    if not streams:
        return _draw(x.numel(), p)
    size = x.shape[1]
    return torch.cat(
        [
            _draw((s.stop - s.start) * size, p, generator=s.generator).add_(s.start * size)
            for s in streams
        ]
    )


def _draw(n: int, p: float, *, generator: torch.Generator | None = None) -> torch.Tensor:
    import torch

    if p > _SPARSE_UP_TO:
        return (torch.rand(n, generator=generator) < p).nonzero()[:, 0]
    found: list[torch.Tensor] = []
    last = -1
    rate = -math.log1p(-p)
    while last < n:
        left = (n - last) * p
        draws = int(left + 6 * math.sqrt(left) + 8)
        # floor(Exp(1) / rate) is geometric: the number of elements kept before the next drop.
        # A logarithm of a uniform number takes a third of the time of exponential_.
        numbers = torch.rand(draws, dtype=torch.float64, generator=generator)
        gaps = numbers.neg_().log1p_().div_(-rate)
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


def random_state(like: torch.Tensor, streams: Sequence[Stream] = ()) -> Any:
    """Where the random numbers stand that ``draw_dropped`` takes for such a tensor."""
    import torch

    if like.is_cuda:
        return torch.cuda.get_rng_state(like.device)
    return [s.generator.get_state() for s in streams] if streams else torch.get_rng_state()


def set_random_state(like: torch.Tensor, state: Any, streams: Sequence[Stream] = ()) -> None:
    """Go back to where ``random_state`` was asked."""
    import torch

    if like.is_cuda:
        torch.cuda.set_rng_state(state, like.device)
    elif streams:
        for stream, one in zip(streams, state, strict=True):
            stream.generator.set_state(one)
    else:
        torch.set_rng_state(state)
