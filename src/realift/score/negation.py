"""Is a matched answer denied? Words before it ("not Lyon") and right behind it ("Lyon is not it").

Works on clause tokens (``normalize.clauses``): case-folded, without apostrophes.

>>> negated(("it", "is", "not", "lyon"), 3), denied(("lyon", "isnt", "it"), 1)
(True, True)
"""

from __future__ import annotations

from collections.abc import Sequence

from realift.score.function_words import word_set
from realift.score.number_words import STOP

WINDOW = 3
_NO = (
    "not no never neither nor without except unlike isnt arent wasnt werent doesnt dont didnt cant "
    "cannot couldnt wont wouldnt hasnt havent hadnt shouldnt nicht kein keine keinen keiner nie "
    "niemals ne pas jamais sans nunca jamás sin non 不 没 沒 非 未"
)
NEGATORS = word_set(_NO)
# "not only Lyon", "not until 9", "no more than 30 days" give the answer all the same.
_STILL_SAYS = word_set("only just merely simply until before")
_LIMITS = word_set("more less later earlier fewer longer over under")
_BUT = word_set("but sondern sino mais")
_ALL = word_set("anything everything anywhere everywhere all")
_INSTEAD = frozenset([("rather", "than"), ("instead", "of"), ("other", "than")])
_THINK = word_set("think believe")
_IS = word_set("is are was were be")
_IS_NOT = word_set("isnt arent wasnt werent")
_WRONG = word_set("wrong incorrect false untrue")
_DENIALS = (
    ("ist", "nicht"),
    ("war", "nicht"),
    ("sind", "nicht"),
    ("ist", "falsch"),
    ("nest", "pas"),
    ("est", "faux"),
    ("no", "es"),
    ("no", "era"),
    ("non", "è"),
    ("不", "是"),
    tuple("ではない"),
    tuple("じゃない"),
)


def negated(sequence: Sequence[str], start: int) -> bool:
    """Whether something left of ``start``, in the same clause, denies what starts there.

    A negation within three tokens counts, unless a "but" comes between ("not Lyon but Paris") or
    it only sets a limit ("no more than"). "don't think" reaches through the whole clause.
    """
    for i in range(start - 1, -1, -1):
        word, after = sequence[i], sequence[i + 1 : start]
        if word == STOP:
            return False
        if start - i > WINDOW:
            if word in NEGATORS and after[0] in _THINK:
                return True
            continue
        if word in _BUT:
            return i > 0 and sequence[i - 1] in _ALL
        if (word, *after[:1]) in _INSTEAD:
            return not (i and sequence[i - 1] in ("none", "no", "nothing"))
        if word in NEGATORS and not _only_limits(after):
            return True
    return False


def denied(sequence: Sequence[str], end: int) -> bool:
    """Whether the words right behind a match take it back: "X is not", "X isn't", "X is wrong"."""
    words = tuple(sequence[end : end + 4])
    if any(words[: len(d)] == d for d in _DENIALS):
        return True
    if not words:
        return False
    if words[0] in _IS_NOT:
        return words[1:2] == () or words[1] not in _STILL_SAYS
    if words[0] not in _IS:
        return False
    rest = words[2:] if words[1:2] and words[1].endswith("ly") else words[1:]  # "is clearly not"
    if rest[:1] == ("not",):
        return rest[1:2] == () or rest[1] not in _STILL_SAYS
    return bool(rest) and rest[0] in _WRONG


def _only_limits(after: Sequence[str]) -> bool:
    if not after or after[0] in _STILL_SAYS:
        return bool(after)
    return after[0] in _LIMITS and tuple(after[1:2]) == ("than",)
