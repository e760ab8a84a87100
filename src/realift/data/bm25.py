"""Okapi BM25 over a handful of texts or some ten thousand passages, without a dependency.

The whole of it is a page, and it breaks ties by the order of the texts, so that a retrieval is
the same every time (docs/decisions/012-retrieval.md says why no library). A test compares its
order with that of ``bm25s``. Reference: Robertson & Zaragoza (2009), The Probabilistic Relevance
Framework, eq. 3.15, with the non-negative weights of Lucene.

>>> index = build_index(["refunds take 30 days", "shipping is free"])
>>> [hit.number for hit in search(index, "how long does a refund take?", 2)]
[0]
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realift.data.text import fold

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int32]
    Weights = npt.NDArray[np.float64]

K1 = 1.5  # saturation of repeated words
B = 0.75  # how much a long text is held back

# Scripts written without spaces: Chinese, Japanese, Thai, Lao, Khmer, Burmese.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A text that shares a word with the query: its place in the list and its score (> 0)."""

    number: int
    score: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Index:
    """Postings: for every word the texts that hold it (int) and the weight it has there (float)."""

    n: int
    postings: dict[str, tuple[Numbers, Weights]]


def words(text: str) -> list[str]:
    """The words that are compared: folded, plurals cut, unspaced scripts in pairs of characters.

    Plurals: the three rules of the "S" stemmer (Harman 1991, How effective is suffixing?).

    >>> words("Our Policies: 30 days, no glass"), words("退款政策")
    (['our', 'policy', '30', 'day', 'no', 'glass'], ['退款', '款政', '政策'])
    """
    out: list[str] = []
    for word in fold(text).split():
        if word.isascii():
            out.append(_singular(word))
            continue
        rest = 0
        for run in UNSPACED.finditer(word):
            out += [w for w in (word[rest : run.start()],) if w]
            out += [run[0][i : i + 2] for i in range(max(1, len(run[0]) - 1))]
            rest = run.end()
        out += [w for w in (word[rest:],) if w]
    return out


@functools.lru_cache(maxsize=100_000)
def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("us", "ss", "is")):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    return word[:-1]


def build_index(texts: Iterable[str], split: Callable[[str], list[str]] = words) -> Index:
    """Count and weigh the words of all texts, as ``split`` cuts them; of none, nothing is found."""
    import numpy as np

    counts = [Counter(split(text)) for text in texts]
    mean_length = sum(c.total() for c in counts) / len(counts) if counts else 1.0
    held: dict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for number, c in enumerate(counts):
        held_back = K1 * (1 - B + B * c.total() / (mean_length or 1.0))
        for word, count in c.items():
            numbers, weights = held[word]
            numbers.append(number)
            weights.append(count * (K1 + 1) / (count + held_back))
    postings = {}
    for word, (numbers, weights) in held.items():
        rarity = math.log(1 + (len(counts) - len(numbers) + 0.5) / (len(numbers) + 0.5))
        postings[word] = (np.array(numbers, np.int32), rarity * np.array(weights))
    return Index(n=len(counts), postings=postings)


def scores(index: Index, wanted: Iterable[str]) -> Weights:
    """The score of every text for these words, each counted once; 0 where none of them stands."""
    import numpy as np

    totals = np.zeros(index.n)
    for word in sorted(set(wanted)):  # sorted: sums of floats depend on the order
        if word in index.postings:
            numbers, weights = index.postings[word]
            totals[numbers] += weights
    return totals


def search(index: Index, query: str, k: int) -> tuple[Hit, ...]:
    """The ``k`` best texts, the best first; of equal scores the earlier text.

    A text that shares no word with the query is never a hit, so fewer may come back.
    """
    import numpy as np

    totals = scores(index, words(query))
    hits = np.flatnonzero(totals)
    best = hits[np.argsort(-totals[hits], kind="stable")[: max(k, 0)]]
    return tuple(Hit(number=int(number), score=float(totals[number])) for number in best)
