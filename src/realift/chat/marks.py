"""What is worth marking in a reply: a refusal, its citations, claims that the context lacks.

The rules are the scorers' (docs/scorers.md), so a mark here means what a score means there.

>>> from realift.types import Where
>>> q = Question(id="1", where=Where(file="chat"), question="Where?", context="[1] In Lyon.")
>>> [m.text for m in mark(q, "In Lyon [1], or in Kent [4].").citations if not m.exists]
['[4]']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from realift.score import detect, ground
from realift.score.sources import marks, sources
from realift.types import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A citation at ``start:end`` of a reply; ``exists`` = the context has every passage named."""

    start: int
    end: int
    text: str
    exists: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """``refusal``: ``clean`` | ``mixed`` (it refuses and answers) | ``none``.

    ``fault``: why the reply is not grounded in its context, in words; "" if it is, if it refuses,
    or if there is no context to hold it against.
    """

    refusal: Literal["clean", "mixed", "none"]
    citations: tuple[Citation, ...]
    fault: str

    @property
    def notes(self) -> tuple[str, ...]:
        """The marks in words, for those who see no color."""
        said = {"clean": "refuses", "mixed": "refuses and answers", "none": ""}[self.refusal]
        missing = [c.text for c in self.citations if not c.exists]
        cites = f"cites {', '.join(missing)}, which the context does not have" if missing else ""
        fault = f"not grounded: {self.fault}" if self.fault and not missing else ""
        return tuple(note for note in (said, cites, fault) if note)


def mark(question: Question, text: str, refusal_phrases: Sequence[str] = ()) -> Marked:
    """Read a reply to a question the way the scorers do."""
    known = sources(question)
    refusal = detect(text, refusal_phrases, question=question.question).kind
    citations = []
    for m in marks(text, question, known):
        said = text[m.start : m.end]
        citations.append(
            Citation(
                start=m.end - len(said.lstrip()),  # a mark takes the space before it along
                end=m.end,
                text=said.strip(),
                exists=bool(m.cited) and all(c in known.numbered for c in m.cited),
            )
        )
    fault = ""
    if question.context and text.strip() and refusal != "clean":
        grounding = ground(question, text, refusal_phrases)
        fault = "" if grounding.grounded else grounding.reason
    return Marked(refusal=refusal, citations=tuple(citations), fault=fault)
