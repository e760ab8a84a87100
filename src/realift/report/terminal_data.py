"""What the terminal says before anything runs: what was found in the data, and the plan.

>>> Console().print(render_data(summary))  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from realift.cleaning import Cleaned
from realift.report import figures, state, view
from realift.report.terminal import bullets, facts, section, styled
from realift.report.text import clean, one_line
from realift.types import DataSummary, Leak, LeakCheck, Length, Plan, Problem

N_LEFT_OUT = 200  # rows left out of a clean file that the screen names
N_PLACES = 3  # places of one kind of problem
N_SUSPECTS = 3  # suspect pairs on the screen; all of them stand in data/summary.json


def render_data(summary: DataSummary) -> RenderableType:
    """Rows, questions, lengths, problems by kind and leaks as pairs of texts."""
    parts: list[RenderableType] = [Text("Data", style="bold"), facts(_counts(summary))]
    if summary.lengths:
        parts += section("Lengths", _lengths(summary.lengths))
    if summary.problems:
        parts += section(f"Problems: {state.problem_count(summary.problems)}", _problems(summary))
    if summary.retrieval:
        from realift.report.terminal_retrieval import retrieval_block

        parts += retrieval_block(summary.retrieval)
    if summary.leak_check:
        parts += section("Train/eval leaks", *_leaks(summary.leak_check))
    return Group(*parts)


def _counts(summary: DataSummary) -> list[tuple[str, str | Text]]:
    rows = figures.counted(summary.n_examples, "row")
    questions = (
        f"{figures.counted(summary.n_questions, 'question')}: "
        f"{summary.n_answerable:,} to answer, {summary.n_unanswerable:,} to refuse"
    )
    detail = (
        f"{summary.n_with_context:,} with context, "
        f"in {figures.counted(summary.n_groups, 'independent group')}"
    )
    found = summary.minimum_detectable
    can_show = (
        "nothing reliably: too few questions"
        if found is None
        else f"gains of {figures.percent(found)} or more (found in 80 of 100 cases)"
    )
    return [
        ("Training", f"{rows}, {summary.n_refusals_in_train:,} of them refusals"),
        ("Eval set", questions),
        ("", detail),
        *([("It can show", can_show)] if summary.n_answerable else []),
    ]


def _lengths(lengths: Sequence[Length]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("")
    for name in ("rows", "shortest", "median", "95% within", "longest"):
        table.add_column(name, justify="right")
    for row in lengths:
        table.add_row(
            f"{row.of}, {row.unit}",
            *(f"{n:,}" for n in (row.n, row.smallest)),
            f"{row.median:,.0f}",
            *(f"{n:,}" for n in (row.p95, row.largest)),
        )
    return table


def _problems(summary: DataSummary) -> RenderableType:
    """Problems by kind, the gravest first; of each kind the first places, then a count."""
    kinds: dict[tuple[str, str], list[Problem]] = {}
    for problem in summary.problems:
        kinds.setdefault((problem.severity, problem.code), []).append(problem)
    order = ("error", "warning", "note")
    grouped = sorted(kinds.values(), key=lambda group: order.index(group[0].severity))
    return bullets([_kind(group) for group in grouped])


def _kind(group: Sequence[Problem]) -> Text:
    first = group[0]
    line = styled(first.severity, bold=False)
    if len(group) == 1:
        place = f" {clean(str(first.where))}" if first.where else ""
        line.append(f"{place}: {clean(first.message)} ({clean(first.code)})", style="default")
    else:
        line.append(f": {len(group):,} x {clean(first.code)}", style="default")
        for problem in group[:N_PLACES]:
            place = f"{clean(str(problem.where))}: " if problem.where else ""
            line.append(f"\n{place}{clean(problem.message)}", style="default")
        if len(group) > N_PLACES:
            line.append(f"\nand {len(group) - N_PLACES:,} more (--json has them all)", style="dim")
    hints = dict.fromkeys(problem.hint for problem in group[:N_PLACES] if problem.hint)
    for hint in hints:
        line.append(f"\nhint: {clean(hint)}", style="dim")
    return line


def render_cleaned(cleaned: Cleaned) -> RenderableType:
    """Where the clean rows are, and line by line what was left out."""
    n = len(cleaned.left_out)
    said = f"{figures.counted(cleaned.n_kept, 'row')} written to {clean(cleaned.path)}, " + (
        f"{n:,} left out" if n else "none left out"
    )
    how = "" if cleaned.faithful else "The kept rows were written anew, as JSON lines."
    lines = [
        Text(f"  {clean(str(row.where))}: {clean(row.reason)}")
        for row in cleaned.left_out[:N_LEFT_OUT]
    ]
    if n > N_LEFT_OUT:
        lines.append(Text(f"  and {n - N_LEFT_OUT:,} more (--json has them all)", style="dim"))
    parts: list[RenderableType] = [Text(said), *([Text(how)] if how else []), *lines]
    return Group(*section("Clean rows", *parts))


def _leaks(check: LeakCheck) -> list[RenderableType]:
    """Every leak that decides the verdict (up to 20), and a few of the merely suspect pairs."""
    pairs = {(leak.example_id, leak.question_id): leak for leak in reversed(check.leaks)}
    sure = [leak for leak in pairs.values() if leak.kind != "suspect"][: view.N_SHOWN]
    suspect = sorted(
        (leak for leak in pairs.values() if leak.kind == "suspect"), key=lambda k: -k.similarity
    )[:N_SUSPECTS]
    parts: list[RenderableType] = [Text(state.leak_sentence(check))]
    parts += [_leak(leak) for leak in (*sure, *suspect)]
    more = len(pairs) - len(sure) - len(suspect)
    return [*parts, Text(f"  and {more} more pairs")] if more > 0 else parts


def _leak(leak: Leak) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold", ratio=1)
    kind = f"{leak.kind} copy of the {leak.field}, similarity {leak.similarity:.2f} of 1"
    grid.add_row("  -", Text(kind, style="yellow" if leak.kind == "suspect" else "red"))
    for side, row, text in (
        ("train", leak.example_id, leak.example_text),
        ("eval", leak.question_id, leak.question_text),
    ):
        grid.add_row(f"  {side}", Text(f"{one_line(row, limit=40)}: {one_line(text, limit=160)}"))
    return grid


def render_plan(plan: Plan) -> RenderableType:
    """What the training will do and cost, and on what the estimate was measured."""
    share = plan.trainable_parameters / plan.total_parameters if plan.total_parameters else None
    of_all = f" ({figures.percent(share)} of {plan.total_parameters:,})" if share else ""
    training = f"{figures.counted(plan.n_train, 'row')} to train on"
    held_out = f"{plan.n_valid:,} held out to choose the best step"
    measured = f" ({clean(plan.measured_on)})" if plan.measured_on else ""
    pairs: list[tuple[str, str | Text]] = [
        ("Rows", f"{training}, {held_out}"),
        ("Tokens", f"{plan.n_tokens:,} a pass, {plan.n_supervised:,} of them supervised"),
        (
            "Steps",
            f"{plan.n_steps:,} = {figures.counted(plan.epochs, 'pass', 'passes')} "
            f"of {plan.steps_per_epoch:,}, learning rate {plan.learning_rate:.3g}",
        ),
        ("Adapter", f"{plan.trainable_parameters:,} trainable parameters{of_all}"),
        ("Training time", f"{_about(plan.expected_seconds)}{measured}"),
        ("Answering time", _about(plan.expected_answer_seconds)),
        ("Peak memory", figures.size(plan.expected_peak_bytes)),
    ]
    return Group(Text("Plan", style="bold"), facts(pairs))


def _about(seconds: float | None) -> str:
    said = figures.seconds(seconds)
    return f"about {said}" if said[0].isdigit() else said
