"""English number words to digits: "forty-two" is 42, not a 2 behind a word.

>>> digits_for_words(["forty", "two", "euros"])
['42', 'euros']
"""

from __future__ import annotations

from collections.abc import Sequence

from realift.score.function_words import word_set
from realift.score.units import MAGNITUDES, NUMBER_WORDS, TENS

STOP = "\n"  # stands between clauses (``normalize.clauses``); never a token
_PRONOUN_BEFORE = word_set("no any every some each this that which another")


def digits_for_words(raw: Sequence[str]) -> list[str]:
    """Spelled numbers of up to three digits, in one token each; everything else as it is.

    "thousand" and "million" stay words (``numbers.find`` scales by them). "one" is a pronoun in
    "one of" and "no one". "a hundred" is 100.

    >>> digits_for_words(["two", "hundred", "and", "fifty", "thousand"])
    ['250', 'thousand']
    >>> digits_for_words(["one", "of", "them"])
    ['one', 'of', 'them']
    """
    words = [t.lower() for t in raw]
    out, i = [], 0
    while i < len(words):
        value, end = _number(words, i)
        if value is None or _is_pronoun(words, i):
            out.append(raw[i])
            i += 1
        else:
            out.append(str(value))
            i = end
    return out


def _number(words: Sequence[str], i: int) -> tuple[int | None, int]:
    """The number that starts at word ``i``, and where it ends."""
    if words[i] in ("a", "an") and (words[i + 1 : i + 2] == ["hundred"] or _scaled(words, i + 1)):
        value, end = 1, i + 1
    else:
        small, end = _below_hundred(words, i)
        if small is None:
            return None, i
        value = small
    if words[end : end + 1] != ["hundred"]:
        return value, end
    value, end = 100 * value, end + 1
    rest = end + (words[end : end + 1] == ["and"])
    if rest < len(words):
        small, after = _below_hundred(words, rest)
        if small is not None and words[after : after + 1] != ["hundred"]:
            return value + small, after
    return value, end


def _below_hundred(words: Sequence[str], i: int) -> tuple[int | None, int]:
    tens = TENS.get(words[i])
    if tens is None:
        small = NUMBER_WORDS.get(words[i])
        return (None, i) if small is None else (int(small), i + 1)
    ones = int(NUMBER_WORDS.get(words[i + 1], "0")) if i + 1 < len(words) else 0
    return (tens + ones, i + 2) if 0 < ones < 10 else (tens, i + 1)


def _scaled(words: Sequence[str], i: int) -> bool:
    return i < len(words) and words[i] in MAGNITUDES and words[i].isascii()


def _is_pronoun(words: Sequence[str], i: int) -> bool:
    following = words[i + 1] if i + 1 < len(words) else ""
    before = words[i - 1] if i else ""
    return words[i] == "one" and (following in ("of", "another") or before in _PRONOUN_BEFORE)
