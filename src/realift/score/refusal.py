"""Did the answer refuse for missing context, and only that?

``clean`` = a refusal in the first sentence and no answer after it; ``mixed`` = a refusal and an
answer ("I don't have enough context. However, it's Lyon."); ``none`` = no refusal.

>>> detect("I don't have enough context to answer.").kind
'clean'
>>> detect("The report says the cause is unknown.").kind
'none'
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from realift.config import REFUSAL
from realift.score.fold import fold, strip_citations, strip_thoughts
from realift.score.refusal_patterns import (
    CLAIM,
    HARMLESS,
    OPENERS,
    SPOKEN,
    TURN,
    WEAK_GRAMMAR,
    grammar,
)

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')*_]*\s+|(?<=[。！？])|(?<=[。!?])(?=[^\x00-\x7f])|\n+")
_LEADING = re.compile(r"^[\s\"'*_#>\-.:,`]+")
_DEBRIS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd]+")  # control and broken characters
_NUMBER = re.compile(r"\d[\d.,]*")
_SHORT_TEMPLATE = 2  # words: so short a phrase must be the whole sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was found: ``clean``, ``mixed`` or ``none``, and the sentence that decided it."""

    kind: Literal["clean", "mixed", "none"]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    """What begins a refusal: folded sentences, and patterns."""

    templates: tuple[str, ...]
    grammars: tuple[re.Pattern[str], ...]


def detect(text: str, phrases: Sequence[str] = (), *, question: str = "") -> Refusal:
    """Classify an answer as a clean refusal, a mixed one or none.

    1. Thoughts (``<think>``) and citation marks are removed, spelling is folded.
    2. The first sentence is a refusal if, after openers such as "I'm sorry, but" or "Based on the
       context," it starts with a phrase of ``phrases``, with the default refusal sentence, or
       with the grammar of ``refusal_patterns`` (English; main forms of German, French, Spanish,
       Chinese, Japanese). Openers alone are skipped.
    3. The rest must hold no answer: each later sentence is a refusal too, a request for more
       context or a remark about the source, without a guess, a number or a name that the
       question does not hold. Otherwise: mixed.
    4. A refusal that comes only after an answer is mixed as well.

    "It is not known who built it." refuses; with a citation ("... [1].") it reports what the source
    says and is an answer.

    Args:
        phrases: further sentences that count as a refusal.
        question: its numbers and names may be repeated by a refusal.

    >>> detect("I don't know. It is probably 42 euros.").kind
    'mixed'
    >>> detect("Sorry, no luck.", phrases=["No luck"]).kind
    'clean'
    >>> detect("").kind
    'none'
    """
    said = _DEBRIS.sub("", strip_thoughts(text))
    uncited = strip_citations(said)
    sentences = _sentences(uncited)
    while len(sentences) > 1 and not _opened(_folded(sentences[0])):
        sentences = sentences[1:]
    if not sentences:
        return Refusal(kind="none", reason="empty")
    rules = _Rules(
        templates=tuple(_folded(p) for p in (REFUSAL, *phrases) if _folded(p)),
        grammars=(grammar(), WEAK_GRAMMAR) if uncited == said else (grammar(),),
    )
    rest = _after_refusal(sentences, rules)
    if rest is None:
        later = next(
            (s for i, s in enumerate(sentences) if (i and _refuses(s, rules)) or _turns(s)), None
        )
        if later is None:
            return Refusal(kind="none", reason="no refusal")
        return Refusal(kind="mixed", reason=f"an answer, then a refusal: {_short(later)}")
    tail, others = rest
    if SPOKEN.match(tail):
        return Refusal(kind="none", reason="somebody else's words")
    known = _folded(question)
    if CLAIM.search(tail) or (known and _new_number(tail, known)):
        return Refusal(kind="mixed", reason=f"a refusal with a claim: {_short(sentences[0])}")
    for sentence in others:
        if not _harmless(sentence, rules, known):
            return Refusal(kind="mixed", reason=f"a refusal, then a claim: {_short(sentence)}")
    return Refusal(kind="clean", reason=f"refusal: {_short(sentences[0])}")


def _sentences(text: str) -> list[str]:
    parts = (p.strip() for p in _SENTENCE_END.split(text) if p)
    return [p for p in parts if any(ch.isalnum() for ch in p)]


@functools.lru_cache(maxsize=4096)  # the refusals asked for, and what a model says again and again
def _folded(text: str) -> str:
    flat = " ".join(fold(text).casefold().split())
    return _LEADING.sub("", flat).rstrip(" .!?。！？\"'*_`")


def _opened(folded: str) -> str:
    """Without openers ("I'm sorry, but"); "" when there is nothing else."""
    m = OPENERS.match(folded)
    return folded[m.end() :] if m else folded


def _after_refusal(sentences: Sequence[str], rules: _Rules) -> tuple[str, list[str]] | None:
    """What follows the refusal in its own sentence, and the later sentences; None = no refusal."""
    whole = " ".join(_folded(s) + "." for s in sentences)
    for template in rules.templates:  # a template may be several sentences long
        parts = [_folded(p) for p in _sentences(template)]
        if len(parts) > 1 and whole.startswith(" ".join(p + "." for p in parts)):
            return "", list(sentences[len(parts) :])
    end = _refusal_end(_folded(sentences[0]), rules)
    if end is None:
        return None
    return end, list(sentences[1:])


def _refusal_end(first: str, rules: _Rules) -> str | None:
    """The text after the refusal that starts this folded sentence, or None."""
    for start in dict.fromkeys((first, _opened(first))):
        for template in rules.templates:
            if not start.startswith(template):
                continue
            tail = start[len(template) :]
            if not tail or (
                not (tail[0].isalnum() and template[-1].isascii())
                and len(template.split()) > _SHORT_TEMPLATE
            ):
                return tail
        for pattern in rules.grammars:
            m = pattern.match(start)
            if m:
                return start[m.end() :]
    return None


def _refuses(sentence: str, rules: _Rules) -> bool:
    return _refusal_end(_folded(sentence), rules) is not None


def _turns(sentence: str) -> bool:
    """Whether a refusal follows within the sentence ("9 am, but I'm not sure")."""
    folded = _folded(sentence)
    return any(grammar().match(folded, m.end()) for m in TURN.finditer(folded))


def _harmless(sentence: str, rules: _Rules, question: str) -> bool:
    """Whether a sentence after a refusal adds no answer."""
    folded = _folded(sentence)
    if CLAIM.search(folded) or _new_number(folded, question):
        return False
    if _refuses(sentence, rules) or not _opened(folded):
        return True
    return bool(HARMLESS.match(_opened(folded))) and not _new_name(sentence, question)


def _new_number(folded: str, question: str) -> bool:
    return any(n.rstrip(".,") not in question for n in _NUMBER.findall(folded))


def _new_name(sentence: str, question: str) -> bool:
    """A capitalized word inside the sentence that the question does not hold."""
    words = re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", sentence))[1:]
    return any(w[0].isupper() and w != "I" and w.casefold() not in question for w in words)


def _short(text: str, limit: int = 80) -> str:
    flat = " ".join(text.split())
    return repr(flat if len(flat) <= limit else flat[: limit - 3] + "...")
