"""What makes an answer the one it is: question, arm, sample, probe and adapter.

>>> key_of(Completion(question_id="q", arm="base", text="", n_tokens=0, finish="stop"))
('q', 'base', 0, '', 0)
"""

from __future__ import annotations

from realift.types import Arm, Completion

AnswerKey = tuple[str, Arm, int, str, int]  # question_id, arm, sample, probe, seed


def key_of(completion: Completion) -> AnswerKey:
    """The key of a completion: no two of a run have the same."""
    c = completion
    return (c.question_id, c.arm, c.sample, c.probe, c.seed)
