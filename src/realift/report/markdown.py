"""``report.md``: the run in short, small enough for a comment on a pull request.

Texts of models and people stand in ``<code>`` with every sign of Markdown and HTML escaped, so
that they neither format, nor link, nor call anybody by name. Imports no other room.

>>> print(escape("a | b `c` [1]"))
a \\| b \\`c\\` \\[1\\]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from realift.report import by_question, figures, judged, retrieved, state, view
from realift.report.text import clean, one_line
from realift.types import Arm, RunResult, Verdict

MAX_BYTES = 60_000  # GitHub takes comments up to 65,536 characters
_LIMIT = 300  # characters of one text
_SHORTENED = "Shortened to fit a comment; everything is in `report.html`."
_MARKS = re.compile(r"([\\`*_\[\]|~$])")


def render_markdown(result: RunResult) -> str:
    """The run as Markdown (under ``MAX_BYTES``); the same result gives the same bytes.

    What would make it longer is left out, from the end, and that is said.
    """
    verdict = result.verdict
    if verdict is None:
        return _joined(_unfinished(result))
    return _joined([*_head(verdict, result), *_changed(verdict, result), *_tail(verdict, result)])


def escape(text: str, *, limit: int = _LIMIT) -> str:
    """One line in which nothing is Markdown, HTML, a link or a mention any more.

    >>> escape("<b> http://x.y www.x.y @me")
    '&lt;b&gt; http&#58;//x.y www&#46;x.y <code>@</code>me'
    """
    return _inert(text, limit).replace("@", "<code>@</code>")


def quote(text: str, *, limit: int = _LIMIT) -> str:
    """What a model or a person wrote, set apart as code ("(empty)" if there is nothing)."""
    inert = _inert(text, limit)
    return f"<code>{inert}</code>" if inert else "(empty)"


def _inert(text: str, limit: int) -> str:
    line = one_line(text, limit=limit)
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    line = line.replace("://", "&#58;//")
    line = re.sub(r"(?i)(www)\.", r"\1&#46;", line)
    return _MARKS.sub(r"\\\1", line)


def _joined(blocks: Iterable[str]) -> str:
    """The blocks as one text; a block is a whole table or list, so none is cut in the middle."""
    out: list[str] = []
    room = MAX_BYTES - len(_SHORTENED) - 2
    for block in filter(None, blocks):
        room -= len(block.encode()) + 2
        if room < 0:
            out.append(_SHORTENED)
            break
        out.append(block)
    return "\n\n".join(out) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False) -> str:
    rule = ["---", *(["--:" if numbers else "---"] * (len(header) - 1))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def _bullets(lines: Iterable[str], *, numbered: bool = False) -> str:
    marks = (f"{i}." if numbered else "-" for i in range(1, 1_000_000))
    shown = list(lines)[: view.N_SHOWN]
    return "\n".join(f"{mark} {escape(line)}" for mark, line in zip(marks, shown, strict=False))


def _title(result: RunResult) -> str:
    return f"realift: {escape(state.name(result), limit=80)}"


# --- a run with a verdict ----------------------------------------------------------------------


def _head(verdict: Verdict, result: RunResult) -> list[str]:
    rows = view.table_rows(verdict)
    return [
        f"## {_title(result)}",
        f"**{verdict.label}: {verdict.recommendation}.** {escape(verdict.sentence)}",
        _bullets(view.reasons(verdict)),
        *(_evidence(rows) if rows else ["not measured: nothing was compared"]),
        *_guards(verdict, result),
        *_next_steps(verdict, result),
        "### Warnings" if view.warnings(verdict) else "",
        _bullets(view.warnings(verdict)),
    ]


def _evidence(rows: Sequence[view.Row]) -> list[str]:
    few_shot = view.has_few_shot(rows)
    header = ["dimension", "base", *(["few-shot"] if few_shot else []), "adapter"]
    header += ["difference", view.interval_heading(rows), "n", "p", "verdict"]
    body = [_cells(row, few_shot=few_shot) for row in rows[: view.N_SHOWN]]
    notes = [view.difference_note(rows)]
    if not few_shot:
        notes.append("Few-shot: not measured (this arm was not run).")
    notes += [
        f"{escape(row.name, limit=60)}: "
        f"{figures.counted(row.comparison.n_unscored, 'question')} could not be scored."
        for row in rows[: view.N_SHOWN]
        if row.comparison.n_unscored
    ]
    behind = (
        f"- {escape(row.name, limit=60)}: {'; '.join(escape(x) for x in view.details(row))}"
        for row in rows[: view.N_SHOWN]
        if view.details(row)
    )
    folded = "<details><summary>Behind the figures</summary>\n\n"
    return [
        _table(header, body, numbers=True),
        " ".join(notes),
        folded + "\n".join(behind) + "\n\n</details>",
    ]


def _cells(row: view.Row, *, few_shot: bool) -> list[str]:
    c = row.comparison
    rates = [row.base, *([row.few_shot] if few_shot else []), row.adapter]
    return [
        escape(row.name, limit=60),
        *(figures.percent(rate.value) if rate else "-" for rate in rates),
        figures.points(c.difference),
        figures.interval(c.interval).replace("[", "\\[").replace("]", "\\]"),
        str(c.n_scored),
        figures.p_value(view.deciding_p(c)),
        c.label,
    ]


def _guards(verdict: Verdict, result: RunResult) -> list[str]:
    found = view.watched(verdict, result)
    rows = (
        [escape(line.name, limit=60), f"**{line.status}**", escape(line.why)]
        for line in found[: view.N_SHOWN]
    )
    return ["### Guards", _table(["guard", "status", "why"], rows)] if found else []


def _next_steps(verdict: Verdict, result: RunResult) -> list[str]:
    steps = [f"{a.title}: {a.why}" if a.why else a.title for a in result.advice]
    shown = _bullets(steps or verdict.next_steps, numbered=True)
    commands = [one_line(c, limit=500) for a in result.advice for c in a.command.splitlines()]
    code = "\n".join(clean(c).replace("```", "` ` `") for c in commands[: view.N_SHOWN])
    return ["### What to do next", shown, f"```sh\n{code}\n```" if code else ""] if shown else []


def _changed(verdict: Verdict, result: RunResult) -> list[str]:
    by_id = {a.question.id: a for a in by_question.asked(result)}
    out = []
    for changes in view.changes(verdict):
        amount = f"{figures.counted(changes.n, 'question')} {changes.what}"
        head = f"### {changes.kind.capitalize()} ({escape(changes.dimension, limit=60)})"
        out.append(f"{head}: {amount if changes.n else 'none'}")
        ids = [i for i in changes.question_ids if i in by_id][: view.N_EXAMPLES]
        known = [by_question.as_probed(by_id[i], changes.probe) for i in ids]
        if known:
            rows = (
                [
                    quote(a.question.question),
                    _said(a, "base"),
                    _said(a, "adapter"),
                    quote(by_question.gold(a.question)),
                ]
                for a in known
            )
            out.append(_table(["question", "base", "adapter", "right"], rows))
        if changes.n > len(known) > 0:
            out.append(f"and {changes.n - len(known)} more, all in `report.html`")
    return out


def _said(asked: by_question.Asked, arm: Arm) -> str:
    completion = asked.first(arm)
    if completion is None:
        return "(no answer)"
    return "(not asked)" if completion.finish == "skipped" else quote(completion.text)


def _tail(verdict: Verdict, result: RunResult) -> list[str]:
    command = clean(state.command(result))[:2000].replace("```", "` ` `")
    recipe = verdict.recipe
    return [
        f"### Recipe ({len(recipe.seeds)} seeds)" if recipe else "",
        f"**{recipe.label}.** {escape(recipe.sentence)}" if recipe else "",
        *_second_opinion(result),
        *_retrieval(result),
        "### Reproduce" if command else "",
        f"```sh\n{command}\n```" if command else "",
        f"Signature: {quote(view.signature(verdict) or figures.NOT_MEASURED)}",
    ]


def _retrieval(result: RunResult) -> list[str]:
    report = result.data.retrieval if result.data else None
    if report is None:
        return []
    lost = [
        f"{row.question} Expected {row.expected} ({retrieved.place(row)}), shown "
        f"{retrieved.sources(row)}"
        for row in retrieved.missed(report)[: view.N_EXAMPLES]
    ]
    more = len(retrieved.missed(report)) - len(lost)
    lost += [f"and {more} more"] if more > 0 else []
    return [
        "### Retrieval",
        _bullets([f"{name}: {value}" for name, value in retrieved.figures_of(report)]),
        "Not found, so not counted for or against the model:" if lost else "",
        _bullets(lost),
    ]


def _second_opinion(result: RunResult) -> list[str]:
    opinions = judged.second_opinions(result)
    rows: list[tuple[str, ...]] = []
    if opinions.judge:
        rows += judged.judge_rows(opinions.judge, result)
    if opinions.grounding:
        rows += judged.grounding_rows(opinions.grounding)
    if not rows:
        return []
    cells = ([escape(cell, limit=80) for cell in row] for row in rows)
    return [
        "### A second opinion (it never changes the verdict)",
        _table(["by", *judged.COLUMNS], cells, numbers=True),
    ]


# --- a run without a verdict -------------------------------------------------------------------


def _unfinished(result: RunResult) -> list[str]:
    stages = (f"{s.name}: {'done' if s.reached else 'not reached'}" for s in state.stages(result))
    return [
        f"## {_title(result)}",
        f"**No verdict ({escape(state.status(result), limit=40)}).** "
        + state.status_sentence(result),
        _bullets(state.error_lines(result)),
        "### How far it got",
        _bullets(stages, numbered=True),
    ]
