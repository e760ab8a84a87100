"""The pictures of the page as inline SVG: the training curve and the interval of each row.

This is the seam for a chart library: ``html`` asks for finished markup and knows nothing of how
it is drawn. Every picture repeats numbers that stand beside it as text. Imports only ``types``.

>>> interval_svg(comparison, span=0.5, min_gain=0.1)  # doctest: +SKIP
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from realift.report import figures, view
from realift.types import Comparison, CurvePoint, TrainResult

# The curve's own units; small, so that its labels stay readable on a phone.
_WIDTH, _HEIGHT = 400, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 10, 22, 38
_N_TICKS = 5
_MAX_POINTS = 400  # more cannot be told apart at this width


def interval_span(rows: Sequence[view.Row], min_gain: float) -> float:
    """Half the width of the shared axis: the farthest end, rounded up to 10 points, at most 1."""
    ends = [min_gain]
    for row in rows:
        span = row.comparison.interval
        if span is not None:
            ends += [abs(span.low), abs(span.high)]
    return min(1.0, math.ceil(max(ends) * 10 - 1e-9) / 10) or 0.1


def interval_svg(row: Comparison, *, span: float, min_gain: float) -> Markup:
    """Difference and interval on an axis from -span to +span, 0 and the useful gain marked."""
    if row.interval is None or row.difference is None:
        return Markup("")

    def x(value: float) -> str:
        return f"{100 + 96 * max(-1.0, min(1.0, value / span)):.1f}"

    low, high, gain = x(row.interval.low), x(row.interval.high), x(min_gain)
    return Markup(
        f'<svg class="interval {view.tone(row.label)}" viewBox="0 0 200 20" aria-hidden="true">'
        f'<line class="axis" x1="4" y1="10" x2="196" y2="10"/>'
        f'<line class="zero" x1="100" y1="1" x2="100" y2="19"/>'
        f'<line class="gain" x1="{gain}" y1="3" x2="{gain}" y2="17"/>'
        f'<line class="bar" x1="{low}" y1="10" x2="{high}" y2="10"/>'
        f'<circle cx="{x(row.difference)}" cy="10" r="4.5"/></svg>'
    )


def curve_svg(training: TrainResult) -> Markup:
    """Loss by optimizer step: training line, held-out points, the base's level, the kept step.

    Empty markup when the run recorded no finite loss at all.
    """
    train = _finite((p.step, p.loss) for p in _thinned(training.curve))
    valid = _finite((p.step, p.valid_loss) for p in training.curve)
    base = training.base_valid_loss
    losses = [y for _, y in train + valid] + ([base] if base is not None else [])
    if not train and not valid:
        return Markup("")
    ticks = _ticks(min(0.0, *losses), max(losses))
    last = max(training.n_steps, *(s for s, _ in train + valid), 1)
    plot = _Plot(last=last, low=ticks[0], high=ticks[-1])
    return Markup("").join(
        [
            Markup(f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'),
            _description(training),
            *(plot.tick_y(t) for t in ticks),
            *(plot.tick_x(s) for s in sorted({0, last // 2, last})),
            plot.titles(),
            plot.level(base) if base is not None else Markup(""),
            plot.kept(training.kept_step),
            plot.line(train, "train"),
            plot.line(valid, "valid", dots=True),
            Markup("</svg>"),
        ]
    )


def _description(training: TrainResult) -> Markup:
    return Markup("<title>{}</title><desc>{}</desc>").format(
        "Training curve",
        f"Training loss went from {figures.loss(training.first_loss)} to "
        f"{figures.loss(training.last_loss)} nats per token over {training.n_steps} steps; "
        f"step {training.kept_step} was kept.",
    )


class _Plot:
    """Where a step and a loss lie on the picture."""

    def __init__(self, *, last: int, low: float, high: float) -> None:
        self.last, self.low, self.high = last, low, high

    def x(self, step: float) -> float:
        return _LEFT + step / self.last * (_WIDTH - _LEFT - _RIGHT)

    def y(self, loss: float) -> float:
        share = (loss - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    def tick_y(self, loss: float) -> Markup:
        y = self.y(loss)
        return Markup(
            f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>'
            f'<text x="{_LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{loss:g}</text>'
        )

    def tick_x(self, step: int) -> Markup:
        y = _HEIGHT - _BOTTOM + 14
        return Markup(f'<text x="{self.x(step):.1f}" y="{y}" text-anchor="middle">{step}</text>')

    def titles(self) -> Markup:
        middle = _LEFT + (_WIDTH - _LEFT - _RIGHT) / 2
        return Markup(
            f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">optimizer step</text>'
            f'<text x="2" y="12">nats per token</text>'
        )

    def level(self, loss: float) -> Markup:
        y = self.y(loss)
        return Markup(
            f'<line class="base" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>'
            f'<text x="{_WIDTH - _RIGHT}" y="{y - 4:.1f}" text-anchor="end">base, held out</text>'
        )

    def kept(self, step: int) -> Markup:
        x = self.x(step)
        side = "end" if x > _WIDTH / 2 else "start"
        return Markup(
            f'<line class="kept" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_HEIGHT - _BOTTOM}"/>'
            f'<text x="{x + (-5 if side == "end" else 5):.1f}" y="{_HEIGHT - _BOTTOM - 6}" '
            f'text-anchor="{side}">kept: step {step}</text>'
        )

    def line(self, points: list[tuple[int, float]], name: str, *, dots: bool = False) -> Markup:
        places = [(f"{self.x(s):.1f}", f"{self.y(v):.1f}") for s, v in points]
        path = " ".join(f"{x},{y}" for x, y in places)
        out = f'<polyline class="{escape(name)}" points="{path}"/>' if len(places) > 1 else ""
        if dots or len(places) == 1:
            out += "".join(f'<circle class="{name}" cx="{x}" cy="{y}" r="2.5"/>' for x, y in places)
        return Markup(out)


def _thinned(curve: Sequence[CurvePoint]) -> Sequence[CurvePoint]:
    return curve[:: max(1, math.ceil(len(curve) / _MAX_POINTS))]


def _finite(pairs: object) -> list[tuple[int, float]]:
    return [(s, v) for s, v in pairs if v is not None and math.isfinite(v)]  # type: ignore[attr-defined]


def _ticks(low: float, high: float) -> list[float]:
    """Round values that enclose the range, about ``_N_TICKS`` of them.

    >>> _ticks(0.0, 2.7)
    [0.0, 1.0, 2.0, 3.0]
    """
    raw = max(high - low, 1e-6) / _N_TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, max(last, first + 1) + 1)]
