"""Training steps in one shape, so that a GPU can replay them.

Rows lie end to end, filled up with tokens that nobody reads; places that predict nothing fill up
the supervised ones with weight 0. Common beginnings are not shared and the last layer is computed
at all places: on a GPU arithmetic is cheap, and both would change the shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from realift.engine.norms import rms, rms_backward
from realift.engine.packing import lay_out
from realift.engine.parts import Parts
from realift.engine.replay import recorded
from realift.engine.train_batch import angles, asked_places, count_targets, n_inputs
from realift.engine.train_layer import Rows
from realift.engine.training import FastTrainer
from realift.engine.varlen import Segments
from realift.model.multiply import times, times_transposed
from realift.types import Encoded

if TYPE_CHECKING:
    import torch

_LOGITS = 1 << 27  # in memory at once
_SLACK = 1.1  # room for larger steps to come: recording takes as long as a few steps


class _Size(NamedTuple):
    """Room for so many tokens, rows and supervised places."""

    tokens: int
    rows: int
    targets: int


class ReplayTrainer(FastTrainer):
    """As ``FastTrainer``, for half precision on CUDA (``varlen.usable``); held-out loss as there.

    On a CPU it runs the same arithmetic without recording, for tests.
    """

    _inputs: _Inputs | None = None
    _expected = _Size(0, 0, 0)

    def expect(self, steps: Sequence[Sequence[Encoded]]) -> None:
        """As many as possible, so that the first recording has room for all steps."""
        pieces = [piece for rows in steps for piece in self._pieces(rows)]
        self._expected = _largest([self._expected, *map(_size_of, pieces)])

    def _summed(self, rows: Sequence[Encoded], *, scale: float | None) -> float:
        import torch

        if scale is None:
            return super()._summed(rows, scale=None)
        pieces = self._pieces(rows)
        need = _largest([self._expected, *map(_size_of, pieces)])
        if self._inputs is None or not self._inputs.hold(need):
            self._inputs = None  # its memory is free again before more is taken
            self._inputs = self._recorded(need, pieces[0])
        inputs = self._inputs
        torch._foreach_zero_(inputs.grads)
        self._point_at(inputs.grads)
        total = torch.zeros((), device=self.parts.embed.device)
        for piece in pieces:
            inputs.fill(piece, scale=scale)
            total += inputs.replay()
        return float(total)

    def _point_at(self, grads: Sequence[torch.Tensor]) -> None:
        """Make these the parameters' ``.grad``: a recorded step writes to one place only."""
        for parameter, grad in zip(self.parts.adapter_parameters, grads, strict=True):
            parameter.grad = grad

    def _pieces(self, rows: Sequence[Encoded]) -> list[list[Encoded]]:
        """The rows in order, in micro-batches of at most ``max_tokens`` (a longer row alone)."""
        pieces: list[list[Encoded]] = []
        left = 0
        for row in (r for r in rows if count_targets([r])):
            size = n_inputs(row)
            if not pieces or size > left:
                pieces.append([])
                left = self.max_tokens
            pieces[-1].append(row)
            left -= size
        return pieces

    def _recorded(self, need: _Size, some: Sequence[Encoded]) -> _Inputs:
        inputs = _Inputs(self.parts, need)
        inputs.fill(some, scale=0.0)
        self._point_at(inputs.grads)
        inputs.replay = recorded(lambda: self._run(inputs), self.parts.embed.device)
        return inputs

    def _run(self, inputs: _Inputs) -> torch.Tensor:
        """Summed loss of a micro-batch; gradients are added to ``.grad``."""
        import torch

        hidden = self._below(self.parts.embed.detach()[inputs.ids], inputs.rows)
        hidden, kept = self._forward(hidden, inputs.rows, train=True)
        loss, asked_grad = self._head(hidden[inputs.at], inputs)
        grad = torch.zeros_like(hidden).index_add_(0, inputs.at, asked_grad)
        self._backward(grad, kept, inputs.rows)
        return loss

    def _head(self, hidden: torch.Tensor, inputs: _Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Summed loss at the asked places, and its gradient at their hidden states (S, h)."""
        import torch

        parts, head = self.parts, self.parts.head.detach()
        normed, r = rms(hidden, parts.norm, parts.eps)
        grad = torch.empty_like(hidden)
        total = torch.zeros((), device=hidden.device)
        size = max(16, _LOGITS // head.shape[0])
        for start in range(0, hidden.shape[0], size):
            some = slice(start, start + size)
            targets, counts = inputs.targets[some, None], inputs.counts[some]
            logits = times_transposed(normed[some], head).float()
            lse = logits.logsumexp(-1)
            total += ((lse - logits.gather(1, targets)[:, 0]) * counts).sum()
            share = torch.exp(logits - lse[:, None])
            share.scatter_add_(1, targets, share.new_full((), -1.0).expand_as(targets))
            share *= (counts * inputs.scale)[:, None]
            grad[some] = times(share.to(hidden.dtype), head)
        return total, rms_backward(grad, hidden, r, parts.norm)


def _size_of(rows: Sequence[Encoded]) -> _Size:
    """What a micro-batch needs room for."""
    return _Size(sum(map(n_inputs, rows)), len(rows), count_targets(rows))


def _largest(sizes: Sequence[_Size]) -> _Size:
    return _Size(*map(max, zip(*sizes, strict=True)))


class _Inputs:
    """What differs from micro-batch to micro-batch, in tensors that stay where they are."""

    replay: Callable[[], torch.Tensor]

    def __init__(self, parts: Parts, need: _Size) -> None:
        import torch

        self.parts = parts
        self.grads = [torch.zeros_like(p) for p in parts.adapter_parameters]
        # One token at least is left over: places that predict nothing stand there.
        self.size = _Size(
            tokens=-(-int(need.tokens * _SLACK + 1) // 128) * 128,
            rows=2 * need.rows,
            targets=-(-int(need.targets * _SLACK) // 64) * 64,
        )
        device = parts.embed.device
        self.ids = torch.zeros(self.size.tokens, dtype=torch.long, device=device)
        self.at = torch.zeros(self.size.targets, dtype=torch.long, device=device)
        self.targets = torch.zeros_like(self.at)
        self.counts = torch.zeros(self.size.targets, device=device)
        self.scale = torch.zeros((), device=device)
        self.ends = torch.zeros(self.size.rows + 2, dtype=torch.int32, device=device)
        cos, sin = angles(parts, [0] * self.size.tokens)
        self.rows = Rows(
            cos=cos,
            sin=sin,
            tiles=Segments(
                keys=None, query_ends=self.ends, key_ends=self.ends,
                most_queries=self.size.tokens, most_keys=self.size.tokens,
            ),
        )  # fmt: skip

    def hold(self, need: _Size) -> bool:
        """Whether so much finds room."""
        return need.tokens < self.size.tokens and all(
            n <= room for n, room in zip(need, self.size, strict=True)
        )

    def fill(self, rows: Sequence[Encoded], *, scale: float) -> None:
        """The next micro-batch; ``scale``: of its gradient."""
        import torch

        pack = lay_out([row.input_ids[: n_inputs(row)] for row in rows], share_from=None)
        left = self.size.tokens - pack.n_tokens
        asked = asked_places(rows, pack)
        unused = self.size.targets - len(asked)
        self.ids.copy_(torch.tensor([*pack.ids, *[0] * left]))
        self.at.copy_(torch.tensor([*(a for a, _ in asked), *[self.size.tokens - 1] * unused]))
        self.targets.copy_(torch.tensor([*(target for _, target in asked), *[0] * unused]))
        self.counts.copy_(torch.tensor([*[1.0] * len(asked), *[0.0] * unused]))
        ends = [0, *(node.queries[1] for node in pack.blocks)]
        ends += [self.size.tokens] * (len(self.ends) - len(ends))
        self.ends.copy_(torch.tensor(ends, dtype=torch.int32))
        self.scale.fill_(scale)
        cos, sin = angles(self.parts, [*pack.positions, *range(left)])
        self.rows.cos.copy_(cos)
        self.rows.sin.copy_(sin)
