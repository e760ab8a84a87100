from __future__ import annotations

import dataclasses
import io

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from realift.report import figures, terminal, terminal_data, view
from realift.types import DataSummary, LeakCheck, RunResult
from tests.report import made_run as made

WIDTHS = (60, 80, 120)


def printed(shown: RenderableType, width: int, *, color: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, force_terminal=color)
    console.print(shown)
    return out.getvalue()


def words(text: str) -> str:
    """The text without frame and line breaks."""
    return " ".join(text.replace("│", " ").replace("─", " ").split())


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(result: RunResult, width: int) -> None:
    for shown in (
        terminal.render_panel(result),
        terminal_data.render_data(made.data_summary()),
        terminal_data.render_plan(made.plan()),
    ):
        assert all(cell_len(line) <= width for line in printed(shown, width).splitlines())


@pytest.mark.parametrize("width", WIDTHS)
def test_the_panel_says_all_that_matters(result: RunResult, width: int) -> None:
    text = words(printed(terminal.render_panel(result), width))
    for fact in (
        "REAL GAIN",
        "DON'T SHIP",
        "it lost refusals that the base had",
        "41%",
        "69%",
        "+28",
        "[+16, +40]",
        "<0.001",
        "refusal",
        "-40",
        "[-52, -28]",
        "0.012",
        "few-shot 52%" if width == 60 else "52%",
        "NOT CHECKED",
        "UNPROVEN",
        "refusal when context is missing",
        "Fixed (correctness): 25 questions",
        "and 22 more",
        "Broken (correctness): 3 questions",
        "Broken (refusal): 10 questions",
        "completeness: not measured",
        "2 questions could not be scored",
        "1. Add rows that refuse: 10 questions",
        "realift augment train.jsonl --refusals 20",
        "report.html",
        "kept step 35 of 56",
    ):
        assert fact in text, fact
    assert "mcnemar-midp" in text.replace(" ", "")


def test_the_first_lines_are_the_verdict_and_the_last_repeats_it(result: RunResult) -> None:
    lines = printed(terminal.render_panel(result), 80).splitlines()
    assert "REAL GAIN" in lines[2]
    assert "DON'T SHIP" in lines[3]
    assert "REAL GAIN: DON'T SHIP" in lines[-1]


def test_markup_in_answers_survives_as_text(result: RunResult) -> None:
    fixed = dataclasses.replace(
        result.verdict.comparisons[0],  # type: ignore[union-attr]
        fixed=("q4", "q5", "q3"),
    )
    verdict = dataclasses.replace(result.verdict, comparisons=(fixed,))  # type: ignore[type-var]
    shown = dataclasses.replace(result, verdict=verdict)
    text = words(printed(terminal.render_panel(shown), 80))
    assert "[bold]not bold[/bold] [1] [link=http://x.invalid]x[/link] :smile:" in text
    assert "It is the team lead [1]." in words(printed(terminal.render_panel(result), 80))


def test_no_escape_reaches_the_terminal_without_color(
    result: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = printed(terminal.render_panel(result), 80)
    assert not any(c in text for c in "\x1b\x07\u202e\ud800")
    monkeypatch.setenv("NO_COLOR", "1")
    with_terminal = printed(terminal.render_panel(result), 80, color=True)
    assert "\x1b[3" not in with_terminal  # bold may stay, color may not


def test_a_megabyte_answer_is_shortened(result: RunResult) -> None:
    fixed = dataclasses.replace(result.verdict.comparisons[0], fixed=("q6",))  # type: ignore[union-attr]
    verdict = dataclasses.replace(result.verdict, comparisons=(fixed,))  # type: ignore[type-var]
    text = printed(terminal.render_panel(dataclasses.replace(result, verdict=verdict)), 80)
    assert len(text) < 20_000
    assert "…" in text


def test_a_bare_verdict_names_the_questions(result: RunResult) -> None:
    assert result.verdict is not None
    text = words(printed(terminal.render_verdict(result.verdict), 80))
    assert "q26, q27, q28" in text
    assert "report.html" not in text


def test_print_panel_takes_a_run_or_a_verdict(result: RunResult) -> None:
    for shown in (result, result.verdict):
        out = io.StringIO()
        assert shown is not None
        terminal.print_panel(shown, console=Console(file=out, width=80))
        assert "REAL GAIN" in out.getvalue()


def test_without_a_few_shot_arm_the_column_is_gone_and_said_so(result: RunResult) -> None:
    row = made.comparison(few_shot=None)
    verdict = dataclasses.replace(result.verdict, comparisons=(row,), guards=())  # type: ignore[type-var]
    text = words(printed(terminal.render_verdict(verdict), 80))
    assert "few-shot: not measured" in text


def test_a_row_against_the_few_shot_arm_never_shows_its_rate_as_the_base(
    result: RunResult,
) -> None:
    row = result.verdict.comparisons[1]  # type: ignore[union-attr]
    verdict = dataclasses.replace(result.verdict, comparisons=(row,), guards=())  # type: ignore[type-var]
    text = words(printed(terminal.render_verdict(verdict), 120))
    assert "correctness vs few-shot - 52% 69% +17" in text


def test_nothing_compared_prints_not_measured(result: RunResult) -> None:
    verdict = dataclasses.replace(  # type: ignore[type-var]
        result.verdict, label="INVALID", comparisons=(), guards=(), reasons=(), warnings=()
    )
    text = words(printed(terminal.render_verdict(verdict), 80))
    assert "not measured: nothing was compared" in text
    assert "Signature not measured" in text


@pytest.mark.parametrize("status", ["failed", "interrupted", "running", "done", ""])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_run_without_a_verdict_says_how_far_it_got(status: str, width: int) -> None:
    run = made.stopped(status, data=made.data_summary(), plan=made.plan())
    run.manifest.update(error="first loss is not finite [1]", hint="lower the learning rate")
    text = words(printed(terminal.render_panel(run), width))
    assert "Verdict none" in text
    assert "first loss is not finite [1]" in text
    assert "hint: lower the learning rate" in text
    assert "plan the training done" in text
    assert "train not reached" in text


def test_data_shows_problems_by_kind_with_their_first_places_and_a_count() -> None:
    text = words(printed(terminal_data.render_data(made.data_summary()), 80))
    assert "9 errors, 8 warnings, 8 notes" in text
    assert "error: 9 x" in text
    assert "and 6 more (--json has them all)" in text
    assert text.index("error: 9 x") < text.index("warning: 8 x") < text.index("note: 8 x")
    assert "58 to answer, 24 to refuse" in text
    assert "How much is the Acme Starter plan" in text
    assert "similarity 0.74 of 1" in text


@pytest.mark.parametrize(
    "check",
    [
        LeakCheck(leaks=(), n_questions=3, n_could_fire=0, controls_caught=0, controls_planted=0),
        LeakCheck(leaks=(), n_questions=3, n_could_fire=3, controls_caught=1, controls_planted=2),
    ],
)
def test_a_leak_check_that_could_not_fire_is_not_checked(check: LeakCheck) -> None:
    summary: DataSummary = dataclasses.replace(made.data_summary(0), leak_check=check)
    assert "NOT CHECKED" in printed(terminal_data.render_data(summary), 80)


def test_the_plan_says_what_was_not_measured() -> None:
    plan = dataclasses.replace(made.plan(), expected_seconds=None, expected_peak_bytes=None)
    text = words(printed(terminal_data.render_plan(plan), 80))
    assert "Training time not measured" in text
    assert "Peak memory not measured" in text
    assert "two steps on cpu, 2 threads" in words(
        printed(terminal_data.render_plan(made.plan()), 80)
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_every_measured_dimension_shows_what_its_figures_rest_on(
    result: RunResult, width: int
) -> None:
    text = words(printed(terminal.render_panel(result), width))
    assert result.verdict is not None
    for row in view.table_rows(result.verdict):
        c = row.comparison
        if c.difference is None:
            continue
        for fact in (
            f"{c.n_scored} of {c.n_questions} scored",
            f"adapter {figures.percent(c.adapter.value)} ({figures.rate_interval(c.adapter)})",
            f"{c.n_fixed} better, {c.n_broken} worse",
            c.test,
        ):
            assert fact in text, fact
    assert text.count("reliably finds") == 4


def test_the_table_shows_the_p_that_decided_and_says_that_it_is_corrected(
    result: RunResult,
) -> None:
    assert result.verdict is not None
    first, *others = result.verdict.comparisons
    row = dataclasses.replace(first, p_value=0.021, p_adjusted=0.084)
    verdict = dataclasses.replace(result.verdict, comparisons=(row, *others))
    text = words(printed(terminal.render_verdict(verdict), 120))
    table, behind = text.split("Behind the figures")
    assert "0.084" in table
    assert "0.021" not in table
    assert "p is corrected where several looks or dimensions count" in table
    assert "p 0.021, corrected 0.084" in behind
    assert "corrected" not in words(printed(terminal.render_panel(result), 120))
