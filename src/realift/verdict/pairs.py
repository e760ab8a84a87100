"""Scores of two arms, laid side by side question by question.

Several samples of a question are kept together: they are one question, however many they are.

>>> from realift.types import Question, Score, Where
>>> q = Question(id="1", where=Where(file="e"), question="?")
>>> s = [Score(question_id="1", arm=arm, dimension="d", value=v, sample=i)
...      for arm, values in (("base", (0, 1)), ("adapter", (1, 1))) for i, v in enumerate(values)]
>>> pairs = pair_scores([q], s, dimension="d")
>>> pairs.n, pairs.n_samples, pairs.first, pairs.second, pairs.kind
(1, 2, (0.5,), (1.0,), 'mean')
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from realift.types import Arm, Question, Score

Samples = tuple[float, ...]  # scores (0-1) of one question in one arm, at least one


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """What two arms scored (0-1), in the order of the questions.

    ``n_questions`` counts those that the dimension applies to; a question without any score in
    either arm is unscored and in none of the tuples. ``missing_first``/``missing_second`` count
    what one arm lacks and the other has; ``unpaired`` names questions one arm was never asked.
    """

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    first_samples: tuple[Samples, ...]
    second_samples: tuple[Samples, ...]
    n_questions: int
    missing_first: int
    missing_second: int
    unpaired: tuple[str, ...]

    @property
    def n(self) -> int:
        """Questions scored in both arms."""
        return len(self.ids)

    @property
    def n_samples(self) -> int:
        """Most samples of one question in one arm (0 without questions)."""
        return max((len(s) for s in self._all), default=0)

    @property
    def kind(self) -> Literal["binary", "mean"]:
        """ "binary": one score per question and arm, each 0 or 1."""
        return "binary" if self.n_samples <= 1 and self.scale else "mean"

    @property
    def scale(self) -> int:
        """Times this, every question's mean is a whole number; 0 = scores are not all 0 or 1."""
        if any(v not in (0, 1) for samples in self._all for v in samples):
            return 0
        return math.lcm(*{len(s) for s in self._all})

    @property
    def _all(self) -> tuple[Samples, ...]:
        return self.first_samples + self.second_samples

    @property
    def first(self) -> tuple[float, ...]:
        """The first arm's mean over its samples, per question."""
        return tuple(sum(s) / len(s) for s in self.first_samples)

    @property
    def second(self) -> tuple[float, ...]:
        """The second arm's."""
        return tuple(sum(s) / len(s) for s in self.second_samples)

    @property
    def differences(self) -> tuple[float, ...]:
        """Second - first, per question: -1 to 1."""
        return tuple(b - a for a, b in zip(self.first, self.second, strict=True))

    @property
    def fixed(self) -> tuple[str, ...]:
        """Ids on which the second arm does better (binary: only it is right)."""
        return tuple(i for i, d in zip(self.ids, self.differences, strict=True) if d > 0)

    @property
    def broken(self) -> tuple[str, ...]:
        """Ids on which the first arm does better (binary: only it is right)."""
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
    seed: int = 0,
) -> Pairs:
    """Pair the scores of one dimension ("" = of the eval set itself, no probe).

    ``seed`` chooses the adapter of a run with several; base and few-shot have none (0). A
    question with some samples unscored keeps the others.

    Raises:
        ValueError: a value outside 0-1, two scores of one question, arm and sample, or a score of
            a question that is not in ``questions``.
    """
    found = {
        arm: _samples(scores, dimension, arm, probe, seed if arm == "adapter" else 0)
        for arm in (first, second)
    }
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
        a, b = found[first].get(q.id, ()), found[second].get(q.id, ())
        missing_first += not a and bool(b)
        missing_second += not b and bool(a)
        if not a or not b:
            continue
        ids.append(q.id)
        groups.append(q.group)
        left.append(a)
        right.append(b)
    return Pairs(
        ids=tuple(ids),
        groups=tuple(groups),
        first_samples=tuple(left),
        second_samples=tuple(right),
        n_questions=n_questions,
        missing_first=missing_first,
        missing_second=missing_second,
        unpaired=tuple(unpaired),
    )


def _samples(
    scores: Sequence[Score], dimension: str, arm: Arm, probe: str, seed: int
) -> dict[str, Samples]:
    """The scored samples of every question that the arm was asked; () = none was scored."""
    out: dict[str, Samples] = {}
    seen: set[tuple[str, int]] = set()
    for s in scores:
        if (s.dimension, s.arm, s.probe, s.seed) != (dimension, arm, probe, seed):
            continue
        if s.value is not None and not 0 <= s.value <= 1:
            raise ValueError(
                f"question {s.question_id!r}: {dimension} score {s.value!r} of the {arm} arm "
                "is not between 0 and 1"
            )
        if (s.question_id, s.sample) in seen:
            raise ValueError(f"question {s.question_id!r} has two {dimension} scores in {arm}")
        seen.add((s.question_id, s.sample))
        before = out.get(s.question_id, ())
        out[s.question_id] = before if s.value is None else (*before, s.value)
    return out
