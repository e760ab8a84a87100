"""The generated evaluation: questions about names whose syllables were never trained."""

from __future__ import annotations

from dataclasses import dataclass

from corpus import (
    SYSTEM,
    Passage,
    Turn,
    closed_turn,
    general_turn,
    make_passage,
    negative,
    positive,
    positive_two,
    with_passage,
)
from general import FACTS
from world import World

NEGATIVES = ("cell", "other_relation", "other_subject", "similar_name")


@dataclass(frozen=True, slots=True)
class Question:
    """One evaluation prompt. ``group``: answer, lacking, closed or general."""

    group: str
    content: str
    passage: str
    turn: Turn
    n_snippets: int
    n_facts: int
    system: str = SYSTEM

    def messages(self) -> list[dict[str, str]]:
        head = [{"role": "system", "content": self.system}] if self.system else []
        return [*head, {"role": "user", "content": self.content}]


def _with(world: World, group: str, passage: Passage, turn: Turn) -> Question:
    content = with_passage(world, turn.question, passage.text)
    return Question(group, content, passage.text, turn, passage.n_snippets, len(passage.facts))


def make_questions(n: int = 500, seed: int = 2027, *, unseen: bool = False) -> list[Question]:
    """``n`` questions about test entities (52 % answerable, 28 % lacking, 20 % without passage).

    ``unseen`` takes only wordings that were never trained, and so no two-fact questions, which
    have none. General questions, one for every third fact in a held-out wording, come on top.
    """
    world = World(f"{seed}/evaluation{'/unseen' * unseen}", "test")
    world.more = True
    rng = world.rng
    found: list[Question] = []
    n_answer, n_lacking = round(0.52 * n), round(0.28 * n)
    while len(found) < n_answer:
        passage = make_passage(world, 1 + len(found) % 7)
        roll = len(found) % 10
        turn: Turn | None
        if roll < 2 and not unseen:
            turn = positive_two(world, passage)
        else:
            turn = positive(world, passage, held_out=unseen)
        if turn:
            found.append(_with(world, "answer", passage, turn))
        else:
            passage = make_passage(world, 4)
            turn = positive_two(world, passage)
            if turn:
                found.append(_with(world, "answer", passage, turn))
    for i in range(n_lacking):
        passage = make_passage(world, 1 + i % 7)
        turn = negative(world, passage, NEGATIVES[i % 4], held_out=unseen)
        found.append(_with(world, "lacking", passage, turn))
    for _ in range(n - n_answer - n_lacking):
        turn = closed_turn(world, held_out=unseen)
        found.append(Question("closed", turn.question, "", turn, 0, 0))
    facts = rng.sample(FACTS, len(FACTS))
    for fact in facts[: max(1, min(len(facts), round(0.24 * n)))]:
        turn = general_turn(world, fact, held_out=True)
        found.append(Question("general", turn.question, "", turn, 0, 0))
    return found
