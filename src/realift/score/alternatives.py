"""Answers that name several and leave the choice to the reader: "41 or 42 euros", "Lyon/Paris".

Works on clause tokens (``normalize.clauses``). What the question itself accepts may stand beside
a match; anything else of the same kind makes it no answer.

>>> from realift.score.normalize import clauses
>>> from realift.score.numbers import find
>>> said = clauses("41 or 42 euros")
>>> number_is_one_of_several(said, find(said), 1, ())
True
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence

from realift.score.function_words import word_set
from realift.score.normalize import n_words
from realift.score.number_words import STOP
from realift.score.numbers import Found, Quantity, equal

_OR = word_set("or oder ou 或")
_OR_IN = {"es": {"o", "u"}, "it": {"o"}, "nl": {"of"}, "ru": {"или"}, "tr": {"veya"}}
_FILLERS = word_set(
    "either maybe perhaps possibly about around even it is its was be could might may in at the"
)
_IDIOMS = word_set(  # "12 or older", "Lyon or so"
    "so more less older younger later earlier above below higher lower fewer over under greater "
    "longer better thereabouts not both"
)
_SLASH = re.compile(r"(?<=[\w%€$£])\s+/\s+(?=[\w€$£])|(?<=[^\W\d_A-Z])/(?=[A-Z])")
_SHORT = 4  # words on either side of "or" in a bare "it is red or blue"


@functools.lru_cache(maxsize=4096)  # contexts and expected answers come again and again
def spell_slashes(text: str) -> str:
    """A slash between two names or two spaced words as "or".

    >>> spell_slashes("Lyon/Paris, 41 / 42, km/h, AC/DC")
    'Lyon or Paris, 41 or 42, km/h, AC/DC'
    """
    return _SLASH.sub(" or ", text)


def number_is_one_of_several(
    sequence: Sequence[str],
    found: Sequence[Found],
    k: int,
    accepted: Sequence[Quantity],
    *,
    lang: str = "en",
) -> bool:
    """Whether the ``k``-th number is offered beside other values of its kind.

    Numbers joined by "or", by "between ... and" or by mere commas (three or more of them) form a
    run; it is no answer when it holds a second value of a compatible unit that is not accepted.
    """
    links = [_link(sequence, a, b, lang) for a, b in itertools.pairwise(found)]
    first = last = k
    while first and links[first - 1]:
        first -= 1
    while last < len(links) and links[last]:
        last += 1
    run, joined = found[first : last + 1], links[first:last]
    own = found[k].quantity
    others = [f.quantity for f in run if _rivals(own, f.quantity)]
    others = [o for o in others if not any(equal(a, o, alone=True) for a in accepted)]
    return bool(others) and ("or" in joined or len(run) > 2)


def name_is_one_of_several(
    cased: Sequence[str],
    start: int,
    end: int,
    accepted: Sequence[Sequence[str]],
    *,
    capital: bool,
    lang: str = "en",
) -> bool:
    """Whether the words ``start:end`` are offered beside another answer, joined by "or".

    A capitalized answer rivals a capitalized word. Another one rivals what stands in a bare "red
    or blue": at most four words on either side of the "or", and nothing behind.

    Args:
        cased: clause tokens as they were written (``clauses(..., keep_case=True)``).
        accepted: tokens of everything the question accepts.
        capital: whether the expected answer is written with a capital.
    """
    words = [t.casefold() for t in cased]
    opens = next((s + 1 for s in range(start - 1, -1, -1) if words[s] == STOP), 0)
    i = end + (words[end : end + 1] == [STOP])
    i += words[i : i + 1] == ["and"]  # and/or
    if i < len(words) and _is_or(words[i], lang):
        i += 1
        while i < len(words) and words[i] in _FILLERS:
            i += 1
        closes = next((s for s in range(i, len(words)) if words[s] == STOP), len(words))
        mine = any(tuple(words[i : i + len(t)]) == tuple(t) for t in accepted)
        if i < closes and words[i] not in _IDIOMS and not mine:
            bare = start - opens <= _SHORT and n_words(tuple(words[i:closes])) <= _SHORT
            return cased[i][0].isupper() if capital else bare
    i = start - 1
    while i > 0 and (words[i] in _FILLERS or words[i] == STOP):
        i -= 1
    if i > 0 and _is_or(words[i], lang):
        i -= 1 + (words[i - 1] == STOP)
        mine = any(tuple(words[i + 1 - len(t) : i + 1]) == tuple(t) for t in accepted)
        if i >= 0 and not mine:
            bare = start - opens <= _SHORT + 1 and words[end : end + 1] in ([], [STOP])
            return cased[i][0].isupper() if capital else bare
    return False


def _link(sequence: Sequence[str], a: Found, b: Found, lang: str) -> str:
    """How two neighboring numbers are joined: "or", "comma" or not ("")."""
    gap = [t for t in sequence[a.end : b.start] if t != STOP]
    if not gap:
        return "comma"
    if gap == ["and"] and sequence[a.start - 1 : a.start] == ("between",):
        return "or"
    gap = gap[1:] if gap[0] == "and" else gap
    if gap and _is_or(gap[0], lang) and all(t in _FILLERS for t in gap[1:]):
        return "or"
    return ""


def _rivals(a: Quantity, b: Quantity) -> bool:
    same_kind = a.unit == b.unit or "" in (a.unit, b.unit)
    return same_kind and not equal(a, b, alone=True)


def _is_or(word: str, lang: str) -> bool:
    return word in _OR or word in _OR_IN.get(lang, ())
