"""Do training rows come back word for word?

Each row is prompted with its question and the first third of its answer, and the adapter goes on.
What it repeats of the rest is measured against two controls: the same adapter on rows it never
saw, and the base on the same rows. Templates and common phrases are repeated by all three.

>>> common_run("xx the red fox ran yy", "a the red fox sat")
' the red fox '
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realift.answer.decode import decode_prompts
from realift.answer.prompts import Prompt
from realift.config import Config
from realift.model.load import Base
from realift.probes.asked import N_CONTROLS, picked
from realift.probes.likelihood import encoded_answers
from realift.types import Arm, Check, Encoded, Example, GuardStatus, Reading
from realift.verdict import failure_bound, wilson
from realift.verdict.checks import honest, not_checked, spec
from realift.verdict.readings import share

NAME = "regurgitation"
RUN_CHARACTERS = 50  # consecutive characters that are no accident (EVALUATION 3.6)
SHOWN = 1 / 3  # of the answer's tokens
PERCENTILE = 0.99  # of the controls' longest runs
MOST_ROWS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Continuation:
    """A prompted row: what was shown, what would follow, and what the model wrote."""

    id: str
    shown: str  # prompt and beginning of the answer
    rest: str
    said: str

    @property
    def run(self) -> int:
        """Characters of the longest stretch of the rest that was written and was not shown."""
        found = common_run(self.said, self.rest).strip()
        return 0 if found and found in self.shown else len(found)


def regurgitation_check(
    model: Any,
    base: Base,
    trained: Sequence[Example],
    held_out: Sequence[Example],
    config: Config,
) -> Check:
    """Prompt, compare, judge; ``model`` is the base with the adapter attached."""
    rows = _long_rows(base, trained, config, "trained")
    others = _long_rows(base, held_out, config, "held-out")
    if not rows:
        return not_checked(
            NAME,
            f"No training answer has {RUN_CHARACTERS} characters left after its first third, so "
            "nothing could come back word for word.",
            n=len(trained),
        )
    by_adapter = _continued(model, base, rows, "adapter", config)
    elsewhere = _continued(model, base, others, "adapter", config)
    with model.disable_adapter():
        by_base = _continued(model, base, rows, "base", config)
    return judge_runs(by_adapter, [*elsewhere, *by_base], n=len(trained))


def judge_runs(
    trained: Sequence[Continuation], controls: Sequence[Continuation], *, n: int
) -> Check:
    """A hit: a run of 50 characters or more, longer than 99% of the controls' runs.

    WARNING: any hit. OK: none (with the rate that so few rows rule out). Nothing waits for this
    check: for some uses it is what was wanted. Controls of the check itself: the row's own rest
    must be a hit, another row's must not.
    """
    limit = max(RUN_CHARACTERS, _percentile([c.run for c in controls]) + 1)
    hits = [c for c in trained if c.run >= limit]
    planted = [_replaced(c, c.rest) for c in trained[:N_CONTROLS] if len(c.rest) >= limit]
    turned = [*trained[1:], *trained[:1]]
    clean = [
        _replaced(c, other.rest)
        for c, other in zip(trained[:N_CONTROLS], turned, strict=False)
        if len(common_run(c.rest, other.rest)) < limit and other is not c
    ]
    rate = wilson(len(hits), len(trained))
    bound = failure_bound(len(trained))
    status: GuardStatus = "WARNING" if hits else "OK"
    sentence = (
        f"Given the question and the first third of the answer, {len(hits)} of {len(trained)} "
        f"training rows came back with {limit} or more characters in a row word for word"
    )
    if hits:
        sentence += "; rows it never saw, and the base, do not do that."
    elif bound is not None:
        sentence += f" (that rules out only rates above {100 * bound:.0f}%)."
    return honest(
        Check(
            name=NAME,
            title=spec(NAME).title,
            status=status,
            sentence=sentence,
            n=n,
            n_could_fire=len(planted) and len(trained),
            caught=sum(c.run >= limit for c in planted),
            planted=len(planted),
            false_alarms=sum(c.run >= limit for c in clean),
            clean=len(clean),
            required=False,
            readings=(
                share("training rows that come back word for word", "adapter", rate),
                Reading(
                    name="longest run of the controls, characters",
                    arm="",
                    value=float(max((c.run for c in controls), default=0)),
                    unit="count",
                    n=len(controls),
                ),
            ),
            rows=tuple(c.id for c in sorted(hits, key=lambda c: -c.run)),
        )
    )


def common_run(first: str, second: str) -> str:
    """The longest stretch of characters that stands in both texts; the first of several.

    A stretch of some length in both means one of every shorter length, so the length is found by
    halving.
    """
    low, high, found = 0, min(len(first), len(second)), ""
    while low < high:
        length = (low + high + 1) // 2
        inside = {second[i : i + length] for i in range(len(second) - length + 1)}
        stretch = next(
            (s for i in range(len(first) - length + 1) if (s := first[i : i + length]) in inside),
            None,
        )
        if stretch is None:
            high = length - 1
        else:
            low, found = length, stretch
    return found


def _percentile(runs: Sequence[int]) -> int:
    ordered = sorted(runs)
    return ordered[min(len(ordered) - 1, int(PERCENTILE * len(ordered)))] if ordered else 0


def _replaced(c: Continuation, said: str) -> Continuation:
    return Continuation(id=c.id, shown=c.shown, rest=c.rest, said=said)


def _long_rows(
    base: Base, examples: Sequence[Example], config: Config, what: str
) -> tuple[Encoded, ...]:
    rows = encoded_answers(base, examples, system_prompt=config.system_prompt)
    long = [r for r in rows if len(_text(base, r.input_ids[_cut(r) :])) >= RUN_CHARACTERS]
    return picked(long, most=MOST_ROWS, key=f"{config.seed}/regurgitation/{what}")


def _cut(row: Encoded) -> int:
    """Where the shown part ends: a third into the last supervised stretch."""
    end = len(row.supervised)
    start = end
    while start and row.supervised[start - 1]:
        start -= 1
    return start + max(1, round(SHOWN * (end - start)))


def _continued(
    model: Any, base: Base, rows: Sequence[Encoded], arm: Arm, config: Config
) -> list[Continuation]:
    prompts = [Prompt(question_id=r.id, arm=arm, input_ids=r.input_ids[: _cut(r)]) for r in rows]
    said = decode_prompts(
        model,
        base,
        prompts,
        max_new_tokens=config.max_new_tokens,
        batch_size=config.answer_batch_size,
        probe=NAME,
    )
    return [
        Continuation(
            id=r.id,
            shown=_text(base, r.input_ids[: _cut(r)]),
            rest=_text(base, r.input_ids[_cut(r) :]),
            said=c.text,
        )
        for r, c in zip(rows, said, strict=True)
    ]


def _text(base: Base, ids: Sequence[int]) -> str:
    return str(base.tokenizer.decode(list(ids), skip_special_tokens=True)).strip()
