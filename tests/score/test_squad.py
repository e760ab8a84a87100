"""The squad scorer against an independent statement of the official semantics; the docs' table."""

from __future__ import annotations

import re
import string
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realift.score import VERSIONS, judge, score_completions, squad_exact, squad_f1, version
from realift.types import Completion, Question, Where

DOCS = Path(__file__).resolve().parents[2] / "docs" / "scorers.md"


# The official rules, stated once more and in another way: character by character, word by word.
def said_again(text: str) -> list[str]:
    kept = "".join(ch for ch in text.lower() if ch not in set(string.punctuation))
    without = re.split(r"\ba\b|\ban\b|\bthe\b", kept)
    return [word for part in without for word in part.split()]


def exact_again(prediction: str, golds: list[str]) -> int:
    real = [g for g in golds if said_again(g)]
    return max(int(said_again(g) == said_again(prediction)) for g in real or [""])


def f1_again(prediction: str, golds: list[str]) -> float:
    best = 0.0
    for gold in [g for g in golds if said_again(g)] or [""]:
        a, b = said_again(prediction), said_again(gold)
        if not a or not b:
            best = max(best, float(a == b))
            continue
        left = Counter(b)
        shared = 0
        for word in a:
            if left[word]:
                left[word] -= 1
                shared += 1
        if shared:
            p, r = shared / len(a), shared / len(b)
            best = max(best, 2 * p * r / (p + r))
    return best


TRICKY = [
    ("The Lyon.", ["lyon"]),
    ("a", ["the"]),
    ("", []),
    ("", [""]),
    ("Lyon", []),
    ("", ["Lyon"]),
    ("The", ["A", "Lyon"]),
    ("3.5", ["35"]),
    ("C#", ["C++"]),
    ("in the city of Lyon", ["Lyon city"]),
    ("lyon lyon", ["Lyon"]),
    ("lyon", ["Lyon Lyon", "Paris"]),
    ("the-end", ["theend", "end"]),
    ("A.B.C.", ["abc"]),
    ("x – y", ["x y"]),
    ("Caf\u00e9", ["Cafe\u0301"]),
    ("  two\twords ", ["two words"]),
    ("an a the", ["the an"]),
    ("don't", ["dont"]),
    ("北京大学。", ["北京大学"]),
    ("İstanbul", ["istanbul"]),
]


@pytest.mark.parametrize(("prediction", "golds"), TRICKY)
def test_squad_scores_of_tricky_pairs_against_reference(prediction: str, golds: list[str]) -> None:
    assert squad_exact(prediction, golds) == exact_again(prediction, golds)
    # Two ways of computing 2pr/(p+r) may differ in the last bit.
    assert squad_f1(prediction, golds) == pytest.approx(f1_again(prediction, golds), abs=1e-15)


TEXT = st.text(alphabet="aAbthe nLyon.,-%é12\u3000\n'", max_size=14)


@settings(max_examples=300, deadline=None)
@given(TEXT, st.lists(TEXT, max_size=3))
def test_squad_scores_of_any_text_against_reference(prediction: str, golds: list[str]) -> None:
    assert squad_exact(prediction, golds) == exact_again(prediction, golds)
    assert squad_f1(prediction, golds) == pytest.approx(f1_again(prediction, golds), abs=1e-15)


@pytest.mark.parametrize(
    ("prediction", "golds", "exact", "f1"),
    [
        ("in Lyon", ["Lyon"], 0, 2 / 3),
        ("Lyon, France", ["Lyon", "lyon france"], 1, 1),
        ("", [], 1, 1),
        ("Lyon", [], 0, 0),
        ("", ["Lyon"], 0, 0),
        ("the cat sat on the mat", ["cat on a mat"], 0, 6 / 7),
    ],
)
def test_squad_scores_against_hand(
    prediction: str, golds: list[str], exact: float, f1: float
) -> None:
    assert squad_exact(prediction, golds) == exact
    assert squad_f1(prediction, golds) == pytest.approx(f1, abs=1e-15)


def test_the_squad_scorer_takes_the_place_of_correctness_and_f1_only() -> None:
    q = Question(
        id="1",
        where=Where(file="e"),
        question="?",
        answers=(("3.5", "three and a half"),),
        context="[1] 35",
    )
    c = Completion(question_id="1", arm="base", text="35", n_tokens=1, finish="stop")
    by_name = {
        name: {s.dimension: s.value for s in score_completions([q], [c], scorer=name)}
        for name in ("default", "squad")
    }
    assert by_name["squad"]["correctness"] == by_name["squad"]["token_f1"] == 1.0
    assert by_name["default"]["correctness"] == by_name["default"]["token_f1"] == 0.0
    others = by_name["squad"].keys() - {"correctness", "token_f1"}
    assert all(by_name["squad"][d] == by_name["default"][d] for d in others)


def test_the_version_names_the_scorer_that_was_used() -> None:
    for dimension in ("correctness", "token_f1"):
        assert "SQuAD 2.0" in version(dimension, "squad")
        assert "SQuAD" not in version(dimension)
    assert version("refusal", "squad") == version("refusal")
    assert version("score") == "as given"
    assert "NLI m" in version("grounding", support="NLI m")


def test_an_unknown_scorer_is_an_error_rejects() -> None:
    with pytest.raises(ValueError, match="no scorer 'rouge'"):
        score_completions([], [], scorer="rouge")  # type: ignore[arg-type]


def test_the_table_of_the_docs_is_true_against_reference() -> None:
    rows = re.findall(
        r"^\| `([^`]*)` \| `([^`]*)` \| (same|different) \| (same|different) \|",
        DOCS.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(rows) >= 20
    word = {1.0: "same", 0.0: "different"}
    for expected, written, official, ours in rows:
        answer = written.replace("\\u0301", "\u0301")  # cannot be shown on a page
        q = Question(id="1", where=Where(file="e"), question="?", answers=((expected,),))
        assert word[squad_exact(answer, [expected])] == official, (expected, answer)
        assert exact_again(answer, [expected]) == (official == "same")
        assert word[judge(q, answer).value] == ours, (expected, answer)  # type: ignore[index]


def test_the_versions_of_the_docs_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| `([^`]*)` \|$", DOCS.read_text(encoding="utf-8"), re.M)
    assert dict(rows) == VERSIONS
