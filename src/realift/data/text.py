"""How two texts are compared here: folding, words, character 5-grams.

Kept minimal on purpose; scoring has its own, richer normalization (``score/``). Standard
library only.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable

from realift.config import REFUSAL

SHINGLE = 5  # characters; the length used in the leakage table of EVALUATION.md section 3.1

_APOSTROPHES = re.compile("['’‘`´ʼ＇]")
_ASCII_DROPPED = re.compile(r"[^a-z0-9+#%$]+")


@functools.cache
def _kept(char: str) -> bool:
    # Letters, combining marks (vowel signs of Indic scripts) and numbers; C++, C#, 50%, prices.
    return char in "+#%" or unicodedata.category(char) in {
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Nl", "No", "Sc",
    }  # fmt: skip


def fold(text: str) -> str:
    """Fold case, width, punctuation, apostrophes, invisible characters and whitespace.

    A text of punctuation alone folds to ``""``, which callers must not take for a match.

    >>> fold("  Who's “Bob”?\\n")
    'whos bob'
    >>> fold("C++") == fold("C#"), fold("3.5") == fold("35")
    (False, False)
    >>> fold("１２ Café") == fold("12 Cafe\\u0301")
    True
    """
    text = _APOSTROPHES.sub("", text)
    if text.isascii():
        return _ASCII_DROPPED.sub(" ", text.lower()).strip()
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = unicodedata.normalize("NFKC", _APOSTROPHES.sub("", text).casefold())
    return " ".join("".join(c if _kept(c) else " " for c in text).split())


def shingles(folded: str) -> frozenset[str]:
    """The character 5-grams of a folded text; a shorter text is its own only one.

    >>> sorted(shingles("abcdef"))
    ['abcde', 'bcdef']
    >>> shingles("")
    frozenset()
    """
    if len(folded) <= SHINGLE:
        return frozenset([folded] if folded else [])
    return frozenset(folded[i : i + SHINGLE] for i in range(len(folded) - SHINGLE + 1))


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Shared share of two sets, 0-1; two empty sets share nothing.

    >>> jaccard(frozenset("ab"), frozenset("bc"))
    0.3333333333333333
    >>> jaccard(frozenset(), frozenset())
    0.0
    """
    union = len(a | b)
    return len(a & b) / union if union else 0.0


def containment(part: frozenset[str], whole: frozenset[str]) -> float:
    """Share of ``part`` that is found in ``whole``, 0-1; nothing is contained of an empty set.

    >>> containment(frozenset("ab"), frozenset("abcd"))
    1.0
    """
    return len(part & whole) / len(part) if part else 0.0


def is_refusal(text: str, phrases: Iterable[str] = ()) -> bool:
    """Whether a text is, or begins with, the refusal sentence or one of ``phrases``.

    This plain comparison is for looking at gold answers; model output is judged in ``score/``.

    >>> is_refusal("I don’t have enough context to answer")
    True
    >>> is_refusal("Bob."), is_refusal("No idea.", ["no idea"])
    (False, True)
    """
    folded = fold(text) + " "
    return any(
        folded.startswith(phrase + " ") for phrase in map(fold, (REFUSAL, *phrases)) if phrase
    )


def shorten(text: str, limit: int = 60) -> str:
    """A text on one line, cut in the middle if it is long.

    >>> shorten("a" * 10, 7)
    'aaa...a'
    """
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    tail = (limit - 3) // 3
    return line[: limit - 3 - tail] + "..." + line[len(line) - tail :]
