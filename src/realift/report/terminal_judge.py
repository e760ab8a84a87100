"""A judge's second opinion for a terminal, beside the verdict that it does not change.

>>> Console().print(render_judge(judged, result))  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import PurePath

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from realift.judge.records import Disagreement, GroundingResult, JudgeResult
from realift.report import by_question, figures, view
from realift.report.judged import (
    grounding_rows,
    grounding_trust,
    judge_rows,
    judge_title,
    judge_trust,
)
from realift.report.terminal import bullets, facts, section, styled
from realift.report.text import one_line
from realift.types import RunResult

N_SHOWN = 3  # answers that scorer and judge see differently; all stand in judge.json
_WORDS = {1: "right", 0: "wrong"}


def render_judge(judged: JudgeResult, result: RunResult) -> RenderableType:
    """The judge's figures under the scorer's, what is known of the judge, and its warnings."""
    label = result.verdict.label if result.verdict else None
    parts: list[RenderableType] = [
        Text(judge_title(judged), style="bold"),
        facts(
            [
                ("Judge", f"{judged.model} at {judged.url}"),
                ("Verdict", _unchanged(label)),
            ]
        ),
        *section("Evidence", _table("correctness by", judge_rows(judged, result))),
        Text(
            "Difference = adapter - base, in percentage points. Side by side: share of questions "
            "that each arm wins; the rest are ties.",
            style="dim",
        ),
        *section("What is known of this judge", facts(judge_trust(judged))),
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
    parts: list[RenderableType] = [
        Text("Second opinion on grounding", style="bold"),
        facts([("Model", found.model), ("Verdict", _unchanged(label))]),
        *section("Evidence", _table("grounding by", grounding_rows(found))),
        Text("Difference = adapter - base, in percentage points.", style="dim"),
        Text(),
        facts(grounding_trust(found)),
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


def _disagreements(judged: JudgeResult, result: RunResult) -> list[RenderableType]:
    by_id = {a.question.id: a for a in by_question.asked(result)}
    shown = [
        _disagreement(d, by_id[d.question_id])
        for d in judged.disagreements[:N_SHOWN]
        if d.question_id in by_id
    ]
    more = len(judged.disagreements) - len(shown)
    if more > 0:
        shown.append(Text(f"  and {more} more; all are in judge.json", style="dim"))
    return shown


def _disagreement(d: Disagreement, asked: by_question.Asked) -> RenderableType:
    completion = asked.first(d.arm)
    said = one_line(completion.text, limit=160) if completion else ""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold", ratio=1)
    grid.add_row("  Q", Text(one_line(asked.question.question, limit=160), style="bold"))
    grid.add_row(f"  {view.ARM_NAMES[d.arm]}", Text(said or "(empty)"))
    grid.add_row("  right", Text(one_line(by_question.gold(asked.question), limit=160)))
    grid.add_row("  graded", Text(f"scorer {_WORDS[d.scorer]}, judge {_WORDS[d.judge]}"))
    return grid
