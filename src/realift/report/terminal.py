"""The panel at the end of a run, and what is said before it starts, for a terminal.

Every text goes in as ``rich.text.Text``, so "[1]" or "[bold]" in an answer is never taken for
markup. Readable from 60 columns on, without color. Imports rich, no other room.

>>> print_panel(run_folder.load("runs/acme-1"))  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from realift.report import by_question, figures, state, view
from realift.report.text import clean, one_line
from realift.types import (
    ArmStats,
    Check,
    Comparison,
    Guard,
    Rate,
    RunResult,
    TrainResult,
    Verdict,
)

MAX_WIDTH = 120  # longer lines are harder to read, not richer
_TABLE_FROM = 72  # inner width from which the evidence fits into a table
_WIDE_FROM = 96  # inner width from which nothing in it needs to share a column
N_ADVICE = 3  # on the screen; all of it stands in advice.json and the report
_STYLES = {"good": "green", "bad": "red", "unsure": "yellow", "plain": "default"}


@dataclass(frozen=True, slots=True)
class _Fitted:
    """Something that is laid out when its width is known."""

    build: Callable[[int], RenderableType]
    width: int | None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(self.width or options.max_width, options.max_width, MAX_WIDTH)
        yield from console.render(self.build(width), options.update(width=width))


def render_panel(result: RunResult, *, width: int | None = None) -> RenderableType:
    """One panel that says what a run found; without a verdict it says how far the run got.

    Args:
        result: A run as read by ``run_folder.load``.
        width: Columns to use; ``None`` takes what the terminal has, at most ``MAX_WIDTH``.
    """
    verdict = result.verdict
    if verdict is None:
        return _Fitted(lambda w: _unfinished(result, w), width)
    return _Fitted(lambda w: _judged(verdict, result, w), width)


def render_verdict(verdict: Verdict, *, width: int | None = None) -> RenderableType:
    """The same panel for a bare verdict (``compare --scores``): no answers, no report."""
    return _Fitted(lambda w: _judged(verdict, None, w), width)


def print_panel(
    shown: RunResult | Verdict, *, console: Console | None = None, width: int | None = None
) -> None:
    """Print a run's or a verdict's panel on stdout (or on ``console``)."""
    console = console or Console(highlight=False)
    if isinstance(shown, Verdict):
        console.print(render_verdict(shown, width=width))
    else:
        console.print(render_panel(shown, width=width))


# --- pieces that the data screens use too ------------------------------------------------------


def styled(word: str, *, bold: bool = True) -> Text:
    """A label, status or recommendation in its color."""
    style = _STYLES[view.tone(word)]
    return Text(word, style=f"bold {style}" if bold else style)


def facts(pairs: Iterable[tuple[str, str | Text]]) -> Table:
    """Names on the left, texts on the right."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for label, value in pairs:
        grid.add_row(Text(label), value if isinstance(value, Text) else Text(clean(value)))
    return grid


def bullets(lines: Iterable[str | Text], *, numbered: bool = False) -> Table:
    """A list with a hanging indent."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column(overflow="fold", ratio=1)
    for i, line in enumerate(lines, start=1):
        mark = f"{i}." if numbered else "-"
        grid.add_row(Text(mark), line if isinstance(line, Text) else Text(clean(line)))
    return grid


def section(title: str, *parts: RenderableType) -> list[RenderableType]:
    """A heading, its content and a blank line before."""
    return [Text(), Text(title, style="bold"), *parts]


def boxed(
    parts: Sequence[RenderableType], *, title: str, foot: str, style: str, width: int
) -> Panel:
    """The one frame; ``foot`` repeats the outcome where a long panel ends on the screen."""
    return Panel(
        Group(*parts),
        title=Text(f" {one_line(title, limit=max(width - 12, 10))} ", style="bold"),
        title_align="left",
        subtitle=Text(f" {one_line(foot, limit=max(width - 12, 10))} ", style=f"bold {style}"),
        subtitle_align="left",
        border_style=style,
        padding=(1, 1),
        width=width,
    )


# --- a run with a verdict ----------------------------------------------------------------------


def _judged(verdict: Verdict, result: RunResult | None, width: int) -> Panel:
    inner = width - 4
    parts: list[RenderableType] = [*_headline(verdict)]
    parts += section("Evidence", *_evidence(verdict, inner))
    checks = result.checks if result else ()
    if guards := view.own_guards(verdict, checks):
        parts += section("Guards: what must not get worse", _guards(guards))
    if checks:
        parts += section("Checks: what else the adapter was asked", _checks(checks))
    parts += _details(verdict, checks)
    parts += _changed(verdict, result, inner)  # from here on: what is on the screen at the end
    if view.warnings(verdict):
        parts += section("Warnings", bullets(view.warnings(verdict)))
    parts += _next_steps(verdict, result)
    if result:
        parts += [Text(), facts(_footer(result))]
    title = f"realift: {state.name(result)}" if result else "realift"
    style = _STYLES[view.tone(verdict.recommendation)]
    foot = f"{verdict.label}: {verdict.recommendation}"
    return boxed(parts, title=title, foot=foot, style=style, width=width)


def _next_steps(verdict: Verdict, result: RunResult | None) -> list[RenderableType]:
    """The first pieces of advice with their commands; a bare verdict has only its own words."""
    advice = result.advice if result else ()
    if not advice:
        steps = verdict.next_steps[:N_ADVICE]
        return section("What to do next", bullets(steps, numbered=True)) if steps else []
    lines = []
    for one in advice[:N_ADVICE]:
        line = Text(clean(one.title), style="bold")
        if one.why:
            line.append(f": {clean(one.why)}", style="not bold")
        for command in one.command.splitlines():
            line.append(f"\n{one_line(command, limit=500)}", style="not bold cyan")
        lines.append(line)
    more = len(advice) - len(lines)
    rest = [Text(f"   and {more} more in the report", style="dim")] if more else []
    return section("What to do next", bullets(lines, numbered=True), *rest)


def _headline(verdict: Verdict) -> list[RenderableType]:
    words = facts(
        [
            ("Verdict", styled(verdict.label)),
            ("Recommendation", styled(verdict.recommendation)),
        ]
    )
    parts: list[RenderableType] = [words, Text(), Text(clean(verdict.sentence), style="bold")]
    reasons = view.short_reasons(verdict)
    return [*parts, bullets(reasons)] if reasons else parts


def _evidence(verdict: Verdict, inner: int) -> list[RenderableType]:
    rows = view.table_rows(verdict)
    measured = [row for row in rows if row.comparison.difference is not None]
    parts: list[RenderableType] = []
    if measured and inner < _TABLE_FROM:
        parts.append(_stacked(measured))
    elif measured:
        parts.append(_table(measured, wide=inner >= _WIDE_FROM))
    return [*parts, *(Text(note, style="dim") for note in _notes(rows))]


def _details(verdict: Verdict, checks: Sequence[Check]) -> list[RenderableType]:
    """A dimension a row, with what its figures rest on; then the checks with their controls."""
    rows = [row for row in view.table_rows(verdict) if view.details(row)]
    if not rows and not checks:
        return [Text(), facts([("Signature", figures.NOT_MEASURED)])]
    parts: list[RenderableType] = []
    for row in rows:
        parts.append(Text(clean(row.name), style="underline"))
        said = Text(clean("\n".join(view.details(row))), style="dim", overflow="fold")
        parts.append(Padding(said, (0, 0, 0, 2)))
    for check in checks:
        parts.append(Text(f"check: {clean(check.title)}", style="underline"))
        parts.append(Padding(Text(view.proof(check), style="dim", overflow="fold"), (0, 0, 0, 2)))
    return section("Behind the figures", *parts)


def _notes(rows: Sequence[view.Row]) -> list[str]:
    if not rows:
        return ["not measured: nothing was compared"]
    notes = [f"{clean(row.name)}: {note}" for row in rows if (note := _row_note(row.comparison))]
    if not view.has_few_shot(rows):
        notes.append("few-shot: not measured (this arm was not run)")
    return [view.difference_note(rows), *notes]


def _row_note(c: Comparison) -> str:
    if c.difference is None:
        return f"{figures.NOT_MEASURED}, {c.label} (n {c.n_scored}). {clean(c.explanation)}"
    if c.n_unscored:
        return f"{figures.counted(c.n_unscored, 'question')} could not be scored"
    return ""


def _table(rows: Sequence[view.Row], *, wide: bool) -> Table:
    few_shot = view.has_few_shot(rows)
    heading = view.interval_heading(rows)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, int(wide)), pad_edge=False, show_edge=False)
    table.add_column("dimension", overflow="fold")
    names = ["base", *(["few-shot"] if few_shot else []), "adapter"]
    names += ["difference", heading] if wide else [f"difference,\n{heading}"]
    for title in (*names, "n", "p"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=wide, min_width=10)
    for row in rows:
        c = row.comparison
        cells = [rate(r) for r in (row.base, *([row.few_shot] if few_shot else []), row.adapter)]
        change, span = figures.points(c.difference), figures.interval(c.interval)
        cells += [change, span] if wide else [f"{change} {span}"]
        cells += [str(c.n_scored), figures.p_value(view.deciding_p(c))]
        broken = (Text(cell.replace(figures.NOT_MEASURED, "not\nmeasured")) for cell in cells)
        table.add_row(Text(clean(row.name)), *broken, styled(c.label, bold=False))
    return table


def _stacked(rows: Sequence[view.Row]) -> Group:
    """One short paragraph per dimension, for narrow terminals."""
    parts: list[RenderableType] = []
    for row in rows:
        c = row.comparison
        head = Text.assemble((clean(row.name), "underline"), "  ")
        parts.append(head + styled(c.label, bold=False))
        arms = (("base", row.base), ("few-shot", row.few_shot), ("adapter", row.adapter))
        parts.append(Text("  " + ", ".join(f"{arm} {rate(r)}" for arm, r in arms if r)))
        span = figures.interval(c.interval, level=True)
        parts.append(Text(f"  difference {figures.points(c.difference)}, interval {span}"))
        parts.append(Text(f"  n {c.n_scored}, p {figures.p_value(view.deciding_p(c))}"))
    return Group(*parts)


def rate(shown: Rate | None) -> str:
    """One cell: a rate, or "-" for an arm that the row does not compare."""
    return figures.percent(shown.value) if shown else "-"


def _guards(guards: Sequence[Guard]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for guard in guards:
        line = Text.assemble((clean(guard.name), "bold"), f": {clean(guard.explanation)}")
        grid.add_row(styled(guard.status, bold=view.alarmed(guard)), line)
    return grid


def _checks(checks: Sequence[Check]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for check in checks:
        alarm = check.status in ("WARNING", "REGRESSION")
        line = Text.assemble((clean(check.title), "bold"), f": {clean(check.sentence)}")
        grid.add_row(styled(check.status, bold=alarm), line)
    return grid


# --- fixed and broken questions ----------------------------------------------------------------


def _changed(verdict: Verdict, result: RunResult | None, inner: int) -> list[RenderableType]:
    by_id = {a.question.id: a for a in by_question.asked(result)} if result else {}
    blocks = [
        [_changes_title(changes), *_change_rows(changes, by_id, inner)]
        for changes in view.changes(verdict)
    ]
    if not blocks:
        return []
    if inner < _WIDE_FROM:
        return [part for block in blocks for part in (Text(), *block)]
    grid = Table.grid(padding=(0, 3), expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    for left in range(0, len(blocks), 2):
        grid.add_row(*(Group(*block, Text()) for block in blocks[left : left + 2]))
    return [Text(), grid]


def _changes_title(changes: view.Changes) -> Text:
    style = f"bold {_STYLES[view.tone(changes.kind)]}"
    head = Text.assemble((changes.kind.capitalize(), style))
    amount = figures.counted(changes.n, "question") if changes.n else "none"
    tail = f" {changes.what}" if changes.n else ""
    return head + Text(f" ({clean(changes.dimension)}): {amount}{tail}", style="bold")


def _change_rows(
    changes: view.Changes, by_id: dict[str, by_question.Asked], inner: int
) -> list[RenderableType]:
    ids_known = [i for i in changes.question_ids if i in by_id]
    known = [by_question.as_probed(by_id[i], changes.probe) for i in ids_known]
    if not known:  # a bare verdict: the texts are not there
        ids = ", ".join(one_line(i, limit=40) for i in changes.question_ids[: view.N_SHOWN])
        more = len(changes.question_ids) - view.N_SHOWN
        return [Text(ids + (f", and {more} more" if more > 0 else ""))] if ids else []
    limit = max(60, 2 * (inner if inner < _WIDE_FROM else inner // 2) - 30)
    shown = [_change(a, limit) for a in known[: view.N_EXAMPLES]]
    more = changes.n - len(shown)
    if more > 0:
        shown.append(Text(f"  and {more} more; all are in the run folder", style="dim"))
    return shown


def _change(asked: by_question.Asked, limit: int) -> RenderableType:
    def said(arm: str) -> Text:
        completion = next((r.completion for r in asked.replies if r.completion.arm == arm), None)
        if completion is None:
            return Text("(no answer)", style="dim")
        if completion.finish == "skipped":
            return Text("(not asked: the prompt does not fit)", style="dim")
        return Text(one_line(completion.text, limit=limit) or "(empty)")

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold", ratio=1)
    grid.add_row("  Q", Text(one_line(asked.question.question, limit=limit), style="bold"))
    grid.add_row("  base", said("base"))
    grid.add_row("  adapter", said("adapter"))
    grid.add_row("  right", Text(one_line(by_question.gold(asked.question), limit=limit)))
    return Group(grid)


# --- the last lines ----------------------------------------------------------------------------


def _footer(result: RunResult) -> list[tuple[str, str | Text]]:
    lines: list[tuple[str, str | Text]] = []
    if result.training:
        lines.append(("Training", training_line(result.training)))
    lines += [(title, text) for title, text in arm_lines(result.arms)]
    lines.append(("Report", str(PurePath(result.folder) / "report.html")))
    lines.append(("All answers", str(PurePath(result.folder) / "answers.jsonl")))
    return lines


def training_line(training: TrainResult) -> str:
    """How the training went, in one sentence."""
    ended = " (stopped early)" if training.stopped_early else ""
    ended = " (interrupted)" if training.interrupted else ended
    return (
        f"kept step {training.kept_step} of {training.n_steps}{ended}: "
        f"{clean(training.kept_reason)}; {figures.seconds(training.seconds)}"
    )


def arm_lines(arms: Sequence[ArmStats]) -> list[tuple[str, str]]:
    """How each arm's answers ended; empty when none was cut off."""
    if not any(a.truncation_rate for a in arms):
        return []
    ends = [f"{view.ARM_NAMES[a.arm]} {figures.percent(a.truncation_rate)} of {a.n}" for a in arms]
    return [("Cut off", "at the token budget: " + ", ".join(ends))]


# --- a run without a verdict -------------------------------------------------------------------


def _unfinished(result: RunResult, width: int) -> Panel:
    status = state.status(result)
    words = [("Verdict", Text("none", style="bold")), ("Status", Text(clean(status)))]
    parts: list[RenderableType] = [
        facts(words),
        Text(),
        Text(state.status_sentence(result), style="bold"),
        *(Text(clean(line)) for line in state.error_lines(result)),
    ]
    stages = [
        (stage.name, "done" if stage.reached else "not reached") for stage in state.stages(result)
    ]
    parts += section("How far it got", facts(stages))
    if result.training:
        parts += section("Training", Text(training_line(result.training)))
    parts += [Text(), facts([("Run folder", result.folder)])]
    title = f"realift: {state.name(result)}"
    style = _STYLES["bad" if status == "failed" else "unsure"]
    return boxed(parts, title=title, foot=f"no verdict: {status}", style=style, width=width)
