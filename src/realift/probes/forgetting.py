"""Does the adapter make the base worse at what it could do before?

Both arms predict general texts and the answers to everyday instructions that ship with the
package. Accuracy on a hundred questions cannot show forgetting (EVALUATION 2.8); the loss of the
same texts, paired, can.

>>> from realift.probes.forgetting import forgetting_check
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realift.model.load import Base
from realift.probes.asked import N_CONTROLS
from realift.probes.likelihood import (
    Losses,
    adapter_losses,
    base_losses,
    both_losses,
    encoded_answers,
    encoded_text,
    turned_up,
)
from realift.probes.texts import general_texts, instructions, invented
from realift.types import Check, Encoded, Example, GuardStatus, Message, Reading
from realift.verdict.checks import honest, spec
from realift.verdict.losses import Change, paired_change

NAME = "forgetting"
RISE = 0.05  # nats/token: about 5% higher perplexity (EVALUATION 3.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Losses on one set of rows. ``floor`` = the loss of a uniform guess, log of the vocabulary."""

    what: str
    ids: tuple[str, ...]
    losses: Losses
    floor: float
    kl: float | None = None  # mean KL(base || adapter) per token

    @property
    def n_spoken(self) -> int:
        """Rows that the base predicts better than a uniform guess: it can forget these."""
        return sum(loss < self.floor for loss in self.losses.base)

    @property
    def change(self) -> Change:
        """Adapter - base over the rows."""
        return paired_change(self.losses.base, self.losses.adapter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What the check makes of an adapter turned up tenfold, and of the base against itself."""

    caught: int
    planted: int
    false_alarms: int
    clean: int


def forgetting_check(model: Any, base: Base, *, alpha: float = 0.05) -> Check:
    """Measure and judge; ``model`` is the base with the adapter attached.

    A base that does not speak general texts (the embedded one) is measured on what it does speak:
    answers beside a passage.
    """
    general = _measured(model, base, forgetting_rows(base))
    check = judge_forgetting(*general, alpha=alpha)
    if check.n_could_fire:
        return check
    narrow = judge_forgetting(*_measured(model, base, passage_rows(base)), alpha=alpha)
    harmed = narrow.status in ("WARNING", "REGRESSION")
    return dataclasses.replace(
        narrow,
        sentence=f"The base does not speak general texts ({check.n} tried), so it was asked what "
        f"it does: {narrow.sentence}",
        required=harmed,
        readings=(*narrow.readings, *check.readings),
    )


def _measured(
    model: Any, base: Base, sets: dict[str, tuple[Encoded, ...]]
) -> tuple[list[Measured], Controls]:
    measured = [_measure(model, base, what, rows) for what, rows in sets.items()]
    return measured, _controls(model, base, [rows[:N_CONTROLS] for rows in sets.values() if rows])


def forgetting_rows(base: Base) -> dict[str, tuple[Encoded, ...]]:
    """General texts and everyday instructions (no system prompt), as this base reads them."""
    texts = tuple(
        row for id, text in general_texts() if (row := encoded_text(base, id, text)) is not None
    )
    return {
        "general texts": texts,
        "everyday instructions": encoded_answers(base, instructions(), system_prompt=""),
    }


def passage_rows(base: Base) -> dict[str, tuple[Encoded, ...]]:
    """The shipped questions with their passage, answered with a citation."""
    rows = tuple(
        Example(
            id=q.id,
            where=q.where,
            messages=(
                Message(role="user", content=q.question, context=q.context),
                Message(role="assistant", content=f"{q.answers[0][0]} [1]."),
            ),
        )
        for q in invented()
    )
    return {"answers beside a passage": encoded_answers(base, rows, system_prompt="")}


def judge_forgetting(
    measured: Sequence[Measured], controls: Controls, *, alpha: float = 0.05
) -> Check:
    """The check from what was measured.

    1. REGRESSION: on either set the mean loss rises by more than ``RISE`` and p (times the number
       of sets) <= alpha. WARNING: the same without the correction.
    2. OK: on every set a rise of ``RISE`` is ruled out (90% interval of the mean).
    3. UNPROVEN otherwise.

    Rows that the base predicts no better than a uniform guess over its vocabulary show no
    language to forget. If that holds for more than half of all rows, the check is NOT CHECKED and
    not waited for, unless harm was seen all the same.
    """
    changes = {m.what: m.change for m in measured if m.losses.base}
    n = sum(c.n for c in changes.values())
    spoken = sum(m.n_spoken for m in measured)
    rose = {w: c for w, c in changes.items() if c.mean > RISE and c.p_value <= alpha}
    proven = [w for w, c in rose.items() if c.p_value * len(changes) <= alpha]
    ruled_out = bool(changes) and all(
        c.interval90 is not None and c.interval90.high < RISE for c in changes.values()
    )
    status: GuardStatus = "OK" if ruled_out else "UNPROVEN"
    if rose:
        status = "REGRESSION" if proven else "WARNING"
    mute = spoken * 2 <= n and not rose
    sentence = _sentence(changes, "NOT CHECKED" if mute else status)
    if spoken * 2 <= n and n:
        sentence += (
            f" The base itself does not speak such texts: it predicts {n - spoken} of {n} no "
            "better than a uniform guess."
        )
    return honest(
        Check(
            name=NAME,
            title=spec(NAME).title,
            status=status,
            sentence=sentence,
            n=n,
            n_could_fire=0 if mute else (n if rose else spoken),
            caught=controls.caught,
            planted=controls.planted,
            false_alarms=controls.false_alarms,
            clean=controls.clean,
            required=not mute,
            readings=tuple(r for m in measured for r in _readings(m)),
            rows=_worst(measured) if rose else (),
        )
    )


def _sentence(changes: dict[str, Change], status: GuardStatus) -> str:
    if not changes:
        return "No text fits the base's window."
    parts = []
    for what, c in changes.items():
        span = f" ({c.interval.low:+.2f} to {c.interval.high:+.2f})" if c.interval else ""
        parts.append(f"{c.mean:+.2f}{span} on {c.n} {what}")
    meaning = {
        "OK": f"A rise of {RISE:g} is ruled out.",
        "UNPROVEN": f"A rise of {RISE:g} is not ruled out.",
        "WARNING": "Possibly it got worse at what it could do before.",
        "REGRESSION": "It got worse at what it could do before.",
        "NOT CHECKED": "",
    }[status]
    return f"Loss, adapter - base, nats/token: {', '.join(parts)}. {meaning}".strip()


def _readings(m: Measured) -> list[Reading]:
    if not m.losses.base:
        return []
    c, name = m.change, f"loss on {m.what}"
    n = len(m.losses.base)
    out = [
        Reading(name=name, arm="base", value=sum(m.losses.base) / n, unit="nats/token", n=n),
        Reading(name=name, arm="adapter", value=sum(m.losses.adapter) / n, unit="nats/token", n=n),
        Reading(
            name=name,
            arm="adapter - base",
            value=c.mean,
            unit="nats/token",
            n=n,
            interval=c.interval,
            p_value=c.p_value,
        ),
    ]
    if m.kl is not None:
        kl = f"KL(base to adapter) on {m.what}"
        out.append(Reading(name=kl, arm="", value=m.kl, unit="nats/token", n=n))
    return out


def _worst(measured: Sequence[Measured]) -> tuple[str, ...]:
    """The rows whose loss rose, the most first."""
    rises = [
        (after - before, id)
        for m in measured
        for id, before, after in zip(m.ids, m.losses.base, m.losses.adapter, strict=True)
        if after - before > RISE
    ]
    return tuple(id for _, id in sorted(rises, reverse=True)[:10])


def _measure(model: Any, base: Base, what: str, rows: Sequence[Encoded]) -> Measured:
    losses = both_losses(model, base, rows)
    kl = mean_kl(model, base, rows) if what == "everyday instructions" and rows else None
    return Measured(
        what=what,
        ids=tuple(r.id for r in rows),
        losses=losses,
        floor=math.log(model.get_input_embeddings().weight.shape[0]),
        kl=kl,
    )


def _controls(model: Any, base: Base, sets: Sequence[Sequence[Encoded]]) -> Controls:
    """Planted: the adapter turned up tenfold must raise the loss. Clean: the base asked twice."""
    caught = planted = false_alarms = 0
    for rows in sets:
        before, again = base_losses(model, base, rows), base_losses(model, base, rows)
        with turned_up(model) as can_turn:
            after = adapter_losses(model, base, rows) if can_turn else ()
        planted += can_turn
        caught += bool(after) and paired_change(before, after).mean > RISE
        false_alarms += abs(paired_change(before, again).mean) > RISE / 10
    return Controls(caught=caught, planted=planted, false_alarms=false_alarms, clean=len(sets))


def mean_kl(model: Any, base: Base, rows: Sequence[Encoded]) -> float:
    """Mean KL(base || adapter) over the supervised positions of the rows, nats/token."""
    import torch

    from realift.train.batches import collate, cut, pad_token_id

    total, n = 0.0, 0
    model.eval()
    with torch.inference_mode():
        for piece in cut(range(len(rows)), 8):
            batch = collate(
                [rows[i] for i in piece], pad_id=pad_token_id(base), device=base.compute.device
            )
            wanted = batch.labels[:, 1:] != -100  # (B, T - 1)

            def logs(batch: Any = batch, wanted: Any = wanted) -> Any:
                out = model(
                    input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False
                ).logits[:, :-1]
                return out[wanted].float().log_softmax(-1)  # (N, V)

            with model.disable_adapter():
                p = logs()
            q = logs()
            total += float((p.exp() * (p - q)).sum())
            n += len(p)
    return total / n if n else 0.0
