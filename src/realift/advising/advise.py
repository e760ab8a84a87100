"""Every finding of a run turned into advice, the one with the largest expected effect first.

Rank: first by tier (``found.Tier``), then by the share of questions at stake. One piece of advice
for one thing to do, however many guards ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from realift.advising import cheaper, evidence, harm, material
from realift.advising.found import Finding
from realift.types import Advice, RunResult, Verdict

_Rule = Callable[[RunResult, Verdict], Iterator[Finding]]
_STOPS: tuple[_Rule, ...] = (material.leaks, material.inert, material.invalid)
_RULES: tuple[_Rule, ...] = (
    material.retrieval,
    material.contradictions,
    harm.refusals,
    harm.over_refusals,
    harm.context,
    harm.other_guards,
    harm.memorized,
    harm.forgotten,
    harm.unlearned,
    cheaper.few_shot,
    cheaper.style,
    cheaper.copied,
    cheaper.cut_off,
    evidence.unanswered,
    evidence.undecided,
    evidence.unproven,
    evidence.not_learned,
    evidence.no_gain,
    evidence.still_wrong,
    evidence.unchecked,
)


def advise(result: RunResult) -> tuple[Advice, ...]:
    """What to do next, the most useful first; () for a run without a verdict.

    A run that cannot be judged (INVALID, INERT) gets only the advice that makes it judgeable.
    """
    verdict = result.verdict
    if verdict is None:
        return ()
    found = list(chain.from_iterable(rule(result, verdict) for rule in _STOPS))
    if not found:
        found = list(chain.from_iterable(rule(result, verdict) for rule in _RULES))
    found.sort(key=lambda f: (f.tier, -f.size))
    first: dict[str, Advice] = {}
    for finding in found:
        first.setdefault(finding.advice.code, finding.advice)
    return tuple(first.values())
