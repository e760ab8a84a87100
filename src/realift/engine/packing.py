"""Rows laid end to end, without padding, with common beginnings laid down once.

A pack is a tree written depth first: an inner node is a run of tokens that several rows begin
with, a leaf is the rest of one row. A token sees itself, what stands before it in its own node,
and the nodes above it. Every node's descendants stand right behind it, so attention over the whole
tree is a list of rectangles (``Block``): each node looks at itself (causal), and all its
descendants look at it (without a mask). No mask of tokens x tokens is ever made.

>>> pack = lay_out([[1, 2, 3, 4], [1, 2, 9]], share_from=2)
>>> pack.ids
(1, 2, 3, 4, 9)
>>> pack.positions
(0, 1, 2, 3, 2)
>>> pack.places
((0, 1, 2, 3), (0, 1, 4))
>>> [(b.queries, b.keys, b.causal) for b in pack.blocks]
[((0, 2), (0, 2), True), ((2, 5), (0, 2), False), ((2, 4), (2, 4), True), ((4, 5), (4, 5), True)]
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHARE_FROM = 16  # tokens: a shorter common beginning costs more bookkeeping than it saves


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Queries ``[start, end)`` look at keys ``[start, end)``; causal blocks are square."""

    queries: tuple[int, int]
    keys: tuple[int, int]
    causal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """``places[i][t]`` is where token ``t`` of row ``i`` lies in the pack."""

    ids: tuple[int, ...]
    positions: tuple[int, ...]
    places: tuple[tuple[int, ...], ...]
    blocks: tuple[Block, ...]

    @property
    def n_tokens(self) -> int:
        return len(self.ids)

    @property
    def shares(self) -> bool:
        """Whether some queries look at more than their own node."""
        return any(not block.causal for block in self.blocks)


def lay_out(rows: Sequence[Sequence[int]], *, share_from: int | None = SHARE_FROM) -> Pack:
    """Lay rows of token ids into a pack, in any order; none of them may be empty.

    ``share_from``: the shortest common beginning that is laid down once; None = share nothing.
    """
    if not all(rows):
        raise ValueError("a row without tokens cannot be laid out")
    out = _Layout(rows=rows, share_from=share_from)
    # Sorted, rows with a common beginning are neighbors.
    order = sorted(range(len(rows)), key=lambda i: tuple(rows[i]))
    if share_from is None:
        for i in order:
            out.leaf(i, 0, ())
    else:
        out.forest(order, 0, ())
    return Pack(
        ids=tuple(out.ids),
        positions=tuple(out.positions),
        places=tuple(out.places[i] for i in range(len(rows))),
        blocks=tuple(out.blocks),
    )


def portions(rows: Iterable[tuple[int, int, int]], most: int) -> list[list[int]]:
    """Rows one behind the other in portions of at most ``most`` tokens (a longer row alone).

    ``rows``: number of a row, its tokens, and those that the row before it does not begin with.

    >>> portions([(7, 5, 5), (2, 6, 3), (4, 4, 4)], 8)
    [[7, 2], [4]]
    """
    out: list[list[int]] = []
    size = 0
    for number, whole, more in rows:
        if not out or size + more > most:
            out.append([])
            size, more = 0, whole
        out[-1].append(number)
        size += more
    return out


def joined(packs: Sequence[Pack]) -> Pack:
    """Packs end to end as one; tokens of different packs do not see each other.

    >>> both = joined([lay_out([[1, 2]]), lay_out([[3]])])
    >>> both.ids, both.places, both.blocks[1].keys
    ((1, 2, 3), ((0, 1), (2,)), (2, 3))
    """
    ids: list[int] = []
    positions: list[int] = []
    places: list[tuple[int, ...]] = []
    blocks: list[Block] = []
    for pack in packs:
        at = len(ids)
        ids += pack.ids
        positions += pack.positions
        places += (tuple(p + at for p in place) for place in pack.places)
        for block in pack.blocks:
            (a, b), (c, d) = block.queries, block.keys
            blocks.append(
                Block(queries=(a + at, b + at), keys=(c + at, d + at), causal=block.causal)
            )
    return Pack(
        ids=tuple(ids), positions=tuple(positions), places=tuple(places), blocks=tuple(blocks)
    )


class _Layout:
    """The pack under construction."""

    def __init__(self, *, rows: Sequence[Sequence[int]], share_from: int | None) -> None:
        self.rows, self.share_from = rows, share_from
        self.ids: list[int] = []
        self.positions: list[int] = []
        self.places: dict[int, tuple[int, ...]] = {}
        self.blocks: list[Block] = []

    def node(self, tokens: Sequence[int], depth: int) -> tuple[int, int]:
        start = len(self.ids)
        self.ids.extend(tokens)
        self.positions.extend(range(depth, depth + len(tokens)))
        end = len(self.ids)
        self.blocks.append(Block(queries=(start, end), keys=(start, end), causal=True))
        return start, end

    def leaf(self, row: int, depth: int, above: tuple[int, ...]) -> None:
        tokens = self.rows[row][depth:]
        if not tokens:  # the row ends where others go on
            self.places[row] = above
            return
        start, end = self.node(tokens, depth)
        self.places[row] = (*above, *range(start, end))

    def forest(self, order: Sequence[int], depth: int, above: tuple[int, ...]) -> None:
        """Rows (sorted) that agree on their first ``depth`` tokens, laid down as trees."""
        assert self.share_from is not None
        at = 0
        while at < len(order):
            end = at + 1
            while end < len(order) and self.common(order[at], order[end], depth) >= self.share_from:
                end += 1
            group = order[at:end]
            at = end
            if len(group) == 1:
                self.leaf(group[0], depth, above)
                continue
            # Sorted rows: what the first and the last have in common, all of them have.
            length = self.common(group[0], group[-1], depth)
            start, stop = self.node(self.rows[group[0]][depth : depth + length], depth)
            place = len(self.blocks)
            self.forest(group, depth + length, (*above, *range(start, stop)))
            if len(self.ids) > stop:
                below = Block(queries=(stop, len(self.ids)), keys=(start, stop), causal=False)
                self.blocks.insert(place, below)

    def common(self, one: int, other: int, depth: int) -> int:
        a, b = self.rows[one], self.rows[other]
        n = depth
        while n < len(a) and n < len(b) and a[n] == b[n]:
            n += 1
        return n - depth


def common_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two rows begin with alike.

    >>> common_length([1, 2, 3], [1, 2, 4, 5])
    2
    """
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def numbered(places: Iterable[int]) -> tuple[list[int], list[int]]:
    """The different places, sorted, and which of them each of the given ones is.

    >>> numbered([7, 3, 7])
    ([3, 7], [1, 0, 1])
    """
    found = list(places)
    different = sorted(set(found))
    number = {place: n for n, place in enumerate(different)}
    return different, [number[place] for place in found]
