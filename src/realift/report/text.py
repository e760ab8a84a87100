"""Text that people or models wrote, made safe to show: no control, escape or bidi characters.

Imports nothing but the standard library.

>>> one_line("a\\x1b[31m red\\x1b[0m\\n  word", limit=20)
'a red word'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ELLIPSIS = "…"

_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colors, cursor movements
    r"|\x1b[\]P_^X][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC and kin: titles, links
    r"|\x1b[ -/]*[0-~]"  # two-character escapes
)
_NEWLINE = re.compile("\r\n?|[\x85\u2028\u2029]")
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 and C1 controls (tab and newline stay)
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, embeddings, isolates
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"  # byte-order mark, annotations, tag characters
)
_UNSEEN = re.compile(
    f"{_HIDDEN.pattern}|[\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ud800-\udfff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")  # cannot be written as UTF-8


def clean(text: str) -> str:
    """Remove what could move the cursor, hide or reorder text; newlines and tabs stay.

    Lone surrogates become U+FFFD, every kind of line end becomes ``\\n``. Joiners (U+200C,
    U+200D) stay: several scripts need them. Linear in the length of ``text``.

    >>> clean("ab\\u202ecd\\x07\\r\\ne")
    'abcd\\ne'
    """
    text = _NEWLINE.sub("\n", _ANSI.sub("", text))
    return _SURROGATE.sub("\ufffd", _HIDDEN.sub("", text))


def visible(text: str) -> str:
    """Every character that hides, moves or reorders text, as a sign one can see.

    Control characters become their pictures (ESC: ␛), others their code. Newlines and tabs stay,
    every kind of line end becomes ``\\n``. Joiners (U+200C, U+200D) stay: several scripts need
    them. Linear in the length of ``text``.

    >>> visible("ab\\u202ecd\\x07\\x1b[31m")
    'ab⟨U+202E⟩cd␇␛[31m'
    """
    return _UNSEEN.sub(lambda m: _picture(m[0]), _NEWLINE.sub("\n", text))


def _picture(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A text as shown: its first characters, and how long the whole is if that was cut."""

    text: str
    n_characters: int
    cut: bool


def show(text: str, limit: int) -> Shown:
    """The first ``limit`` characters of a text, visible; the rest is not even looked at.

    >>> show("abc\\x07d", 3)
    Shown(text='abc', n_characters=5, cut=True)
    """
    seen = visible(text[:limit])
    cut = len(text) > limit or len(seen) > limit
    return Shown(text=seen[:limit], n_characters=len(text), cut=cut)


def shorten(text: str, limit: int) -> str:
    """The first ``limit`` characters at most; "…" is the last of them if something was cut.

    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + ELLIPSIS


def one_line(text: str, *, limit: int) -> str:
    """Clean, with all runs of white space as one space, at most ``limit`` characters long."""
    # A megabyte need not be split into words to show its first line; 8 leaves room for spaces.
    return shorten(" ".join(clean(text)[: limit * 8].split()), limit)
