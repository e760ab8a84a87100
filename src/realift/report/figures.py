"""How numbers are written, in one place: terminal, page and comment show the same characters.

Shares are in 0-1 and are written as percent, differences as percentage points. ``None`` is
"not measured", never 0. Imports only the standard library and ``types``.

>>> percent(0.4125), points(0.275), percent(None)
('41%', '+28', 'not measured')
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from realift.types import Interval, Rate

NOT_MEASURED = "not measured"


def percent(share: float | None) -> str:
    """A share (0-1) as percent; only an exact 0 or 1 prints as 0% or 100%.

    >>> [percent(x) for x in (0.0, 0.5, 0.995, 0.99999, 0.0001)]
    ['0%', '50%', '99.5%', '>99.9%', '<0.1%']
    """
    if share is None:
        return NOT_MEASURED
    value = 100 * share
    if value in (0, 100) or 1 <= value <= 99:
        return f"{value:.0f}%"
    if value > 100 or value < 0:  # not a share: show what is there
        return f"{value:.1f}%"
    if value < 0.05:
        return "<0.1%"
    return ">99.9%" if value > 99.95 else f"{value:.1f}%"


def points(difference: float | None) -> str:
    """A difference of shares in percentage points, with its sign ("+28", "-3", "+0.4", "0").

    Below one point a decimal is kept, so that an interval's end never loses its sign.

    >>> [points(x) for x in (0.275, -0.03, 0.004, 0.0001, 0.0)]
    ['+28', '-3', '+0.4', '+0.01', '0']
    """
    if difference is None:
        return NOT_MEASURED
    value = 100 * difference
    if abs(value) < 0.005:
        return "0"
    if abs(value) < 0.05:
        return f"{value:+.1g}"
    return f"{value:+.1f}" if abs(value) < 0.95 else f"{value:+.0f}"


def amount(size: float | None) -> str:
    """The size of a difference, without a sign.

    >>> amount(0.16), amount(None)
    ('16 points', 'not measured')
    """
    return NOT_MEASURED if size is None else f"{points(abs(size)).lstrip('+')} points"


def interval(span: Interval | None, *, level: bool = False) -> str:
    """The interval of a difference in points: "[+15, +39]"; ``level`` puts its level in front.

    >>> interval(Interval(low=0.15, high=0.39), level=True)
    '95% [+15, +39]'
    """
    if span is None:
        return NOT_MEASURED
    text = f"[{points(span.low)}, {points(span.high)}]"
    return f"{100 * span.level:g}% {text}" if level else text


def rate_interval(rate: Rate) -> str:
    """The interval of one rate: "30% to 52%" ("" when there is none).

    >>> rate_interval(Rate(value=0.4, n=10, interval=Interval(low=0.1, high=0.7)))
    '10% to 70%'
    """
    span = rate.interval
    return f"{percent(span.low)} to {percent(span.high)}" if span else ""


def p_value(p: float | None) -> str:
    """A p value with three decimals, never 0.

    >>> [p_value(p) for p in (0.00004, 0.0123, 0.4567, 1.0)]
    ['<0.001', '0.012', '0.457', '1.000']
    """
    if p is None:
        return NOT_MEASURED
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def loss(value: float | None) -> str:
    """A loss in nats per token, three decimals."""
    return NOT_MEASURED if value is None else f"{value:.3f}"


def seconds(value: float | None) -> str:
    """A duration for people.

    >>> [seconds(s) for s in (0.4, 34.2, 130, 3900)]
    ['under 1 s', '34 s', '2 min 10 s', '1 h 5 min']
    """
    if value is None:
        return NOT_MEASURED
    if value < 1:
        return "under 1 s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(n_bytes: int | None) -> str:
    """Memory in decimal units.

    >>> size(412_000_000), size(3_450_000_000)
    ('412 MB', '3.5 GB')
    """
    if n_bytes is None:
        return NOT_MEASURED
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.0f} MB"


def counted(n: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 question", "1,200 questions".

    >>> counted(1, "reply", "replies"), counted(1200, "row")
    ('1 reply', '1,200 rows')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def flatten(
    facts: Mapping[str, object], *, prefix: str = "", skip: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Nested facts as dotted names and texts.

    >>> list(flatten({"versions": {"torch": "2.9"}, "seeds": [0, 1], "error": None}))
    [('versions.torch', '2.9'), ('seeds', '0, 1'), ('error', 'not recorded')]
    """
    for key, value in facts.items():
        if key in skip:
            continue
        if isinstance(value, Mapping):
            yield from flatten(value, prefix=f"{prefix}{key}.")
        elif isinstance(value, list | tuple):
            yield f"{prefix}{key}", ", ".join(str(v) for v in value)
        else:
            yield f"{prefix}{key}", "not recorded" if value is None else str(value)
