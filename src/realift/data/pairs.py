"""Which texts are worth comparing: found by shared 5-grams and word runs, not by trying all pairs.

``holding`` looks for questions in training rows; its answer is exact at any size. ``copy_pairs``
looks for copies among the rows themselves: exact up to ``EXACT`` different prompts, by MinHash
beyond (Broder 1997), which misses 5 in 100 pairs that lie right at the limit and fewer above it.

What is found here is only a candidate; ``alike.likeness`` decides. All texts are folded.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realift.data.alike import COVERED, NEAR, RUN, SUSPECT, Asking, run_length
from realift.data.text import SHINGLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.uint64]

EXACT = 4000  # different prompts up to which every pair is looked at
BANDS, PER_BAND = 10, 6  # MinHash: 95% of the pairs at Jaccard 0.8 are seen, 99.9% at 0.9
COMMON = 100  # rows that share a word run from which it is a form of words, not a copy
_CHUNK = 500
_BASE = 0x9E3779B97F4A7C15  # odd: the rolling code of five characters is a polynomial in it
_CONTAINED = 0.95
_AGREE = 0.6  # share of equal MinHashes; 0.8 is expected at the limit, with a spread of 0.05
_FEW = 50  # of a large set of texts with one sign in common, everybody is compared with so many


def gram_codes(folded: str) -> Codes:
    """The character 5-grams of a text as sorted 64-bit codes, each once (as ``text.shingles``).

    >>> len(gram_codes("abcdefabcdef")), len(gram_codes("abc")), len(gram_codes(""))
    (6, 1, 0)
    """
    import numpy as np

    return np.unique(_all_grams(folded))


def _all_grams(folded: str) -> Codes:
    import numpy as np

    raw = folded.encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(raw, dtype=np.uint32).astype(np.uint64) + np.uint64(1)
    width = min(SHINGLE, len(points))
    return _rolling(points, width) if width else points


def run_codes(folded: str, length: int) -> Codes:
    """The runs of ``length`` words of a text as codes, each once; none when it is shorter."""
    import numpy as np

    words = np.array([hash(w) & 0xFFFFFFFFFFFFFFFF for w in folded.split()], dtype=np.uint64)
    return np.unique(_rolling(words, length)) if len(words) >= length > 0 else words[:0]


def _rolling(values: Codes, width: int) -> Codes:
    import numpy as np

    n = len(values) - width + 1
    out = np.zeros(n, dtype=np.uint64)
    for k in range(width):  # wraps around 2**64 on purpose
        out = out * np.uint64(_BASE) + values[k : k + n]
    return out


# --- questions in rows ---------------------------------------------------------------------------


def holding(
    rows: Sequence[str], questions: Sequence[Asking], *, share: float = SUSPECT
) -> list[list[int]]:
    """For every question, the numbers of the rows that may hold it, in order.

    A row is a candidate when it holds ``share`` of the question's 5-grams or half of its word
    runs, or when it stands at the question's end. Those are all that ``likeness`` may call alike.
    Memory grows with the questions and a chunk of rows only.
    """
    texts = [q.folded for q in questions]
    found: list[set[int]] = [set() for _ in questions]
    lengths = [run_length(len(text.split())) for text in texts]
    searches = [(gram_codes, share, list(range(len(texts))))]
    for length in sorted(set(lengths) - {0}):
        of_length = [n for n, own in enumerate(lengths) if own == length]
        searches.append((_runs_of(length), COVERED, of_length))
    for codes_of, needed, numbers in searches:
        for question, row in _shared(rows, [texts[n] for n in numbers], codes_of, needed):
            found[numbers[question]].add(row)
    endings: dict[str, set[int]] = defaultdict(set)
    for number, text in enumerate(texts):
        words = text.split()
        for start in range(len(words)):
            endings[" ".join(words[start:])].add(number)
    for row, text in enumerate(rows):
        for number in endings.get(text, ()):
            found[number].add(row)
    return [sorted(numbers) for numbers in found]


def _runs_of(length: int) -> Any:
    return lambda text: run_codes(text, length)


def _shared(
    rows: Sequence[str], texts: Sequence[str], codes_of: Any, needed: float
) -> Iterator[tuple[int, int]]:
    """(text, row) pairs in which the row holds a share of the text's codes."""
    import numpy as np

    codes = [codes_of(text) for text in texts]
    sizes = np.array([len(c) for c in codes])
    if not sizes.sum():
        return
    vocabulary = np.unique(np.concatenate(codes))
    wanted = _matrix(codes, vocabulary).T.tocsr()
    for start in range(0, len(rows), _CHUNK):
        have = _matrix([codes_of(row) for row in rows[start : start + _CHUNK]], vocabulary)
        both = (have @ wanted).tocoo()
        close = both.data >= needed * sizes[both.col] - 1e-9
        yield from zip(both.col[close].tolist(), (both.row[close] + start).tolist(), strict=True)


def _matrix(codes: Sequence[Codes], vocabulary: Codes) -> Any:
    """Texts x vocabulary, 1 where a text has a code. Codes outside the vocabulary are dropped."""
    import numpy as np
    from scipy.sparse import csr_matrix

    ends = np.cumsum([0, *(len(c) for c in codes)])
    flat = np.concatenate(codes) if codes else np.zeros(0, dtype=np.uint64)
    place = np.minimum(np.searchsorted(vocabulary, flat), len(vocabulary) - 1)
    known = vocabulary[place] == flat
    before = np.concatenate([[0], np.cumsum(known)])
    return csr_matrix(
        (np.ones(int(known.sum()), dtype=np.int32), place[known], before[ends]),
        shape=(len(codes), len(vocabulary)),
    )


# --- copies among the rows -----------------------------------------------------------------------


def copy_pairs(prompts: Sequence[tuple[str, str]]) -> Iterator[tuple[int, int]]:
    """Pairs of numbers of prompts (text, context; folded, all different) that may be copies.

    1. Texts whose 5-grams have a Jaccard similarity of 0.8, or of which one holds the other:
       every pair up to ``EXACT`` prompts, beyond that those whose MinHash agrees in some band.
    2. Texts that share half of their 8-word runs (a run that more than ``COMMON`` rows have is
       a form of words and does not count when there are more than ``EXACT`` rows).
    3. Texts that end another ("please answer: ...").

    Two prompts over different contexts are no pair.
    """
    if len(prompts) < 2:
        return
    texts = [text for text, _ in prompts]
    large = len(prompts) > EXACT
    if large:
        yield from _alike_in_bands(prompts)
    else:
        yield from _alike_exactly(texts, _context_pairs([context for _, context in prompts]))
    yield from _alike_in_runs(texts, common=COMMON if large else len(texts))
    whole: dict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        whole[text].append(number)
    last = Counter(text.rpartition(" ")[2] for text in whole)
    for number, text in enumerate(texts):
        words = text.split()
        if not words or last[words[-1]] < 2:
            continue
        for start in range(1, len(words)):
            for other in whole.get(" ".join(words[start:]), ())[:COMMON]:
                yield number, other


def _alike_exactly(texts: Sequence[str], contexts: _Contexts) -> Iterator[tuple[int, int]]:
    for row, col in _close(texts, held=True):
        keep = contexts.may_pair(row, col)
        yield from zip(row[keep].tolist(), col[keep].tolist(), strict=True)


def _close(texts: Sequence[str], *, held: bool) -> Iterator[tuple[Any, Any]]:
    """Different texts with a Jaccard similarity of 0.8, or (``held``) the second in the first."""
    import numpy as np

    codes = [gram_codes(text) for text in texts]
    if not any(len(c) for c in codes):
        return
    sizes = np.array([len(c) for c in codes])
    every = _matrix(codes, np.unique(np.concatenate(codes)))
    turned = every.T.tocsr()
    for start in range(0, len(texts), _CHUNK):
        both = (every[start : start + _CHUNK] @ turned).tocoo()
        row, col = both.row + start, both.col
        close = both.data >= NEAR * (sizes[row] + sizes[col] - both.data) - 1e-9
        if held:
            close |= both.data >= _CONTAINED * sizes[col] - 1e-9
        close &= row != col
        yield row[close], col[close]


@dataclass(frozen=True, slots=True)
class _Contexts:
    """``number[i]``: which of the different contexts prompt i has, -1 = none; ``near``: codes of
    the pairs of contexts that are the same or nearly so."""

    number: Any
    near: Any
    n: int

    def may_pair(self, row: Any, col: Any) -> Any:
        import numpy as np

        a, b = self.number[row], self.number[col]
        return (a < 0) | (b < 0) | np.isin(a * self.n + b, self.near)


def _context_pairs(contexts: Sequence[str]) -> _Contexts:
    import numpy as np

    different = list(dict.fromkeys(context for context in contexts if context))
    place = {context: number for number, context in enumerate(different)} | {"": -1}
    n = len(different)
    near = [np.arange(n) * (n + 1)]
    near += [row.astype(np.int64) * n + col for row, col in _close(different, held=False)]
    return _Contexts(
        number=np.array([place[c] for c in contexts], dtype=np.int64),
        near=np.concatenate(near),
        n=n,
    )


def _alike_in_bands(prompts: Sequence[tuple[str, str]]) -> Iterator[tuple[int, int]]:
    """Pairs with the same MinHash in one of the bands; both parts of a prompt count together.

    Six lines of numpy, because the usual library (datasketch) takes 23 s for 100,000 rows, this 4.
    Pairs whose whole signatures say that they lie far below the limit are dropped at once.
    """
    import numpy as np

    n_hashes = BANDS * PER_BAND
    random = np.random.default_rng(1)
    factors = random.integers(1 << 62, size=(n_hashes, 1), dtype=np.uint64) * np.uint64(2)
    factors += np.uint64(1)

    @functools.lru_cache(maxsize=4096)
    def sketch(text: str) -> Any:
        codes = _all_grams(text)
        if not len(codes):
            return np.full(n_hashes, 0xFFFFFFFF, dtype=np.uint32)
        codes = (codes ^ (codes >> np.uint64(29))) * np.uint64(_BASE)
        return ((codes[None, :] * factors) >> np.uint64(32)).min(axis=1).astype(np.uint32)

    signs = np.array([np.minimum(sketch(text), sketch(context)) for text, context in prompts])
    for band in range(BANDS):
        part = np.ascontiguousarray(signs[:, band * PER_BAND : (band + 1) * PER_BAND])
        keys = part.view([("", np.uint32)] * PER_BAND).ravel()
        for members in _same(keys):
            for place, first in enumerate(members[:_FEW]):
                others = members[place + 1 :]
                agree = (signs[others] == signs[first]).mean(axis=1)
                yield from ((int(first), int(other)) for other in others[agree >= _AGREE])


def _same(keys: Any) -> Iterator[Any]:
    """The numbers of the keys that stand more than once, key by key."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    tidy = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], tidy[1:] != tidy[:-1]]))
    ends = np.concatenate([starts[1:], [len(keys)]])
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        yield order[start:end]


def _alike_in_runs(texts: Sequence[str], *, common: int) -> Iterator[tuple[int, int]]:
    import numpy as np

    runs = [run_codes(text, RUN) for text in texts]
    n_runs = [len(codes) for codes in runs]
    if not sum(n_runs):
        return
    owner = np.repeat(np.arange(len(texts)), n_runs)
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for places in _same(np.concatenate(runs)):
        if len(places) <= common:
            for pair in _each_with_a_few(owner[places].tolist()):
                shared[pair] += 1
    for (a, b), n in shared.items():
        if n >= COVERED * min(n_runs[a], n_runs[b]):
            yield a, b


def _each_with_a_few(members: Sequence[int], few: int = _FEW) -> Iterable[tuple[int, int]]:
    """All pairs of a small set; of a large one, everybody with the first ``few``."""
    return ((a, b) for i, a in enumerate(members[:few]) for b in members[i + 1 :])
