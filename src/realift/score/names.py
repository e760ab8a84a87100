"""Names in a claim that its sources do not know: capitalized words, and their like without case.

>>> from realift.score.evidence import read
>>> missing_names("Alice lives in Paris.", [read("Alice lives in Lyon.")])
('Paris',)
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from realift.score.evidence import Evidence, stem
from realift.score.fold import fold
from realift.score.function_words import function_words, word_set
from realift.score.normalize import tokens

_WORD = re.compile(r"[^\W\d_](?:[\w'&.]*\w)?")
_OPENS = re.compile(r"(?:^|[:;(\"\n]|[.!?]\s|^-|\*)\W*$")
_OPENERS = word_set(  # not names where a sentence may begin
    "unfortunately additionally furthermore moreover finally first second third next overall yes "
    "sorry please note sure certainly indeed currently generally specifically final correct "
    "everyone everybody someone nobody anyone there people today"
)
_TITLES = word_set("mr mrs ms miss dr prof sir madam")
_COMMON_ENDING = re.compile(r"(?:ing|ly|ed|tions?|ments?|ness|ers|ors|ees|ities)$")
_NOUNS_ARE_CAPITALIZED = word_set("de lb")
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_KATAKANA_NAME = re.compile(r"[\u30a1-\u30fa\u30fc]{2,}")
_UNSPACED_RUN = re.compile(rf"[{_HAN}\uac00-\ud7af]+")
_KIND = (  # what such a name ends with: university, company, city, ...
    "大学|大學|公司|银行|銀行|医院|醫院|病院|学校|學校|集团|集團|株式会社|先生|女士|さん|市|省|县|県|區|区|"
    "州|国|國|村|町|社"
)
_WITH_KIND = re.compile(rf"([{_HAN}]{{1,2}})({_KIND})")
_NOT_IN_NAMES = frozenset("读就上到去位所家个一该某本此进每各全两几多大小城都在是的了和从")


def missing_names(claim: str, known: Sequence[Evidence], *, lang: str = "en") -> tuple[str, ...]:
    """The names of a claim that none of the texts holds (by stem), in order.

    1. A capitalized word is a name, unless it is a function word or a title. At the start of a
       sentence it is none either if it looks like a common word (-ing, -ly, -tions, -ers, ...). A
       text all in capitals shows no names.
    2. In German every noun is capitalized: only words with a capital inside and runs of two
       capitalized words count.
    3. Without case: katakana words; two or more Chinese or Korean characters in a row that no
       text holds; one or two Chinese characters before the likes of 大学 or 公司.

    >>> from realift.score.evidence import read
    >>> missing_names("He studied at MIT in the US.", [read("He studied in the US.")])
    ('MIT',)
    >>> missing_names("他在南京大学。", [read("他在北京大学学习。")])
    ('南京大学',)
    """
    text = fold(claim, lang=lang)
    stems = frozenset(s for e in known for s in e.stems)
    given = "\n".join(e.text for e in known)
    out = [] if text == text.upper() else _capitalized(text, stems, lang)
    out += [m[0] for m in _KATAKANA_NAME.finditer(text) if m[0] not in given]
    for run in _UNSPACED_RUN.finditer(text):
        out += _unknown_runs(run[0], given, function_words(lang))
    for m in _WITH_KIND.finditer(text):
        name = re.split(f"[{''.join(_NOT_IN_NAMES)}]", m[1])[-1] + m[2]
        if name != m[2] and name not in given:
            out.append(name)
    return tuple(dict.fromkeys(out))


def _capitalized(text: str, stems: frozenset[str], lang: str) -> list[str]:
    words = [m for m in _WORD.finditer(text) if not _is_caseless(m[0])]
    out = []
    for i, m in enumerate(words):
        if not m[0][0].isupper() or _is_known(m[0], stems, lang):
            continue
        low = m[0].casefold().replace("'", "")
        if low in function_words(lang) or low in _TITLES or low in ("i", "im", "ive"):
            continue
        opens = _OPENS.search(text[: m.start()]) is not None
        if opens and (low in _OPENERS or _COMMON_ENDING.search(low)):
            continue
        if lang in _NOUNS_ARE_CAPITALIZED and not _is_german_name(text, words, i):
            continue
        out.append(m[0])
    return out


def _is_known(word: str, stems: frozenset[str], lang: str) -> bool:
    return any(
        all(stem(t) in stems for t in tokens(word, lang=lang, bare=bare)) for bare in (False, True)
    )


def _is_caseless(word: str) -> bool:
    return word.lower() == word.upper()


def _is_german_name(text: str, words: Sequence[re.Match[str]], i: int) -> bool:
    if any(ch.isupper() for ch in words[i][0][1:]):
        return True
    for a, b in ((i - 1, i), (i, i + 1)):
        if a < 0 or b >= len(words):
            continue
        left, right = words[a], words[b]
        both = left[0][0].isupper() and right[0][0].isupper()
        adjacent = text[left.end() : right.start()] == " "
        if both and adjacent and left[0].casefold() not in function_words("de"):
            return True
    return False


def _unknown_runs(run: str, given: str, particles: frozenset[str]) -> list[str]:
    marked = "".join(ch if ch not in given and ch not in particles else " " for ch in run)
    return [piece for piece in marked.split() if len(piece) > 1]
