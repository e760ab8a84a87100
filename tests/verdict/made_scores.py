"""Eval sets and scores with known counts."""

from __future__ import annotations

from collections.abc import Sequence

from realift.types import Arm, Completion, Leak, LeakCheck, Question, Score, Where


def made(
    *,
    fixed: int = 0,
    broken: int = 0,
    n: int = 20,
    both: int | None = None,
    n_groups: int = 0,
    dimension: str = "correctness",
    prefix: str = "q",
    arms: tuple[Arm, Arm] = ("base", "adapter"),
    probe: str = "",
) -> tuple[list[Question], list[Score]]:
    """``fixed`` questions only the second arm gets right, then ``broken``; of the rest ``both``
    (default half) are right twice. ``n_groups`` > 0 deals the questions out to groups in turn."""
    ties = n - fixed - broken
    both = ties // 2 if both is None else both
    pairs = [(0, 1)] * fixed + [(1, 0)] * broken + [(1, 1)] * both + [(0, 0)] * (ties - both)
    questions = [
        Question(
            id=f"{prefix}{i}",
            where=Where(file="eval.jsonl", line=i + 1),
            question="?",
            group=f"g{i % n_groups}" if n_groups else "",
            answerable=dimension != "refusal",
        )
        for i in range(n)
    ]
    scores = [
        Score(question_id=q.id, arm=arm, dimension=dimension, value=float(v), probe=probe)
        for q, pair in zip(questions, pairs, strict=True)
        for arm, v in zip(arms, pair, strict=True)
    ]
    return questions, scores


def sampled(
    base: Sequence[Sequence[float | None]],
    adapter: Sequence[Sequence[float | None]],
    *,
    groups: Sequence[str] = (),
    dimension: str = "correctness",
    prefix: str = "q",
) -> tuple[list[Question], list[Score]]:
    """Question x sample scores of two arms; an empty list = the arm was not asked."""
    questions = [
        Question(
            id=f"{prefix}{i}",
            where=Where(file="eval.jsonl", line=i + 1),
            question="?",
            group=groups[i] if groups else "",
        )
        for i in range(len(base))
    ]
    arms: tuple[tuple[Arm, Sequence[Sequence[float | None]]], ...] = (
        ("base", base),
        ("adapter", adapter),
    )
    scores = [
        Score(question_id=q.id, arm=arm, dimension=dimension, value=value, sample=k)
        for arm, table in arms
        for q, values in zip(questions, table, strict=True)
        for k, value in enumerate(values)
    ]
    return questions, scores


def rows(*sets: tuple[Sequence[Question], Sequence[Score]]) -> tuple[list[Question], list[Score]]:
    """Several made sets as one eval set; questions of the same id are one."""
    questions = {q.id: q for qs, _ in sets for q in qs}
    return list(questions.values()), [s for _, ss in sets for s in ss]


def completions(questions: Sequence[Question], base: str, adapter: str) -> list[Completion]:
    """The same two answers to every question."""
    texts: tuple[tuple[Arm, str], ...] = (("base", base), ("adapter", adapter))
    return [
        Completion(question_id=q.id, arm=arm, text=text, n_tokens=1, finish="stop")
        for q in questions
        for arm, text in texts
    ]


def leaks(*kinds: str, caught: int = 2) -> LeakCheck:
    """A leak check that found one leak of each kind."""
    return LeakCheck(
        leaks=tuple(
            Leak(
                example_id=f"e{i}",
                question_id=f"q{i}",
                field="question",
                kind=kind,  # type: ignore[arg-type]
                similarity=1.0,
                example_text="?",
                question_text="?",
            )
            for i, kind in enumerate(kinds)
        ),
        n_questions=20,
        n_could_fire=20,
        controls_caught=caught,
        controls_planted=2,
    )
