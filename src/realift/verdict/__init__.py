"""The statistics and the word: paired tests, intervals, power, guards, ``decide``.

Must not import torch, transformers or peft; numpy and scipy load on first use, so importing this
room is fast.

>>> mcnemar_midp(5, 0)
0.03125
"""

from realift.verdict.clusters import by_group, cluster_interval, design_effect, sign_flip_p
from realift.verdict.compare import compare, label_of_counts
from realift.verdict.decide import decide, recommend
from realift.verdict.guards import (
    GUARDS,
    BalancedDecision,
    GuardSpec,
    balanced_decision,
    holm,
    judge_guards,
)
from realift.verdict.paired import (
    difference_cdf,
    difference_interval,
    failure_bound,
    mcnemar_midp,
    probability_better,
    wilson,
)
from realift.verdict.pairs import Pairs, pair_scores
from realift.verdict.power import (
    estimated_churn,
    midp_power,
    minimum_detectable,
    more_questions,
    questions_needed,
)
from realift.verdict.scores_csv import ScoreTable, read_scores, verdict_from_csv

__all__ = [
    "GUARDS",
    "BalancedDecision",
    "GuardSpec",
    "Pairs",
    "ScoreTable",
    "balanced_decision",
    "by_group",
    "cluster_interval",
    "compare",
    "decide",
    "design_effect",
    "difference_cdf",
    "difference_interval",
    "estimated_churn",
    "failure_bound",
    "holm",
    "judge_guards",
    "label_of_counts",
    "mcnemar_midp",
    "midp_power",
    "minimum_detectable",
    "more_questions",
    "pair_scores",
    "probability_better",
    "questions_needed",
    "read_scores",
    "recommend",
    "sign_flip_p",
    "verdict_from_csv",
    "wilson",
]
