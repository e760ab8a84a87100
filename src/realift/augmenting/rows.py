"""Which twins are taken, which must not be, and the file they are written to."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from realift import run_folder
from realift.augmenting.twins import UNNAMED_THING, Draft, refusal_twins, reworded
from realift.config import REFUSAL
from realift.data.alike import Asking, Likeness, asking, likeness
from realift.data.check import check_examples
from realift.data.pairs import holding
from realift.data.read import raise_if_errors
from realift.data.text import fold
from realift.errors import UsageError
from realift.score import detect
from realift.sources import load_examples, load_questions
from realift.types import Example, Message, Question

_BATCH = 64  # drafts compared at a time
_Alike = tuple[int, Likeness]
Why = Literal["in the eval set", "contradicts a row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeRow:
    """A row that was written. ``source``: the row it was made from ("train.jsonl:17")."""

    made_by: str
    source: str
    question: str
    context: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A row that was not written. ``because_of``: the question or row it is too like."""

    made_by: str
    source: str
    question: str
    why: Why
    because_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmented:
    """What was written: the user's rows as they are, then the made ones."""

    out: str
    n_own: int
    n_own_refusals: int
    refusal: str
    made: tuple[MadeRow, ...]
    left_out: tuple[LeftOut, ...]
    n_asked_for: int
    eval_compared: int  # questions of the eval set that no made row may be like; 0 = none given


def augment(
    train: str | Path,
    *,
    out: str | Path,
    eval: str | Path | None = None,
    refusals: int | None = None,
    reword: int = 0,
    seed: int = 0,
    refusal_phrases: Sequence[str] = (),
    columns: Mapping[str, str] = {},
) -> Augmented:
    """Write the training rows and further ones made from them: refusals, other wordings.

    1. Refusals are taken in turn from every kind that the rows allow (``twins.KINDS``).
    2. A row that is too like an eval question (exact, near or suspect in the leak check), or like
       one of the user's rows with another answer, is left out and the next one is taken.
    3. Own rows are written first (a JSONL file word for word); made ones follow with ``source`` and
       ``made_by``, which reading ignores.

    Args:
        train: the user's rows, from wherever ``run`` reads them.
        out: a new JSONL file.
        eval: the eval set; its questions are only compared with.
        refusals: how many (default: so many that half of all rows refuse).
        reword: other wordings of each answering row (English only), at most.
        seed: of names and of what is put beside what.
        refusal_phrases: sentences that count as a refusal besides the built-in ones; the first
            is what the new rows say if the user's own rows do not refuse.
        columns: known name -> column, where the files name their fields otherwise.

    Raises:
        DataError: the rows cannot be used as they are.
        UsageError: ``out`` exists, or no such row can be made.
    """
    path = Path(out)
    if path.exists():
        raise UsageError(f"{path}: exists already", hint="give another --out, or move it away")
    if path.suffix.lower() != ".jsonl":
        raise UsageError(f"{path}: not a .jsonl file", hint="name it .jsonl")
    read = load_examples(str(train), columns)
    raise_if_errors((*read.problems, *check_examples(read.rows, refusal_phrases)))
    rows = read.rows
    questions: tuple[Question, ...] = ()
    if eval is not None:
        asked = load_questions(str(eval), columns)
        raise_if_errors(asked.problems)
        questions = asked.rows
    own_refusals = [r for r in rows if detect(r.answer, refusal_phrases).kind == "clean"]
    refusing = {r.id for r in own_refusals}
    answering = [r for r in rows if r.id not in refusing and len(_turns(r)) == 2]
    wanted = max(0, len(rows) - 2 * len(own_refusals)) if refusals is None else refusals
    said = Counter(r.answer.strip() for r in own_refusals).most_common(1)
    refusal = said[0][0] if said else next(iter(refusal_phrases), REFUSAL)

    texts = [t for r in rows for m in r.messages for t in (m.content, m.context)]
    texts += [t for q in questions for t in (q.question, q.context, *_flat(q))]
    chooser = _Chooser(rows=rows, questions=questions, refusal=refusal)
    chooser.take(_in_turn(refusal_twins(answering, rows, texts, seed=seed)), wanted)
    chooser.take(reworded(answering), reword * len(answering))
    if not chooser.made and (wanted or reword):
        raise UsageError(
            f"{train}: no row could be made from these rows",
            hint="rows with a context, or English questions that hold a name, give refusals; "
            "English questions give other wordings",
        )
    run_folder.write_text(
        path, _own_lines(train, rows, verbatim=not columns) + "".join(map(_line, chooser.made))
    )
    return Augmented(
        out=str(path),
        n_own=len(rows),
        n_own_refusals=len(own_refusals),
        refusal=refusal,
        made=tuple(chooser.made),
        left_out=tuple(chooser.left_out),
        n_asked_for=wanted + reword * len(answering),
        eval_compared=len(questions),
    )


class _Chooser:
    """Takes drafts in their order and keeps those that harm nothing."""

    def __init__(
        self, *, rows: Sequence[Example], questions: Sequence[Question], refusal: str
    ) -> None:
        self.rows, self.questions, self.refusal = rows, questions, refusal
        self.made: list[MadeRow] = []
        self.left_out: list[LeftOut] = []
        self._own = [asking(row.instruction, row.context) for row in rows]
        self._asked = [asking(q.question, q.context) for q in questions]
        self._taken: dict[tuple[str, str], Example | None] = {  # None = a refusal made here
            (fold(row.instruction), fold(row.context)): row for row in rows
        }

    def take(self, drafts: Iterator[Draft], n: int) -> None:
        """Keep ``n`` of the drafts, or as many as there are."""
        kept = 0
        while kept < n:
            batch = list(itertools.islice(drafts, max(_BATCH, n - kept)))
            if not batch:
                return
            leaks, near = _like(batch, self._asked), _like(batch, self._own)
            for number, draft in enumerate(batch):
                kept += self._keep(draft, leaks[number], near[number])
                if kept == n:
                    return

    def _keep(self, draft: Draft, leaks: Sequence[_Alike], near: Sequence[_Alike]) -> bool:
        key = (fold(draft.question), fold(draft.context))
        if key in self._taken:
            own = self._taken[key]
            if own and draft.answer is None and own.answer.strip() != self.refusal:
                self._leave(draft, "contradicts a row", own.id)
            return False
        if leaks:
            self._leave(draft, "in the eval set", self.questions[leaks[0][0]].id)
            return False
        # Only a refusal can contradict: another wording has the answer of its row.
        clash = next(
            (self.rows[n] for n, like in near
             if draft.answer is None and like.kind != "suspect"
             and self.rows[n].answer.strip() != self.refusal),
            None,
        )  # fmt: skip
        if clash is not None:
            self._leave(draft, "contradicts a row", clash.id)
            return False
        self._taken[key] = draft.of if draft.answer else None
        self.made.append(
            MadeRow(
                made_by=draft.made_by,
                source=_source(draft),
                question=draft.question,
                context=draft.context,
                answer=draft.answer or self.refusal,
            )
        )
        return True

    def _leave(self, draft: Draft, why: Why, because_of: str) -> None:
        self.left_out.append(
            LeftOut(
                made_by=draft.made_by,
                source=_source(draft),
                question=draft.question,
                why=why,
                because_of=because_of,
            )
        )


def _in_turn(makers: dict[str, Iterator[Draft]]) -> Iterator[Draft]:
    """One draft of each kind in turn, until none has any left."""
    left = list(makers.values())
    while left:
        for maker in list(left):
            draft = next(maker, None)
            if draft is None:
                left.remove(maker)
            else:
                yield draft


def _source(draft: Draft) -> str:
    """The row it was made from; of what no row is about, the file."""
    return draft.of.where.file if draft.made_by == UNNAMED_THING else str(draft.of.where)


def _turns(row: Example) -> list[Message]:
    return [m for m in row.messages if m.role != "system"]


def _flat(question: Question) -> tuple[str, ...]:
    return tuple(text for slot in question.answers for text in slot)


def _like(drafts: Sequence[Draft], others: Sequence[Asking]) -> list[list[_Alike]]:
    """For every draft the texts it is like (by their place), as the leak check sees them."""
    made = [asking(draft.question, draft.context) for draft in drafts]
    found: list[list[_Alike]] = [[] for _ in drafts]
    for place, numbers in enumerate(holding([one.folded for one in made], others)):
        for number in numbers:
            like = likeness(made[number], others[place])
            if like is not None:
                found[number].append((place, like))
    return found


# --- the file -----------------------------------------------------------------------------------


def _own_lines(train: str | Path, rows: Sequence[Example], *, verbatim: bool) -> str:
    """The user's rows: a JSONL file word for word, any other format row by row.

    With fields of other names (``verbatim=False``) rows are written under the known names.
    """
    path = Path(train)
    if verbatim and path.suffix.lower() in (".jsonl", ".ndjson") and path.is_file():
        text = path.read_text(encoding="utf-8-sig")
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) == len(rows):
            return "".join(line.rstrip("\r") + "\n" for line in lines)
    return "".join(json.dumps(_plain(row), ensure_ascii=False) + "\n" for row in rows)


def _plain(row: Example) -> dict[str, Any]:
    if len(row.messages) == 2:
        own = {"instruction": row.instruction, "input": row.context, "output": row.answer}
    else:
        own = {"messages": [_turn(m) for m in row.messages]}  # type: ignore[dict-item]
    return {**own, "source": str(row.where)}


def _turn(message: Message) -> dict[str, str]:
    turn = {"role": message.role, "content": message.content}
    return turn | ({"context": message.context} if message.context else {})


def _line(row: MadeRow) -> str:
    value = {
        "instruction": row.question,
        "input": row.context,
        "output": row.answer,
        "source": row.source,
        "made_by": row.made_by,
    }
    return json.dumps(value, ensure_ascii=False) + "\n"
