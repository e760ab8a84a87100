"""Scores of single answers, one dimension each. Pure functions of text.

Correctness, refusal, over-refusal, grounding, completeness, token F1 (docs/scorers.md).
Must not import torch, numpy or anything above this room.

>>> from realift.score import detect
>>> detect("I don't have enough context to answer.").kind
'clean'
"""

from realift.score.committed import committed
from realift.score.completeness import KeyPoints, duplicates_correctness, key_points
from realift.score.correctness import Judgment, judge
from realift.score.fold import strip_citations
from realift.score.grounding import Grounding, Supports, ground
from realift.score.match import holds
from realift.score.normalize import normalize, same, tokens
from realift.score.refusal import Refusal, detect
from realift.score.score import (
    CONTINUOUS,
    SCORERS,
    VERSIONS,
    Scorer,
    ScorerName,
    score_completions,
    scorers,
    version,
)
from realift.score.selftest import DimensionTest, SelfTest, selftest
from realift.score.squad import squad_exact, squad_f1
from realift.score.token_f1 import token_f1

__all__ = [
    "CONTINUOUS",
    "SCORERS",
    "VERSIONS",
    "DimensionTest",
    "Grounding",
    "Judgment",
    "KeyPoints",
    "Refusal",
    "Scorer",
    "ScorerName",
    "SelfTest",
    "Supports",
    "committed",
    "detect",
    "duplicates_correctness",
    "ground",
    "holds",
    "judge",
    "key_points",
    "normalize",
    "same",
    "score_completions",
    "scorers",
    "selftest",
    "squad_exact",
    "squad_f1",
    "strip_citations",
    "token_f1",
    "tokens",
    "version",
]
