"""Training rows as token ids, and token ids as padded batches.

>>> epoch_order(4, epoch=0, seed=0) == epoch_order(4, epoch=0, seed=0)
True
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realift.config import Config
from realift.errors import DataError
from realift.model.load import Base
from realift.model.template import encode_example
from realift.model.tokenizer import Writer
from realift.types import IGNORE_INDEX, Encoded, Example, Problem

if TYPE_CHECKING:
    import torch


_LONG = 128  # tokens: a beginning worth bringing rows together for


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedRows:
    """Rows ready to train on, by the id of their example, and a problem for each one left out."""

    by_example: Mapping[str, tuple[Encoded, ...]]
    problems: tuple[Problem, ...]

    @property
    def rows(self) -> tuple[Encoded, ...]:
        """All rows, in the order of the examples."""
        return tuple(row for rows in self.by_example.values() for row in rows)

    def of(self, examples: Iterable[Example]) -> tuple[Encoded, ...]:
        """The rows of these examples."""
        return tuple(row for e in examples for row in self.by_example.get(e.id, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Right-padded tensors of shape ``(batch, seq)``; ``labels`` are -100 where unsupervised.

    Padding is masked by position: a pad token that equals eos stays supervised inside a row.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    labels: torch.Tensor

    @property
    def n_tokens(self) -> int:
        """Positions computed, padding included."""
        return self.input_ids.numel()


def encode_rows(
    base: Base | Writer, examples: Sequence[Example], *, system_prompt: str, max_length: int
) -> EncodedRows:
    """Encode every row; one that is too long is left out and named, never cut.

    A cut row loses its answer first, and then teaches nothing or, worse, not to stop.

    Raises:
        DataError: no row is left.
    """
    kept: dict[str, tuple[Encoded, ...]] = {}
    problems: list[Problem] = []
    for example in examples:
        rows: list[Encoded] = []
        for encoded in encode_example(
            base.tokenizer, base.template, example, system_prompt=system_prompt
        ):
            if len(encoded.input_ids) > max_length:
                problems.append(
                    Problem(
                        severity="warning",
                        code="row-too-long",
                        message=f"{len(encoded.input_ids)} tokens, {max_length} fit: left out "
                        "of the training",
                        where=example.where,
                        hint="shorten its context, or raise --max-length if the base allows",
                    )
                )
            elif encoded.n_supervised < 2:  # an end-of-turn token alone is no answer
                problems.append(
                    Problem(
                        severity="warning",
                        code="nothing-supervised",
                        message="no token of the answer is left to learn: left out",
                        where=example.where,
                        hint="give the row an answer",
                    )
                )
            else:
                rows.append(encoded)
        if rows:
            kept[example.id] = tuple(rows)
    if examples and not kept:
        first = problems[0]
        raise DataError(
            f"none of the {len(examples)} training rows can be used; {first.where}: "
            f"{first.message}",
            hint=first.hint,
            problems=problems,
        )
    return EncodedRows(by_example=kept, problems=tuple(problems))


def collate(rows: Sequence[Encoded], *, pad_id: int, device: str = "cpu") -> Batch:
    """Pad rows on the right to the longest of them."""
    import torch

    width = max(len(r.input_ids) for r in rows)
    ids = torch.full((len(rows), width), pad_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    labels = torch.full((len(rows), width), IGNORE_INDEX, dtype=torch.long)
    for i, row in enumerate(rows):
        n = len(row.input_ids)
        row_ids = torch.tensor(row.input_ids, dtype=torch.long)
        ids[i, :n] = row_ids
        mask[i, :n] = 1
        labels[i, :n] = torch.where(torch.tensor(row.supervised), row_ids, IGNORE_INDEX)
    return Batch(input_ids=ids.to(device), attention_mask=mask.to(device), labels=labels.to(device))


def epoch_order(n_rows: int, *, epoch: int, seed: int) -> list[int]:
    """The order of the rows in one epoch: a shuffle that depends on seed and epoch alone."""
    order = list(range(n_rows))
    random.Random(f"{seed}/{epoch}").shuffle(order)
    return order


def training_order(rows: Sequence[Encoded], *, epoch: int, seed: int, per_step: int) -> list[int]:
    """The order of the rows in one epoch, ``per_step`` of them to an optimizer step.

    Like ``epoch_order``, but rows that begin with the same long text (several questions on one
    passage) come in the same step as far as they fill one, so that the passage is computed once
    for all of them. Steps come in random order, and so do the rows of a passage. Where no rows
    begin alike it is ``epoch_order`` itself.
    """
    order = epoch_order(len(rows), epoch=epoch, seed=seed)
    groups = alike(rows)
    if per_step < 2 or len(set(groups)) == len(rows):
        return order
    members: dict[int, list[int]] = {}
    for i in order:
        members.setdefault(groups[i], []).append(i)
    steps, rest = [], []
    for found in members.values():
        whole = len(found) - len(found) % per_step
        steps += cut(found[:whole], per_step)
        rest.append(found[whole:])
    random.Random(f"{seed}/{epoch}/rest").shuffle(rest)
    left = [i for part in rest for i in part]
    whole = len(left) - len(left) % per_step
    steps += cut(left[:whole], per_step)
    random.Random(f"{seed}/{epoch}/steps").shuffle(steps)
    return [i for step in (*steps, left[whole:]) for i in step]


def alike(rows: Sequence[Encoded]) -> list[int]:
    """For each row the number of its group: rows that share a long beginning are in one.

    Long: at least 128 tokens, and half of the shorter row.
    """
    order = sorted(range(len(rows)), key=lambda i: rows[i].input_ids)
    groups = [0] * len(rows)
    for place, i in enumerate(order):
        groups[i] = i
        if place:
            before = order[place - 1]
            one, other = rows[before].input_ids, rows[i].input_ids
            need = max(_LONG, -(-min(len(one), len(other)) // 2))
            if one[:need] == other[:need]:
                groups[i] = groups[before]
    return groups


def windows(rows: Sequence[Encoded], config: Config, *, epoch: int) -> list[list[Encoded]]:
    """The rows of each optimizer step of an epoch."""
    size = config.batch_size * config.gradient_accumulation_steps
    order = training_order(rows, epoch=epoch, seed=config.seed, per_step=size)
    return [[rows[i] for i in window] for window in cut(order, size)]


def cut(items: Sequence[int], size: int) -> list[Sequence[int]]:
    """Consecutive pieces of at most ``size``.

    >>> cut([1, 2, 3], 2)
    [[1, 2], [3]]
    """
    return [items[i : i + size] for i in range(0, len(items), size)]


def pad_token_id(base: Base) -> int:
    """Any id will do for padding, since it is masked by position; eos if there is no pad token."""
    pad = base.tokenizer.pad_token_id
    return int(pad if pad is not None else base.template.end_id)
