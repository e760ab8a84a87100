"""Before a scorer may count: right on answers known to be right, wrong on those known to be wrong.

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

from realift.score.grounding import Supports
from realift.score.score import Scorer, ScorerName, scorers
from realift.score.selftest_cases import MAKERS, Cases
from realift.types import Problem, Question

MAX_MISJUDGED = 0.05  # share of questions a dimension may misjudge and still count
_HINTS = (
    "shorten the answer, or add the form a model would give as an alternative",
    "make the expected answers tell these questions apart",
)
_NOT_COUNTED = "above 5 % of the questions the dimension does not count"


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionTest:
    """What the scorer of one dimension makes of answers whose score is known.

    ``n`` = questions from which such answers could be made; ``n_right`` of them have all right
    answers scored 1. ``n_wrong_scored`` of ``n_wrong`` wrong answers did not score 0.
    ``n_misjudged`` = questions with any such fault. Problems name them.
    """

    dimension: str
    n: int
    n_right: int
    n_wrong: int
    n_wrong_scored: int
    n_misjudged: int
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool | None:
        """Whether nothing was misjudged; None = nothing could be tested."""
        return self.n_misjudged == 0 if self.n else None

    @property
    def usable(self) -> bool | None:
        """Whether at most 5 % of the questions were misjudged; None = nothing could be tested."""
        return self.n_misjudged <= MAX_MISJUDGED * self.n if self.n else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """What the scorers make of answers whose score is known.

    The counts are those of correctness: ``n`` questions have expected answers, ``n_foreign`` of
    them could be given another question's answer that is not right by accident;
    ``n_context_right`` = questions whose whole context, copied as the answer, would score 1. Its
    problems name the questions; a run may be judged only if it ``passed``. ``dimensions`` has
    the test of every dimension, correctness too.
    """

    n: int
    n_gold_right: int
    n_empty_right: int
    n_foreign: int
    n_foreign_right: int
    n_context: int
    n_context_right: int
    problems: tuple[Problem, ...]
    dimensions: dict[str, DimensionTest]

    @property
    def passed(self) -> bool:
        """Whether every expected answer scored 1 and every wrong one 0, for correctness."""
        return self.n_gold_right == self.n and self.n_empty_right == 0 and self.n_foreign_right == 0

    @property
    def excluded(self) -> tuple[str, ...]:
        """Dimensions that misjudged more than 5 % of their questions and must not count."""
        return tuple(name for name, test in self.dimensions.items() if test.usable is False)


def selftest(
    questions: Sequence[Question],
    *,
    refusal_phrases: Sequence[str] = (),
    scorer: ScorerName = "default",
    supports: Supports | None = None,
) -> SelfTest:
    """Score answers that are known to be right and wrong, on every dimension.

    1. For correctness each question's own expected answer, every alternative by itself, must
       score 1; an empty answer, and the answer of the next question whose expected answers do
       not hold one another, must score 0.
    2. The other dimensions: see ``selftest_cases``.

    Questions from which no such answer can be made are left out (without an expected answer they
    are unscored in a run too). ``scorer`` and ``supports``: see ``score.scorers``.
    """
    by_dimension = scorers(scorer, supports=supports)
    made = {
        dimension: [(q, cases) for q in questions if (cases := make(q, questions)) is not None]
        for dimension, make in MAKERS.items()
    }
    tests = {
        dimension: _test(dimension, by_dimension[dimension], made[dimension], refusal_phrases)
        for dimension in by_dimension
    }
    judge = by_dimension["correctness"]
    wrong = [(q, w) for q, cases in made["correctness"] for w in cases.wrong]
    scored = [(w, _value(judge, q, w.text, refusal_phrases) != 0.0) for q, w in wrong]
    contexts = [q for q, _ in made["correctness"] if q.context]
    copied = [_value(judge, q, q.context, refusal_phrases) == 1.0 for q in contexts]
    return SelfTest(
        n=tests["correctness"].n,
        n_gold_right=tests["correctness"].n_right,
        n_empty_right=sum(hit for w, hit in scored if not w.text),
        n_foreign=sum(1 for w, _ in scored if w.text),
        n_foreign_right=sum(hit for w, hit in scored if w.text),
        n_context=len(contexts),
        n_context_right=sum(copied),
        problems=tests["correctness"].problems,
        dimensions=tests,
    )


def _test(
    dimension: str,
    scorer: Scorer,
    made: Sequence[tuple[Question, Cases]],
    phrases: Sequence[str],
) -> DimensionTest:
    problems: list[Problem] = []
    n_right = n_wrong_scored = n_misjudged = 0
    for q, cases in made:
        failing = [t for t in cases.right if _value(scorer, q, t, phrases) != 1.0]
        scored = [w for w in cases.wrong if _value(scorer, q, w.text, phrases) != 0.0]
        n_right += not failing
        n_wrong_scored += len(scored)
        n_misjudged += bool(failing or scored)
        of = "" if dimension == "correctness" else f" ({dimension})"
        hints = _HINTS if dimension == "correctness" else (_NOT_COUNTED, _NOT_COUNTED)
        if failing:
            judgment = scorer(q, failing[0], phrases)
            why = judgment.reason if judgment else "not scored"
            what = "its own expected answer" if dimension == "correctness" else "a right answer"
            problems.append(
                _problem(
                    q,
                    "gold-not-right",
                    f"question {q.id!r}{of}: {what} {failing[0]!r} does not score 1 ({why})",
                    hints[0],
                )
            )
        for w in scored:
            problems.append(
                _problem(
                    q,
                    "foreign-right" if w.kind.startswith("that of") else "wrong-right",
                    f"question {q.id!r}{of}: a wrong answer ({w.kind}) does not score 0",
                    hints[1],
                )
            )
    return DimensionTest(
        dimension=dimension,
        n=len(made),
        n_right=n_right,
        n_wrong=sum(len(cases.wrong) for _, cases in made),
        n_wrong_scored=n_wrong_scored,
        n_misjudged=n_misjudged,
        problems=tuple(problems),
    )


def _value(scorer: Scorer, q: Question, text: str, phrases: Sequence[str]) -> float | None:
    judgment = scorer(q, text, phrases)
    return None if judgment is None else judgment.value


def _problem(question: Question, code: str, message: str, hint: str) -> Problem:
    return Problem(severity="warning", code=code, message=message, where=question.where, hint=hint)
