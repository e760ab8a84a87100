"""Score completions: one ``Score`` per completion and dimension that its question takes part in.

Which dimensions apply depends on the question alone, never on what a model said, so the arms stay
paired.

>>> from realift.types import Completion, Question, Where
>>> q = Question(id="1", where=Where(file="e"), question="Who?", answers=(("Bob",),))
>>> c = Completion(question_id="1", arm="base", text="Bob [1].", n_tokens=4, finish="stop")
>>> [(s.dimension, s.value) for s in score_completions([q], [c])]
[('correctness', 1.0), ('no_over_refusal', 1.0)]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from realift.score.correctness import Judgment, judge
from realift.score.refusal import detect
from realift.types import Completion, Question, Score

Scorer = Callable[[Question, str, Sequence[str]], Judgment | None]

# What measured it, for the signature beside every figure; change with any change of a result.
VERSIONS = {
    "correctness": "contains+numeric v1",
    "refusal": "template+grammar v2",
    "no_over_refusal": "template+grammar v2",
}


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
    empty = not any(ch.isalnum() for ch in text)
    return Judgment(value=0.0, reason="empty answer" if empty else "answered without context")


def no_over_refusal(question: Question, text: str, phrases: Sequence[str]) -> Judgment | None:
    """Answerable questions: 0 = refused although it need not; hedging counts as answering."""
    if not question.answerable:
        return None
    kind = detect(text, phrases, question=question.question).kind
    if kind == "clean":
        return Judgment(value=0.0, reason="over-refusal")
    if not any(ch.isalnum() for ch in text):
        return Judgment(value=0.0, reason="empty answer")
    return Judgment(value=1.0, reason="hedged" if kind == "mixed" else "answered")


SCORERS: dict[str, Scorer] = {
    "correctness": correctness,
    "refusal": refusal,
    "no_over_refusal": no_over_refusal,
}


def score_completions(
    questions: Sequence[Question],
    completions: Sequence[Completion],
    *,
    refusal_phrases: Sequence[str] = (),
) -> tuple[Score, ...]:
    """Score every completion on every dimension of its question, in the order given.

    ``correctness`` and ``no_over_refusal`` apply to answerable questions, ``refusal`` to the
    others. The value is None, with the reason, when the completion was skipped or (correctness)
    the question has no expected answer. An empty answer is 0 everywhere. A wrong answer that was
    cut says so.

    Raises:
        ValueError: a completion of a question that is not in ``questions``.
    """
    by_id = {q.id: q for q in questions}
    out = []
    for completion in completions:
        question = by_id.get(completion.question_id)
        if question is None:
            raise ValueError(f"completion of unknown question {completion.question_id!r}")
        for dimension, scorer in SCORERS.items():
            judgment = scorer(question, completion.text, refusal_phrases)
            if judgment is None:
                continue
            judgment = _with_finish(dimension, judgment, completion)
            out.append(
                Score(
                    question_id=question.id,
                    arm=completion.arm,
                    dimension=dimension,
                    value=judgment.value,
                    reason=judgment.reason,
                    sample=completion.sample,
                    probe=completion.probe,
                )
            )
    return tuple(out)


def _with_finish(dimension: str, judgment: Judgment, completion: Completion) -> Judgment:
    if completion.finish == "skipped":
        return Judgment(value=None, reason="skipped: the prompt does not fit the model's window")
    if completion.finish == "length" and judgment.value == 0 and dimension == "correctness":
        return Judgment(value=0.0, reason=f"cut at the token budget; {judgment.reason}")
    return judgment
