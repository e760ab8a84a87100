"""Do training rows stand in the eval set? Question, answer and context are looked at apart.

Rules and thresholds: EVALUATION.md section 3.1. ``exact`` and ``near`` make a run invalid;
``suspect`` pairs are shown. What is *not* a leak: the same fact taught in other words (that is
the purpose), a short gold answer that repeats, the same wording over another passage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from realift.data.alike import (
    LONG_ENOUGH,
    NEAR,
    Asking,
    Likeness,
    asking,
    build_index,
    candidates,
    likeness,
)
from realift.data.text import containment, fold, is_refusal, jaccard
from realift.types import Example, Leak, LeakCheck, Message, Question, Where

MIN_ANSWER_WORDS = 8  # shorter gold answers repeat legitimately
LONG_ANSWER_WORDS = 20  # an identical answer this long is a copy, not a fact
_CONTROL_QUESTIONS = 5
_SAME_CONTEXT = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class _Turn:
    """One user turn of a training row and the answer to it."""

    example_id: str
    asked: Asking
    answer: str


def find_leaks(examples: Sequence[Example], questions: Sequence[Question]) -> LeakCheck:
    """Compare every training turn with every question.

    1. Plant copies of up to five questions (as they stand, with other case and punctuation, with
       a prefix) and see that the same search finds them: the positive control.
    2. Search the user's rows for questions, long answers and contexts.

    All exact and near pairs are returned; of the suspects only the closest per question and
    field. Without rows or long enough questions nothing can fire, and ``n_could_fire`` is 0.
    """
    able = [q for q in questions if len(fold(q.question)) >= LONG_ENOUGH]
    planted = _plant(able)
    caught = {
        (leak.example_id, leak.question_id)
        for leak in _question_leaks(_turns([row for row, _ in planted]), able)
        if leak.kind != "suspect"
    }
    turns = _turns(examples)
    leaks = [
        *_question_leaks(turns, questions),
        *_answer_leaks(turns, questions),
        *_context_leaks(turns, questions),
    ]
    place = {q.id: number for number, q in enumerate(questions)}
    rank = {"exact": 0, "near": 1, "suspect": 2}
    leaks.sort(key=lambda k: (rank[k.kind], place[k.question_id], -k.similarity))
    return LeakCheck(
        leaks=tuple(leaks),
        n_questions=len(questions),
        n_could_fire=len(able) if turns else 0,
        controls_caught=sum((row.id, question_id) in caught for row, question_id in planted),
        controls_planted=len(planted),
    )


def _turns(examples: Iterable[Example]) -> list[_Turn]:
    turns = []
    for example in examples:
        for number, message in enumerate(example.messages):
            if message.role != "user":
                continue
            after = example.messages[number + 1 : number + 2]
            turns.append(
                _Turn(
                    example_id=example.id,
                    asked=asking(message.content, message.context),
                    answer=after[0].content if after else "",
                )
            )
    return turns


def _leak(turn: _Turn, question: Question, field: str, like: Likeness) -> Leak:
    texts = {
        "question": (turn.asked.text, question.question),
        "answer": (turn.answer, _gold(question)),
        "context": (turn.asked.context, question.context),
    }[field]
    return Leak(
        example_id=turn.example_id,
        question_id=question.id,
        field=field,  # type: ignore[arg-type]
        kind=like.kind,
        similarity=round(like.similarity, 4),
        example_text=texts[0],
        question_text=texts[1],
    )


def _kept(found: Iterable[Leak]) -> list[Leak]:
    """All exact and near pairs; of the suspects the closest one, if there is no worse pair."""
    leaks = list(found)
    certain = [leak for leak in leaks if leak.kind != "suspect"]
    if certain or not leaks:
        return certain
    return [max(leaks, key=lambda leak: leak.similarity)]


def _question_leaks(turns: Sequence[_Turn], questions: Sequence[Question]) -> list[Leak]:
    index = build_index([turn.asked for turn in turns])
    leaks: list[Leak] = []
    for question in questions:
        asked = asking(question.question, question.context)
        found = []
        for number in candidates(index, asked):
            like = likeness(turns[number].asked, asked)
            if like is not None:
                found.append(_leak(turns[number], question, "question", like))
        leaks += _kept(found)
    return leaks


def _gold(question: Question) -> str:
    """The first alternative of every slot, as one text."""
    return " ".join(slot[0] for slot in question.answers if slot)


def _answer_leaks(turns: Sequence[_Turn], questions: Sequence[Question]) -> list[Leak]:
    long = [t for t in turns if len(fold(t.answer).split()) >= MIN_ANSWER_WORDS]
    long = [t for t in long if not is_refusal(t.answer)]
    given = [asking(t.answer) for t in long]
    index = build_index(given)
    leaks: list[Leak] = []
    for question in questions:
        gold = asking(_gold(question))
        n_words = len(gold.folded.split())
        if not question.answerable or n_words < MIN_ANSWER_WORDS:
            continue
        found = []
        for number in candidates(index, gold, share=NEAR):
            similarity = jaccard(gold.grams, given[number].grams)
            if similarity < NEAR:
                continue
            same = given[number].folded == gold.folded
            kind = "exact" if same and n_words >= LONG_ANSWER_WORDS else "suspect"
            like = Likeness(kind=kind, similarity=similarity)  # type: ignore[arg-type]
            found.append(_leak(long[number], question, "answer", like))
        leaks += _kept(found)
    return leaks


def _context_leaks(turns: Sequence[_Turn], questions: Sequence[Question]) -> list[Leak]:
    """Questions over a passage that was trained on: a weaker leak, so always a suspect."""
    first_with: dict[str, _Turn] = {}
    for turn in turns:
        if turn.asked.context:
            first_with.setdefault(turn.asked.folded_context, turn)
    trained = list(first_with.values())
    index = build_index([asking(turn.asked.context) for turn in trained])
    leaks: list[Leak] = []
    for question in questions:
        if not question.context:
            continue
        given = asking(question.context)
        found = []
        for number in candidates(index, given, share=_SAME_CONTEXT):
            other = trained[number].asked.context_grams
            similarity = max(jaccard(given.grams, other), containment(given.grams, other))
            if similarity >= _SAME_CONTEXT:
                like = Likeness(kind="suspect", similarity=similarity)
                found.append(_leak(trained[number], question, "context", like))
        leaks += _kept(found)
    return leaks


def _plant(questions: Sequence[Question]) -> list[tuple[Example, str]]:
    """Leaked copies of some questions, spread over the eval set: three edits of each."""
    step = max(1, len(questions) // _CONTROL_QUESTIONS)
    planted = []
    for question in questions[::step][:_CONTROL_QUESTIONS]:
        text = question.question
        edits = {
            "copy": text,
            "case": text.swapcase().rstrip("?!. ") + " ?!",
            "prefix": f"Please answer this question: {text}",
        }
        for name, edited in edits.items():
            example = Example(
                id=f"control:{name}:{question.id}",
                where=Where(file="control"),
                messages=(
                    Message(role="user", content=edited, context=question.context),
                    Message(role="assistant", content="planted"),
                ),
            )
            planted.append((example, question.id))
    return planted
