"""The part of an answer that counts: its last word on the question.

>>> committed("Paris. Actually, Lyon."), committed("Hm.\\nAnswer: 42")
('Lyon.', '42')
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from realift.score.fold import fold, own_turn, strip_citations
from realift.score.match import MAX_CONTAINED_WORDS, quantities
from realift.score.normalize import n_words, tokens
from realift.score.numbers import parse

_MARKER = re.compile(
    r"(?:\b(?:final |correct |short )?answer\b[\"'*_]*\s*[:=]|\\boxed\{|####)\s*", re.IGNORECASE
)
_CORRECTION = re.compile(
    r"(?:^|(?<=[.!?;,\n-]))\s*(?:(?:oh,?\s+|no,?\s+)?(?:wait|actually|correction|scratch that"
    r"|i mean|i meant|or rather|let me correct (?:that|myself)|sorry)\b"
    r"|(?P<no>no\b(?=\s*[,:-])))[\s,:;.!-]*",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\?\s+(?=(?:no|nope|not|wrong)\b)", re.IGNORECASE)
_FILLER = re.compile(
    r"^(?:no,?\s+)?(?:(?:it|that|this)(?:'s| is| was| should be)"
    r"|the (?:correct |right )?answer is)\s+",
    re.IGNORECASE,
)
_CORRECTIONS = 4  # the last ones are looked at; a model that loops makes hundreds
_BARE_WORDS = 3  # "Lyon. No, Paris": longer, it explains rather than replaces
_WORDS = "yes no ja nein oui non sí si 是 否 はい いいえ true false"
YES_NO = frozenset(_WORDS.split())


def committed(text: str, slots: Sequence[Sequence[str]] = (), *, lang: str = "en") -> str:
    """The part of a text that is its last word on the question.

    1. Thoughts go; a turn that the model made up (``Question:`` on a new line) ends the text.
    2. What follows the last ``Answer:``, ``####`` or ``\\boxed{`` counts, if anything does.
    3. A guess that is asked and denied goes ("Paris? No, Lyon").
    4. "X. Actually, Y": what follows the correction counts if it can replace X: a number when a
       number is expected; else at most 8 words, with a capital when a name is expected. After a
       mere "no" at most 3, and never when yes or no is expected.

    >>> committed("Paris. Actually, Lyon."), committed("Hm.\\nAnswer: 42")
    ('Lyon.', '42')
    >>> committed("Lyon. Actually, it is known for silk.", [["Lyon"]])
    'Lyon. Actually, it is known for silk.'
    """
    said = strip_citations(own_turn(text)).strip()
    markers = [m for m in _MARKER.finditer(said) if any(c.isalnum() for c in said[m.end() :])]
    if markers:
        said = said[markers[-1].end() :].strip()
    said = _without_denied_guesses(said)
    folded = fold(said)
    for m in reversed(list(_CORRECTION.finditer(folded))[-_CORRECTIONS:]):
        after = _FILLER.sub("", folded[m.end() :])
        bare = m["no"] is not None
        said_before = any(ch.isalnum() for ch in folded[: m.start()])
        if said_before and _replaces(after, slots, lang, bare=bare):
            return after
    return said


def _without_denied_guesses(said: str) -> str:
    """Without the questions that are answered with no ("Paris? No, Lyon" is "No, Lyon")."""
    kept, done = [], 0
    for m in _DENIED.finditer(said):
        opens = max((said.rfind(ch, done, m.start()) + 1 for ch in ".!?\n"), default=0)
        kept.append(said[done : max(opens, done)])
        done = m.end()
    return "".join([*kept, said[done:]])


def _replaces(after: str, slots: Sequence[Sequence[str]], lang: str, *, bare: bool) -> bool:
    expected = [a for slot in slots for a in slot]
    most = _BARE_WORDS if bare else MAX_CONTAINED_WORDS
    if bare and any(a.casefold().strip(" .") in YES_NO for a in expected):
        return False
    fits = 0 < n_words(tokens(after, lang=lang)) <= most
    if any(parse(a, lang=lang) is not None for a in expected):
        return bool(quantities(after, lang=lang)) and (fits or not bare)
    named = any(a != a.lower() for a in expected)
    letters = re.sub(r"\bI\b", "i", after)
    if named and letters == letters.lower() and after != after.upper():
        return False
    return fits
