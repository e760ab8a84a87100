"""Where the outputs of the refusal benchmark come from: which base, taught what, for how long.

Some sources are trained too little and some too much on purpose: half-learned and mixed-up
refusals are what a detector has to cope with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TINY, STORIES = "tiny", "stories260K"
E2E = "e2e"  # 60 rows of the E2E data (CC BY-SA 4.0): trained on where they lie, never copied here
EVAL = "acme"  # the questions of examples/acme/eval.jsonl
_RECIPE = {"lora_r": 32, "lora_alpha": 64, "batch_size": 16, "weight_decay": 5.0}  # acme's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One model that answers: ``rows`` it is trained on (none = the bare base), ``epochs``, the
    kinds of questions it is asked, and how many of its distinct outputs are kept (``take``)."""

    name: str
    base: str
    asks: tuple[str, ...]
    take: int
    rows: tuple[str, ...] = ()
    epochs: int = 0
    options: dict[str, Any] = field(default_factory=dict)


def _tiny(
    name: str, epochs: int, take: int, *asks: str, rows: tuple[str, ...] = (), rate: float = 0.01
) -> Source:
    """The embedded base taught other wordings than its own, without a system prompt."""
    options = {"lora_r": 32, "lora_alpha": 64, "learning_rate": rate, "system_prompt": ""}
    return Source(
        name=f"tiny+{name}, {epochs} epochs", base=TINY, asks=asks, take=take,
        rows=rows or (name,), epochs=epochs, options=options,
    )  # fmt: skip


def _stories(name: str, epochs: int, take: int, *asks: str, rows: tuple[str, ...] = ()) -> Source:
    options = {"learning_rate": 0.006, "system_prompt": "", "max_new_tokens": 28}
    return Source(
        name=f"stories+{name}, {epochs} epochs" if epochs else "stories", base=STORIES, asks=asks,
        take=take, rows=rows or ((name,) if epochs else ()), epochs=epochs, options=options,
    )  # fmt: skip


SOURCES = (
    Source(name="tiny", base=TINY, asks=(EVAL, "passages", "traps"), take=12),
    Source(
        name="tiny+acme, as in the example", base=TINY, rows=("acme/train",), epochs=12,
        asks=(EVAL, "passages"), take=8, options=_RECIPE,
    ),
    Source(
        name="tiny+acme naive", base=TINY, rows=("acme/naive",), epochs=12,
        asks=(EVAL, "passages"), take=8, options=_RECIPE,
    ),
    _tiny("plain", 8, 20, "passages", EVAL),
    _tiny("plain", 25, 60, "passages", EVAL),
    _tiny("plain", 60, 24, "passages", EVAL),  # too much at this rate: it falls apart
    _tiny("hedged", 25, 60, "passages", EVAL),
    _tiny("plain+hedged", 20, 30, "passages", EVAL, rows=("plain", "hedged")),
    _tiny("traps", 15, 26, "traps"),
    _tiny("traps", 40, 40, "traps"),
    _tiny("traps+plain", 15, 24, "traps", "passages", rows=("traps", "plain")),
    _tiny("languages", 12, 8, "languages"),
    _tiny("languages", 40, 40, "languages"),
    _stories("", 0, 24, "stories"),
    _stories("e2e", 8, 6, "restaurants", rows=(E2E,)),
    _stories("stories", 12, 16, "stories"),
    _stories("stories", 60, 36, "stories", "passages"),
    _stories("e2e+stories+plain", 20, 24, "stories", "restaurants", "passages",
             rows=(E2E, "stories", "plain")),
    _tiny("plain", 40, 80, "passages", "stories", EVAL, rate=0.004),
)  # fmt: skip
