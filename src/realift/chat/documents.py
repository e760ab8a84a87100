"""A folder of documents to ask over: the passages nearest to a question.

>>> open_documents("docs").search("How long are logs kept?")  # doctest: +SKIP
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from realift.data.nearest import nearest
from realift.errors import DataError
from realift.types import Example, Message, Passage, Where

Search = Callable[[str], tuple[Passage, ...]]
READABLE = (".md", ".txt", ".rst")
WORDS = 120  # of a passage, about
PASSAGES = 3  # shown with a question
_BLANK_LINES = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What was found in the folder; ``search`` gives the passages for a question, best first."""

    folder: str
    n_documents: int
    n_passages: int
    search: Search


def open_documents(folder: str | Path) -> Documents:
    """Read every text file of a folder, cut into passages.

    Raises:
        DataError: no such folder, nothing readable in it.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "no such folder"
        raise DataError(f"{folder}: {what}", hint="give a folder of .md and .txt files to --docs")
    files = [p for p in sorted(root.rglob("*")) if p.suffix.lower() in READABLE and p.is_file()]
    rows = []
    for file in files:
        name = file.relative_to(root).as_posix()
        for number, piece in enumerate(_pieces(file.read_text("utf-8-sig", "replace")), start=1):
            where = Where(file=name, line=number)
            said = (Message(role="user", content=piece),)
            rows.append(Example(id=str(where), where=where, messages=said))
    if not rows:
        raise DataError(
            f"{folder}: no text in {', '.join(READABLE)} files",
            hint="put the documents there as text or markdown",
        )

    def search(question: str) -> tuple[Passage, ...]:
        found = nearest(question, rows, PASSAGES)
        return tuple(Passage(text=r.instruction, source=r.where.file) for r in reversed(found))

    return Documents(
        folder=str(folder), n_documents=len(files), n_passages=len(rows), search=search
    )


def _pieces(text: str) -> list[str]:
    """Paragraphs put together up to about ``WORDS`` words."""
    out: list[str] = []
    for paragraph in _BLANK_LINES.split(text):
        paragraph = paragraph.strip()
        if not paragraph:
            continue
        if out and len(out[-1].split()) + len(paragraph.split()) <= WORDS:
            out[-1] += "\n\n" + paragraph
        else:
            out.append(paragraph)
    return out
