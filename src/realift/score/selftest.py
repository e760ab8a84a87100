"""Before a scorer may count: right on the expected answers, wrong on empty and foreign ones.

A scorer that fails here would decide the result by itself (letter extraction, cut answers, a gold
answer that reads as a refusal).

>>> from realift.types import Question, Where
>>> qs = [Question(id=i, where=Where(file="e"), question="Who?", answers=((a,),))
...       for i, a in (("1", "Bob"), ("2", "Eve"))]
>>> selftest(qs).passed
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.score.correctness import judge
from realift.types import Problem, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """What the correctness scorer makes of answers whose score is known.

    ``n`` questions have expected answers. ``n_foreign`` of them could be given another question's
    answer that is not right by accident; ``n_context_right`` = questions whose whole context,
    copied as the answer, would score 1. Problems name the questions; a run may be judged only if
    ``passed``.
    """

    n: int
    n_gold_right: int
    n_empty_right: int
    n_foreign: int
    n_foreign_right: int
    n_context: int
    n_context_right: int
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether every expected answer scored 1 and every wrong one 0."""
        return self.n_gold_right == self.n and self.n_empty_right == 0 and self.n_foreign_right == 0


def selftest(questions: Sequence[Question], *, refusal_phrases: Sequence[str] = ()) -> SelfTest:
    """Score expected, empty and foreign answers of the answerable questions.

    1. Each question's own expected answer, every alternative by itself, must score 1.
    2. An empty answer must score 0.
    3. The answer of the next question whose expected answers do not hold one another must score 0.

    Questions without an expected answer are left out (they are unscored in a run too).
    """
    usable = [q for q in questions if q.answerable and q.answers and all(q.answers)]
    problems: list[Problem] = []
    gold_right = empty_right = foreign = foreign_right = with_context = context_right = 0
    for i, q in enumerate(usable):
        failing = [t for t in _golds(q) if judge(q, t, refusal_phrases).value != 1.0]
        gold_right += not failing
        if failing:
            why = judge(q, failing[0], refusal_phrases).reason
            problems.append(
                _problem(
                    q,
                    "gold-not-right",
                    f"question {q.id!r}: its own expected answer {failing[0]!r} scores 0 ({why})",
                    "shorten the answer, or add the form a model would give as an alternative",
                )
            )
        empty_right += judge(q, "", refusal_phrases).value != 0.0
        other = _foreign(usable, i)
        if other is not None:
            foreign += 1
            if judge(q, _golds(other)[0], refusal_phrases).value != 0.0:
                foreign_right += 1
                problems.append(
                    _problem(
                        q,
                        "foreign-right",
                        f"question {q.id!r}: the answer of {other.id!r} scores 1 on it",
                        "make the expected answers tell these questions apart",
                    )
                )
        if q.context:
            with_context += 1
            context_right += judge(q, q.context, refusal_phrases).value == 1.0
    return SelfTest(
        n=len(usable),
        n_gold_right=gold_right,
        n_empty_right=empty_right,
        n_foreign=foreign,
        n_foreign_right=foreign_right,
        n_context=with_context,
        n_context_right=context_right,
        problems=tuple(problems),
    )


def _golds(question: Question) -> tuple[str, ...]:
    """Full answers made of the expected ones: the k-th alternative of every slot."""
    most = max(len(slot) for slot in question.answers)
    return tuple(
        "; ".join(slot[min(k, len(slot) - 1)] for slot in question.answers) for k in range(most)
    )


def _foreign(usable: Sequence[Question], i: int) -> Question | None:
    """The next question whose answers are not accidentally right for question ``i``."""
    q = usable[i]
    own = {a.casefold().strip() for slot in q.answers for a in slot}
    for step in range(1, len(usable)):
        other = usable[(i + step) % len(usable)]
        theirs = {a.casefold().strip() for slot in other.answers for a in slot}
        if not any(a in b or b in a for a in own for b in theirs):
            return other
    return None


def _problem(question: Question, code: str, message: str, hint: str) -> Problem:
    return Problem(severity="warning", code=code, message=message, where=question.where, hint=hint)
