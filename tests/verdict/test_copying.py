"""Copying the nearest row's answer as a baseline, and the verdict without suspects."""

from __future__ import annotations

import pytest

from realift.data.folds import Fold
from realift.score import score_completions
from realift.types import Example, Leak, LeakCheck, Message, Question, Score, Where
from realift.verdict import decide
from realift.verdict.copying import copied, copy_baseline

HERE = Where(file="made")
WORDS = """
    harbor violin glacier tomato lantern copper meadow saddle puzzle walrus engine ribbon castle
    pepper tunnel magnet orchid shovel turtle window
"""
TOPICS = WORDS.split()
score = score_completions


def row(name: str, asked: str, answer: str) -> Example:
    messages = (Message(role="user", content=asked), Message(role="assistant", content=answer))
    return Example(id=name, where=HERE, messages=messages)


def asked(name: str, text: str, answer: str) -> Question:
    return Question(id=name, where=HERE, question=text, answers=((answer,),))


QUESTIONS = [asked(f"q{n}", f"Who keeps the {t}?", f"Keeper{n}") for n, t in enumerate(TOPICS)]
REWORDED = [
    row(f"r{n}", f"Name the person responsible for our {t}.", f"It is Keeper{n}.")
    for n, t in enumerate(TOPICS)
]
OTHER = [row(f"o{n}", f"What color is the {t}?", f"Color{n}") for n, t in enumerate(TOPICS)]
NOTHING = {q.id: 0.0 for q in QUESTIONS}
MOST = {q.id: float(n < 16) for n, q in enumerate(QUESTIONS)}


def test_reworded_questions_among_the_rows_are_seen_by_copying():
    check = copy_baseline(REWORDED, QUESTIONS, NOTHING, MOST, score=score)
    assert check.status == "WARNING"
    assert (check.n, check.n_could_fire) == (20, 20)
    assert (check.caught, check.planted, check.false_alarms, check.clean) == (5, 5, 0, 5)
    assert "right on 100% of 20 questions, the adapter on 80%" in check.sentence
    assert check.rows == tuple(f"q{n}" for n in range(16))
    assert not check.required


def test_rows_about_something_else_explain_no_gain():
    check = copy_baseline(OTHER, QUESTIONS, NOTHING, MOST, score=score)
    assert check.status == "OK"
    assert "The adapter does more than copy." in check.sentence
    assert check.rows == ()


def test_copying_just_below_the_adapter_with_few_questions_is_unproven():
    rows = [*REWORDED[:13], *OTHER[13:]]
    later = {q.id: float(n >= 4) for n, q in enumerate(QUESTIONS)}
    check = copy_baseline(rows, QUESTIONS, NOTHING, later, score=score)
    assert check.status == "UNPROVEN"


@pytest.mark.parametrize(
    ("rows", "questions", "adapter"),
    [([], QUESTIONS, MOST), (REWORDED, [], MOST), (REWORDED, QUESTIONS, NOTHING)],
)
def test_without_rows_questions_or_a_gain_it_is_not_checked(rows, questions, adapter):
    check = copy_baseline(rows, questions, NOTHING, adapter, score=score)
    assert (check.status, check.n_could_fire) == ("NOT CHECKED", 0)


def test_one_answer_to_everything_trips_the_negative_control():
    same = [asked(f"q{n}", f"Who keeps the {t}?", "Bob") for n, t in enumerate(TOPICS)]
    rows = [row(f"r{n}", f"Who cleans the {t}?", "Bob") for n, t in enumerate(TOPICS)]
    check = copy_baseline(rows, same, NOTHING, MOST, score=score)
    assert check.status == "NOT CHECKED"
    assert check.false_alarms == check.clean == 5


def test_in_a_cross_fit_every_question_is_copied_from_its_own_fold():
    folds = [
        Fold(examples=tuple(REWORDED[10:]), questions=tuple(QUESTIONS[:10])),
        Fold(examples=tuple(REWORDED[:10]), questions=tuple(QUESTIONS[10:])),
    ]
    check = copy_baseline(REWORDED, QUESTIONS, NOTHING, MOST, score=score, folds=folds)
    assert check.n == 20
    assert check.readings[0].value == 0.0
    assert copied(REWORDED[10:], QUESTIONS[:10], score=score) == dict.fromkeys(
        (q.id for q in QUESTIONS[:10]), 0.0
    )


def leaks(ids, kind="suspect"):
    return LeakCheck(
        leaks=tuple(
            Leak(
                example_id="r", question_id=i, field="question", kind=kind, similarity=0.8,
                example_text="a", question_text="b",
            )
            for i in ids
        ),
        n_questions=20, n_could_fire=20, controls_caught=3, controls_planted=3,
    )  # fmt: skip


def judged(check):
    scores = [
        Score(question_id=q.id, arm=arm, dimension="correctness", value=value)
        for n, q in enumerate(QUESTIONS)
        for arm, value in (("base", 0.0), ("adapter", float(n < 12)))
    ]
    return decide(QUESTIONS, scores, leak_check=check, min_gain=0.1, guard_margin=0.1)


def test_the_verdict_is_given_without_the_suspects_too():
    verdict = judged(leaks(f"q{n}" for n in range(12)))
    assert verdict.label == "REAL GAIN"
    line = next(w for w in verdict.warnings if w.startswith("Without"))
    assert line.startswith("Without the 12 suspects (questions like a training row): TOO SMALL")
    assert "+0 points on 8 questions" in line
    line = next(w for w in judged(leaks(["q0"])).warnings if w.startswith("Without"))
    assert "the suspect (questions like a training row): REAL GAIN, +58 points on 19" in line


def test_no_suspects_no_line_and_nothing_left_is_said():
    assert not any(w.startswith("Without") for w in judged(leaks([])).warnings)
    assert not any(w.startswith("Without") for w in judged(leaks(["q1"], "near")).warnings)
    every = judged(leaks(q.id for q in QUESTIONS)).warnings
    assert any("nothing is left to judge" in w for w in every)
