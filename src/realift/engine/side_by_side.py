"""Two jobs at once, each with half of the threads.

torch divides every operation among its threads and waits for the slowest of them before the next
one starts. Two jobs with threads of their own wait for each other once, at the end: an uneven
number of heads, small operations and a neighbor that takes a core for a moment hold up much less
(measured: ``docs/engine.md``).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from realift.engine.parts import Parts

T = TypeVar("T")

# Floating-point operations: shorter work is over before a second thread has paid.
LONG = 5e10
# Seconds the helper starts later: two cores that read the same weights at the same moment wait for
# each other (multiplies 4-8 % slower; at their full rate out of step, or with a copy each).
_OFFSET = 0.002


def usable() -> bool:
    """Whether there is a thread for each of two jobs, and each job can have its own number."""
    import torch

    return torch.get_num_threads() >= 2 and _is_openmp()


@functools.cache
def _is_openmp() -> bool:
    """torch built otherwise has one pool, whose number of threads cannot change once it works."""
    import torch

    return "parallel backend: OpenMP" in torch.__config__.parallel_info()


def is_long(parts: Parts, tokens: int, *, passes: int) -> bool:
    """Whether so many tokens keep a CPU busy for long; the way back is a second pass.

    Known before anything is laid out, and the same whatever the machine is doing.
    """
    return (
        parts.embed.device.type == "cpu" and 2.0 * passes * parts.n_layer_weights * tokens >= LONG
    )


class Pair:
    """A caller and a helper thread beside it."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()
        self._at_work, self._threads = 0, 0

    def run(self, ours: Callable[[], T], other: Callable[[], T]) -> tuple[T, T]:
        """The results of both, where two jobs are ``usable``. ``ours`` runs here; it should be the
        longer one.

        An exception of either comes out of here, after both have ended. Modes that torch keeps for
        each thread (``no_grad``) are the jobs' own business.
        """
        import torch

        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="realift")
        self._threads, self._at_work = torch.get_num_threads(), 2
        half = self._threads // 2
        helper = self._pool.submit(self._beside, other, half)
        try:
            torch.set_num_threads(self._threads - half)
            result = self._until_done(ours)
            return result, helper.result()
        finally:
            wait([helper])
            self._at_work = 0
            torch.set_num_threads(self._threads)

    def spread(self) -> None:
        """Called now and then from within a job: takes all threads once the other one is done."""
        if self._at_work == 1:
            import torch

            if torch.get_num_threads() != self._threads:
                torch.set_num_threads(self._threads)

    def _beside(self, job: Callable[[], T], threads: int) -> T:
        import torch

        torch.get_num_threads()  # a thread takes over the common number at its first look
        torch.set_num_threads(threads)
        time.sleep(_OFFSET)
        return self._until_done(job)

    def _until_done(self, job: Callable[[], T]) -> T:
        try:
            return job()
        finally:
            with self._lock:
                self._at_work -= 1


def two_halves(sizes: Sequence[int]) -> tuple[list[int], list[int]]:
    """Indices of the sizes in two halves as even as can be, the larger one first.

    >>> two_halves([5, 3, 4]), two_halves([9, 1]), two_halves([7])
    (([1, 2], [0]), ([0], [1]), ([0], []))
    """
    chosen: dict[int, list[int]] = {0: []}
    for i, size in enumerate(sizes):
        for total in sorted(chosen, reverse=True):
            if total + size <= sum(sizes) / 2:
                chosen.setdefault(total + size, [*chosen[total], i])
    smaller = chosen[max(chosen)]
    return [i for i in range(len(sizes)) if i not in smaller], smaller
