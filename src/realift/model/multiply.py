"""Multiplying float32 matrices on a CPU by the faster of two libraries that torch brings along.

torch goes through its BLAS (MKL on x86). oneDNN, in the same wheel, has kernels of its own, on AMD
processors some 10-20 % faster; ``model/tune.py`` measures which one it is here. Both are exact
float32; on other devices and dtypes torch's own multiply is used, whatever was chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

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


def packed(weight: torch.Tensor, *, rows: int) -> torch.Tensor | None:
    """A second copy of ``weight`` (out, in), laid out as oneDNN multiplies it; None without oneDNN.

    oneDNN lays a weight out anew in every multiply, which with few rows takes as long as the
    multiply. ``rows`` of the multiplies to come choose the layout; any number is computed.
    A transposed view is laid out as well (for ``times``), by way of a contiguous copy.
    """
    import torch

    if not by_onednn(weight):
        return None
    with torch.inference_mode():
        op: Any = torch.ops.mkldnn._reorder_linear_weight
        # From a view it would take three times as long.
        return op(weight.detach().contiguous(), rows)  # type: ignore[no-any-return]


def times_transposed(
    x: torch.Tensor,
    weight: torch.Tensor,
    *,
    bias: torch.Tensor | None = None,
    plus: torch.Tensor | None = None,
    packed: torch.Tensor | None = None,
) -> torch.Tensor:
    """``x W^T (+ bias) (+ plus)`` for ``x`` (T, in) and ``weight`` (out, in).

    ``packed``: the weight as ``packed`` lays it out, where that was done.
    """
    import torch

    if _few_rows(x, weight, packed is not None):
        out = torch.mm(weight, x.T).T.contiguous()
        for more in (bias, plus):
            if more is not None:
                out += more
        return out
    if by_onednn(x):
        op: Any = torch.ops.mkldnn._linear_pointwise
        laid_out = weight if packed is None else packed
        if plus is not None:
            return op.binary(x, plus, laid_out, bias, "add")  # type: ignore[no-any-return]
        return op(x, laid_out, bias, "none", [], "")  # type: ignore[no-any-return]
    if plus is not None:
        out = torch.addmm(plus, x, weight.T)
        return out if bias is None else out.add_(bias)
    return torch.mm(x, weight.T) if bias is None else torch.addmm(bias, x, weight.T)


def times(
    y: torch.Tensor, weight: torch.Tensor, *, packed: torch.Tensor | None = None
) -> torch.Tensor:
    """``y W`` for ``y`` (T, out) and ``weight`` (out, in): the gradient's way back.

    ``packed``: ``weight.T`` as ``packed`` lays it out, where that was done.
    """
    import torch

    if by_onednn(y):
        op: Any = torch.ops.mkldnn._linear_pointwise
        laid_out = weight.T if packed is None else packed
        return op(y, laid_out, None, "none", [], "")  # type: ignore[no-any-return]
    return torch.mm(y, weight)


def _few_rows(x: torch.Tensor, weight: torch.Tensor, is_packed: bool) -> bool:
    """The last answers of a batch: up to four rows and a wide result go faster the other way round.

    Seen on a Zen 4: 18-25 GFLOP/s with one core where both libraries give 5-19. A packed weight
    is as fast with four rows, and with one.
    """
    if x.device.type != "cpu" or x.dtype.itemsize != 4:
        return False
    if is_packed:
        return x.shape[0] in (2, 3)
    return x.shape[0] <= 4 and weight.shape[0] >= 2 * weight.shape[1]


def by_onednn(x: torch.Tensor) -> bool:
    """Whether such a matrix is multiplied by oneDNN."""
    return _chosen[0] == "onednn" and x.device.type == "cpu" and x.dtype.itemsize == 4
