"""Scores of completions and the self-test of the scorer."""

from __future__ import annotations

import pytest

from realift.score import score_completions, selftest
from realift.score.score import SCORERS, VERSIONS
from realift.types import Completion, Question, Score, Where


def question(id: str, *answers: str, **fields: object) -> Question:
    base: dict[str, object] = {"id": id, "where": Where(file="e", line=3), "question": "What?"}
    return Question(**{**base, "answers": tuple((a,) for a in answers), **fields})  # type: ignore[arg-type]


def completion(id: str, text: str, **fields: object) -> Completion:
    base: dict[str, object] = {"arm": "base", "n_tokens": 3, "finish": "stop"}
    return Completion(**{**base, "question_id": id, "text": text, **fields})  # type: ignore[arg-type]


def scored(q: Question, text: str, **fields: object) -> dict[str, Score]:
    return {s.dimension: s for s in score_completions([q], [completion(q.id, text, **fields)])}


ANSWERABLE = question("a", "Lyon")
UNANSWERABLE = question("u", answerable=False)
REFUSED = "I don't have enough context to answer."


def test_dimensions_depend_on_the_question_never_on_the_answer() -> None:
    for text in ("Lyon", "", REFUSED, "Paris"):
        assert set(scored(ANSWERABLE, text)) == {"correctness", "no_over_refusal", "token_f1"}
        assert set(scored(UNANSWERABLE, text)) == {"refusal"}


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        (REFUSED, 1.0, "clean refusal"),
        ("Lyon.", 0.0, "answered without context"),
        ("I don't know. It is probably Lyon.", 0.0, "hedged: refused and answered"),
        ("", 0.0, "empty answer"),
    ],
)
def test_only_a_clean_refusal_is_right_where_nothing_can_be_known(
    text: str, value: float, reason: str
) -> None:
    score = scored(UNANSWERABLE, text)["refusal"]
    assert (score.value, score.reason) == (value, reason)


@pytest.mark.parametrize(
    ("text", "value", "reason"),
    [
        ("Paris.", 1.0, "answered"),
        ("I don't know. It is probably Lyon.", 1.0, "hedged"),
        (REFUSED, 0.0, "over-refusal"),
        ("", 0.0, "empty answer"),
    ],
)
def test_refusing_what_can_be_answered_is_wrong(text: str, value: float, reason: str) -> None:
    score = scored(ANSWERABLE, text)["no_over_refusal"]
    assert (score.value, score.reason) == (value, reason)


def test_always_and_never_refusing_are_each_right_on_one_kind_only() -> None:
    for text in (REFUSED, "Paris."):
        values = [
            scored(UNANSWERABLE, text)["refusal"].value,
            scored(ANSWERABLE, text)["no_over_refusal"].value,
        ]
        assert sorted(values) == [0.0, 1.0]  # type: ignore[type-var]


def test_what_cannot_be_scored_is_none_and_says_why() -> None:
    assert scored(question("x"), "Lyon")["correctness"].value is None
    skipped = scored(ANSWERABLE, "", finish="skipped")
    assert {s.value for s in skipped.values()} == {None}
    assert "window" in skipped["correctness"].reason


def test_a_cut_answer_says_so() -> None:
    cut = scored(ANSWERABLE, "The town is", finish="length")["correctness"]
    assert cut.value == 0.0
    assert cut.reason.startswith("cut at the token budget")
    assert scored(ANSWERABLE, "Lyon is", finish="length")["correctness"].value == 1.0


def test_probe_sample_and_seed_travel_along() -> None:
    score = scored(ANSWERABLE, "Lyon", probe="p", sample=2, arm="adapter", seed=3)["correctness"]
    assert (score.probe, score.sample, score.arm, score.seed) == ("p", 2, "adapter", 3)


def test_a_completion_of_an_unknown_question_is_an_error_rejects() -> None:
    with pytest.raises(ValueError, match="unknown question 'z'"):
        score_completions([ANSWERABLE], [completion("z", "Lyon")])


def test_every_scorer_has_a_version_for_the_signature() -> None:
    assert set(SCORERS) == set(VERSIONS)


def test_the_selftest_passes_on_sound_questions() -> None:
    qs = [question("1", "Lyon", "1999"), question("2", "€42"), question("3", "C#"), UNANSWERABLE]
    result = selftest(qs)
    assert result.passed
    assert (result.n, result.n_gold_right, result.n_empty_right) == (3, 3, 0)
    assert (result.n_foreign, result.n_foreign_right, result.problems) == (3, 0, ())


def test_the_selftest_names_an_answer_that_reads_as_a_refusal() -> None:
    result = selftest([question("1", REFUSED), question("2", "Lyon")])
    assert not result.passed
    assert [p.code for p in result.problems] == ["gold-not-right"]
    assert "'1'" in result.problems[0].message
    assert str(result.problems[0].where) == "e:3"


def test_the_selftest_finds_choices_that_the_scorer_cannot_tell_apart() -> None:
    q = question("1", "Lyon", choices=("Lyon", "Lyon"))
    assert not selftest([q, question("2", "Paris")]).passed


def test_foreign_answers_that_coincide_are_skipped_not_blamed() -> None:
    result = selftest([question("1", "Lyon"), question("2", "Lyon")])
    assert result.passed
    assert result.n_foreign == 0


def test_copying_the_context_is_counted_by_the_selftest() -> None:
    q = question("1", "Lyon", context="The fair is in Lyon.")
    assert (selftest([q]).n_context, selftest([q]).n_context_right) == (1, 1)
