"""Which language a text is in, by its small words and its letters; undecided is an answer.

For seeing that rows of several languages are mixed, not for naming every language: seven European
ones are told apart by their function words, other scripts are named by script.

>>> language("Der Preis ist in der Liste und nicht im Text."), language("Bob.")
('German', '')
"""

from __future__ import annotations

import re
from collections import Counter

from realift.score.function_words import function_words

NAMES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
}
CODES = {name: code for code, name in NAMES.items()}
_OWN: dict[str, list[str]] = {}
for _code in NAMES:
    for _word in function_words(_code) - function_words(""):
        _OWN.setdefault(_word, []).append(_code)
_WORD = re.compile(r"[^\W\d_]+")
_APOSTROPHE = re.compile("['’]")
_SCRIPTS = (
    ("Cyrillic", re.compile("[\u0400-\u052f]")),
    ("Greek", re.compile("[\u0370-\u03ff]")),
    ("Arabic", re.compile("[\u0600-\u06ff]")),
    ("Hebrew", re.compile("[\u0590-\u05ff]")),
    ("Devanagari", re.compile("[\u0900-\u097f]")),
    ("Thai", re.compile("[\u0e00-\u0e7f]")),
    ("Korean", re.compile("[\uac00-\ud7af]")),
    ("Japanese", re.compile("[\u3040-\u30ff]")),
    ("Chinese", re.compile("[\u3400-\u9fff]")),
)
_MIN_HITS = 3
_AHEAD = 1.5  # times as many small words as the next language
_SHARE = 0.2  # of the words


def language(text: str) -> str:
    """The language ("German") or script ("Cyrillic") of most of a text; "" = cannot be told."""
    if not text.isascii():
        letters = [c for c in text if c.isalpha()]
        for name, pattern in _SCRIPTS:
            if len(pattern.findall(text)) > (0.2 if name == "Japanese" else 0.5) * len(letters):
                return name
    words = _WORD.findall(_APOSTROPHE.sub("", text).casefold())
    hits = Counter(code for word in words for code in _OWN.get(word, ()))
    ranked = hits.most_common(2)
    if not ranked or ranked[0][1] < max(_MIN_HITS, _SHARE * len(words)):
        return ""
    if len(ranked) > 1 and ranked[0][1] < _AHEAD * ranked[1][1]:
        return ""
    return NAMES[ranked[0][0]]
