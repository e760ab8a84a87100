"""Did it learn, or memorize? What it gained on its training rows against rows it never saw.

The gain of a row is how much better the adapter predicts its answer than the base does
(nats/token), so the base's own liking for some rows is taken out (difference in differences).
A gain on trained rows is expected. It is memory if it is missing on held-out rows, or on the
trained questions in other words.

>>> judge_gains(Gains(trained=(2.0,) * 20, held_out=(0.0, 0.1) * 10)).status
'WARNING'
>>> judge_gains(Gains(trained=(2.0, 2.1) * 10, held_out=(1.9, 2.0) * 10)).status
'OK'
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realift.answer.reference import Nll, reference_nll
from realift.data.reword import reword
from realift.model.load import Base
from realift.probes.asked import picked
from realift.probes.likelihood import encoded_answers
from realift.types import (
    Check,
    CurvePoint,
    Example,
    GuardStatus,
    Message,
    Question,
    Reading,
    Series,
)
from realift.verdict import wilson
from realift.verdict.checks import GAIN_ON_TRAINED, honest, not_checked, spec
from realift.verdict.losses import mean_interval_of, paired_change, permutation_p
from realift.verdict.readings import share

NAME = "memorization"
CARRIED = 0.30  # share of the trained rows' gain that unseen rows must show (EVALUATION 3.3)
MOST_ROWS = 60  # of each kind
MIN_ROWS = 6  # of each kind; fewer cannot reach p <= 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Gains:
    """Gain of each row in nats/token (base's loss - adapter's).

    ``reworded[i]`` belongs to ``trained[reworded_of[i]]``: the same row, asked in other words.
    """

    trained: tuple[float, ...]
    held_out: tuple[float, ...]
    reworded: tuple[float, ...] = ()
    reworded_of: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Status and words. ``carried`` = mean gain of unseen rows / of trained rows."""

    status: GuardStatus
    sentence: str
    carried: float | None = None
    carried_reworded: float | None = None
    gap_p: float | None = None


def memorization_check(
    model: Any,
    base: Base,
    trained: Sequence[Example],
    held_out: Sequence[Example],
    *,
    system_prompt: str,
    seed: int,
    curve: Sequence[CurvePoint] = (),
) -> Check:
    """Measure and judge; ``model`` is the base with the adapter attached.

    Args:
        trained: the rows it was trained on.
        held_out: rows like them that it was not trained on.
        curve: the training's, for the series of both losses by epoch.
    """
    if not trained:
        return not_checked(NAME, "The training rows were not given.")
    seen = picked(trained, most=MOST_ROWS, key=f"{seed}/trained")
    unseen = picked(held_out, most=MOST_ROWS, key=f"{seed}/held-out")
    changed = [(i, other) for i, e in enumerate(seen) if (other := reworded(e, seed)) is not None]
    kinds = (seen, unseen, tuple(e for _, e in changed))
    encoded = [encoded_answers(base, some, system_prompt=system_prompt) for some in kinds]
    with model.disable_adapter():
        before = [reference_nll(model, base, rows) for rows in encoded]
    after = [reference_nll(model, base, rows) for rows in encoded]
    gain = [_gains(b, a) for b, a in zip(before, after, strict=True)]
    place = {row.id: i for i, row in enumerate(encoded[0])}
    pairs = [
        (place[row.id], g) for row, g in zip(encoded[2], gain[2], strict=True) if row.id in place
    ]
    gains = Gains(
        trained=gain[0],
        held_out=gain[1],
        reworded=tuple(g for _, g in pairs),
        reworded_of=tuple(i for i, _ in pairs),
    )
    exact = {
        "answers word for word, rows it was trained on": (before[0], after[0]),
        "answers word for word, held-out rows": (before[1], after[1]),
        "answers word for word, trained rows in other words": (before[2], after[2]),
    }
    check = check_of(gains, ids=tuple(row.id for row in encoded[0]))
    readings = [r for name, (b, a) in exact.items() for r in _exact_readings(name, b, a)]
    return dataclasses.replace(check, readings=(*check.readings, *readings), series=_series(curve))


def reworded(example: Example, seed: int) -> Example | None:
    """The row with its last question in other words; None where the rules know none."""
    other = reword(example.instruction, seed)
    if other is None:
        return None
    last = max(i for i, m in enumerate(example.messages) if m.role == "user")
    messages = list(example.messages)
    messages[last] = dataclasses.replace(messages[last], content=other)
    return dataclasses.replace(example, messages=tuple(messages))


def as_examples(questions: Sequence[Question]) -> tuple[Example, ...]:
    """Questions with one expected answer as rows; of several alternatives the first is taken.

    Those that expect several things at once are left out: a list of them is no natural answer.
    """
    return tuple(
        Example(
            id=q.id,
            where=q.where,
            messages=(
                Message(role="user", content=q.question, context=q.context),
                Message(role="assistant", content=q.answers[0][0]),
            ),
        )
        for q in questions
        if q.answerable and len(q.answers) == 1 and q.answers[0]
    )


def check_of(gains: Gains, *, ids: Sequence[str] = ()) -> Check:
    """The check of measured gains, with its controls.

    Planted: held-out rows without any gain must be seen as memory. Clean: the trained rows cut
    into two halves must not. A training that shows no gain on its own rows leaves nothing that
    could be memory: NOT CHECKED, and not waited for.
    """
    finding = judge_gains(gains)
    n = len(gains.trained)
    learned = n >= MIN_ROWS and _mean(gains.trained) > 0 and _p(gains.trained) <= 0.05
    could = min(n, len(gains.held_out)) if learned and len(gains.held_out) >= MIN_ROWS else 0
    planted = clean = caught = false_alarms = 0
    if could:
        none = dataclasses.replace(
            gains, held_out=(0.0,) * len(gains.held_out), reworded=(), reworded_of=()
        )
        halves = Gains(trained=gains.trained[::2], held_out=gains.trained[1::2])
        planted, clean = 1, 1
        caught = int(judge_gains(none).status == "WARNING")
        false_alarms = int(judge_gains(halves).status == "WARNING")
    order = sorted(range(n), key=lambda i: -gains.trained[i])
    return honest(
        Check(
            name=NAME,
            title=spec(NAME).title,
            status=finding.status,
            sentence=finding.sentence,
            n=n + len(gains.held_out) + len(gains.reworded),
            n_could_fire=could,
            caught=caught,
            planted=planted,
            false_alarms=false_alarms,
            clean=clean,
            required=learned,
            readings=_gain_readings(gains, finding),
            rows=tuple(ids[i] for i in order[:10]) if finding.status == "WARNING" and ids else (),
        )
    )


def judge_gains(gains: Gains, *, alpha: float = 0.05) -> Finding:
    """Rules, in this order.

    1. NOT CHECKED: fewer than 6 rows of a kind, or no gain on the trained rows (p > alpha).
    2. WARNING: the held-out rows show less than ``CARRIED`` of the trained rows' gain, and the
       two differ (permutation test, p <= alpha); or the same of the reworded rows (sign-flip of
       the paired differences).
    3. OK: at least that share is proven on the held-out rows (one-sided 5%).
    4. UNPROVEN otherwise.
    """
    if len(gains.trained) < MIN_ROWS or len(gains.held_out) < MIN_ROWS:
        return Finding(
            status="NOT CHECKED",
            sentence=f"{len(gains.trained)} trained and {len(gains.held_out)} held-out rows: "
            f"{MIN_ROWS} of each are needed.",
        )
    up = _mean(gains.trained)
    if up <= 0 or _p(gains.trained) > alpha:
        return Finding(
            status="NOT CHECKED",
            sentence="It does not predict its own training rows better than the base does, so "
            "there is nothing it could have memorized.",
        )
    carried = _mean(gains.held_out) / up
    gap_p = permutation_p(gains.trained, gains.held_out)
    sentence = (
        f"Gain in nats/token: {up:.2f} on {len(gains.trained)} rows it was trained on, "
        f"{_mean(gains.held_out):.2f} on {len(gains.held_out)} rows it never saw"
    )
    carried_reworded = None
    only_wording = False
    if len(gains.reworded) >= MIN_ROWS:
        own = [gains.trained[i] for i in gains.reworded_of]
        carried_reworded = _mean(gains.reworded) / _mean(own) if _mean(own) > 0 else None
        sentence += f", {_mean(gains.reworded):.2f} on the trained ones in other words"
        change = paired_change(own, gains.reworded)
        only_wording = (
            carried_reworded is not None and carried_reworded < CARRIED and change.p_value <= alpha
        )
    low = mean_interval_of(gains.held_out, level=0.90)
    status: GuardStatus = "UNPROVEN"
    meaning = f"Whether {100 * CARRIED:.0f}% of it carries over is open."
    if carried < CARRIED and gap_p <= alpha:
        status, meaning = "WARNING", "Little of it carries over: it memorized."
    elif only_wording:
        status, meaning = "WARNING", "It is tied to the wording of the rows: it memorized."
    elif low is not None and low.low >= CARRIED * up:
        status, meaning = "OK", f"At least {100 * CARRIED:.0f}% of it carries over."
    return Finding(
        status=status,
        sentence=f"{sentence}. {meaning}",
        carried=carried,
        carried_reworded=carried_reworded,
        gap_p=gap_p,
    )


def _gain_readings(gains: Gains, finding: Finding) -> tuple[Reading, ...]:
    def reading(name: str, values: Sequence[float]) -> Reading:
        found = mean_interval_of(values, level=0.95)
        return Reading(
            name=name,
            arm="adapter - base",
            value=_mean(values) if values else None,
            unit="nats/token",
            n=len(values),
            interval=found,
            p_value=_p(values) if values else None,
        )

    out = [
        reading(GAIN_ON_TRAINED, gains.trained),
        reading("gain on held-out rows", gains.held_out),
        reading("gain on trained rows in other words", gains.reworded),
    ]
    shares = (("held-out", finding.carried), ("reworded", finding.carried_reworded))
    out += [
        Reading(
            name=f"share of the gain that carries over, {what}",
            arm="",
            value=value,
            unit="ratio",
            n=len(gains.held_out if what == "held-out" else gains.reworded),
            p_value=finding.gap_p if what == "held-out" else None,
        )
        for what, value in shares
        if value is not None
    ]
    return tuple(out)


def _exact_readings(name: str, before: Sequence[Nll], after: Sequence[Nll]) -> list[Reading]:
    """How often greedy decoding would write the very answer, by arm."""
    out = []
    for arm, some in (("base", before), ("adapter", after)):
        known = [n for n in some if n.n_greedy is not None]
        rate = wilson(sum(n.n_greedy == n.n_tokens for n in known), len(known))
        out.append(share(name, arm, rate))
    return out


def _series(curve: Sequence[CurvePoint]) -> tuple[Series, ...]:
    """Loss by epoch: on the rows trained on (mean over the epoch's steps), on held-out rows."""
    by_epoch: dict[int, list[float]] = {}
    for p in curve:
        if p.loss is not None:
            by_epoch.setdefault(max(1, -int(-p.epoch // 1)), []).append(p.loss)
    held = [(p.epoch, p.valid_loss) for p in curve if p.valid_loss is not None]
    out = []
    if by_epoch:
        out.append(
            Series(
                name="rows it is trained on",
                x_label="epoch",
                y_label="nats/token",
                x=tuple(float(e) for e in by_epoch),
                y=tuple(_mean(losses) for losses in by_epoch.values()),
            )
        )
    if held:
        out.append(
            Series(
                name="held-out rows",
                x_label="epoch",
                y_label="nats/token",
                x=tuple(e for e, _ in held),
                y=tuple(loss for _, loss in held),
            )
        )
    return tuple(out)


def _gains(before: Sequence[Nll], after: Sequence[Nll]) -> tuple[float, ...]:
    return tuple(b.mean - a.mean for b, a in zip(before, after, strict=True))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _p(values: Sequence[float]) -> float:
    return paired_change([0.0] * len(values), values).p_value
