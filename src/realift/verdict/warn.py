"""What weakens a verdict without changing its label, in plain sentences.

Pure functions of what the verdict rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from realift.types import ArmStats, Comparison, Guard, Label, LeakCheck
from realift.verdict.explain import ordinal, times_looks
from realift.verdict.words import few_shot_sentence

FORMAT_GAP = 0.05  # difference in truncation rates that may explain a difference in scores
SMALL_SET = 50  # below, a significant gain is inflated two- to threefold (winner's curse)
LONGER = 1.5  # ratio of lengths from which more complete may just be more


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How often this eval set was looked at, by what rule, and who answered it."""

    n: int = 1
    sequential: bool = False
    cross_fit_folds: int = 0


def warnings(
    label: Label,
    rows: Sequence[Comparison],
    guards: Sequence[Guard],
    *,
    arms: Sequence[ArmStats],
    leak_check: LeakCheck | None,
    allow_leaks: bool,
    few_shot_k: int | None,
    min_gain: float,
    mixed: str,
    looks: Looks,
    length_ratio: float | None,
) -> tuple[str, ...]:
    """What weakens the figures; ``mixed`` = scores that contradict each other, in a sentence."""
    main = rows[0]
    out = _leak_warnings(leak_check, allow_leaks) + _format_warnings(arms)
    if label in ("INERT", "INVALID"):
        return tuple(out)
    if mixed:
        out.append(mixed)
    out += _range_warnings(main, min_gain)
    out += _length_warnings(guards, length_ratio)
    few = few_shot_sentence(rows, few_shot_k)
    if few:
        out.append(few)
    significant = label in ("REAL GAIN", "REGRESSION")
    if significant and main.n_scored < SMALL_SET:
        out.append(
            f"The size of this change is unreliable: with {main.n_scored} questions, changes that "
            "pass the test look two to three times as large as they are. The interval holds."
        )
    if main.n_unscored:
        out.append(f"{main.n_unscored} of {main.n_questions} questions could not be scored.")
    if looks.cross_fit_folds:
        out.append(
            f"There was no eval set: in {looks.cross_fit_folds} folds, every training row was "
            "answered by an adapter that had not seen it. This says what the recipe does on rows "
            "like these. The saved adapter, trained on all of them, was not judged itself, and "
            "rows of one fold share an adapter, so they are not quite independent."
        )
    return (*out, *_look_warnings(main, looks))


def _look_warnings(main: Comparison, looks: Looks) -> list[str]:
    """For how many looks the figures hold."""
    if main.p_value is None:
        return []
    if looks.sequential:
        again = (
            "A gain or a regression may be looked for as often as you like while questions are "
            "added. What is ruled out, the intervals and the guards hold for one look."
        )
        tried = (
            f" This is the {ordinal(looks.n)} adapter; that is counted in." if looks.n > 1 else ""
        )
        return [again + tried]
    if looks.n > 1:
        return [
            f"{times_looks(main, looks.n)}. Further adapters, or questions added until it passes, "
            "make a false gain more likely."
        ]
    return [
        "This holds for one look. Changing the adapter or adding questions until it passes "
        "makes a false gain more likely."
    ]


def _length_warnings(guards: Sequence[Guard], ratio: float | None) -> list[str]:
    change = {
        g.comparison.dimension: g.comparison.difference or 0.0
        for g in guards
        if g.comparison is not None and not g.comparison.probe
    }
    longer = ratio is not None and ratio > LONGER
    if not longer or change.get("completeness", 0) <= 0 or change.get("grounding", 0) >= 0:
        return []
    return [
        f"Longer, not better: the adapter's answers are {ratio:.1f} times as long as the base's. "
        "They make more of the points, and more often say what their context does not."
    ]


def _leak_warnings(check: LeakCheck | None, allow_leaks: bool) -> list[str]:
    if check is None:
        return ["Leaks: not checked (the training rows were not given)."]
    out = []
    if check.controls_caught < check.controls_planted:
        out.append(
            f"Leaks: not checked. The check found {check.controls_caught} of "
            f"{check.controls_planted} copies planted to test it."
        )
    elif check.n_questions and not check.n_could_fire:
        out.append("Leaks: not checked. No question is long enough to be recognized.")
    leaked = {leak.question_id for leak in check.leaks if leak.kind in ("exact", "near")}
    if leaked and allow_leaks:
        out.append(
            f"{len(leaked)} of {check.n_questions} questions stand in the training rows too, and "
            "leaks were allowed: part of the gain may be memory."
        )
    suspect = {leak.question_id for leak in check.leaks if leak.kind == "suspect"}
    if suspect:
        out.append(f"{len(suspect)} questions look much like a training row; read the pairs.")
    return out


def _format_warnings(arms: Sequence[ArmStats]) -> list[str]:
    rates = {a.arm: a.truncation_rate for a in arms}
    base, adapter = rates.get("base"), rates.get("adapter")
    if base is None or adapter is None or abs(base - adapter) <= FORMAT_GAP + 1e-9:
        return []
    return [
        f"FORMAT EFFECT: {100 * base:.0f}% of the base's answers and {100 * adapter:.0f}% of the "
        "adapter's were cut at the token budget. Part of the difference may be length, not "
        "knowledge; raise max_new_tokens."
    ]


def _range_warnings(main: Comparison, min_gain: float) -> list[str]:
    if not main.n_scored or main.base.value is None or main.adapter.value is None:
        return []
    if main.base.value == main.adapter.value == 0:
        return [
            "Both arms get every question wrong: these questions cannot show a difference. "
            "Check the expected answers, or ask easier ones."
        ]
    if main.base.value == main.adapter.value == 1:
        return ["Both arms get every question right: these questions cannot show a difference."]
    if 1 - main.base.value < min_gain:
        return [
            f"The base already gets {100 * main.base.value:.0f}% right, so a gain of "
            f"{100 * min_gain:g} points is out of reach. Ask harder questions."
        ]
    if main.label == "REAL GAIN" and main.interval is not None and main.interval.high < min_gain:
        return [f"The gain is real but smaller than the {100 * min_gain:g} points asked for."]
    return []
