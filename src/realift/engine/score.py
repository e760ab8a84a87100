"""How likely a model finds given tokens: rows packed without padding, the head where it is needed.

Rows are laid end to end, what they have in common at their beginning is computed once (one context
for several questions, a system prompt), and the output head sees only the positions that predict a
token that counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realift.engine.decode_step import Span, hidden_of_pack
from realift.engine.grouping import Group
from realift.engine.norms import softmax_
from realift.engine.packing import common_length, lay_out, numbered, portions
from realift.engine.parts import Parts
from realift.engine.side_by_side import Pair, is_long, two_halves, usable
from realift.engine.weights import Weights, packed_weights_of, weights_of

if TYPE_CHECKING:
    import torch

PACK = {"cpu": 2048, "cuda": 16384}  # tokens of one pass; more gain nothing
_SPARE = 64  # tokens more than an even share: rows are not cut
_EVEN = 0.53  # of all tokens that the longer of two jobs may have
_HEAD = 1 << 24  # logits in memory at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """``sum``: negative log-likelihood in nats; ``n_greedy``: counted tokens that are likeliest."""

    sum: float
    n_greedy: int


def score_rows(
    parts: Parts, rows: Sequence[Sequence[int]], counted: Sequence[Sequence[bool]]
) -> list[Scored]:
    """The likelihood of each row's counted tokens.

    Args:
        rows: token ids; empty rows are allowed.
        counted: for every row which tokens count. The first one is predicted by nothing and never
            does.
    """
    import torch

    sums, greedy = [0.0] * len(rows), [0] * len(rows)
    asked = [[t for t in range(1, len(row)) if marks[t]]
             for row, marks in zip(rows, counted, strict=True)]  # fmt: skip
    order = sorted((i for i in range(len(rows)) if asked[i]), key=lambda i: tuple(rows[i]))
    own = _own(rows, order)
    most = PACK.get(parts.embed.device.type, PACK["cpu"])
    weights = packed_weights_of(parts) if sum(own) > most else weights_of(parts)
    pair = Pair()

    def look(packs: Sequence[Sequence[int]]) -> None:
        with torch.inference_mode():
            for numbers in packs:
                pair.spread()
                _score_pack(parts, weights, rows, asked, numbers, sums, greedy)

    beside = usable() and is_long(parts, sum(own), passes=1)
    jobs = _two_jobs(rows, order, own, most) if beside else None
    if jobs is not None:
        first, second = jobs
        pair.run(lambda: look(first), lambda: look(second))
    else:
        look(_packs(rows, order, own, most))
    return [Scored(sum=a, n_greedy=b) for a, b in zip(sums, greedy, strict=True)]


def _score_pack(
    parts: Parts,
    weights: Weights,
    rows: Sequence[Sequence[int]],
    asked: Sequence[Sequence[int]],
    numbers: Sequence[int],
    sums: list[float],
    greedy: list[int],
) -> None:
    """Add what is found of some rows (their numbers), computed in one pass."""
    # What stands behind the last token that counts predicts nothing.
    pack = lay_out([rows[i][: asked[i][-1]] for i in numbers])
    targets = [
        (i, place[t - 1], rows[i][t])
        for i, place in zip(numbers, pack.places, strict=True)
        for t in asked[i]
    ]
    places, at = numbered(place for _, place, _ in targets)
    spans = [Span(start=0, end=pack.n_tokens, parts=parts)]
    hidden = hidden_of_pack(parts, pack, spans, weights, wanted=places)
    found = _at_places(weights.head, hidden, at, [token for _, _, token in targets])
    for (i, _, _), (loss, likeliest) in zip(targets, found, strict=True):
        sums[i] += loss
        greedy[i] += likeliest


def _at_places(
    head: Group, hidden: torch.Tensor, places: Sequence[int], targets: Sequence[int]
) -> Iterator[tuple[float, bool]]:
    """The loss of each target, and whether it is the likeliest token at its place."""
    import torch

    device = hidden.device
    step = max(1, _HEAD // head.weight.shape[0])
    for at in range(0, len(places), step):
        some = hidden[torch.tensor(places[at : at + step], device=device)]
        logits = head.forward(some).float()
        wanted = torch.tensor(targets[at : at + step], device=device)
        said = logits.gather(1, wanted[:, None])[:, 0]
        lse, place = softmax_(logits)
        yield from zip((lse - said).tolist(), (place == wanted).tolist(), strict=True)


def _own(rows: Sequence[Sequence[int]], order: Sequence[int]) -> list[int]:
    """For each row of ``order``: its tokens that the one before it does not begin with."""
    before: Sequence[int] = ()
    own = []
    for i in order:
        own.append(len(rows[i]) - common_length(before, rows[i]))
        before = rows[i]
    return own


def _two_jobs(
    rows: Sequence[Sequence[int]], order: Sequence[int], own: Sequence[int], most: int
) -> tuple[list[list[int]], list[list[int]]] | None:
    """An even number of packs in two jobs, the longer one first; None if they are not even."""
    pairs = -(-sum(own) // (2 * most))
    packs = _packs(rows, order, own, sum(own) // (2 * pairs) + _SPARE)
    by_row = dict(zip(order, own, strict=True))
    sizes = [len(rows[p[0]]) + sum(by_row[i] for i in p[1:]) for p in packs]
    first, second = two_halves(sizes)
    if sum(sizes[n] for n in first) > _EVEN * sum(own):
        return None
    return [packs[n] for n in first], [packs[n] for n in second]


def _packs(
    rows: Sequence[Sequence[int]], order: Sequence[int], own: Sequence[int], most: int
) -> list[list[int]]:
    """Consecutive rows of ``order``, each pack of about ``most`` tokens that are not shared."""
    return portions(((i, len(rows[i]), more) for i, more in zip(order, own, strict=True)), most)
