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


def times_transposed(
    x: torch.Tensor,
    weight: torch.Tensor,
    *,
    bias: torch.Tensor | None = None,
    plus: torch.Tensor | None = None,
) -> torch.Tensor:
    """``x W^T (+ bias) (+ plus)`` for ``x`` (T, in) and ``weight`` (out, in)."""
    import torch

    if _few_rows(x, weight):
        out = torch.mm(weight, x.T).T.contiguous()
        for more in (bias, plus):
            if more is not None:
                out += more
        return out
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


def _few_rows(x: torch.Tensor, weight: torch.Tensor) -> bool:
    """The last answers of a batch: up to four rows and a wide result go faster the other way round.

    Seen on a Zen 4: 18-25 GFLOP/s with one core where both libraries give 5-19.
    """
    wide = weight.shape[0] >= 2 * weight.shape[1]
    return wide and x.shape[0] <= 4 and x.device.type == "cpu" and x.dtype.itemsize == 4


def _onednn(x: torch.Tensor) -> bool:
    return _chosen[0] == "onednn" and x.device.type == "cpu" and x.dtype.itemsize == 4
