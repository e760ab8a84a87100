"""What was not retrieved is shown apart, in the terminal, on the page and in the comment."""

from __future__ import annotations

import dataclasses
import io
import re

import pytest
from rich.console import Console

from realift.report import terminal_data
from realift.report.html import render_html
from realift.report.markdown import render_markdown
from realift.types import Retrieved, RunResult
from realift.verdict.retrieval import retrieval_report
from tests.report import made_run as made


@pytest.fixture
def retrieving() -> RunResult:
    rows = [
        Retrieved(
            question_id=f"r{n}", question=f"Where is {made.SCRIPT} {n}?", expected="a<b>.md",
            status="found" if n < 6 else "missed", rank=n + 1 if n < 9 else None,
            n_expected=1, sources=("c.md", "d.md"), answer_there=n < 3,
        )
        for n in range(10)
    ]  # fmt: skip
    report = retrieval_report(rows, name="bm25", k=6, n_documents=3, n_passages=40)
    result = made.make_result()
    assert result.data is not None
    return dataclasses.replace(result, data=dataclasses.replace(result.data, retrieval=report))


FACTS = ("60%", "n = 10", "not among the first 20", "first at place 7", "c.md, d.md")


def test_the_page_shows_figures_and_misses_and_no_markup_of_theirs(retrieving: RunResult) -> None:
    page = render_html(retrieving)
    section = page[page.index('id="retrieval"') :]
    section = section[: section.index("</section>")]
    for fact in FACTS:
        assert fact in section, fact
    assert "a&lt;b&gt;.md" in section
    assert "<script>alert" not in section
    assert 'id="retrieval"' not in render_html(made.make_result())


def test_the_comment_shows_the_figures_and_the_first_misses(retrieving: RunResult) -> None:
    text = render_markdown(retrieving)
    section = text[text.index("### Retrieval") :].split("###")[1]
    assert "60% (95% interval" in section.replace("\\", "")
    assert "and 1 more" in section
    assert "### Retrieval" not in render_markdown(made.make_result())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminal_shows_them_before_anything_is_trained(
    retrieving: RunResult, width: int
) -> None:
    console = Console(file=io.StringIO(), width=width, record=True)
    assert retrieving.data is not None
    console.print(terminal_data.render_data(retrieving.data))
    text = re.sub(r"\s+", " ", console.export_text())
    for fact in FACTS:
        assert fact in text, fact
