"""Two runs side by side: what was set differently, what was asked, and which answers changed.

A pure function of two run folders. Questions are the same if what was asked is the same (text,
context, right answers), whatever their ids are. No rendering here.

>>> compare_runs(run_folder.load("runs/a"), run_folder.load("runs/b")).notes  # doctest: +SKIP
('the eval sets differ: 3 questions only in a, 5 only in b',)
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from realift.judge.records import Opinion, as_opinion
from realift.report import figures, state, view
from realift.report.settings import config_of
from realift.types import ARMS, Arm, Comparison, Completion, Question, RunResult

PRIMARY = "correctness"

# Facts of the manifest that the figures depend on; the rest (times, paths, names) may differ.
_DATA = ("data", "eval_hash")
_MODEL = ("base", "base_fingerprint", "template", "template_hash", "window")
_MACHINE = ("versions", "machine", "compute")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A fact that two runs do not share, as text; ``None`` = that run does not say."""

    name: str
    a: str | None
    b: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionPair:
    """One dimension in both runs, each against its own base, and b's adapter against a's.

    ``between``: difference = adapter of b - adapter of a, paired over the questions that both
    runs asked; ``None`` where fewer than one was scored in both.
    """

    name: str
    a: Comparison | None
    b: Comparison | None
    between: Opinion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerChange:
    """An arm's first answer to a question that differs between the runs (``None`` = not given).

    ``a_score`` and ``b_score``: correctness (0-1), or the first dimension scored in both;
    ``None`` = not scored.
    """

    question: Question
    b_id: str  # the question's id in b; ``question`` is a's
    arm: Arm
    dimension: str
    a: str | None
    b: str | None
    a_score: float | None
    b_score: float | None

    @property
    def kind(self) -> str:
        """ "fixed" (b is right, a was not), "broken", or "changed" (the score is the same)."""
        if self.a_score is None or self.b_score is None or self.a_score == self.b_score:
            return "changed"
        return "fixed" if self.b_score > self.a_score else "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsDiff:
    """Everything in which run ``b`` differs from run ``a``.

    ``answers`` are sorted: broken, fixed, changed; the adapter's before the other arms'.
    ``n_answers`` = answers compared (first sample, first seed), ``n_shared`` = questions in both.
    """

    a: str
    b: str
    notes: tuple[str, ...]  # what limits the comparison
    config: tuple[Changed, ...]
    data: tuple[Changed, ...]
    model: tuple[Changed, ...]
    machine: tuple[Changed, ...]
    verdict: tuple[Changed, ...]
    dimensions: tuple[DimensionPair, ...]
    answers: tuple[AnswerChange, ...]
    n_answers: int
    n_shared: int
    only_a: tuple[str, ...]  # ids of questions that b did not ask
    only_b: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs that a figure could depend on."""
        return not (self.config or self.data or self.model or self.verdict or self.answers)


def compare_runs(a: RunResult, b: RunResult) -> RunsDiff:
    """What differs between two runs; the order matters (``b`` is the newer one, by habit).

    Runs without a verdict, answers or questions give empty parts and a note. A question asked
    twice in one run is paired with its namesake in the order of the files.
    """
    pairs, only_a, only_b = _pair_questions(a.questions, b.questions)
    answers, n_answers = _answers(a, b, pairs)
    data = _facts(a, b, _DATA)
    model = _facts(a, b, _MODEL)
    return RunsDiff(
        a=state.name(a),
        b=state.name(b),
        notes=_notes(a, b, only_a, only_b, model),
        config=_changes(config_of(a), config_of(b)),
        data=(*_rows(a, b), *data),
        model=model,
        machine=_facts(a, b, _MACHINE),
        verdict=_verdicts(a, b),
        dimensions=_dimensions(a, b, pairs),
        answers=answers,
        n_answers=n_answers,
        n_shared=len(pairs),
        only_a=only_a,
        only_b=only_b,
    )


# --- facts -------------------------------------------------------------------------------------


def _facts(a: RunResult, b: RunResult, keys: tuple[str, ...]) -> tuple[Changed, ...]:
    return _changes(*({k: r.manifest[k] for k in keys if k in r.manifest} for r in (a, b)))


def _changes(a: Mapping[str, object], b: Mapping[str, object]) -> tuple[Changed, ...]:
    first, second = dict(figures.flatten(a)), dict(figures.flatten(b))
    return tuple(
        Changed(name=key, a=first.get(key), b=second.get(key))
        for key in dict.fromkeys([*first, *second])
        if first.get(key) != second.get(key)
    )


def _rows(a: RunResult, b: RunResult) -> tuple[Changed, ...]:
    def counts(r: RunResult) -> dict[str, object]:
        if r.data is None:
            return {}
        return {
            "training rows": r.data.n_examples,
            "refusals among them": r.data.n_refusals_in_train,
            "questions": r.data.n_questions,
        }

    return _changes(counts(a), counts(b))


def _verdicts(a: RunResult, b: RunResult) -> tuple[Changed, ...]:
    def said(r: RunResult) -> dict[str, object]:
        v = r.verdict
        if v is None:
            return {"verdict": f"none ({state.status(r)})"}
        checks = {f"check: {c.title}": c.status for c in view.checks_apart(r)}
        guards = {f"guard: {g.name}": g.status for g in v.guards}
        return {"verdict": v.label, "recommendation": v.recommendation, **guards, **checks}

    return _changes(said(a), said(b))


def _notes(
    a: RunResult,
    b: RunResult,
    only_a: tuple[str, ...],
    only_b: tuple[str, ...],
    model: tuple[Changed, ...],
) -> tuple[str, ...]:
    notes = []
    for r in (a, b):
        if r.verdict is None:
            notes.append(f"{state.name(r)} has no verdict ({state.status(r)})")
    if only_a or only_b:
        notes.append(
            f"the eval sets differ: {figures.counted(len(only_a), 'question')} only in "
            f"{state.name(a)}, {len(only_b):,} only in {state.name(b)}; figures of the two runs "
            "are of different questions, and only shared ones are compared"
        )
    if any(c.name.startswith("base") for c in model):
        notes.append("the bases differ: a difference between the adapters is also one of bases")
    return tuple(notes)


# --- questions ---------------------------------------------------------------------------------

Pairing = list[tuple[Question, Question]]


def _pair_questions(
    a: Iterable[Question], b: Iterable[Question]
) -> tuple[Pairing, tuple[str, ...], tuple[str, ...]]:
    others = list(b)
    waiting: dict[Any, list[int]] = defaultdict(list)  # places in ``others``
    for i, q in enumerate(others):
        waiting[_asked(q)].append(i)
    pairs: Pairing = []
    only_a: list[str] = []
    left = set(range(len(others)))
    for q in a:
        found = waiting[_asked(q)]
        if found:
            left.remove(found[0])
            pairs.append((q, others[found.pop(0)]))
        else:
            only_a.append(q.id)
    return pairs, tuple(only_a), tuple(others[i].id for i in sorted(left))


def _asked(q: Question) -> tuple[object, ...]:
    return (q.question, q.context, q.answers, q.answerable, q.choices)


# --- answers and scores ------------------------------------------------------------------------


def _answers(a: RunResult, b: RunResult, pairs: Pairing) -> tuple[tuple[AnswerChange, ...], int]:
    first, second = _first_answers(a), _first_answers(b)
    scores_a, scores_b = _first_scores(a), _first_scores(b)
    changed: list[AnswerChange] = []
    n = 0
    for qa, qb in pairs:
        for arm in ARMS:
            x, y = first.get((qa.id, arm)), second.get((qb.id, arm))
            if x is None and y is None:
                continue
            n += x is not None and y is not None
            said_a, said_b = _said(x), _said(y)
            if said_a == said_b:
                continue
            dimension, va, vb = _both(scores_a[qa.id, arm], scores_b[qb.id, arm])
            changed.append(
                AnswerChange(
                    question=qa,
                    b_id=qb.id,
                    arm=arm,
                    dimension=dimension,
                    a=said_a,
                    b=said_b,
                    a_score=va,
                    b_score=vb,
                )
            )
    order = {"broken": 0, "fixed": 1, "changed": 2}
    changed.sort(key=lambda c: (c.arm != "adapter", order[c.kind]))
    return tuple(changed), n


def _first_answers(r: RunResult) -> dict[tuple[str, Arm], Completion]:
    return {(c.question_id, c.arm): c for c in r.completions if not (c.probe or c.sample or c.seed)}


def _said(c: Completion | None) -> str | None:
    return None if c is None or c.finish == "skipped" else c.text


def _first_scores(r: RunResult) -> dict[tuple[str, Arm], dict[str, float]]:
    found: dict[tuple[str, Arm], dict[str, float]] = defaultdict(dict)
    for s in r.scores:
        if s.value is not None and not (s.probe or s.sample or s.seed):
            found[s.question_id, s.arm][s.dimension] = s.value
    return found


def _both(a: Mapping[str, float], b: Mapping[str, float]) -> tuple[str, float | None, float | None]:
    names = sorted({*a, *b}, key=lambda name: (name not in a or name not in b, name != PRIMARY))
    return (names[0], a.get(names[0]), b.get(names[0])) if names else ("", None, None)


def _dimensions(a: RunResult, b: RunResult, pairs: Pairing) -> tuple[DimensionPair, ...]:
    rows_a, rows_b = _main_rows(a), _main_rows(b)
    return tuple(
        DimensionPair(
            name=view.words(name),
            a=rows_a.get(name),
            b=rows_b.get(name),
            between=_between(a, b, pairs, name),
        )
        for name in dict.fromkeys([*rows_a, *rows_b])
    )


def _main_rows(r: RunResult) -> dict[str, Comparison]:
    if r.verdict is None:
        return {}
    rows = [row.comparison for row in view.table_rows(r.verdict) if row.against == "base"]
    first: dict[str, Comparison] = {}
    for c in rows:
        if not c.probe:
            first.setdefault(c.dimension, c)
    return first


def _between(a: RunResult, b: RunResult, pairs: Pairing, dimension: str) -> Opinion | None:
    """b's adapter against a's, by the paired statistics of the verdict, without a label."""
    from realift.verdict.compare import compare

    sides: tuple[tuple[RunResult, Arm, dict[str, str]], ...] = (
        (a, "base", {qa.id: qa.id for qa, _ in pairs}),
        (b, "adapter", {qb.id: qa.id for qa, qb in pairs}),
    )
    scores = [
        dataclasses.replace(s, arm=arm, question_id=ids[s.question_id])
        for run, arm, ids in sides
        for s in run.scores
        if s.arm == "adapter" and s.dimension == dimension and not (s.probe or s.seed)
        if s.question_id in ids
    ]
    # min_gain moves the label only, and the label is dropped.
    row = compare([qa for qa, _ in pairs], scores, dimension=dimension, min_gain=0.1)
    return as_opinion(row) if row.difference is not None else None
