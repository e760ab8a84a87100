"""``report.html``: one self-contained page, a pure function of the run folder.

No script and no network; the page forbids both to itself. Everything a model or a person wrote
goes through autoescape and ``text.clean``, whatever the template does. Imports jinja2 when a page
is made, no other room.

>>> render_html(run_folder.load("runs/acme-1"))[:15]  # doctest: +SKIP
'<!doctype html>'
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from realift.report import charts, figures, view
from realift.report.text import clean, one_line
from realift.types import Passage, RunResult

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_BYTES = 1_200_000  # of model and context text in one page; the frame around it comes on top
_LIMITS = (4000, 2000, 1000, 500, 250, 120)  # characters shown of one text, by what fits
_N_PROBLEMS = 200
_N_OPEN = 3  # broken questions that are unfolded from the start


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text as shown: its first characters, and how long the whole is if that was cut."""

    text: str
    n_characters: int
    cut: bool


def render_html(result: RunResult) -> str:
    """The page of one run as HTML text; the same result gives the same bytes.

    A run without a verdict gets a page that says how far it got. Texts are cut at a length that
    keeps the page within about 2 MB; a cut text says where the whole stands.
    """
    asked = view.asked(result)
    limit = _limit(asked)
    template = _environment().get_template("report.html.j2")
    return template.render(
        result=result,
        verdict=result.verdict,
        rows=view.table_rows(result.verdict) if result.verdict else (),
        groups=_groups(asked),
        show=functools.partial(_show, limit=limit),
        context=_context,
        manifest=list(figures.flatten(result.manifest, skip=("command", "error"))),
        files=_files(result),
        curve=charts.curve_svg(result.training) if result.training else "",
        charts=charts,
        figures=figures,
        view=view,
        n_problems=_N_PROBLEMS,
        n_open=_N_OPEN,
    )


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    def finalize(value: Any) -> Any:
        return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["line"] = functools.partial(one_line, limit=300)
    return environment


def _groups(asked: tuple[view.Asked, ...]) -> list[tuple[view.Outcome, list[view.Asked]]]:
    """Questions by outcome, what needs looking at first; empty outcomes are left out."""
    by = {o: [a for a in asked if a.outcome == o] for o in view.OUTCOMES}
    return [(outcome, found) for outcome, found in by.items() if found]


def _show(text: str, most: int = MAX_BYTES, *, limit: int) -> Shown:
    whole = clean(text)
    limit = min(limit, most)
    cut = len(whole) > limit
    return Shown(text=whole[:limit], n_characters=len(whole), cut=cut)


def _context(asked: view.Asked) -> tuple[Passage, ...]:
    """What the model was given: passages if they have sources, else the plain context."""
    question = asked.question
    if question.passages:
        return question.passages
    return (Passage(text=question.context),) if question.context else ()


def _files(result: RunResult) -> list[str]:
    """The files of the folder that this run has come to write."""
    there = {
        "config.yaml": True,
        "manifest.json": True,
        "data/": bool(result.data),
        "adapter/": bool(result.training),
        "answers.jsonl": bool(result.completions),
        "scores.jsonl": bool(result.scores),
        "verdict.json": bool(result.verdict),
    }
    return [file for file, written in there.items() if written]


def _limit(asked: tuple[view.Asked, ...]) -> int:
    """The longest cut at which all texts together stay within ``MAX_BYTES`` once escaped."""
    heads = [clean(text[: 2 * _LIMITS[0]]) for a in asked for text in _texts(a)]
    for limit in _LIMITS:
        if sum(len(str(escape(head[:limit])).encode()) for head in heads) <= MAX_BYTES:
            return limit
    return _LIMITS[-1]


def _texts(a: view.Asked) -> list[str]:
    passages = [passage.text for passage in _context(a)]
    replies = [reply.completion.text for reply in (*a.replies, *a.probes)]
    return [a.question.question, view.gold(a.question), *passages, *replies]
