"""Texts that ship for the probes, written for this package (CC0): general texts, generic
instructions with an answer, questions about invented things with a passage that answers them.

>>> len(general_texts()) >= 50, len(instructions()) >= 50, len(invented()) >= 40
(True, True, True)
"""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any

from realift.data.fields import render_context
from realift.types import Example, Message, Passage, Question, Where


@functools.cache
def general_texts() -> tuple[tuple[str, str], ...]:
    """Pairs of id and text: a few sentences each, of many kinds."""
    return tuple((row["id"], row["text"]) for row in _rows("general.jsonl"))


@functools.cache
def instructions() -> tuple[Example, ...]:
    """Everyday instructions, each with a good answer."""
    return tuple(
        Example(
            id=row["id"],
            where=Where(file="instructions.jsonl", line=number),
            messages=(
                Message(role="user", content=row["instruction"]),
                Message(role="assistant", content=row["answer"]),
            ),
        )
        for number, row in enumerate(_rows("instructions.jsonl"), start=1)
    )


@functools.cache
def invented() -> tuple[Question, ...]:
    """Questions about things that do not exist, each with the passage that answers it."""
    out = []
    for number, row in enumerate(_rows("invented.jsonl"), start=1):
        passages = (Passage(text=row["passage"]),)
        out.append(
            Question(
                id=row["id"],
                where=Where(file="invented.jsonl", line=number),
                question=row["question"],
                context=render_context(passages),
                passages=passages,
                answers=(tuple(row["answers"]),),
                group=row["id"],
            )
        )
    return tuple(out)


def _rows(name: str) -> list[dict[str, Any]]:
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]
