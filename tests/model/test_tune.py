"""Threads and multiply library: measured, remembered, and looked at again when a step drags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from realift.model import multiply, tune


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import torch

    monkeypatch.setattr(tune, "cache_file", lambda: tmp_path / "c" / "tuning.json")
    threads, path = torch.get_num_threads(), multiply.path()
    real = tune._thread_rates
    real.cache_clear()
    yield
    real.cache_clear()
    torch.set_num_threads(threads)
    multiply.use_path(path)


def rates(monkeypatch: pytest.MonkeyPatch, **found: float) -> list[int]:
    """Pretend that the libraries have these rates; counts how often they are measured."""
    times: list[int] = []

    def measured(_: Any) -> dict[str, float]:
        times.append(1)
        return found

    monkeypatch.setattr(tune, "_library_rates", measured)
    return times


@pytest.mark.skipif(not multiply.has_onednn(), reason="this torch has no oneDNN")
@pytest.mark.parametrize("faster", ["blas", "onednn"])
def test_the_faster_library_is_used_and_remembered(
    faster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = rates(monkeypatch, **{"blas": 5.0, "onednn": 5.0, faster: 9.0})
    first = tune.tune(8, 16, threads=1)
    assert (first.library, multiply.path(), first.remembered) == (faster, faster, False)
    again = tune.tune(8, 16, threads=1)
    assert again.remembered
    assert again.rates == first.rates
    tune.tune(32, 16, threads=1)  # another model
    assert len(times) == 2
    assert len(json.loads(tune.cache_file().read_text())) == 2


@pytest.mark.parametrize("text", ["", "[]", '{"x": 1}', "{"])
def test_a_broken_cache_is_measured_anew(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    times = rates(monkeypatch, blas=1.0)
    tune.cache_file().parent.mkdir()
    tune.cache_file().write_text(text)
    tune.tune(8, 16, threads=1)
    assert times == [1]


def test_a_home_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates(monkeypatch, blas=1.0)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(tune, "cache_file", lambda: tmp_path / "file" / "tuning.json")
    assert tune.tune(8, 16, threads=1).library == "blas"


def test_the_fastest_number_of_threads_is_set_and_one_that_was_asked_for_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    rates(monkeypatch, blas=1.0)
    monkeypatch.setattr(tune, "_thread_rates", lambda *_: {1: 5.0, 2: 0.5})
    assert tune.tune(8, 16).threads == torch.get_num_threads() == 1
    monkeypatch.setattr(tune, "_thread_rates", lambda *_: {1: 5.0, 2: 9.0})
    assert tune.tune(8, 16).threads == torch.get_num_threads() == 2
    assert tune.tune(8, 16, threads=1).threads == torch.get_num_threads() == 1


def test_both_libraries_are_really_measured() -> None:
    found = tune._library_rates(((8, 8, 8),))
    assert set(found) == ({"blas", "onednn"} if multiply.has_onednn() else {"blas"})
    assert all(rate > 0 for rate in found.values())


def test_a_step_that_drags_has_the_threads_measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    measured: list[int] = []

    class Rates:
        def __call__(self, *_: Any) -> dict[int, float]:
            measured.append(1)
            return {1: 2.0, 2: 1.0}

        def cache_clear(self) -> None:
            pass

    monkeypatch.setattr(tune, "_thread_rates", Rates())
    monkeypatch.setattr(tune, "cores", lambda: 2)
    torch.set_num_threads(2)
    watch = tune.ThreadWatch(((8, 8, 8),), fixed=False)
    watch.saw(100, 2.0)
    watch.saw(100, 3.0)  # slower, but not by much
    watch.saw(1, 0.5)  # much slower, but too short to tell
    assert not measured
    watch.saw(100, 20.0)
    assert measured
    assert torch.get_num_threads() == 1
    fixed = tune.ThreadWatch(((8, 8, 8),), fixed=True)
    fixed.saw(100, 2.0)
    fixed.saw(100, 200.0)
    assert len(measured) == 1


def test_cpus_without_matrix_units_compute_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    tune.cpu_dtype.cache_clear()
    monkeypatch.setattr(tune, "_has_matrix_units", lambda: False)
    assert tune.cpu_dtype() == "float32"
    tune.cpu_dtype.cache_clear()


def test_the_products_of_both_libraries_are_the_same() -> None:
    import torch

    if not multiply.has_onednn():
        pytest.skip("this torch has no oneDNN")
    x, w, b, plus = torch.randn(7, 5), torch.randn(6, 5), torch.randn(6), torch.randn(7, 6)
    with torch.no_grad():
        found = {}
        for name in ("blas", "onednn"):
            multiply.use_path(name)  # type: ignore[arg-type]
            found[name] = [
                multiply.times_transposed(x, w),
                multiply.times_transposed(x, w, bias=b),
                multiply.times_transposed(x, w, plus=plus),
                multiply.times_transposed(x, w, bias=b, plus=plus),
                multiply.times(plus, w),
            ]
        for ours, theirs in zip(found["onednn"], found["blas"], strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found["blas"][3], x @ w.T + b + plus, rtol=1e-5, atol=1e-5)
