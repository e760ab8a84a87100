"""Questions without context, a store of passages: what is shown to the model, and was it right?

>>> from realift.data.problems import Findings
>>> from realift.types import Where
>>> asked = Question(id="q1", where=Where(file="e.csv"), question="When do I get my money back?",
...                  answers=(("30 days",),), expected_source="faq.md")
>>> store = Store(name="a list", n_documents=1, n_passages=1, sources=("docs/faq.md",),
...               search=lambda texts, k: [(Passage(text="In 30 days.", source="docs/faq.md"),)])
>>> done = retrieve([asked], store, k=4, found=Findings())
>>> done.rows[0].status, done.questions[0].context
('found', '[1] (docs/faq.md) In 30 days.')
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from realift.data import bm25
from realift.data.documents import read_documents
from realift.data.fields import nearest_name, render_context
from realift.data.passages import cut
from realift.data.problems import Findings
from realift.data.questions import default_group
from realift.data.text import fold
from realift.types import Passage, Question, Retrieved, Where

DEPTH = 20  # how deep the expected document is looked for, to say what more passages would bring
CHROMA = "chroma:"
Search = Callable[[Sequence[str], int], Sequence[Sequence[Passage]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Passages that can be searched. ``search(queries, k)`` gives up to ``k`` for each query."""

    name: str
    n_documents: int
    n_passages: int
    sources: tuple[str, ...]  # every document, for matching ``expected_source``
    search: Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """Questions with their contexts, those whose document was not retrieved kept apart."""

    questions: tuple[Question, ...]
    missed: tuple[Question, ...]
    rows: tuple[Retrieved, ...]


def open_store(docs: str, *, retriever: str, words: int, found: Findings) -> Store | None:
    """The passages of a folder, or of a Chroma collection (``chroma:PATH#COLLECTION``).

    Args:
        docs: the folder or collection.
        retriever: ``bm25``, or the name of a sentence-transformers model.
        words: longest passage of a folder, in words; a collection is cut already.
        found: takes what is wrong; then the result is ``None``.

    Raises:
        UsageError: a library is not installed, or there is no such collection.
    """
    if docs.startswith(CHROMA):
        from realift.data.dense import chroma_store

        return chroma_store(docs.removeprefix(CHROMA), retriever)
    before = found.n_errors
    documents = read_documents(docs, found)
    if found.n_errors > before:
        return None
    chunks = [chunk for document in documents for chunk in cut(document, words=words)]
    passages = [Passage(text=chunk.text, source=chunk.source) for chunk in chunks]
    search = _word_search(passages)
    if retriever != "bm25":
        from realift.data.dense import dense_search

        search = dense_search(passages, retriever)
    return Store(
        name=retriever,
        n_documents=len(documents),
        n_passages=len(passages),
        sources=tuple(document.source for document in documents),
        search=search,
    )


def _word_search(passages: Sequence[Passage]) -> Search:
    index = bm25.build_index(passage.text for passage in passages)
    return lambda queries, k: [
        tuple(passages[hit.number] for hit in bm25.search(index, query, k)) for query in queries
    ]


def retrieve(questions: Sequence[Question], store: Store, *, k: int, found: Findings) -> Retrieval:
    """Give every question its ``k`` best passages as context, and judge them by its source.

    1. A question that has a context already keeps it and is not judged.
    2. ``expected_source`` is compared with the documents' paths, from the end, then without the
       file name's ending; ``a.md; b.md`` means that either will do.
    3. An answerable question whose expected document is not among the passages is ``missed``: the
       answer cannot be expected of any model, so it is kept apart and not counted against one.
    4. The group of a question becomes its expected document, unless the row names a group.
    """
    bare = [q for q in questions if not q.context]
    if len(bare) < len(questions):
        where = next(q.where for q in questions if q.context)
        found.each(
            "note",
            "context-kept",
            f"{len(questions) - len(bare)} questions bring a context: nothing is retrieved for "
            "them, and they are not counted in recall",
            where,
        )
    brought = store.search([q.question for q in bare], max(k, DEPTH)) if bare else []
    rows, kept, missed = [], {}, []
    for question, passages in zip(bare, brought, strict=True):
        expected = _expected(question, store, found)
        row = _judge(question, expected, passages, k)
        with_context = _with_context(question, passages[:k], expected)
        rows.append(row)
        if row.status in ("missed", "absent") and question.answerable:
            missed.append(with_context)
        else:
            kept[question.id] = with_context
    _none_matches(rows, store, found, bare)
    left = {q.id for q in missed}
    return Retrieval(
        questions=tuple(kept.get(q.id, q) for q in questions if q.id not in left),
        missed=tuple(missed),
        rows=tuple(rows),
    )


def _judge(
    question: Question, expected: frozenset[str], passages: Sequence[Passage], k: int
) -> Retrieved:
    sources = [passage.source or "" for passage in passages]
    rank = next((n for n, source in enumerate(sources, start=1) if source in expected), None)
    status: Literal["found", "missed", "absent", "unjudged"] = "missed"
    if question.expected_source is None:
        status = "unjudged"
    elif not expected:
        status = "absent"
    elif rank is not None and rank <= k:
        status = "found"
    return Retrieved(
        question_id=question.id,
        question=question.question,
        expected=question.expected_source,
        status=status,
        rank=rank,
        n_expected=sum(source in expected for source in sources[:k]),
        sources=tuple(sources[:k]),
        answer_there=_answer_there(question, passages[:k]),
    )


def _answer_there(question: Question, passages: Sequence[Passage]) -> bool | None:
    """Whether every required part of the answer stands in the passages, word for word."""
    if not (question.answers and question.answerable):
        return None
    text = f" {fold(' '.join(passage.text for passage in passages))} "
    return all(any(f" {fold(a)} " in text for a in slot if fold(a)) for slot in question.answers)


def _with_context(
    question: Question, passages: Sequence[Passage], expected: frozenset[str]
) -> Question:
    own_group = question.group != default_group(question.question, "")
    group = f"source-{'|'.join(sorted(expected))}" if expected else question.group
    return dataclasses.replace(
        question,
        passages=tuple(passages),
        context=render_context(passages),
        group=question.group if own_group else group,
    )


# --- the expected source ------------------------------------------------------------------------


def _expected(question: Question, store: Store, found: Findings) -> frozenset[str]:
    """The documents that a question's ``expected_source`` may mean; empty = there is none."""
    name = question.expected_source
    if name is None:
        return frozenset()
    whole = match_source(name, store.sources)
    each = [whole] if whole else [match_source(n, store.sources) for n in _split(name)]
    for one in each:
        if len(one) > 1:
            found.each(
                "warning",
                "ambiguous-source",
                f"expected_source '{name}' fits {len(one)} documents ({', '.join(sorted(one)[:3])}"
                f"{', ...' if len(one) > 3 else ''}); either counts",
                question.where,
                hint="write the path inside the folder",
            )
    matched = frozenset().union(*each)
    if not matched:
        near = nearest_name(name, store.sources)
        found.each(
            "warning",
            "unknown-source",
            f"expected_source '{name}' is none of the {store.n_documents} documents",
            question.where,
            hint=f"did you mean '{near}'?" if near else "add the document, or correct the name",
        )
    return matched


def _split(name: str) -> list[str]:
    return [part.strip() for part in name.split(";") if part.strip()]


def match_source(name: str, sources: Iterable[str]) -> frozenset[str]:
    """The sources that a name means: by path, else by its end, else without its ending.

    >>> docs = ("faq.md", "old/faq.md", "terms.pdf")
    >>> sorted(match_source("faq.md", docs)), sorted(match_source("OLD\\\\faq", docs))
    (['faq.md'], ['old/faq.md'])
    >>> sorted(match_source("/data/docs/terms.pdf", docs)), sorted(match_source("term", docs))
    (['terms.pdf'], [])
    """
    wanted = _path(name)
    for form in (lambda p: p, lambda p: re.sub(r"#.*", "", p), _stem):
        same = {s for s in sources if form(_path(s)) == form(wanted)}
        ending = {s for s in sources if _ends_alike(form(_path(s)), form(wanted))}
        if same or ending:
            return frozenset(same or ending)
    return frozenset()


def _path(name: str) -> str:
    path = unicodedata.normalize("NFC", name.strip()).replace("\\", "/").casefold()
    return re.sub(r"^(?:\./)+", "", path)


def _stem(path: str) -> str:
    return str(PurePosixPath(re.sub(r"#.*", "", path)).with_suffix("")) if path else path


def _ends_alike(a: str, b: str) -> bool:
    return a.endswith(f"/{b}") or b.endswith(f"/{a}")


def _none_matches(
    rows: Sequence[Retrieved], store: Store, found: Findings, asked: Sequence[Question]
) -> None:
    judged = [row for row in rows if row.status != "unjudged"]
    if judged and all(row.status == "absent" for row in judged):
        found.error(
            "no-source-known",
            f"none of the {len(judged)} expected sources is among the documents "
            f"({', '.join(store.sources[:3])}{', ...' if len(store.sources) > 3 else ''})",
            Where(file=asked[0].where.file),
            hint="is --docs the right folder? expected_source is a path in it, or a file name",
        )
