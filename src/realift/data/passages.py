"""Documents cut into passages of about equal length, at paragraphs where that is possible.

>>> [p.text for p in cut(Document(source="a.md", text="One two.\\n\\nThree four."), words=2)]
['One two.', 'Three four.']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from realift.data import bm25
from realift.data.documents import Document

OVERLAP = 0.2  # of a passage: whole sentences said again at the start of the next
_MIN_FILL = 0.5  # a passage ends at a paragraph from here on, rather than in the next one

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]»”]*\s+|(?<=[。！？])")
_WORD = re.compile(r"\S+\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A passage of a document. ``text`` is ``document.text[start:end]`` on one line."""

    source: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """What is never cut: a sentence, or a part of one that is longer than a passage."""

    start: int
    end: int
    n_words: int
    ends_paragraph: bool


def cut(document: Document, *, words: int) -> tuple[Chunk, ...]:
    """Passages of at most ``words`` words, in the order of the text; together they hold all of it.

    1. Paragraphs (empty lines between them) are cut into sentences; a sentence longer than a
       passage is cut between words.
    2. A passage takes sentences as long as they fit. If it would end inside a paragraph although
       it is half full at the end of the one before, it ends there.
    3. The next passage begins with the last sentences of this one, up to a fifth of its length,
       so that what stands across a border is whole in one of them; never across a paragraph.
    """
    units = list(_units(document.text, words))
    chunks = []
    first = 0
    while first < len(units):
        last, total = first, units[first].n_words
        while last + 1 < len(units) and total + units[last + 1].n_words <= words:
            last += 1
            total += units[last].n_words
        if last + 1 < len(units) and not units[last].ends_paragraph:
            last = _paragraph_end(units, first, last, words)
        start, end = units[first].start, units[last].end
        text = " ".join(document.text[start:end].split())
        chunks.append(Chunk(source=document.source, start=start, end=end, text=text))
        if last + 1 == len(units):
            break
        first = _overlap(units, first, last, words)
    return tuple(chunks)


def _units(text: str, words: int) -> Iterator[_Unit]:
    for start, end in _between(_PARAGRAPH, text, 0, len(text)):
        pieces = [
            piece
            for span in _between(_SENTENCE, text, start, end)
            for piece in _short_enough(text, *span, words)
        ]
        for number, (a, b) in enumerate(pieces, start=1):
            n_words = max(1, count_words(text[a:b]))
            yield _Unit(start=a, end=b, n_words=n_words, ends_paragraph=number == len(pieces))


def _between(ends: re.Pattern[str], text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans between the matches of ``ends``, without blank ones and blanks around them."""
    begin = start
    for match in (*ends.finditer(text, start, end), None):
        a, b = begin, match.start() if match else end
        begin = match.end() if match else end
        piece = text[a:b]
        if piece.strip():
            yield a + len(piece) - len(piece.lstrip()), b - len(piece) + len(piece.rstrip())


def _short_enough(text: str, start: int, end: int, words: int) -> Iterator[tuple[int, int]]:
    if count_words(text[start:end]) <= words:
        yield start, end
        return
    tokens = [m.span() for m in _WORD.finditer(text, start, end)]
    tokens = [span for token in tokens for span in _letters_of(text, *token, words)]
    begin, total = start, 0
    for a, b in tokens:
        size = max(1, count_words(text[a:b]))
        if total and total + size > words:
            yield begin, begin + len(text[begin:a].rstrip())
            begin, total = a, 0
        total += size
    yield begin, end


def _letters_of(text: str, start: int, end: int, words: int) -> list[tuple[int, int]]:
    """A word; its characters if it alone is longer than a passage (no spaces in it)."""
    if count_words(text[start:end]) <= words:
        return [(start, end)]
    return [(i, i + 1) for i in range(start, end)]


def count_words(text: str) -> int:
    """What stands between spaces; where words are not set apart, characters.

    >>> count_words("e.g. 3 words"), count_words("退款政策。")
    (3, 4)
    """
    if text.isascii():
        return len(text.split())
    return sum(1 if w.isascii() else max(1, _letters(w)) for w in text.split())


def _letters(word: str) -> int:
    unspaced = sum(len(run[0]) for run in bm25.UNSPACED.finditer(word))
    return unspaced or 1


def _paragraph_end(units: list[_Unit], first: int, last: int, words: int) -> int:
    total, best = 0, last
    for number in range(first, last + 1):
        total += units[number].n_words
        if units[number].ends_paragraph and total >= _MIN_FILL * words:
            best = number
    return best


def _overlap(units: list[_Unit], first: int, last: int, words: int) -> int:
    begin, total = last + 1, 0
    room = min(OVERLAP * words, words - units[last + 1].n_words)
    while (
        begin - 1 > first
        and not units[begin - 1].ends_paragraph
        and total + units[begin - 1].n_words <= room
    ):
        begin -= 1
        total += units[begin].n_words
    return begin
