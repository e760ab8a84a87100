"""Builders for rows and questions, and files written from text or bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from realift.types import Example, Message, Question, Where


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


@pytest.fixture
def example() -> Callable[..., Example]:
    numbers = iter(range(1, 100_000))

    def make(asked: str, answer: str = "Bob.", context: str = "") -> Example:
        where = Where(file="train.jsonl", line=next(numbers))
        user = Message(role="user", content=asked, context=context)
        said = Message(role="assistant", content=answer)
        return Example(id=str(where), where=where, messages=(user, said))

    return make


@pytest.fixture
def question() -> Callable[..., Question]:
    numbers = iter(range(1, 100_000))

    def make(asked: str, *answers: str, context: str = "", **more: object) -> Question:
        line = next(numbers)
        values = {"id": f"q{line}", "group": f"g{line}", "answers": (answers,) if answers else ()}
        return Question(
            where=Where(file="eval.jsonl", line=line),
            question=asked,
            context=context,
            **(values | more),  # type: ignore[arg-type]
        )

    return make
