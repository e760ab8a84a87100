"""Closed questions: which of the choices does an answer name?

>>> from realift.types import Where
>>> q = Question(id="1", where=Where(file="e"), question="Where?", choices=("Lyon", "Paris"))
>>> sorted(named_choices(q, "Lyon or Paris")), sorted(named_choices(q, "not (A) but (B)"))
([0, 1], [1])
"""

from __future__ import annotations

import re

from realift.score.fold import fold
from realift.score.match import positions
from realift.score.normalize import clauses, same, tokens
from realift.score.number_words import STOP
from realift.types import Question

_LABEL = re.compile(r"^\s*\(?[A-Za-z][).:]\s+")
_LETTERS = (
    re.compile(r"^\W*([A-Za-z])\W*$"),  # the whole answer
    re.compile(r"^\W*([A-Za-z])\s*[).:]"),  # "B) Lyon", "b: Lyon"
    re.compile(r"\(([A-Za-z])\)|(?<![\w.])([A-Za-z])\)"),  # "(b)", "b)"
    re.compile(
        r"\b(?:answer|option|choice)(?:\s+is)?\s*:?\s*\(?([a-z])\b(?![').]?\w)", re.IGNORECASE
    ),
)
_CAPITAL = re.compile(r"(?<![\w'.])([A-HJ-Z])(?![\w'])")  # "not A but B"; "I" is a word
_DENIED = re.compile(
    r"(?:\b(?:not|nor|neither|no|never)|n't)\s+(?:(?!but\b)\w+\s+){0,2}\(?$", re.IGNORECASE
)
_FEW_WORDS = 6  # a lone capital stands for a choice only in so short an answer


def expected_choices(question: Question) -> set[int]:
    """Indices of the choices that the expected answers stand for (empty: none of them)."""
    found = {_choice_of(a, question) for slot in question.answers for a in slot}
    return {i for i in found if i is not None}


def named_choices(question: Question, said: str) -> set[int]:
    """Indices of the choices that an answer names: by text (longest first), else by letter."""
    texts = [tokens(_LABEL.sub("", c), lang=question.lang) for c in question.choices]
    sequence = list(clauses(said, lang=question.lang))
    whole = tuple(t for t in sequence if t != STOP)
    named = {i for i, t in enumerate(texts) if t and t == whole}
    if named:
        return named
    for i in sorted(range(len(texts)), key=lambda i: -len(texts[i])):
        if not texts[i] or (len(texts[i]) == 1 and len(texts[i][0]) == 1):
            continue  # a one-letter choice counts as a letter only
        for start in positions(sequence, texts[i]):
            named.add(i)
            left = len(texts[i])  # hidden, so that "York" is not found in "New York" again
            for k in range(start, len(sequence)):
                if left and sequence[k] != STOP:
                    sequence[k], left = "\0", left - 1
    return named or _letters(said, len(texts))


def _choice_of(answer: str, question: Question) -> int | None:
    texts = [_LABEL.sub("", c) for c in question.choices]
    for i, choice in enumerate(texts):
        if same(answer, choice, lang=question.lang) or same(
            answer, question.choices[i], lang=question.lang
        ):
            return i
    letters = _letters(answer, len(texts))
    return min(letters) if letters and len(answer.strip(" ().:")) == 1 else None


def _letters(said: str, n: int) -> set[int]:
    """The choices named by letter: "B", "(b)", "B) Lyon", "the answer is B or C"."""
    text = fold(re.sub(r"[*_`\"]", "", said))
    found = [m for pattern in _LETTERS for m in pattern.finditer(text)]
    if len(text.split()) <= _FEW_WORDS:
        found += [m for m in _CAPITAL.finditer(text) if not _is_article(text, m)]
    letters = {
        (m[1] or m[2]).lower()
        for m in found
        if not _DENIED.search(text[: m.start(1) if m[1] else m.start(2)])
    }
    return {i for i in (ord(letter) - ord("a") for letter in letters) if i < n}


def _is_article(text: str, m: re.Match[str]) -> bool:
    return m[1] == "A" and re.match(r"\s+(?!or\b|and\b|but\b)[a-z]", text[m.end() :]) is not None
