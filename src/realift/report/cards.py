"""One question of the page: its answers with what is marked in them, and what it is found by.

Texts are made visible and cut here, before anything looks into them: a megabyte costs nothing.

>>> make_cards(by_question.asked(result), limit=4000)[0].anchor  # doctest: +SKIP
'question-1'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.report import by_question, marking, view
from realift.report.marking import Piece, ShownPassage, Span
from realift.report.text import Shown, show
from realift.score.sources import sources
from realift.types import Arm


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer, or several samples that are the same: its text in pieces.

    ``reply`` is the first of them; ``note``: "the same words as the base", or "".
    """

    title: str
    reply: by_question.Reply
    shown: Shown
    pieces: tuple[Piece, ...]
    refused: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The answers to one way of asking: the eval set's ("") or a probe's."""

    probe: str
    said: tuple[Said, ...]
    passages: tuple[ShownPassage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A question with everything that was said to it.

    ``flags`` are what the page filters by, besides the outcome: "base refuses", "adapter
    refuses", "cut off", "must be refused". ``n_tokens``: of the adapter's first answer.
    """

    anchor: str
    asked: by_question.Asked
    outcome: by_question.Outcome
    flags: tuple[str, ...]
    n_tokens: int
    asking: Asking
    probes: tuple[Asking, ...]


_LONG = 400  # characters; a shorter answer without marks plainly has no word in common
FLAGS = ("adapter refuses", "base refuses", "cut off", "must be refused")


def make_cards(asked: Sequence[by_question.Asked], limit: int) -> tuple[Card, ...]:
    """A card for every question, in the order of the eval set.

    Args:
        limit: characters shown of one text.
    """
    return tuple(_card(f"question-{i}", a, limit) for i, a in enumerate(asked, start=1))


def _card(anchor: str, a: by_question.Asked, limit: int) -> Card:
    asking = _asking(a, "", a.replies, limit)
    by_probe: dict[str, list[by_question.Reply]] = {}
    for reply in a.probes:
        by_probe.setdefault(reply.completion.probe, []).append(reply)
    adapter = a.first("adapter")
    return Card(
        anchor=anchor,
        asked=a,
        outcome=a.outcome,
        flags=_flags(a),
        n_tokens=adapter.n_tokens if adapter else 0,
        asking=asking,
        probes=tuple(_asking(a, probe, found, limit) for probe, found in by_probe.items()),
    )


def _flags(a: by_question.Asked) -> tuple[str, ...]:
    refusing = {r.completion.arm for r in a.replies if by_question.refused(r)}
    found = {
        "adapter refuses": "adapter" in refusing,
        "base refuses": "base" in refusing,
        "cut off": any(r.completion.finish == "length" for r in a.replies),
        "must be refused": not a.question.answerable,
    }
    return tuple(flag for flag in FLAGS if found[flag])


def _asking(
    a: by_question.Asked, probe: str, replies: Sequence[by_question.Reply], limit: int
) -> Asking:
    groups = _grouped(replies)
    several = any(r.completion.sample for r in replies)
    texts = [show(group[0].completion.text, limit) for group in groups]
    known = sources(a.question)
    said = []
    for group, shown in zip(groups, texts, strict=True):
        reply = group[0]
        refused = by_question.refused(reply)
        spans: list[Span] = list(marking.citations(a.question, shown.text, known).spans)
        note = ""
        other = _other(reply, groups, texts)
        if other is not None and shown.text and other.text:
            arm = "adapter" if reply.completion.arm == "base" else "base"
            if marking.same_words(shown.text, other.text):
                note = f"the same words as the {arm}"
            else:
                theirs = marking.citations(a.question, other.text, known).spans
                bare = marking.blanked(shown.text, spans)
                only = marking.only_here(bare, marking.blanked(other.text, theirs))
                spans += only
                if not only and shown.n_characters > _LONG:
                    note = f"too long, or too different from the {arm}, to mark words"
        said.append(
            Said(
                title=_title(group, several),
                reply=reply,
                shown=shown,
                pieces=tuple(marking.pieces(shown.text, spans)),
                refused=refused,
                note=note,
            )
        )
    answers: list[tuple[Arm, str]] = [
        (s.reply.completion.arm, s.shown.text)
        for s in said
        if s.reply.completion.arm != "few_shot" and not s.refused
    ]
    passages = () if probe else marking.shown_passages(a.question, answers, known, limit)
    return Asking(probe=probe, said=tuple(said), passages=passages)


def _grouped(replies: Sequence[by_question.Reply]) -> list[list[by_question.Reply]]:
    """The samples of an adapter or base that say and score the same stand together."""
    groups: dict[object, list[by_question.Reply]] = {}
    for reply in replies:
        c = reply.completion
        scores = tuple((s.dimension, s.value, s.reason) for s in reply.scores)
        groups.setdefault((c.arm, c.seed, c.text, c.finish, scores), []).append(reply)
    return list(groups.values())


def _other(
    reply: by_question.Reply, groups: Sequence[Sequence[by_question.Reply]], texts: Sequence[Shown]
) -> Shown | None:
    """What a reply is compared with: the base's with the adapter's, any other with the base's."""
    wanted: Arm = "adapter" if reply.completion.arm == "base" else "base"
    sample = reply.completion.sample
    for group, shown in zip(groups, texts, strict=True):
        if any((r.completion.arm, r.completion.sample) == (wanted, sample) for r in group):
            return shown
    return None


def _title(group: Sequence[by_question.Reply], several: bool) -> str:
    c = group[0].completion
    title = view.ARM_NAMES[c.arm] + (f", seed +{c.seed}" if c.seed else "")
    if not several:
        return title
    numbers = ", ".join(str(r.completion.sample + 1) for r in group)
    return f"{title}, sample{'s' if len(group) > 1 else ''} {numbers}"
