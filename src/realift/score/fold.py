"""Character-level folding: what spelling differences never mean a different answer.

Must not import anything but the standard library.

>>> fold("ｄｏｎ’t")
"don't"
"""

from __future__ import annotations

import functools
import re
import unicodedata

_MARKS = str.maketrans(
    dict.fromkeys("’‘`´ʼ′‛", "'")
    | dict.fromkeys("–—−‐‑‒―", "-")
    | dict.fromkeys("“”„‟″«»「」『』", '"')
)
# NFKC turns 10² into 102 and 3½ into 31/2: keep the exponent and the fraction apart first.
_EXPONENT = re.compile(r"(?<=[\dA-Za-z)])([⁰¹²³⁴-⁹]+)")
_FRACTION = re.compile(r"(?<=\d)(?=[¼-¾⅐-⅞])")
_THIN_GROUP = re.compile(r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3}(?!\d))")  # 10 000 with thin spaces
_SPACED_GROUPS = re.compile(r"(?<![\d.,:/-])[1-9]\d{0,2}(?: \d{3})+(?![\d:/-]|[.,]\d{3})")
_KIND = r"(?:(?:source|doc|document|ref|passage|context)s?\s*:?\s*)?[\^#]?"
CITATION = re.compile(  # [1], [1, 2], [source 3], 【1†a】
    rf"(?:(?<!\s)\s+)?[\[【]\s*{_KIND}-?\d{{1,3}}(?:\s*(?:[,;&-]|and)\s*{_KIND}\d{{1,3}})*"
    r"\s*(?:†[^\]】]*)?[\]】]",
    re.IGNORECASE,
)
_NEW_TURN = re.compile(
    r"\n+\s*(?:#+\s*)?\**(?:instruction|question|user|human|q|input|context)\**\s*:|<\|",
    re.IGNORECASE,
)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.IGNORECASE | re.DOTALL)


def fold(text: str, *, lang: str = "en") -> str:
    """NFKC, one apostrophe, one dash, one quote, no invisible (Cf) characters, ASCII digits.

    Case and white space stay. Exponents keep a mark (``km²`` is ``km^2``, not ``km2``). In
    Turkish (``lang="tr"``) the dotted and dotless I become their own lower-case letters.

    >>> fold("１２"), fold("24–10"), fold("10²"), fold("٤٢")
    ('12', '24-10', '10^2', '42')
    """
    text = _SPACED_GROUPS.sub(lambda m: m[0].replace(" ", ""), _THIN_GROUP.sub("", text))
    text = _FRACTION.sub(" ", _EXPONENT.sub(r"^\1", text))
    text = unicodedata.normalize("NFKC", text).translate(_MARKS).replace("\u2044", "/")
    if text.isascii() and lang != "tr":
        return text
    if lang == "tr":
        text = text.replace("İ", "i").replace("I", "ı")
    return "".join(_character(ch) for ch in text if unicodedata.category(ch) != "Cf")


def _character(ch: str) -> str:
    if ch.isascii():
        return ch
    digit = unicodedata.decimal(ch, None)
    return ch if digit is None else str(digit)


def strip_accents(text: str) -> str:
    """Without combining marks, for the ``loose_accents`` option.

    >>> strip_accents("café")
    'cafe'
    """
    parts = unicodedata.normalize("NFD", text)
    return "".join(ch for ch in parts if unicodedata.category(ch) != "Mn")


@functools.lru_cache(maxsize=4096)  # contexts and expected answers come again and again
def strip_citations(text: str) -> str:
    """Remove citation marks such as ``[1]``, ``[1, 2]``, ``[source 3]``; never the whole text.

    >>> strip_citations("42 euros [2]."), strip_citations("[2]")
    ('42 euros.', '[2]')
    """
    stripped = CITATION.sub("", text)
    return stripped if any(ch.isalnum() for ch in stripped) else text


def strip_thoughts(text: str) -> str:
    """Remove ``<think>...</think>`` blocks; one that never closes runs to the end.

    >>> strip_thoughts("<think>hm, 41?</think>42")
    '42'
    """
    return _THOUGHT.sub("", text)


def own_turn(text: str) -> str:
    """What the model said itself: without thoughts, and up to a turn that it made up.

    >>> own_turn("Lyon.\\n\\nQuestion: What is blue?\\nAnswer: the sky")
    'Lyon.'
    """
    said = strip_thoughts(text).strip()
    turn = _NEW_TURN.search(said)
    if turn and any(ch.isalnum() for ch in said[: turn.start()]):
        return said[: turn.start()].strip()
    return said


def is_empty(text: str) -> bool:
    """Whether a text says nothing: no letter or digit outside thoughts and citation marks.

    >>> is_empty("<think>42</think> ..."), is_empty("[1]"), is_empty("42 [1]")
    (True, True, False)
    """
    return not any(ch.isalnum() for ch in CITATION.sub("", strip_thoughts(text)))
