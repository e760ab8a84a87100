"""The scorers on generated passages, whose right answers and citations are known by construction.

The generator belongs to the recipe of the embedded base and knows nothing of the scorers.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from realift.data.questions import parse_context
from realift.score import ground, judge, selftest, token_f1
from realift.score.sources import sources
from realift.types import Question, Where

BASE = Path(__file__).resolve().parents[2] / "base"
ROOMS = ("facts", "general", "world", "corpus", "questions")


@dataclass(frozen=True)
class Asked:
    question: Question
    answer: str
    values: tuple[str, ...]
    cites: bool


@pytest.fixture(scope="module")
def asked() -> Iterator[list[Asked]]:
    if not BASE.is_dir():
        pytest.skip("the recipe is not part of this checkout")
    sys.path.insert(0, str(BASE))
    saved = {name: sys.modules.pop(name, None) for name in ROOMS}
    try:
        for name in ROOMS:
            importlib.import_module(name)
        made = sys.modules["questions"].make_questions(240, seed=11)
        yield [_asked(i, q) for i, q in enumerate(made) if q.group == "answer"]
    finally:
        sys.path.remove(str(BASE))
        for name, module in saved.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


def _asked(i: int, made: object) -> Asked:
    turn, passage = made.turn, made.passage  # type: ignore[attr-defined]
    question = Question(
        id=str(i),
        where=Where(file="generated", line=i),
        question=turn.question,
        context=passage,
        passages=parse_context(passage),
        answers=tuple((value,) for value in turn.values),
    )
    return Asked(
        question=question, answer=turn.answer, values=turn.values, cites=any(turn.citations)
    )


def test_known_right_answers_are_right_and_grounded_against_construction(
    asked: list[Asked],
) -> None:
    assert len(asked) > 100
    for a in asked:
        assert judge(a.question, a.answer).value == 1.0, a
        found = ground(a.question, a.answer)
        assert found.grounded, (a, found.reason)
        assert found.citation_precision == (1.0 if a.cites else None)
        assert token_f1(a.answer, a.question.answers) > 0.5


def test_another_questions_value_is_neither_right_nor_grounded(asked: list[Asked]) -> None:
    """Lexical support cannot see everything: at most 5 of 100 swaps may pass as grounded."""
    passed = tried = 0
    for a, b in zip(asked, asked[1:] + asked[:1], strict=True):
        old, new = a.values[0], b.values[0]
        if new in a.question.context + a.question.question or new == old:
            continue
        swapped = a.answer.replace(old, new)
        tried += 1
        assert judge(a.question, swapped).value == 0.0, (swapped, a)
        passed += ground(a.question, swapped).grounded
    assert tried > 90
    assert passed <= 0.05 * tried


def test_citations_of_the_wrong_passage_are_not_grounded(asked: list[Asked]) -> None:
    passed = tried = 0
    for a in asked:
        numbers = sorted(sources(a.question).numbered)
        if len(numbers) < 2 or not a.cites:
            continue
        moved = dict(zip(numbers, [*numbers[1:], numbers[0]], strict=True))
        text = re.sub(r"\[(\d+)\]", lambda m: f"[{moved[int(m[1])]}]", a.answer)  # noqa: B023
        tried += 1
        passed += ground(a.question, text).grounded
    assert tried > 80
    assert passed == 0


def test_a_citation_beyond_the_passages_is_never_grounded(asked: list[Asked]) -> None:
    for a in asked:
        bare = re.sub(r"\s*\[\d+\]", "", a.answer).rstrip(".")
        for beyond in (0, max(sources(a.question).numbered, default=0) + 1):
            found = ground(a.question, f"{bare} [{beyond}].")
            assert (found.grounded, found.fabricated_citations) == (False, (f"[{beyond}]",))


def test_the_selftest_passes_on_generated_questions(asked: list[Asked]) -> None:
    result = selftest([a.question for a in asked[:60]])
    assert result.passed
    assert result.excluded == ()
    assert result.dimensions["grounding"].n > 50
