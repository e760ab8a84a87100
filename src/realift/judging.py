"""From trained adapters to the verdict: every arm answers, answers are scored, a word is said.

>>> judge(base, trained, data, config, folder, adapter=folder / "adapter", on_event=print)
... # doctest: +SKIP
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from realift import run_folder
from realift.advising import advise
from realift.asking import answer_all, ask_all, in_order, keeping, stats_of
from realift.config import Config
from realift.fitting import Trained
from realift.inputs import Data
from realift.manifest import adapter_hash, questions_hash
from realift.resuming import known_answers
from realift.types import Arm, OnEvent, Question, Score
from realift.verdict.ledger import LEDGER

if TYPE_CHECKING:
    from realift.model.load import Base


def judge(
    base: Base,
    trained: Sequence[Trained],
    data: Data,
    config: Config,
    folder: Path,
    *,
    adapter: Path,
    on_event: OnEvent,
) -> None:
    """Answer the questions with every arm, score the answers, decide, and record it all.

    Args:
        trained: the adapters, each with the questions it is asked.
        adapter: the one that the verdict is about, for the ledger.
    """
    from realift.probing import probe_all
    from realift.score import score_completions
    from realift.verdict import decide
    from realift.verdict.copying import copy_baseline
    from realift.verdict.retrieval import with_retrieval

    score = functools.partial(
        score_completions,
        refusal_phrases=config.refusal_phrases,
        scorer=config.scorer,
        excluded=data.excluded,
    )
    known = known_answers(folder, base, on_event)
    with keeping(folder / "answers.jsonl", known) as keep:
        ask = functools.partial(
            ask_all, base, config=config, on_batch=keep, on_event=on_event, known=known
        )
        answers = answer_all(ask, trained, data.questions, score, config, folder, on_event)
        completions = in_order(answers, data.questions)
        scores = score(data.questions, completions)
        probed = probe_all(
            base, trained, adapter, data, scores, config, folder, ask, score, on_event
        )
    copies = copy_baseline(
        data.examples,
        data.questions,
        _means(scores, "base"),
        _means(scores, "adapter"),
        score=score,
        folds=data.folds,
        seed=config.seed,
    )
    checks = (*probed.checks, copies)
    stats = stats_of(answers)
    run_folder.write_jsonl(folder / "answers.jsonl", (*completions, *probed.completions))
    run_folder.write_json(folder / "arms.json", stats)
    run_folder.write_jsonl(folder / "scores.jsonl", (*scores, *probed.scores))
    run_folder.write_json(folder / "checks.json", checks)
    n_looks = _look(data.questions, adapter, config, folder)
    verdict = decide(
        data.questions,
        scores,
        completions=completions,
        arms=stats,
        leak_check=data.summary.leak_check,
        allow_leaks=config.allow_leaks,
        adapter_inert=all(t.applied.inert for t in trained if t.questions and t.number == 0),
        invalid=data.scorer_faults,
        probe_questions=probed.removed.questions if probed.removed else (),
        probe_scores=probed.removed.scores if probed.removed else (),
        checks=checks,
        min_gain=config.min_gain,
        guard_margin=config.guard_margin,
        few_shot_k=config.few_shot_k,
        n_looks=n_looks,
        sequential=config.sequential,
        cross_fit_folds=len(data.folds),
        scorer=config.scorer,
    )
    verdict = with_retrieval(verdict, data.summary.retrieval)
    run_folder.write_json(folder / "verdict.json", verdict)
    run_folder.write_json(folder / "advice.json", advise(run_folder.load(folder)))


def _means(scores: Sequence[Score], arm: Arm) -> dict[str, float]:
    """Correctness of an arm's first seed by question, as the mean over its samples."""
    by_question: dict[str, list[float]] = {}
    for s in scores:
        ours = s.arm == arm and s.dimension == "correctness" and not (s.probe or s.seed)
        if ours and s.value is not None:
            by_question.setdefault(s.question_id, []).append(s.value)
    return {name: sum(values) / len(values) for name, values in by_question.items()}


def check_ledger(config: Config) -> None:
    """Read the ledger, so that a broken one is known before hours of training.

    Raises:
        DataError: naming file and line.
    """
    from realift.verdict.ledger import read_looks

    read_looks(Path(config.runs_dir) / LEDGER)


def _look(questions: Sequence[Question], adapter: Path, config: Config, folder: Path) -> int:
    """Write down that this adapter is judged on these questions; how many adapters were so far."""
    from realift.verdict.ledger import Look, record_look

    look = Look(
        eval_hash=questions_hash(questions),
        adapter_hash=adapter_hash(adapter),
        run=folder.name,
        time=run_folder.now(),
    )
    n_looks = record_look(Path(config.runs_dir) / LEDGER, look)
    run_folder.write_manifest(
        folder, eval_hash=look.eval_hash, adapter_hash=look.adapter_hash, n_looks=n_looks
    )
    return n_looks
