"""What ``augment`` wrote, as a table with one row of each kind to look at.

>>> Console().print(render_augmented(done))  # doctest: +SKIP
"""

from __future__ import annotations

import shlex
from collections import Counter

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from realift.augmenting.rows import Augmented
from realift.augmenting.twins import KINDS
from realift.report import figures
from realift.report.terminal import bullets, section
from realift.report.text import clean, one_line

N_LEFT_OUT = 5  # shown; all of them stand in the --json


def render_augmented(done: Augmented) -> RenderableType:
    """Rows by kind, what was left out and why, and what to do with the file."""
    counts = Counter(row.made_by for row in done.made)
    own = f"{figures.counted(done.n_own, 'row')} of your own ({done.n_own_refusals} refusals)"
    head = f"{done.out}: {own} as they are, and {figures.counted(len(done.made), 'made row')}"
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("rows", justify="right", no_wrap=True)
    table.add_column("made by", no_wrap=True)
    table.add_column("one of them", overflow="fold")
    for kind, meaning in KINDS.items():
        if counts[kind]:
            row = next(r for r in done.made if r.made_by == kind)
            shown = Text(meaning + "\n", style="dim")
            shown.append(f"{row.source}: {one_line(row.question, limit=100)}", style="default")
            if row.context:
                shown.append(f"\n  {one_line(row.context, limit=70)}", style="default")
            shown.append(f"\n  -> {one_line(row.answer, limit=70)}", style="default")
            table.add_row(str(counts[kind]), Text(kind), shown)
    parts: list[RenderableType] = [Text(clean(head), style="bold"), Text(), table]
    if len(done.made) < done.n_asked_for:
        parts.append(
            Text(f"{done.n_asked_for} were asked for; these rows give no more.", style="yellow")
        )
    parts += _left_out(done)
    if not done.eval_compared:
        parts += [Text(), Text("No --eval FILE: not compared with any eval set.", style="yellow")]
    parts += section(
        "Next",
        bullets(
            [
                'Read the made rows (they have "made_by") and delete what is wrong.',
                f"Train again as before, with --train {shlex.quote(done.out)}",
            ],
            numbered=True,
        ),
    )
    return Group(*parts)


def _left_out(done: Augmented) -> list[RenderableType]:
    if not done.left_out:
        return []
    why = Counter(row.why for row in done.left_out)
    reasons = {
        "in the eval set": "too like a question of the eval set",
        "contradicts a row": "would contradict a row of yours",
    }
    counted = "; ".join(f"{n} {reasons[w]}" for w, n in why.most_common())
    lines = [
        f"{one_line(row.question, limit=80)} ({row.because_of or row.source})"
        for row in done.left_out[:N_LEFT_OUT]
    ]
    more = len(done.left_out) - len(lines)
    lines += [f"and {more} more"] if more > 0 else []
    return section(f"Left out: {counted}", bullets(lines))
