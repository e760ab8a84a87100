"""Passages found by meaning: a sentence-transformers model, an existing Chroma collection.

Both are extras (``pip install 'realift[dense]'``, ``'realift[chroma]'``), loaded when used.
The model is loaded by sentence-transformers and runs on the CPU or GPU as that library decides.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realift.errors import ModelError, UsageError
from realift.hub import asked_if_there
from realift.types import Passage

if TYPE_CHECKING:
    from realift.data.retrieve import Search, Store

_PAGE = 5000  # rows of a collection read at a time


def _library(module: str, package: str, extra: str, why: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as err:
        raise UsageError(
            f"{why} needs {package}, which is not installed",
            hint=f"pip install 'realift[{extra}]', or retrieve with --retriever bm25",
        ) from err


def _encoder(name: str) -> Any:
    library = _library("sentence_transformers", "sentence-transformers", "dense", f"'{name}'")
    try:
        with asked_if_there(name):
            return library.SentenceTransformer(name)
    except Exception as err:  # the library raises what its own hub and file code raised
        raise ModelError(
            f"{name}: cannot be loaded as a sentence-transformers model: {err}",
            hint="give a hub id or a local folder, or --retriever bm25",
        ) from err


def _embed(encoder: Any, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Unit vectors, one a row (n, dim)."""
    vectors = np.asarray(
        encoder.encode(list(texts), normalize_embeddings=True, show_progress_bar=False),
        dtype=np.float32,
    )
    return vectors.reshape(len(texts), -1)


def dense_search(passages: Sequence[Passage], model: str) -> Search:
    """Search by cosine similarity; of equal ones the earlier passage comes first."""
    encoder = _encoder(model)
    held = _embed(encoder, [passage.text for passage in passages])

    def search(queries: Sequence[str], k: int) -> list[tuple[Passage, ...]]:
        alike = _embed(encoder, queries) @ held.T  # (queries, passages)
        order = np.argsort(-alike, axis=1, kind="stable")[:, :k]
        return [tuple(passages[int(number)] for number in row) for row in order]

    return search


def chroma_store(place: str, retriever: str) -> Store:
    """An existing collection, ``PATH#COLLECTION``. The source of a passage is its metadata
    ``source`` (else ``file``, ``path``, ``url``), else its id.

    Queries are embedded by the collection's own function, or by ``retriever`` if that names a
    model: it must be the one the collection was made with.

    Raises:
        UsageError: chromadb is not installed, no such folder or collection, nothing in it.
    """
    from realift.data.retrieve import Store

    path, _, name = place.partition("#")
    if not path or not name:
        raise UsageError(
            f"--docs chroma:{place}: the collection is not named",
            hint="write chroma:PATH#COLLECTION, for example chroma:./db#handbook",
        )
    chromadb = _library("chromadb", "chromadb", "chroma", "a Chroma collection")
    if not Path(path).is_dir():  # the client would make an empty one
        raise UsageError(f"{path}: no such folder", hint="give the folder of the Chroma database")
    client = chromadb.PersistentClient(path=path)
    try:
        collection = client.get_collection(name)
    except Exception as err:  # its exceptions differ between versions
        there = ", ".join(sorted(str(getattr(c, "name", c)) for c in client.list_collections()))
        raise UsageError(
            f"{path}: no collection '{name}'", hint=f"there are: {there or 'none'}"
        ) from err
    n = collection.count()
    if n == 0:
        raise UsageError(f"{path}: the collection '{name}' is empty", hint="fill it first")
    sources: dict[str, None] = {}
    for offset in range(0, n, _PAGE):
        page = collection.get(include=["metadatas"], limit=_PAGE, offset=offset)
        for key, meta in zip(page["ids"], page["metadatas"], strict=True):
            sources[_source(key, meta)] = None
    encoder = None if retriever == "bm25" else _encoder(retriever)

    def search(queries: Sequence[str], k: int) -> list[tuple[Passage, ...]]:
        wanted: dict[str, Any] = (
            {"query_texts": list(queries)}
            if encoder is None
            else {"query_embeddings": _embed(encoder, queries).tolist()}
        )
        found = collection.query(**wanted, n_results=min(k, n), include=["documents", "metadatas"])
        return [
            tuple(
                Passage(text=" ".join(text.split()), source=_source(key, meta))
                for key, text, meta in zip(*one, strict=True)
                if text
            )
            for one in zip(found["ids"], found["documents"], found["metadatas"], strict=True)
        ]

    own = "its own embeddings" if encoder is None else retriever
    return Store(
        name=f"Chroma collection {name} ({own})",
        n_documents=len(sources),
        n_passages=n,
        sources=tuple(sources),
        search=search,
    )


def _source(key: str, meta: dict[str, Any] | None) -> str:
    named = (str(meta[name]) for name in ("source", "file", "path", "url") if (meta or {}).get(name)
             ) if meta else iter(())  # fmt: skip
    return next(named, key)
