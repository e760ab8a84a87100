"""Character-level folding: what spelling differences never mean a different answer.

Must not import anything but the standard library.

>>> fold("ｄｏｎ’t")
"don't"
"""

from __future__ import annotations

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
_CITATION = re.compile(
    r"\s*[\[【]\s*(?:(?:source|doc|document|ref|passage|context)s?\s*:?\s*)?\^?"
    r"\d{1,3}(?:\s*[,;-]\s*\d{1,3})*\s*(?:†[^\]】]*)?[\]】]",
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
    text = _THIN_GROUP.sub("", text)
    text = _FRACTION.sub(" ", _EXPONENT.sub(r"^\1", text))
    text = unicodedata.normalize("NFKC", text).translate(_MARKS).replace("\u2044", "/")
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


def strip_citations(text: str) -> str:
    """Remove citation marks such as ``[1]``, ``[1, 2]``, ``[source 3]``; never the whole text.

    >>> strip_citations("42 euros [2]."), strip_citations("[2]")
    ('42 euros.', '[2]')
    """
    stripped = _CITATION.sub("", text)
    return stripped if any(ch.isalnum() for ch in stripped) else text


def strip_thoughts(text: str) -> str:
    """Remove ``<think>...</think>`` blocks; one that never closes runs to the end.

    >>> strip_thoughts("<think>hm, 41?</think>42")
    '42'
    """
    return _THOUGHT.sub("", text)
