"""From the files to checked examples and questions, with everything there is to say about them.

No torch: ``realift check`` is this module and a table.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realift.config import Config, column_names
from realift.data.check import check_examples, check_questions, summarize
from realift.data.columns import known_names
from realift.data.duplicates import collapse_duplicates
from realift.data.folds import Fold, check_folds, cut_folds
from realift.data.leakage import find_leaks
from realift.data.lengths import word_lengths
from realift.data.problems import Findings, raise_if_errors
from realift.data.retrieve import open_store, retrieve
from realift.errors import DataError, UsageError
from realift.score import DimensionTest, SelfTest, selftest
from realift.score.rows import check_against_context, check_citations, check_languages, refuses
from realift.sources import load_examples, load_questions
from realift.types import DataSummary, Example, Problem, Question, RetrievalReport, Where
from realift.verdict import minimum_detectable, questions_needed
from realift.verdict.retrieval import retrieval_report

EXPECTED_BROKEN = 0.05  # share of right answers a training breaks, for planning
MANY_QUESTIONS = 100  # with an answer; from here on several samples of each add little
MOST_TESTED = 1000  # questions made of rows that the scorer's self-test looks at, spread evenly
PILOT = 4  # samples of each question that `samples_per_question: auto` starts with
NO_FOLDS = (
    "no eval set given, and these rows cannot stand in for one: they are all near-copies of each "
    "other, or conversations with several turns or a system message of their own"
)
NO_FOLDS_HINT = "give --eval FILE; or 'realift train' to train without judging"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What stands in the files, checked.

    ``folds`` are there when no eval set was given: the questions are then those of the folds.
    """

    examples: tuple[Example, ...]
    questions: tuple[Question, ...]
    summary: DataSummary
    scorer_faults: tuple[str, ...] = ()  # why the scorer must not judge these questions
    excluded: tuple[str, ...] = ()  # dimensions beside correctness that fail their self-test
    folds: tuple[Fold, ...] = ()
    missed: tuple[Question, ...] = ()  # retrieval did not find their document; not asked


def need(config: Config, *names: str) -> None:
    """Raise ``UsageError`` for options a command cannot do without."""
    missing = [n for n in names if getattr(config, n) is None]
    if missing:
        flags = " and ".join(f"--{n} FILE" for n in missing)
        raise UsageError(
            f"missing: {' and '.join(missing)}",
            hint=f"give {flags}, or a realift.yaml with the same names",
        )


def read_data(config: Config, *, cross_fit: bool = False, keep_going: bool = False) -> Data:
    """Read and check the files; all errors at once.

    Args:
        cross_fit: without an eval set, make questions of the training rows.
        keep_going: errors stay among the problems of the summary instead of being raised, and
            the usable rows are looked at all the same.

    Raises:
        DataError: the rows cannot be used as they are; lists every problem.
    """
    examples: tuple[Example, ...] = ()
    questions: tuple[Question, ...] = ()
    folds: tuple[Fold, ...] = ()
    missed: tuple[Question, ...] = ()
    retrieval: RetrievalReport | None = None
    problems: list[Problem] = []
    columns = column_names(config.columns)
    there: frozenset[str] = frozenset()
    if config.docs is not None and config.eval is None:
        raise UsageError(
            "--docs is there for the questions of an eval set",
            hint="give --eval FILE (question, expected_source, answer) as well",
        )
    if config.train is not None:
        found = load_examples(config.train, columns)
        examples, there = found.rows, found.columns
        problems += [*found.problems, *_lint(examples, config)]
    if config.eval is not None:
        asked = load_questions(config.eval, columns)
        questions, there = asked.rows, there | asked.columns
        problems += asked.problems
        if config.docs is not None:
            questions, missed, retrieval = _retrieve(config, questions, examples, problems)
    problems += _no_such_columns(columns, there)
    if not keep_going:
        raise_if_errors(problems)
    broken = any(p.severity == "error" for p in problems)
    if config.eval is None and cross_fit and not broken:
        folds = _folds(examples, config)
        if not folds and not keep_going:
            raise DataError(f"{config.train}: {NO_FOLDS}", hint=NO_FOLDS_HINT)
        questions = tuple(question for fold in folds for question in fold.questions)
        problems.append(_no_eval_set(examples, folds))
    step = -(-len(questions) // MOST_TESTED) if folds else 1
    self_test = selftest(
        questions[::step], refusal_phrases=config.refusal_phrases, scorer=config.scorer
    )
    excluded = tuple(name for name in self_test.excluded if name != "correctness")
    problems += [*check_questions(questions, repeats=not folds), *self_test.problems]
    if not folds:
        questions = collapse_duplicates(questions)[0]
    problems += [_excluded(self_test.dimensions[name]) for name in excluded]
    if not keep_going:
        raise_if_errors(problems)
    leaks = None
    if examples and questions:
        leaks = check_folds(folds) if folds else find_leaks(examples, questions)
    detectable = _detectable(questions)
    if questions and (detectable is None or detectable > config.min_gain):
        problems.append(_too_small(detectable, questions, config))
    summary = summarize(
        examples, questions, problems, leaks, refusal_phrases=config.refusal_phrases
    )
    return Data(
        examples=examples,
        questions=questions,
        summary=dataclasses.replace(
            summary,
            minimum_detectable=detectable,
            retrieval=retrieval,
            n_refusals_in_train=sum(refuses(e.answer, config.refusal_phrases) for e in examples),
            lengths=word_lengths(examples, () if folds else questions),
        ),
        scorer_faults=scorer_faults(self_test),
        excluded=excluded,
        folds=folds,
        missed=missed,
    )


def _no_such_columns(columns: Mapping[str, str], there: frozenset[str]) -> list[Problem]:
    problems = []
    for name, column in columns.items():
        near = difflib.get_close_matches(name, known_names(), n=1)
        if name not in known_names():
            guess = f"; did you mean '{near[0]}'?" if near else ""
            message = f"columns: '{name}' is no field of a row or question{guess}"
        elif column not in there:
            message = f"columns: no row has a column '{column}' (for '{name}')"
        else:
            continue
        problems.append(
            Problem(
                severity="error",
                code="no-such-column",
                message=message,
                hint="write NAME=COLUMN with a name from docs/data.md and a column of your file",
            )
        )
    return problems


def _lint(examples: Sequence[Example], config: Config) -> list[Problem]:
    phrases = config.refusal_phrases
    found = [
        *check_examples(examples, phrases, refuses=lambda text: refuses(text, phrases)),
        *check_against_context(examples, phrases),
        *check_citations(examples),
        *check_languages(examples),
    ]
    return sorted(found, key=lambda p: p.where.line if p.where else 0)


def _retrieve(
    config: Config,
    questions: tuple[Question, ...],
    examples: Sequence[Example],
    problems: list[Problem],
) -> tuple[tuple[Question, ...], tuple[Question, ...], RetrievalReport | None]:
    """Questions with contexts, those whose document was missed, and how good the retrieval was."""
    assert config.docs is not None
    found = Findings()
    store = open_store(
        config.docs, retriever=config.retriever, words=config.passage_words, found=found
    )
    if store is None:
        problems += found.problems()
        return questions, (), None
    done = retrieve(questions, store, k=config.retrieve_k, found=found)
    if examples and not any(row.context for row in examples):
        found.each(
            "note",
            "rows-without-context",
            "the questions come with passages, none of the training rows does: the adapter learns "
            "to answer without them",
            Where(file=examples[0].where.file),
            hint="give rows the passages they are answered from ('input' or 'context')",
        )
    problems += found.problems()
    report = retrieval_report(
        done.rows,
        name=store.name,
        k=config.retrieve_k,
        n_documents=store.n_documents,
        n_passages=store.n_passages,
    )
    return done.questions, done.missed, report


def need_questions(data: Data) -> None:
    """Raise ``DataError`` when retrieval left no question that a model can be judged by."""
    if data.missed and not any(q.answerable for q in data.questions):
        raise DataError(
            f"retrieval found the expected document of none of {len(data.missed)} questions: "
            "there is nothing to judge a model by",
            hint="fix retrieval first; 'realift check' shows what was retrieved instead",
        )


def _folds(examples: Sequence[Example], config: Config) -> tuple[Fold, ...]:
    return cut_folds(
        examples,
        folds=config.folds,
        seed=config.seed,
        system_prompt=config.system_prompt,
        refuses=lambda text: refuses(text, config.refusal_phrases),
    )


def _no_eval_set(examples: Sequence[Example], folds: Sequence[Fold]) -> Problem:
    if not folds:
        place = Where(file=examples[0].where.file) if examples else None
        return Problem(
            severity="warning",
            code="no-cross-fit",
            message=NO_FOLDS,
            where=place,
            hint=NO_FOLDS_HINT,
        )
    n = sum(len(fold.questions) for fold in folds)
    left_out = len(examples) - n
    also = (
        f"; {left_out} rows with several turns or a system message of their own are trained on, "
        "not asked"
        if left_out
        else ""
    )
    return Problem(
        severity="note",
        code="no-eval-set",
        message=f"no eval set given: each of {n} training rows is asked of an adapter trained "
        f"without it ({len(folds)} folds){also}. This judges the recipe, your rows and settings; "
        "the adapter that is saved is trained on all rows and is not itself judged",
        where=Where(file=examples[0].where.file),
        hint="questions of your own (--eval FILE) judge the adapter itself",
    )


def _detectable(questions: Sequence[Question]) -> float | None:
    """What the answerable questions can show at all, said before anything is trained.

    Questions of one group are counted as one: the careful end of what they may be worth.
    """
    groups = {q.group for q in questions if q.answerable and q.answers}
    return minimum_detectable(len(groups), p_broken=EXPECTED_BROKEN)


def _too_small(detectable: float | None, questions: Sequence[Question], config: Config) -> Problem:
    what = "this eval set" if config.eval else "asking these rows"
    finds = "no gain, whatever its size" if detectable is None else f"gains of {detectable:.0%}"
    churn = config.min_gain + 2 * EXPECTED_BROKEN
    needed = questions_needed(config.min_gain, churn=churn)
    cheaper = config.samples_per_question == 1 and _few(questions)
    return Problem(
        severity="note",
        code="small-eval-set",
        message=f"{what} reliably finds {finds} with one answer to each question; the gain asked "
        f"for is {config.min_gain:.0%}",
        where=Where(file=questions[0].where.file),
        hint=f"about {needed} independent answerable questions find {config.min_gain:.0%}; "
        f"{'or try samples_per_question: auto; ' if cheaper else ''}"
        "otherwise the verdict may well be TOO SMALL TO TELL",
    )


def _excluded(test: DimensionTest) -> Problem:
    return Problem(
        severity="warning",
        code="scorer-self-test",
        message=f"{test.dimension} is not counted: its scorer misjudges known answers to "
        f"{test.n_misjudged} of {test.n} questions; {test.problems[0].message}",
        where=test.problems[0].where,
        hint=test.problems[0].hint,
    )


def first_samples(config: Config, questions: Sequence[Question]) -> int:
    """Answers to each question that are asked for in any case; ``auto`` may add to them."""
    if config.samples_per_question is not None:
        return config.samples_per_question
    return PILOT if _few(questions) else 1


def _few(questions: Sequence[Question]) -> bool:
    """Whether several samples of each question can make up for a lack of questions."""
    return sum(q.answerable and bool(q.answers) for q in questions) < MANY_QUESTIONS


def scorer_faults(test: SelfTest) -> tuple[str, ...]:
    """A scorer that misjudges answers whose score is known must not decide a run."""
    found = test.dimensions["correctness"]
    if found.usable is not False:
        return ()
    return (
        f"{found.n_misjudged} of {found.n} questions fail the scorer's self-test: their own answer "
        "scores 0, or a wrong one scores 1 (realift check lists them).",
    )
