"""What the verdict says, in sentences for somebody who never saw a p-value.

Pure functions from labels, comparisons and guards to text: the headline, the reasons, the next
steps. Warnings are in ``warn``, numbers in ``phrases``, the words of one row in ``explain``.
"""

from __future__ import annotations

from collections.abc import Sequence

from realift.types import Comparison, Guard, Label
from realift.verdict.checks import check_step
from realift.verdict.guards import CONTEXT_REMOVED, GUARDS
from realift.verdict.phrases import both_arms, p_text, points, sampled, whole


def headline(
    label: Label, main: Comparison, *, min_gain: float, alpha: float, faults: Sequence[str]
) -> str:
    """What was found about this adapter, in a sentence or two."""
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
    if main.p_value is not None and main.p_value <= alpha:
        return f"{figures} {main.explanation}"  # something else than p decided
    return f"{figures} These questions are too few to tell a gain from chance."


def _figures(main: Comparison) -> str:
    n = main.n_scored
    assert main.difference is not None
    assert main.interval is not None
    assert main.p_value is not None
    if main.kind == "mean":
        base, adapter = (f"{100 * (r.value or 0):.1f}%" for r in (main.base, main.adapter))
        arms = f"Over {sampled(main)}, the adapter scores {adapter}, the base {base}"
    else:
        base, adapter = (str(round((r.value or 0) * n)) for r in (main.base, main.adapter))
        arms = f"The adapter gets {adapter} of {n} questions right, the base {base}"
    low, high = whole(main.interval.low), whole(main.interval.high)
    return (
        f"{arms}: {points(main.difference)} (95% interval {low} to {high}, {p_text(main.p_value)})."
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
    required = [guard for guard in guards if guard.required]
    for guard in sorted(required, key=lambda g: order[g.status]):
        out.append(f"{guard.status}, {guard.name}: {guard.explanation}")
    few = few_shot_sentence(rows, few_shot_k)
    return tuple([*out, few] if few else out)


def few_shot_sentence(rows: Sequence[Comparison], k: int | None) -> str:
    """Said when the adapter is proven better than the base but not than a prompt with examples."""
    against = next((row for row in rows if row.first == "few_shot"), None)
    if against is None or rows[0].label != "REAL GAIN" or against.label == "REAL GAIN":
        return ""
    prompt = f"{k}-shot prompt" if k else "few-shot prompt"
    if against.difference is None or against.interval is None:
        return ""
    low, high = whole(against.interval.low), whole(against.interval.high)
    return (
        f"The adapter beats the base but not a {prompt}: {points(against.difference)} against "
        f"it (95% interval {low} to {high}, n = {against.n_scored})."
    )


def next_steps(
    label: Label,
    rows: Sequence[Comparison],
    guards: Sequence[Guard],
    *,
    min_gain: float,
    leaked: bool,
    sequential: bool,
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
    if label == "TOO SMALL TO TELL":
        out += _settle(main, min_gain, sequential)
    if label == "REGRESSION":
        out.append(f"Read the {main.n_broken} broken questions: they show what was unlearned.")
    if label == "NO MEANINGFUL GAIN":
        out.append(
            "More questions will not turn this into a gain. Train on rows closer to these "
            "questions, or try a larger base."
        )
    out += [step for guard in guards if guard.required for step in _guard_step(guard)]
    if few_shot_sentence(rows, None):
        out.append("Try the few-shot prompt first: it needs no training.")
    return tuple(out)


def _settle(main: Comparison, min_gain: float, sequential: bool) -> list[str]:
    """How to settle an open question: more questions, or more samples on these."""
    gain = f"a gain of {100 * min_gain:g} points"
    samples = f"{main.more_samples} samples per question on these" if main.more_samples else ""
    if sequential and main.n_scored:
        more = f", or take {samples}" if samples else ""
        return [f"Add questions{more}, and look again whenever you like: the e-value allows it."]
    if main.n_more:
        plural = "" if main.n_more == 1 else "s"
        either = f", or {samples}," if samples else ""
        then = "Do it all" if samples else "Add them all"
        return [
            f"About {main.n_more} more question{plural}{either} would settle {gain}. "
            f"{then} before looking again."
        ]
    if main.n_scored:
        return ["Read the changed answers: the figures contradict each other."]
    return []


def _guard_step(guard: Guard) -> list[str]:
    spec = next((s for s in (*GUARDS, CONTEXT_REMOVED) if s.name == guard.name), None)
    if spec is None:
        return check_step(guard)
    c = guard.comparison
    if guard.status in ("REGRESSION", "WARNING") and c is not None:
        if c.kind == "mean":
            return [f"{_cap(spec.remedy)}. {both_arms(c, spec.right)}"]
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
