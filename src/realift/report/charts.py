"""The pictures of the page: intervals, training curve, lengths, readings and curves of checks.

Every picture repeats numbers that stand beside it as text. Drawn with matplotlib through
``drawing``; ``html`` asks for finished markup and knows nothing of how it is drawn.

>>> interval_svg(comparison, span=0.5, min_gain=0.1)  # doctest: +SKIP
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from realift.report import drawing, figures, view
from realift.report.text import one_line
from realift.types import (
    ARMS,
    Arm,
    Check,
    Comparison,
    Completion,
    CurvePoint,
    Interval,
    RecipeClaim,
    Series,
    TrainResult,
)

WIDTH, HEIGHT = 400, 230  # small, so that labels stay readable on a phone
_MARGINS = (44, 12, 22, 40)
_MAX_POINTS = 400  # more cannot be told apart at this width
_ROW = 34  # height of one row of dots with its label above it
# An arm is told by its line style too, not by its color alone.
_ARM_STYLES: dict[Arm, tuple[str, Any]] = {
    "base": (drawing.UNSURE, (0, (5, 2))),
    "few_shot": (drawing.SOFT, (0, (1.5, 1.5))),
    "adapter": (drawing.LINK, "solid"),
}
_STYLES = ("solid", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
_BEHIND = {"facecolor": drawing.PAGE, "edgecolor": "none", "pad": 1}  # of words over lines
_COLORS = (drawing.LINK, drawing.UNSURE, drawing.SOFT, drawing.GOOD)


def interval_span(rows: Sequence[view.Row], min_gain: float) -> float:
    """Half the width of the shared axis: the farthest end, rounded up to 10 points, at most 1."""
    ends = [min_gain]
    for row in rows:
        span = row.comparison.interval
        if span is not None:
            ends += [abs(span.low), abs(span.high)]
    return min(1.0, math.ceil(max(ends) * 10 - 1e-9) / 10) or 0.1


def interval_svg(row: Comparison, *, span: float, min_gain: float) -> Markup:
    """Difference and interval on an axis from -span to +span, 0 and the useful gain marked.

    What leaves the axis ends at its edge. Empty without an interval. Every row of a table has the
    same axis, so that the rows together are a forest plot.
    """
    if row.interval is None or row.difference is None:
        return Markup("")
    middle = row.difference
    low, high = row.interval.low, row.interval.high

    def x(value: float) -> float:
        return 0.5 + max(-1.0, min(1.0, value / span)) / 2.1

    def draw(figure: Any) -> None:
        def line(xs: tuple[float, float], half: float, **style: Any) -> None:
            drawing.add_line(figure, xs, (0.5 - half, 0.5 + half), **style)

        line((x(-span), x(span)), 0, color=drawing.LINE, linewidth=1)
        line((x(0), x(0)), 0.45, color=drawing.SOFT, linewidth=1)
        gain = x(min_gain)
        line((gain, gain), 0.35, color=drawing.SOFT, linewidth=1, linestyle=(0, (2, 2)))
        line((x(low), x(high)), 0, color=drawing.TONE, linewidth=3)
        line((x(middle), x(middle)), 0, color=drawing.TONE, linewidth=9)

    css = f"interval {view.tone(row.label)}"
    return drawing.picture(draw, name="interval", width=200, height=20, css=css)


def curve_svg(training: TrainResult) -> Markup:
    """Loss by optimizer step: training line, held-out points, the base's level, the kept step.

    Empty markup when the run recorded no finite loss at all.
    """
    train = _finite((p.step, p.loss) for p in _thinned(training.curve))
    valid = _finite((p.step, p.valid_loss) for p in training.curve)
    base = training.base_valid_loss
    if base is not None and not math.isfinite(base):
        base = None
    if not train and not valid:
        return Markup("")
    last = max(training.n_steps, *(s for s, _ in train + valid), 1)

    def draw(axes: Any) -> None:
        for points, color, dot, width in (
            (train, drawing.SOFT, 0 if len(train) > 1 else 4, 1.5),
            (valid, drawing.LINK, 4, 2),
        ):
            if points:
                xs, ys = zip(*points, strict=True)
                axes.plot(xs, ys, color=color, linewidth=width, marker="o", markersize=dot)
        if base is not None:
            axes.axhline(base, color=drawing.UNSURE, linewidth=1.5, linestyle=(0, (5, 4)))
            axes.annotate(
                "base, held out",
                (1, base),
                xycoords=("axes fraction", "data"),
                xytext=(0, 5),
                textcoords="offset points",
                ha="right",
                bbox=_BEHIND,
            )
        kept = training.kept_step
        left = kept > last / 2
        axes.axvline(kept, color=drawing.GOOD, linewidth=1.5)
        axes.annotate(
            f"kept: step {kept}",
            (kept, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-6 if left else 6, -10),
            textcoords="offset points",
            ha="right" if left else "left",
            bbox=_BEHIND,
        )
        axes.set_xlim(0, last * 1.01)
        losses = [y for _, y in train + valid] + ([base] if base is not None else [])
        axes.set_ylim(min(0.0, *losses), 1.12 * max(losses) or 1.0)
        axes.grid(visible=False, axis="x")
        _titles(axes, "optimizer step", "nats per token")

    label = (
        f"Training loss went from {figures.loss(training.first_loss)} to "
        f"{figures.loss(training.last_loss)} nats per token over {training.n_steps} steps; "
        f"step {training.kept_step} was kept."
    )
    return _plot(draw, "curve", label)


def lengths_svg(completions: Iterable[Completion]) -> Markup:
    """How long the answers of each arm are, as outlines of histograms; empty without answers."""
    by_arm: dict[Arm, list[int]] = {arm: [] for arm in ARMS}
    for c in completions:
        if not c.probe and c.finish != "skipped":
            by_arm[c.arm].append(c.n_tokens)
    found = {arm: lengths for arm, lengths in by_arm.items() if lengths}
    if not found:
        return Markup("")
    longest = max(max(lengths) for lengths in found.values())
    step = max(1, math.ceil((longest + 1) / 30))
    edges = [i * step - 0.5 for i in range(math.ceil((longest + 1) / step) + 1)]

    def draw(axes: Any) -> None:
        for arm, lengths in found.items():
            color, style = _ARM_STYLES[arm]
            axes.hist(
                lengths, bins=edges, histtype="step", color=color, linestyle=style, linewidth=2
            )
        axes.set_xlim(-0.5, edges[-1])
        axes.grid(visible=False, axis="x")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.yaxis.get_major_locator().set_params(integer=True)
        _titles(axes, "tokens of an answer", "answers")

    label = "Answers by length: " + "; ".join(
        f"{view.ARM_NAMES[arm]} {min(n)} to {max(n)} tokens, n {len(n)}" for arm, n in found.items()
    )
    return _plot(draw, "lengths", label)


# --- checks and recipe -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One row of a dot plot: a figure and its interval, under its label."""

    label: str
    value: float
    interval: Interval | None


def readings_svg(check: Check) -> list[Markup]:
    """The readings of a check as dots with intervals: one picture for each unit, differences apart.

    A single reading gets none, as the table says it all; but a difference of losses does.
    """
    pictures = []
    for unit, apart in dict.fromkeys((r.unit, "-" in r.arm) for r in check.readings):
        rows = [
            Dot(
                label=f"{r.name} ({view.words(r.arm)})" if r.arm else r.name,
                value=r.value * (100 if unit == "share" else 1),
                interval=_hundred(r.interval) if unit == "share" and r.interval else r.interval,
            )
            for r in check.readings
            if (r.unit, "-" in r.arm) == (unit, apart)
            if r.value is not None and math.isfinite(r.value)
        ]
        if len(rows) > 1 or (unit == "nats/token" and any(row.interval for row in rows)):
            share = "percentage points" if apart else "percent"
            shown = {"share": share, "count": "number"}.get(unit, unit)
            pictures.append(
                dots_svg(
                    rows,
                    name=f"readings-{check.name}-{unit}-{apart}",
                    title=f"difference, {shown}" if apart else shown,
                    label=f"{check.title}: {figures.counted(len(rows), 'figure')}, as in the table",
                    zero=apart,
                )
            )
    return pictures


def recipe_svg(claim: RecipeClaim) -> Markup:
    """The difference of every seed, and their mean with its interval."""
    rows = [Dot(label="all seeds", value=100 * claim.difference, interval=_hundred(claim.interval))]
    rows += [
        Dot(label=f"seed {seed}", value=100 * difference, interval=None)
        for seed, difference in zip(claim.seeds, claim.differences, strict=True)
    ]
    return dots_svg(
        rows,
        name="recipe",
        title="adapter - base, percentage points",
        label=f"Difference of each of {len(claim.seeds)} seeds, and their mean with its interval.",
    )


def dots_svg(
    rows: Sequence[Dot], *, name: str, title: str, label: str, zero: bool = True
) -> Markup:
    """Figures on one axis, each with its interval and its name above it; ``zero`` marks 0."""

    def draw(axes: Any) -> None:
        if zero:
            axes.axvline(0, color=drawing.SOFT, linewidth=1)
        for i, row in enumerate(rows):
            if row.interval is not None:
                ends = (row.interval.low, row.interval.high)
                axes.plot(ends, (i, i), color=drawing.LINK, linewidth=3)
            axes.plot([row.value], [i], color=drawing.LINK, marker="o", markersize=8)
            axes.annotate(
                one_line(row.label, limit=60),
                (0, i),
                xycoords=("axes fraction", "data"),
                xytext=(2, 7),
                textcoords="offset points",
            )
        axes.set_ylim(len(rows) - 0.6, -0.75)
        axes.yaxis.set_visible(False)
        axes.locator_params(axis="x", nbins=5)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel(title)

    height = _ROW * len(rows) + 44
    return drawing.picture(
        draw, name=name, width=WIDTH, height=height, margins=(8, 14, 4, 40), label=label
    )


def series_svg(check: Check) -> list[Markup]:
    """The curves of a check; those with the same axes share a picture."""
    together: dict[tuple[str, str], list[Series]] = {}
    for series in check.series:
        together.setdefault((series.x_label, series.y_label), []).append(series)
    return [
        _series(check, curves, f"series-{check.name}-{i}")
        for i, curves in enumerate(together.values())
    ]


def _series(check: Check, curves: list[Series], name: str) -> Markup:
    def draw(axes: Any) -> None:
        for i, curve in enumerate(curves):
            points = _finite(zip(curve.x, curve.y, strict=False))
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    color=_COLORS[i % len(_COLORS)],
                    linestyle=_STYLES[i % len(_STYLES)],
                    linewidth=2,
                    marker="o",
                    markersize=4,
                    label=one_line(curve.name, limit=48),
                )
        if axes.lines and (len(curves) > 1 or curves[0].name):
            axes.legend(labelcolor=drawing.SOFT)
        axes.grid(visible=False, axis="x")
        _titles(axes, one_line(curves[0].x_label, limit=60), one_line(curves[0].y_label, limit=60))

    names = ", ".join(one_line(curve.name, limit=60) for curve in curves)
    label = f"{check.title}: {names}, {curves[0].y_label} by {curves[0].x_label}."
    return _plot(draw, name, one_line(label, limit=300))


def _plot(draw: Any, name: str, label: str) -> Markup:
    return drawing.picture(
        draw, name=name, width=WIDTH, height=HEIGHT, margins=_MARGINS, label=label
    )


def _titles(axes: Any, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_title(y, loc="left", x=-0.11, fontsize=drawing.FONT_SIZE)


def _hundred(span: Interval) -> Interval:
    return Interval(low=100 * span.low, high=100 * span.high, level=span.level)


def _thinned(curve: Sequence[CurvePoint]) -> Sequence[CurvePoint]:
    return curve[:: max(1, math.ceil(len(curve) / _MAX_POINTS))]


def _finite(pairs: Iterable[tuple[float, float | None]]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in pairs if y is not None and math.isfinite(x) and math.isfinite(y)]
