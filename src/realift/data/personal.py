"""Hints at personal data in training rows: an adapter may say again what it was shown.

Hints, not proof: an address of a role (``help@...``, ``info@...``) or of a reserved domain
(``example.com``) is nobody's, and only numbers whose check digits are right are called a card or
an account number.

>>> personal_data("Write to ada.byron@mail.net or call +49 30 1234567.")
('an email address', 'a phone number')
>>> personal_data("Write to help@acme.dev. The Rivet 4 costs 1,200 euros since 2019-03-01.")
()
"""

from __future__ import annotations

import re

_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]+)@((?:[\w-]+\.)+[a-z]{2,})(?![\w-])", re.IGNORECASE)
_ROLE_NAMES = """
    abuse accounts admin billing booking business careers contact customer customers desk
    customerservice data-protection datenschutz events feedback finance hallo hello help helpdesk
    hr info inquiries invoices it jobs kontakt legal mail marketing media no-reply noreply office
    orders partners people post postmaster press presse privacy returns sales security service shop
    support team webmaster
"""
_ROLES = frozenset(_ROLE_NAMES.split())
_RESERVED = re.compile(r"(?:^|\.)(?:example(?:\.(?:com|org|net))?|test|invalid|localhost)$")
# International (+49 30 1234567), or national with separators, a leading 0 or an area in brackets.
_PHONE = re.compile(
    r"(?<![\w.,/+-])(?:\+\d{1,3}[ ./-]?(?:\(0?\d{1,4}\)[ ./-]?)?\d{1,4}(?:[ ./-]?\d{2,4}){1,4}"
    r"|\(\d{2,5}\)[ ./-]?\d{3,4}[ ./-]?\d{3,4}"
    r"|0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,5}"
    r"|\d{3}[ .-]\d{3}[ .-]\d{4})(?![\w/]|[.,-]\d)"
)
_PHONE_DIGITS = range(8, 16)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_CARD = re.compile(r"(?<![\w.,-])\d(?:[ -]?\d){12,18}(?![\w-]|[.,]\d)")
_MAY_HOLD = re.compile(r"@|\d{3}|\d[ ./-]\d")


def personal_data(text: str) -> tuple[str, ...]:
    """What a text seems to hold, in words: emails, phone, account (IBAN) and card numbers."""
    if not _MAY_HOLD.search(text):
        return ()
    found = []
    if any(_is_somebody(m[1], m[2]) for m in _EMAIL.finditer(text)):
        found.append("an email address")
    if any(is_iban(m[0]) for m in _IBAN.finditer(text)):
        found.append("an account number (IBAN)")
    cards = [m[0] for m in _CARD.finditer(text) if is_card(m[0])]
    if cards:
        found.append("a card number")
    rest = _IBAN.sub(" ", text)
    for card in cards:
        rest = rest.replace(card, " ")
    if any(_is_phone(m[0]) for m in _PHONE.finditer(rest)):
        found.append("a phone number")
    return tuple(found)


def _is_somebody(name: str, domain: str) -> bool:
    local = name.casefold().split("+")[0]
    return local not in _ROLES and not _RESERVED.search(domain.casefold())


def _is_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return len(digits) in _PHONE_DIGITS and len(set(digits)) > 2


def is_iban(text: str) -> bool:
    """Whether a text is an IBAN with right check digits (ISO 7064, mod 97-10).

    >>> is_iban("DE89 3704 0044 0532 0130 00"), is_iban("DE89 3704 0044 0532 0130 01")
    (True, False)
    """
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def is_card(text: str) -> bool:
    """Whether digits are a payment card number: a known first digit and Luhn's check digit.

    >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112"), is_card("1" * 16)
    (True, False, False)
    """
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) < 2:
        return False
    doubled = [d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
