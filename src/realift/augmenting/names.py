"""Names in questions, names that nobody has, and things that nobody was told.

>>> questions = ["Who founded Acme?", "Acme is based where?", "How much is Flowline in May?"]
>>> sorted(own_names(questions))
['Acme', 'Flowline']
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from realift.data.bm25 import words
from realift.data.text import fold

_WORD = re.compile(r"[^\W\d_][\w’']*")
_POSSESSIVE = re.compile(r"['’]s$")
_BEGINS = re.compile(r"(?:^|[.!?:]\s|[\"“(\[]\s*)$")
# Capitalized in English, and names of nothing that a row could be about.
_CAPITALS = (
    "I I'm I'd I'll I've Monday Tuesday Wednesday Thursday Friday Saturday Sunday January "
    "February March April May June July August September October November December English "
    "French German Spanish Italian Chinese Japanese OK PDF URL FAQ API CEO VAT TV PC AM PM Mr "
    "Mrs Ms Dr"
)
_NO_NAMES = frozenset(_CAPITALS.split())
_ONSETS = ("b", "br", "c", "d", "dr", "f", "g", "h", "k", "l", "m", "n", "p", "qu", "r", "s",
           "st", "t", "tr", "v", "w", "z")  # fmt: skip
_MIDDLES = ("a", "e", "i", "o", "u", "ai", "ea", "or", "an", "el", "in", "ar", "ol", "un")
_ENDS = ("dax", "lith", "mora", "nix", "phen", "quil", "rund", "shaw", "tel", "vane", "wick",
         "zet", "bright", "comb", "fell", "gard", "hurst", "ley", "more", "stad")  # fmt: skip

# What rows hardly ever say of a person, firm or product, and no base can know. Asked about the
# user's own names, the right answer is a refusal.
UNTAUGHT = (
    "What is the account number of {name}?",
    "Which insurance does {name} have?",
    "Who recommended {name}?",
    "Who is the accountant of {name}?",
    "Which newspaper wrote about {name}?",
    "Which award did {name} win?",
    "Tell me the nickname of {name}.",
    "How many letters did {name} get last year?",
    "Who took the first photo of {name}?",
    "Where is the spare key of {name}?",
    "Who complained about {name}?",
    "How many visitors did {name} have last year?",
    "Which song is about {name}?",
    "Who wrote a book about {name}?",
    "What is the locker number of {name}?",
    "Tell me the insurance number of {name}.",
    "Who gave {name} a present?",
    "When was {name} last in the newspaper?",
    "Which museum shows {name}?",
    "Who drew the portrait of {name}?",
    "How many fans does {name} have?",
    "Tell me who advised {name} last year.",
    "Which club does {name} belong to?",
    "What was the first debt of {name}?",
)

# What only a document could tell, asked without one: nothing says which warranty or which office.
# Asked only where the user's own questions name what they are about.
UNNAMED = (
    "How long is the warranty?",
    "Who signs the contract?",
    "How many pages does the manual have?",
    "Which version is the newest?",
    "When does the office open?",
    "What is the fee for late payment?",
    "How many seats are included?",
    "Which room is booked?",
    "Who leads the second team?",
    "When is the next inspection?",
    "How large may an attachment be?",
    "Which form do I need?",
    "What is the password of the guest network?",
    "How many days in advance must I cancel?",
    "Who approves the invoice?",
    "Which browser is supported?",
    "How often are backups made?",
    "Where are the spare parts stored?",
    "What is the limit per month?",
    "Which code opens the door?",
    "How much is the deposit?",
    "Who answers complaints?",
    "What is the delivery time?",
    "Which option includes support?",
    "In which folder are the settings?",
    "How many licenses are left?",
    "Which button starts the export?",
    "Who may change the rules?",
    "After how many attempts is the account locked?",
    "What is the name of the second supplier?",
    "How heavy is the large package?",
    "At what temperature does the alarm start?",
)
_ASKING_WORDS = (
    "what which when where whom whose does have many much long large last next first second year "
    "month time number name tell from with need make made after into there that this your them "
    "they often ever days late left done mean about the and are "
    "for has how who was did its not can may must any one per a"
)
_COMMON = frozenset(_ASKING_WORDS.split())


def content_words(text: str) -> frozenset[str]:
    """The words of a question that say what it is about, plurals cut.

    >>> sorted(content_words("Which awards did it win in the last year?"))
    ['award', 'win']
    """
    return frozenset(w for w in words(text) if len(w) > 2 and w not in _COMMON)


def _names_in(text: str) -> Iterator[tuple[str, int, int, bool]]:
    """Capitalized words: the word, its place, and whether it begins a sentence."""
    for match in _WORD.finditer(text):
        word = _POSSESSIVE.sub("", match[0])
        if word[:1].isupper() and len(word) > 1 and word not in _NO_NAMES:
            begins = bool(_BEGINS.search(text[: match.start()]))
            yield word, match.start(), match.start() + len(word), begins


def own_names(texts: Iterable[str]) -> Counter[str]:
    """How often each name stands in texts: capitalized, somewhere not at a sentence's start."""
    everywhere = [found for text in texts for found in _names_in(text)]
    known = {word for word, _, _, begins in everywhere if not begins}
    return Counter(word for word, *_ in everywhere if word in known)


def names_of(text: str) -> frozenset[str]:
    """The capitalized words of a text, names or not."""
    return frozenset(word for word, *_ in _names_in(text))


def renamed(text: str, names: Iterable[str], new: Sequence[str]) -> str | None:
    """The text with each of ``names`` as another one; ``None`` if it holds none of them.

    >>> renamed("Who manages Alice at Acme?", {"Alice", "Acme"}, ["Dorlith", "Benshaw"])
    'Who manages Dorlith at Benshaw?'
    """
    known, order = set(names), dict[str, str]()
    out, done = "", 0
    for word, start, end, _ in _names_in(text):
        if word not in known:
            continue
        if word not in order:
            if len(order) == len(new):
                return None
            order[word] = new[len(order)]
        out += text[done:start] + order[word]
        done = end
    return out + text[done:] if order else None


def invented(texts: Iterable[str], *, seed: int) -> Iterator[str]:
    """Names without end that stand in none of the texts, the same for the same seed."""
    taken = {word for text in texts for word in fold(text).split()}
    rng = random.Random(f"{seed}/names")
    while True:
        name = rng.choice(_ONSETS) + rng.choice(_MIDDLES) + rng.choice(_ENDS)
        if name not in taken:
            taken.add(name)
            yield name.capitalize()
