"""A folder of documents as texts: md, txt and rst as they are, html and pdf through libraries.

``beautifulsoup4`` and ``pypdf`` are needed only where such a file lies in the folder
(``pip install 'realift[docs]'``). What is wrong with a file goes to ``found``.
"""

from __future__ import annotations

import importlib
import logging
import re
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realift.data.problems import Findings
from realift.errors import UsageError
from realift.types import Where

_BLOCKS = (
    "address", "article", "aside", "blockquote", "dd", "div", "dl", "dt", "figcaption", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre",
    "section", "table", "title", "tr", "ul",
)  # fmt: skip
_NOT_TEXT = ("script", "style", "template", "noscript", "svg", "nav")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file: its path inside the folder (with ``/`` on every system) and its text."""

    source: str
    text: str


def read_documents(folder: str | Path, found: Findings) -> tuple[Document, ...]:
    """All documents of a folder and of the folders in it, in the order of their paths.

    Hidden files and folders are left out silently, other kinds of files with a note; a file that
    cannot be read, or holds no text (a scanned pdf), with a warning.

    Raises:
        UsageError: a library for one of the files is not installed.
    """
    root = Path(folder)
    if not root.is_dir():
        found.error(
            "no-such-folder",
            "is a file, not a folder" if root.exists() else "no such folder",
            Where(file=str(root)),
            hint="--docs takes the folder that holds the documents",
        )
        return ()
    paths = sorted(
        (p for p in root.rglob("*") if p.is_file() and not _hidden(p.relative_to(root))),
        key=lambda p: p.relative_to(root).as_posix(),
    )
    documents, skipped = [], Counter[str]()
    for path in paths:
        read = _READERS.get(path.suffix.lower())
        if read is None:
            skipped[path.suffix.lower() or path.name] += 1
            continue
        where = Where(file=path.relative_to(root).as_posix())
        text = read(path, where, found)
        if text is not None and text.strip():
            documents.append(Document(source=where.file, text=text))
        elif text is not None:
            found.each(
                "warning",
                "empty-document",
                "no text in the document",
                where,
                hint="a scanned pdf has to go through text recognition (OCR) first",
            )
    if skipped:
        listed = ", ".join(f"{count} {suffix}" for suffix, count in sorted(skipped.items()))
        found.each(
            "note",
            "skipped-documents",
            f"files of other kinds are not read: {listed}",
            Where(file=str(root)),
            hint=f"read are {', '.join(_READERS)}",
        )
    if not documents:
        found.error(
            "no-documents",
            "no document with text in the folder",
            Where(file=str(root)),
            hint=f"read are {', '.join(_READERS)}",
        )
    return tuple(documents)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _plain(path: Path, where: Where, found: Findings) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        found.warning(
            "unreadable-document",
            "not UTF-8 text: the document is left out",
            where,
            hint="save the file as UTF-8",
        )
    return None


def _html(path: Path, _where: Where, _found: Findings) -> str | None:
    bs4 = _library("bs4", "beautifulsoup4", path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # XHTML, or a page that is only a path: read as it is
        soup = bs4.BeautifulSoup(path.read_bytes(), "html.parser")
    for tag in soup(_NOT_TEXT):
        tag.decompose()
    for tag in soup("br"):
        tag.replace_with("\n")
    for tag in soup(("td", "th")):
        tag.append(" ")
    for tag in soup(_BLOCKS):
        tag.insert_before("\n\n")
        tag.insert_after("\n\n")
    return _tidy(soup.get_text())


def _pdf(path: Path, where: Where, found: Findings) -> str | None:
    pypdf = _library("pypdf", "pypdf", path)
    logging.getLogger("pypdf").setLevel(logging.ERROR)  # broken pdfs are the rule, not news
    try:
        pages = [page.extract_text() for page in pypdf.PdfReader(path).pages]
    except Exception as err:  # pypdf raises whatever the broken file led it into
        found.warning(
            "unreadable-document",
            f"cannot be read as pdf ({type(err).__name__}: {err}): the document is left out",
            where,
            hint="open it and save it anew, without a password",
        )
        return None
    joined = "\n\n".join(pages)
    return _tidy(re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", joined))  # words cut at the line's end


def _tidy(text: str) -> str:
    """Lines without double spaces, at most one empty line in a row."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _library(module: str, package: str, path: Path) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as err:
        raise UsageError(
            f"{path}: reading {path.suffix.lower()} files needs {package}, which is not installed",
            hint="pip install 'realift[docs]', or take these files out of the folder",
        ) from err


_READERS: dict[str, Callable[[Path, Where, Findings], str | None]] = {
    ".md": _plain,
    ".markdown": _plain,
    ".txt": _plain,
    ".rst": _plain,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
}
