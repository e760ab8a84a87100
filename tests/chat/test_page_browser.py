"""The page as a person meets it: in a real browser, with the keyboard, at every width."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.chat.test_web import Served, serving
from tests.report import browser as browsers

pytestmark = pytest.mark.browser
READY = "#ask:enabled"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsers.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def served(run: Path) -> Iterator[Served]:
    with serving(run, max_new_tokens=20) as found:
        yield found


@contextmanager
def opened(browser: Any, link: str) -> Iterator[browsers.Watched]:
    """The page behind a link in a context of its own, watched."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    chat = browsers.Watched(page=context.new_page())
    chat.page.on("console", lambda m: chat.errors.append(m.text))
    chat.page.on("pageerror", lambda error: chat.errors.append(str(error)))
    chat.page.on("dialog", lambda d: (chat.dialogs.append(d.message), d.dismiss()))
    chat.page.on("request", lambda request: chat.requests.append(request.url))
    chat.page.goto(link)
    yield chat
    context.close()


@pytest.fixture
def chat(browser: Any, served: Served) -> Iterator[browsers.Watched]:
    with opened(browser, served.link) as watched:
        watched.page.wait_for_selector(READY)
        yield watched


def ask(chat: browsers.Watched, text: str) -> None:
    chat.page.fill("#question", text)
    chat.page.keyboard.press("Enter")
    chat.page.wait_for_selector("[aria-busy=false]")
    chat.page.wait_for_selector(READY)


def test_a_session_in_silence_and_on_this_machine_only(
    chat: browsers.Watched, served: Served
) -> None:
    assert served.token not in chat.page.url  # nor in a screenshot or bookmark
    ask(chat, "Who?")
    assert chat.page.locator(".reply").count() == 2
    assert all(
        text.strip() not in ("", "...") for text in chat.page.locator(".said").all_inner_texts()
    )
    assert "tokens" in chat.page.locator(".facts").first.inner_text()
    chat.page.check("input[value=base]")
    ask(chat, "Where?")
    assert chat.page.locator("#turns > li").nth(1).locator(".reply").count() == 1
    chat.page.reload()
    chat.page.wait_for_selector(READY)  # the token outlives a reload, in this tab alone
    assert chat.errors == []
    here = f"http://127.0.0.1:{served.port}/"
    assert [url for url in chat.requests if not url.startswith((here, "data:"))] == []


def test_a_context_is_numbered_and_clear_takes_it_away(chat: browsers.Watched) -> None:
    chat.page.click("#context-box summary")
    chat.page.fill("#context", "Ann leads it.\n\nIt opens.")
    ask(chat, "Who?")
    assert chat.page.locator(".passages summary").all_inner_texts() == [
        "[1] Ann leads it.",
        "[2] It opens.",
    ]
    chat.page.click("#clear")
    assert chat.page.locator("#turns > li").count() == 0
    assert chat.page.input_value("#context") == ""


def test_a_changed_system_prompt_is_named_and_comes_back(chat: browsers.Watched) -> None:
    chat.page.click("form details:nth-of-type(2) summary")
    chat.page.fill("#system", "Be long.")
    assert "another than in training" in chat.page.inner_text("#system-state")
    chat.page.click("#trained")
    assert chat.page.input_value("#system") == "Be brief."


def test_escape_stops_an_answer(browser: Any, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading
    import time

    import realift.answer.stream as streaming

    plain, begun = streaming._Written.put, threading.Event()

    def slowly(self: Any, value: Any) -> None:
        begun.set()
        time.sleep(0.1)
        plain(self, value)

    monkeypatch.setattr(streaming._Written, "put", slowly)
    with (
        serving(run, endless=True, engine="plain", max_new_tokens=200) as slow,
        opened(browser, slow.link) as chat,
    ):
        chat.page.wait_for_selector(READY)
        chat.page.fill("#question", "Who?")
        chat.page.keyboard.press("Enter")
        for _ in range(200):  # its text may stay empty: a random model writes anything
            if begun.is_set():
                break
            chat.page.wait_for_timeout(50)
        chat.page.keyboard.press("Escape")
        chat.page.wait_for_selector(READY)
        assert chat.page.inner_text("#status") == "stopped"
        assert "stopped" in chat.page.locator(".facts").first.inner_text()


def test_what_a_model_says_stays_text(
    chat: browsers.Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    import realift.answer.stream as streaming

    evil = "</script><img src=x onerror=alert(1)><b>bold</b> [1] \u202e\x1b[31m \U0001f600 [2]"
    monkeypatch.setattr(streaming._Written, "text", lambda _: evil)
    ask(chat, "<b>Who?</b>")
    said = chat.page.locator(".said").first.inner_text()
    assert said.startswith("</script><img src=x onerror=alert(1)><b>bold</b> [1]")
    assert "\u202e" not in said
    assert chat.page.inner_text(".question") == "<b>Who?</b>"
    assert chat.page.locator(".said").first.locator(".missing").all_inner_texts() == ["[1]", "[2]"]
    assert chat.dialogs == []
    assert chat.errors == []


def test_it_fits_every_width_and_the_question_stays_in_sight(chat: browsers.Watched) -> None:
    chat.page.click("#context-box summary")
    ask(chat, "A" * 300)
    for width in (320, 360, 800, 1600):
        chat.page.set_viewport_size({"width": width, "height": 700})
        assert chat.fits(), width
        box = chat.page.locator("#question").bounding_box()
        assert box["y"] + box["height"] <= 700, width


def test_a_wrong_token_says_what_to_do(browser: Any, served: Served) -> None:
    with opened(browser, f"http://127.0.0.1:{served.port}/#wrong") as chat:
        chat.page.wait_for_selector("#status.error")
        assert "open the link" in chat.page.inner_text("#status")
        assert chat.page.is_disabled("#ask")
