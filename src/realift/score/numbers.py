"""Numbers with their unit, compared by value: ``42 euros`` is ``€42.00`` and not ``42%``.

Values are ``Decimal``; no number ever passes through a float.

>>> parse("€1,200") == parse("1200 euros"), parse("1.000") is None
(True, True)
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from realift.score.normalize import clauses
from realift.score.number_words import STOP
from realift.score.units import MAGNITUDES, SCALES, UNITS

_NUMERAL = re.compile(r"-?\d+(?:\.\d+)?%?")
_FRACTION = re.compile(r"(\d{1,3})/(\d{1,3})")
_AMBIGUOUS = re.compile(r"-?[1-9]\d{0,2}\.\d{3}%?")  # a thousand or a decimal: 1.000
_KNOWN_UNITS = frozenset(UNITS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A value and its unit ("" = none, "%", a currency code such as "eur", or "km")."""

    value: Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A quantity and where it stands in the clause tokens (``start`` to ``end``, exclusive)."""

    quantity: Quantity
    start: int
    end: int


def parse(text: str, *, lang: str = "en", point: bool = False) -> Quantity | None:
    """The quantity a text consists of, or None if it holds anything else, or is ambiguous.

    ``1.000`` could be 1 or 1000 and gives None, unless ``lang`` is one that writes decimal
    commas (then 1000) or ``point`` says that the dot is a decimal point.

    >>> parse("$10 million"), parse("about 10")
    (Quantity(value=Decimal('1.0E+7'), unit='usd'), None)
    >>> parse("1.000", lang="de").value, parse("1.000", point=True).value
    (Decimal('1000'), Decimal('1.000'))
    """
    sequence = tuple(t for t in clauses(text, lang=lang) if t != STOP)
    found = find(sequence, point=point)
    if len(found) == 1 and (found[0].start, found[0].end) == (0, len(sequence)):
        return found[0].quantity
    return None


def find(sequence: Sequence[str], *, point: bool = False) -> tuple[Found, ...]:
    """Every quantity among tokens (see ``normalize.clauses``), in order.

    >>> [f.quantity.value for f in find(("it", "costs", "42", "eur"))]
    [Decimal('42')]
    """
    return _find(tuple(sequence), point)


@functools.lru_cache(maxsize=4096)  # contexts come again and again
def _find(sequence: tuple[str, ...], point: bool) -> tuple[Found, ...]:
    out = []
    i = 0
    while i < len(sequence):
        value = _value(sequence[i], point)
        if value is None:
            i += 1
            continue
        start, unit = i, "%" if sequence[i].endswith("%") else ""
        i += 1
        part = _value(sequence[i], point) if i < len(sequence) and not unit else None
        if part is not None and value >= 1 and value == int(value) and "/" in sequence[i]:
            value, i = value + part, i + 1  # 2 1/2
        while i < len(sequence) and sequence[i] in MAGNITUDES:
            value = value.scaleb(MAGNITUDES[sequence[i]])
            i += 1
        if not unit and i < len(sequence) and sequence[i] in _KNOWN_UNITS:
            unit = sequence[i]
            i += 1
        out.append(Found(quantity=Quantity(value=value, unit=unit), start=start, end=i))
    return tuple(out)


def equal(
    expected: Quantity, found: Quantity, *, tolerance: float | None = None, alone: bool = False
) -> bool:
    """Whether a found quantity is the expected one.

    Values must be equal, or differ by at most ``tolerance`` (in the expected unit). Units must be
    the same, or convert exactly (``units.SCALES``); an expected number without a unit accepts any
    but ``%``; a found number without one is accepted only if it is the whole answer (``alone``).

    >>> equal(parse("42"), parse("€42")), equal(parse("50"), parse("50%"))
    (True, False)
    >>> equal(parse("42 euros"), parse("42")), equal(parse("42 euros"), parse("42"), alone=True)
    (False, True)
    >>> equal(parse("1 km"), parse("1000 m")), equal(parse("2 hours"), parse("2 minutes"))
    (True, False)
    """
    if expected.unit != found.unit:
        found = _converted(found, expected.unit)
    limit = Decimal(0) if tolerance is None else Decimal(str(tolerance))
    if abs(expected.value - found.value) > limit:
        return False
    if expected.unit == found.unit:
        return True
    if "%" in (expected.unit, found.unit):
        return False
    if not expected.unit or (alone and not found.unit):
        return True
    return {expected.unit, found.unit} in ({"pound", "gbp"}, {"pound", "lb"})


def _converted(found: Quantity, unit: str) -> Quantity:
    """In another unit of the same kind; unchanged when there is no exact way."""
    kind, scale = SCALES.get(found.unit, ("", 1))
    wanted, divisor = SCALES.get(unit, ("none", 1))
    if kind != wanted:
        return found
    return Quantity(value=found.value * scale / divisor, unit=unit)


def _value(token: str, point: bool) -> Decimal | None:
    fraction = _FRACTION.fullmatch(token)
    if fraction and fraction[1] == "1" and int(fraction[2]) > 1:  # 1/2; not 24/7 or 10/05
        return Decimal(1) / Decimal(fraction[2])
    if not _NUMERAL.fullmatch(token) or (_AMBIGUOUS.fullmatch(token) and not point):
        return None
    return Decimal(token.removesuffix("%"))
