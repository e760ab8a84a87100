"""From scores to the word: the verdict, its guards, the recommendation and what to do next.

``decide`` is a pure function of what one run recorded.

>>> from realift.types import Question, Score, Where
>>> qs = [Question(id=str(i), where=Where(file="e"), question="?") for i in range(12)]
>>> s = [Score(question_id=q.id, arm=arm, dimension="correctness", value=float(arm == "adapter"))
...      for q in qs for arm in ("base", "adapter")]
>>> verdict = decide(qs, s, leak_check=None, min_gain=0.10, guard_margin=0.10)
>>> verdict.label, verdict.recommendation
('REAL GAIN', 'NEED MORE EVIDENCE')
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from realift.types import (
    Arm,
    ArmStats,
    Comparison,
    Completion,
    Guard,
    Label,
    LeakCheck,
    Question,
    Recommendation,
    Score,
    Verdict,
)
from realift.verdict.compare import compare
from realift.verdict.guards import CONTEXT_REMOVED, GUARDS, judge_guards
from realift.verdict.words import (
    headline,
    next_steps,
    reasons,
    warnings,
)


def decide(
    questions: Sequence[Question],
    scores: Sequence[Score],
    *,
    leak_check: LeakCheck | None,
    min_gain: float,
    guard_margin: float,
    completions: Sequence[Completion] = (),
    arms: Sequence[ArmStats] = (),
    adapter_inert: bool = False,
    allow_leaks: bool = False,
    invalid: Sequence[str] = (),
    few_shot_k: int | None = None,
    primary: str = "correctness",
    alpha: float = 0.05,
    probe_questions: Sequence[Question] = (),
    probe_scores: Sequence[Score] = (),
) -> Verdict:
    """Judge one adapter against its base on one eval set; the first match wins.

    1. INERT: ``adapter_inert``, or every completion of the adapter equals the base's.
    2. INVALID: exact or near leaks (unless ``allow_leaks``), broken pairing, scores that one arm
       alone lacks, or any sentence in ``invalid`` (what the caller knows to be wrong).
    3. The label of the primary comparison (see ``compare``).

    Recommendation: SHIP = REAL GAIN and every guard OK (intersection-union, so each is tested at
    ``alpha``). DON'T SHIP = REGRESSION, INERT, INVALID, NO MEANINGFUL GAIN or a guard in
    REGRESSION. NEED MORE EVIDENCE = the rest.

    Args:
        questions: the eval set.
        scores: of all arms and dimensions (of the eval set, not of probes).
        leak_check: None = not done, which the verdict says.
        min_gain: smallest gain worth having (0-1).
        guard_margin: how much a guard may drop (0-1).
        completions: all arms; used to see whether any answer changed.
        arms: truncation rates more than 5 points apart give a FORMAT EFFECT warning.
        invalid: sentences, each a reason why the run must not be judged.
        few_shot_k: examples in the few-shot prompt, for the wording only.
        primary: dimension that carries the label.
        probe_questions: what the probe ``context_removed`` asked; none = that guard is left out.
        probe_scores: their scores.
    """
    main = compare(questions, scores, dimension=primary, min_gain=min_gain, alpha=alpha)
    rows = [main]
    if _has_arm(scores, "few_shot", primary):
        rows.append(
            compare(
                questions,
                scores,
                dimension=primary,
                min_gain=min_gain,
                alpha=alpha,
                first="few_shot",
                second="adapter",
            )
        )
    guard_rows = [
        (spec, compare(questions, scores, dimension=spec.dimension, min_gain=guard_margin))
        for spec in GUARDS
    ]
    if probe_questions:
        guard_rows.append(
            (CONTEXT_REMOVED, _compare_probe(probe_questions, probe_scores, guard_margin))
        )
    faults = [*invalid, *_leak_faults(leak_check, allow_leaks)]
    if main.label == "INVALID":
        faults.append(main.explanation)
    inert = adapter_inert or _all_equal(completions)
    label: Label = "INERT" if inert else "INVALID" if faults else main.label
    if label in ("INERT", "INVALID"):
        why = "No answer changed." if inert else " ".join(faults)
        rows = [_relabel(row, label, why) for row in rows]
        guard_rows = [(spec, _relabel(row, label, why)) for spec, row in guard_rows]
    guards = judge_guards(guard_rows, margin=guard_margin, alpha=alpha)
    return Verdict(
        label=label,
        sentence=headline(label, rows[0], min_gain=min_gain, faults=faults),
        recommendation=recommend(label, guards),
        reasons=reasons(label, rows, guards, faults=faults, few_shot_k=few_shot_k),
        next_steps=next_steps(
            label, rows, guards, min_gain=min_gain, leaked=bool(_leak_faults(leak_check, False))
        ),
        comparisons=tuple(rows),
        guards=guards,
        warnings=warnings(
            label,
            rows,
            arms=arms,
            leak_check=leak_check,
            allow_leaks=allow_leaks,
            few_shot_k=few_shot_k,
            min_gain=min_gain,
        ),
        min_gain=min_gain,
        alpha=alpha,
    )


def _compare_probe(
    questions: Sequence[Question], scores: Sequence[Score], margin: float
) -> Comparison:
    spec = CONTEXT_REMOVED
    return compare(questions, scores, dimension=spec.dimension, min_gain=margin, probe=spec.probe)


def recommend(label: Label, guards: Sequence[Guard]) -> Recommendation:
    """Label and guards in one word. No guard at all is not "all guards OK".

    >>> recommend("REAL GAIN", ())
    'NEED MORE EVIDENCE'
    """
    statuses = {g.status for g in guards}
    if label in ("REGRESSION", "INERT", "INVALID", "NO MEANINGFUL GAIN"):
        return "DON'T SHIP"
    if "REGRESSION" in statuses:
        return "DON'T SHIP"
    if label == "REAL GAIN" and statuses == {"OK"}:
        return "SHIP"
    return "NEED MORE EVIDENCE"


def _leak_faults(check: LeakCheck | None, allow_leaks: bool) -> list[str]:
    if check is None or allow_leaks:
        return []
    leaked = {leak.question_id for leak in check.leaks if leak.kind in ("exact", "near")}
    if not leaked:
        return []
    these = (
        f"question{'' if check.n_questions == 1 else 's'} stand{'s' if len(leaked) == 1 else ''}"
    )
    return [
        f"{len(leaked)} of {check.n_questions} {these} in the training rows too "
        f"({', '.join(sorted(leaked)[:5])}{', ...' if len(leaked) > 5 else ''})."
    ]


def _all_equal(completions: Sequence[Completion]) -> bool:
    """Whether base and adapter both answered and no answer differs; False with nothing to see."""
    texts: dict[Arm, dict[tuple[str, int], str]] = {"base": {}, "adapter": {}}
    for c in completions:
        if not c.probe and c.arm in texts and c.finish != "skipped":
            texts[c.arm][c.question_id, c.sample] = c.text
    return bool(texts["base"]) and texts["base"] == texts["adapter"]


def _has_arm(scores: Sequence[Score], arm: Arm, dimension: str) -> bool:
    return any(s.arm == arm and s.dimension == dimension and not s.probe for s in scores)


def _relabel(row: Comparison, label: Label, why: str) -> Comparison:
    return dataclasses.replace(row, label=label, explanation=why, n_more=None)
