"""What ``realift doctor`` says of a machine."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from realift.doctor import render_findings


def findings(*, device: str = "cpu", dtype: str = "float32", **gflops: float | None) -> Any:
    return {
        "machine": {"system": "Linux", "architecture": "x86_64", "cores": 2, "memory_bytes": 2**34},
        "device": device, "dtype": dtype, "threads": 2, "gflops": gflops, "tuning": None,
        "embedded_base": {}, "versions": {"realift": "0.1.0"}, "problems": ["something is off"],
    }  # fmt: skip


def said(found: Any) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(render_findings(found))
    return capture.get()


def test_rates_and_problems_are_shown() -> None:
    text = " ".join(said(findings(float32=200.0, bfloat16=None)).split())
    assert "float32 multiply 200 GFLOP/s" in text
    assert "bfloat16 multiply not available" in text
    assert "something is off" in text


@pytest.mark.parametrize(
    ("found", "hinted"),
    [
        (findings(float32=200.0, bfloat16=430.0), True),
        (findings(float32=120.0, bfloat16=14.0), False),
        (findings(float32=200.0, bfloat16=300.0), False),
        (findings(float32=200.0, bfloat16=None), False),
        (findings(float32=None, bfloat16=430.0), False),
        (findings(float32=200.0, bfloat16=900.0, dtype="bfloat16"), False),
        (findings(float32=20e3, bfloat16=400e3, device="cuda"), False),
    ],
)
def test_bfloat16_is_proposed_where_a_cpu_multiplies_it_much_faster(
    found: Any, hinted: bool
) -> None:
    assert ("bfloat16 would save" in said(found)) is hinted
