"""Scores of two arms, laid side by side question by question.

>>> from realift.types import Question, Score, Where
>>> q = Question(id="1", where=Where(file="e"), question="?")
>>> s = [Score(question_id="1", arm=arm, dimension="d", value=v)
...      for arm, v in (("base", 0.0), ("adapter", 1.0))]
>>> pair_scores([q], s, dimension="d").fixed
('1',)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.types import Arm, Question, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """What two arms got right (1) or wrong (0), in the order of the questions.

    ``n_questions`` counts those that the dimension applies to; a question lacking a score in
    either arm is unscored and in neither list. ``missing_first``/``missing_second`` count what
    one arm lacks and the other has; ``unpaired`` names questions that one arm was never asked.
    """

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    first: tuple[int, ...]
    second: tuple[int, ...]
    n_questions: int
    missing_first: int
    missing_second: int
    unpaired: tuple[str, ...]

    @property
    def n(self) -> int:
        """Questions scored in both arms."""
        return len(self.ids)

    @property
    def differences(self) -> tuple[int, ...]:
        """Second - first, per question: -1, 0 or 1."""
        return tuple(b - a for a, b in zip(self.first, self.second, strict=True))

    @property
    def fixed(self) -> tuple[str, ...]:
        """Ids that only the second arm gets right."""
        return tuple(i for i, d in zip(self.ids, self.differences, strict=True) if d > 0)

    @property
    def broken(self) -> tuple[str, ...]:
        """Ids that only the first arm gets right."""
        return tuple(i for i, d in zip(self.ids, self.differences, strict=True) if d < 0)

    @property
    def n_groups(self) -> int:
        """Independent units: distinct groups, a question without a group being its own."""
        return len({g or (i,) for i, g in zip(self.ids, self.groups, strict=True)})


def pair_scores(
    questions: Sequence[Question],
    scores: Sequence[Score],
    *,
    dimension: str,
    first: Arm = "base",
    second: Arm = "adapter",
    probe: str = "",
) -> Pairs:
    """Pair the scores of one dimension, first sample ("" = of the eval set itself, no probe).

    Raises:
        ValueError: a value that is neither 0, 1 nor None, two scores of one question in one arm,
            or a score of a question that is not in ``questions``.
    """
    found = {arm: _values(scores, dimension, arm, probe) for arm in (first, second)}
    strangers = (found[first].keys() | found[second].keys()) - {q.id for q in questions}
    if strangers:
        raise ValueError(f"scores of questions that are not in the eval set: {sorted(strangers)}")
    ids, groups, left, right, unpaired = [], [], [], [], []
    n_questions = missing_first = missing_second = 0
    for q in questions:
        if q.id not in found[first] and q.id not in found[second]:
            continue
        n_questions += 1
        if q.id not in found[first] or q.id not in found[second]:
            unpaired.append(q.id)
        a, b = found[first].get(q.id), found[second].get(q.id)
        missing_first += a is None and b is not None
        missing_second += b is None and a is not None
        if a is None or b is None:
            continue
        ids.append(q.id)
        groups.append(q.group)
        left.append(a)
        right.append(b)
    return Pairs(
        ids=tuple(ids),
        groups=tuple(groups),
        first=tuple(left),
        second=tuple(right),
        n_questions=n_questions,
        missing_first=missing_first,
        missing_second=missing_second,
        unpaired=tuple(unpaired),
    )


def _values(scores: Sequence[Score], dimension: str, arm: Arm, probe: str) -> dict[str, int | None]:
    out: dict[str, int | None] = {}
    for s in scores:
        if s.dimension != dimension or s.arm != arm or s.probe != probe or s.sample:
            continue
        if s.value is not None and s.value not in (0, 1):
            raise ValueError(
                f"question {s.question_id!r}: {dimension} score {s.value!r} of the {arm} arm "
                "is neither 0 nor 1; the paired test needs right or wrong"
            )
        if s.question_id in out:
            raise ValueError(f"question {s.question_id!r} has two {dimension} scores in {arm}")
        out[s.question_id] = None if s.value is None else int(s.value)
    return out
