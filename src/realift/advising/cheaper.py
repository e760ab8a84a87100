"""Advice about what a cheaper way does as well, and gains that are not what they look like."""

from __future__ import annotations

from collections.abc import Iterator

from realift.advising import commands
from realift.advising.found import ALARMS, Finding, Tier, check, check_size, tier_of
from realift.types import Advice, RunResult, Verdict


def few_shot(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """A prompt with examples does as well: no training needed."""
    main = verdict.comparisons[0]
    against = next((c for c in verdict.comparisons if c.first == "few_shot"), None)
    if against is None or against.difference is None or against.interval is None:
        return
    gain = (against.base.value or 0) - (main.base.value or 0)  # few-shot over the bare base
    if against.label == "REAL GAIN" or gain <= 0 or verdict.label == "REGRESSION":
        return
    k = result.manifest.get("few_shot")
    shown = max((int(n) for n in k if str(n).isdigit()), default=0) if isinstance(k, dict) else 0
    low, high = (100 * v for v in (against.interval.low, against.interval.high))
    yield Finding(
        tier=Tier.ALARM,
        size=gain,
        advice=Advice(
            code="use-few-shot",
            title=f"Try a prompt with {shown or 'a few'} training rows instead",
            why=f"it gets {against.base.value or 0:.0%} right without any training, the adapter "
            f"{against.adapter.value or 0:.0%} (difference {100 * against.difference:+.0f}, 95% "
            f"interval {low:+.0f} to {high:+.0f}, n = {against.n_scored}).",
        ),
    )


def style(result: RunResult, _verdict: Verdict) -> Iterator[Finding]:
    """Null adapters or trivial answers do as well: the gain is form."""
    for name in ("nulls", "baselines"):
        found = check(result, name)
        if found and found.status in ALARMS:
            yield Finding(
                tier=tier_of(found.status),
                size=check_size(found),
                advice=Advice(
                    code="form-not-content",
                    title="Read the answers: the gain may be form only",
                    why=found.sentence,
                    rows=found.rows,
                ),
            )


def copied(result: RunResult, _verdict: Verdict) -> Iterator[Finding]:
    """Copying the most similar row would have fixed the same questions: are they rows reworded?"""
    found = check(result, "copy_baseline")
    if found and found.status in ALARMS:
        yield Finding(
            tier=Tier.BETTER,
            size=check_size(found),
            advice=Advice(
                code="questions-apart",
                title="Add questions that no training row answers word for word",
                why=found.sentence,
                rows=found.rows,
            ),
        )


def cut_off(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """Answers of one arm are cut at the token budget: part of the difference is length."""
    if not any(w.startswith("FORMAT EFFECT") for w in verdict.warnings):
        return
    rates = {a.arm: a.truncation_rate or 0.0 for a in result.arms}
    longest = max((a.mean_tokens or 0.0 for a in result.arms), default=0.0)
    budget = {"--max-new-tokens": str(max(128, 2 * round(longest)))}
    yield Finding(
        tier=Tier.ALARM,
        size=abs(rates.get("base", 0.0) - rates.get("adapter", 0.0)),
        advice=Advice(
            code="longer-answers",
            title="Give the answers more room",
            why=f"{rates.get('base', 0):.0%} of the base's answers and "
            f"{rates.get('adapter', 0):.0%} of the adapter's were cut off: part of the difference "
            "may be length, not knowledge.",
            command=commands.judge_again(result, budget),
        ),
    )
