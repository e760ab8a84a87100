"""The Python API: the commands as functions, with options as keyword arguments.

Every function takes the options of ``realift.config.Config`` by name, and optionally a
``realift.yaml`` they go on top of. Results are the typed records of ``realift.types``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realift.config import resolve
from realift.types import DataSummary, OnEvent, RunResult, Verdict, ignore_event

if TYPE_CHECKING:
    from realift.augmenting import Augmented


def run(
    file: str | Path | None = None, *, on_event: OnEvent = ignore_event, **options: Any
) -> RunResult:
    """Train an adapter, answer the eval set with and without it, and judge the difference.

    Without ``eval`` every training row is asked of an adapter trained without it.

    Args:
        file: a ``realift.yaml``; options given by name win over it.
        on_event: called with data summary, plan, notices and progress.
        **options: see ``realift.config.Config`` (``train``, ``eval``, ``base``, ``epochs``, ...).

    Returns:
        The finished run as read back from its folder; ``result.verdict`` is the verdict.

    Raises:
        RealiftError: bad options or data, a base that cannot be loaded, training that failed.
    """
    from realift import pipeline

    return pipeline.run(resolve(file=file, flags=options), on_event=on_event)


def train(
    file: str | Path | None = None, *, on_event: OnEvent = ignore_event, **options: Any
) -> RunResult:
    """Train and save an adapter without judging it. Arguments as for ``run``."""
    from realift import pipeline

    return pipeline.train(resolve(file=file, flags=options), on_event=on_event)


def compare(
    adapter: str | Path,
    file: str | Path | None = None,
    *,
    on_event: OnEvent = ignore_event,
    **options: Any,
) -> RunResult:
    """Judge a PEFT adapter (a folder) against its base. Other arguments as for ``run``."""
    from realift import pipeline

    return pipeline.compare(resolve(file=file, flags=options), adapter, on_event=on_event)


def resume(
    run: str | Path,
    *,
    on_event: OnEvent = ignore_event,
    runs_dir: str | Path = "runs",
    **options: Any,
) -> RunResult:
    """Go on with an interrupted run, given by name or folder, with the settings it began with.

    Of the options only ``threads`` and ``device`` may be given with another value.
    """
    from realift import pipeline
    from realift.history import find_run

    return pipeline.resume(find_run(run, runs_dir), given=options, on_event=on_event)


def compare_scores(path: str | Path, **options: Any) -> Verdict:
    """The verdict over a CSV of 0/1 scores (``id,base,adapter[,group]``) from any other tool."""
    from realift import pipeline

    return pipeline.compare_scores(path, resolve(flags=options))


def check(file: str | Path | None = None, **options: Any) -> DataSummary:
    """Look at the data alone (no torch): problems with their lines, leaks, sizes."""
    from realift import pipeline

    return pipeline.check(resolve(file=file, flags=options))


def augment(
    train: str | Path,
    *,
    out: str | Path,
    eval: str | Path | None = None,
    refusals: int | None = None,
    reword: int = 0,
    seed: int = 0,
    refusal_phrases: Sequence[str] = (),
    columns: Mapping[str, str] = {},
) -> Augmented:
    """Write the rows of ``train``, and refusals and other wordings made from them, to ``out``.

    Deterministic; no made row is like a question of ``eval``. ``refusals=None``: so many that
    half of all rows refuse. ``reword``: other wordings of each answering row.
    """
    from realift import augmenting

    return augmenting.augment(
        train,
        out=out,
        eval=eval,
        refusals=refusals,
        reword=reword,
        seed=seed,
        refusal_phrases=refusal_phrases,
        columns=columns,
    )


def report(folder: str | Path) -> RunResult:
    """Render a run folder's ``report.html`` and ``report.md`` anew, and read it back."""
    from realift import rendering

    return rendering.report(folder)
