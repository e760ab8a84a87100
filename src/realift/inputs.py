"""From the files to checked examples and questions, with everything there is to say about them.

No torch: ``realift check`` is this module and a table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from realift.config import Config
from realift.data.check import check_examples, check_questions, summarize
from realift.data.leakage import find_leaks
from realift.data.read import raise_if_errors, read_examples, read_questions
from realift.errors import UsageError
from realift.score import SelfTest, selftest
from realift.types import DataSummary, Example, Problem, Question, Where
from realift.verdict import minimum_detectable, questions_needed

EXPECTED_BROKEN = 0.05  # share of right answers a training breaks, for planning
MAX_MISJUDGED = 0.05  # share of questions the scorer may fail its self-test on


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What stands in the files, checked."""

    examples: tuple[Example, ...]
    questions: tuple[Question, ...]
    summary: DataSummary
    scorer_faults: tuple[str, ...] = ()  # why the scorer must not judge these questions


def need(config: Config, *names: str) -> None:
    """Raise ``UsageError`` for options a command cannot do without."""
    missing = [n for n in names if getattr(config, n) is None]
    if missing:
        flags = " and ".join(f"--{n} FILE" for n in missing)
        raise UsageError(
            f"missing: {' and '.join(missing)}",
            hint=f"give {flags}, or a realift.yaml with the same names",
        )


def read_data(config: Config) -> Data:
    """Read and check the files; all errors at once.

    Raises:
        DataError: the rows cannot be used as they are; lists every problem.
    """
    examples: tuple[Example, ...] = ()
    questions: tuple[Question, ...] = ()
    faults: tuple[str, ...] = ()
    problems = []
    if config.train is not None:
        found = read_examples(config.train)
        examples = found.rows
        problems += [*found.problems, *check_examples(examples, config.refusal_phrases)]
    if config.eval is not None:
        asked = read_questions(config.eval)
        questions = asked.rows
        self_test = selftest(questions, refusal_phrases=config.refusal_phrases)
        faults = scorer_faults(self_test)
        problems += [*asked.problems, *check_questions(questions), *self_test.problems]
    raise_if_errors(problems)
    leaks = find_leaks(examples, questions) if examples and questions else None
    detectable = _detectable(questions)
    if questions and (detectable is None or detectable > config.min_gain):
        problems.append(_too_small(detectable, config))
    summary = summarize(
        examples, questions, problems, leaks, refusal_phrases=config.refusal_phrases
    )
    summary = dataclasses.replace(summary, minimum_detectable=detectable)
    return Data(examples=examples, questions=questions, summary=summary, scorer_faults=faults)


def _detectable(questions: Sequence[Question]) -> float | None:
    """What the answerable questions can show at all, said before anything is trained.

    Questions of one group are counted as one: the careful end of what they may be worth.
    """
    groups = {q.group for q in questions if q.answerable and q.answers}
    return minimum_detectable(len(groups), p_broken=EXPECTED_BROKEN)


def _too_small(detectable: float | None, config: Config) -> Problem:
    finds = "no gain, whatever its size" if detectable is None else f"gains of {detectable:.0%}"
    churn = config.min_gain + 2 * EXPECTED_BROKEN
    needed = questions_needed(config.min_gain, churn=churn)
    return Problem(
        severity="note",
        code="small-eval-set",
        message=f"this eval set reliably finds {finds}; the gain asked for is "
        f"{config.min_gain:.0%}",
        where=Where(file=Path(config.eval or "").name),
        hint=f"about {needed} independent answerable questions find {config.min_gain:.0%}; with "
        "fewer the verdict may well be TOO SMALL TO TELL",
    )


def scorer_faults(test: SelfTest) -> tuple[str, ...]:
    """A scorer that misjudges answers whose score is known must not decide a run."""
    wrong = len({p.where for p in test.problems})
    if not test.n or wrong / test.n <= MAX_MISJUDGED:
        return ()
    return (
        f"{wrong} of {test.n} questions fail the scorer's self-test: their own answer scores 0, or "
        "a wrong one scores 1 (realift check lists them).",
    )
