"""Two runs side by side on a terminal: what was set, asked and answered differently."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from realift.report import by_question, figures, view
from realift.report.compare_runs import AnswerChange, Changed, DimensionPair, RunsDiff
from realift.report.terminal import facts, section, styled
from realift.report.text import clean, one_line
from realift.types import Comparison

_LIMIT = 160  # characters of one answer


def render_diff(diff: RunsDiff, *, n_answers: int = 10) -> RenderableType:
    """Everything that differs, what matters first; at most ``n_answers`` changed answers."""
    parts: list[RenderableType] = [
        facts([("a", Text(clean(diff.a), style="bold")), ("b", Text(clean(diff.b), style="bold"))])
    ]
    if diff.same:
        parts += [Text(), Text("No setting, data, verdict or answer differs.", style="bold")]
    parts += [Text(f"note: {clean(note)}", style="yellow") for note in diff.notes]
    for title, changed in (
        ("Settings", diff.config),
        ("Data", diff.data),
        ("Model", diff.model),
        ("Verdict", diff.verdict),
        ("Machine and versions", diff.machine),
    ):
        if changed:
            parts += section(title, facts(_sides(changed)))
    if diff.dimensions:
        parts += section("Figures", *map(_dimension, diff.dimensions))
    if diff.n_answers:
        parts += section(_count(diff), *_answers(diff.answers, n_answers))
    return Group(*parts)


def _sides(changed: Iterable[Changed]) -> list[tuple[str, str | Text]]:
    return [(clean(c.name), f"{_side(c.a)} -> {_side(c.b)}") for c in changed]


def _side(text: str | None) -> str:
    return "(not there)" if text is None else one_line(text, limit=70) or "(empty)"


def _dimension(pair: DimensionPair) -> Group:
    lines = [Text(clean(pair.name), style="underline")]
    lines += [Text(f"  {name}: ") + _own(c) for name, c in (("a", pair.a), ("b", pair.b))]
    between = pair.between
    if between is None:
        said = "not measured: no question was scored in both"
    else:
        said = (
            f"{figures.points(between.difference)} {figures.interval(between.interval, level=True)}"
            f", n {between.n_scored}, p {figures.p_value(between.p_value)} ({between.test})"
        )
    return Group(*lines, Text(f"  adapter of b - adapter of a: {said}"))


def _own(c: Comparison | None) -> Text:
    if c is None or c.difference is None:
        return Text("not measured")
    span = figures.interval(c.interval, level=True)
    return Text(f"{figures.points(c.difference)} {span}, n {c.n_scored}  ") + styled(
        c.label, bold=False
    )


def _count(diff: RunsDiff) -> str:
    compared = figures.counted(diff.n_answers, "answer")
    return f"Answers: {len(diff.answers):,} of {compared} differ"


def _answers(changes: tuple[AnswerChange, ...], most: int) -> list[RenderableType]:
    parts: list[RenderableType] = []
    for c in changes[:most]:
        head = Text(clean(c.kind), style="bold") + Text(f" ({view.ARM_NAMES[c.arm]}) ")
        parts.append(head + Text(one_line(c.question.question, limit=_LIMIT)))
        rows = [("  a", _said(c.a)), ("  b", _said(c.b))]
        if c.kind != "changed":
            rows.append(("  right", one_line(by_question.gold(c.question), limit=_LIMIT)))
        parts.append(facts(rows))
    more = len(changes) - most
    if more > 0:
        parts.append(Text(f"and {more:,} more (--answers N shows them)", style="dim"))
    return parts


def _said(text: str | None) -> str:
    return "(no answer)" if text is None else one_line(text, limit=_LIMIT) or "(empty)"
