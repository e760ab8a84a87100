"""Taking named fields out of a raw row: aliases, texts, lists, misspelled names.

Every function returns ``None`` (or an empty value) and reports to ``found`` when a field is not
what it should be, so that all problems of a file come out at once.
"""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from realift.data.problems import Findings
from realift.data.raw import Number, RawRow
from realift.types import Passage, Where

_KINDS = {dict: "an object", list: "a list", bool: "true or false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A field found under one of its names."""

    name: str
    value: Any


def is_blank(value: Any) -> bool:
    """Nothing given: null, "", [] or {}."""
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())


def take(row: RawRow, names: Sequence[str], found: Findings) -> Taken | None:
    """The field that the row has under one of ``names``; a filled one is preferred.

    Two filled ones with different values are reported: guessing would drop one silently.
    """
    filled = [name for name in names if not is_blank(row.value.get(name))]
    if len({str(row.value[name]) for name in filled}) > 1:
        found.error(
            "ambiguous-fields",
            f"both '{filled[0]}' and '{filled[1]}' are given, and they differ",
            row.where,
            hint="keep one of them",
        )
        return None
    name = next(iter(filled), None) or next((n for n in names if n in row.value), None)
    return None if name is None else Taken(name=name, value=row.value[name])


def as_text(value: Any, name: str, where: Where, found: Findings) -> str | None:
    """A text, stripped at both ends. A number counts as the text it was written as."""
    if isinstance(value, Number):
        if value.lower().lstrip("+-.") in {"nan", "inf"}:
            found.error(
                "not-text", f"'{name}' is {value}, expected text", where, hint="write the text"
            )
            return None
        found.each("note", "number-as-text", f"a number in '{name}' is read as text", where)
    if isinstance(value, str):
        return _clean(value, name, where, found)
    if value is None:
        return ""
    kind = _KINDS.get(type(value), type(value).__name__)
    found.error(
        "not-text",
        f"'{name}' is {kind}, expected text",
        where,
        hint='put it in double quotes, such as "true"' if isinstance(value, bool) else "write text",
    )
    return None


def _clean(text: str, name: str, where: Where, found: Findings) -> str | None:
    # A lone surrogate ("\ud83d") cannot be written as UTF-8 later, and no tokenizer takes it.
    if any("\ud800" <= char <= "\udfff" for char in text) if not text.isascii() else False:
        found.error(
            "bad-characters",
            f"'{name}' holds half of a character (a lone \\ud800-\\udfff escape)",
            where,
            hint="was the text cut in the middle of an emoji?",
        )
        return None
    if "\ufffd" in text:
        found.each(
            "warning",
            "replacement-characters",
            f"'{name}' holds U+FFFD: characters were lost when the file was made",
            where,
            hint="export it again as UTF-8",
        )
    return text.strip()


def as_list(value: Any) -> list[Any]:
    """The items of a list; a single value is a list of one, nothing an empty one.

    In a table cell a list is written as JSON: ``["a", "b"]``. ``[1]`` is left alone, for it may
    well be a citation.

    >>> as_list('["a", "b"]'), as_list("a"), as_list("[1] a"), as_list(None)
    (['a', 'b'], ['a'], ['[1] a'], [])
    """
    if is_blank(value):
        return []
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            parsed = json.loads(value)
        except ValueError:
            return [value]
        items = parsed if isinstance(parsed, list) else []
        if items and all(isinstance(item, str | list | dict) for item in items):
            return items
    return value if isinstance(value, list) else [value]


def as_flag(value: Any, name: str, where: Where, found: Findings) -> bool | None:
    """true/false, yes/no or 1/0, in any case; nothing given is ``None``."""
    if isinstance(value, bool):
        return value
    if is_blank(value):
        return None
    text = str(value).strip().casefold()
    if text in {"true", "yes", "y", "1", "1.0"}:
        return True
    if text in {"false", "no", "n", "0", "0.0"}:
        return False
    found.error(
        "bad-value",
        f"'{name}' is {value!r}, expected true or false",
        where,
        hint="write true/false",
    )
    return None


def as_passages(value: Any, name: str, where: Where, found: Findings) -> tuple[Passage, ...] | None:
    """The passages of a context given as a list, or ``None`` when it is a plain text.

    An item is a text or ``{"text": ..., "source": ...}``.
    """
    items = [value] if isinstance(value, dict) else as_list(value)
    if len(items) == 1 and isinstance(items[0], str) and not isinstance(value, list):
        return None
    passages = []
    for item in items:
        source = item.get("source") if isinstance(item, dict) else None
        text = as_text(item.get("text") if isinstance(item, dict) else item, name, where, found)
        label = as_text(source, f"{name}.source", where, found)
        if text:
            passages.append(Passage(text=text, source=label or None))
        elif text is not None:
            found.error(
                "empty-field",
                f"'{name}' holds a passage without text",
                where,
                hint='a passage is a text or {"text": "...", "source": "..."}',
            )
    return tuple(passages)


def render_context(passages: Sequence[Passage]) -> str:
    """Passages as the numbered text that the model reads and cites.

    >>> print(render_context([Passage(text="A."), Passage(text="B.", source="b.md")]))
    [1] A.
    [2] (b.md) B.
    """
    return "\n".join(
        f"[{number}] " + (f"({p.source}) " if p.source else "") + p.text
        for number, p in enumerate(passages, start=1)
    )


def warn_unknown(row: RawRow, known: Iterable[str], found: Findings) -> None:
    """Warn about field names that look like a misspelled known one; other extras are fine."""
    names = sorted(known)
    for key in row.value:
        near = nearest_name(key, names)
        if near and key not in names:
            found.each(
                "warning",
                "unknown-field",
                f"field '{key}' is not read (did you mean '{near}'?)",
                row.where,
                hint=f"rename it to '{near}', or leave it if it is meant to be ignored",
            )


def nearest_name(key: str, names: Iterable[str]) -> str | None:
    """The known name that a key was probably meant to be.

    >>> nearest_name("anwser", ["answer", "question"]), nearest_name("category", ["context"])
    ('answer', None)
    """
    return _nearest(key, tuple(names))


@functools.lru_cache(maxsize=1024)  # the same few keys stand in every row
def _nearest(key: str, names: tuple[str, ...]) -> str | None:
    return next(iter(difflib.get_close_matches(key, list(names), n=1, cutoff=0.75)), None)


def report_missing(
    row: RawRow, what: str, names: Sequence[str], found: Findings, *, keys: Iterable[str] = ()
) -> None:
    """Report that a needed field is absent: what was looked for and what is there instead."""
    present = list(keys) or list(row.value)
    near = [(key, nearest_name(key, names)) for key in present]
    guess = next((f"; did you mean '{n}' by '{k}'?" for k, n in near if n), "")
    listed = ", ".join(present) or "none"
    found.error(
        f"missing-{what}",
        f"no '{names[0]}' (or {', '.join(names[1:])}); found fields: {listed}{guess}",
        row.where,
        hint=f"name the {what} '{names[0]}'",
    )
