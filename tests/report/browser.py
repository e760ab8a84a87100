"""A headless Chromium for the tests of pages; no test module itself.

Where none is found the tests are skipped, unless ``REALIFT_NEED_BROWSER`` is set (``.ci/run`` sets
it): then they fail, so that a browser that went missing is no silent pass.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _missing(what: str) -> None:
    if os.environ.get("REALIFT_NEED_BROWSER"):
        pytest.fail(f"{what}, and REALIFT_NEED_BROWSER is set")
    pytest.skip(what)


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser; the test is skipped (or fails) where there is none."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        _missing("no Chromium on this machine")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass(slots=True)
class Watched:
    """A page, and everything that must not happen in it."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def evaluate(self, script: str) -> Any:
        return self.page.evaluate(script)

    def fits(self) -> bool:
        """Whether the page needs no scrolling to the side."""
        return bool(self.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@contextmanager
def opened(browser: Any, address: str, **options: Any) -> Iterator[Watched]:
    """A page in a context of its own (``options``: viewport, color_scheme, ...), watched."""
    context = browser.new_context(offline=False, **options)
    context.set_default_timeout(60_000)  # a loaded machine is no failure
    watched = Watched(page=context.new_page())

    def told(message: Any) -> None:
        if message.type in ("error", "warning"):
            watched.errors.append(message.text)

    def asked(dialog: Any) -> None:
        watched.dialogs.append(dialog.message)
        dialog.dismiss()

    watched.page.on("console", told)
    watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
    watched.page.on("dialog", asked)
    watched.page.on("request", lambda request: watched.requests.append(request.url))
    watched.page.goto(address)
    watched.requests.remove(address)
    yield watched
    context.close()
