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
    likeness,
)
from realift.data.pairs import holding
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
    text: str
    context: str
    answer: str

    @property
    def asked(self) -> Asking:
        return asking(self.text, self.context)


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
                    text=message.content,
                    context=message.context,
                    answer=after[0].content if after else "",
                )
            )
    return turns


def _leak(turn: _Turn, question: Question, field: str, like: Likeness) -> Leak:
    texts = {
        "question": (turn.text, question.question),
        "answer": (turn.answer, _gold(question)),
        "context": (turn.context, question.context),
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


def _folded(text: str) -> str:
    return fold(text) or text.strip()


def _question_leaks(turns: Sequence[_Turn], questions: Sequence[Question]) -> list[Leak]:
    askings = [asking(q.question, q.context) for q in questions]
    leaks: list[Leak] = []
    numbers = holding([_folded(turn.text) for turn in turns], askings)
    for question, asked, near in zip(questions, askings, numbers, strict=True):
        found = []
        for number in near:
            like = likeness(turns[number].asked, asked)
            if like is not None:
                found.append(_leak(turns[number], question, "question", like))
        leaks += _kept(found)
    return leaks


def _gold(question: Question) -> str:
    """The first alternative of every slot, as one text."""
    return " ".join(slot[0] for slot in question.answers if slot)


def _answer_leaks(turns: Sequence[_Turn], questions: Sequence[Question]) -> list[Leak]:
    long = [t for t in turns if t.answer.count(" ") >= MIN_ANSWER_WORDS // 2]
    long = [t for t in long if len(fold(t.answer).split()) >= MIN_ANSWER_WORDS]
    long = [t for t in long if not is_refusal(t.answer)]
    asked = [q for q in questions if q.answerable]
    asked = [q for q in asked if len(fold(_gold(q)).split()) >= MIN_ANSWER_WORDS]
    golds = [asking(_gold(q)) for q in asked]
    leaks: list[Leak] = []
    numbers = holding([_folded(t.answer) for t in long], golds, share=NEAR)
    for question, gold, near in zip(asked, golds, numbers, strict=True):
        found = []
        for number in near:
            given = asking(long[number].answer)
            similarity = jaccard(gold.grams, given.grams)
            if similarity < NEAR:
                continue
            same = given.folded == gold.folded
            copied = same and len(gold.folded.split()) >= LONG_ANSWER_WORDS
            like = Likeness(kind="exact" if copied else "suspect", similarity=similarity)
            found.append(_leak(long[number], question, "answer", like))
        leaks += _kept(found)
    return leaks


def _context_leaks(turns: Sequence[_Turn], questions: Sequence[Question]) -> list[Leak]:
    """Questions over a passage that was trained on: a weaker leak, so always a suspect."""
    first_with: dict[str, _Turn] = {}
    for turn in turns:
        if turn.context:
            first_with.setdefault(_folded(turn.context), turn)
    trained = list(first_with.values())
    asked = [q for q in questions if q.context]
    contexts = {q.context: asking(q.context) for q in asked}
    numbers = holding(list(first_with), list(contexts.values()), share=_SAME_CONTEXT)
    near = dict(zip(contexts, numbers, strict=True))
    leaks: list[Leak] = []
    for question in asked:
        given = contexts[question.context]
        found = []
        for number in near[question.context]:
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
