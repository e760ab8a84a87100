"""Twins of training rows whose right answer is a refusal, and rows in other words.

Every maker goes over the rows in a fixed order and yields rows as long as it finds any, so that
the caller takes as many as it wants.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from realift.augmenting.names import (
    UNNAMED,
    UNTAUGHT,
    content_words,
    invented,
    names_of,
    own_names,
    renamed,
)
from realift.data.fields import render_context
from realift.data.questions import default_group, parse_context
from realift.data.reword import rewordings
from realift.probes.twins import cut_sentence_questions, other_context_questions
from realift.score import tokens
from realift.types import Example, Passage, Question

OTHER_NAME = "refusal-twin:other-name"
UNTAUGHT_FACT = "refusal-twin:untaught"
UNNAMED_THING = "refusal-twin:unnamed-thing"
BESIDE = "refusal-twin:beside-a-passage"
NO_CONTEXT = "refusal-twin:context-removed"
OTHER_CONTEXT = "refusal-twin:other-context"
CUT = "refusal-twin:answer-cut-out"
REWORDED = "reworded"
KINDS = {  # in the order of the table; what each is, for people
    NO_CONTEXT: "your question without its context",
    OTHER_CONTEXT: "your question beside another row's context",
    CUT: "your question beside its context, the answer cut out",
    OTHER_NAME: "your question about a name nobody knows",
    UNTAUGHT_FACT: "something your rows do not say of your own names",
    UNNAMED_THING: "what only a document could tell, asked without one",
    BESIDE: "such a question beside passages that do not answer it",
    REWORDED: "your row, asked in other words",
}
_ROUNDS = 6  # invented names for each row
_NAMING = 0.8  # of the user's questions without a context; below, unnamed things may be theirs
_AT_A_TIME = 40  # rows whose contexts may stand beside each other's questions
_PASSAGES = (2, 3)  # in a made context
_LONG_ANSWER = 4  # words; from here on an answer can stand for itself as a passage


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A row to be written: what is asked, beside what, and which row it was made from."""

    made_by: str
    of: Example
    question: str
    context: str = ""
    answer: str | None = None  # None = the refusal sentence


def refusal_twins(
    answering: Sequence[Example], every: Sequence[Example], texts: Sequence[str], *, seed: int
) -> dict[str, Iterator[Draft]]:
    """Makers of refusals, by kind.

    Args:
        answering: single-turn rows with an answer.
        every: all rows; their contexts may stand beside another row's question.
        texts: everything the user wrote, so that an invented name is none of it.
        seed: of names and of what is put beside what.
    """
    rows = list(answering)
    random.Random(f"{seed}/order").shuffle(rows)
    bare = [row for row in rows if not row.context]
    names = own_names(text for row in every for text in (row.instruction, row.answer))
    # A name that stands there once is often one that the base knows ("the capital of France").
    ours = {name: n for name, n in names.items() if n > 1} or names
    new = invented(texts, seed=seed)
    with_context = [row for row in rows if row.context]
    makers = {
        NO_CONTEXT: _without_context(with_context),
        OTHER_CONTEXT: _twins(OTHER_CONTEXT, with_context, seed),
        CUT: _twins(CUT, with_context, seed),
        OTHER_NAME: _other_names(bare, names, new),
    }
    known = frozenset(w for row in every for w in content_words(row.instruction))
    makers[UNTAUGHT_FACT] = _untaught(bare, ours, known, seed)
    makers[UNNAMED_THING] = _unnamed(bare, names, known, seed)
    passages = _passages(every, rows)
    if passages and bare:
        strange = _alternate(
            _other_names(bare, names, new),
            _untaught(bare, ours, known, seed + 1),
            _unnamed(bare, names, known, seed + 1),
        )
        makers[BESIDE] = _beside(strange, passages, seed)
    return makers


def reworded(answering: Sequence[Example]) -> Iterator[Draft]:
    """Each row in other words: first one wording of every row, then the next ones."""
    wordings = [(row, rewordings(row.instruction)) for row in answering]
    for number in itertools.count():
        some = [(row, found[number]) for row, found in wordings if number < len(found)]
        if not some:
            return
        for row, text in some:
            yield Draft(
                made_by=REWORDED, of=row, question=text, context=row.context, answer=row.answer
            )


def _without_context(rows: Sequence[Example]) -> Iterator[Draft]:
    for row in rows:
        yield Draft(made_by=NO_CONTEXT, of=row, question=row.instruction)


def _twins(kind: str, rows: Sequence[Example], seed: int) -> Iterator[Draft]:
    """Twins made by the probes' own functions, some rows at a time: they compare all with all."""
    for start in range(0, len(rows), _AT_A_TIME):
        some = rows[start : start + _AT_A_TIME]
        by_id = {row.id: row for row in some}
        asked = [_as_question(row) for row in some]
        made = (
            other_context_questions(asked, seed=seed)
            if kind == OTHER_CONTEXT
            else cut_sentence_questions(asked)
        )
        for q in made:
            row = by_id[q.id]
            if kind != OTHER_CONTEXT or not _says(q.context, row):
                yield Draft(made_by=kind, of=row, question=q.question, context=q.context)


def _other_names(
    rows: Sequence[Example], names: dict[str, int], new: Iterator[str]
) -> Iterator[Draft]:
    for _ in range(_ROUNDS):
        for row in rows:
            if not rewordings(row.instruction):  # not English: every noun might be a capital
                continue
            pool = list(itertools.islice(new, 3))
            text = renamed(row.instruction, names, pool)
            if text is not None:
                yield Draft(made_by=OTHER_NAME, of=row, question=text)


def _untaught(
    rows: Sequence[Example], names: dict[str, int], known: frozenset[str], seed: int
) -> Iterator[Draft]:
    """Questions about the user's own names, of which no word stands in any of their questions."""
    holders = {
        name: row for row in reversed(rows) for name in names_of(row.instruction) if name in names
    }
    if not any(rewordings(row.instruction) for row in holders.values()):
        return
    apart = [t for t in UNTAUGHT if not content_words(t.format(name="")) & known]
    pairs = [(template, name) for template in apart for name in sorted(holders)]
    random.Random(f"{seed}/untaught").shuffle(pairs)
    for template, name in pairs:
        yield Draft(made_by=UNTAUGHT_FACT, of=holders[name], question=template.format(name=name))


def _unnamed(
    rows: Sequence[Example], names: dict[str, int], known: frozenset[str], seed: int
) -> Iterator[Draft]:
    """Questions about nothing in particular, where the user's own are about something named."""
    naming = [row for row in rows if not names_of(row.instruction).isdisjoint(names)]
    english = any(rewordings(row.instruction) for row in naming)
    if not english or len(naming) < _NAMING * len(rows):
        return
    questions = [q for q in UNNAMED if not content_words(q) & known]
    random.Random(f"{seed}/unnamed").shuffle(questions)
    for row, question in zip(itertools.cycle(naming), questions, strict=False):
        yield Draft(made_by=UNNAMED_THING, of=row, question=question)


def _beside(drafts: Iterator[Draft], passages: Sequence[str], seed: int) -> Iterator[Draft]:
    rng = random.Random(f"{seed}/beside")
    for draft in drafts:
        n = min(len(passages), rng.choice(_PASSAGES))
        context = render_context([Passage(text=text) for text in rng.sample(passages, n)])
        yield Draft(made_by=BESIDE, of=draft.of, question=draft.question, context=context)


def _passages(every: Sequence[Example], answering: Sequence[Example]) -> list[str]:
    """Passages for made contexts: the user's own, else what the rows say, with their question
    where the answer is too short to stand alone."""
    own = {p.text: None for row in every if row.context for p in parse_context(row.context)}
    if own:
        return list(own)
    return list(
        dict.fromkeys(
            row.answer
            if len(row.answer.split()) >= _LONG_ANSWER
            else f"{row.instruction} {row.answer}"
            for row in answering
        )
    )


def _as_question(row: Example) -> Question:
    return Question(
        id=row.id,
        where=row.where,
        question=row.instruction,
        context=row.context,
        passages=parse_context(row.context),
        answers=((row.answer,),),
        group=default_group(row.instruction, row.context),
    )


def _says(context: str, row: Example) -> bool:
    """Whether a strange context may answer after all: it shares what the answer adds."""
    added = set(tokens(row.answer)) - set(tokens(row.instruction))
    heavy = {t for t in added if any(c.isdigit() for c in t) or len(t) > 3}
    return bool(heavy) and len(heavy & set(tokens(context))) >= max(1, len(heavy) / 2)


def _alternate(*makers: Iterator[Draft]) -> Iterator[Draft]:
    for some in itertools.zip_longest(*makers):
        yield from (draft for draft in some if draft is not None)
