"""Scores of single answers: correctness, refusal, over-refusal. Pure functions of text.

Must not import torch, numpy or anything above this room.

>>> from realift.score import detect
>>> detect("I don't have enough context to answer.").kind
'clean'
"""

from realift.score.correctness import Judgment, committed, judge
from realift.score.fold import strip_citations
from realift.score.match import holds
from realift.score.normalize import normalize, same, tokens
from realift.score.refusal import Refusal, detect
from realift.score.score import SCORERS, VERSIONS, Scorer, score_completions
from realift.score.selftest import SelfTest, selftest

__all__ = [
    "SCORERS",
    "VERSIONS",
    "Judgment",
    "Refusal",
    "Scorer",
    "SelfTest",
    "committed",
    "detect",
    "holds",
    "judge",
    "normalize",
    "same",
    "score_completions",
    "selftest",
    "strip_citations",
    "tokens",
]
