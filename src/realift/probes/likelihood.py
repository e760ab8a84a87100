"""Losses of both arms on given rows, in one loaded model: the adapter switched off, then on.

>>> both_losses(model, base, rows).adapter  # doctest: +SKIP
(1.25, 0.5)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from realift.answer.reference import Nll, reference_nll
from realift.model.load import Base
from realift.model.template import encode_example
from realift.types import Encoded, Example

TURNED_UP = 10.0  # an adapter at ten times its strength must be seen to do harm: the control


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Mean loss of each row in nats/token, base and adapter, and the rows' token counts."""

    base: tuple[float, ...]
    adapter: tuple[float, ...]
    n_tokens: tuple[int, ...]


def both_losses(model: Any, base: Base, rows: Sequence[Encoded]) -> Losses:
    """Both arms on the same rows; a row without supervised tokens is refused (ValueError)."""
    with model.disable_adapter():
        before = reference_nll(model, base, rows)
    after = reference_nll(model, base, rows)
    return Losses(
        base=_means(before), adapter=_means(after), n_tokens=tuple(n.n_tokens for n in before)
    )


def adapter_losses(model: Any, base: Base, rows: Sequence[Encoded]) -> tuple[float, ...]:
    """The adapter's losses alone."""
    return _means(reference_nll(model, base, rows))


def base_losses(model: Any, base: Base, rows: Sequence[Encoded]) -> tuple[float, ...]:
    """The base's losses alone."""
    with model.disable_adapter():
        return _means(reference_nll(model, base, rows))


def _means(found: Sequence[Nll]) -> tuple[float, ...]:
    return tuple(n.mean for n in found)


@contextmanager
def turned_up(model: Any, factor: float = TURNED_UP) -> Iterator[bool]:
    """The adapter at ``factor`` times its strength; yields False if it has no scale to turn."""
    scaled = [m for m in model.modules() if isinstance(getattr(m, "scaling", None), dict)]
    kept = [dict(m.scaling) for m in scaled]
    try:
        for m in scaled:
            m.scaling.update({k: v * factor for k, v in m.scaling.items()})
        yield bool(scaled)
    finally:
        for m, before in zip(scaled, kept, strict=True):
            m.scaling.update(before)


def encoded_text(base: Base, id: str, text: str) -> Encoded | None:
    """A plain text, every token but the first to be predicted; None if it does not fit."""
    ids = tuple(base.tokenizer(text)["input_ids"])
    if len(ids) < 2 or len(ids) > base.window:
        return None
    return Encoded(id=id, input_ids=ids, supervised=(False,) + (True,) * (len(ids) - 1))


def encoded_answers(
    base: Base, examples: Sequence[Example], *, system_prompt: str
) -> tuple[Encoded, ...]:
    """The last answer of each row, to be predicted; rows that do not fit are left out."""
    out = []
    for example in examples:
        row = encode_example(base.tokenizer, base.template, example, system_prompt=system_prompt)[
            -1
        ]
        if len(row.input_ids) <= base.window and row.n_supervised >= 2:
            out.append(row)
    return tuple(out)
