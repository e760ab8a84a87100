"""The base's weights side by side, and copies of them as the multiply library lays them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from realift.engine.grouping import Block, Group, block_of, group, pack_weights
from realift.engine.parts import Layer, Linear, Parts
from realift.model import multiply
from realift.model.device import free_bytes

_PLENTY = 4  # times the size of a second copy has to be free for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The base's weights for many passes, without an adapter where they are kept for all."""

    layers: tuple[Block, ...]
    head: Group  # the output head


def weights_of(parts: Parts) -> Weights:
    """The weights of a base, without a second copy."""
    import torch

    # Never in inference mode: the model's own weights become views, and training needs them.
    with torch.inference_mode(mode=False):
        layers = tuple(block_of(layer) for layer in parts.layers)
        head = group(Linear(weight=parts.head, bias=None))
    return Weights(layers=layers, head=head)


def packed_weights_of(parts: Parts, *, head: bool = True) -> Weights:
    """The weights of a base, packed once for all its adapters and calls if memory is plenty.

    With this second copy multiplies of 4 to 24 rows take two thirds of the time, those of a
    hundred and more five percent less. Without ``head`` the output head is left as it is.
    """
    key = (multiply.path(), parts.embed.data_ptr())  # a base that was moved is packed anew
    if key not in parts.laid_out:
        parts.laid_out[key] = weights_of(replace(parts, layers=_bare(parts.layers)))
    found = parts.laid_out[key]
    some = [*_groups(found.layers), *([found.head] if head else [])]
    plain = [g for g in some if g.packed.forward is None]
    size = sum(g.weight.numel() * g.weight.element_size() for g in plain)
    if plain and multiply.by_onednn(parts.embed) and is_plenty(size, str(parts.embed.device)):
        pack_weights(plain)
    return found


def packed_both_ways(parts: Parts) -> tuple[Block, ...]:
    """The layers of ``parts``, its adapter included, with packed weights for many short steps.

    The copies are the base's. Those for the way forward are those of ``packed_weights_of``; those
    for the way back stay for the next trainer (the plan has one, the training another) until one is
    closed.
    """
    common = packed_weights_of(parts, head=False).layers
    adapted = _groups_back(common[parts.first_adapted :])
    pack_weights([g for g in adapted if g.packed.back is None], back=True)
    own = weights_of(parts).layers
    for groups in (_groups, _groups_back):
        for mine, found in zip(groups(own), groups(common), strict=True):
            mine.packed = found.packed
    return own


def forget_way_back(parts: Parts) -> None:
    """Free the copies of the weights that only a training reads."""
    for weights in parts.laid_out.values():
        for g in _groups_back(weights.layers):
            g.packed.back = None


def both_ways_bytes(parts: Parts) -> int:
    """What the copies of ``packed_both_ways`` take."""
    return 2 * parts.n_layer_weights * parts.embed.element_size()


def is_plenty(size: int, device: str) -> bool:
    """Whether copies of so many bytes take a small part of the free memory."""
    return _PLENTY * size <= free_bytes(device)


def _bare(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers without their adapter, which is one of many and goes before the base does."""
    return tuple(
        replace(layer, **{
            name: replace(getattr(layer, name), lora_a=None, lora_b=None)
            for name in ("q", "k", "v", "o", "gate", "up", "down")
        })
        for layer in layers
    )  # fmt: skip


def _groups(layers: Sequence[Block]) -> list[Group]:
    return [g for block in layers for g in block.groups]


def _groups_back(layers: Sequence[Block]) -> list[Group]:
    return [g for block in layers for g in block.groups_back]
