"""The prompts of the three arms: the same question, with or without rows shown before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.config import Config
from realift.data.nearest import nearest
from realift.model.load import Base
from realift.model.template import encode_prompt
from realift.types import Arm, Example, Message, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One question as one arm sees it. ``input_ids`` end where the answer begins."""

    question_id: str
    arm: Arm
    input_ids: tuple[int, ...]
    n_shots: int = 0


def build_prompts(
    base: Base,
    questions: Sequence[Question],
    arm: Arm,
    *,
    examples: Sequence[Example],
    config: Config,
) -> tuple[Prompt, ...]:
    """One prompt per question. Base and adapter get the very same ids.

    The few-shot arm is shown the ``few_shot_k`` training rows nearest to the question, the
    nearest last; rows are dropped, farthest first, until prompt and answer fit the window.
    """
    return tuple(_prompt(base, q, arm, examples=examples, config=config) for q in questions)


def _prompt(
    base: Base, question: Question, arm: Arm, *, examples: Sequence[Example], config: Config
) -> Prompt:
    asked = Message(role="user", content=question.question, context=question.context)
    shots: Sequence[Example] = ()
    if arm == "few_shot":
        shots = nearest(f"{question.question}\n{question.context}", examples, config.few_shot_k)
    while True:
        turns = [m for shot in shots for m in shot.messages if m.role != "system"]
        ids = encode_prompt(
            base.tokenizer, base.template, [*turns, asked], system_prompt=config.system_prompt
        )
        if not shots or len(ids) + config.max_new_tokens <= base.window:
            return Prompt(question_id=question.id, arm=arm, input_ids=ids, n_shots=len(shots))
        shots = shots[1:]
