from __future__ import annotations

import dataclasses
import html.parser
import io
import json
import re
import typing
from pathlib import Path

import pytest
from rich.console import Console

from realift import run_folder, types
from realift.errors import RunFolderError
from realift.report import by_question, charts, figures, terminal, view
from realift.report.html import render_html
from realift.report.machine import to_json, verdict_to_json
from realift.report.markdown import MAX_BYTES, render_markdown
from realift.report.write import write_reports
from realift.types import RunResult
from tests.report import made_run as made


class Page(html.parser.HTMLParser):
    """Tags with their attributes, and the text, as a browser would see them."""

    VOID = ("meta", "br", "img", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.text = " ".join("".join(self.parts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


@pytest.fixture(scope="module")
def page(result: RunResult) -> Page:
    return Page(render_html(result))


# --- the page ----------------------------------------------------------------------------------


def test_the_page_is_well_formed_and_has_every_part(page: Page) -> None:
    assert page.open == []
    for fact in (
        "REAL GAIN",
        "DON'T SHIP",
        "it lost refusals that the base had",
        "Add rows that refuse",
        "realift augment train.jsonl --refusals 20",
        "refusal when context is missing",
        "held-out loss",
        "kept: step 35",
        "How the arms talked",
        "broken: 13",
        "handbook-26.md",
        "Asked again by the probe: closed book",
        "cut off after 64 tokens",
        "not asked: the prompt does not fit",
        "Ran on 50, could have fired on 48; caught 10 of 10 planted faults",
        "No passage could be changed.",
        "95% 1% to 11%",
        "Memorized, not learned $1 <b>",
        "cited by base and adapter",
        "This is the first adapter",
        "train.jsonl:97 and 2 more",
        "training answerswords6414.5121,040",
        "Problems in the data: 9 errors",
        "caught 5 of 5 planted copies",
        "realift run --base tiny --train 'my rows.jsonl'",
        "versions.torch",
        made.SIGNATURE,
    ):
        assert fact in page.text, fact


def test_the_page_loads_nothing_and_runs_only_its_own_script(page: Page) -> None:
    tags = [tag for tag, _ in page.tags]
    assert not {*tags} & {"img", "iframe", "object", "embed", "link", "base"}
    assert tags.count("script") == 1
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), tag
        for name in ("src", "href", "xlink:href"):
            target = attributes.get(name) or ""
            assert "//" not in target, target
            assert not target.startswith(("javascript:", "data:")), target
    assert not re.search(r"url\(|@import", render_html(made.stopped("failed")))


def test_hostile_texts_stay_text(page: Page) -> None:
    for text in (made.SCRIPT, made.IMAGE, made.MARKUP, "# heading <b>bold</b> @someone"):
        assert text in page.text
    assert "␛[31mred␛[0m ␇bell ⟨U+202E⟩gnirts⟨U+202C⟩ ⟨U+D800⟩ end" in page.text
    source = "".join(page.parts)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", source)


def test_names_reasons_and_errors_are_inert_too() -> None:
    run = made.stopped("failed")
    bad = made.SCRIPT + "\u202e"
    run.manifest.update(error=bad, hint=bad, command=bad, name=bad, base=bad, created=bad)
    run.manifest["versions"] = {bad: bad}
    page = Page(render_html(dataclasses.replace(run, name=bad)))
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert "\u202e" not in "".join(page.parts)


def test_a_megabyte_answer_is_cut_and_says_where_the_whole_stands(page: Page) -> None:
    assert "of 1,000,009 characters; the whole stands in answers.jsonl" in page.text


def test_tables_tell_a_screen_reader_what_they_are(page: Page) -> None:
    n_tables = sum(tag == "table" for tag, _ in page.tags)
    assert n_tables == sum(tag == "caption" for tag, _ in page.tags) >= 4
    assert all(a.get("scope") in ("col", "row") for tag, a in page.tags if tag == "th")
    assert ("html", {"lang": "en"}) in page.tags


def test_a_page_of_200_questions_stays_under_2_megabytes() -> None:
    assert len(render_html(made.make_result(200)).encode()) < 2_000_000


@pytest.mark.parametrize("char", ['"', "界"])
def test_200_questions_with_endless_texts_stay_under_2_megabytes(char: str) -> None:
    result = made.make_result(200)
    long = tuple(dataclasses.replace(c, text=char * 20_000) for c in result.completions)
    page = render_html(dataclasses.replace(result, completions=long))
    assert len(page.encode()) < 2_000_000


def test_200_questions_that_differ_in_every_other_word_stay_under_2_megabytes() -> None:
    result = made.make_result(200)
    words = {
        "base": "ab cd " * 2000,
        "few_shot": " ".join(f"ab {i}" for i in range(2000)),
        "adapter": " ".join(f"cd {i}" for i in range(2000)),
    }
    long = tuple(dataclasses.replace(c, text=words[c.arm] + " [1]") for c in result.completions)
    asked = tuple(
        dataclasses.replace(q, passages=(types.Passage(text=words["adapter"]),), context="")
        for q in result.questions
    )
    page = render_html(dataclasses.replace(result, completions=long, questions=asked))
    assert len(page.encode()) < 2_000_000


def test_every_label_status_and_recommendation_has_a_tone() -> None:
    for kind in (types.Label, types.GuardStatus, types.Recommendation, types.Severity):
        for word in typing.get_args(kind):
            assert word in view._TONES or word == "note"


# --- pictures ----------------------------------------------------------------------------------


def test_the_curve_survives_one_point_none_and_unfinished_losses() -> None:
    training = made.training()
    point = types.CurvePoint(step=1, epoch=0.1, loss=2.0)
    nan = dataclasses.replace(point, loss=float("nan"))
    for curve, drawn in (((point,), True), ((), False), ((nan,), False)):
        one = dataclasses.replace(training, curve=curve, n_steps=1, kept_step=1)
        svg = str(charts.curve_svg(one))
        assert ("<svg" in svg) is drawn
        assert "nan" not in svg
    flat = dataclasses.replace(
        training, base_valid_loss=None, curve=(dataclasses.replace(point, loss=0.0),)
    )
    assert "<svg" in charts.curve_svg(flat)


def test_an_interval_that_leaves_the_axis_ends_at_its_edge() -> None:
    row = made.comparison(base=0.0, adapter=1.0)
    rows = view.table_rows(dataclasses.replace(made.verdict(), comparisons=(row,), guards=()))
    span = charts.interval_span(rows, 0.1)
    assert span == 1.0
    svg = charts.interval_svg(row, span=span, min_gain=0.1)
    assert all(0 <= float(x) <= 200 for x in re.findall(r'x\d?="([\d.-]+)"', svg))


# --- all four say the same ---------------------------------------------------------------------


def _terminal(result: RunResult) -> str:
    out = io.StringIO()
    Console(file=out, width=120, highlight=False).print(terminal.render_panel(result))
    return out.getvalue()


def test_terminal_page_comment_and_json_say_the_same_numbers(result: RunResult, page: Page) -> None:
    texts = (_terminal(result), page.text, render_markdown(result).replace("\\", ""))
    said = to_json(result)
    assert said["comparisons"][0]["difference"] == pytest.approx(0.275)
    for row in view.table_rows(made.verdict()):
        c = row.comparison
        if c.difference is None:
            assert all(figures.NOT_MEASURED in text for text in texts)
            continue
        for number in (
            figures.percent(c.base.value),
            figures.percent(c.adapter.value),
            figures.points(c.difference),
            figures.interval(c.interval),
            figures.p_value(c.p_value),
            str(c.n_scored),
            c.label,
        ):
            assert all(number in text for text in texts), (c.dimension, number)
    for guard in made.verdict().guards:
        assert all(guard.status in text and guard.name in text for text in texts)


def test_few_shot_fixes_are_not_called_fixed(result: RunResult) -> None:
    by_id = {a.question.id: a for a in by_question.asked(result)}
    assert by_id["q40"].marks == ()
    assert by_id["q1"].marks == ("fixed: correctness",)
    assert by_id["q60"].outcome == "broken"


def test_unscored_questions_are_shown_apart(result: RunResult) -> None:
    outcomes = {a.question.id: a.outcome for a in by_question.asked(result)}
    assert outcomes["q82"] == "not scored"


def test_what_went_wrong_stands_first_among_the_guards(result: RunResult) -> None:
    found = view.watched(made.verdict(), result)
    assert [line.status for line in found] == [
        "REGRESSION",
        "WARNING",
        "UNPROVEN",
        "NOT CHECKED",
        "NOT CHECKED",
        "OK",
    ]
    assert sum(line.name == "forgetting" for line in found) == 1  # a guard and a check


def test_reasons_and_warnings_are_not_repeated() -> None:
    verdict = dataclasses.replace(
        made.verdict(),
        reasons=("Why.", "OK, forgetting: General text: +0.01 nats/token [-0.02, +0.04], n 50."),
        warnings=("Why.", "Other."),
    )
    assert view.reasons(verdict) == ("Why.",)
    assert view.warnings(verdict) == ("Other.",)


# --- the comment -------------------------------------------------------------------------------


def test_the_comment_cannot_format_link_or_call_anybody(result: RunResult) -> None:
    fixed = dataclasses.replace(
        result.verdict.comparisons[0],  # type: ignore[union-attr]
        fixed=("q1", "q2", "q5"),
    )
    verdict = dataclasses.replace(result.verdict, comparisons=(fixed,), guards=())  # type: ignore[type-var]
    text = render_markdown(dataclasses.replace(result, verdict=verdict))
    assert "<script" not in text
    assert "<img" not in text
    assert "<b>" not in text
    assert "http://" not in text
    assert "www." not in text
    line = next(line for line in text.splitlines() if "heading" in line)
    assert line.count(" | ") == 3  # four cells, whatever stands in them
    assert "a \\| b \\`code\\` \\*\\*c\\*\\*" in line


def test_the_comment_fits_whatever_the_texts() -> None:
    bad = "|<@" * 10_000
    result = made.make_result()
    verdict = dataclasses.replace(
        made.verdict(),
        sentence=bad,
        reasons=(bad,) * 50,
        warnings=(bad + "!",) * 50,
        next_steps=(bad,) * 50,
    )
    completions = tuple(dataclasses.replace(c, text=bad) for c in result.completions)
    result = dataclasses.replace(result, verdict=verdict, completions=completions)
    text = render_markdown(result)
    assert 10_000 < len(text.encode()) <= MAX_BYTES
    assert text.endswith("everything is in `report.html`.\n")


def test_the_comment_of_a_stopped_run_says_why() -> None:
    run = made.stopped("failed")
    run.manifest.update(error="no row is left [1]", hint="add rows")
    text = render_markdown(run)
    assert "No verdict (failed)" in text
    assert "no row is left \\[1\\]" in text
    assert "hint: add rows" in text


# --- json --------------------------------------------------------------------------------------


def test_json_has_stable_keys_and_no_nan(result: RunResult) -> None:
    said = json.loads(json.dumps(to_json(result), allow_nan=False))
    assert list(said) == [
        "schema",
        "name",
        "status",
        "error",
        "verdict",
        "comparisons",
        "guards",
        "signature",
        "checks",
        "advice",
        "judge",
        "judge_grounding",
        "data",
        "plan",
        "training",
        "arms",
        "counts",
        "paths",
        "manifest",
    ]
    assert said["verdict"]["label"] == "REAL GAIN"
    assert said["data"]["n_problems"] == {"error": 9, "warning": 8, "note": 8}
    assert said["training"]["kept_step"] == 35
    assert "curve" not in said["training"]
    assert said["paths"]["report_html"].endswith("report.html")
    assert said["counts"] == {"questions": 82, "answers": 247, "scores": 246}


def test_json_of_a_stopped_run_and_of_a_bare_verdict(result: RunResult) -> None:
    run = made.stopped("failed")
    run.manifest["error"] = "no"
    said = to_json(run)
    assert (said["verdict"], said["data"], said["error"]) == (None, None, "no")
    assert result.verdict is not None
    assert verdict_to_json(result.verdict)["verdict"]["recommendation"] == "DON'T SHIP"


# --- the folder --------------------------------------------------------------------------------


def test_the_same_folder_gives_the_same_bytes(folder: Path) -> None:
    reports = write_reports(folder)
    first = [path.read_bytes() for path in (reports.html, reports.markdown)]
    write_reports(folder)
    assert [path.read_bytes() for path in (reports.html, reports.markdown)] == first
    assert not list(folder.glob(".*.part"))


def test_where_the_folder_lies_does_not_change_the_page(folder: Path, tmp_path: Path) -> None:
    here = write_reports(folder).html.read_bytes()
    moved = folder.rename(tmp_path / "elsewhere")
    moved = moved.rename(tmp_path / "acme-1")
    assert write_reports(str(moved)).html.read_bytes() == here
    assert str(tmp_path).encode() not in here


@pytest.mark.parametrize(
    ("status", "reached"),
    [*(("failed", i) for i in range(6)), ("interrupted", 3), ("running", 2), ("done", 5)],
)
def test_a_run_that_stopped_anywhere_gets_its_pages(
    tmp_path: Path, result: RunResult, status: str, reached: int
) -> None:
    parts: list[dict[str, object]] = [
        {"data": result.data, "questions": result.questions},
        {"plan": result.plan},
        {"training": result.training},
        {"completions": result.completions[:40]},
        {"scores": result.scores},
    ]
    got = {key: value for part in parts[:reached] for key, value in part.items()}
    folder = made.save(made.stopped(status, **got), tmp_path / "run")
    reports = write_reports(folder)
    page = Page(reports.html.read_text(encoding="utf-8"))
    assert page.open == []
    assert "No verdict" in page.text
    assert "not reached" in page.text
    assert ("train: done" in page.text) is (reached >= 3)
    assert "No verdict" in reports.markdown.read_text(encoding="utf-8")


def test_a_verdict_without_completions_is_rendered(tmp_path: Path, result: RunResult) -> None:
    bare = dataclasses.replace(result, completions=(), scores=(), arms=())
    reports = write_reports(made.save(bare, tmp_path / "run"))
    assert "No question was answered." in Page(reports.html.read_text(encoding="utf-8")).text


def test_no_run_folder_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError):
        write_reports(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_room_needs_no_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys, realift.report.write, realift.report.terminal_data, realift.report.machine;"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'peft', 'jinja2')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_manifest_and_schema_agree(folder: Path) -> None:
    assert run_folder.load(folder).manifest["schema"] == run_folder.SCHEMA


# --- parts that most runs do not have ----------------------------------------------------------


def test_seeds_and_looks_are_told() -> None:
    claim = types.RecipeClaim(
        dimension="correctness",
        seeds=(0, 1, 2),
        differences=(0.1, 0.12, -0.05),
        n_questions=80,
        n_groups=41,
        difference=0.06,
        interval=types.Interval(low=-0.1, high=0.2),
        p_value=0.3,
        test="crossed ANOVA",
        label="TOO SMALL TO TELL",
        sentence="Three seeds do not agree.",
    )
    verdict = dataclasses.replace(made.verdict(), recipe=claim, n_looks=3)
    run = dataclasses.replace(made.make_result(3), verdict=verdict)
    page = Page(render_html(run))
    for fact in ("The recipe: 3 seeds", "Three seeds do not agree.", "-5", "95% [-10, +20]"):
        assert fact in page.text, fact
    assert "3 adapters were judged on this eval set so far" in page.text
    assert "p is multiplied by 3" in page.text
    assert "Recipe (3 seeds)" in render_markdown(run)
    sequential = dataclasses.replace(verdict, sequential=True)
    assert "an e-value decides" in view.looks(sequential)


def test_a_second_opinion_is_shown_everywhere_and_changes_nothing(folder: Path) -> None:
    run_folder.write_json(folder / "judge.json", made.judged())
    result = run_folder.load(folder)
    page = Page(render_html(result))
    assert "Second opinion, unvalidated" in page.text
    assert "judge, each answer alone (unvalidated)" in page.text
    assert "$quoted <b>" in page.text
    assert "REAL GAIN" in page.text
    assert "A second opinion (it never changes the verdict)" in render_markdown(result)
    assert to_json(result)["judge"]["model"] == "$quoted <b>"


def test_a_broken_second_opinion_is_said_and_breaks_nothing(folder: Path) -> None:
    (folder / "judge.json").write_text("{", encoding="utf-8")
    page = Page(render_html(run_folder.load(folder)))
    assert "judge.json:" in page.text
    assert "not valid JSON" in page.text
    assert to_json(run_folder.load(folder))["judge"] is None


def test_pictures_take_any_name_and_number(result: RunResult) -> None:
    bad = "a$x^2$ <b>&\x07\u202e" + "y" * 500
    reading = types.Reading(name=bad, arm="base", value=float("inf"), unit="share", n=1)
    check = dataclasses.replace(
        made.checks()[1],
        name=bad,
        title=bad,
        readings=(
            reading,
            dataclasses.replace(reading, value=0.5),
            dataclasses.replace(reading, value=1e9, interval=types.Interval(low=0, high=1e9)),
        ),
        series=(
            types.Series(name=bad, x_label=bad, y_label=bad, x=(1, 2), y=(float("nan"), 1)),
            types.Series(name="", x_label="x", y_label="y", x=(), y=()),
        ),
    )
    for svg in (*charts.readings_svg(check), *charts.series_svg(check)):
        assert "<b>" not in svg
        assert "nan" not in svg.replace("finance", "")
        assert "\x07" not in svg
        assert "DejaVu" not in svg
        assert "#0101" not in svg  # every color is a variable of the page
    assert charts.lengths_svg(()) == ""


def test_two_pictures_of_one_page_share_no_id(page: Page) -> None:
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
