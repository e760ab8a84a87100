"""Questions made from the user's own: the context swapped for another, or its answer cut out.

Pure functions of questions. A twin keeps the id and group of its question, so that arms are
paired and source documents stay together. One is made only where it can be verified that the
answer is really gone.

>>> from realift.types import Where
>>> q = Question(id="1", where=Where(file="e"), question="Price?", context="It is red. It costs 5.",
...              passages=(Passage(text="It is red. It costs 5."),), answers=(("5",),))
>>> cut_sentence_questions([q])[0].context
'It is red.'
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterable, Sequence

from realift.data.fields import render_context
from realift.data.questions import parse_context
from realift.score import holds, tokens
from realift.score.sentences import sentences
from realift.types import Passage, Question


def with_context(questions: Iterable[Question]) -> tuple[Question, ...]:
    """The questions that are answered from a context and say what the answer is."""
    return tuple(q for q in questions if q.answerable and q.context.strip() and q.answers)


def other_context_questions(questions: Sequence[Question], *, seed: int) -> tuple[Question, ...]:
    """Each question beside the context of one from another source: it must be refused.

    The other context holds none of the expected answers and, where there is a choice, none of the
    names of the question either, so that it is really about something else. A question for which
    there is no such context is left out.
    """
    asked = with_context(questions)
    contexts = {q.context: q for q in questions if q.context.strip()}
    out = []
    for q in asked:
        strangers = [
            other
            for text, other in contexts.items()
            if text != q.context
            and not (q.group and other.group == q.group)
            and not any(mentions(text, a, q) for slot in q.answers for a in slot)
        ]
        names = _names(q.question)
        apart = [other for other in strangers if not names & set(tokens(other.context))]
        choice = apart or strangers
        if choice:
            other = random.Random(f"{seed}/other/{q.id}").choice(choice)
            out.append(unanswerable(q, other.context, other.passages))
    return tuple(out)


def cut_sentence_questions(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Each question beside its own context less the sentences that hold the answer.

    Left out where nothing would remain (that is ``context_removed``), where the answer stands
    nowhere word for word, or where the context cannot be put together again.
    """
    out = []
    for q in with_context(questions):
        passages = passages_of(q)
        kept = tuple(cut for p in passages if (cut := _without_answer(p, q)) is not None)
        if kept and kept != passages:
            out.append(unanswerable(q, rebuilt(q, kept), kept))
    return tuple(out)


def passages_of(question: Question) -> tuple[Passage, ...]:
    """The passages of a context; () if they do not give the very context that the model sees."""
    passages = question.passages or parse_context(question.context)
    plain = len(passages) == 1 and passages[0].text == question.context
    return passages if plain or render_context(passages) == question.context else ()


def rebuilt(question: Question, passages: Sequence[Passage]) -> str:
    """Changed passages written the way the question's own context is."""
    own = passages_of(question)
    plain = len(own) == 1 and own[0].text == question.context
    return passages[0].text if plain else render_context(passages)


def mentions(text: str, answer: str, question: Question) -> bool:
    """Whether a text holds an answer, denied, listed or plain."""
    if holds(text, answer, lang=question.lang, numeric_tol=question.numeric_tol):
        return True
    wanted, said = tokens(answer, lang=question.lang), tokens(text, lang=question.lang)
    n = len(wanted)
    return n > 0 and any(said[i : i + n] == wanted for i in range(len(said) - n + 1))


def unanswerable(question: Question, context: str, passages: Sequence[Passage]) -> Question:
    """The question with a context that does not answer it."""
    return dataclasses.replace(
        question,
        context=context,
        passages=tuple(passages),
        answers=(),
        key_points=(),
        answerable=False,
        expected_source=None,
    )


def _without_answer(passage: Passage, question: Question) -> Passage | None:
    """The passage less its sentences with the answer; ``None`` if none is left."""
    pieces = sentences(passage.text, ())
    kept = [
        s.text
        for s in pieces
        if not any(mentions(s.text, a, question) for slot in question.answers for a in slot)
    ]
    if len(kept) == len(pieces):
        return passage
    return dataclasses.replace(passage, text=" ".join(kept)) if kept else None


def _names(question: str) -> set[str]:
    """The capitalized words of a question behind its first, folded."""
    words = question.split()[1:]
    return {t for w in words if w[:1].isupper() for t in tokens(w)}
