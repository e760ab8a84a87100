"""Loss and adapter gradients of a training step, exactly as the plain path computes them, faster.

What is saved: padding; the output head where nothing is supervised; the last layer there too;
beginnings that rows share; everything under the first adapted layer in backward, and from the
second epoch on in forward as well; weight gradients of the frozen base; most kept activations.

>>> trainer = FastTrainer(parts)  # doctest: +SKIP
>>> loss = trainer.step(rows)  # fills .grad of the adapter's parameters  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realift.engine.dropping import random_state, set_random_state
from realift.engine.norms import rms, rms_backward
from realift.engine.parts import Parts
from realift.engine.side_by_side import Pair
from realift.engine.train_batch import Micro, count_targets, is_big, jobs_of, micro_batch
from realift.engine.train_head import head_loss
from realift.engine.train_layer import Kept, Rows, layer_backward, layer_forward
from realift.engine.train_linear import Gradients, add_grad
from realift.engine.weights import forget_way_back, packed_both_ways, weights_of
from realift.errors import TrainingError
from realift.types import Encoded

if TYPE_CHECKING:
    import torch

MAX_TOKENS = 1024


class FastTrainer:
    """The engine on one adapted model. The adapter's parameters stay peft's own."""

    def __init__(
        self,
        parts: Parts,
        *,
        max_tokens: int = MAX_TOKENS,
        checkpoint: bool = False,
        side_by_side: bool = False,
        packed: bool = False,
        cache_bytes: int = 256 << 20,
    ) -> None:
        """``max_tokens``: most tokens of a micro-batch. ``checkpoint``: keep only what goes into
        each layer and compute the layer again on the way back (a third slower, far less memory).
        ``side_by_side``: where it pays, compute halves of a step at once, with half of the
        threads and of ``max_tokens`` each (longer rows stand alone: two of them in memory).
        ``packed``: multiply by copies of the weights as the library lays them out (three times the
        weights in memory).
        ``cache_bytes``: most memory for hidden states under the first adapted layer (used only
        if such layers exist)."""
        self.parts, self.max_tokens, self.checkpoint = parts, max_tokens, checkpoint
        self.blocks = packed_both_ways(parts) if packed else weights_of(parts).layers
        self.first = parts.first_adapted
        self._cache: dict[tuple[int, ...], torch.Tensor] = {}
        self._cache_left = cache_bytes
        self._pair = Pair() if side_by_side else None

    def step(self, rows: Sequence[Encoded]) -> float:
        """Mean loss of the rows (nats per supervised token); its gradient is added to ``.grad``."""
        import torch

        n = count_targets(rows)
        if n == 0:
            raise TrainingError("no token of this step is supervised: its loss would be 0")
        with torch.no_grad():
            return self._summed(rows, scale=1 / n) / n

    def loss(self, rows: Sequence[Encoded]) -> float:
        """Mean loss of the rows, dropout off, no gradient."""
        import torch

        with torch.no_grad():
            return self._summed(rows, scale=None) / count_targets(rows)

    def expect(self, steps: Sequence[Sequence[Encoded]]) -> None:
        """Told before the first step what rows some of the steps will have."""

    def close(self) -> None:
        """After the last step: free what only a training reads."""
        forget_way_back(self.parts)

    def clear(self) -> None:
        """Forget gradients (of the adapter's parameters)."""
        for parameter in self.parts.adapter_parameters:
            parameter.grad = None

    def _summed(self, rows: Sequence[Encoded], *, scale: float | None) -> float:
        """Summed loss of the rows; with a scale also its scaled gradient, and dropout."""
        generators = (
            _generators(len(rows)) if scale is not None and is_big(self.parts, rows) else []
        )
        jobs = self.jobs(rows)
        if len(jobs) == 1 or self._pair is None:
            return self._all(rows, jobs[0], generators, scale=scale)
        import torch

        grads: tuple[Gradients, Gradients] = {}, {}

        def half(n: int) -> float:
            with torch.no_grad():
                return self._all(rows, jobs[n], generators, scale=scale, into=grads[n])

        loss = sum(self._pair.run(lambda: half(0), lambda: half(1)))
        for found in grads:
            for parameter, grad in found.items():
                add_grad(parameter, grad, 1.0)
        return loss

    def jobs(self, rows: Sequence[Encoded]) -> list[list[list[int]]]:
        """The micro-batches of a step by index of row; two lists of them run side by side."""
        return jobs_of(self.parts, rows, self.max_tokens, side_by_side=self._pair is not None)

    def _all(
        self,
        rows: Sequence[Encoded],
        pieces: Sequence[Sequence[int]],
        generators: Sequence[torch.Generator],
        *,
        scale: float | None,
        into: Gradients | None = None,
    ) -> float:
        """Summed loss of micro-batches, one after the other."""
        return sum(
            self._micro(
                micro_batch(
                    self.parts,
                    [rows[i] for i in piece],
                    generators=[generators[i] for i in piece] if generators else (),
                    into=into,
                ),
                scale=scale,
            )
            for piece in pieces
        )

    def _micro(self, micro: Micro, *, scale: float | None) -> float:
        """Summed loss of a micro-batch; with a scale also gradients and dropout."""
        parts, train = self.parts, scale is not None
        if not micro.n_supervised:
            return 0.0
        unadapted = self.first == len(self.blocks)
        hidden, kept = self._forward(self._lower(micro), micro.rows, train=train)
        if unadapted:
            hidden = hidden[micro.rows.chosen]
        normed, r = rms(hidden, parts.norm, parts.eps)
        loss, normed_grad = head_loss(parts, normed, micro.targets, micro.targets_at, scale=scale)
        if normed_grad is not None and not unadapted:
            self._backward(rms_backward(normed_grad, hidden, r, parts.norm), kept, micro.rows)
        return loss

    def _below(self, hidden: torch.Tensor, rows: Rows) -> torch.Tensor:
        """From the embedding to what goes into the first adapted layer."""
        for block in self.blocks[: self.first]:
            hidden, _ = layer_forward(
                self.parts, block, hidden, rows, last=False, keep=False, train=False
            )
        return hidden

    def _forward(
        self, hidden: torch.Tensor, rows: Rows, *, train: bool
    ) -> tuple[torch.Tensor, list[Kept | _Redo | None]]:
        """The layers from the first adapted one on, and what their way back needs."""
        kept: list[Kept | _Redo | None] = []
        for i in range(self.first, len(self.blocks)):
            self._spread()
            redo = None
            if train and self.checkpoint:
                redo = _Redo(hidden, random_state(hidden, rows.streams))
            hidden, saved = layer_forward(
                self.parts, self.blocks[i], hidden, rows,
                last=self._last(i), keep=train and redo is None, train=train,
            )  # fmt: skip
            kept.append(redo or saved)
        return hidden, kept

    def _backward(self, out: torch.Tensor, kept: list[Kept | _Redo | None], rows: Rows) -> None:
        """Add the adapters' gradients, from that of the last layer's result. Uses ``kept`` up."""
        grad: torch.Tensor | None = out
        for i in range(len(self.blocks) - 1, self.first - 1, -1):
            self._spread()
            saved = self._again(i, kept.pop(), rows)
            assert grad is not None
            grad = layer_backward(
                self.parts, self.blocks[i], grad, saved, rows,
                last=self._last(i), below=i > self.first,
            )  # fmt: skip

    def _spread(self) -> None:
        if self._pair is not None:
            self._pair.spread()

    def _last(self, i: int) -> bool:
        return i == len(self.blocks) - 1

    def _again(self, i: int, kept: Kept | _Redo | None, rows: Rows) -> Kept:
        """What layer ``i`` kept, made again if it kept only its input."""
        assert kept is not None
        if isinstance(kept, Kept):
            return kept
        after = random_state(kept.hidden, rows.streams)
        set_random_state(kept.hidden, kept.state, rows.streams)
        _, saved = layer_forward(
            self.parts, self.blocks[i], kept.hidden, rows,
            last=self._last(i), keep=True, train=True,
        )  # fmt: skip
        set_random_state(kept.hidden, after, rows.streams)
        assert saved is not None
        return saved

    def _lower(self, micro: Micro) -> torch.Tensor:
        """Hidden states (T, h) that go into the first adapted layer, computed once for each row."""

        parts = self.parts
        places = [list(place) for place in micro.pack.places]
        if self.first and all(row in self._cache for row in micro.inputs):
            out = parts.embed.new_empty((micro.pack.n_tokens, parts.hidden))
            for row, place in zip(micro.inputs, places, strict=True):
                out[place] = self._cache[row]
            return out
        hidden = self._below(parts.embed.detach()[micro.ids], micro.rows)
        size = sum(map(len, micro.inputs)) * parts.hidden * hidden.element_size()
        if self.first and size <= self._cache_left:
            self._cache_left -= size
            for row, place in zip(micro.inputs, places, strict=True):
                self._cache[row] = hidden[place]
        return hidden


@dataclass(slots=True)
class _Redo:
    """A layer to be computed again: what went in, and where the random numbers stood."""

    hidden: torch.Tensor
    state: Any


def _generators(n: int) -> list[torch.Generator]:
    """Streams of random numbers of their own, from torch's."""
    import torch

    return [torch.Generator().manual_seed(seed) for seed in torch.randint(2**62, (n,)).tolist()]
