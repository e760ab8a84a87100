"""What the scorers can say about training rows: answers their context does not hold, languages.

Lies above ``data/check``, because numbers and names of an answer are read here the way answers of a
model are.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence

from realift.data.problems import Findings
from realift.data.text import shorten
from realift.score.evidence import missing_numbers, read
from realift.score.fold import CITATION, strip_citations
from realift.score.language import CODES, language
from realift.score.names import missing_names
from realift.score.refusal import detect
from realift.score.sources import cited_numbers
from realift.score.units import MAGNITUDES, NUMBER_WORDS, TENS
from realift.types import Example, Problem, Where

MOST_READ = 5000  # rows that are compared with their context; reading one takes milliseconds
MANY = 10  # rows below which even a trait of most of them is said row by row
MOST = 0.5  # share of rows from which a trait belongs to the task and is no fault of a row
_SHOWN = 5  # numbers of passages named in a message
OTHER = 0.2  # share of rows up to which another language is a stray, not a mixture
_WORD = re.compile(r"\d[\d.,]*\d|[^\W_]+")
_SMALL = re.compile(r"(?<![\w'’])[a-zß-ÿ]{2,}(?!\w)")
_LABEL = re.compile(r"^[ \t]*\[\d{1,3}\] ", re.MULTILINE)
_NUMBERS = frozenset({*NUMBER_WORDS, *TENS, *MAGNITUDES, "hundred"})


def refuses(text: str, phrases: Sequence[str] = ()) -> bool:
    """Whether an expected answer is a refusal, in whatever words."""
    return _refuses(text, tuple(phrases))


@functools.lru_cache(maxsize=1 << 17)  # the same few answers, asked for by several checks
def _refuses(text: str, phrases: tuple[str, ...]) -> bool:
    return detect(text, phrases).kind == "clean"


def check_against_context(
    examples: Sequence[Example], refusal_phrases: Sequence[str] = ()
) -> tuple[Problem, ...]:
    """Answers with a number or a name that neither their context nor their question has.

    Such a row teaches to answer from memory although a context is there. When it is so in more
    than half of the rows with context, the input is no source (a summary, a translation, a
    record), which is said once.

    A capitalized word that other rows write small ("Close to the river, ...") is no name.
    Answers all of whose words stand in their prompt are fine at once. Of the others at most
    ``MOST_READ`` are read, spread evenly; that is said too.
    """
    found = Findings()
    faults: list[tuple[Example, str]] = []
    rows = [r for r in examples if r.context and not refuses(r.answer, refusal_phrases)]
    own = [row for row in rows if _has_words_of_its_own(row)]
    n = len(rows)
    if len(own) > MOST_READ:
        found.note(
            "context-sample",
            f"of {len(own):,} answers in words of their own, {MOST_READ:,} spread evenly were "
            "compared with their context",
            Where(file=own[0].where.file),
        )
        n = round(n * MOST_READ / len(own))
        own = [own[i * len(own) // MOST_READ] for i in range(MOST_READ)]
    small: frozenset[str] | None = None
    for row in own:
        lang = CODES.get(language(row.answer) or language(row.context), "en")
        given = _prompt(row)
        said = strip_citations(row.answer)
        known = [read(given, lang)]
        names = missing_names(said, known, lang=lang)
        if names and small is None:
            small = _small_words(examples)
        missing = (
            *missing_numbers(said, known, lang=lang),
            *(name for name in names if name.casefold() not in (small or ())),
        )
        if missing:
            faults.append((row, missing[0]))
    if len(faults) >= MANY and len(faults) > MOST * n:
        found.note(
            "context-is-no-source",
            f"{len(faults):,} of {n:,} answers say things that their context does not hold, so "
            "the context is taken as material, not as a source",
            Where(file=faults[0][0].where.file),
            hint="if answers should come from the context, these rows teach to make things up",
        )
        return found.problems()
    for row, missed in faults:
        found.warning(
            "not-in-context",
            f"the answer says '{shorten(missed, 30)}', which its context does not hold",
            row.where,
            hint="correct the answer or the context; else the row teaches to make things up",
        )
    return found.problems()


def check_citations(examples: Sequence[Example]) -> tuple[Problem, ...]:
    """Answers that cite ``[n]`` where no ``[n]`` stands in their prompt.

    Said of a prompt with numbered passages (lines that begin with ``[n]``), and of any prompt when
    some other row cites what it was given; else ``[1]`` may be no citation (``x[1]`` in code).
    """
    found = Findings()
    faults: list[tuple[Example, int, frozenset[int], bool]] = []
    cites = False
    for row in examples:
        cited = _cited(row.answer)
        if cited:
            prompt = _prompt(row)
            given = _cited(prompt)
            cites |= not cited.isdisjoint(given)
            labeled = _LABEL.search(prompt) is not None
            faults += [(row, min(cited - given), given, labeled)] if cited - given else []
    for row, number, given, labeled in faults:
        if labeled or cites:
            shown = ", ".join(f"[{n}]" for n in sorted(given)[:_SHOWN])
            shown += ", ..." if len(given) > _SHOWN else ""
            found.warning(
                "fabricated-citation",
                f"the answer cites [{number}], but its context has "
                + (f"{shown} only" if given else "no numbered passage"),
                row.where,
                hint="correct the number or take it out; else the row teaches to make citations up",
            )
    return found.problems()


def _cited(text: str) -> frozenset[int]:
    """The numbers that stand in brackets in a text."""
    return frozenset(n for mark in CITATION.finditer(text) for n in cited_numbers(mark[0]))


def _prompt(row: Example) -> str:
    """Everything that stands before the answer."""
    return "\n".join(part for m in row.messages[:-1] for part in (m.content, m.context))


def _small_words(examples: Sequence[Example]) -> frozenset[str]:
    """Words that stand somewhere in the rows without a capital."""
    texts = (part for row in examples for m in row.messages for part in (m.content, m.context))
    return frozenset(word for text in texts for word in _SMALL.findall(text))


def _has_words_of_its_own(row: Example) -> bool:
    """Whether an answer has a name or number to look for, and words that its prompt lacks."""
    said = strip_citations(row.answer)
    words = _WORD.findall(said)
    worth = any(
        not word.isascii() or word != word.lower() or word[0].isdigit() or word in _NUMBERS
        for word in words
    )
    if not worth:
        return False
    given = _prompt(row)
    have = set(_WORD.findall(given.casefold()))
    return any(word.casefold() not in have for word in words)


def check_languages(examples: Sequence[Example]) -> tuple[Problem, ...]:
    """Rows in another language than most, and answers in another language than their question."""
    found = Findings()
    asked = [language(row.instruction) for row in examples]
    said = [language(row.answer) for row in examples]
    crossed = [i for i, (a, b) in enumerate(zip(asked, said, strict=True)) if a and b and a != b]
    both = sum(bool(a and b) for a, b in zip(asked, said, strict=True))
    if crossed and len(crossed) <= MOST * both:
        for i in crossed:
            found.warning(
                "answer-language",
                f"the question is in {asked[i]}, the answer in {said[i]}",
                examples[i].where,
                hint="answer in the language of the question, unless that is what you teach",
            )
    counted = Counter(a or b for a, b in zip(asked, said, strict=True) if a or b)
    if len(counted) < 2:
        return found.problems()
    (main, n_main), *others = counted.most_common()
    n_other = sum(n for _, n in others)
    if n_other > OTHER * (n_main + n_other):
        parts = ", ".join(f"{n:,} {name}" for name, n in counted.most_common(4))
        found.note(
            "mixed-languages",
            f"the rows are in several languages: {parts}",
            Where(file=examples[0].where.file),
            hint="fine if it is meant so; small models learn one language better than several",
        )
        return found.problems()
    for row, a, b in zip(examples, asked, said, strict=True):
        if (a or b) not in ("", main):
            found.each(
                "note",
                "other-language",
                f"is in {a or b}; most rows are in {main}",
                row.where,
                hint="fine if it is meant so",
            )
    return found.problems()
