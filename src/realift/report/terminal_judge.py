"""A judge's second opinion for a terminal, beside the verdict that it does not change.

>>> Console().print(render_judge(judged, result))  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import PurePath

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from realift.judge.records import (
    ArmTrust,
    Disagreement,
    GroundingResult,
    JudgeResult,
    Opinion,
)
from realift.report import figures, view
from realift.report.terminal import bullets, facts, section, styled
from realift.report.text import one_line
from realift.types import Comparison, Interval, Rate, RunResult
from realift.verdict.agreement import CorrectedDifference, Estimate

N_SHOWN = 3  # answers that scorer and judge see differently; all stand in judge.json
_WORDS = {1: "right", 0: "wrong"}


def render_judge(judged: JudgeResult, result: RunResult) -> RenderableType:
    """The judge's figures under the scorer's, what is known of the judge, and its warnings."""
    label = result.verdict.label if result.verdict else None
    head = (
        f"Second opinion, checked against {figures.counted(judged.n_labelled, 'label')}"
        if judged.validated
        else "Second opinion, unvalidated"
    )
    parts: list[RenderableType] = [
        Text(head, style="bold"),
        facts(
            [
                ("Judge", f"{judged.model} at {judged.url}"),
                ("Verdict", _unchanged(label)),
            ]
        ),
        *section("Evidence", _table("correctness by", _rows(judged, result))),
        Text(
            "Difference = adapter - base, in percentage points. Side by side: share of questions "
            "that each arm wins; the rest are ties.",
            style="dim",
        ),
        *section("What is known of this judge", facts(_trust(judged))),
    ]
    if judged.disagreements:
        parts += section("Seen differently by scorer and judge", *_disagreements(judged, result))
    if judged.warnings:
        parts += section("Warnings", bullets(judged.warnings))
    replies = str(PurePath(result.folder) / "judge.jsonl")
    parts += [Text(), facts([("All replies", replies), ("Signature", judged.signature)])]
    return Group(*parts)


def render_grounding(found: GroundingResult, result: RunResult) -> RenderableType:
    """Grounding by words and by a model, and how the model did on answers that are known."""
    label = result.verdict.label if result.verdict else None
    mark = "" if found.usable else " (does not count)"
    rows = [_row("shared words", found.words), _row(f"the model{mark}", found.judged)]
    parts: list[RenderableType] = [
        Text("Second opinion on grounding", style="bold"),
        facts([("Model", found.model), ("Verdict", _unchanged(label))]),
        *section("Evidence", _table("grounding by", rows)),
        Text("Difference = adapter - base, in percentage points.", style="dim"),
        Text(),
        facts(
            [
                ("Known", f"{found.n_misjudged:,} of {found.n_tested:,} known answers misjudged"),
                ("Strange", f"{found.n_fooled:,} of {found.n_strange:,} strange contexts believed"),
                ("Differs", f"on {found.n_differ:,} of {found.n_compared:,} answers"),
            ]
        ),
    ]
    if found.warnings:
        parts += section("Warnings", bullets(found.warnings))
    return Group(*parts, Text(), facts([("Signature", found.signature)]))


def _unchanged(label: str | None) -> Text:
    if label is None:
        return Text("none")
    return styled(label) + Text(" (a judge never changes it)", style="not bold default")


# --- figures -----------------------------------------------------------------------------------


def _table(what: str, rows: list[tuple[str, ...]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0), pad_edge=False, show_edge=False)
    table.add_column(what, overflow="fold", min_width=12)
    for title in ("base", "adapter", "difference,\n95% interval", "n", "p"):
        table.add_column(f" {title}", justify="right", no_wrap=True)
    for cells in rows:
        first, *others = (cell.replace(figures.NOT_MEASURED, "not\nmeasured") for cell in cells)
        table.add_row(Text(first), *(Text(f" {cell}") for cell in others))
    return table


def _rows(judged: JudgeResult, result: RunResult) -> list[tuple[str, ...]]:
    mark = "" if judged.validated else " (unvalidated)"
    comparisons = result.verdict.comparisons if result.verdict else ()
    scored = next((c for c in comparisons if c.dimension == "correctness" and not c.probe), None)
    rows = [_row("the scorer", scored)] if scored else []
    rows.append(_row(f"judge, each answer alone{mark}", judged.graded))
    if judged.corrected:
        rows.append(_corrected_row(judged.corrected, judged.arms))
    return [*rows, _row(f"judge, side by side{mark}", judged.preferred)]


def _row(name: str, c: Opinion | Comparison) -> tuple[str, ...]:
    return (
        name,
        figures.percent(c.base.value),
        figures.percent(c.adapter.value),
        _change(c.difference, c.interval),
        str(c.n_scored),
        figures.p_value(c.p_value),
    )


def _corrected_row(c: CorrectedDifference, arms: tuple[ArmTrust, ...]) -> tuple[str, ...]:
    base, adapter = (figures.percent(a.corrected.value) for a in arms)
    return (
        f"judge, corrected by {2 * c.n_labelled} labels",
        base,
        adapter,
        _change(c.value, c.interval),
        str(c.n),
        figures.p_value(c.p_value),
    )


def _change(difference: float | None, interval: Interval | None) -> str:
    if difference is None:
        return figures.NOT_MEASURED
    return f"{figures.points(difference)} {figures.interval(interval)}"


# --- the judge itself --------------------------------------------------------------------------


def _trust(judged: JudgeResult) -> list[tuple[str, str | Text]]:
    replies = f"{judged.n_replies:,}"
    if judged.n_unreadable or judged.n_failed:
        replies += f", {judged.n_unreadable:,} not readable; {judged.n_failed:,} requests failed"
    lines: list[tuple[str, str | Text]] = [
        ("Replies", replies),
        ("Same twice", f"{_rate(judged.consistency)} of answers graded twice"),
        ("Order bias", f"{_rate(judged.position_bias)} of pairs turned round by the order"),
        ("Scorer", f"differs on {len(judged.disagreements):,} of {judged.n_compared:,} answers"),
    ]
    if judged.kappa is not None:
        lines.append(("Kappa", _kappa(judged.kappa)))
    lines += [(view.ARM_NAMES[a.arm].capitalize(), _arm(a)) for a in judged.arms]
    return lines


def _kappa(kappa: Estimate) -> str:
    labels = figures.counted(kappa.n, "label")
    if kappa.value is None or kappa.interval is None:
        return f"{figures.NOT_MEASURED}: judge and labels say the same of every answer ({labels})"
    span = f"95% {kappa.interval.low:.2f} to {kappa.interval.high:.2f}"
    return f"{kappa.value:.2f} ({span}, {labels}); 1 = as people, 0 = as chance"


def _arm(trust: ArmTrust) -> str:
    found = trust.accuracy
    return (
        f"accepts {_rate(found.sensitivity)} of right answers, "
        f"rejects {_rate(found.specificity)} of wrong ones"
    )


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return f"{figures.NOT_MEASURED} (n 0)"
    return f"{figures.percent(rate.value)} ({figures.rate_interval(rate)}, n {rate.n})"


def _disagreements(judged: JudgeResult, result: RunResult) -> list[RenderableType]:
    by_id = {a.question.id: a for a in view.asked(result)}
    shown = [
        _disagreement(d, by_id[d.question_id])
        for d in judged.disagreements[:N_SHOWN]
        if d.question_id in by_id
    ]
    more = len(judged.disagreements) - len(shown)
    if more > 0:
        shown.append(Text(f"  and {more} more; all are in judge.json", style="dim"))
    return shown


def _disagreement(d: Disagreement, asked: view.Asked) -> RenderableType:
    completion = asked.first(d.arm)
    said = one_line(completion.text, limit=160) if completion else ""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold", ratio=1)
    grid.add_row("  Q", Text(one_line(asked.question.question, limit=160), style="bold"))
    grid.add_row(f"  {view.ARM_NAMES[d.arm]}", Text(said or "(empty)"))
    grid.add_row("  right", Text(one_line(view.gold(asked.question), limit=160)))
    grid.add_row("  graded", Text(f"scorer {_WORDS[d.scorer]}, judge {_WORDS[d.judge]}"))
    return grid
