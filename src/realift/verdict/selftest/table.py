"""The self-test on the screen, in Markdown and as JSON: pure functions of a ``SelfTest``.

>>> percent(0.0247), percent(0.9), percent(None)
('2.5%', '90%', '-')
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from realift import run_folder
from realift.types import Interval
from realift.verdict.selftest.mutations import Mutated
from realift.verdict.selftest.rows import Row, Status
from realift.verdict.selftest.run import SelfTest

INTRO = (
    "How often this tool is wrong. Naive: the rule 'the adapter's mean is higher'. Brackets: 95% "
    "interval of a drawn rate; rates without are exact."
)
GUARDS_INTRO = (
    "Each guard is switched off in turn. The rate shown must then break its bound, or nothing "
    "would notice that the guard is missing."
)
HEAD = ("situation", "rate of", "naive", "realift", "bound", "result")
GUARDS_HEAD = ("guard", "instead", "noticed by", "with", "without", "result")


def percent(x: float | None) -> str:
    """A rate (0-1) in percent with at most one decimal; "-" for none."""
    return "-" if x is None else f"{100 * x:.1f}".removesuffix(".0") + "%"


def _rate(value: float | None, interval: Interval | None) -> str:
    if interval is None:
        return percent(value)
    return f"{percent(value)} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def _bound(row: Row) -> str:
    if row.low == row.high:
        return percent(row.low)
    low, high = row.low > 0, row.high < 1
    if low and high:
        return f"{percent(row.low)} to {percent(row.high)}"
    return f"at least {percent(row.low)}" if low else f"at most {percent(row.high)}" if high else ""


def _cells(row: Row) -> tuple[str, ...]:
    drawn = f" ({row.n:,} draws)" if row.n else ""
    note = f"; {row.note}" if row.note else ""
    return (
        f"{row.situation}{drawn}{note}",
        row.measures,
        _rate(row.naive, row.naive_interval),
        _rate(row.ours, row.interval),
        _bound(row),
        row.status,
    )


def _guard_cells(m: Mutated) -> tuple[str, ...]:
    where = f"{m.section}: {m.situation} ({m.measures})"
    result = "noticed" if m.noticed else "NOT NOTICED"
    return m.guard, m.instead, where, percent(m.with_guard), percent(m.without), result


def summary(result: SelfTest) -> str:
    """One line: rows by status, guards noticed, time."""
    counts = Counter(row.status for row in result.rows)
    order: tuple[Status, ...] = ("pass", "fail", "unproven", "shown", "not run")
    text = ", ".join(f"{counts[s]} {s}" for s in order if counts[s] or s in ("pass", "fail"))
    if result.mutations:
        noticed = sum(m.noticed for m in result.mutations)
        text += f"; {noticed} of {len(result.mutations)} missing guards noticed"
    else:
        text += "; missing guards not tried"
    return f"{len(result.rows)} rows: {text} ({result.seconds:.0f} s)"


def _sections(result: SelfTest) -> dict[str, list[Row]]:
    sections: dict[str, list[Row]] = {}
    for row in result.rows:
        sections.setdefault(row.section, []).append(row)
    return sections


def render(result: SelfTest) -> Any:
    """The tables for the terminal (a rich renderable)."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    colors = {"pass": "green", "noticed": "green", "fail": "bold red", "unproven": "yellow"}
    colors["NOT NOTICED"] = "bold red"

    def table(title: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Any:
        out = Table(title=title, title_justify="left", title_style="bold", box=None, expand=True)
        for i, name in enumerate(head):
            out.add_column(name, ratio=4 if i == 0 else 2 if i == 2 and head is GUARDS_HEAD else 1)
        for cells in rows:
            out.add_row(*cells[:-1], Text(cells[-1], style=colors.get(cells[-1], "")))
        return out

    parts: list[Any] = [Text(INTRO)]
    for section, rows in _sections(result).items():
        parts += ["", table(section, HEAD, [_cells(row) for row in rows])]
    if result.mutations:
        parts += ["", Text(GUARDS_INTRO)]
        cells = [_guard_cells(m) for m in result.mutations]
        parts.append(table("missing guards", GUARDS_HEAD, cells))
    parts += ["", Text(summary(result), style="bold" if result.passed else "bold red")]
    return Group(*parts)


def to_markdown(result: SelfTest) -> str:
    """The same tables as Markdown, with the versions they were made with."""
    lines = ["# Self-test", "", INTRO, "", f"**{summary(result)}**", ""]
    kind = "quick" if result.quick else "full"
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    lines += [f"Kind: {kind}. Versions: {versions or 'not recorded'}.", ""]
    for section, rows in _sections(result).items():
        lines += [f"## {section[:1].upper()}{section[1:]}", ""]
        lines += [*_markdown_table(HEAD, [_cells(row) for row in rows]), ""]
    if result.mutations:
        lines += ["## Missing guards", "", GUARDS_INTRO, ""]
        lines += [*_markdown_table(GUARDS_HEAD, [_guard_cells(m) for m in result.mutations]), ""]
    return "\n".join(lines)


def _markdown_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(head), "|" + "---|" * len(head), *(line(cells) for cells in rows)]


def to_json(result: SelfTest) -> dict[str, Any]:
    """Everything, with the status and interval of every row."""
    return {
        "passed": result.passed,
        **run_folder.to_plain(result),
        "rows": [
            {
                **run_folder.to_plain(row),
                "status": row.status,
                "interval": run_folder.to_plain(row.interval),
                "naive_interval": run_folder.to_plain(row.naive_interval),
            }
            for row in result.rows
        ],
    }


def write(result: SelfTest, folder: Path) -> list[Path]:
    """Write ``results.json`` and ``results.md`` (``quick.*`` for a quick one)."""
    stem = "quick" if result.quick else "results"
    paths = [folder / f"{stem}.json", folder / f"{stem}.md"]
    run_folder.write_json(paths[0], to_json(result))
    run_folder.write_text(paths[1], to_markdown(result))
    return paths
