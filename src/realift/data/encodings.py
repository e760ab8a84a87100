"""Texts that were decoded wrongly somewhere on their way: ``fÃ¼r`` for ``für``, stray controls.

>>> mojibake("das ist fÃ¼r dich"), mojibake("für dich")
('fÃ¼r', '')
>>> repaired("fÃ¼r")
'für'
"""

from __future__ import annotations

import re

# A UTF-8 lead byte read as Latin-1 or Windows-1252, and its continuation bytes.
_TAIL = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_BROKEN = re.compile(f"[\u00c2-\u00df][{_TAIL}]|[\u00e0-\u00ef][{_TAIL}]{{2}}|\u00f0[{_TAIL}]{{3}}")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|nbsp|apos|#\d{2,5}|#x[0-9a-fA-F]{2,4});")


def mojibake(text: str) -> str:
    """The first word that was UTF-8 once and was read as something else; "" if there is none."""
    if text.isascii():
        return ""
    for match in _BROKEN.finditer(text):
        if _decoded(match[0]) is not None:
            start = max(text.rfind(" ", 0, match.start()), text.rfind("\n", 0, match.start())) + 1
            word = re.match(r"\S+", text[start:])
            return word[0] if word else match[0]
    return ""


def repaired(text: str) -> str:
    """The text as it was meant; pieces that cannot be decoded again stay.

    >>> repaired("Itâ€™s 5 â‚¬")
    'It’s 5 €'
    """
    return _BROKEN.sub(lambda match: _decoded(match[0]) or match[0], text)


def _decoded(piece: str) -> str | None:
    """The one character that the piece was, or None. ``Ãœ`` alone could be meant; ``Ã¼`` not."""
    raw = bytearray()
    for char in piece:
        try:
            raw += char.encode("cp1252")
        except UnicodeEncodeError:
            if ord(char) > 0xFF:
                return None
            raw.append(ord(char))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def control_characters(text: str) -> bool:
    """Whether a text holds control characters other than line breaks and tabs.

    >>> control_characters("a\\x00b"), control_characters("a\\tb\\n")
    (True, False)
    """
    return _CONTROL.search(text) is not None


def html_entity(text: str) -> str:
    """The first HTML entity of a text: web pages were not unescaped; "" if there is none.

    >>> html_entity("Tom &amp; Jerry"), html_entity("R&D; AT&T")
    ('&amp;', '')
    """
    match = _ENTITY.search(text) if "&" in text else None
    return match[0] if match else ""
