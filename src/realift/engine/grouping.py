"""Frozen weights of several linear layers side by side in one matrix, without a second copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from realift.engine.parts import Layer, Linear
from realift.engine.side_by_side import Pair, usable
from realift.model.multiply import packed, times, times_transposed

if TYPE_CHECKING:
    import torch

_TYPICAL = 24  # rows of a multiply; the layout is the same for all from 8 on


@dataclass(slots=True)
class Copies:
    """A group's weight again as the multiply library lays it out, for the way forward and back.

    One object for all groups of one weight: the base's, and those of each adapter.
    """

    forward: torch.Tensor | None = None
    back: torch.Tensor | None = None


@dataclass(slots=True, kw_only=True)
class Group:
    """Linear layers that read the same input, as one: rows ``starts[i]:stops[i]`` are layer i's."""

    weight: torch.Tensor  # (all out, in)
    bias: torch.Tensor | None  # (all out,)
    members: tuple[Linear, ...]
    starts: tuple[int, ...]
    stops: tuple[int, ...]
    packed: Copies = field(default_factory=Copies)

    def forward(self, x: torch.Tensor, *, plus: torch.Tensor | None = None) -> torch.Tensor:
        """``x`` (T, in) through the frozen weights: (T, all out), plus ``plus``."""
        return times_transposed(
            x, self.weight, bias=self.bias, plus=plus, packed=self.packed.forward
        )

    def backward(self, grad: torch.Tensor) -> torch.Tensor:
        """What the frozen weights leave (T, in) of a gradient (T, all out)."""
        return times(grad, self.weight, packed=self.packed.back)

    @property
    def adapted(self) -> bool:
        return any(member.adapted for member in self.members)


def group(*members: Linear) -> Group:
    """Put the frozen weights of several layers side by side, without a second copy of them.

    The layers' own parameters become views of the common matrix; their values stay as they are.
    Doing it twice changes nothing.
    """
    import torch

    stops: list[int] = []
    for member in members:
        stops.append((stops[-1] if stops else 0) + member.weight.shape[0])
    with torch.no_grad():
        weight = _side_by_side([m.weight for m in members])
        biases = [m.bias for m in members if m.bias is not None]
        bias = None
        if len(biases) == len(members):
            bias = _side_by_side(biases)
        elif biases:
            bias = torch.cat(
                [m.weight.new_zeros(m.weight.shape[0]) if m.bias is None else m.bias.detach()
                 for m in members]
            )  # fmt: skip
    return Group(
        weight=weight,
        bias=bias,
        members=members,
        starts=(0, *stops[:-1]),
        stops=tuple(stops),
    )


@dataclass(slots=True, kw_only=True)
class Block:
    """A layer with its weights side by side. ``q`` and ``kv`` are parts of ``qkv``.

    ``gate`` and ``up`` are one multiply (``gate_up``) on the way back only: in one result on the
    way forward each is a slice, and what reads slices takes longer than a second multiply.
    """

    layer: Layer
    qkv: Group
    q: Group
    kv: Group
    o: Group
    gate: Group
    up: Group
    gate_up: Group
    down: Group

    @property
    def groups(self) -> tuple[Group, ...]:
        """Every weight once, as the way forward multiplies by it."""
        return self.qkv, self.o, self.gate, self.up, self.down

    @property
    def groups_back(self) -> tuple[Group, ...]:
        """Every weight once, as the way back multiplies by it."""
        return self.qkv, self.o, self.gate_up, self.down

    @property
    def attention_adapted(self) -> bool:
        return self.qkv.adapted or self.o.adapted


def block_of(layer: Layer) -> Block:
    """Lay the layer's weights side by side (no second copy)."""
    qkv, gate_up = group(layer.q, layer.k, layer.v), group(layer.gate, layer.up)
    return Block(
        layer=layer,
        qkv=qkv,
        q=group(layer.q),
        kv=group(layer.k, layer.v),
        o=group(layer.o),
        gate=group(layer.gate),
        up=group(layer.up),
        gate_up=gate_up,
        down=group(layer.down),
    )


def pack_weights(groups: Sequence[Group], *, back: bool = False) -> None:
    """Lay the groups' weights out as they are multiplied (a copy each), for the way forward or
    back; two jobs at once, half of them each."""

    def pack(some: Sequence[Group]) -> None:
        for g in some:
            if back:
                g.packed.back = packed(g.weight.T, rows=_TYPICAL)
            else:
                g.packed.forward = packed(g.weight, rows=_TYPICAL)

    if usable() and len(groups) > 1:
        Pair().run(lambda: pack(groups[::2]), lambda: pack(groups[1::2]))
    else:
        pack(groups)


def _side_by_side(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """One tensor over all of them along dimension 0; each becomes a view of it."""
    import torch

    first = tensors[0]
    if len(tensors) == 1:
        return first.detach()
    n = sum(t.shape[0] for t in tensors)
    shape, strides = (n, *first.shape[1:]), first.stride()
    at, together = first.data_ptr(), True
    for tensor in tensors:
        together &= tensor.data_ptr() == at and tensor.is_contiguous()
        together &= tensor.untyped_storage().data_ptr() == first.untyped_storage().data_ptr()
        at += tensor.numel() * tensor.element_size()
    if together:
        return first.detach().as_strided(shape, strides)
    whole = torch.cat([t.detach() for t in tensors])
    start = 0
    for tensor in tensors:
        tensor.data = whole[start : start + tensor.shape[0]]
        start += tensor.shape[0]
    return whole
