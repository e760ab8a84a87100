"""The picture of the report in the README, made from a run folder with headless Chromium.

Use: ``python docs/img/screenshot.py runs/train-1 docs/img/report.png`` (playwright and Pillow, both
installed by ``make``). It shows the first screen and a question that the adapter broke.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

WIDTH, COLORS = 1200, 224


def main(run: str, out: str) -> None:
    from tests.report import browser as browsers

    page = Path(run).resolve() / "report.html"
    with (
        browsers.chromium() as browser,
        browsers.opened(
            browser, page.as_uri(), viewport={"width": WIDTH, "height": 900}, color_scheme="light"
        ) as watched,
    ):
        evidence = watched.page.locator(".evidence").bounding_box()
        watched.evaluate("document.querySelectorAll('details').forEach(d => { d.open = false; })")
        broken = watched.page.locator("details.question", has_text="broken: correctness").first
        broken.locator("summary").click()
        card, passages = broken.bounding_box(), broken.locator(".passage").last.bounding_box()
        scrolled = watched.evaluate("scrollY")
        whole = Image.open(io.BytesIO(watched.page.screenshot(full_page=True)))
    parts = [
        whole.crop((0, 0, WIDTH, int(evidence["y"] + evidence["height"]) + 16)),
        whole.crop(
            (
                0,
                int(card["y"] + scrolled),
                WIDTH,
                int(passages["y"] + passages["height"] + scrolled) + 8,
            )
        ),
    ]
    picture = Image.new("RGB", (WIDTH, sum(part.height for part in parts)))
    at = 0
    for part in parts:
        picture.paste(part, (0, at))
        at += part.height
    picture.quantize(COLORS).save(out, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
