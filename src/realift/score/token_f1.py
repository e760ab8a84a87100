"""Token F1: how much of the expected answer stands in the answer, and how little else. 0-1.

A supporting score; the verdict rests on right or wrong. Numbers are one token with their unit and
compared by value, so a wrong number earns nothing for its unit.

>>> token_f1("It costs 42 euros.", [("€42",)]), token_f1("41 euros", [("€42",)])
(0.5, 0.0)
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from realift.score.committed import committed
from realift.score.fold import strip_citations
from realift.score.normalize import clauses
from realift.score.number_words import STOP
from realift.score.numbers import Quantity, equal, find

MAX_WORDINGS = 256  # combinations of alternatives that are tried
_Item = str | Quantity


def token_f1(
    text: str,
    slots: Sequence[Sequence[str]],
    *,
    lang: str = "en",
    numeric_tol: float | None = None,
) -> float:
    """Largest F1 of the committed answer over the wordings of the whole expected answer.

    1. A wording is one alternative of every slot, joined (the first 256 combinations).
    2. Both sides become comparison tokens (``normalize.tokens``), without citations; a number and
       its unit are one token.
    3. F1 of the two bags of tokens. An answer without tokens has 0, also against an empty one.

    >>> token_f1("Lyon, 1999", [("Lugdunum", "Lyon"), ("1999",)]), token_f1("", [("Lyon",)])
    (1.0, 0.0)
    """
    point = numeric_tol is not None and lang == "en"
    said = _items(committed(text, slots, lang=lang), lang, point)
    wordings = itertools.islice(itertools.product(*slots), MAX_WORDINGS)
    return max(
        (_f1(said, _items("; ".join(wording), lang, point), numeric_tol) for wording in wordings),
        default=0.0,
    )


def _items(text: str, lang: str, point: bool) -> tuple[_Item, ...]:
    sequence = clauses(strip_citations(text), lang=lang)
    items: list[_Item] = []
    i = 0
    for found in find(sequence, point=point):
        items += [t for t in sequence[i : found.start] if t != STOP]
        items.append(found.quantity)
        i = found.end
    items += [t for t in sequence[i:] if t != STOP]
    return tuple(items)


def _f1(said: Sequence[_Item], wanted: Sequence[_Item], tolerance: float | None) -> float:
    words = [Counter(i for i in side if isinstance(i, str)) for side in (said, wanted)]
    shared = sum((words[0] & words[1]).values())
    left = [i for i in said if isinstance(i, Quantity)]
    alone = len(said) == 1
    for quantity in wanted:
        if isinstance(quantity, Quantity):
            hit = next(
                (q for q in left if equal(quantity, q, tolerance=tolerance, alone=alone)), None
            )
            if hit is not None:
                left.remove(hit)
                shared += 1
    return 2 * shared / (len(said) + len(wanted)) if shared else 0.0
