"""Cross-fit: every training row becomes a question for an adapter that never saw it.

Used when there is no eval set. The rows are cut into folds; near-copies stay in one fold.

>>> from realift.types import Example, Message, Where
>>> rows = [Example(id=f"r{i}", where=Where(file="t"), messages=(
...     Message(role="user", content=f"Who runs shop {name}?"),
...     Message(role="assistant", content=name))) for i, name in enumerate(["Ann", "Bob", "Cem"])]
>>> [(len(f.examples), [q.id for q in f.questions]) for f in cut_folds(rows, folds=3, seed=0)]
[(2, ['r0']), (2, ['r1']), (2, ['r2'])]
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from realift.data.leakage import find_leaks
from realift.data.questions import default_group, parse_context
from realift.data.split import near_copy_groups
from realift.data.text import is_refusal
from realift.types import Example, LeakCheck, Question

MOST_ASKED = 5000  # questions made of rows that the leak check compares with all other rows
MOST_ROWS = 20_000  # beyond that many questions, so many rows at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Rows to train on, and the questions made of the rows left out."""

    examples: tuple[Example, ...]
    questions: tuple[Question, ...]


def cut_folds(
    examples: Sequence[Example],
    *,
    folds: int,
    seed: int,
    system_prompt: str = "",
    refuses: Callable[[str], bool] = is_refusal,
) -> tuple[Fold, ...]:
    """Cut the rows into folds of about the same size and make questions of them.

    1. Rows that are near-copies of each other form one group (as in ``split``).
    2. Groups are shuffled, refusals first, and each goes to the fold with the fewest rows.
    3. The rows of a fold become its questions; the rows of all others are what is trained on.

    Args:
        examples: the training rows.
        folds: how many; fewer when there are fewer groups.
        seed: of the shuffle; the same seed and rows give the same folds.
        system_prompt: what a question is asked with (see ``as_question``).
        refuses: tells whether an output is a refusal.

    Returns:
        The folds; none when all rows are near-copies of each other, or no row can be asked.
    """
    groups = near_copy_groups(examples)
    k = min(folds, len(groups))
    if k < 2:
        return ()
    clusters = _clusters(examples, groups)
    random.Random(f"{seed}/folds").shuffle(groups)
    groups.sort(key=lambda group: not refuses(examples[group[0]].answer))
    held: list[set[int]] = [set() for _ in range(k)]
    for group in groups:
        min(held, key=len).update(group)
    made = []
    for inside in held:
        asked = [
            as_question(
                examples[i], group=clusters[i], system_prompt=system_prompt, refuses=refuses
            )
            for i in sorted(inside)
        ]
        rest = [row for i, row in enumerate(examples) if i not in inside]
        made.append(Fold(examples=tuple(rest), questions=tuple(q for q in asked if q is not None)))
    return tuple(fold for fold in made if fold.questions)


def as_question(
    example: Example,
    *,
    group: str = "",
    system_prompt: str = "",
    refuses: Callable[[str], bool] = is_refusal,
) -> Question | None:
    """The question a training row asks; its output is the right answer, or a refusal is.

    None for a row that cannot be asked the way it is trained: several user turns, or a system
    message that is not the run's own.
    """
    asks = [m for m in example.messages if m.role == "user"]
    systems = [m.content for m in example.messages if m.role == "system"]
    if len(asks) != 1 or any(said != system_prompt for said in systems):
        return None
    refusal = refuses(example.answer)
    return Question(
        id=example.id,
        where=example.where,
        question=example.instruction,
        context=example.context,
        passages=parse_context(example.context) if example.context else (),
        answers=() if refusal else ((example.answer,),),
        answerable=not refusal,
        group=group or default_group(example.instruction, example.context),
    )


def check_folds(folds: Sequence[Fold]) -> LeakCheck:
    """The leak check of every fold against its own training rows, as one.

    Beyond ``MOST_ASKED`` questions a tenth of so many is looked at, all of the first fold, beside
    ``MOST_ROWS`` of its rows, both spread evenly: near-copies are in one fold anyway.
    ``n_could_fire`` counts the questions.
    """
    n = sum(len(fold.questions) for fold in folds)
    looked_at = [(fold.examples, fold.questions) for fold in folds]
    if n > MOST_ASKED:
        rows, asked = folds[0].examples, folds[0].questions
        step = -(-len(asked) // max(1, MOST_ASKED // 10))
        looked_at = [(rows[:: -(-len(rows) // MOST_ROWS)], asked[::step])]
    checks = [find_leaks(examples, questions) for examples, questions in looked_at]
    return LeakCheck(
        leaks=tuple(leak for check in checks for leak in check.leaks),
        n_questions=n,
        n_could_fire=sum(check.n_could_fire for check in checks),
        controls_caught=sum(check.controls_caught for check in checks),
        controls_planted=sum(check.controls_planted for check in checks),
    )


def _clusters(examples: Sequence[Example], groups: Sequence[Sequence[int]]) -> list[str]:
    """The cluster of every row: near-copies, and rows over one context, are not independent."""
    names = [default_group(row.instruction, row.context) for row in examples]
    merged: dict[str, str] = {}

    def name(of: str) -> str:
        while of in merged:
            of = merged[of]
        return of

    for group in groups:
        first, *others = sorted({name(names[i]) for i in group})
        merged.update((other, first) for other in others)
    return [name(n) for n in names]
