"""Text that people or models wrote, made safe to show: no control, escape or bidi characters.

Imports nothing but the standard library.

>>> one_line("a\\x1b[31m red\\x1b[0m\\n  word", limit=20)
'a red word'
"""

from __future__ import annotations

import re

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
