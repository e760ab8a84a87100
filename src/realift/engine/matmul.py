"""Matrix multiply by the faster of two libraries, and frozen weights side by side in one matrix.

torch multiplies float32 matrices on a CPU through its BLAS (MKL on x86). The oneDNN library that is
in the same wheel has its own kernels, on AMD processors some 10-15 % faster; ``choose_path``
measures which one it is here. Both are exact float32.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from realift.engine.parts import Linear

if TYPE_CHECKING:
    import torch

Path = Literal["blas", "onednn"]
_chosen: list[Path] = ["blas"]


def path() -> Path:
    """The library multiplies go through."""
    return _chosen[0]


def use_path(name: Path) -> None:
    """Set the library for this process (``onednn`` takes effect for float32 on a CPU only)."""
    _chosen[0] = name


def has_onednn() -> bool:
    """Whether this build of torch can multiply by oneDNN, by trying it."""
    import torch

    try:
        with torch.inference_mode():
            a, w = torch.ones(2, 3), torch.ones(4, 3)
            out = torch.ops.mkldnn._linear_pointwise(a, w, None, "none", [], "")
            return bool((out == 3).all())
    except (AttributeError, RuntimeError, NotImplementedError):
        return False


def measure_paths(
    shapes: Sequence[tuple[int, int, int]], *, seconds: float = 0.5
) -> dict[Path, float]:
    """GFLOP/s of each library on products ``(tokens, in) x (in, out)``, both ways, in turn."""
    import torch

    names: list[Path] = ["blas", "onednn"] if has_onednn() else ["blas"]
    before = path()
    best: dict[Path, list[float]] = {name: [float("inf")] * len(shapes) for name in names}
    with torch.inference_mode():
        made = [(torch.randn(t, i), torch.randn(o, i), torch.randn(t, o)) for t, i, o in shapes]
        started, rounds = time.perf_counter(), 0
        while rounds < 3 or time.perf_counter() - started < seconds:
            for name in names:
                use_path(name)
                for n, (x, w, dy) in enumerate(made):
                    start = time.perf_counter()
                    times_transposed(x, w)
                    times(dy, w)
                    best[name][n] = min(best[name][n], time.perf_counter() - start)
            rounds += 1
    use_path(before)
    work = sum(4 * t * i * o for t, i, o in shapes)
    return {name: work / sum(best[name]) / 1e9 for name in names}


def choose_path(shapes: Sequence[tuple[int, int, int]]) -> dict[Path, float]:
    """Measure, and use the faster library from here on."""
    rates = measure_paths(shapes)
    use_path(max(rates, key=lambda name: rates[name]))
    return rates


def times_transposed(
    x: torch.Tensor,
    weight: torch.Tensor,
    *,
    bias: torch.Tensor | None = None,
    plus: torch.Tensor | None = None,
) -> torch.Tensor:
    """``x W^T (+ bias) (+ plus)`` for ``x`` (T, in) and ``weight`` (out, in)."""
    import torch

    if _onednn(x):
        op: Any = torch.ops.mkldnn._linear_pointwise
        if plus is not None:
            return op.binary(x, plus, weight, bias, "add")  # type: ignore[no-any-return]
        return op(x, weight, bias, "none", [], "")  # type: ignore[no-any-return]
    if plus is not None:
        out = torch.addmm(plus, x, weight.T)
        return out if bias is None else out.add_(bias)
    return torch.mm(x, weight.T) if bias is None else torch.addmm(bias, x, weight.T)


def times(y: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """``y W`` for ``y`` (T, out) and ``weight`` (out, in): the gradient's way back."""
    import torch

    if _onednn(y):
        op: Any = torch.ops.mkldnn._linear_pointwise
        return op(y, weight.T, None, "none", [], "")  # type: ignore[no-any-return]
    return torch.mm(y, weight)


def _onednn(x: torch.Tensor) -> bool:
    return _chosen[0] == "onednn" and x.device.type == "cpu" and x.dtype.itemsize == 4


# --- weights side by side ------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Group:
    """Linear layers that read the same input, as one: rows ``starts[i]:stops[i]`` are layer i's."""

    weight: torch.Tensor  # (all out, in)
    bias: torch.Tensor | None  # (all out,)
    members: tuple[Linear, ...]
    starts: tuple[int, ...]
    stops: tuple[int, ...]

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
