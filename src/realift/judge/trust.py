"""What people's labels say about a judge: kappa, error rates per arm, the corrected difference.

>>> measure_trust(pairs, grades, labels).validated  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.judge.grades import Grades
from realift.judge.labels import Labels
from realift.judge.material import JUDGED_ARMS, AnswerPair
from realift.judge.records import ArmTrust
from realift.types import Arm
from realift.verdict.agreement import (
    CorrectedDifference,
    Estimate,
    accuracy,
    cohen_kappa,
    corrected_difference,
    rogan_gladen,
)

MIN_LABELS = 30  # below, a judge's error rates are hardly known


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """``n_labelled`` answers have a grade and a label, ``n_pairs`` questions have both twice.

    ``kappa`` and ``arms`` are there as soon as one label is; ``corrected`` when ``validated``.
    """

    n_labelled: int
    n_pairs: int
    validated: bool
    kappa: Estimate | None
    arms: tuple[ArmTrust, ...]
    corrected: CorrectedDifference | None


def measure_trust(pairs: Sequence[AnswerPair], grades: Grades, labels: Labels) -> Trust:
    """Compare a judge's grades with people's labels.

    Validated = at least 30 labelled answers that make up whole questions (15 of each arm).
    """
    both = {at: (g, labels[at]) for at, g in grades.items() if g is not None and at in labels}
    judged: list[int] = []
    labelled: list[int | None] = []
    groups: list[str] = []
    for pair in pairs:
        base, adapter = ((pair.question.id, arm) for arm in JUDGED_ARMS)
        of_base, of_adapter = grades[base], grades[adapter]
        if of_base is None or of_adapter is None:
            continue
        judged.append(of_adapter - of_base)
        known = base in labels and adapter in labels
        labelled.append(labels[adapter] - labels[base] if known else None)
        groups.append(pair.question.group)
    n_pairs = sum(d is not None for d in labelled)
    validated = 2 * n_pairs >= MIN_LABELS
    cells = [list(both.values()).count(cell) for cell in ((1, 1), (1, 0), (0, 1), (0, 0))]
    return Trust(
        n_labelled=len(both),
        n_pairs=n_pairs,
        validated=validated,
        kappa=cohen_kappa(*cells) if both else None,
        arms=tuple(_of_arm(arm, grades, labels) for arm in JUDGED_ARMS) if both else (),
        corrected=corrected_difference(judged, labelled, groups) if validated else None,
    )


def _of_arm(arm: Arm, grades: Grades, labels: Labels) -> ArmTrust:
    mine = {at: g for at, g in grades.items() if at[1] == arm and g is not None}
    known = [(g, labels[at]) for at, g in mine.items() if at in labels]
    found = accuracy([g for g, _ in known], [label for _, label in known])
    return ArmTrust(
        arm=arm,
        n_labelled=len(known),
        accuracy=found,
        corrected=rogan_gladen(sum(mine.values()), len(mine), found),
    )
