"""Does the model still refuse when the context a question needs is taken away?

Every answerable question that came with a context is asked again without it. The right behavior
is a refusal: nothing but the context could have told (EVALUATION: closed-book probe; seen in the
field as facts recalled from weights, 1.7 % before and 11.7 % after tuning).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from realift.types import Question

NAME = "context_removed"


def context_removed_questions(questions: Sequence[Question]) -> tuple[Question, ...]:
    """The twins to ask: same id and wording, no context, and a refusal as the right answer.

    >>> from realift.types import Where
    >>> q = Question(id="1", where=Where(file="e"), question="Price?", context="[1] 5 euros.",
    ...              answers=(("5 euros",),))
    >>> [(t.context, t.answerable) for t in context_removed_questions([q])]
    [('', False)]
    """
    return tuple(
        dataclasses.replace(q, context="", passages=(), answers=(), key_points=(), answerable=False)
        for q in questions
        if q.answerable and q.context
    )
