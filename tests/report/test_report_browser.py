"""The report as a person meets it: in a real browser, with and without scripts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from realift.report.comparison import render_comparison
from realift.report.html import render_html
from realift.types import RunResult
from tests.report import browser as browsers
from tests.report import made_run as made
from tests.report.test_compare_runs import answered

pytestmark = pytest.mark.browser

SHOWN = "[...document.querySelectorAll('#question-list > details')].filter(d => !d.hidden)"
WIDTHS = (360, 600, 800, 1280, 1600)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with browsers.chromium() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages of several runs."""
    folder = tmp_path_factory.mktemp("pages")
    hostile = "</textarea></title>" + made.SCRIPT + made.IMAGE + '" onmouseover="alert(3)" x="'
    run = made.make_result()
    bad = dataclasses.replace(
        run,
        name=hostile,
        questions=tuple(
            dataclasses.replace(q, question=hostile, group=hostile, id=q.id + hostile)
            if q.id == "q30"
            else q
            for q in run.questions
        ),
        advice=(dataclasses.replace(run.advice[0], title=hostile, command=hostile),),
        checks=tuple(
            dataclasses.replace(
                c, title=hostile + c.title, sentence=hostile, rows=(hostile,), name=hostile + c.name
            )
            for c in run.checks
        ),
    )
    for name, result in {
        "run": run,
        "hostile": bad,
        "200": made.make_result(200),
        "empty": made.stopped("running"),
        "failed": made.stopped("failed", data=made.data_summary(), plan=made.plan()),
    }.items():
        text = render_html(result).encode("utf-8", "replace")
        (folder / f"{name}.html").write_bytes(text)
    other = answered(dataclasses.replace(bad, manifest=run.manifest), "q1", hostile, 0.0)
    compared = render_comparison([run, other, made.stopped("failed")])
    (folder / "compared.html").write_bytes(compared.encode("utf-8", "replace"))
    return folder


def address(pages: Path, name: str) -> str:
    return (pages / f"{name}.html").as_uri()


@pytest.fixture(scope="module")
def run(browser: Any, pages: Path) -> Iterator[browsers.Watched]:
    with browsers.opened(browser, address(pages, "run")) as watched:
        yield watched


@pytest.fixture
def fresh(run: browsers.Watched) -> browsers.Watched:
    """The page of the rich run as it is when opened."""
    run.page.goto(run.page.url.split("#")[0])
    return run


def shown(watched: browsers.Watched) -> int:
    return int(watched.evaluate(f"{SHOWN}.length"))


def counted(watched: browsers.Watched, n: int) -> None:
    """Wait until the page says that n questions are shown, and see that it is so."""
    watched.page.locator("#question-count", has_text=re.compile(f"^{n} of ")).wait_for()
    assert shown(watched) == n


@pytest.mark.parametrize("name", ["run", "hostile", "200", "empty", "failed", "compared"])
def test_a_page_opens_in_silence_at_every_width(browser: Any, pages: Path, name: str) -> None:
    with browsers.opened(browser, address(pages, name)) as watched:
        for width in WIDTHS:
            watched.page.set_viewport_size({"width": width, "height": 800})
            assert watched.fits(), width
        watched.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        watched.page.set_viewport_size({"width": 360, "height": 800})
        assert watched.fits()
        watched.page.mouse.move(100, 300)
        assert (watched.errors, watched.requests, watched.dialogs) == ([], [], [])
        doubled = watched.evaluate(
            "(ids => ids.filter((x, i) => ids.indexOf(x) !== i))"
            "([...document.querySelectorAll('[id]')].map(e => e.id))"
        )
        assert doubled == []


def test_hostile_texts_stay_text(browser: Any, pages: Path) -> None:
    with browsers.opened(browser, address(pages, "hostile")) as watched:
        watched.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        text = watched.evaluate("document.body.innerText")
        for said in (made.SCRIPT, made.IMAGE, made.MARKUP, 'onmouseover="alert(3)"'):
            assert said in text
        assert "␛[31mred␛[0m ␇bell ⟨U+202E⟩gnirts⟨U+202C⟩" in text
        assert "of 1,000,009 characters; the whole stands in answers.jsonl" in text
        assert watched.evaluate("document.scripts.length") == 1
        assert watched.evaluate("document.images.length") == 0
        assert (
            watched.evaluate(
                "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames())"
                ".filter(n => n.startsWith('on'))"
            )
            == []
        )
        assert watched.dialogs == []


def test_the_page_forbids_scripts_and_pictures_that_it_did_not_bring(
    browser: Any, pages: Path
) -> None:
    with browsers.opened(browser, address(pages, "run")) as watched:
        watched.evaluate(
            "(() => { const s = document.createElement('script');"
            " s.textContent = 'window.ran = true'; document.body.append(s);"
            " const i = document.createElement('img'); i.src = 'https://example.invalid/x.png';"
            " document.body.append(i); })()"
        )
        assert watched.evaluate("window.ran") is None
        stopped = " ".join(watched.errors)
        assert "script-src" in stopped
        assert "example.invalid" in stopped


def test_filters_show_what_they_say(fresh: browsers.Watched) -> None:
    page = fresh.page
    counted(fresh, 82)
    page.get_by_role("button", name="broken: 13").click()
    counted(fresh, 13)
    page.get_by_role("button", name="fixed: 25").click()
    counted(fresh, 38)
    page.get_by_role("button", name="cut off: 4").click()
    cut = shown(fresh)
    assert 0 < cut < 4
    assert fresh.evaluate(f"{SHOWN}.every(d => d.textContent.includes('cut off after'))")
    page.get_by_role("button", name="Show all again").first.click()
    counted(fresh, 82)
    assert page.locator("button[aria-pressed=true]").count() == 0
    page.get_by_role("button", name="base refuses").click()
    assert fresh.evaluate(f"{SHOWN}.length") == fresh.evaluate(
        "+document.querySelector('[data-flag=\"base refuses\"]').textContent.split(': ')[1]"
    )


def test_search_finds_answers_contexts_and_ids(fresh: browsers.Watched) -> None:
    box = fresh.page.get_by_role("searchbox", name="Search")
    for words, n in (("handbook-26.md", 1), ("FOUNDED branch 61", 1), ("no such words", 0)):
        box.fill(words)
        counted(fresh, n)
    assert fresh.page.get_by_text("No question fits.").is_visible()
    fresh.page.locator("#question-reset-2").click()
    counted(fresh, 82)


def test_sorting_puts_the_file_in_order_and_back(fresh: browsers.Watched) -> None:
    first = f"{SHOWN}[0].id"
    built = fresh.evaluate(f"{SHOWN}.map(d => d.id)")
    sort = fresh.page.get_by_label("Sort by")
    sort.select_option("file")
    assert fresh.evaluate(first) == "question-1"
    assert not fresh.page.get_by_role("heading", name="Broken: 13 questions").is_visible()
    sort.select_option("long")
    tokens = fresh.evaluate(f"{SHOWN}.map(d => +d.dataset.tokens)")
    assert tokens == sorted(tokens, reverse=True)
    sort.select_option("look")
    assert fresh.evaluate(f"{SHOWN}.map(d => d.id)") == built
    assert fresh.page.get_by_role("heading", name="Broken: 13 questions").is_visible()


def test_everything_is_reached_by_keyboard(fresh: browsers.Watched) -> None:
    page = fresh.page
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the verdict"
    page.keyboard.press("Enter")
    assert fresh.evaluate("document.activeElement.id") == "main"
    page.locator("button[data-outcome=fixed]").focus()
    page.keyboard.press("Space")
    counted(fresh, 25)
    here = "document.activeElement.parentElement.id"
    page.locator("#question-1 > summary").focus()
    page.keyboard.press("j")
    assert fresh.evaluate(here) == "question-2"
    page.keyboard.press("Enter")
    assert fresh.evaluate("document.activeElement.parentElement.open") is True
    page.keyboard.press("k")
    assert fresh.evaluate(here) == "question-1"
    outline = fresh.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_link_to_a_question_unfolds_it_even_if_it_was_filtered_out(
    fresh: browsers.Watched,
) -> None:
    fresh.page.locator("button[data-outcome=fixed]").click()
    counted(fresh, 25)
    fresh.page.get_by_role("link", name="q60").first.click()
    fresh.page.locator("#question-60[open]").wait_for()
    counted(fresh, 82)


def test_without_scripts_everything_is_there(browser: Any, pages: Path, result: RunResult) -> None:
    with browsers.opened(browser, address(pages, "run"), java_script_enabled=False) as watched:
        page = watched.page
        assert not page.locator("#question-tools").is_visible()
        assert page.get_by_role("link", name="broken: 13").is_visible()
        assert page.locator("#question-list > details").count() == len(result.questions)
        page.locator("#question-1 > summary").click()
        assert page.locator("#question-1").get_by_text(made.SCRIPT).is_visible()
        assert page.locator("svg").count() >= 7


def test_paper_gets_the_folded_questions_too(browser: Any, pages: Path) -> None:
    with browsers.opened(browser, address(pages, "run"), java_script_enabled=False) as watched:
        watched.page.emulate_media(media="print")
        assert watched.page.locator("#question-40 .body").is_visible()
        assert not watched.page.locator("nav").is_visible()
        assert len(watched.page.pdf()) > 50_000


CONTRAST = """
() => {
  const part = (c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const color = numbers(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest("script, option")) continue;
    const style = getComputedStyle(e);
    const ink = numbers(e.closest("svg") ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) bad.push([e.outerHTML.slice(0, 80), ratio]);
  }
  return bad;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_comparison_has_enough_contrast_too(browser: Any, pages: Path, scheme: str) -> None:
    with browsers.opened(browser, address(pages, "compared"), color_scheme=scheme) as watched:
        watched.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        assert watched.evaluate(CONTRAST) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_enough_contrast(browser: Any, pages: Path, scheme: str) -> None:
    with browsers.opened(browser, address(pages, "run"), color_scheme=scheme) as watched:
        watched.page.get_by_role("button", name="broken: 13").click()
        assert watched.evaluate(CONTRAST) == []
        page = watched.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (page == "rgb(18, 22, 28)") is (scheme == "dark")
        drawn = watched.evaluate("getComputedStyle(document.querySelector('svg.chart text')).fill")
        assert (drawn == "rgb(154, 167, 182)") is (scheme == "dark")


def test_a_screen_reader_finds_landmarks_tables_and_names(fresh: browsers.Watched) -> None:
    page = fresh.page
    for role in ("banner", "navigation", "main", "search"):
        assert page.get_by_role(role).count() == 1, role
    assert page.get_by_role("region", name="Every question").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("img", name="Training loss went from").count() == 1
    nameless = fresh.evaluate(
        "[...document.querySelectorAll('button, input, select, a')].filter(e =>"
        " !(e.innerText || e.textContent || e.labels?.length || e.ariaLabel)).length"
    )
    assert nameless == 0
    assert fresh.evaluate(
        "[...document.querySelectorAll('table')].every(t => t.caption && t.querySelector('th'))"
    )


@pytest.mark.slow
def test_a_page_of_1000_questions_is_found_in_and_fits(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "big.html"
    page.write_bytes(render_html(made.make_result(1000)).encode("utf-8", "replace"))
    with browsers.opened(browser, page.as_uri(), viewport={"width": 360, "height": 800}) as watched:
        watched.page.get_by_role("searchbox", name="Search").fill("branch 777")
        counted(watched, 1)
        assert watched.fits()
        assert watched.errors == []
