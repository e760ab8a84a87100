"""Holding out training rows to choose the best step, without near-copies on both sides."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence

from realift.data.alike import asking, likeness
from realift.data.pairs import copy_pairs
from realift.data.text import fold, is_refusal
from realift.types import Example, Split

MIN_ROWS = 10  # with fewer, every row is needed for training
MIN_VALID = 2


def split_examples(
    examples: Sequence[Example],
    *,
    valid_fraction: float,
    seed: int,
    refusal_phrases: Sequence[str] = (),
) -> Split:
    """Cut the rows in two; the order of the rows is kept on both sides.

    1. Rows whose question (and context) is the same or nearly so form one group. Another wording
       of the same fact is not a near-copy: whether it is understood is what holding out measures.
    2. Groups are drawn at random, refusals and answers each for their share, until the fraction
       is reached; a group that would go beyond it stays in training.

    Args:
        examples: the training rows.
        valid_fraction: share to hold out, 0-0.5; at least two rows are held out if any.
        seed: of the drawing; the same seed and rows give the same split.
        refusal_phrases: further sentences that count as a refusal.

    Returns:
        The two parts and why they are as they are. Nothing is held out with fewer than 10 rows,
        with a fraction of 0, or when two rows cannot be held out; ``train`` is then every row.
    """
    rows = tuple(examples)
    n = len(rows)
    if n < MIN_ROWS:
        return Split(
            train=rows,
            valid=(),
            reason=f"nothing held out: {n} row{'s' * (n != 1)}, fewer than {MIN_ROWS}",
        )
    if valid_fraction <= 0:
        return Split(train=rows, valid=(), reason="nothing held out: valid_fraction is 0")
    wanted = min(max(MIN_VALID, round(n * valid_fraction)), n // 2)
    groups = near_copy_groups(rows)
    refuses = [is_refusal(row.answer, refusal_phrases) for row in rows]
    held = _draw(groups, refuses, wanted, random.Random(seed))
    if len(held) < MIN_VALID:
        return Split(
            train=rows,
            valid=(),
            reason="nothing held out: the rows are near-copies of each other "
            f"({len(groups)} group{'s' * (len(groups) != 1)} in {n} rows)",
        )
    return Split(
        train=tuple(row for number, row in enumerate(rows) if number not in held),
        valid=tuple(row for number, row in enumerate(rows) if number in held),
        reason=f"{len(held)} of {n} rows held out ({sum(refuses[i] for i in held)} refusals); "
        f"near-copies kept together ({len(groups)} groups)",
    )


def near_copy_groups(rows: Sequence[Example]) -> list[list[int]]:
    """Row numbers grouped by exact or near copies of the prompt (union-find), in row order.

    Beyond some thousand different prompts copies are looked for by MinHash (see ``pairs``).
    """
    return [list(group) for group in _groups(tuple(rows))]


@functools.lru_cache(maxsize=2)
def _groups(rows: tuple[Example, ...]) -> tuple[tuple[int, ...], ...]:
    prompts = [
        (
            "\n".join(m.content for m in row.messages if m.role == "user"),
            "\n".join(m.context for m in row.messages if m.context),
        )
        for row in rows
    ]
    folded = [(fold(text) or text.strip(), fold(given) or given.strip()) for text, given in prompts]
    first: dict[tuple[str, str], int] = {}
    for number, prompt in enumerate(folded):
        first.setdefault(prompt, number)
    parent = [first[prompt] for prompt in folded]
    different = list(first.values())

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for i, j in copy_pairs([folded[number] for number in different]):
        a, b = different[i], different[j]
        if root(a) == root(b):
            continue
        asked = asking(*prompts[a]), asking(*prompts[b])
        likes = (likeness(asked[0], asked[1]), likeness(asked[1], asked[0]))
        if any(like is not None and like.kind != "suspect" for like in likes):
            low, high = sorted((root(a), root(b)))
            parent[high] = low
    groups: dict[int, list[int]] = {}
    for number in range(len(rows)):
        groups.setdefault(root(number), []).append(number)
    return tuple(tuple(group) for group in groups.values())


def _draw(
    groups: Sequence[list[int]], refuses: Sequence[bool], wanted: int, rng: random.Random
) -> set[int]:
    kinds = [[g for g in groups if refuses[g[0]] is kind] for kind in (True, False)]
    n_rows = sum(map(len, groups))
    held: set[int] = set()
    for kind in kinds:  # a share of each kind, so that both stand on both sides where possible
        if len(kind) < 2:
            continue
        share = max(1, round(wanted * sum(map(len, kind)) / n_rows))
        share = min(share, wanted - len(held))  # both may have been rounded up
        held |= _fill(kind[:-1] if share >= len(kind) else kind, share, rng)
    if len(held) < wanted:
        rest = [g for g in groups if not held & set(g)]
        spare = [
            g for g in rest if any(o is not g and refuses[o[0]] == refuses[g[0]] for o in rest)
        ]
        held |= _fill(spare, wanted - len(held), rng)
    if len(held) < MIN_VALID:  # only big groups: the smallest, if most rows still train
        small = min(groups, key=len)
        if MIN_VALID <= len(small) <= n_rows // 2:
            held = set(small)
    return held


def _fill(groups: Sequence[list[int]], room: int, rng: random.Random) -> set[int]:
    taken: set[int] = set()
    for group in rng.sample(list(groups), len(groups)):
        if len(taken) + len(group) <= room:
            taken.update(group)
    return taken
