"""Tables: number words, currencies, units, magnitudes and who writes a decimal comma.

>>> UNITS["euros"], NUMBER_WORDS["twelve"]
('eur', '12')
"""

from __future__ import annotations

_FROM_ZERO = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
NUMBER_WORDS = {word: str(value) for value, word in enumerate(_FROM_ZERO.split())}

CURRENCY_SIGNS = {
    "US$": "usd",
    "A$": "aud",
    "C$": "cad",
    "HK$": "hkd",
    "$": "usd",
    "€": "eur",
    "£": "gbp",
    "¥": "jpy",
    "₹": "inr",
    "₩": "krw",
    "₽": "rub",
    "₺": "try",
    "₪": "ils",
    "฿": "thb",
    "CHF": "chf",
}

CURRENCIES = frozenset([*CURRENCY_SIGNS.values(), "cny", "sek", "nok", "dkk", "pln", "czk"])

_SAME_UNIT = {
    "eur": "euro euros",
    "usd": "dollar dollars bucks",
    "gbp": "sterling quid",
    "jpy": "yen 円",
    "cny": "yuan rmb 元",
    "inr": "rupee rupees",
    "krw": "won",
    "chf": "franken",
    "rub": "ruble rubles rouble roubles",
    "pln": "zloty zlotys",
    "pound": "pounds",
    "km": "kilometer kilometers kilometre kilometres",
    "m": "meter meters metre metres",
    "cm": "centimeter centimeters centimetre centimetres",
    "mm": "millimeter millimeters millimetre millimetres",
    "mile": "miles mi",
    "kg": "kilogram kilograms kilo kilos",
    "g": "gram grams",
    "mg": "milligram milligrams",
    "lb": "lbs",
    "l": "liter liters litre litres",
    "ml": "milliliter milliliters millilitre millilitres",
    "second": "seconds sec secs s",
    "minute": "minutes min mins",
    "hour": "hours hr hrs h",
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years yr yrs",
    "kb": "kilobyte kilobytes",
    "mb": "megabyte megabytes",
    "gb": "gigabyte gigabytes",
    "tb": "terabyte terabytes",
    "w": "watt watts",
    "kw": "kilowatt kilowatts",
    "kwh": "kilowatt-hours",
    "hz": "hertz",
}
UNITS = {name: code for code, names in _SAME_UNIT.items() for name in (code, *names.split())}
UNITS |= {code: code for code in CURRENCIES}

MAGNITUDES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12}  # powers of ten

_COMMA = "de fr es it pt nl pl cs sk da sv nb no nn fi ru uk tr el hu ro bg hr sl sr id vi ca"
COMMA_DECIMAL = frozenset(_COMMA.split())  # languages in which 1.000 is a thousand
