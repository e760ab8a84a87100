"""Passes in shapes that never change, recorded once and replayed on a GPU (CUDA graphs).

A small model on a GPU waits for the start of its thousands of kernels, not for their arithmetic. A
CUDA graph starts them all at once, but only with the same shapes at the same places in memory: what
differs from pass to pass is copied into tensors that stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def recorded(run: Callable[[], torch.Tensor], device: torch.device) -> Callable[[], torch.Tensor]:
    """``run`` as a CUDA graph; on other devices ``run`` itself.

    It is run once here, with whatever its inputs hold, because libraries set themselves up when
    they are first used; the random state is left as it was. The result of the graph lies in the
    same place each time: the next call overwrites it.
    """
    import torch

    if device.type != "cuda":
        return run
    with torch.random.fork_rng(devices=[device]):
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            run()
        torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = run()

    def replay() -> torch.Tensor:
        graph.replay()
        return result

    return replay
