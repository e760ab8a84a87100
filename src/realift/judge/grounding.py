"""Grounding again, with a model that reads in place of the count of shared words.

The run's verdict is not changed: this is a second opinion too.

>>> ground_run("runs/acme-1", "some/nli-model", load_support("some/nli-model"))  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from realift import run_folder
from realift.config import resolve
from realift.errors import RunFolderError
from realift.judge.material import JUDGED_ARMS, first_answers
from realift.judge.records import GroundingResult, as_opinion
from realift.score import DimensionTest, Supports, score_completions, selftest, version
from realift.score.grounding import NLI_SUPPORT, applies
from realift.score.selftest import MAX_MISJUDGED
from realift.types import (
    Comparison,
    OnEvent,
    Progress,
    Question,
    Score,
    ignore_event,
)
from realift.verdict.compare import compare
from realift.verdict.signature import RULES

RESULT = "judge_grounding.json"


def ground_run(
    folder: str | Path, model: str, supports: Supports, *, on_event: OnEvent = ignore_event
) -> GroundingResult:
    """Score the grounding of both arms by words and by ``supports``; writes a result of its own.

    The model is tested first, on what is known: the scorer's self-test runs with it, and the
    context of another question must not support an expected answer. If it fails in more than 5 %
    of the cases of either kind, its figures do not count.

    Args:
        model: its name, for the record.
        supports: premise, claim -> probability of entailment (see ``nli.load_support``).

    Raises:
        RunFolderError: no run there, or no answerable question with a context in it.
    """
    root = Path(folder)
    result = run_folder.load(root)
    config = root / "config.yaml"
    phrases = resolve(file=config).refusal_phrases if config.exists() else ()
    said = first_answers(result)
    asked = [
        q
        for q in result.questions
        if applies(q) and all((q.id, arm) in said for arm in JUDGED_ARMS)
    ]
    if not asked:
        raise RunFolderError(
            f"{root}: no grounding to score",
            hint="it needs a finished run with answerable questions that have a context",
        )
    test = selftest(asked, refusal_phrases=phrases, supports=supports).dimensions["grounding"]
    strange = strange_claims(asked)
    n_fooled = sum(supports(premise, claim) >= NLI_SUPPORT for premise, claim in strange)
    fooled = n_fooled > MAX_MISJUDGED * len(strange)
    by_words: list[Score] = []
    by_model: list[Score] = []
    for i, question in enumerate(asked, start=1):
        answers = [said[question.id, arm] for arm in JUDGED_ARMS]
        by_words += score_completions([question], answers, refusal_phrases=phrases)
        by_model += score_completions(
            [question], answers, refusal_phrases=phrases, supports=supports
        )
        on_event(Progress(stage="grounding", done=i, total=len(asked)))
    words, judged = _compare(asked, by_words), _compare(asked, by_model)
    found = GroundingResult(
        model=model,
        words=as_opinion(words),
        judged=as_opinion(judged),
        n_compared=sum(s.dimension == "grounding" and s.value is not None for s in by_model),
        n_differ=sum(
            a.dimension == "grounding" and a.value != b.value
            for a, b in zip(by_words, by_model, strict=True)
        ),
        n_tested=test.n,
        n_misjudged=test.n_misjudged,
        n_strange=len(strange),
        n_fooled=n_fooled,
        usable=bool(test.usable and strange and not fooled),
        warnings=_warnings(test, len(strange), n_fooled, fooled=fooled),
        signature=f"{RULES} | grounding/{version('grounding', support=f'NLI {model}')} | "
        f"{judged.test}",
    )
    run_folder.write_json(root / RESULT, found)
    return found


def _compare(questions: Sequence[Question], scores: Sequence[Score]) -> Comparison:
    """Its label is not used: a model's reading has no say in the verdict."""
    return compare(questions, scores, dimension="grounding", min_gain=0.10)


def strange_claims(questions: Sequence[Question]) -> tuple[tuple[str, str], ...]:
    """Premise and claim that do not belong together: an answer, and another question's context.

    A context that holds one of the expected answers is passed over.
    """
    out = []
    for i, q in enumerate(questions):
        wordings = [a for slot in q.answers for a in slot if a.strip()]
        others = (o.context for o in (*questions[i + 1 :], *questions[:i]))
        strange = (c for c in others if not any(w.casefold() in c.casefold() for w in wordings))
        context = next(strange, None)
        if wordings and context is not None:
            out.append((context, f"{q.question} {wordings[0]}"))
    return tuple(out)


def _warnings(
    test: DimensionTest, n_strange: int, n_fooled: int, *, fooled: bool
) -> tuple[str, ...]:
    out = []
    if not (test.n and n_strange):
        out.append(
            "The model could not be tested: that needs expected answers and different contexts. "
            "Its figures do not count."
        )
    if test.usable is False:
        out.append(
            f"The model misjudges {test.n_misjudged} of {test.n} questions whose right and wrong "
            "answers are known. Its figures do not count."
        )
    if fooled:
        out.append(
            f"The model takes the context of another question for support of an answer in "
            f"{n_fooled} of {n_strange} cases. Its figures do not count."
        )
    return tuple(out)
