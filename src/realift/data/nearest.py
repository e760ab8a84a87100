"""The training rows most like a question, for the few-shot prompt: BM25 over shared words."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from realift.data import bm25
from realift.data.text import fold
from realift.types import Example


def nearest(question_text: str, examples: Sequence[Example], k: int) -> tuple[Example, ...]:
    """The ``k`` rows closest to a question, the closest last: next to the question in the prompt.

    Compared are the last instruction and its context. Rows of equal score keep the order of the
    file, the earlier counting as closer; so the result is the same every time.

    Args:
        question_text: the question, with its context if it has one.
        examples: the training rows.
        k: how many; fewer come back when there are fewer rows.
    """
    if k <= 0 or not examples:
        return ()
    import numpy as np

    rows = tuple(examples)
    scores = bm25.scores(_index(rows), _words(question_text))
    closest = np.argsort(-scores, kind="stable")[:k]
    return tuple(rows[number] for number in reversed(closest))


@functools.lru_cache(maxsize=8)
def _index(rows: tuple[Example, ...]) -> bm25.Index:
    return bm25.build_index((f"{row.instruction}\n{row.context}" for row in rows), _words)


def _words(text: str) -> list[str]:
    """Whole words, plurals as they are: an index of passages cuts them, this one never did."""
    return fold(text).split()
