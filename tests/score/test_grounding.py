"""Grounding: citations, quotes, numbers, names and the support of every sentence."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realift.data.fields import render_context
from realift.score import ground, score_completions
from realift.score.sentences import sentences
from realift.score.sources import marks, sources
from realift.types import Completion, Passage, Question, Where

REFUSED = "I don't have enough context to answer."


def asked(context: str, question: str = "Where is the fair?", **fields: object) -> Question:
    base: dict[str, object] = {"id": "q", "where": Where(file="e")}
    return Question(**{**base, "question": question, "context": context, **fields})  # type: ignore[arg-type]


def listed(*passages: tuple[str, str | None], question: str, **fields: object) -> Question:
    made = tuple(Passage(text=text, source=source) for text, source in passages)
    return asked(render_context(made), question, passages=made, **fields)


RUNNER = listed(
    ("The Acme runner listens on port 7420. It restarts every 30 minutes.", "runner.md"),
    ("Logs are kept for 14 days by Alice Smith in Lyon.", "logs.md"),
    question="Which port does the Acme runner listen on?",
    expected_source="runner.md",
)
FAIR = asked("The fair takes place in Lyon every May. Tickets cost 42 euros.")
LABELED = asked("[3] The fair takes place in Lyon.\n[7] Tickets cost 42 euros.")


@pytest.mark.parametrize(
    "text",
    [
        "7420 [1].",
        "The Acme runner listens on port 7420 [1].",
        "It listens on port 7420. [1]",  # behind the full stop: of the sentence before
        "The Acme runner listens on port 7420.\n[1]",
        "[1] The Acme runner listens on port 7420.",
        "The Acme runner listens on port 7420 (runner.md).",
        "Port 7420 [1]. Logs are kept for 14 days [2].",
        "Port 7420 [1, 2].",
        "Port 7420, says passage 1.",
        'The text says "the Acme runner listens on port 7420" [1].',
        "I don't know. It is probably port 7420.",
        "Port 7420 [1].\nI hope this helps! Do you need anything else?",
        "Answer: 7420 [1]",
        "1. Port 7420 [1]\n2. Logs are kept for 14 days [2]",
        "Dr. Smith keeps logs for 14 days [2].",
        "<think>Port 9999 in Paris?</think>Port 7420.",
        "Port 7420.\n\nQuestion: Who is Bob?\nAnswer: the chief of Zephyr",
        '```json\n{"port": 7420}\n```',
        "Additionally, the Acme runner listens on port 7420 [1].",
        "There is one port: 7420 [1].",
    ],
)
def test_what_stands_in_the_cited_passages_is_grounded_against_hand(text: str) -> None:
    found = ground(RUNNER, text)
    assert found.grounded, found.reason
    assert found.fabricated_citations == found.unsupported_numbers == ()
    assert found.unsupported_names == found.unsupported_sentences == found.false_quotes == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty answer"),
        ("[1]", "empty answer"),
        ("<think>7420</think>", "empty answer"),
        (REFUSED, "refused"),
        ("Do you want to know more?", "claims nothing"),
        ("Port 7420 [0].", "cites [0], which the context does not have"),
        ("Port 7420 [3].", "cites [3], which"),
        ("Port 7420 [-1].", "cites [-1], which"),
        ("Port 7420 [1, 5].", "cites [5], which"),
        ("Port 7420 [1-3].", "cites [3], which"),
        ("Port 7420 [other.md].", "cites [other.md], which"),
        ("Port 7420, says passage 4.", "cites [4], which"),
        ("Port 7420 [2].", "the cited [2] does not have '7420'"),
        ("Port 7420 [2]. Logs are kept for 14 days [1].", "the cited [2] does not have '7420'"),
        ("Port 7421 [1].", "the number 7421 is not in context or question"),
        ("The Zephyr runner listens on port 7420 [1].", "the name 'Zephyr' is not in"),
        ("Bob Smith keeps logs for 14 days [2].", "the name 'Bob' is not in"),
        ("The logs are kept in Paris [2].", "the name 'Paris' is not in"),
        ('It says "the Acme runner listens on some port 7420" [1].', "quotes words that are not"),
        ('"the Acme runner listens on port 7420" [2].', "quotes words that are not"),
        ("Port 7420, and the moon is made of soft cheese [1].", "the cited [1] does not support"),
        ("The Acme runner does not listen on port 7420 [1].", "the cited [1] does not support"),
    ],
)
def test_the_first_failure_is_named_in_plain_words_against_hand(text: str, reason: str) -> None:
    found = ground(RUNNER, text)
    assert not found.grounded
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("q", "text", "grounded"),
    [
        (FAIR, "Lyon", True),
        (FAIR, "In LYON.", True),
        (FAIR, "Tickets cost forty-two euros.", True),
        (FAIR, "€42.00", True),
        (FAIR, "Paris", False),
        (FAIR, "Paris is the city where the fair takes place every May.", False),
        (FAIR, "Tickets cost 42 dollars.", False),
        (FAIR, "In Lyon [1].", False),  # nothing is numbered
        (LABELED, "In Lyon [3].", True),
        (LABELED, "It costs 42 euros [7].", True),
        (LABELED, "In Lyon [1].", False),
        (LABELED, "In Lyon [7].", False),
        (asked("Breakfast is not included.", "Is breakfast included?"), "No.", True),
        (asked("Breakfast is not included.", "Is breakfast included?"), "Yes.", False),
        (asked("Breakfast is included.", "Is breakfast included?"), "Yes.", True),
        (asked("Breakfast is included.", "Is breakfast included?"), "No.", False),
        (asked("The cat sat.", "Is breakfast included?"), "Yes.", False),
        (asked("No dogs allowed.", "Are dogs allowed?"), "Dogs are not allowed.", True),
        (
            asked("Customers cannot cancel after 30 days.", "May they?"),
            "Customers can cancel within 30 days.",
            False,
        ),
    ],
)
def test_plain_contexts_labels_and_yes_and_no_against_hand(
    q: Question, text: str, grounded: bool
) -> None:
    assert ground(q, text).grounded is grounded


@pytest.mark.parametrize(
    ("lang", "context", "question", "right", "wrong"),
    [
        (
            "zh",
            "李明在北京大学学习。",
            "李明在哪里学习？",
            "李明在北京大学学习。",
            "李明在南京大学学习。",
        ),
        ("zh", "李明在北京大学学习。", "李明在哪里学习？", "北京大学。", "他在上海学习。"),
        (
            "zh",
            "李明每天早上在北京的图书馆学习中文。",
            "在哪里？",
            "李明早上在北京的图书馆学习中文。",
            "李明每天早上在深圳的图书馆学习中文。",
        ),
        (
            "ja",
            "スミスさんはロンドンに住んでいます。",
            "どこ？",
            "ロンドンです。",
            "パリに住んでいます。",
        ),
        (
            "ja",
            "スミスさんはロンドンの会社で毎日働いています。",
            "どこ？",
            "スミスさんはロンドンの会社で働いています。",
            "スミスさんはパリの会社で毎日働いています。",
        ),
        ("ko", "축제는 서울에서 열립니다.", "어디?", "서울에서 열립니다.", "부산에서 열립니다."),
        ("ru", "Ярмарка проходит в Лионе.", "Где?", "Ярмарка в Лионе.", "Ярмарка в Париже."),
        (
            "de",
            "Die Messe ist im Mai in Lyon.",
            "Wann?",
            "Im Mai.",
            "Die Messe ist im Mai in Acme City.",
        ),
        ("de", "Der Eintritt kostet 1.250 Euro.", "Was?", "1250 Euro", "1,25 Euro"),
        ("fr", "La foire a lieu à Lyon.", "Où ?", "À Lyon.", "La foire a lieu à Paris."),
    ],
)
def test_names_and_numbers_of_other_languages_against_hand(
    lang: str, context: str, question: str, right: str, wrong: str
) -> None:
    q = asked(context, question, lang=lang)
    assert ground(q, right).grounded, ground(q, right).reason
    assert not ground(q, wrong).grounded


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("A fair. [1] In May. [2]", [(1,), (2,)]),
        ("A fair [1]. In May.[2]", [(1,), (2,)]),
        ("[1] A fair. [2] In May.", [(1,), (2,)]),
        ("A fair.\n[1]\nIn May [2, 3].", [(1,), (2, 3)]),
        ("A fair [1][2]. Dr. J. Smith paid 3.5 euros, e.g. No. 5 [3].", [(1, 2), (3,)]),
        ("集市在里昂。[1]五月。[2]", [(1,), (2,)]),
        ("No. It is closed [1].", [(), (1,)]),
    ],
)
def test_a_citation_belongs_to_its_sentence_against_hand(
    text: str, cited: list[tuple[int, ...]]
) -> None:
    q = asked("[1] A.\n[2] B.\n[3] C.")
    found = marks(text, q, sources(q))
    assert [s.cited for s in sentences(text, found)] == cited


def test_each_part_of_a_sentence_answers_for_its_own_citation() -> None:
    assert ground(RUNNER, "Port 7420 [1] and logs for 14 days [2].").grounded
    found = ground(RUNNER, "Port 7420 [2] and logs for 14 days [1].")
    assert found.reason == "the cited [2] does not have '7420'"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("It opens at 10:30 on 2024-05-01.", ()),
        ("It opens at 10:15 on 2024-05-02.", ("10:15", "2024-05-02")),
        ("It closes at 18:00, on the 3rd floor.", ()),
        ("It closes at 19:00, on the 4th floor.", ("19:00", "4th")),
        ("In May 2024.", ()),  # a part of a date that stands there
        ("It is 1.5 km, 1500 m.", ()),
        ("It is 15 km, 1.5 miles.", ("15 km", "1.5 mile")),
        ("Half of it, 50%.", ()),
        ("50 of them.", ("50",)),
    ],
)
def test_numbers_dates_and_times_must_stand_there_against_hand(
    text: str, missing: tuple[str, ...]
) -> None:
    q = asked("Open from 10:30 to 18 o'clock, from 2024-05-01, floor 3, after 1.5 km; 50 % off.")
    assert ground(q, text).unsupported_numbers == missing


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Between 20 and 25 pounds.", ()),
        ("It is 20-25 pounds a head.", ()),
        ("Shipping is 1,200 to 1,500 dollars.", ()),
        ("At most 26 pounds.", ("26 pound",)),
        ("It is £20-26.", ("20-26",)),
    ],
)
def test_both_ends_of_a_range_of_prices_stand_there_against_hand(
    text: str, missing: tuple[str, ...]
) -> None:
    q = asked("price range £20-25, shipping $1,200-1,500")
    assert ground(q, text).unsupported_numbers == missing


def test_a_citation_without_any_numbered_passage_says_so() -> None:
    reason = "cites [1], but nothing in the context is numbered"
    assert ground(FAIR, "In Lyon [1].").reason == reason


def test_every_fault_is_counted_not_only_the_first() -> None:
    text = 'Bob of Zephyr [9] paid 99 euros [0]. "he never paid a single cent" [9]'
    found = ground(RUNNER, text)
    assert found.fabricated_citations == ("[9]", "[0]")
    assert found.n_citations == 3
    assert found.unsupported_numbers == ("99 eur",)
    assert found.unsupported_names == ("Bob", "Zephyr")
    assert found.false_quotes == ("he never paid a single cent",)
    assert (found.n_claims, len(found.unsupported_sentences)) == (2, 2)


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("Port 7420 [1].", 1.0),
        ("Port 7420 [1][2].", 0.5),  # the second is not needed
        ("Port 7420 [1][9].", 0.5),  # a fabricated one counts
        ("Port 7420 [9].", 0.0),
        ("Port 7420 [2].", 0.0),
        ("Port 7420 and logs for 14 days [1][2].", 1.0),  # only together
        ("Port 7420.", None),
        ("", None),
    ],
)
def test_citation_precision_counts_needed_citations_against_hand(
    text: str, precision: float | None
) -> None:
    assert ground(RUNNER, text).citation_precision == precision


def test_the_expected_source_is_looked_for_among_the_cited() -> None:
    assert ground(RUNNER, "Port 7420 [1].").expected_source_cited is True
    assert ground(RUNNER, "Port 7420 [2].").expected_source_cited is False
    assert ground(FAIR, "Lyon").expected_source_cited is None


def test_labels_of_a_plain_context_are_read_in_any_order() -> None:
    assert sources(asked("Passages:\n[4] Late.\n[2] Early.\n[4] Again.")).numbered == {
        4: "Late.\nAgain.",
        2: "Early.",
    }
    assert sources(asked("[1] A fair. [2] In May.")).numbered == {1: "A fair.", 2: "In May."}
    assert sources(asked("[1] A fair. [2] In May.\n[3]In Lyon.")).numbered.keys() == {1, 2, 3}
    assert sources(asked("A fair.[1] In May, too [2] they say.")).numbered == {}  # references


def test_a_label_inside_a_listed_passage_is_no_passage() -> None:
    q = listed(("The fair.\n[9] is a footnote.", None), question="What?")
    assert sources(q).numbered.keys() == {1}
    assert ground(q, "The fair [9].").fabricated_citations == ("[9]",)


def test_a_model_takes_the_place_of_shared_words() -> None:
    heard: list[tuple[str, str]] = []

    def supports(premise: str, claim: str) -> float:
        heard.append((premise, claim))
        return 0.9

    text = "The software awaits connections there [1]."
    assert not ground(RUNNER, text).grounded
    assert ground(RUNNER, text, supports=supports).grounded
    premise, claim = heard[0]
    assert "listens on port 7420" in premise
    assert "14 days" not in premise
    assert claim == "The software awaits connections there."
    assert not ground(RUNNER, text, supports=lambda *_: 0.4).grounded
    # Numbers and names are checked all the same, and a bare answer goes with its question.
    assert not ground(RUNNER, "Port 99 [1].", supports=supports).grounded
    ground(RUNNER, "7420", supports=supports)
    assert heard[-1][1] == f"{RUNNER.question} 7420"


def test_grounding_applies_by_the_question_never_by_the_answer() -> None:
    for text in ("Lyon", "", REFUSED, "Paris [9]"):
        for q, applies in (
            (FAIR, True),
            (asked(""), False),
            (asked("A.", answerable=False), False),
        ):
            c = Completion(question_id="q", arm="base", text=text, n_tokens=1, finish="stop")
            dimensions = {s.dimension for s in score_completions([q], [c])}
            assert ("grounding" in dimensions) is applies


TEXTS = ["7420 [1].", "Port 7420 [2].", "Logs are kept for 14 days [2].", "In São Paulo [1]."]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(TEXTS), st.sampled_from(["NFC", "NFD", "NFKC"]), st.integers(1, 3))
def test_spelling_and_space_do_not_change_grounding_invariant(
    text: str, form: str, spaces: int
) -> None:
    plain = ground(RUNNER, text)
    other = ground(RUNNER, unicodedata.normalize(form, text).replace(" ", " " * spaces))
    assert (other.grounded, other.fabricated_citations) == (
        plain.grounded,
        plain.fabricated_citations,
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(-5, 60).filter(lambda n: n not in (1, 2)))
def test_any_number_but_those_of_the_passages_is_fabricated_invariant(n: int) -> None:
    found = ground(RUNNER, f"The Acme runner listens on port 7420 [{n}].")
    assert not found.grounded
    assert found.fabricated_citations == (f"[{n}]",)
