"""What a newcomer may want to teach: the questions asked, the rows given, the options set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realift.config import REFUSAL

_ROWS = Path(__file__).parent / "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of task. ``options`` are set in the ``realift.yaml`` beside the usual ones.

    ``advice``: sentences for the head of the ``realift.yaml``, one a line.
    """

    name: str
    title: str
    advice: tuple[str, ...]
    options: dict[str, Any]

    def rows(self, which: str) -> str:
        """The template rows, as JSONL. ``which``: ``train`` or ``eval``."""
        return (_ROWS / f"{self.name}.{which}.jsonl").read_text(encoding="utf-8")


CASES: dict[str, Case] = {
    case.name: case
    for case in (
        Case(
            name="documents",
            title="answer questions over documents, with the passage given",
            advice=(
                "A row: a question, its passages as 'context', the answer with a citation [1].",
                "The rows that refuse carry passages without the answer, or none: keep some.",
                "You have a folder of documents and a CSV 'question,expected_source'? Give both as",
                "they are: 'docs: FOLDER' and 'eval: questions.csv' below (docs/retrieval.md).",
            ),
            options={},
        ),
        Case(
            name="facts",
            title="know facts by heart, without any passage",
            advice=(
                "A row: a question and its answer. Teach each fact in several wordings, and ask",
                "for it in the eval set in yet another one: the same wording would be a leak.",
                "The rows that refuse ask for what is not taught: without them a model that has",
                "learned to answer will invent.",
            ),
            options={},
        ),
        Case(
            name="style",
            title="answer in a style or fixed format",
            advice=(
                "A row: the task, the text as 'input', the answer in your format.",
                "An eval question lists what the answer must hold: [[this], [that, or that]].",
                "The rows that refuse are texts that do not fit the format: keep some.",
            ),
            options={
                "system_prompt": "Answer in the form 'Topic: ... Urgency: ...'. If the text is no "
                f"such message, say exactly: {REFUSAL}"
            },
        ),
    )
}
