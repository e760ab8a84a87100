"""The whole job: ask the judge about a run, check it against people, and keep what came out.

The run's scores are read for comparison; its verdict is never changed.

>>> judge_run("runs/acme-1", make_endpoint(url, "qwen3:4b"))  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from realift import run_folder
from realift.judge.ask import AskPlan, ask_all, plan_asks
from realift.judge.client import Endpoint
from realift.judge.grades import Grades, compare_grades, grade, read_grades, read_preferences
from realift.judge.labels import Labels, read_labels
from realift.judge.material import JUDGED_ARMS, AnswerPair, answer_pairs
from realift.judge.prompts import GRADES, PREFERENCES, VERSION, read_reply
from realift.judge.records import Disagreement, JudgeResult, as_opinion
from realift.judge.trust import MIN_LABELS, Trust, measure_trust
from realift.types import Comparison, OnEvent, Rate, RunResult, ignore_event
from realift.verdict.paired import wilson
from realift.verdict.signature import RULES

RESULT = "judge.json"
MIN_CONSISTENCY = 0.95
WEAK_KAPPA = 0.6  # below, agreement counts as moderate at best (Landis & Koch 1977)


def judge_run(
    folder: str | Path,
    endpoint: Endpoint,
    *,
    labels: str | Path | None = None,
    seed: int = 0,
    on_event: OnEvent = ignore_event,
) -> JudgeResult:
    """Let a judge grade and compare the answers of base and adapter; writes ``judge.json``.

    1. Every answer to a question with an expected answer is graded alone, right or wrong.
    2. Answers that differ are compared in both orders; who wins in one order only does not win.
    3. Some answers are graded twice. A reply that cannot be read counts as unscored, never 0.
    4. With labels by people: kappa, error rates per arm, and the corrected difference.

    Questions, contexts and answers are sent to ``endpoint``; to say so beforehand
    (``client.leaving``) is the caller's duty.

    Args:
        labels: a sheet that ``write_sheet`` made, filled in.
        seed: of the order of asking and of the answers that are graded twice.

    Raises:
        RunFolderError: no run there, or nothing to judge.
        DataError: problems in the sheet, found before anything is asked.
        JudgeError: the judge cannot be reached or refuses; all replies so far are kept.
    """
    result = run_folder.load(folder)
    pairs = answer_pairs(result)
    by_people = read_labels(Path(labels), pairs) if labels is not None else {}
    plan = plan_asks(pairs, endpoint, seed=seed)
    replies = ask_all(plan, endpoint, Path(folder), on_event=on_event)
    judged = form_opinion(result, pairs, plan, replies, labels=by_people, endpoint=endpoint)
    run_folder.write_json(Path(folder) / RESULT, judged)
    return judged


def form_opinion(
    result: RunResult,
    pairs: Sequence[AnswerPair],
    plan: AskPlan,
    replies: Mapping[str, str],
    *,
    labels: Labels,
    endpoint: Endpoint,
) -> JudgeResult:
    """All figures from the replies; asks nothing, writes nothing."""
    grades = read_grades(pairs, plan, replies)
    graded = compare_grades(pairs, "judge", grades)
    preferences = read_preferences(pairs, plan, replies)
    preferred = compare_grades(pairs, "preference", preferences.wins)
    twice = [(grade(replies, a), grade(replies, b)) for a, b in plan.repeats]
    same = [a == b for a, b in twice if a is not None and b is not None]
    consistency = wilson(sum(same), len(same))
    unreadable = _unreadable(plan, replies)
    n_failed = sum(a.key not in replies for a in plan.asks)
    trust = measure_trust(pairs, grades, labels)
    n_compared, disagreements = _against_scorer(result, grades)
    return JudgeResult(
        model=endpoint.model,
        url=endpoint.url,
        validated=trust.validated,
        graded=as_opinion(graded),
        preferred=as_opinion(preferred),
        position_bias=preferences.position_bias,
        consistency=consistency,
        n_replies=len(plan.asks) - n_failed,
        n_unreadable=len(unreadable),
        n_failed=n_failed,
        n_labelled=trust.n_labelled,
        kappa=trust.kappa,
        arms=trust.arms,
        corrected=trust.corrected,
        n_compared=n_compared,
        disagreements=disagreements,
        warnings=(
            *_reply_warnings(unreadable, len(plan.asks), n_failed, consistency),
            *_pairing_warnings(graded),
            *_trust_warnings(trust),
        ),
        signature=f"{RULES} | {VERSION}, {endpoint.model}, temperature 0 | {graded.test}",
    )


def _unreadable(plan: AskPlan, replies: Mapping[str, str]) -> list[str]:
    words = {a.key: PREFERENCES if a.kind == "prefer" else GRADES for a in plan.asks}
    return [
        replies[key]
        for key, allowed in words.items()
        if key in replies and read_reply(replies[key], allowed) is None
    ]


def _against_scorer(result: RunResult, grades: Grades) -> tuple[int, tuple[Disagreement, ...]]:
    """Answers that both graded, and those they see differently, in the order of the scores."""
    both = [
        (s, judged)
        for s in result.scores
        if s.dimension == "correctness" and s.arm in JUDGED_ARMS
        if s.value is not None and not (s.probe or s.sample or s.seed)
        if (judged := grades.get((s.question_id, s.arm))) is not None
    ]
    return len(both), tuple(
        Disagreement(question_id=s.question_id, arm=s.arm, scorer=int(s.value), judge=judged)
        for s, judged in both
        if s.value is not None and s.value != judged
    )


def _reply_warnings(
    unreadable: Sequence[str], n_asked: int, n_failed: int, consistency: Rate
) -> list[str]:
    out = []
    if unreadable:
        first = " ".join(unreadable[0].split())[:60]
        out.append(
            f"{len(unreadable)} of {n_asked} replies were not the one word or JSON that was asked "
            f"for and count as unscored; the first: {first!r}."
        )
    if n_failed:
        out.append(
            f"{n_failed} of {n_asked} requests failed and count as unscored; the same command asks "
            "them again."
        )
    if consistency.value is not None and consistency.value < MIN_CONSISTENCY:
        out.append(
            f"Asked twice about the same answer, the judge gave the same grade "
            f"{round(consistency.value * consistency.n)} of {consistency.n} times: it is not "
            "consistent with itself."
        )
    return out


def _pairing_warnings(graded: Comparison) -> list[str]:
    return [graded.explanation] if graded.label == "INVALID" else []


def _trust_warnings(trust: Trust) -> list[str]:
    if not trust.validated:
        return [
            f"Unvalidated: people labelled both answers of {trust.n_pairs} questions, "
            f"{MIN_LABELS // 2} are needed. Make a sheet with --write-sheet FILE, fill it in, and "
            "give it back with --labels FILE."
        ]
    kappa = trust.kappa.value if trust.kappa else None
    if kappa is not None and kappa < WEAK_KAPPA:
        return [
            "The judge agrees weakly with the labels. Believe the corrected difference, not the "
            "judge's own figures."
        ]
    return []
