"""Tokens by which two answers are the same: the comparison rules of every scorer.

They avoid the known false matches of the usual lower-case-and-strip rule (3.5/35, -5/5, 50%/50,
C#/C++, vitamin A/vitamin) and its false mismatches (full-width digits, 10 km/10km, CJK).
Standard library only.

>>> same("C#", "C++"), same("10 km", "10km"), same("北京大学。", "北京大学")
(False, True, True)
"""

from __future__ import annotations

import functools
import re
import unicodedata

from realift.score.fold import fold, strip_accents
from realift.score.number_words import STOP, digits_for_words
from realift.score.units import COMMA_DECIMAL, CURRENCY_SIGNS, MAGNITUDES, UNITS

_CJK = (  # scripts written without spaces (or, Korean, with glued particles): a token per character
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1100, 0x11FF),  # Hangul Jamo
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # Hiragana, Katakana
    (0x3400, 0x9FFF),  # Han
    (0xAC00, 0xD7AF),  # Hangul
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_SIGNS = "|".join(re.escape(s) for s in sorted(CURRENCY_SIGNS, key=len, reverse=True))
_AMOUNT = r"\d(?:[\d.,]*\d)?"
_NUMERAL = rf"[-+]?{_AMOUNT}"
_CODES = "|".join(sorted({code.upper() for code in CURRENCY_SIGNS.values()}))
_BIG = r"\s?(?:k|K|m|M|mn|bn|B|thousand|million|billion|trillion)(?![^\W\d_])"
_BEFORE = re.compile(  # "€42", "EUR 42", and ranges: "£20-25", "£20-£25"
    rf"({_SIGNS}|\b(?:{_CODES})\s)\s?({_NUMERAL}(?:-(?:\1\s?)?{_AMOUNT})?(?:{_BIG})?)"
)
_AFTER = re.compile(rf"(?<=\d)\s?({_SIGNS})")
_PERCENT = re.compile(
    r"(?<=\d)\s*(?:%|(?:percent|per cent|pct|prozent|pour ?cent|por ?ciento)\b)", re.IGNORECASE
)
_MINUS = re.compile(r"\bminus\s+(?=[\d.]*\d)", re.IGNORECASE)
_MAGNITUDE = re.compile(r"(?<=\d)\s?(k|K|M|mn|bn|B)(?![^\W_])")
_WORDS_OF = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "b": "billion"}
# Over character classes (see _classes): w letter, d digit, c character that is a token, s space.
_TOKEN = re.compile(
    r"(?P<number>(?:(?<![wd)])[-+](?=d))?d+(?:[.,:/^-]d+)*%?)(?P<ordinal>ww(?!w))?"
    r"|(?P<initials>(?<![wd])w(?:\.w(?!w))+\.?(?![wd]))"
    r"|(?P<word>w(?:[wd]|['&^](?=[wd]))*[+#]*)"
    r"|(?P<cjk>c)"
    r"|(?P<stop>[,;:!?()\n\"。，；：！？、・]|\.(?![wdc]))"
)
_POSSESSIVE = re.compile(r"(?<=\w)'s\b|(?<=s)'(?!\w)", re.IGNORECASE)
_ELISION = re.compile(r"\b(?:[ldcjmnst]|qu|dell|all|nell|sull|dall)'(?=\w)", re.IGNORECASE)
_ARTICLES = ("a", "an", "the")


@functools.lru_cache(maxsize=8192)  # the same contexts and expected answers come again and again
def tokens(text: str, *, lang: str = "en", bare: bool = False) -> tuple[str, ...]:
    """The comparison tokens of a text, in order.

    1. ``fold``; currency signs and codes move behind their number, or behind their range
       (``£20-25`` is ``20-25 gbp``); ``percent`` is ``%``.
    2. Numbers keep inner ``.`` ``,`` ``:`` ``/`` ``-``, the sign and ``%``; thousands separators
       that cannot be anything else are removed (``1,200``), the decimal point is ``.``.
       ``1.000`` stays as written unless ``lang`` says what its dot means.
    3. Words are case-folded, keep ``+`` and ``#`` at their end, and lose apostrophes and edge
       punctuation; Chinese, Japanese, Korean, Thai, Lao and Khmer give a token per character.
    4. English only: articles go when a word follows in the same clause (so "vitamin A", option
       "A" and a lone "The" stay); spelled numbers become digits (``number_words``).
    5. Units after a number get one name (``euros`` is ``eur``, ``kilometers`` is ``km``).

    Args:
        lang: ISO 639-1 code; matters for articles, number words, separators, Turkish I.
        bare: also drop possessive 's and elided articles (``l'``, ``d'``).

    >>> tokens("The price is €1,200.50!"), tokens("vitamin A"), tokens("-5 %")
    (('price', 'is', '1200.50', 'eur'), ('vitamin', 'a'), ('-5%',))
    >>> tokens("")
    ()
    """
    return tuple(t for t in clauses(text, lang=lang, bare=bare) if t != STOP)


@functools.lru_cache(maxsize=8192)
def clauses(
    text: str, *, lang: str = "en", bare: bool = False, keep_case: bool = False
) -> tuple[str, ...]:
    """Like ``tokens``, with ``STOP`` where a clause ends (negation does not reach across).

    With ``keep_case`` the same tokens in the same places, as they were written.

    >>> clauses("No, Lyon.")
    ('no', '\\n', 'lyon', '\\n')
    """
    folded = fold(text, lang=lang)
    if bare:
        folded = _ELISION.sub("", _POSSESSIVE.sub("", folded))
    folded = _numbers_in_order(folded)
    raw = _scan(folded, lang)
    if lang == "en":
        raw = _without_articles(digits_for_words(raw))
    return _one_name_per_unit(raw if keep_case else [t.casefold() for t in raw])


def normalize(text: str, *, lang: str = "en", loose_accents: bool = False) -> str:
    """The tokens joined by one space: equal strings are the same answer.

    >>> normalize("The  Café"), normalize("The Café", loose_accents=True)
    ('café', 'cafe')
    """
    joined = " ".join(tokens(text, lang=lang))
    return strip_accents(joined) if loose_accents else joined


def same(a: str, b: str, *, lang: str = "en") -> bool:
    """Whether two texts are the same answer after normalization (an empty one is none).

    >>> same("24–10", "24-10"), same("A", "The"), same("", "")
    (True, False, False)
    """
    left = tokens(a, lang=lang)
    return bool(left) and left == tokens(b, lang=lang)


def n_words(sequence: tuple[str, ...]) -> int:
    """Length in words; two characters of an unspaced script count as one word."""
    single = sum(1 for t in sequence if len(t) == 1 and is_unspaced(t))
    return len(sequence) - single + (single + 1) // 2


def is_unspaced(ch: str) -> bool:
    """Whether a character belongs to a script that is compared character by character."""
    return any(low <= ord(ch) <= high for low, high in _CJK)


def _numbers_in_order(text: str) -> str:
    def moved(m: re.Match[str]) -> str:
        sign = m[1].strip()
        amount = re.sub(r"(?<=\d)\s?m$", " million", m[2].replace(m[1], ""))
        return f"{amount} {CURRENCY_SIGNS.get(sign, sign.lower())} "

    text = _MINUS.sub("-", text)
    text = _BEFORE.sub(moved, text)
    text = _AFTER.sub(lambda m: f" {CURRENCY_SIGNS[m[1]]} ", text)
    text = _PERCENT.sub("%", text)
    return _MAGNITUDE.sub(lambda m: f" {_WORDS_OF[m[1].lower()]}", text)


def _classes(text: str) -> str:
    """One class letter per character, so that the token pattern is script-independent."""
    return "".join(map(_class, text))


@functools.lru_cache(maxsize=4096)
def _class(ch: str) -> str:
    kind = unicodedata.category(ch)[0]
    if "0" <= ch <= "9":
        return "d"
    if kind in "LMN" or ch == "_":
        return "c" if is_unspaced(ch) else "w"
    return "s" if ch.isspace() and ch != "\n" else ch


def _scan(text: str, lang: str) -> list[str]:
    out = []
    for m in _TOKEN.finditer(_classes(text)):
        piece = text[m.start() : m.end()]
        if m["stop"]:
            out.append(STOP)
        elif m["number"]:
            number = _numeral(text[m.start("number") : m.end("number")], lang)
            tail = text[m.end("number") : m.end()]
            if tail.lower() in ("st", "nd", "rd", "th"):
                out.append(number + tail)
            else:
                out += [number, tail] if tail else [number]
        elif m["initials"]:
            out.append(piece.replace(".", ""))
        else:
            word = piece.replace("'", "").strip("_")
            out += [word] if word else []
    return out


def _numeral(raw: str, lang: str) -> str:
    """One spelling per number where its separators leave no doubt."""
    sign = raw[0] if raw[0] in "-+" else ""
    end = "%" if raw.endswith("%") else ""
    body = raw.removeprefix(sign).removesuffix(end)
    sign = sign.replace("+", "")
    group, point = (".", ",") if lang in COMMA_DECIMAL else (",", ".")
    if re.fullmatch(rf"\d{{1,3}}(?:\{group}\d{{2,3}})*\{group}\d{{3}}(?:\{point}\d+)?", body):
        body = body.replace(group, "").replace(point, ".")
    elif re.fullmatch(rf"\d{{1,3}}(?:\{point}\d{{3}}){{2,}}(?:\{group}\d+)?", body) or re.fullmatch(
        rf"\d{{1,3}}(?:\{point}\d{{3}})+\{group}\d+", body
    ):  # grouped the other way round, and it cannot be read otherwise
        body = body.replace(point, "").replace(group, ".")
    elif re.fullmatch(r"\d+,\d+", body):
        body = body.replace(",", ".")
    return sign + body + end


def _without_articles(raw: list[str]) -> list[str]:
    out = []
    for i, t in enumerate(raw):
        opens = i == 0 or raw[i - 1] == STOP
        followed = i + 1 < len(raw) and raw[i + 1] != STOP
        article = t.lower() in _ARTICLES and (t != "A" or opens)
        if not (article and followed):
            out.append(t)
    return out


def _one_name_per_unit(raw: list[str]) -> tuple[str, ...]:
    out: list[str] = []
    for t in raw:
        previous = out[-1] if out else ""
        after_number = previous[:1].isdigit() or previous[1:2].isdigit()
        after_number = after_number or previous in MAGNITUDES
        out.append(UNITS.get(t.casefold(), t) if after_number else t)
    return tuple(out)
