"""What the verdict says, in sentences for somebody who never saw a p-value.

Pure functions from labels, comparisons and guards to text.

>>> points(0.225), points(-0.01), points(0)
('+22.5 points', '-1 point', '0 points')
"""

from __future__ import annotations

from collections.abc import Sequence

from realift.types import ArmStats, Comparison, Guard, Label, LeakCheck
from realift.verdict.guards import CONTEXT_REMOVED, GUARDS

FORMAT_GAP = 0.05  # difference in truncation rates that may explain a difference in scores
SMALL_SET = 50  # below, a significant gain is inflated two- to threefold (winner's curse)


def points(difference: float) -> str:
    """A difference of rates (0-1) in points, with its sign."""
    text = _signed(difference)
    return f"{text} point{'' if text in ('+1', '-1') else 's'}"


def _signed(x: float) -> str:
    """0-1 in points with a sign, one decimal where there is one: "+22.5", "-7", "0"."""
    text = f"{100 * x:+.1f}".removesuffix(".0")
    return "0" if text in ("+0", "-0") else text


def _whole(x: float) -> str:
    """An end of an interval in whole points, with its sign."""
    rounded = round(100 * x)
    return f"{rounded:+d}" if rounded else "0"


def headline(label: Label, main: Comparison, *, min_gain: float, faults: Sequence[str]) -> str:
    """The verdict's one sentence."""
    if label == "INERT":
        return "The adapter changes nothing: every answer is the same with and without it."
    if label == "INVALID":
        return f"This run cannot be judged. {faults[0]}"
    if main.n_scored == 0:
        return "Nothing was measured: no question could be scored."
    figures = _figures(main)
    if label == "REAL GAIN":
        return f"{figures} That is a real gain."
    if label == "REGRESSION":
        return f"{figures} The adapter made things worse."
    gain = f"{100 * min_gain:g} points"
    if label == "NO MEANINGFUL GAIN":
        loss_open = main.interval90 is not None and main.interval90.low <= -min_gain
        return (
            f"{figures} A gain of {gain} or more is ruled out"
            f"{'; a loss of that size is not' if loss_open else ''}."
        )
    return f"{figures} These questions are too few to tell a gain from chance."


def _figures(main: Comparison) -> str:
    n = main.n_scored
    base, adapter = (round((r.value or 0) * n) for r in (main.base, main.adapter))
    assert main.difference is not None
    assert main.interval is not None
    low, high = (_whole(x) for x in (main.interval.low, main.interval.high))
    p = (
        "p < 0.001"
        if main.p_value is not None and main.p_value < 0.001
        else f"p = {main.p_value:.3f}"
    )
    return (
        f"The adapter gets {adapter} of {n} questions right, the base {base}: "
        f"{points(main.difference)} (95% interval {low} to {high}, {p})."
    )


def reasons(
    label: Label,
    rows: Sequence[Comparison],
    guards: Sequence[Guard],
    *,
    faults: Sequence[str],
    few_shot_k: int | None,
) -> tuple[str, ...]:
    """Why the recommendation is what it is, most important first."""
    main = rows[0]
    out = list(faults) if label == "INVALID" else [main.explanation]
    if label in ("INERT", "INVALID"):
        return tuple(dict.fromkeys(out))
    order = {"REGRESSION": 0, "WARNING": 1, "NOT CHECKED": 2, "UNPROVEN": 3, "OK": 4}
    for guard in sorted(guards, key=lambda g: order[g.status]):
        out.append(f"{guard.status}, {guard.name}: {guard.explanation}")
    few = _few_shot_sentence(rows, few_shot_k)
    return tuple([*out, few] if few else out)


def _few_shot_sentence(rows: Sequence[Comparison], k: int | None) -> str:
    """Said when the adapter is proven better than the base but not than a prompt with examples."""
    if len(rows) < 2 or rows[0].label != "REAL GAIN" or rows[1].label == "REAL GAIN":
        return ""
    prompt = f"{k}-shot prompt" if k else "few-shot prompt"
    against = rows[1]
    if against.difference is None or against.interval is None:
        return ""
    low, high = (_whole(x) for x in (against.interval.low, against.interval.high))
    return (
        f"The adapter beats the base but not a {prompt}: {points(against.difference)} against "
        f"it (95% interval {low} to {high}, n = {against.n_scored})."
    )


def warnings(
    label: Label,
    rows: Sequence[Comparison],
    *,
    arms: Sequence[ArmStats],
    leak_check: LeakCheck | None,
    allow_leaks: bool,
    few_shot_k: int | None,
    min_gain: float,
) -> tuple[str, ...]:
    """What weakens the figures without changing the label."""
    main = rows[0]
    out = _leak_warnings(leak_check, allow_leaks) + _format_warnings(arms)
    if label in ("INERT", "INVALID"):
        return tuple(out)
    out += _range_warnings(main, min_gain)
    few = _few_shot_sentence(rows, few_shot_k)
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
    if main.p_value is not None:
        out.append(
            "This holds for one look. Changing the adapter or adding questions until it passes "
            "makes a false gain more likely."
        )
    return tuple(out)


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


def next_steps(
    label: Label,
    rows: Sequence[Comparison],
    guards: Sequence[Guard],
    *,
    min_gain: float,
    leaked: bool,
) -> tuple[str, ...]:
    """What to do now, one plain sentence each."""
    main = rows[0]
    if label == "INERT":
        return (
            "Check that this adapter belongs to this base and that its training loss fell; "
            "raise the learning rate or the epochs if it did not.",
        )
    if label == "INVALID":
        if leaked:
            return (
                "Take the questions out of the training rows (or the rows out of the eval set), "
                "then train again; --allow-leaks judges the run as it is.",
            )
        return ("Answer and score every question with both arms, then judge again.",)
    out = []
    if main.n_scored == 0:
        out.append("Give the questions their expected answers, so that they can be scored.")
    if main.n_more:
        plural = "" if main.n_more == 1 else "s"
        out.append(
            f"About {main.n_more} more question{plural} would settle a gain of "
            f"{100 * min_gain:g} points. Add them all before looking again."
        )
    if label == "REGRESSION":
        out.append(f"Read the {main.n_broken} broken questions: they show what was unlearned.")
    if label == "NO MEANINGFUL GAIN":
        out.append(
            "More questions will not turn this into a gain. Train on rows closer to these "
            "questions, or try a larger base."
        )
    out += [step for guard in guards for step in _guard_step(guard)]
    if len(rows) > 1 and _few_shot_sentence(rows, None):
        out.append("Try the few-shot prompt first: it needs no training.")
    return tuple(out)


def _guard_step(guard: Guard) -> list[str]:
    spec = next(s for s in (*GUARDS, CONTEXT_REMOVED) if s.name == guard.name)
    c = guard.comparison
    if guard.status in ("REGRESSION", "WARNING") and c is not None:
        lost = c.n_scored - round((c.adapter.value or 0) * c.n_scored)
        return [f"{_cap(spec.remedy)}: {lost} of {c.n_scored} {spec.lost}."]
    if guard.status == "UNPROVEN" and c is not None:
        more = f"About {c.n_more} more" if c.n_more else "More"
        return [f"{more} {spec.questions} would settle the guard '{guard.name}'."]
    if guard.status == "NOT CHECKED" and (c is None or not c.n_scored):
        return [f"To check '{guard.name}', {spec.to_check}."]
    if guard.status == "NOT CHECKED" and c is not None and not c.base.value and not c.adapter.value:
        return [f"If it matters that such questions are {spec.right}, {spec.remedy}."]
    return []


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]
