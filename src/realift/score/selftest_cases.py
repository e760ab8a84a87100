"""Answers whose score is known beforehand, made from the questions themselves.

One function per dimension: question and all questions -> answers that must score 1 and answers
that must score 0. ``None`` = this question cannot be used to test the dimension.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from realift.config import REFUSAL
from realift.data.text import fold
from realift.score.fold import strip_citations
from realift.score.grounding import applies
from realift.score.match import holds
from realift.score.sentences import sentences
from realift.score.sources import sources
from realift.types import Question

_PLAIN_NUMBER = re.compile(r"(?<![\w.,:/-])\d{1,9}(?![\w.,:/-]*[\w])")
Slots = Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """An answer that must score 0, and what is wrong with it."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Answers that must score 1 (``right``) and 0 (``wrong``) on one question."""

    right: tuple[str, ...]
    wrong: tuple[Wrong, ...]


EMPTY = Wrong(text="", kind="empty")
Maker = Callable[[Question, Sequence[Question]], Cases | None]


def answer_cases(question: Question, questions: Sequence[Question]) -> Cases | None:
    """For correctness: every wording is right; an empty and a foreign answer are wrong."""
    if not (question.answerable and question.answers and all(question.answers)):
        return None
    other = foreign(question, questions, lambda q: q.answers)
    wrong = [EMPTY]
    if other:
        wrong.append(Wrong(text=wordings(other.answers)[0], kind=f"that of {other.id!r}"))
    return Cases(right=wordings(question.answers), wrong=tuple(wrong))


def word_cases(question: Question, questions: Sequence[Question]) -> Cases | None:
    """For token F1: as for correctness; the foreign answer must share no word."""
    made = answer_cases(question, questions)
    if made is None:
        return None
    own = {w for text in made.right for w in fold(text).split()}
    apart = (w for w in made.wrong if own.isdisjoint(fold(w.text).split()))
    return Cases(right=made.right, wrong=tuple(apart))


def point_cases(question: Question, questions: Sequence[Question]) -> Cases | None:
    """For completeness: all points are right; none, all but one, and foreign ones are wrong."""
    points = question.key_points
    if not (question.answerable and points and all(points)):
        return None
    wrong = [EMPTY]
    part = "; ".join(p[0] for p in points[:-1])
    if part and not any(fold(a) in fold(part) for a in points[-1]):
        wrong.append(Wrong(text=part, kind="without its last point"))
    other = foreign(question, questions, lambda q: q.key_points)
    if other:
        wrong.append(Wrong(text=wordings(other.key_points)[0], kind=f"that of {other.id!r}"))
    return Cases(right=wordings(points), wrong=tuple(wrong))


def grounding_cases(question: Question, questions: Sequence[Question]) -> Cases | None:
    """For grounding: the context's own sentence with the answer, cited, is right.

    Wrong: the same with a citation that does not exist, with another number, the sentence of a
    question whose answer this context does not hold, a refusal, nothing.
    """
    found = _answer_sentence(question) if applies(question) else None
    if found is None:
        return None
    said, label = found
    known = sources(question).numbered
    invented = [max(known, default=0) + 1, *([0] if 0 not in known else [])]
    wrong = [EMPTY, Wrong(text=REFUSAL, kind="a refusal")]
    wrong += [Wrong(text=f"{said} [{i}].", kind="a made-up citation") for i in invented]
    given = fold(f"{question.context} {question.question}")
    changed = _with_another_number(said, given.split())
    if changed:
        wrong.append(Wrong(text=f"{changed}.", kind="another number"))
    for other in questions:
        strange = _answer_sentence(other) if applies(other) else None
        theirs = (fold(a) for slot in other.answers for a in slot)
        if strange and not any(f" {a} " in f" {given} " for a in theirs):
            wrong.append(Wrong(text=f"{strange[0]}.", kind=f"that of {other.id!r}"))
            break
    mark = "" if label is None else f" [{label}]"
    return Cases(right=(f"{said}{mark}.",), wrong=tuple(wrong))


def refusal_cases(question: Question, questions: Sequence[Question]) -> Cases | None:
    """For refusal: the refusal sentence is right; nothing, an answer and a hedge are wrong."""
    if question.answerable:
        return None
    given = fold(question.question)
    golds = (q.answers[0][0] for q in questions if q.answerable and q.answers and q.answers[0])
    gold = next((g for g in golds if fold(g) not in given), None)
    wrong = [EMPTY]
    if gold is not None:
        wrong.append(Wrong(text=gold, kind="an answer"))
        wrong.append(Wrong(text=f"{REFUSAL} However, it is {gold}.", kind="a hedge"))
    return Cases(right=(REFUSAL,), wrong=tuple(wrong))


def answering_cases(question: Question, _questions: Sequence[Question]) -> Cases | None:
    """For over-refusal: answering is right; a refusal and nothing are wrong."""
    made = answer_cases(question, ())
    if made is None:
        return None
    return Cases(right=made.right, wrong=(EMPTY, Wrong(text=REFUSAL, kind="a refusal")))


MAKERS: dict[str, Maker] = {
    "correctness": answer_cases,
    "refusal": refusal_cases,
    "no_over_refusal": answering_cases,
    "grounding": grounding_cases,
    "completeness": point_cases,
    "token_f1": word_cases,
}


def wordings(slots: Slots) -> tuple[str, ...]:
    """Full answers: the k-th alternative of every slot (its last one, where it has fewer).

    >>> wordings((("Lyon", "Lugdunum"), ("1999",)))
    ('Lyon; 1999', 'Lugdunum; 1999')
    """
    most = max(len(slot) for slot in slots)
    return tuple("; ".join(slot[min(k, len(slot) - 1)] for slot in slots) for k in range(most))


def foreign(
    question: Question, questions: Sequence[Question], slots_of: Callable[[Question], Slots]
) -> Question | None:
    """The next question whose answers are not right for this one by accident."""
    own = {a.casefold().strip() for slot in slots_of(question) for a in slot}
    at = next((i for i, q in enumerate(questions) if q.id == question.id), 0)
    for other in itertools.islice(itertools.cycle(questions), at + 1, at + len(questions)):
        theirs = {a.casefold().strip() for slot in slots_of(other) for a in slot}
        usable = other.answerable and theirs and all(slots_of(other))
        if usable and not any(a in b or b in a for a in own for b in theirs):
            return other
    return None


@functools.lru_cache(maxsize=4096)
def _answer_sentence(question: Question) -> tuple[str, int | None] | None:
    """A sentence of the context that gives an expected answer, and the number of its passage."""
    numbered = sources(question).numbered
    passages = list(numbered.items()) if numbered else [(None, question.context)]
    for label, passage in passages:
        for sentence in sentences(passage, ()):
            said = strip_citations(sentence.text).rstrip(" .。")
            gives = any(
                holds(said, a, lang=question.lang, numeric_tol=question.numeric_tol)
                for slot in question.answers
                for a in slot
            )
            if gives and not said.endswith(("?", "？")):
                return said, label
    return None


def _with_another_number(said: str, given: Sequence[str]) -> str | None:
    m = _PLAIN_NUMBER.search(said)
    if m is None:
        return None
    new = next(n for n in itertools.count(int(m[0]) + 1) if str(n) not in given)
    return f"{said[: m.start()]}{new}{said[m.end() :]}"
