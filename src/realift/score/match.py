"""Does an answer hold an expected one? The token rules under correctness and key points.

>>> holds("It costs 42 euros [1].", "€42"), holds("It is not Lyon.", "Lyon")
(True, False)
"""

from __future__ import annotations

from collections.abc import Sequence

from realift.score.fold import strip_citations
from realift.score.normalize import STOP, clauses, n_words, tokens
from realift.score.numbers import Found, Quantity, equal, find, parse

MAX_CONTAINED_WORDS = 8  # a longer expected answer must be the whole answer
NEGATION_WINDOW = 3
_NO = (
    "not no never neither nor without except isnt arent wasnt werent doesnt dont didnt cant cannot "
    "couldnt wont wouldnt hasnt havent hadnt shouldnt nicht kein keine keinen keiner nie niemals "
    "ne pas jamais sans nunca jamás sin non mai 不 没 沒 非 未"
)
_NEGATORS = frozenset(_NO.split())
_NOT_ONLY = frozenset(["only", "just", "merely", "simply"])


def holds(
    text: str,
    expected: str,
    *,
    lang: str = "en",
    numeric_tol: float | None = None,
    contained: bool = True,
) -> bool:
    """Whether ``text`` gives the expected answer.

    1. Citation marks are removed from both.
    2. An expected number (with or without unit) is looked for by value among the numbers of the
       text, and in no other way: "12" is not in "2012", "10" is not in "10 million".
    3. Otherwise: equal tokens, or the expected tokens in a row. Possessives and elided articles
       do not matter.
    4. A match does not count when a negation stands within three tokens to its left in the same
       clause ("not only" is none).

    Args:
        numeric_tol: largest difference of two equal numbers; also makes ``1.250`` a decimal.
        contained: False = the text must be the answer, nothing around it.

    >>> holds("founded in 2012", "12"), holds("3.14", "3.142", numeric_tol=0.01)
    (False, True)
    """
    text, expected = strip_citations(text), strip_citations(expected)
    point = numeric_tol is not None and lang == "en"
    wanted = parse(expected, lang=lang, point=point)
    if wanted is not None:
        sequence = clauses(text, lang=lang)
        return _number_stands_in(sequence, wanted, numeric_tol, contained, point)
    for bare in (False, True):
        gold = tokens(expected, lang=lang, bare=bare)
        said = clauses(text, lang=lang, bare=bare)
        if gold and gold == tuple(t for t in said if t != STOP):
            return True
        if contained and gold and positions(said, gold):
            return True
    return False


def positions(sequence: Sequence[str], wanted: Sequence[str]) -> tuple[int, ...]:
    """Where ``wanted`` starts in clause tokens, skipping clause ends inside, negated ones left out.

    >>> positions(("paris", "\\n", "france"), ("paris", "france"))
    (0,)
    """
    at = [i for i, t in enumerate(sequence) if t != STOP]
    plain = [sequence[i] for i in at]
    width = len(wanted)
    return tuple(
        at[k]
        for k in range(len(plain) - width + 1)
        if tuple(plain[k : k + width]) == tuple(wanted) and not negated(sequence, at[k])
    )


def negated(sequence: Sequence[str], start: int) -> bool:
    """Whether a negation stands up to three tokens left of ``start`` in the same clause."""
    for i in range(start - 1, max(-1, start - 1 - NEGATION_WINDOW), -1):
        if sequence[i] == STOP:
            return False
        following = sequence[i + 1] if i + 1 < len(sequence) else ""
        if sequence[i] in _NEGATORS and following not in _NOT_ONLY:
            return True
    return False


def is_short(expected: str, *, lang: str = "en") -> bool:
    """Whether an expected answer may stand inside a longer text (8 words or fewer)."""
    return n_words(tokens(strip_citations(expected), lang=lang)) <= MAX_CONTAINED_WORDS


def quantities(text: str, *, lang: str = "en") -> tuple[Quantity, ...]:
    """The numbers of a text, citation marks left out.

    >>> len(quantities("42 euros [2]"))
    1
    """
    return tuple(f.quantity for f in find(clauses(strip_citations(text), lang=lang)))


def _number_stands_in(
    sequence: Sequence[str],
    wanted: Quantity,
    tolerance: float | None,
    contained: bool,
    point: bool,
) -> bool:
    found = find(sequence, point=point)
    words = sum(1 for t in sequence if t != STOP)
    alone = len(found) == 1 and _length(sequence, found[0]) == words
    if not contained and not alone:
        return False
    return any(
        equal(wanted, f.quantity, tolerance=tolerance, alone=alone)
        and not negated(sequence, f.start)
        for f in found
    )


def _length(sequence: Sequence[str], found: Found) -> int:
    return sum(1 for t in sequence[found.start : found.end] if t != STOP)
