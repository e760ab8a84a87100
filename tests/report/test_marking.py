from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realift.report import by_question, cards, marking
from realift.report.marking import Span
from realift.score.sources import sources
from realift.types import Completion, Passage, Question, Score, Where


def marked(text: str, kind: str, spans: tuple[Span, ...]) -> list[str]:
    return [text[s.start : s.end] for s in spans if s.kind == kind]


def question(context: str = "", passages: tuple[Passage, ...] = ()) -> Question:
    return Question(
        id="1",
        where=Where(file="e.jsonl", line=1),
        question="How long is a key valid?",
        context=context,
        passages=passages,
        answers=(("8 hours",),),
    )


NUMBERED = question("[1] Cards are valid for 40 days.\n[2] A key is valid for 8 hours.")


@pytest.mark.parametrize(
    ("text", "other", "only"),
    [
        ("It is Oslo [1].", "It is Rome [1].", ["Oslo"]),
        ("It is Oslo.", "it  is\noslo.", []),
        ("8 hours", "8 hours and more", []),
        ("8 hours and more", "8 hours", ["and more"]),
        ("no word in common.", "Completely different.", []),
        ("", "x", []),
        ("49.50 euros", "49.00 euros", ["49.50"]),
    ],
)
def test_words_of_one_answer_alone_are_marked(text: str, other: str, only: list[str]) -> None:
    assert marked(text, "only", marking.only_here(text, other)) == only


def test_two_long_answers_are_not_compared() -> None:
    text = "word " * 400
    assert marking.only_here(text + "end", text) == ()


@given(st.text(), st.text())
def test_pieces_together_are_the_text(text: str, other: str) -> None:
    spans = marking.only_here(text, other)
    found = list(marking.pieces(text, [*spans, Span(start=1, end=3, kind="cite")]))
    assert "".join(p.text for p in found) == text
    assert all(p.text for p in found) or text == ""


def test_citations_are_told_from_those_of_nothing() -> None:
    text = "8 hours [2], or 40 days [7]."
    found = marking.citations(NUMBERED, text, sources(NUMBERED))
    assert marked(text, "cite", found.spans) == ["[2]"]
    assert marked(text, "false cite", found.spans) == ["[7]"]
    assert found.numbers == (2,)


def test_what_an_answer_took_is_marked_in_the_passage_it_cites_only() -> None:
    known = sources(NUMBERED)
    said = [("adapter", "8 hours, not days [2]."), ("base", "40 days [1].")]
    first, second = marking.shown_passages(NUMBERED, said, known, 4000)  # type: ignore[arg-type]
    assert (first.number, first.cited_by) == (1, ("base",))
    assert [p.text for p in first.pieces if p.kinds] == ["40 days"]
    assert (second.number, second.cited_by) == (2, ("adapter",))
    assert [p.text for p in second.pieces if p.kinds] == ["8 hours"]


def test_without_citations_it_is_marked_wherever_it_stands() -> None:
    passages = (Passage(text="Valid for 8 hours.", source="a.md"), Passage(text="8 days."))
    q = question("Valid for 8 hours.\n8 days.", passages)
    shown = marking.shown_passages(q, [("adapter", "8 hours")], sources(q), 4000)
    assert [[p.text for p in s.pieces if p.kinds] for s in shown] == [["8 hours"], ["8"]]
    assert [s.source for s in shown] == ["a.md", ""]
    assert [s.cited_by for s in shown] == [(), ()]


@pytest.mark.parametrize(
    "context", ["plain text [1] here", "Before. \n[1] A.\n[2] B.", "[1] A.\n[1] A again.\n[3] C."]
)
def test_no_word_of_a_plain_context_is_lost(context: str) -> None:
    q = question(context)
    shown = marking.shown_passages(q, [], sources(q), 4000)
    words = " ".join(s.shown.text for s in shown).split()
    assert [w for w in words if w[0] != "["] == [w for w in context.split() if w[0] != "["]


def said(
    arm: str, text: str, *, value: float = 1.0, dimension: str = "correctness"
) -> by_question.Reply:
    c = Completion(question_id="1", arm=arm, text=text, n_tokens=3, finish="stop")  # type: ignore[arg-type]
    s = Score(question_id="1", arm=arm, dimension=dimension, value=value)  # type: ignore[arg-type]
    return by_question.Reply(completion=c, scores=(s,))


def card(*replies: by_question.Reply, q: Question = NUMBERED) -> cards.Card:
    asked = by_question.Asked(question=q, replies=replies, probes=(), outcome="mixed", marks=())
    return cards.make_cards([asked], 4000)[0]


def test_a_card_says_who_refuses_and_what_is_the_same() -> None:
    refusal = said("base", "I don't know.", value=0.0, dimension="no_over_refusal")
    found = card(refusal, said("few_shot", "i don't  KNOW."), said("adapter", "8 hours [2]."))
    assert found.flags == ("base refuses",)
    assert [s.refused for s in found.asking.said] == [True, False, False]
    assert [s.note for s in found.asking.said] == ["", "the same words as the base", ""]
    right = said("base", "I don't know.", dimension="refusal")
    must = dataclasses.replace(NUMBERED, answerable=False)
    assert card(right, q=must).flags == ("base refuses", "must be refused")


def test_citations_are_not_compared_as_words() -> None:
    found = card(said("base", "It is 8 hours [1]."), said("adapter", "It is 8 days [2]."))
    pieces = [(p.text, p.kinds) for p in found.asking.said[1].pieces if p.kinds]
    assert pieces == [("days", ("only",)), ("[2]", ("cite",))]


def test_samples_that_are_the_same_stand_together() -> None:
    def sample(i: int, arm: str, text: str, value: float) -> by_question.Reply:
        reply = said(arm, text, value=value)
        return by_question.Reply(
            completion=dataclasses.replace(reply.completion, sample=i),
            scores=tuple(dataclasses.replace(s, sample=i) for s in reply.scores),
        )

    adapter = [sample(i, "adapter", *x) for i, x in enumerate([("8 hours", 1.0), ("9", 0.0)] * 2)]
    base = [sample(i, "base", "8 days", 0.0) for i in range(4)]
    found = card(*base, *adapter).asking.said
    assert [s.title for s in found] == [
        "base, samples 1, 2, 3, 4",
        "adapter, samples 1, 3",
        "adapter, samples 2, 4",
    ]
    assert [p.text for p in found[1].pieces if p.kinds] == ["hours"]


def test_an_empty_answer_is_no_refusal() -> None:
    assert card(said("adapter", " ", value=0.0, dimension="no_over_refusal")).flags == ()


def test_a_megabyte_is_cut_before_anything_looks_into_it() -> None:
    found = card(said("base", "a b " * 300_000), said("adapter", "\u202e" * 1_000_000))
    assert [s.shown.cut for s in found.asking.said] == [True, True]
    assert all(len(s.shown.text) == 4000 for s in found.asking.said)
    assert found.asking.said[1].shown.text.startswith("⟨U+202E⟩")
