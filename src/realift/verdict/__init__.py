"""The statistics and the word: paired tests, intervals, power, guards, ``decide``.

Must not import torch, transformers or peft; numpy and scipy load on first use, so importing this
room is fast. Every procedure and its error rates: ``docs/statistics.md``.

>>> mcnemar_midp(5, 0)
0.03125
"""

from realift.verdict.clusters import by_group, cluster_interval, design_effect, sign_flip_p
from realift.verdict.compare import compare, label_of_counts
from realift.verdict.decide import decide, recommend
from realift.verdict.exclude import excludes_gain, exclusion_interval
from realift.verdict.guards import (
    GUARDS,
    BalancedDecision,
    GuardSpec,
    balanced_decision,
    holm,
    judge_guards,
)
from realift.verdict.ledger import Look, read_looks, record_look
from realift.verdict.means import mean_detectable, mean_interval, mean_rate, standard_error
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
    minimum_detectable_after,
    more_questions,
    questions_needed,
)
from realift.verdict.recipe import crossed, recipe_claim
from realift.verdict.samples import SampleChoice, choose_samples, more_samples
from realift.verdict.scores_csv import ScoreTable, read_scores, verdict_from_csv
from realift.verdict.secondary import length_ratio
from realift.verdict.sequential import e_value

__all__ = [
    "GUARDS",
    "BalancedDecision",
    "GuardSpec",
    "Look",
    "Pairs",
    "SampleChoice",
    "ScoreTable",
    "balanced_decision",
    "by_group",
    "choose_samples",
    "cluster_interval",
    "compare",
    "crossed",
    "decide",
    "design_effect",
    "difference_cdf",
    "difference_interval",
    "e_value",
    "estimated_churn",
    "excludes_gain",
    "exclusion_interval",
    "failure_bound",
    "holm",
    "judge_guards",
    "label_of_counts",
    "length_ratio",
    "mcnemar_midp",
    "mean_detectable",
    "mean_interval",
    "mean_rate",
    "midp_power",
    "minimum_detectable",
    "minimum_detectable_after",
    "more_questions",
    "more_samples",
    "pair_scores",
    "probability_better",
    "questions_needed",
    "read_looks",
    "read_scores",
    "recipe_claim",
    "recommend",
    "record_look",
    "sign_flip_p",
    "standard_error",
    "verdict_from_csv",
    "wilson",
]
