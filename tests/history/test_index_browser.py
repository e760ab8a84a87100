"""The page that lists the runs, in a real browser."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from realift import run_folder
from realift.history import write_index
from tests.report import browser as browsers
from tests.report import made_run as made

pytestmark = pytest.mark.browser
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> \u202eevil " + "long" * 60


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsers.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("index") / "runs"
    for name in ("good-1", "b" * 90):
        result = made.make_result(3)
        manifest = result.manifest | {"base": "some/" + "name" * 30, "seconds": 61.0}
        made.save(dataclasses.replace(result, manifest=manifest), root / name)
        (root / name / "report.html").write_text("<title>here</title>")
    for name, status in (("cut-1", "running"), ("failed-1", "failed")):
        made.save(made.stopped(status), root / name)
        run_folder.write_manifest(root / name, base=EVIL, error=EVIL)
    return write_index(root)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_opens_in_silence_at_every_width_and_leads_to_the_reports(
    scheme: str, browser: Any, page: Path
) -> None:
    with browsers.opened(browser, page.as_uri(), color_scheme=scheme) as watched:
        for width in (320, 360, 800, 1600):
            watched.page.set_viewport_size({"width": width, "height": 800})
            assert watched.fits(), width
        text = watched.evaluate("document.body.innerText")
        assert "realift run --resume cut-1" in text
        assert "<script>alert(1)</script>" in text
        assert watched.evaluate("document.scripts.length + document.images.length") == 0
        watched.page.keyboard.press("Tab")
        watched.page.get_by_role("link", name="good-1").click()
        assert watched.page.title() == "here"
        assert (watched.errors, watched.dialogs) == ([], [])


def test_a_list_without_runs_says_how_to_begin(browser: Any, tmp_path: Path) -> None:
    with browsers.opened(browser, write_index(tmp_path).as_uri()) as watched:
        assert "realift run --base tiny" in watched.evaluate("document.body.innerText")
        assert (watched.errors, watched.requests) == ([], [])
