"""Answers that try to fool the correctness scorer, or that it might do wrong to: one list."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realift.score import holds, judge, score_completions
from realift.types import Completion, Question, Where


def question(gold: str, **fields: object) -> Question:
    base: dict[str, object] = {"id": "q", "where": Where(file="e"), "question": "What?"}
    return Question(**{**base, "answers": ((gold,),), **fields})  # type: ignore[arg-type]


# Each line: expected answer | answer of a model | 1 right, 0 wrong
SEVERAL_ON_OFFER = """\
42 euros | 41 or 42 euros | 0
42 euros | It costs 41 euros or 42 euros. | 0
42 euros | 41/42 euros | 0
42 euros | 41 / 42 euros | 0
42 | 41, 42 or 43 | 0
42 | 41, 42, 43 | 0
42 euros | Either 42 euros or maybe 50 euros. | 0
41 euros | between 41 and 43 euros | 0
42 euros | 42 euros, or $45 | 1
42 euros | 42 euros or 3 days of work | 1
42 euros | 42 euros or so | 1
18 | 18 or older | 1
Lyon | Lyon or Paris | 0
Lyon | Paris or Lyon | 0
Lyon | Either Lyon or Paris. | 0
Lyon | Lyon and/or Paris | 0
Lyon | Lyon/Paris | 0
Bob | It could be Bob, or it could be Carol. | 0
blue | It is blue or red. | 0
blue | It is red or blue | 0
email | You can contact them by email or phone. | 1
Lyon | Lyon, Rhône, France | 1
Lyon | You can pay in Lyon or online. | 1
北京 | 北京或上海 | 0
yes | Yes or no. | 0
yes | Yes/no | 0
yes | Yes and no. | 0
no | No, no fee. | 1
no | No way, no, never. | 1"""

TAKEN_BACK = """\
Lyon | Lyon is not it | 0
Lyon | Lyon isn't the city. | 0
Lyon | Lyon isn't | 0
Lyon | Lyon is clearly not it | 0
Lyon | Is it Lyon? No, it is in the fine old city of Paris. | 0
Lyon | Lyon is not | 0
Lyon | Lyon is wrong. | 0
42 euros | 42 euros is not the price. | 0
Lyon | not Lyon but Paris | 0
Paris | not Lyon but Paris | 1
Lyon | Lyon? No, Paris. | 0
Paris | Lyon? No, Paris. | 1
Lyon | Lyon. No, Paris. | 0
Lyon | I don't think that it is in Lyon. | 0
Lyon | Anything but Lyon. | 0
Lyon | Paris rather than Lyon. | 0
Lyon | Lyon ist nicht die Stadt. | 0
里昂 | 里昂不是 | 0
Lyon | None other than Lyon. | 1
Lyon | Lyon is not only the capital but the seat. | 1
Lyon | The city of Lyon (not Paris) | 1
9 | Not until 9. | 1
30 days | No more than 30 days. | 1
2024 | im Mai 2024 | 1
Lyon | Lyon. No, there is nothing else to say about the fair. | 1"""

NUMBERS = """\
10 | 10 000 euros | 0
10000 euros | 10 000 euros | 1
2 | forty-two | 0
42 | forty-two | 1
250 | two hundred and fifty | 1
2 euros | two hundred euros | 0
100 | a hundred | 1
1 | one of them | 0
1 | only one | 1
1200 | one thousand two hundred | 0
2 | 2½ | 0
2.5 | 2 1/2 | 1
5 | 5 Millionen Euro | 0
5 | 5万 | 0
50000 | 5万 | 1
5 | 5亿 | 0
1 km | 1000 m | 1
2 hours | 120 minutes | 1
2 hours | 2 minutes | 0
90 minutes | 1.5 hours | 1
42 euros | € 42,- | 1
-5 euros | €-5 | 1
5 | -5 | 0
2.1 | v2.1 | 0
$5 | $50 | 0"""

WORDS = """\
US | Tell us more. | 0
US | It is in the US. | 1
US | U.S. | 1
WHO | I know who said it. | 0
May | It may rain. | 0
May | In May. | 1
May | may | 1
ロン | ロンドン | 0
ジョブズ | スティーブ・ジョブズ | 1
二 | 十二個 | 0
12 | １２個 | 1
القاهرة | في القاهرة | 1
Москва | Это Москва. | 1
Αθήνα | ΑΘΉΝΑ | 1
서울 | 서울입니다. | 1
Bob | Bobby | 0
1 | [1] | 0
2 | as said in [2] | 0
[2] | [2] | 1"""


def lines(table: str) -> list[tuple[str, str, float]]:
    rows = (line.split(" | ") for line in table.split("\n"))
    return [(gold, text, float(value)) for gold, text, value in rows]


@pytest.mark.parametrize(
    ("gold", "text", "value"),
    [row for table in (SEVERAL_ON_OFFER, TAKEN_BACK, NUMBERS, WORDS) for row in lines(table)],
)
def test_an_answer_that_tries_to_fool_the_scorer_against_hand(
    gold: str, text: str, value: float
) -> None:
    assert judge(question(gold), text).value == value


CHOICES = ("Lyon", "Paris", "Nice", "Lille")


@pytest.mark.parametrize(
    ("gold", "text", "value"),
    [
        ("A", "A or B", 0),
        ("A", "A, B", 0),
        ("A", "A. B.", 0),
        ("A", "A) and B)", 0),
        ("A", "(A) and (C)", 0),
        ("A", "The answer is A or B", 0),
        ("A", "Both A and B", 0),
        ("A", "The answer is not A", 0),
        ("A", "a lovely town", 0),
        ("A", "A lovely town", 0),
        ("B", "not A but B", 1),
        ("B", "B, not A", 1),
        ("B", "Option B.", 1),
        ("C", "**C**", 1),
        ("A", "I think A", 1),
        ("A", "Lyon is not it, Paris is.", 0),
        ("B", "Lyon is not it, Paris is.", 1),
    ],
)
def test_letters_and_texts_of_choices_against_hand(gold: str, text: str, value: float) -> None:
    assert judge(question(gold, choices=CHOICES), text).value == value


def test_what_the_question_accepts_may_be_on_offer_together() -> None:
    q = Question(
        id="q",
        where=Where(file="e"),
        question="Which sizes?",
        answers=(("41",), ("42", "forty-two")),
    )
    assert judge(q, "41 or 42").value == 1.0
    assert judge(q, "41, 42 or 43").value == 0.0
    city = question("Lyon")
    assert judge(city, "Lyon or Lugdunum").value == 0.0
    both = Question(id="q", where=Where(file="e"), question="?", answers=(("Lyon", "Lugdunum"),))
    assert judge(both, "Lyon or Lugdunum").value == 1.0


def test_a_question_with_a_negation_makes_is_not_an_answer() -> None:
    asked = "On which day is the museum not open?"
    assert judge(question("Monday", question=asked), "Monday is not open.").value == 1.0
    assert judge(question("Monday"), "Monday is not open.").value == 0.0


def test_a_tolerance_is_meant_in_the_expected_unit() -> None:
    assert holds("1004 m", "1 km", numeric_tol=0.005)
    assert not holds("1006 m", "1 km", numeric_tol=0.005)


ANSWERS = ["It costs 42 euros.", "The fair is in São Paulo.", "Bob or Carol", "C# and C++", "1,200"]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ANSWERS), st.sampled_from(["42 euros", "são paulo", "Bob", "C#", "1200"]))
def test_spelling_does_not_change_what_is_held_invariant(text: str, gold: str) -> None:
    held = holds(text, gold)
    for form in ("NFC", "NFD", "NFKC"):
        assert holds(unicodedata.normalize(form, text), gold) == held
        assert holds(text, unicodedata.normalize(form, gold)) == held
    assert holds(f"  {text.replace(' ', '   ')}\n", gold) == held
    assert holds(f"<think>no, {gold}?</think>{text}", gold) or not held


@pytest.mark.parametrize("piece", ["no, ", "1, ", "or ", " ", "a? no ", "[1]", '"', "not ", "A"])
def test_an_answer_that_loops_does_not_hang_the_scorers(piece: str) -> None:
    q = question("Lyon", context="[1] The fair is in Lyon.", key_points=(("Lyon",), ("fair",)))
    text = piece * (16_000 // len(piece))
    said = Completion(question_id="q", arm="base", text=text, n_tokens=1, finish="length")
    start = time.process_time()
    score_completions([q], [said])
    # About half a second; a rule that takes quadratic time would need minutes.
    assert time.process_time() - start < 15
