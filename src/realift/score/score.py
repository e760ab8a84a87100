"""Score completions: one ``Score`` per completion and dimension that its question takes part in.

Which dimensions apply depends on the question alone, never on what a model said, so the arms stay
paired.

>>> from realift.types import Completion, Question, Where
>>> q = Question(id="1", where=Where(file="e"), question="Who?", answers=(("Bob",),))
>>> c = Completion(question_id="1", arm="base", text="Bob [1].", n_tokens=4, finish="stop")
>>> [(s.dimension, s.value) for s in score_completions([q], [c])]
[('correctness', 1.0), ('no_over_refusal', 1.0), ('token_f1', 1.0)]
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Literal

from realift.score.completeness import key_points
from realift.score.correctness import Judgment, judge
from realift.score.fold import is_empty
from realift.score.grounding import Supports, applies, ground
from realift.score.refusal import detect
from realift.score.squad import squad_exact, squad_f1
from realift.score.token_f1 import MAX_WORDINGS
from realift.score.token_f1 import token_f1 as best_f1
from realift.types import Completion, Question, Score

Scorer = Callable[[Question, str, Sequence[str]], Judgment | None]
ScorerName = Literal["default", "squad"]

# What measured it, for the signature beside every figure; change with any change of a result.
VERSIONS = {
    "correctness": "contains+numeric v2",
    "refusal": "template+grammar v2",
    "no_over_refusal": "template+grammar v2",
    "grounding": "claims, lexical v1",
    "completeness": "all key points v1",
    "token_f1": "tokens+numeric v1",
}
_SQUAD_VERSIONS = {"correctness": "SQuAD 2.0 exact match", "token_f1": "SQuAD 2.0 F1"}

# Dimensions whose scores lie anywhere in 0-1; all others are 0 or 1.
CONTINUOUS = frozenset({"token_f1"})


def version(dimension: str, scorer: ScorerName = "default", *, support: str = "lexical") -> str:
    """What measured a dimension, for the signature; "as given" for one that no scorer here has.

    ``support`` names what decided whether a claim is supported, for grounding.

    >>> version("correctness", "squad"), version("grounding", support="NLI some/model")
    ('SQuAD 2.0 exact match', 'claims, NLI some/model v1')
    """
    if scorer == "squad" and dimension in _SQUAD_VERSIONS:
        return _SQUAD_VERSIONS[dimension]
    named = VERSIONS.get(dimension, "as given")
    return named.replace("lexical", support) if dimension == "grounding" else named


def correctness(question: Question, text: str, phrases: Sequence[str]) -> Judgment | None:
    """Answerable questions: the expected answer is there (see ``correctness.judge``)."""
    return judge(question, text, phrases) if question.answerable else None


def refusal(question: Question, text: str, phrases: Sequence[str]) -> Judgment | None:
    """Unanswerable questions: 1 = a clean refusal; a hedged answer is 0."""
    if question.answerable:
        return None
    kind = detect(text, phrases, question=question.question).kind
    if kind == "clean":
        return Judgment(value=1.0, reason="clean refusal")
    if kind == "mixed":
        return Judgment(value=0.0, reason="hedged: refused and answered")
    said = "empty answer" if is_empty(text) else "answered without context"
    return Judgment(value=0.0, reason=said)


def no_over_refusal(question: Question, text: str, phrases: Sequence[str]) -> Judgment | None:
    """Answerable questions: 0 = refused although it need not; hedging counts as answering."""
    if not question.answerable:
        return None
    kind = detect(text, phrases, question=question.question).kind
    if kind == "clean":
        return Judgment(value=0.0, reason="over-refusal")
    if is_empty(text):
        return Judgment(value=0.0, reason="empty answer")
    return Judgment(value=1.0, reason="hedged" if kind == "mixed" else "answered")


def grounding(
    question: Question, text: str, phrases: Sequence[str], *, supports: Supports | None = None
) -> Judgment | None:
    """Answerable questions with a context: 1 = answered, and every claim stands in the context."""
    if not applies(question):
        return None
    found = ground(question, text, phrases, supports=supports)
    return Judgment(value=float(found.grounded), reason=found.reason)


def completeness(question: Question, text: str, phrases: Sequence[str]) -> Judgment | None:
    """Answerable questions with key points: 1 = the answer gives all of them."""
    if not (question.answerable and question.key_points):
        return None
    found = key_points(question, text, phrases)
    if found.complete is None:
        return Judgment(value=None, reason="no key point")
    if found.complete:
        return Judgment(value=1.0, reason="gives every key point")
    if is_empty(text):
        return Judgment(value=0.0, reason="empty answer")
    n = f"{len(found.found)} of {len(found.found) + len(found.missing)} key points"
    return Judgment(value=0.0, reason=f"{n}, missing: " + "; ".join(map(repr, found.missing)))


def token_f1(question: Question, text: str, phrases: Sequence[str]) -> Judgment | None:
    """Answerable questions with answers: token F1 in 0-1; a refusal and an empty answer are 0."""
    if not (question.answerable and question.answers):
        return None
    if is_empty(text):
        return Judgment(value=0.0, reason="empty answer")
    if detect(text, phrases, question=question.question).kind == "clean":
        return Judgment(value=0.0, reason="refused")
    f1 = best_f1(text, question.answers, lang=question.lang, numeric_tol=question.numeric_tol)
    return Judgment(value=f1, reason="token F1")


def squad_correctness(question: Question, text: str, _phrases: Sequence[str]) -> Judgment | None:
    """Answerable questions: SQuAD exact match of the text as it is, best over the wordings."""
    if not question.answerable:
        return None
    if not question.answers:
        return Judgment(value=None, reason="no expected answer")
    exact = squad_exact(text, _wordings(question))
    return Judgment(value=exact, reason="SQuAD exact match" if exact else "not equal to a gold")


def squad_token_f1(question: Question, text: str, _phrases: Sequence[str]) -> Judgment | None:
    """Answerable questions with answers: SQuAD F1 of the text as it is."""
    if not (question.answerable and question.answers):
        return None
    return Judgment(value=squad_f1(text, _wordings(question)), reason="SQuAD F1")


def _wordings(question: Question) -> list[str]:
    combinations = itertools.islice(itertools.product(*question.answers), MAX_WORDINGS)
    return [" ".join(parts) for parts in combinations]


SCORERS: dict[str, Scorer] = {
    "correctness": correctness,
    "refusal": refusal,
    "no_over_refusal": no_over_refusal,
    "grounding": grounding,
    "completeness": completeness,
    "token_f1": token_f1,
}
_SQUAD: dict[str, Scorer] = {"correctness": squad_correctness, "token_f1": squad_token_f1}


def scorers(
    scorer: ScorerName = "default", *, supports: Supports | None = None
) -> dict[str, Scorer]:
    """The scorer of every dimension.

    Args:
        scorer: "default", or "squad": correctness and token_f1 by the official SQuAD 2.0 rules.
        supports: premise, claim -> probability of entailment, for grounding.

    Raises:
        ValueError: no such scorer.
    """
    if scorer not in ("default", "squad"):
        raise ValueError(f"no scorer {scorer!r}; there are 'default' and 'squad'")
    chosen = SCORERS | {"grounding": functools.partial(grounding, supports=supports)}
    return chosen | _SQUAD if scorer == "squad" else chosen


def score_completions(
    questions: Sequence[Question],
    completions: Sequence[Completion],
    *,
    refusal_phrases: Sequence[str] = (),
    scorer: ScorerName = "default",
    supports: Supports | None = None,
    excluded: Sequence[str] = (),
) -> tuple[Score, ...]:
    """Score every completion on every dimension of its question, in the order given.

    ``refusal`` applies to unanswerable questions, all else to answerable ones: ``grounding`` if
    they have a context, ``completeness`` if they have key points, ``token_f1`` if they have
    answers. The value is None, with the reason, when the completion was skipped or (correctness)
    the question has no expected answer. An empty answer is 0 everywhere. A wrong answer that was
    cut says so.

    Args:
        scorer: see ``scorers``.
        supports: see ``scorers``.
        excluded: dimensions whose self-test failed; their values are None, which is said.

    Raises:
        ValueError: a completion of a question that is not in ``questions``, or no such scorer.
    """
    by_id = {q.id: q for q in questions}
    by_dimension = scorers(scorer, supports=supports)
    out = []
    for completion in completions:
        question = by_id.get(completion.question_id)
        if question is None:
            raise ValueError(f"completion of unknown question {completion.question_id!r}")
        for dimension, score in by_dimension.items():
            judgment = score(question, completion.text, refusal_phrases)
            if judgment is None:
                continue
            judgment = _with_finish(dimension, judgment, completion)
            if dimension in excluded:
                judgment = Judgment(
                    value=None,
                    reason="not counted: the scorer fails its self-test on these questions",
                )
            out.append(
                Score(
                    question_id=question.id,
                    arm=completion.arm,
                    dimension=dimension,
                    value=judgment.value,
                    reason=judgment.reason,
                    sample=completion.sample,
                    probe=completion.probe,
                    seed=completion.seed,
                )
            )
    return tuple(out)


def _with_finish(dimension: str, judgment: Judgment, completion: Completion) -> Judgment:
    if completion.finish == "skipped":
        return Judgment(value=None, reason="skipped: the prompt does not fit the model's window")
    cut = completion.finish == "length" and judgment.value == 0
    if cut and dimension in ("correctness", "completeness"):
        return Judgment(value=0.0, reason=f"cut at the token budget; {judgment.reason}")
    return judgment
