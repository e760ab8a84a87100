"""Advice about what is not decided, what was not learned, and what nobody looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from realift.advising import commands
from realift.advising.found import Finding, Tier, guards, some
from realift.types import Advice, RunResult, Verdict
from realift.verdict.checks import SPECS
from realift.verdict.guards import CONTEXT_REMOVED, GUARDS

_NOT_FALLEN = 0.9  # of the first training loss: above it nothing was learned to speak of
_OF = {"memorization": "training rows", "regurgitation": "training rows"}  # else: questions
_WORTH_NAMING = 3  # questions still wrong, from here on


def unanswered(_result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """Nothing could be scored."""
    if verdict.comparisons[0].n_scored:
        return
    yield Finding(
        tier=Tier.DATA,
        size=1.0,
        advice=Advice(
            code="add-answers",
            title="Give the questions their expected answers",
            why="no question could be scored; an 'answers' field makes it possible.",
        ),
    )


def undecided(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """More questions, or more samples of these: the figures of the verdict."""
    main = verdict.comparisons[0]
    if verdict.label != "TOO SMALL TO TELL" or not main.n_scored:
        return
    gain = f"a gain of {100 * verdict.min_gain:g} points"
    samples = main.more_samples
    command = (
        commands.judge_again(result, {"--samples-per-question": str(samples)}) if samples else ""
    )
    if verdict.sequential:
        title, why = "Add questions and look again", "the e-value allows it as often as you like."
    elif main.n_more:
        either = f"Add about {main.n_more} questions"
        title = either + (f", or take {samples} samples of each" if samples else "")
        why = f"that would settle {gain}. Do it all before looking again."
    elif samples:
        title = f"Take {samples} samples of each question"
        why = f"that would settle {gain}."
    else:
        title = "Read the changed answers"
        why = "the figures contradict each other; more of the same questions will not help."
    yield Finding(
        tier=Tier.EVIDENCE,
        size=1.0,
        advice=Advice(code="more-evidence", title=title, why=why, command=command),
    )


def unproven(_result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """Guards that saw nothing but prove nothing yet."""
    kinds = {s.name: s.questions for s in (*GUARDS, CONTEXT_REMOVED)}
    open_ = [g for g in guards(verdict) if g.required and g.status == "UNPROVEN"]
    parts = []
    for guard in open_:
        n = guard.comparison.n_more if guard.comparison else None
        if guard.name in kinds:
            parts.append(f"{f'about {n} more' if n else 'more'} {kinds[guard.name]} ({guard.name})")
    titles = {s.title: s for s in SPECS}
    parts += [
        f"more {_OF.get(titles[g.name].name, 'questions')} for '{g.name}'"
        for g in verdict.guards
        if g.name in titles and g.required and g.status == "UNPROVEN"
    ]
    if not parts:
        return
    yield Finding(
        tier=Tier.EVIDENCE,
        size=0.5,
        advice=Advice(
            code="settle-guards",
            title="Settle what is not proven harmless",
            why="; ".join(parts) + ".",
        ),
    )


def not_learned(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """The training loss hardly fell: only then is the adapter too small or too slow."""
    training, plan = result.training, result.plan
    if training is None or plan is None or training.interrupted or training.first_loss <= 0:
        return
    if verdict.label == "REAL GAIN" or training.last_loss < _NOT_FALLEN * training.first_loss:
        return
    rate = {"--learning-rate": f"{2 * plan.learning_rate:.2g}"}
    yield Finding(
        tier=Tier.BETTER,
        size=1.0,
        advice=Advice(
            code="learn-more",
            title="Raise the learning rate, then the rank",
            why=f"the training loss fell from {training.first_loss:.2f} to only "
            f"{training.last_loss:.2f} nats/token: the rows were not learned.",
            command=commands.retrain(result, rate),
        ),
    )


def no_gain(_result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """A gain is ruled out: more of the same will not help."""
    if verdict.label != "NO MEANINGFUL GAIN":
        return
    yield Finding(
        tier=Tier.EVIDENCE,
        size=1.0,
        advice=Advice(
            code="other-rows",
            title="Train on rows closer to the questions, or on a larger base",
            why=f"a gain of {100 * verdict.min_gain:g} points is ruled out; more questions will "
            "not turn this into one.",
        ),
    )


def still_wrong(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """What the adapter does not get right: where further rows would pay."""
    asked = {q.id: q for q in result.questions if q.answerable}
    values: dict[str, list[float]] = defaultdict(list)
    for s in result.scores:
        own = s.arm == "adapter" and not s.probe and s.seed == 0
        if own and s.dimension == verdict.comparisons[0].dimension and s.value is not None:
            values[s.question_id].append(s.value)
    right = {i: sum(v) / len(v) for i, v in values.items() if i in asked}
    wrong = sorted((i for i, v in right.items() if v < 0.5), key=lambda i: (right[i], i))
    if len(wrong) < _WORTH_NAMING or verdict.label == "NO MEANINGFUL GAIN":
        return
    groups: dict[str, int] = defaultdict(int)
    for question_id in wrong:
        groups[asked[question_id].group] += 1
    worst = [f"{g} ({n})" for g, n in sorted(groups.items(), key=lambda p: (-p[1], p[0])) if n > 1]
    where = f" Most in {', '.join(worst[:3])}." if worst else ""
    yield Finding(
        tier=Tier.BETTER,
        size=len(wrong) / len(right),
        advice=Advice(
            code="more-rows",
            title="Add rows about what it still gets wrong",
            why=f"{len(wrong)} of {len(right)} questions are answered wrongly "
            f"({some(tuple(wrong))}).{where} Write other questions about the same things, never "
            "these themselves.",
            rows=tuple(wrong),
        ),
    )


def unchecked(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """Required guards and checks that could not fire."""
    to_check = {s.name: s.to_check for s in (*GUARDS, CONTEXT_REMOVED)}
    to_check |= {s.title: s.to_check for s in SPECS}
    found = [
        f"to check '{g.name}', {to_check[g.name]}"
        for g in verdict.guards
        if g.required and g.status == "NOT CHECKED" and g.name in to_check
    ]
    if result.data is not None and result.data.leak_check is None and not verdict.cross_fit_folds:
        found.append("to check for leaks, give the training rows (--train FILE)")
    if not found:
        return
    text = "; ".join(found)
    yield Finding(
        tier=Tier.UNCHECKED,
        size=len(found) / 10,
        advice=Advice(
            code="check-more",
            title="Let what was not checked be checked",
            why=text + ".",
        ),
    )
