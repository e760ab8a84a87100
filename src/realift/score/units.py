"""Tables: number words, currencies, units, scales, magnitudes and who writes a decimal comma.

>>> UNITS["euros"], NUMBER_WORDS["twelve"]
('eur', '12')
"""

from __future__ import annotations

_FROM_ZERO = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
NUMBER_WORDS = {word: str(value) for value, word in enumerate(_FROM_ZERO.split())}
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
TENS = {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)}

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

# Units that measure the same thing, as (what, how many of its smallest unit). Bytes are left out:
# a kilobyte is 1000 or 1024 of them.
SCALES = {
    "mm": ("length", 1),
    "cm": ("length", 10),
    "m": ("length", 1000),
    "km": ("length", 1_000_000),
    "mg": ("mass", 1),
    "g": ("mass", 1000),
    "kg": ("mass", 1_000_000),
    "ml": ("volume", 1),
    "l": ("volume", 1000),
    "second": ("time", 1),
    "minute": ("time", 60),
    "hour": ("time", 3600),
    "day": ("time", 86_400),
    "week": ("time", 604_800),
}

_POWERS = {  # of ten; German "Billion" is left out, it is not the English one
    2: "百",
    3: "thousand tausend mil mille 千",
    4: "万 萬 만",
    6: "million millions millionen mio millón millones milhão milhões milione milioni",
    8: "亿 億 억",
    9: "billion milliarde milliarden milliard milliards mrd",
    12: "trillion",
}
MAGNITUDES = {word: power for power, words in _POWERS.items() for word in words.split()}

_COMMA = "de fr es it pt nl pl cs sk da sv nb no nn fi ru uk tr el hu ro bg hr sl sr id vi ca"
COMMA_DECIMAL = frozenset(_COMMA.split())  # languages in which 1.000 is a thousand
