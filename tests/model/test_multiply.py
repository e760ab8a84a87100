"""Every way of multiplying gives the same numbers, also those for very few rows."""

from __future__ import annotations

import pytest

from realift.model import multiply


@pytest.mark.parametrize("n_rows", [1, 3, 4, 5, 40])
@pytest.mark.parametrize("out", [6, 64])
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("with_plus", [True, False])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.usefixtures("library")
def test_times_transposed_is_the_product_with_bias_and_summand(
    n_rows: int, out: int, with_bias: bool, with_plus: bool, packed: bool
) -> None:
    import torch

    torch.manual_seed(0)
    x, weight = torch.randn(n_rows, 16), torch.randn(out, 16)
    bias = torch.randn(out) if with_bias else None
    plus = torch.randn(n_rows, out) if with_plus else None
    kept = None if plus is None else plus.clone()
    with torch.inference_mode():
        laid_out = multiply.packed(weight, rows=24) if packed else None
        got = multiply.times_transposed(x, weight, bias=bias, plus=plus, packed=laid_out)
    wanted = x.double() @ weight.double().T
    for more in (bias, plus):
        wanted = wanted if more is None else wanted + more.double()
    assert got.shape == (n_rows, out)
    assert got.is_contiguous()
    assert torch.allclose(got.double(), wanted, atol=1e-5)
    assert plus is None or torch.equal(plus, kept)  # type: ignore[arg-type]  # left as it was


def test_a_weight_is_packed_for_onednn_only(library: str) -> None:
    import torch

    made = multiply.packed(torch.ones(8, 16), rows=24)
    assert (made is None) == (library == "blas")
    assert multiply.packed(torch.ones(8, 16, dtype=torch.bfloat16), rows=24) is None
