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
import functools
from collections.abc import Sequence

from realift.score.score import ScorerName
from realift.types import (
    Arm,
    ArmStats,
    Check,
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
from realift.verdict.checks import check_guards, memorized
from realift.verdict.compare import compare
from realift.verdict.guards import (
    CONTEXT_REMOVED,
    GUARDS,
    judge_guards,
    not_required,
    unneeded,
)
from realift.verdict.recipe import recipe_claim
from realift.verdict.secondary import clash, correct_gains, length_ratio
from realift.verdict.suspects import without_suspects
from realift.verdict.warn import Looks, warnings
from realift.verdict.words import headline, next_steps, reasons

CROSS_FIT = "This judges the recipe on rows like these, not the saved adapter."
TOKEN_F1 = "token_f1"  # supports correctness: how much of the expected words is there (0-1)


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
    checks: Sequence[Check] = (),
    n_looks: int = 1,
    sequential: bool = False,
    cross_fit_folds: int = 0,
    scorer: ScorerName = "default",
) -> Verdict:
    """Judge one adapter against its base on one eval set; the first match wins.

    1. INERT: ``adapter_inert``, or every completion of the adapter equals the base's.
    2. INVALID: exact or near leaks (unless ``allow_leaks``), broken pairing, scores that one arm
       alone lacks, or any sentence in ``invalid`` (what the caller knows to be wrong).
    3. The label of the primary comparison (see ``compare``). A gain that token F1 significantly
       contradicts is MIXED and no REAL GAIN.

    Recommendation: SHIP = REAL GAIN and every required guard OK (intersection-union, so each is
    tested at ``alpha``). DON'T SHIP = REGRESSION, INERT, INVALID, NO MEANINGFUL GAIN or a guard in
    REGRESSION. NEED MORE EVIDENCE = the rest.

    Args:
        questions: the eval set.
        scores: of all arms, samples, seeds and dimensions (of the eval set, not of probes). The
            verdict is about the adapter of seed 0; three seeds or more also judge the recipe.
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
        checks: what the probes found; the required ones become guards.
        n_looks: adapters scored on this eval set, this one included (``ledger.record_look``).
        sequential: the e-value decides, so that questions may be added between looks.
        cross_fit_folds: > 0 = the questions are the training rows, each answered by an adapter
            trained without its fold; said in the verdict.
        scorer: what scored, for the signature.
    """
    judge = functools.partial(compare, alpha=alpha, scorer=scorer)
    ours = functools.partial(judge, questions, scores)
    looked = functools.partial(
        ours, dimension=primary, min_gain=min_gain, n_looks=n_looks, sequential=sequential
    )
    rows = [looked()]
    if _has(scores, primary, "few_shot"):
        rows.append(looked(first="few_shot"))
    beside = []
    if primary != TOKEN_F1 and _has(scores, TOKEN_F1, "adapter"):
        beside.append(ours(dimension=TOKEN_F1, min_gain=min_gain))
    skipped = not_required(questions)
    specs = [spec for spec in GUARDS if spec.name not in skipped]
    guarded = [ours(dimension=spec.dimension, min_gain=guard_margin) for spec in specs]
    if probe_questions:
        specs.append(CONTEXT_REMOVED)
        probed = functools.partial(judge, probe_questions, probe_scores, min_gain=guard_margin)
        guarded.append(probed(dimension=CONTEXT_REMOVED.dimension, probe=CONTEXT_REMOVED.probe))

    faults = [*invalid, *_leak_faults(leak_check, allow_leaks)]
    if rows[0].label == "INVALID":
        faults.append(rows[0].explanation)
    inert = adapter_inert or _all_equal(completions)
    mixed, recipe = "", None
    if inert or faults:
        label: Label = "INERT" if inert else "INVALID"
        why = "No answer changed." if inert else " ".join(faults)
        rows, guarded = (
            [_relabel(row, label, why) for row in some] for some in ([*rows, *beside], guarded)
        )
    else:
        mixed = clash(rows[0], beside[0], alpha=alpha) if beside else ""
        if mixed and rows[0].label == "REAL GAIN":
            rows[0] = _relabel(rows[0], "TOO SMALL TO TELL", mixed)
        corrected = correct_gains(
            [*beside, *guarded],
            min_gains=[min_gain] * len(beside) + [guard_margin] * len(guarded),
            alpha=alpha,
        )
        rows, guarded = [*rows, *corrected[: len(beside)]], [*corrected[len(beside) :]]
        label = rows[0].label
        recipe = recipe_claim(questions, scores, dimension=primary, min_gain=min_gain, alpha=alpha)
    guards = (
        *judge_guards(list(zip(specs, guarded, strict=True)), margin=guard_margin, alpha=alpha),
        *check_guards(checks, margin=guard_margin),
        *unneeded(skipped, margin=guard_margin),
    )
    ratio = length_ratio(questions, completions)
    apart = ""
    if label not in ("INERT", "INVALID"):
        again = functools.partial(
            judge, dimension=primary, min_gain=min_gain, n_looks=n_looks, sequential=sequential
        )
        apart = without_suspects(questions, scores, leak_check, again)
    sentences = [headline(label, rows[0], min_gain=min_gain, alpha=alpha, faults=faults)]
    if not (inert or faults) and (line := memorized(checks, rows[0], alpha=alpha)):
        sentences.append(line)
    if recipe:
        sentences.append(recipe.sentence)
    if cross_fit_folds and label not in ("INERT", "INVALID"):
        sentences.append(CROSS_FIT)
    return Verdict(
        label=label,
        sentence=" ".join(sentences),
        recommendation=recommend(label, guards, judged=not cross_fit_folds),
        reasons=reasons(label, rows, guards, faults=faults, few_shot_k=few_shot_k),
        next_steps=next_steps(
            label,
            rows,
            guards,
            min_gain=min_gain,
            leaked=bool(_leak_faults(leak_check, False)),
            sequential=sequential,
        ),
        comparisons=tuple(rows),
        guards=guards,
        warnings=(
            *warnings(
                label,
                rows,
                guards,
                arms=arms,
                leak_check=leak_check,
                allow_leaks=allow_leaks,
                few_shot_k=few_shot_k,
                min_gain=min_gain,
                mixed=mixed,
                looks=Looks(n=n_looks, sequential=sequential, cross_fit_folds=cross_fit_folds),
                length_ratio=ratio,
            ),
            *([apart] if apart else []),
        ),
        min_gain=min_gain,
        alpha=alpha,
        recipe=recipe,
        length_ratio=ratio,
        n_looks=n_looks,
        sequential=sequential,
        cross_fit_folds=cross_fit_folds,
    )


def recommend(label: Label, guards: Sequence[Guard], *, judged: bool = True) -> Recommendation:
    """Label and guards in one word. No required guard at all is not "all guards OK".

    ``judged=False``: the adapter at hand answered nothing itself (cross-fit), so it cannot SHIP.

    >>> recommend("REAL GAIN", ())
    'NEED MORE EVIDENCE'
    """
    statuses = {g.status for g in guards if g.required}
    if label in ("REGRESSION", "INERT", "INVALID", "NO MEANINGFUL GAIN"):
        return "DON'T SHIP"
    if "REGRESSION" in statuses:
        return "DON'T SHIP"
    if label == "REAL GAIN" and statuses == {"OK"} and judged:
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
        if not (c.probe or c.seed) and c.arm in texts and c.finish != "skipped":
            texts[c.arm][c.question_id, c.sample] = c.text
    return bool(texts["base"]) and texts["base"] == texts["adapter"]


def _has(scores: Sequence[Score], dimension: str, arm: Arm) -> bool:
    return any(s.arm == arm and s.dimension == dimension and not s.probe for s in scores)


def _relabel(row: Comparison, label: Label, why: str) -> Comparison:
    return dataclasses.replace(row, label=label, explanation=why, n_more=None, more_samples=None)
