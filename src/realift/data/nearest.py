"""The training rows most like a question, for the few-shot prompt: Okapi BM25, no dependency.

Own code because ``rank-bm25`` is unmaintained and the whole of it is thirty
lines. Reference: Robertson & Zaragoza (2009), The Probabilistic Relevance Framework, eq. 3.15.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from realift.data.text import fold
from realift.types import Example

K1 = 1.5  # saturation of repeated words
B = 0.75  # how much a long row is held back


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    counts: tuple[Counter[str], ...]
    lengths: tuple[int, ...]
    weights: dict[str, float]  # inverse document frequency
    mean_length: float


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
    rows = tuple(examples)
    index = _index(rows)
    wanted = sorted(set(fold(question_text).split()))
    scored = [(-_score(index, number, wanted), number) for number in range(len(rows))]
    return tuple(rows[number] for _, number in reversed(sorted(scored)[:k]))


@functools.lru_cache(maxsize=8)
def _index(rows: tuple[Example, ...]) -> _Index:
    counts = tuple(Counter(fold(f"{r.instruction}\n{r.context}").split()) for r in rows)
    lengths = tuple(c.total() for c in counts)
    holders = Counter(word for c in counts for word in c)
    weights = {w: math.log(1 + (len(rows) - n + 0.5) / (n + 0.5)) for w, n in holders.items()}
    return _Index(
        counts=counts, lengths=lengths, weights=weights, mean_length=sum(lengths) / len(rows) or 1.0
    )


def _score(index: _Index, number: int, wanted: Sequence[str]) -> float:
    counts = index.counts[number]
    held_back = K1 * (1 - B + B * index.lengths[number] / index.mean_length)
    return math.fsum(
        index.weights[word] * counts[word] * (K1 + 1) / (counts[word] + held_back)
        for word in wanted
        if word in counts
    )
