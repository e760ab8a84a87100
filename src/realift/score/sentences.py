"""Sentences of an answer, each with what it cites.

>>> from realift.score.sources import Mark
>>> [(s.text, s.cited) for s in sentences("A. [1] B [2].", [
...     Mark(start=2, end=6, cited=(1,)), Mark(start=8, end=12, cited=(2,))])]
[('A.', (1,)), ('B.', (2,))]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from realift.score.function_words import word_set
from realift.score.sources import Mark

_MARK = "\ue000"  # stands for a citation mark while the text is cut
_CLOSERS = r"[\"'”’»)*_」』]*"
_TAIL = rf"(?:[ \t]*{_MARK})*"
_ENDS = (
    rf"(?P<stop>[.!?]+{_CLOSERS}){{tail}}(?=\s|$|{_MARK})|[。！？]+{_CLOSERS}{{tail}}|(?P<line>\n+)"
)
_BEFORE_MARK = re.compile(_ENDS.format(tail=_TAIL))
_AFTER_MARK = re.compile(_ENDS.format(tail=""))
_ABBREVIATIONS = word_set("mr mrs ms dr prof st inc ltd co corp vs approx etc ca bzw")
_BEFORE_NUMBERS = word_set("no nr fig vol p")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)]|#+)\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence without its citation marks; ``start:end`` is its place in ``without_marks``.

    ``parts``: what each citation stands behind, where there are several ("A [1] and B [2]."),
    with what it cites; a sentence that does not end with a citation, or begins with one, is
    one part.
    """

    text: str
    cited: tuple[int | str, ...]
    parts: tuple[tuple[str, tuple[int | str, ...]], ...]
    start: int
    end: int


def without_marks(text: str, marks: Sequence[Mark]) -> str:
    """The text with a single private character in place of each citation mark."""
    out, done = [], 0
    for mark in marks:
        out += [text[done : mark.start], _MARK]
        done = mark.end
    return "".join([*out, text[done:]])


def sentences(text: str, marks: Sequence[Mark]) -> tuple[Sentence, ...]:
    """Cut an answer into sentences and lines, each with its citations.

    1. A sentence ends at ``.``, ``!``, ``?`` before a space (not after an abbreviation), at
       ``。！？``, or at a line break.
    2. A citation after the full stop belongs to the sentence before it; in a text that begins
       with a citation and does not end with one, to the sentence behind it.
    3. A line of citations alone belongs to the line before.
    """
    shown = without_marks(text, marks)
    first = shown.lstrip().startswith(_MARK) and not shown.rstrip().endswith((_MARK, f"{_MARK}."))
    pieces = _cut(shown, _AFTER_MARK if first else _BEFORE_MARK)
    cited = iter(marks)
    out: list[Sentence] = []
    for start, end in pieces:
        piece = shown[start:end]
        each = [next(cited).cited for _ in range(piece.count(_MARK))]
        ids = tuple(i for some in each for i in some)
        said = _plain(piece)
        if any(ch.isalnum() for ch in said):
            parts = _parts(piece, each) or ((said, ids),)
            out.append(Sentence(text=said, cited=ids, parts=parts, start=start, end=end))
        elif ids:
            last = out.pop() if out else Sentence(text="", cited=(), parts=(), start=start, end=end)
            ids = last.cited + ids
            parts = ((last.text, ids),) if last.text else ()
            out.append(Sentence(text=last.text, cited=ids, parts=parts, start=last.start, end=end))
    return tuple(out)


def _plain(piece: str) -> str:
    said = re.sub(rf"\s*{_MARK}", "", piece).strip()
    return _BULLET.sub("", said) or said


def _parts(
    piece: str, each: Sequence[tuple[int | str, ...]]
) -> tuple[tuple[str, tuple[int | str, ...]], ...]:
    """The stretches before each group of marks, if the piece ends with one; else nothing."""
    stretches = re.split(rf"((?:\s*{_MARK})+)", piece)
    texts, groups, rest = stretches[:-1:2], stretches[1::2], stretches[-1]
    said = [_plain(t) for t in texts]
    if any(ch.isalnum() for ch in rest) or not all(any(c.isalnum() for c in t) for t in said):
        return ()
    ids = iter(each)
    return tuple(
        (text, tuple(i for _ in range(group.count(_MARK)) for i in next(ids)))
        for text, group in zip(said, groups, strict=True)
    )


def _cut(shown: str, ends: re.Pattern[str]) -> list[tuple[int, int]]:
    pieces, start = [], 0
    for m in ends.finditer(shown):
        if m["stop"] and _is_abbreviation(shown, m) and m.end() < len(shown.rstrip()):
            continue
        pieces.append((start, m.end()))
        start = m.end()
    return [*pieces, (start, len(shown))]


def _is_abbreviation(shown: str, m: re.Match[str]) -> bool:
    if m[0].startswith("..") or not m[0].startswith(".") or _MARK in m[0]:
        return False
    line = shown[: m.start()].rsplit("\n", 1)[-1]
    word = line.split()[-1].strip(f"(\"'{_MARK}") if line.split() else ""
    if word.casefold() in _BEFORE_NUMBERS:
        return shown[m.end() :].lstrip()[:1].isdigit()
    if word.isdigit():
        return len(word) < 3 and line.strip() == word  # "1. First item"
    dotted = re.fullmatch(r"(?:[A-Za-z]\.)*[A-Z]|(?:[A-Za-z]\.)+[a-z]", word) is not None
    return dotted or word.casefold() in _ABBREVIATIONS
