"""Threads, multiply library and dtype for this machine and model, by measuring for a second.

Nobody can know beforehand: oneDNN beats MKL on some processors, bfloat16 is ten times slower than
float32 on most and several times faster on a few, two threads are ten times slower than one while
another program holds the second core. The library is remembered per machine and model in the
user's cache folder; the threads are measured at every start, since what else runs changes.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realift.model import multiply
from realift.model.device import cores

if TYPE_CHECKING:
    from realift.model.load import Base

Product = tuple[int, int, int]  # tokens, in, out
_TOKENS = 384  # of a typical micro-batch
_BF16_GAIN = 3.0  # bfloat16 rounds: it has to be worth it
_SLOW_STEP = 1.0  # seconds: shorter steps say little about the machine
_MUCH_SLOWER = 0.4  # of the best rate seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What was chosen. ``rates``: GFLOP/s of float32 by library; by thread count ``by_threads``."""

    threads: int
    library: multiply.Path
    rates: dict[str, float]
    by_threads: dict[int, float]
    remembered: bool


def products(hidden: int, intermediate: int) -> tuple[Product, ...]:
    """The multiplies that most of a training step consists of."""
    return ((_TOKENS, hidden, 2 * intermediate), (_TOKENS, intermediate, hidden))


def tune(hidden: int, intermediate: int, *, threads: int | None = None) -> Tuning:
    """Choose library and threads for a model on this CPU, and set both for this process.

    ``threads`` given: only the library is chosen.
    """
    import torch

    shapes = products(hidden, intermediate)
    by_threads = {} if threads else _thread_rates(shapes, cores())
    count = threads or max(by_threads, key=lambda n: by_threads[n])
    torch.set_num_threads(count)
    known = _read_cache()
    key = f"{_machine()}|{hidden}x{intermediate}|{count}"
    entry = known.get(key)
    remembered = isinstance(entry, dict) and entry.get("library") in ("blas", "onednn")
    rates: dict[str, float] = entry["rates"] if remembered and entry else _library_rates(shapes)
    library = max(rates, key=lambda name: rates[name])
    if not remembered:
        _write_cache({**known, key: {"library": library, "rates": rates}})
    multiply.use_path("onednn" if library == "onednn" and multiply.has_onednn() else "blas")
    return Tuning(
        threads=count,
        library=multiply.path(),
        rates=rates,
        by_threads=by_threads,
        remembered=remembered,
    )


def tuned(base: Base, *, threads: int | None = None) -> Base:
    """A loaded base with threads and library chosen for it (unchanged on a GPU)."""
    if base.compute.device != "cpu":
        return base
    found = tune(*sizes_of(base.model), threads=threads)
    return dataclasses.replace(
        base, compute=dataclasses.replace(base.compute, threads=found.threads)
    )


def sizes_of(model: Any) -> tuple[int, int]:
    """Hidden and intermediate size of a model."""
    config = model.config.get_text_config()
    hidden = int(config.hidden_size)
    return hidden, int(getattr(config, "intermediate_size", None) or 4 * hidden)


@functools.lru_cache(maxsize=8)
def _thread_rates(shapes: tuple[Product, ...], most: int) -> dict[int, float]:
    """GFLOP/s with one thread, half and all of them, in turn. Measured once in a process."""
    import torch

    counts = sorted({1, max(1, most // 2), most})
    if len(counts) == 1:
        return {counts[0]: 0.0}
    before = torch.get_num_threads()

    def use(count: int) -> Callable[[], None]:
        return lambda: torch.set_num_threads(count)

    try:
        rates: dict[int, float] = _in_turn({n: use(n) for n in counts}, shapes, seconds=0.1)
        return rates
    finally:
        torch.set_num_threads(before)


def _library_rates(shapes: Sequence[Product]) -> dict[str, float]:
    """GFLOP/s of each library, in turn."""
    names: list[multiply.Path] = ["blas", "onednn"] if multiply.has_onednn() else ["blas"]
    before = multiply.path()

    def use(name: multiply.Path) -> Callable[[], None]:
        return lambda: multiply.use_path(name)

    try:
        found = _in_turn({name: use(name) for name in names}, shapes, seconds=0.5)
        return {str(name): rate for name, rate in found.items()}
    finally:
        multiply.use_path(before)


def _in_turn(
    ways: dict[Any, Callable[[], None]], shapes: Sequence[Product], *, seconds: float
) -> Any:
    """GFLOP/s of each way of multiplying, forward and back: median of interleaved rounds."""
    import statistics

    import torch

    times: dict[Any, list[float]] = {way: [] for way in ways}
    with torch.no_grad():
        made = [(torch.randn(t, i), torch.randn(o, i), torch.randn(t, o)) for t, i, o in shapes]
        started, rounds = time.perf_counter(), 0
        while rounds < 3 or time.perf_counter() - started < seconds:
            for way, prepare in ways.items():
                prepare()
                start = time.perf_counter()
                for x, w, dy in made:
                    multiply.times_transposed(x, w)
                    multiply.times(dy, w)
                if rounds:  # the first one warms up
                    times[way].append(time.perf_counter() - start)
            rounds += 1
    work = sum(4 * t * i * o for t, i, o in shapes) / 1e9
    return {way: work / statistics.median(took) for way, took in times.items()}


@functools.lru_cache(maxsize=1)
def cpu_dtype() -> str:
    """float32, unless this CPU has matrix units for bfloat16 that are at least three times as fast.

    bfloat16 rounds to three digits, so a factor of two (AVX512-BF16) is left to who asks for it;
    without matrix units nothing is measured: the choice must not depend on what else runs.
    """
    import torch

    if not _has_matrix_units():
        return "float32"
    best = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    for _ in range(8):
        for dtype in best:
            a = torch.ones((512, 512), dtype=dtype)
            start = time.perf_counter()
            float((a @ a)[0, 0])
            best[dtype] = min(best[dtype], time.perf_counter() - start)
    gain = best[torch.float32] / best[torch.bfloat16]
    return "bfloat16" if gain >= _BF16_GAIN else "float32"


def _has_matrix_units() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "amx_bf16" in flags


class ThreadWatch:
    """Notices in the middle of a training that the threads stand in each other's way."""

    def __init__(self, shapes: tuple[Product, ...], *, fixed: bool) -> None:
        """``fixed``: the number of threads was asked for and stays."""
        self.shapes, self.fixed, self.best = shapes, fixed or cores() == 1, 0.0

    def saw(self, tokens: int, seconds: float) -> None:
        """After a step: measure the threads anew if it was much slower than the best one so far."""
        import torch

        rate = tokens / max(seconds, 1e-9)
        if not self.fixed and seconds > _SLOW_STEP and rate < _MUCH_SLOWER * self.best:
            _thread_rates.cache_clear()
            rates = _thread_rates(self.shapes, cores())
            torch.set_num_threads(max(rates, key=lambda n: rates[n]))
            self.best = rate
        self.best = max(self.best, rate)


# --- what is remembered ------------------------------------------------------------------------


def cache_file() -> Path:
    """Where measurements are remembered; nothing else is ever written there."""
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home())
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "realift" / "tuning.json"


def _machine() -> str:
    import torch

    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{name}|{cores()}|torch {torch.__version__}"


def _read_cache() -> dict[str, Any]:
    try:
        found = json.loads(cache_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_cache(entries: dict[str, Any]) -> None:
    """Best effort: a read-only home is no reason to fail."""
    path = cache_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError:
        pass
