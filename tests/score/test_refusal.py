"""The refusal detector on sentences written by hand: refusals, traps, hedges."""

from __future__ import annotations

import pytest

from realift.config import REFUSAL
from realift.score import detect

CLEAN = """\
I don't have enough context to answer.
I don’t have enough context to answer.
I don't have enough context to answer [1].
**I don't have enough context to answer.**
Answer: I don't have enough context to answer.
I do not have enough information to answer this question.
I'm sorry, but I don't have enough context to answer that.
I don't have enough context to answer. Please provide more details.
I'm sorry. I can't find the answer in the passage.
The context does not contain the answer.
The provided passage doesn't mention who founded the company.
Based on the given context, I cannot determine the price.
There is not enough information in the context to answer.
There is no information about the opening hours in the text.
Insufficient information to answer the question.
I don't know.
Unfortunately, the document does not say when the service started.
The answer is not in the provided text.
The question cannot be answered based on the passage.
The CEO's name is not mentioned in the context.
Neither source mentions the delivery time.
None of the documents say who the manager is.
The passage only discusses pricing and does not mention the founder.
The information needed to answer this question is not available in the context.
Without more context, I can't answer.
The passage gives no price.
Unknown.
I was not told who runs it.
It is not known when the pool opens.
Nothing here says who leads the choir.
I can't tell. I need more of the text.
Not in the notes. They do not say who leads it.
I don't know. \ufffd\x1bThe story does not say.
Ich habe nicht genug Kontext, um zu antworten.
Der Kontext enthält keine Angaben dazu.
Leider weiß ich das nicht.
Je n'ai pas assez de contexte pour répondre.
Le contexte ne précise pas le prix.
No tengo suficiente contexto para responder.
Lo siento, no dispongo de esa información.
El texto no menciona el precio.
我没有足够的上下文来回答。
根据提供的信息无法回答这个问题。
文中没有提到价格。
コンテキストが不足しているため、回答できません。
わかりません。"""

NONE = """\
The report says the cause is unknown.
There is no evidence that the drug works [1].
There is no data limit on the plan.
No, there is no fee for that.
The information desk is on floor 2.
The data is not available to guests on weekends.
Customers cannot cancel after 30 days.
Breakfast is not included in the price.
It does not include batteries.
He said "I don't know" and left.
Unknown artists painted it.
The information is not shared with third parties.
The unit cannot be repaired.
It is not known why the engine stopped [1].
The age of the tree could not be determined [2].
Unknown [1].
"I don't know," said Tom.
"I don't know", the old man replied.
If you are not sure, call 5500.
They do not mention prices to customers.
We need data from three sources.
Nobody knows; the passage calls it a mystery.
The passage is 3 km long.
Acme does not provide phone support.
The report is not available on Sundays.
Keine Gebühr.
Le document est signé par le maire.
El documento fue firmado en 1999.
没有费用。
料金はかかりません。"""

MIXED = """\
I don't have enough context. However it's Lyon.
I don't know. It is blue.
I don't have enough context to answer, but it is probably Lyon.
I don't have enough context to answer. The price is 42 euros.
42 euros. I don't have enough context to answer.
42 euros, but I'm not certain.
Lyon, though the text does not say so.
Unknown, perhaps Dr. Falk.
I don't have enough context to answer. The passage mentions Bob.
我不知道。可能是北京。"""


@pytest.mark.parametrize("text", CLEAN.split("\n"))
def test_a_refusal_is_recognized_against_hand(text: str) -> None:
    assert detect(text).kind == "clean"


@pytest.mark.parametrize("text", NONE.split("\n"))
def test_refusal_words_inside_an_answer_are_no_refusal_against_hand(text: str) -> None:
    assert detect(text).kind == "none"


@pytest.mark.parametrize("text", MIXED.split("\n"))
def test_a_refusal_with_an_answer_is_mixed_against_hand(text: str) -> None:
    assert detect(text).kind == "mixed"


def test_the_default_sentence_always_counts() -> None:
    assert detect(REFUSAL).kind == "clean"
    assert detect(REFUSAL, phrases=["Pass."]).kind == "clean"


def test_configured_phrases_count_in_any_apostrophe_and_case() -> None:
    phrases = ["That’s not in my handbook.", "Pass"]
    assert detect("THAT'S NOT IN MY HANDBOOK!", phrases).kind == "clean"
    assert detect("Sorry, that's not in my handbook.", phrases).kind == "clean"
    assert detect("Pass.", phrases).kind == "clean"
    assert detect("Pass", ()).kind == "none"


def test_a_phrase_of_ones_own_changes_what_is_found() -> None:
    said = "Computer says no."
    assert detect(said).kind == "none"
    assert detect(said, phrases=["Computer says no"]).kind == "clean"
    assert detect(f"{said} It is 42 euros.", phrases=["Computer says no"]).kind == "mixed"


def test_a_short_phrase_must_be_the_whole_sentence_rejects() -> None:
    assert detect("Passengers board at noon.", phrases=["Pass"]).kind == "none"
    assert detect("Pass the second gate.", phrases=["Pass"]).kind == "none"


def test_a_phrase_of_two_sentences_is_one_refusal() -> None:
    assert detect("Not in scope. Ask Bob.", phrases=["Not in scope. Ask Bob."]).kind == "clean"


def test_a_refusal_may_repeat_the_question_but_not_bring_numbers() -> None:
    asked = "What did the Model 3 cost in 2020?"
    said = "The passage does not say what the Model 3 cost in 2020."
    assert detect(said, question=asked).kind == "clean"
    assert (
        detect("The passage does not say it, only that it was 99 euros.", question=asked).kind
        == "mixed"
    )


def test_nothing_is_no_refusal() -> None:
    assert detect("").kind == "none"
    assert detect("...").kind == "none"
    assert detect("[1]").kind == "none"
