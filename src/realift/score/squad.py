"""Exact match and F1 with the semantics of the official SQuAD 2.0 evaluation.

Written from the published description, so that published figures can be reproduced. It has known
false matches (3.5 = 35, C# = C++); the default scorer does not (docs/scorers.md).

>>> squad_exact("The Lyon.", ["lyon"]), squad_f1("in Lyon", ["Lyon"])
(1.0, 0.6666666666666666)
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

_DROP_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def squad_normalize(text: str) -> str:
    """Lower case, ASCII punctuation gone, articles gone, single spaces; in this order.

    >>> squad_normalize("The  C++, a language")
    'c language'
    """
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_DROP_PUNCTUATION)).split())


def squad_exact(prediction: str, golds: Sequence[str]) -> float:
    """1 if the prediction is equal to one of the golds after normalization, else 0.

    Without golds (or when all of them normalize to nothing) the question has no answer: right is
    a prediction that normalizes to nothing.

    Reference: Rajpurkar, Jia & Liang (2018), "Know What You Don't Know", section on evaluation.

    >>> squad_exact("", []), squad_exact("Lyon", [])
    (1.0, 0.0)
    """
    return float(squad_normalize(prediction) in {squad_normalize(g) for g in _references(golds)})


def squad_f1(prediction: str, golds: Sequence[str]) -> float:
    """Largest token F1 over the golds, 0-1.

    Tokens are the normalized text cut at spaces and count as often as they occur. If either side
    has none, F1 is 1 when both have none, else 0.

    >>> squad_f1("the", []), squad_f1("Lyon", [""])
    (1.0, 0.0)
    """
    return max(_f1(squad_normalize(prediction).split(), g) for g in _references(golds))


def _references(golds: Sequence[str]) -> list[str]:
    return [g for g in golds if squad_normalize(g)] or [""]


def _f1(predicted: Sequence[str], gold: str) -> float:
    wanted = squad_normalize(gold).split()
    if not predicted or not wanted:
        return float(list(predicted) == wanted)
    shared = sum((Counter(predicted) & Counter(wanted)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)
