"""A quick look during pretraining: teacher-forced exactness on unseen entities.

An answer counts as right when every token of it is the model's first choice; for greedy decoding
this is the same as producing the answer.
"""

from __future__ import annotations

import pretrain
import torch
from corpus import (
    SYSTEM,
    Sample,
    closed_turn,
    general_turn,
    make_passage,
    negative,
    positive,
    positive_two,
    with_passage,
)
from model import Llama
from tokenizers import Tokenizer
from world import World


def _single(world: World, group: str, n_facts: int) -> Sample:
    if group == "closed":
        turn = closed_turn(world)
        return Sample(SYSTEM, "", turn.question, (turn,))
    if group == "general":
        turn = general_turn(world, held_out=True)
        return Sample(SYSTEM, "", turn.question, (turn,))
    while True:
        passage = make_passage(world, n_facts)
        if group == "refuse":
            turn = negative(world, passage)
        elif group == "two":
            found = positive_two(world, passage)
            if found is None:
                continue
            turn = found
        else:
            turn = positive(world, passage, held_out=group == "held_out")
        first = with_passage(world, turn.question, passage.text)
        return Sample(SYSTEM, passage.text, first, (turn,), passage.n_snippets)


GROUPS = ("one", "many", "held_out", "two", "refuse", "closed", "general")


@torch.no_grad()
def probe(model: Llama, tokenizer: Tokenizer, n: int = 64, seed: int = 99) -> dict[str, float]:
    """Share of wholly right answers per group of questions about test entities."""
    scores = {}
    for group in GROUPS:
        world = World(f"{seed}/{group}", "test")
        samples = [_single(world, group, 1 if group == "one" else 2 + i % 5) for i in range(n)]
        rows = sorted(pretrain.tokenize(tokenizer, samples), key=lambda r: len(r.ids))
        right = 0
        for i in range(0, len(rows), 16):
            ids, targets = pretrain.collate(rows[i : i + 16])
            guess = model(ids).argmax(-1)
            right += int(((guess == targets) | (targets < 0)).all(1).sum())
        scores[group] = round(right / len(rows), 3)
    return scores
