"""Grounding: does everything an answer claims come from the context it was given?

>>> from realift.types import Question, Where
>>> q = Question(id="1", where=Where(file="e"), question="Where is the fair?",
...              context="[1] The fair is in Lyon.\\n[2] Tickets cost 42 euros.")
>>> ground(q, "The fair is in Lyon [1].").grounded
True
>>> ground(q, "The fair is in Lyon [7].").reason
'cites [7], which the context does not have'
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from realift.data.text import shorten
from realift.score.evidence import SUPPORT, is_content, missing_numbers, read, support
from realift.score.fold import is_empty, own_turn
from realift.score.names import missing_names
from realift.score.normalize import clauses, tokens
from realift.score.refusal import detect
from realift.score.sentences import Sentence, sentences, without_marks
from realift.score.sources import Sources, marks, sources
from realift.types import Question

Supports = Callable[[str, str], float]
NLI_SUPPORT = 0.5  # a model's probability that the premise entails the claim
QUOTE = 5  # tokens from which a quoted span is checked
_QUOTED = re.compile(r"[\"“”„«»「『]([^\"“”„«»「」『』\n]+)[\"“”«»」』]")
_GAP = re.compile(r"\[?(?:\.\.\.|…)\]?")
_COURTESY = re.compile(
    r"(?:i )?hope (?:this|that|it) helps|let me know|feel free|thank|you're welcome|happy to help"
    r"|(?:sure|of course|certainly)\W*$",
    re.IGNORECASE,
)
_SHORT = 4  # tokens; a claim so short means nothing to a model without its question
_NO = re.compile(r"^\W*(?:no|nein|non|não|nee)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounding:
    """What of an answer stands in its context. Every fault is named once.

    ``grounded`` = it answers, and every claim passes all checks; ``reason`` names the first that
    fails. ``citation_precision`` = share of its citations that are needed, 0-1, None = it cites
    nothing. ``expected_source_cited`` is None when the question names no expected source or the
    context has no such passage.
    """

    grounded: bool
    reason: str
    n_claims: int
    n_citations: int
    fabricated_citations: tuple[str, ...]
    false_quotes: tuple[str, ...]
    unsupported_numbers: tuple[str, ...]
    unsupported_names: tuple[str, ...]
    unsupported_sentences: tuple[str, ...]
    citation_precision: float | None
    expected_source_cited: bool | None


def applies(question: Question) -> bool:
    """Whether grounding is scored: an answerable question that came with a context."""
    return question.answerable and bool(question.context.strip())


def ground(
    question: Question,
    text: str,
    refusal_phrases: Sequence[str] = (),
    *,
    supports: Supports | None = None,
) -> Grounding:
    """Check every claim of an answer against the context of its question.

    1. Thoughts and made-up turns go. A clean refusal, an empty text and a text without a claim
       are no answer: not grounded. Refusing sentences, courtesies and counter-questions claim
       nothing.
    2. (a) Every cited number is one of the passages the context numbers; without numbers every
       citation is fabricated.
    3. (b) A quote of five tokens or more stands in the cited passages (in any, if none is cited).
    4. (c) Every number, by value, and every name stands in context or question.
    5. (d) Each claim is supported by the passages it cites, taken together, or by the whole
       context if it cites none: at least 0.6 of its content words, without an opposite negation,
       and its numbers and names stand there or in the question. In "A [1] and B [2]." each part
       must be supported by its own citation too. An answer without content of its own ("Yes.") is
       judged together with the question.

    Args:
        supports: premise, claim -> probability of entailment (0-1); takes the place of the share
            of content words, with 0.5 as its limit. Claims of fewer than four words are handed
            over behind the question.

    Reference: Gao et al. (2023), "Enabling Large Language Models to Generate Text with
    Citations" (recall and precision of citations).
    """
    said = own_turn(text)
    known = sources(question)
    found = marks(said, question, known)
    case = _Case(question=question, known=known, supports=supports)
    parts = sentences(said, found)
    claims = [s for s in parts if _claims(s.text, question, refusal_phrases)]
    cited = [i for m in found for i in m.cited]
    fabricated = [f"[{i}]" for i in cited if i not in known.numbered]
    quotes = _false_quotes(case, without_marks(said, found), parts)
    texts = [read(question.context, question.lang), read(question.question, question.lang)]
    numbers = [n for s in claims for n in missing_numbers(s.text, texts, lang=question.lang)]
    names = [n for s in claims for n in missing_names(s.text, texts, lang=question.lang)]
    faults = [(s, fault) for s in claims if (fault := _sentence_fault(case, s))]
    if is_empty(said):
        reason = "empty answer"
    elif detect(said, refusal_phrases, question=question.question).kind == "clean":
        reason = "refused"
    elif not claims:
        reason = "claims nothing"
    elif fabricated and not known.numbered:
        reason = f"cites {fabricated[0]}, but nothing in the context is numbered"
    elif fabricated:
        reason = f"cites {fabricated[0]}, which the context does not have"
    elif quotes:
        reason = f"quotes words that are not in the context: {shorten(quotes[0])!r}"
    elif numbers:
        reason = f"the number {numbers[0]} is not in context or question"
    elif names:
        reason = f"the name {names[0]!r} is not in context or question"
    else:
        reason = faults[0][1] if faults else ""
    return Grounding(
        grounded=not reason,
        reason=reason or "every claim stands in the context",
        n_claims=len(claims),
        n_citations=len(cited),
        fabricated_citations=_once(fabricated),
        false_quotes=_once(quotes),
        unsupported_numbers=_once(numbers),
        unsupported_names=_once(names),
        unsupported_sentences=tuple(s.text for s, _ in faults),
        citation_precision=_precision(case, parts),
        expected_source_cited=_expected(question, known, cited),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    question: Question
    known: Sources
    supports: Supports | None


def _claims(said: str, question: Question, phrases: Sequence[str]) -> bool:
    """Whether a sentence says something that could be wrong."""
    if not said or said.rstrip("\"')* ").endswith(("?", "？")) or said.startswith("```"):
        return False
    refuses = detect(said, phrases, question=question.question).kind == "clean"
    return not refuses and _COURTESY.match(said) is None


def _sentence_fault(case: _Case, sentence: Sentence) -> str:
    """The fault of the whole sentence, else of the first of its parts; "" if there is none."""
    units = dict.fromkeys([(sentence.text, sentence.cited), *sentence.parts])
    return next((fault for said, cited in units if (fault := _fault(case, said, cited))), "")


def _fault(case: _Case, said: str, cited: Sequence[int | str]) -> str:
    """Why the cited passages together (or the context) do not support a sentence; "" if they do."""
    lang = case.question.lang
    passages = [case.known.numbered[i] for i in cited if i in case.known.numbered]
    premise = "\n".join(passages) if passages else case.question.context
    marks = "".join(f"[{i}]" for i in dict.fromkeys(cited) if i in case.known.numbered)
    where = f"the cited {marks}" if passages else "the context"
    texts = [read(premise, lang), read(case.question.question, lang)]
    missing = (*missing_numbers(said, texts, lang=lang), *missing_names(said, texts, lang=lang))
    if missing:
        return f"{where} does not have {missing[0]!r}"
    words = clauses(said, lang=lang)
    if case.supports is not None:
        short = len(words) < _SHORT
        held = case.supports(premise, f"{case.question.question} {said}" if short else said)
        supported = held >= NLI_SUPPORT
    elif any(is_content(t, lang) for t in words):
        supported = support(said, texts[0], lang=lang) >= SUPPORT
    else:
        claim = ("not " if _NO.match(said) else "") + case.question.question
        supported = support(claim, texts[0], lang=lang) >= SUPPORT
    return "" if supported else f"{where} does not support {shorten(said)!r}"


def _false_quotes(case: _Case, shown: str, parts: Sequence[Sentence]) -> list[str]:
    lang = case.question.lang
    out = []
    for m in _QUOTED.finditer(shown):
        if len(tokens(m[1], lang=lang)) < QUOTE:
            continue
        here = [i for s in parts if s.start < m.end() and m.start() < s.end for i in s.cited]
        texts = [case.known.numbered[i] for i in here if i in case.known.numbered]
        texts = texts or [*case.known.numbered.values()] or [case.question.context]
        if not any(_stands_in(m[1], t, lang) for t in (*texts, case.question.question)):
            out.append(m[1].strip())
    return out


def _stands_in(quote: str, text: str, lang: str) -> bool:
    """Whether the quote, or each piece of it around an ellipsis, is a run of the text's tokens."""
    have = f" {' '.join(tokens(text, lang=lang))} "
    return all(f" {' '.join(tokens(piece, lang=lang))} " in have for piece in _GAP.split(quote))


def _precision(case: _Case, parts: Sequence[Sentence]) -> float | None:
    """Share of needed citations; one is needed if it supports its sentence and the others of the
    sentence do not do so without it, or if it does so by itself. Fabricated ones never are."""
    needed = total = 0
    for said, cited in (part for s in parts for part in s.parts or ((s.text, s.cited),)):
        ids = list(dict.fromkeys(cited))
        total += len(ids)
        real = [i for i in ids if i in case.known.numbered]
        if not real or not said or _fault(case, said, real):
            continue
        for i in real:
            rest = [k for k in real if k != i]
            needed += not rest or not _fault(case, said, [i]) or bool(_fault(case, said, rest))
    return needed / total if total else None


def _expected(question: Question, known: Sources, cited: Sequence[int | str]) -> bool | None:
    number = known.by_name.get((question.expected_source or "").casefold())
    return None if number is None else number in cited


def _once(items: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
