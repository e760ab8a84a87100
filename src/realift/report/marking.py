"""What is marked in a shown text: words that only one arm says, citations, what was taken over.

Everything is a list of ``Span`` over the text as it is shown; ``pieces`` cuts the text at their
ends, so that the page can mark them without ever building markup out of a model's words.

>>> only_here("It is Oslo.", "It is Rome.")
(Span(start=6, end=10, kind='only'),)
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from realift.report.text import Shown, show
from realift.score.fold import own_turn
from realift.score.function_words import function_words
from realift.score.sources import Sources, marks
from realift.types import Arm, Question

Kind = Literal["only", "cite", "false cite", "taken"]

_WORD = re.compile(r"\w+(?:[.,:'’/-]\w+)*|[^\w\s]")
_MAX_SPANS = 40  # of one kind in one text; more is a pattern, no help
_MAX_WORK = 60_000  # words of one answer times words of the other; beyond, nothing is compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """``text[start:end]`` and what it is."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a text in which nothing begins or ends, and what all of it is."""

    text: str
    kinds: tuple[Kind, ...]


def pieces(text: str, spans: Iterable[Span]) -> Iterator[Piece]:
    """The text in pieces, in order; together they are the text.

    >>> [(p.text, p.kinds) for p in pieces("abcd", [Span(start=1, end=3, kind="only")])]
    [('a', ()), ('bc', ('only',)), ('d', ())]
    """
    found = [s for s in spans if 0 <= s.start < s.end <= len(text)]
    cuts = sorted({0, len(text), *(s.start for s in found), *(s.end for s in found)})
    for start, end in itertools.pairwise(cuts):
        kinds = dict.fromkeys(s.kind for s in found if s.start <= start and end <= s.end)
        yield Piece(text=text[start:end], kinds=tuple(kinds))


# --- two answers -------------------------------------------------------------------------------


def only_here(text: str, other: str) -> tuple[Span, ...]:
    """The words of ``text`` that ``other`` does not have at this place.

    Case and white space do not count. Nothing is marked when the texts have no word in common
    (then all of it differs), differ in more places than help a reader, or are too long to be
    compared quickly.
    """
    here, there = list(_WORD.finditer(text)), _WORD.findall(other)
    if not here or not there or len(here) * len(there) > _MAX_WORK:
        return ()
    words = [m[0].casefold() for m in here]
    matcher = difflib.SequenceMatcher(None, [w.casefold() for w in there], words, autojunk=False)
    blocks = [op for op in matcher.get_opcodes() if op[0] in ("replace", "insert")]
    common = [w for _, b, size in matcher.get_matching_blocks() for w in words[b : b + size]]
    if not any(character.isalnum() for word in common for character in word):
        return ()
    if len(blocks) > _MAX_SPANS:
        return ()
    return tuple(
        Span(start=here[low].start(), end=here[high - 1].end(), kind="only")
        for _, _, _, low, high in blocks
    )


def blanked(text: str, spans: Iterable[Span]) -> str:
    """The text with spaces in the place of the spans: what stands there is not compared.

    >>> blanked("8 hours [2].", [Span(start=8, end=11, kind="cite")])
    '8 hours    .'
    """
    for s in spans:
        text = text[: s.start] + " " * (s.end - s.start) + text[s.end :]
    return text


def same_words(text: str, other: str) -> bool:
    """Whether two texts differ in nothing but case and white space.

    >>> same_words("It is  Oslo.", "it is Oslo."), same_words("Oslo", "Rome")
    (True, False)
    """
    return text.casefold().split() == other.casefold().split()


# --- citations ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """What an answer cites: its marks, and the passages by number as the model saw them."""

    spans: tuple[Span, ...]
    numbers: tuple[int, ...]


def citations(question: Question, text: str, known: Sources) -> Cited:
    """The citation marks of an answer; one of a passage that is not there is a "false cite".

    Only the first ``_MAX_SPANS`` are marked.
    """
    spans: list[Span] = []
    numbers: list[int] = []
    for mark in marks(text, question, known):
        real = [n for n in mark.cited if isinstance(n, int) and n in known.numbered]
        kind: Kind = "cite" if len(real) == len(mark.cited) else "false cite"
        blank = len(text[mark.start : mark.end]) - len(text[mark.start : mark.end].lstrip())
        spans.append(Span(start=mark.start + blank, end=mark.end, kind=kind))
        numbers += real
    return Cited(spans=tuple(spans[:_MAX_SPANS]), numbers=tuple(dict.fromkeys(numbers)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPassage:
    """One passage of a context: who cites it, and in it the words that the answers took over.

    ``number`` = as the model saw it (None: the context is one text); ``cited_by`` = arms.
    """

    number: int | None
    source: str
    shown: Shown
    pieces: tuple[Piece, ...]
    cited_by: tuple[Arm, ...]


def shown_passages(
    question: Question, answers: Sequence[tuple[Arm, str]], known: Sources, limit: int
) -> tuple[ShownPassage, ...]:
    """The context as passages, with what base and adapter cited and took from it.

    In a passage that an arm cites, the words of that arm's answers are marked; if it cites
    nothing, the words are marked wherever they stand. Function words alone are never marked.
    """
    said = [
        (arm, citations(question, text, known).numbers, _content(own_turn(text), question))
        for arm, text in answers
    ]
    out = []
    for number, source, text in _passages(question, known):
        by = [arm for arm, numbers, _ in said if number in numbers]
        words = {w for _, numbers, used in said if number in numbers or not numbers for w in used}
        shown = show(text, limit)
        out.append(
            ShownPassage(
                number=number,
                source=source,
                shown=shown,
                pieces=tuple(pieces(shown.text, _taken(shown.text, words))),
                cited_by=tuple(dict.fromkeys(by)),
            )
        )
    return tuple(out)


def _passages(question: Question, known: Sources) -> list[tuple[int | None, str, str]]:
    if question.passages:
        return [
            (n if n in known.numbered else None, p.source or "", p.text)
            for n, p in enumerate(question.passages, start=1)
        ]
    text = question.context
    if not text.strip():
        return []
    parts: list[tuple[int | None, str, str]] = []
    at = 0  # a plain text is cut where its own labels say so; nothing of it is lost
    for number, passage in known.numbered.items():
        found = text.find(passage, at)
        if found < 0 or not passage:
            return [(None, "", text)]
        parts.append((number, "", passage))
        if at == 0 and text[:found].strip(" \t\n[]【】0123456789"):
            return [(None, "", text)]  # words before the first label
        at = found + len(passage)
    return parts or [(None, "", text)]


def _content(text: str, question: Question) -> set[str]:
    stop = function_words(question.lang)
    asked = {w.casefold() for w in _WORD.findall(question.question)}
    words = {w.casefold() for w in _WORD.findall(text)}
    return {w for w in words if w not in stop and w not in asked and any(map(str.isalnum, w))}


def _taken(text: str, words: set[str]) -> tuple[Span, ...]:
    """Runs of the answer's words, the first ``_MAX_SPANS``; a space between two is marked too."""
    spans: list[Span] = []
    for m in _WORD.finditer(text) if words else ():
        if m[0].casefold() not in words:
            continue
        if spans and text[spans[-1].end : m.start()] == " ":
            spans[-1] = Span(start=spans[-1].start, end=m.end(), kind="taken")
        elif len(spans) == _MAX_SPANS:
            break
        else:
            spans.append(Span(start=m.start(), end=m.end(), kind="taken"))
    return tuple(spans)
