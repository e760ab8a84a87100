"""What this installation can do, measured in about a second."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from realift.errors import RealiftError
from realift.manifest import machine_facts

_SIZE = 1024  # square matrices: 2 * 1024^3 floating-point operations a multiply
_WORTH_ROUNDING = 1.7  # times float32's rate; conversions eat the gain of less
_ROUNDING = (
    "bfloat16 would save a quarter to two fifths of a training's time with models from "
    "100M parameters; numbers are rounded to three digits then"
)


def examine() -> dict[str, Any]:
    """Versions, machine, device, matrix-multiply rates (GFLOP/s) and whether the base works."""
    import torch

    from realift.model.device import choose
    from realift.model.load import TINY, load_base
    from realift.model.tune import sizes_of, tune

    facts = machine_facts()
    compute = choose()
    problems: list[str] = []
    rates: dict[str, float | None] = {}
    for name in ("float32", "bfloat16"):
        try:
            rates[name] = _multiply_rate(torch, compute.device, getattr(torch, name))
        except RuntimeError as err:
            rates[name] = None
            problems.append(f"{name} on {compute.device}: {err}")
    started = time.perf_counter()
    try:
        base = load_base(TINY, compute=compute)
        tuning = tune(*sizes_of(base.model)) if compute.device == "cpu" else None
        embedded = {
            "parameters": sum(p.numel() for p in base.model.parameters()),
            "load_seconds": round(time.perf_counter() - started, 2),
            "window": base.window,
        }
    except RealiftError as err:
        embedded, tuning = {}, None
        problems.append(str(err))
    return {
        **facts,
        "device": compute.device,
        "dtype": compute.dtype,
        "threads": compute.threads,
        "gflops": rates,
        "tuning": None if tuning is None else dataclasses.asdict(tuning),
        "embedded_base": embedded,
        "problems": problems,
    }


def _multiply_rate(torch: Any, device: str, dtype: Any) -> float:
    """Billions of operations a second of a square matrix multiply; best of three."""
    a = torch.ones((_SIZE, _SIZE), device=device, dtype=dtype)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        float((a @ a)[0, 0])  # reading a value waits for the device
        best = min(best, time.perf_counter() - start)
    return float(round(2 * _SIZE**3 / best / 1e9, 1))


def render_findings(findings: dict[str, Any]) -> Any:
    """The findings as a table for the terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    machine, base = findings["machine"], findings["embedded_base"]
    rows = [
        ("system", f"{machine['system']} {machine['architecture']}"),
        ("cores", f"{machine['cores']}"),
        ("memory", f"{machine['memory_bytes'] / 2**30:.0f} GiB"),
        ("device", f"{findings['device']}, {findings['dtype']}, {findings['threads']} threads"),
        *(
            (f"{name} multiply", "not available" if rate is None else f"{rate:.0f} GFLOP/s")
            for name, rate in findings["gflops"].items()
        ),
        *_tuning_rows(findings.get("tuning")),
        *([("--dtype", _ROUNDING)] if _rounding_pays(findings) else []),
        (
            "embedded base",
            f"{base['parameters'] / 1e6:.1f}M parameters, loads in {base['load_seconds']} s"
            if base
            else "missing",
        ),
        *((name, text) for name, text in findings["versions"].items()),
        *(("problem", p) for p in findings["problems"]),
    ]
    for name, text in rows:
        table.add_row(name, Text(text))
    return table


def _rounding_pays(findings: dict[str, Any]) -> bool:
    """Whether a CPU that computes in float32 multiplies bfloat16 much faster."""
    rates = findings["gflops"]
    if findings["device"] != "cpu" or findings["dtype"] != "float32":
        return False
    return bool((rates["bfloat16"] or 0) >= _WORTH_ROUNDING * (rates["float32"] or float("inf")))


def _tuning_rows(tuning: dict[str, Any] | None) -> list[tuple[str, str]]:
    """What was measured for the embedded base: threads, and the library that multiplies."""
    if tuning is None:
        return []
    names = {"blas": "torch's BLAS", "onednn": "oneDNN"}
    rates = ", ".join(f"{names[n]} {rate:.0f}" for n, rate in tuning["rates"].items())
    known = "remembered" if tuning["remembered"] else "measured now"
    threads = ", ".join(f"{n}: {rate:.0f}" for n, rate in tuning["by_threads"].items() if rate)
    return [
        ("multiplies by", f"{names[tuning['library']]} (GFLOP/s: {rates}; {known})"),
        *([("GFLOP/s by threads", threads)] if threads else []),
    ]
