"""What an answer may cite: the numbered passages of a context, and the citation marks of a text.

>>> from realift.types import Question, Where
>>> q = Question(id="1", where=Where(file="e"), question="?", context="[2] A fair.\\n[5] In May.")
>>> sources(q).numbered
{2: 'A fair.', 5: 'In May.'}
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from realift.data.fields import render_context
from realift.score.fold import CITATION, fold
from realift.types import Question

_AT_LINE_START = re.compile(r"^[ \t]*[\[【](\d{1,3})[\]】][ \t]*", re.MULTILINE)
_ANYWHERE = re.compile(r"(?:^|(?<=\s))\[(\d{1,3})\]\s+")
_NAMED = re.compile(
    r"(?:(?<!\s)\s+)?(?:\[\s*([^\[\]\n]{1,80}?)\s*\](?!\()|\(\s*([^()\n]{1,80}?)\s*\))"
)
_FILE = re.compile(r"[\w./-]*\w\.(?:md|txt|pdf|html?|docx?|csv|jsonl?)", re.IGNORECASE)
_IN_PROSE = re.compile(
    r"\b(?:source|document|doc|passage)s?\s+#?(\d{1,3})(?:\s*(?:,|and|&)\s*(\d{1,3}))?\b",
    re.IGNORECASE,
)
_ID_OR_RANGE = re.compile(r"(?P<low>\d{1,3})\s*-\s*(?P<high>\d{1,3})|(?P<id>-?\d{1,3})")
_MAX_RANGE = 20  # passages in one [1-20]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The passages by the number the model saw, and the number by source name (case-folded)."""

    numbered: dict[int, str]
    by_name: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A citation mark at ``start:end`` of a text. A name that is no source is kept as a text."""

    start: int
    end: int
    cited: tuple[int | str, ...]


def sources(question: Question) -> Sources:
    """The passages that can be cited, as they are numbered in the context.

    A context given as a list is numbered from 1. A plain text is numbered by its own ``[n]``
    labels, in any order and with gaps: those at the start of a line, and, if the text begins
    with a label, those between sentences too. Without labels nothing can be cited.
    """
    if question.passages and question.context == render_context(question.passages):
        shown = [f"{p.source or ''}\n{p.text}".strip() for p in question.passages]
        names = [(p.source, n) for n, p in enumerate(question.passages, start=1) if p.source]
        return Sources(
            numbered=dict(enumerate(shown, start=1)),
            by_name={fold(name).casefold(): n for name, n in names},
        )
    text = question.context.strip()
    labels = list(_AT_LINE_START.finditer(text))
    if labels and labels[0].start() == 0:
        every = {m.start(1): m for m in (*_ANYWHERE.finditer(text), *labels)}
        labels = [every[at] for at in sorted(every)]
    numbered: dict[int, str] = {}
    ends = [*(m.start() for m in labels[1:]), len(text)]
    for label, end in zip(labels, ends, strict=False):
        passage = text[label.end() : end].strip()
        number = int(label[1])
        numbered[number] = f"{numbered[number]}\n{passage}" if number in numbered else passage
    return Sources(numbered=numbered, by_name={})


def marks(text: str, question: Question, known: Sources) -> tuple[Mark, ...]:
    """Every citation of a text, in order: ``[1]``, ``[1, 3-5]``, ``[source 2]``, a source's name.

    "passage 2" in prose counts when the context is numbered and does not itself say so. A file
    name in square brackets that is no source is a citation of something that does not exist.
    """
    found = [
        Mark(start=m.start(), end=m.end(), cited=cited_numbers(m[0]))
        for m in CITATION.finditer(text)
    ]
    for m in _NAMED.finditer(text):
        name = fold(m[1] or m[2]).casefold()
        if name in known.by_name:
            found.append(Mark(start=m.start(), end=m.end(), cited=(known.by_name[name],)))
        elif m[1] and _FILE.fullmatch(m[1]):
            found.append(Mark(start=m.start(), end=m.end(), cited=(m[1],)))
    if known.numbered:
        given = f"{question.context}\n{question.question}".casefold()
        for m in _IN_PROSE.finditer(text):
            if m[0].casefold() not in given:
                numbers = tuple(int(n) for n in (m[1], m[2]) if n)
                found.append(Mark(start=m.start(), end=m.end(), cited=numbers))
    found.sort(key=lambda m: m.start)
    apart: list[Mark] = []
    for mark in found:  # "[passage 2]" is one mark, not two
        if not apart or mark.start >= apart[-1].end:
            apart.append(mark)
    return tuple(apart)


def cited_numbers(mark: str) -> tuple[int, ...]:
    """The passages that one mark cites.

    >>> cited_numbers("[1, 3-5]"), cited_numbers("[-1]"), cited_numbers("【2†a 7】")
    ((1, 3, 4, 5), (-1,), (2,))
    """
    out: list[int] = []
    for m in _ID_OR_RANGE.finditer(fold(mark).split("†")[0]):
        if m["id"]:
            out.append(int(m["id"]))
        else:
            low, high = int(m["low"]), int(m["high"])
            out += range(low, high + 1) if 0 <= high - low < _MAX_RANGE else (low, high)
    return tuple(dict.fromkeys(out))
