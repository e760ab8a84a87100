"""Does an answer hold an expected one? The token rules under correctness and key points.

>>> holds("It costs 42 euros [1].", "€42"), holds("It is not Lyon.", "Lyon")
(True, False)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from realift.score.alternatives import (
    name_is_one_of_several,
    number_is_one_of_several,
    spell_slashes,
)
from realift.score.fold import strip_citations
from realift.score.function_words import word_set
from realift.score.negation import NEGATORS, denied, negated
from realift.score.normalize import clauses, n_words, tokens
from realift.score.number_words import STOP
from realift.score.numbers import Quantity, equal, find, parse

MAX_CONTAINED_WORDS = 8  # a longer expected answer must be the whole answer
# An expected "US" or "May" is not the word "us" or "may" of a sentence.
_PLAIN_WORDS = word_set(
    "us it who or in is am as no he me so do at on an be by go if my of to up we all and are can "
    "had has may not will march mark bill one"
)
_KATAKANA = re.compile(r"[\u30a1-\u30fa\u30fc]")
_CJK_NUMERALS = frozenset("〇零一二三四五六七八九十百千万亿兩两")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What ``holds`` was told, for the functions under it."""

    lang: str
    tolerance: float | None
    contained: bool
    point: bool  # the dot of "1.250" is a decimal point
    accepted: tuple[str, ...]
    deniable: bool


def holds(
    text: str,
    expected: str,
    *,
    lang: str = "en",
    numeric_tol: float | None = None,
    contained: bool = True,
    accepted: Sequence[str] = (),
    question: str = "",
) -> bool:
    """Whether ``text`` gives the expected answer.

    1. Citation marks are removed from both.
    2. An expected number (with or without unit) is looked for by value among the numbers of the
       text, and in no other way: "12" is not in "2012", "10" is not in "10 million".
    3. Otherwise: equal tokens, or the expected tokens in a row. Possessives and elided articles
       do not matter.
    4. A match does not count when it is denied: a negation within three tokens to its left in the
       same clause ("not only" is none), or "is not", "isn't", "is wrong" right behind it.
    5. A match does not count when it is one of several on offer ("41 or 42 euros", "Lyon/Paris").

    Args:
        numeric_tol: largest difference of two equal numbers; also makes ``1.250`` a decimal.
        contained: False = the text must be the answer, nothing around it.
        accepted: other answers that may be on offer beside this one (its alternatives and slots).
        question: what was asked. If it holds a negation ("Which day is it not open?"), "Monday is
            not" is an answer.

    >>> holds("founded in 2012", "12"), holds("3.14", "3.142", numeric_tol=0.01)
    (False, True)
    >>> holds("41 or 42 euros", "42 euros"), holds("Lyon is not it.", "Lyon")
    (False, False)
    """
    text, expected = spell_slashes(strip_citations(text)), spell_slashes(strip_citations(expected))
    rules = _Rules(
        lang=lang,
        tolerance=numeric_tol,
        contained=contained,
        point=numeric_tol is not None and lang == "en",
        accepted=(expected, *map(spell_slashes, accepted)),
        deniable=NEGATORS.isdisjoint(tokens(question, lang=lang)),
    )
    wanted = parse(expected, lang=lang, point=rules.point)
    if wanted is not None:
        return _holds_number(clauses(text, lang=lang), wanted, rules)
    return any(_holds_words(text, expected, rules, bare=bare) for bare in (False, True))


def positions(sequence: Sequence[str], wanted: Sequence[str]) -> tuple[int, ...]:
    """Where ``wanted`` starts in clause tokens, skipping clause ends inside, denied ones left out.

    >>> positions(("paris", "\\n", "france"), ("paris", "france"))
    (0,)
    """
    return tuple(
        start
        for start, end in spans(sequence, wanted)
        if not negated(sequence, start) and not denied(sequence, end)
    )


def spans(sequence: Sequence[str], wanted: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where ``wanted`` starts and ends in clause tokens, denied or not.

    In scripts without spaces a match must not cut a katakana word or a Chinese numeral in two.

    >>> spans(tuple("ロンドン"), tuple("ロン"))
    ()
    """
    at = [i for i, t in enumerate(sequence) if t != STOP]
    plain = [sequence[i] for i in at]
    width = len(wanted)
    found = []
    for k in range(len(plain) - width + 1 if width else 0):
        if tuple(plain[k : k + width]) == tuple(wanted):
            start, end = at[k], at[k + width - 1] + 1
            if not (_cuts(sequence, start) or _cuts(sequence, end)):
                found.append((start, end))
    return tuple(found)


def is_short(expected: str, *, lang: str = "en") -> bool:
    """Whether an expected answer may stand inside a longer text (8 words or fewer)."""
    return n_words(tokens(strip_citations(expected), lang=lang)) <= MAX_CONTAINED_WORDS


def quantities(text: str, *, lang: str = "en") -> tuple[Quantity, ...]:
    """The numbers of a text, citation marks left out.

    >>> len(quantities("42 euros [2]"))
    1
    """
    return tuple(f.quantity for f in find(clauses(strip_citations(text), lang=lang)))


def _holds_number(sequence: Sequence[str], wanted: Quantity, rules: _Rules) -> bool:
    found = find(sequence, point=rules.point)
    words = sum(1 for t in sequence if t != STOP)
    alone = len(found) == 1 and found[0].end - found[0].start == words
    if not rules.contained and not alone:
        return False
    parsed = (parse(a, lang=rules.lang, point=rules.point) for a in rules.accepted)
    accepted = [q for q in parsed if q is not None]
    return any(
        equal(wanted, f.quantity, tolerance=rules.tolerance, alone=alone)
        and not negated(sequence, f.start)
        and not (rules.deniable and denied(sequence, f.end))
        and not number_is_one_of_several(sequence, found, k, accepted, lang=rules.lang)
        for k, f in enumerate(found)
    )


def _holds_words(text: str, expected: str, rules: _Rules, *, bare: bool) -> bool:
    gold = tokens(expected, lang=rules.lang, bare=bare)
    said = clauses(text, lang=rules.lang, bare=bare)
    if gold and gold == tuple(t for t in said if t != STOP):
        return True
    if not (rules.contained and gold):
        return False
    cased = clauses(text, lang=rules.lang, bare=bare, keep_case=True)
    capital = expected != expected.lower()
    by_case = capital and len(gold) == 1 and gold[0] in _PLAIN_WORDS and text != text.lower()
    accepted = [tokens(a, lang=rules.lang, bare=bare) for a in rules.accepted]
    return any(
        not (by_case and cased[start] == gold[0])
        and not negated(said, start)
        and not (rules.deniable and denied(said, end))
        and not name_is_one_of_several(
            cased, start, end, accepted, capital=capital, lang=rules.lang
        )
        for start, end in spans(said, gold)
    )


def _cuts(sequence: Sequence[str], at: int) -> bool:
    """Whether a border before token ``at`` runs through a katakana word or a Chinese numeral."""
    if not 0 < at < len(sequence):
        return False
    left, right = sequence[at - 1], sequence[at]
    inside = bool(_KATAKANA.fullmatch(left)) and bool(_KATAKANA.fullmatch(right))
    return inside or (left in _CJK_NUMERALS and right in _CJK_NUMERALS)
