"""matplotlib as a maker of inline SVG: the only place of the room that knows the library.

A picture is drawn on one axes and comes back as markup for the page: text stays text, colors are
the page's own CSS variables (so light and dark are the browser's choice), no id clashes with
another picture's, and the same call gives the same bytes. matplotlib is loaded on the first call.

>>> square = {"width": 10, "height": 10, "margins": (1, 1, 1, 1)}
>>> picture(lambda axes: axes.plot([0, 1], [0, 1]), name="a", label="up", **square)[:4]
Markup('<svg')
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from markupsafe import Markup, escape

from realift.report.text import visible

# Colors that stand for a variable of report.css until the picture is finished.
INK: Final = "#010101"
SOFT: Final = "#010102"
LINE: Final = "#010103"
LINK: Final = "#010104"
TONE: Final = "#010105"  # of the element around the picture: good, bad, unsure, plain
GOOD: Final = "#010106"
BAD: Final = "#010107"
UNSURE: Final = "#010108"
PAGE: Final = "#010109"
_VARIABLES: Mapping[str, str] = {
    INK: "ink",
    SOFT: "soft",
    LINE: "line",
    LINK: "link",
    TONE: "tone",
    GOOD: "good",
    BAD: "bad",
    UNSURE: "unsure",
    PAGE: "page",
}

FONT_SIZE = 11  # units of the picture; about pixels at its natural size
_SETTINGS: Mapping[str, Any] = {
    "svg.fonttype": "none",  # text as text: found by search, read aloud, in the page's font
    "text.parse_math": False,  # a "$" in a name is a dollar sign
    "font.size": FONT_SIZE,
    "text.color": SOFT,
    "axes.labelcolor": SOFT,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "grid.color": LINE,
    "grid.linewidth": 1,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": SOFT,
    "ytick.labelcolor": SOFT,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.borderpad": 0,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
}


def picture(
    draw: Callable[[Any], object],
    *,
    name: str,
    width: float,
    height: float,
    margins: tuple[float, float, float, float] = (0, 0, 0, 0),
    label: str = "",
    css: str = "chart",
) -> Markup:
    """One axes, drawn by ``draw``, as ``<svg>``; without margins ``draw`` gets the bare figure.

    Args:
        name: unique in the page; keeps the ids of this picture apart.
        width: of the picture in its own units; the page scales it. So are ``height`` and
            ``margins`` (left, right, top, bottom, around the axes).
        label: what it shows, for those who do not see it; "" hides it from them (its numbers
            then stand beside it as text).
        css: class of the element.
    """
    with _quiet():
        return _inline(
            _drawn(draw, name, width, height, margins),
            width=width,
            height=height,
            label=label,
            css=css,
        )


def add_line(figure: Any, xs: Sequence[float], ys: Sequence[float], **style: Any) -> None:
    """A line on a bare figure, in shares of its width and height (axes take ten times as long)."""
    from matplotlib.lines import Line2D

    figure.add_artist(Line2D(xs, ys, **style))


@contextmanager
def _quiet() -> Iterator[None]:
    """No word from matplotlib about caches and fonts: neither is the reader's business."""
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a letter that the measuring font lacks: no matter
            yield
    finally:
        logger.setLevel(level)


def _drawn(
    draw: Callable[[Any], object],
    name: str,
    width: float,
    height: float,
    margins: tuple[float, float, float, float],
) -> str:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    out = io.StringIO()
    left, right, top, bottom = margins
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # whatever the person's own matplotlibrc says
        settings: Any = matplotlib.rcParams
        settings.update({**_SETTINGS, "svg.hashsalt": name})
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        canvas: Any = FigureCanvasSVG(figure)
        if any(margins):
            frame = (
                left / width,
                bottom / height,
                (width - left - right) / width,
                (height - top - bottom) / height,
            )
            draw(figure.add_axes(frame))
        else:
            draw(figure)
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        # savefig would draw everything twice
        canvas.print_svg(out, metadata=nothing)
    return out.getvalue()


def _inline(svg: str, *, width: float, height: float, label: str, css: str) -> Markup:
    body = svg[svg.index("<svg") :]
    body = body[body.index(">") + 1 : body.rindex("</svg>")]
    body = re.sub(r"<style.*?</style>|<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<defs>\s*</defs>", "", body)
    body = re.sub(r'<g id="[^"]*"', "<g", body)  # "axes_1" stands in every picture
    body = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", body)
    body = re.sub(r"font-family: [^;\"]*; ", "", body)
    body = re.sub(r" transform=\"rotate\(-0 [^\"]*\)\"", "", body)
    body = re.sub(r'(?<= )(?:d|x|y)="[^"]*"', _rounded, body)
    body = re.sub(r"\s*\n\s*", " ", body)
    body = re.sub("|".join(_VARIABLES), lambda m: f"var(--{_VARIABLES[m[0]]})", body)
    told = (
        Markup('role="img" aria-label="{}"').format(visible(label))
        if label
        else 'aria-hidden="true"'
    )
    head = f'<svg class="{escape(css)}" viewBox="0 0 {width:g} {height:g}" {told}>'
    return Markup(head + body.strip() + "</svg>")


def _rounded(attribute: re.Match[str]) -> str:
    """Places to a tenth of a unit; more digits only make the page longer."""
    return re.sub(r"\d+\.\d+", lambda m: f"{float(m[0]):.1f}", attribute[0])
