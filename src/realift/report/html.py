"""``report.html``: one self-contained page, a pure function of the run folder.

No network; the page forbids it to itself, and runs its one script and nothing else. Without that
script everything is there, only not sorted and filtered. Everything a model or a person wrote goes
through autoescape and ``text.visible``, whatever the template does. jinja2 and matplotlib are
loaded when a page is made.

>>> render_html(run_folder.load("runs/acme-1"))[:15]  # doctest: +SKIP
'<!doctype html>'
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from realift.report import by_question, cards, charts, figures, judged, retrieved, state, view
from realift.report.settings import config_of
from realift.report.templating import environment
from realift.report.text import one_line, show, visible
from realift.types import RunResult

if TYPE_CHECKING:
    from jinja2 import Environment

MAX_BYTES = 1_000_000  # of model and context text in one page; the frame around it comes on top
BYTES_A_QUESTION = 5_000  # more questions than 200 may take more room, so that texts stay readable
_LIMITS = (4000, 2000, 1000, 500, 250, 120)  # characters shown of one text, by what fits
_N_PROBLEMS = 200
_N_OPEN = 3  # broken questions that are unfolded from the start
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The questions of one outcome, as cards."""

    outcome: by_question.Outcome
    cards: tuple[cards.Card, ...]


def render_html(result: RunResult) -> str:
    """The page of one run as HTML text; the same run folder gives the same bytes.

    A run without a verdict gets a page that says how far it got. Texts are cut at a length that
    keeps a page of 200 questions (one answer an arm) within 2 MB; a cut text says where the whole
    stands.
    """
    asked = by_question.asked(result)
    limit = _limit(asked)
    shown = cards.make_cards(asked, limit)
    return render(
        "report.html.j2",
        title=f"{result.verdict.label if result.verdict else 'No verdict'}: {state.name(result)}",
        result=result,
        verdict=result.verdict,
        rows=view.table_rows(result.verdict) if result.verdict else (),
        groups=_groups(shown),
        flags=[(f, sum(f in card.flags for card in shown)) for f in cards.FLAGS],
        anchors={card.asked.question.id: card.anchor for card in shown},
        limit=limit,
        manifest=list(figures.flatten(result.manifest, skip=("command", "error"))),
        settings=list(figures.flatten(config_of(result))),
        files=_files(result),
        opinions=judged.second_opinions(result),
        n_problems=_N_PROBLEMS,
        n_open=_N_OPEN,
    )


def render(template: str, **values: Any) -> str:
    """One page from a template; every page has the script and forbids all others."""
    return (
        _environment()
        .get_template(template)
        .render(policy=_policy(), script=Markup(_script()), **values)
    )


@functools.cache
def _script() -> str:
    return (_TEMPLATES / "report.js").read_text(encoding="utf-8")


@functools.cache
def _policy() -> str:
    """The page's rules for itself: no network, and of all scripts only the one it brought."""
    digest = base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )


@functools.cache
def _environment() -> Environment:
    made = environment(_TEMPLATES, inert=visible)
    made.filters["line"] = functools.partial(one_line, limit=300)
    made.filters["comma"] = "{:,}".format
    made.globals.update(
        by_question=by_question, charts=charts, figures=figures, judged=judged,
        retrieved=retrieved, show=show, state=state, view=view,
    )  # fmt: skip
    return made


def _groups(shown: Sequence[cards.Card]) -> list[Group]:
    """Questions by outcome, what needs looking at first; empty outcomes are left out."""
    groups = (
        Group(outcome=outcome, cards=tuple(c for c in shown if c.outcome == outcome))
        for outcome in by_question.OUTCOMES
    )
    return [group for group in groups if group.cards]


def _files(result: RunResult) -> list[str]:
    """The files of the folder that this run has come to write."""
    there = {
        "config.yaml": True,
        "manifest.json": True,
        "data/": bool(result.data),
        "adapter/": bool(result.training),
        "answers.jsonl": bool(result.completions),
        "scores.jsonl": bool(result.scores),
        "checks.json": bool(result.checks),
        "verdict.json": bool(result.verdict),
        "advice.json": bool(result.advice),
    }
    return [file for file, written in there.items() if written]


def _limit(asked: Sequence[by_question.Asked]) -> int:
    """The longest cut at which all texts together stay within the budget once escaped."""
    budget = max(MAX_BYTES, BYTES_A_QUESTION * len(asked))
    heads = [visible(text[: _LIMITS[0]]) for a in asked for text in _texts(a)]
    for limit in _LIMITS:
        if sum(len(str(escape(head[:limit])).encode()) for head in heads) <= budget:
            return limit
    return _LIMITS[-1]


def _texts(a: by_question.Asked) -> list[str]:
    question = a.question
    context = [p.text for p in question.passages] or [question.context]
    replies = [reply.completion.text for reply in (*a.replies, *a.probes)]
    return [question.question, by_question.gold(question), *context, *replies]
