"""The same question in other words, by rules: no model, no random state, no download.

Used to ask a training question again in a wording that was not trained on, and to write further
training rows. Every number, name and quoted text stays as it was. English only: a text in
another language is left alone (``None``), since a half-English question would be no fair test.

>>> reword("Who is the director of Acme?", seed=0)
'Tell me who the director of Acme is.'
>>> reword("Wer leitet Acme?", seed=0) is None
True
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from realift.data.text import fold

_Rule = Callable[[str], Iterator[str]]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BE = r"(?P<be>is|are|was|were)"
_PREPOSITION = re.compile(
    r"(?:in|on|at|of|for|to|from|by|with|about|under|behind|responsible|able|allowed|it|there|"
    r"this|that|these|those|going|not)\b",
    re.IGNORECASE,
)
_PAST = (
    r"(?P<done>\w+ed|built|sold|made|held|born|won|written|paid|found|set|drawn|bought|sent|"
    r"taught|taken|given|known|shown|grown|kept|led|hired)"
)
# Verbs whose subject is all that stands before them at the end of a question.
_VERB = (
    r"(?P<verb>build|make|sell|offer|do|cost|produce|mean|weigh|provide|need|use|want|include|"
    r"cover|charge|support|require|store|open|close|start|end|begin|last|live|work)"
)
# A clause after the subject would land in the middle of it ("who is Ann, and what ...").
_SIMPLE = r"(?P<rest>[^,;:?!.]+(?:\.[^\s?]+)*)"

_ENGLISH = _words(
    "a an and are at can could did do does for from give has have how i in is it its list many me "
    "much my name of on or please say should tell that the their there this to was we were what "
    "when where which who whom whose why will with would write you your explain describe"
)
_INTERROGATIVE = re.compile(
    r"(?:who|whom|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|can|could|will|"
    r"would|should|has|have|may|must|in what|in which|at what|at which|on what|on which|by whom|"
    r"to whom|for whom|for what|with whom|from where)\b",
    re.IGNORECASE,
)
_SWAPS: tuple[tuple[str, str], ...] = (  # words for words, whole and lower case only
    ("founded", "established"),
    ("located", "situated"),
    ("purchase", "buy"),
    ("buy", "purchase"),
    ("begin", "start"),
    ("start", "begin"),
    ("company", "firm"),
    ("firm", "company"),
    ("mobile phone", "cell phone"),
    ("currently", "at present"),
    ("permitted", "allowed"),
    ("allowed", "permitted"),
    ("required", "needed"),
    ("approximately", "about"),
    ("how much does", "what does"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """A text without its final mark, and whether it asks or tells."""

    body: str
    asks: bool


def reword(text: str, seed: int) -> str | None:
    """One other wording of a question or instruction with the same meaning; ``None`` = cannot.

    The same text and seed always give the same wording; ``seed`` 0 prefers a changed order of
    words over a phrase put in front. The result never equals the text after folding.
    """
    found = rewordings(text)
    if not found:
        return None
    if seed == 0:
        return found[0]
    order = list(found)
    random.Random(f"{seed}/{fold(text)}").shuffle(order)
    return order[0]


def rewordings(text: str) -> tuple[str, ...]:
    """All wordings the rules know, those that change the most first; empty = none.

    Empty for a text that is blank, not English, of several lines, or longer than 60 words: only
    its first words would change.

    >>> rewordings("When was Acme founded?")[:2]
    ('Tell me when Acme was founded.', 'When was Acme established?')
    >>> rewordings("")
    ()
    """
    flat = text.strip()
    if not flat or "\n" in flat or not _english(flat):
        return ()
    form = _form(flat)
    rules: tuple[_Rule, ...] = (
        (_inverted, _swapped, _asked_for, _introduced)
        if form.asks
        else (_told, _swapped, _requested)
    )
    out: dict[str, str] = {}
    for rule in rules:
        for wording in rule(form.body):
            out.setdefault(fold(wording), wording)
    out.pop(fold(flat), None)
    return tuple(out.values())


def _english(text: str) -> bool:
    words = re.findall(r"[A-Za-z']+", text)
    if not 2 <= len(words) <= 60 or sum(not c.isascii() for c in text) > len(text) / 4:
        return False
    known = sum(w.lower() in _ENGLISH for w in words)
    return known >= max(1, len(words) / 10)


def _form(text: str) -> _Form:
    body = text.rstrip(" ?.!").strip()
    body = re.sub(r"\b([Ww]hat|[Ww]ho|[Ww]here|[Hh]ow|[Ww]hen)['’]s\b", r"\1 is", body)
    one = not re.search(r"[?!]|\.\s", body)
    asks = one and (bool(_INTERROGATIVE.match(body)) or text.rstrip().endswith("?"))
    return _Form(body=body, asks=asks)


def _inverted(body: str) -> Iterator[str]:
    """An indirect question: the verb goes behind its subject."""
    passive = re.fullmatch(
        rf"(?P<w>when|where|why|how|by whom) {_BE} {_SIMPLE} {_PAST}", body, re.IGNORECASE
    )
    if passive and " " not in passive["done"]:
        yield f"Tell me {passive['w'].lower()} {passive['rest']} {passive['be']} {passive['done']}."
        return
    plain = re.fullmatch(rf"(?P<w>who|what|where|when|how) {_BE} {_SIMPLE}", body, re.IGNORECASE)
    if plain and not _PREPOSITION.match(plain["rest"]) and _noun_phrase(plain["rest"]):
        yield f"Tell me {plain['w'].lower()} {plain['rest']} {plain['be']}."
        if plain["w"].lower() == "what" and plain["rest"].lower().startswith(("the ", "your ")):
            yield f"State {plain['rest']}."
        return
    done = re.fullmatch(rf"(?P<w>[\w' ]+?) does {_SIMPLE} {_VERB}", body, re.IGNORECASE)
    if done and re.match(r"(?:what|when|where|how|which)\b", done["w"], re.IGNORECASE):
        yield f"Tell me {_lower(done['w'])} {done['rest']} {_third(done['verb'])}."
    named = re.fullmatch(r"which (?P<noun>\w+) (?P<does>\w+s|\w+ed) (?P<rest>.+)", body, re.I)
    if named:
        yield f"Tell me which {named['noun']} {named['does']} {named['rest']}."


def _noun_phrase(rest: str) -> bool:
    """Whether what follows "who is" looks like a name or a thing, with no verb of its own."""
    first = rest.split()[0]
    determined = first.lower() in (
        "the", "a", "an", "your", "my", "our", "their", "its", "his", "her",
    )  # fmt: skip
    owned = re.search(r"['’]s\b", rest) is not None
    short_name = first[0].isupper() and len(rest.split()) <= 3
    clause = re.search(r"\b(?:who|which|that|where|when|and|or|if|because)\b", rest.lower())
    verb = re.search(r"\b\w{3,}(?:ing|ed)\b", rest)
    return (determined or owned or short_name) and not clause and not verb


def _swapped(body: str) -> Iterator[str]:
    """A word for a word of the same meaning."""
    for old, new in _SWAPS:
        changed, n = re.subn(rf"\b{old}\b", new, body, count=1)
        if n and (old != "how much does" or body.endswith(" cost")):
            yield changed + ("?" if _INTERROGATIVE.match(changed) else ".")


def _asked_for(body: str) -> Iterator[str]:
    """The question behind another's verb: its own order of words is kept after a colon."""
    asked = _lower(body)
    polite = re.match(r"(?:can|could|will|would) you (?:please )?(?P<rest>.+)", body, re.IGNORECASE)
    if polite:
        yield f"Please {polite['rest']}."
    yield f"I would like to know: {asked}?"
    yield f"Please tell me: {asked}?"
    yield f"Can you answer this: {asked}?"


def _introduced(body: str) -> Iterator[str]:
    yield f"{body}? Please answer."
    yield f"I have a question. {body}?"
    yield f"Here is a question for you: {_lower(body)}?"


def _told(body: str) -> Iterator[str]:
    """A request by its opening: "Tell me X" and its like."""
    for opening, others in _OPENINGS:
        rest = re.match(rf"(?:please,? )?{opening} (?P<rest>.+)", body, re.IGNORECASE)
        if rest:
            for other in others:
                yield f"{other} {rest['rest']}."
            return


_OPENINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"tell me", ("Let me know", "I would like to know")),
    (r"i(?:'d| would) like to know", ("Tell me", "Let me know")),
    (r"i want to know", ("Tell me", "Let me know")),
    (r"let me know", ("Tell me", "I would like to know")),
    (r"(?:can|could) you tell me", ("Tell me", "I would like to know")),
    (r"name", ("Please tell me", "I would like to know")),
    (r"give me", ("Please provide", "I would like to have")),
    (r"describe", ("Give a description of",)),
    (r"summari[sz]e", ("Give a summary of",)),
    (r"list", ("Give a list of",)),
)


def _requested(body: str) -> Iterator[str]:
    if re.search(r"[.?!]\s", body) or re.match(r"I\b", body):
        yield f"I have a request. {body}."
        return
    bare = re.sub(r"^please,? ", "", body, flags=re.IGNORECASE)
    if bare != body:
        yield f"{bare[:1].upper()}{bare[1:]}."
    yield f"Please do this: {_lower(bare)}."
    yield f"I have a request: {_lower(bare)}."
    yield f"{bare[:1].upper()}{bare[1:]}, please."


def _lower(text: str) -> str:
    """The text with its first letter small, unless it begins with a name or "I"."""
    first = re.match(r"[A-Za-z']+", text)
    word = first[0] if first else ""
    if word.lower() in _ENGLISH or _INTERROGATIVE.match(text) or word.lower() in _COMMANDS:
        return text if word in ("I", "I'd") else text[:1].lower() + text[1:]
    return text


_COMMANDS = _words(
    "summarize summarise translate answer find show compare state provide decide choose count "
    "define convert rewrite classify extract identify suggest let help make use"
)


def _third(verb: str) -> str:
    """The third person of a verb.

    >>> _third("do"), _third("weigh"), _third("cover"), _third("use")
    ('does', 'weighs', 'covers', 'uses')
    """
    return verb + ("es" if verb.endswith(("o", "sh", "ch", "ss", "x")) else "s")
