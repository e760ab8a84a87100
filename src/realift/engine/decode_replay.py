"""The decode loop's pass in shapes that never change, so that a GPU can replay it.

Every slot of one slab takes part in every pass, those without a row too (what comes out there is
never read), every key of the slab is looked at behind a mask, and an adapter adds to all rows,
times 0 where the row is another variant's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from realift.engine.decode_cache import Slab
from realift.engine.decode_step import SlabStep, Span, attend_slab, through
from realift.engine.parts import Parts
from realift.engine.replay import recorded
from realift.engine.weights import Weights

if TYPE_CHECKING:
    import torch


class SlabPass:
    """The next token of all rows of ``slab``. On a CPU the same arithmetic, without a graph."""

    def __init__(self, variants: Sequence[Parts], weights: Weights, slab: Slab) -> None:
        import torch

        self.base, self.weights, self.slab = variants[0], weights, slab
        n, device = slab.keys.shape[1], self.base.embed.device
        self.ids, self.positions = (
            torch.zeros(n, dtype=torch.long, device=device) for _ in range(2)
        )
        self.shares = torch.zeros(len(variants), n, 1, device=device)
        self.spans = [
            Span(start=0, end=n, parts=parts, share=self.shares[number])
            for number, parts in enumerate(variants)
        ]
        self.places = torch.arange(n, device=device)
        self.replay: Callable[[], torch.Tensor] | None = None

    def logits(
        self, ids: Sequence[int], positions: Sequence[int], variants: Sequence[int]
    ) -> torch.Tensor:
        """Logits (rows, V) of the rows' next tokens, in the order of their slots.

        Args:
            ids: the last token of every row; its keys and values go into the slab.
            positions: where it stands.
            variants: whose rows they are.
        """
        import torch

        n, empty = len(ids), len(self.places) - len(ids)
        with torch.inference_mode():
            self.ids.copy_(torch.tensor([*ids, *[0] * empty]))
            self.positions.copy_(torch.tensor([*positions, *[0] * empty]))
            whose = torch.tensor([*variants, *[-1] * empty])
            self.shares.copy_((whose == torch.arange(len(self.spans))[:, None])[..., None])
            if self.replay is None:  # running it once more than needed changes nothing
                self.replay = recorded(self._run, self.places.device)
            return self.replay()[:n]

    def _run(self) -> torch.Tensor:
        import torch

        parts, n, length = self.base, len(self.places), self.slab.keys.shape[3]
        heads = (n, parts.n_kv_heads, parts.n_heads // parts.n_kv_heads, length)
        later = torch.arange(length, device=self.places.device) > self.positions[:, None]
        mask = torch.zeros(heads, dtype=parts.embed.dtype, device=self.places.device)
        mask.masked_fill_(later[:, None, None], -torch.inf)
        step = SlabStep(
            slab=self.slab, width=1, length=length, grid=self.places, tokens=self.places,
            places=self.places, slots=self.places, positions=self.positions,
            mask=mask.flatten(0, 1),
        )  # fmt: skip

        def attention(
            layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor
        ) -> torch.Tensor:
            return attend_slab(parts, step, layer, q, k, v)

        hidden = through(parts, self.ids, self.positions, self.spans, self.weights, attention)
        return self.weights.head.forward(hidden)
