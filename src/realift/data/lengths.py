"""How long rows and questions are, in words or tokens: the smallest, the middle, the largest.

>>> lengths("answer", "words", [1, 2, 2, 9]).median
2.0
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Literal

from realift.types import Example, Length, Question


def lengths(of: str, unit: Literal["words", "tokens"], values: Sequence[int]) -> Length:
    """Summarize counts; there must be at least one."""
    ordered = sorted(values)
    return Length(
        of=of,
        unit=unit,
        n=len(ordered),
        smallest=ordered[0],
        median=float(statistics.median(ordered)),
        p95=ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))],
        largest=ordered[-1],
    )


def word_lengths(examples: Sequence[Example], questions: Sequence[Question]) -> tuple[Length, ...]:
    """Lengths in words of prompts (with context and system), answers and questions."""
    parts = {
        "training prompts": [
            sum(_words(m.content) + _words(m.context) for m in row.messages[:-1])
            for row in examples
        ],
        "training answers": [_words(row.answer) for row in examples],
        "questions": [_words(q.question) + _words(q.context) for q in questions],
    }
    return tuple(lengths(of, "words", values) for of, values in parts.items() if values)


def _words(text: str) -> int:
    return len(text.split())
