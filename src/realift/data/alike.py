"""When two askings are the same: exact, near or suspect. Shared by leak check and split.

Two askings with a context are compared part by part, since over different passages the same
wording is another task. Lexical only: a paraphrase is not seen (EVALUATION.md section 3.1
measured 0 of 15), and an asking that differs in a name or number is another question, however
alike the rest is.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Literal

from realift.data.text import containment, fold, jaccard, shingles

Kind = Literal["exact", "near", "suspect"]
NEAR = 0.8  # Jaccard of character 5-grams
SUSPECT = 0.7  # share of the question's 5-grams that stand in the row
COVERED = 0.5  # share of the question's 8-word runs that stand in the row
RUN = 8  # words; a shorter question is compared in shorter runs, and is then only a suspect
MIN_RUN = 5
LONG_ENOUGH = 12  # folded characters; a shorter question can only be found as an exact copy
_BEGINS_SENTENCE = re.compile(r"(?:^|[.!?:\n]\s*)\W*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A text and its context, folded, with the sets that comparing needs."""

    text: str
    context: str
    folded: str
    folded_context: str
    grams: frozenset[str]
    context_grams: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike two askings are; ``similarity`` in 0-1."""

    kind: Kind
    similarity: float


@functools.lru_cache(maxsize=4096)
def asking(text: str, context: str = "") -> Asking:
    """Prepare a text for comparing."""
    # A text of signs alone folds to nothing; it is then compared as it stands.
    folded = fold(text) or text.strip()
    folded_context = fold(context) or context.strip()
    return Asking(
        text=text,
        context=context,
        folded=folded,
        folded_context=folded_context,
        grams=shingles(folded),
        context_grams=shingles(folded_context),
    )


def likeness(row: Asking, question: Asking) -> Likeness | None:
    """How alike a training asking and an eval asking are; ``None`` = they are different.

    >>> row = asking("Please tell me: who manages Alice?")
    >>> likeness(row, asking("WHO manages Alice")).kind
    'near'
    >>> row = asking("How much does the Rivet 4 cost per year?")
    >>> likeness(row, asking("How much does the Rivet 5 cost per year?")).kind
    'suspect'
    >>> likeness(row, asking("What is the yearly price of the Rivet 4?")) is None
    True
    """
    if row.context and question.context:
        return _weaker(_compare(row, question), _compare_contexts(row, question))
    if question.context:  # the row may hold passage and question in one text
        return _compare_joined(row, question)
    if row.context:  # the same wording with a passage is another task
        return None
    return _compare(row, question)


def _weaker(a: Likeness | None, b: Likeness | None) -> Likeness | None:
    if a is None or b is None:
        return None
    order = ("suspect", "near", "exact")
    kind = min(a.kind, b.kind, key=order.index)
    return Likeness(kind=kind, similarity=min(a.similarity, b.similarity))


def _compare(row: Asking, question: Asking) -> Likeness | None:
    if row.folded == question.folded:
        return Likeness(kind="exact", similarity=1.0)
    if len(question.folded) < LONG_ENOUGH:
        return None
    similarity = jaccard(row.grams, question.grams)
    contained = containment(question.grams, row.grams)
    copied = (
        similarity >= NEAR
        or _ends_with(row.folded, question.folded)
        or _ends_with(question.folded, row.folded)
        or run_coverage(question.folded, row.folded) >= COVERED
    )
    if copied and not differ_in_a_name(row.text, question.text):
        return Likeness(kind="near", similarity=max(similarity, contained))
    short = run_length(len(question.folded.split()))
    if (
        copied
        or contained >= SUSPECT
        or run_coverage(question.folded, row.folded, short) >= COVERED
    ):
        return Likeness(kind="suspect", similarity=max(similarity, contained))
    return None


def _compare_contexts(row: Asking, question: Asking) -> Likeness | None:
    if row.folded_context == question.folded_context:
        return Likeness(kind="exact", similarity=1.0)
    similarity = jaccard(row.context_grams, question.context_grams)
    if similarity >= NEAR and not differ_in_a_name(row.context, question.context):
        return Likeness(kind="near", similarity=similarity)
    contained = containment(question.context_grams, row.context_grams)
    return Likeness(kind="suspect", similarity=contained) if contained >= SUSPECT else None


def _compare_joined(row: Asking, question: Asking) -> Likeness | None:
    asked = containment(question.grams, row.grams)
    given = containment(question.context_grams, row.grams)
    contained = min(asked, given)
    if len(question.folded) < LONG_ENOUGH or contained < SUSPECT:
        return None
    whole = asking(f"{question.text}\n{question.context}")
    near = asked >= 0.95 and given >= 0.95
    near = near and not differ_in_a_name(row.text, whole.text)
    return Likeness(kind="near" if near else "suspect", similarity=contained)


def _ends_with(text: str, end: str) -> bool:
    """``text`` is ``end`` after a prefix ("please answer: ..."), and ``end`` is long enough."""
    return len(end) >= LONG_ENOUGH and text.endswith(" " + end)


def run_length(n_words: int) -> int:
    """Words of the runs a text is compared in: half of the text, from 5 to 8; 0 = too short.

    >>> [run_length(n) for n in (3, 8, 12, 40)]
    [0, 0, 6, 8]
    """
    return min(RUN, n_words // 2) if n_words >= 2 * MIN_RUN else 0


def run_coverage(part: str, whole: str, length: int = RUN) -> float:
    """Share of the word runs of ``part`` found in ``whole``; 0 when there is none.

    >>> run_coverage("a b c d e f g h", "x a b c d e f g h y"), run_coverage("a b", "a b")
    (1.0, 0.0)
    """
    wanted, there = _runs(part, length), _runs(whole, length)
    return len(wanted & there) / len(wanted) if wanted else 0.0


@functools.lru_cache(maxsize=4096)
def _runs(folded: str, length: int) -> frozenset[tuple[str, ...]]:
    words = folded.split()
    if not length:
        return frozenset()
    return frozenset(tuple(words[i : i + length]) for i in range(len(words) - length + 1))


def differ_in_a_name(a: str, b: str) -> bool:
    """Each text has a name or number that the other lacks: contrast pairs, not copies.

    A name is a capitalized word that does not begin the text. Texts written all in capitals or
    all in small letters have no visible names.

    >>> differ_in_a_name("How much is the Rivet 4?", "How much is the Rivet 5?")
    True
    >>> differ_in_a_name("Who runs Acme?", "Quick question: who runs ACME?")
    False
    """
    words_a, words_b = frozenset(fold(a).split()), frozenset(fold(b).split())
    only_a, only_b = words_a - words_b, words_b - words_a
    return any(_marked(a) & only_a) and any(_marked(b) & only_b)


@functools.lru_cache(maxsize=4096)
def _marked(text: str) -> frozenset[str]:
    if text.isupper():
        text = text.lower()
    found = set()
    for match in re.finditer(r"\w[\w'’.,-]*", text):
        word = match.group()
        named = word[0].isupper() and not _BEGINS_SENTENCE.search(text[: match.start()])
        if named or any(char.isdigit() for char in word):
            found |= set(fold(word).split())
    return frozenset(found)
