"""One stage of a job as it is seen: how far, how long still, and the loss where there is one.

>>> sparkline([4.0, 3.0, 2.0, 1.0], width=4)
'█▆▃▁'
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from realift.types import Progress

if TYPE_CHECKING:
    from rich.text import Text

LABELS = {
    "download": "MB of",
    "train": "training",
    "pilot": "pilot answers",
    "answer": "answering",
    "context_removed": "without context",
    "other_context": "other context",
    "cut_sentence": "answer cut out",
    "context_swapped": "answer swapped",
    "invented": "invented things",
    "null_deranged": "exchanged answers",
    "null_random": "random weights",
}
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDE, _MEDIUM = 76, 56  # columns from which there is a long bar, a short one
_RECENT = 40  # events from which the speed is taken


@dataclass(slots=True)
class Stage:
    """What is known of a stage so far; times in seconds of a monotonic clock."""

    name: str
    done: int = 0
    total: int = 0
    began: float | None = None
    ended: float | None = None
    losses: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    recent: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_RECENT))

    def take(self, event: Progress, *, now: float) -> None:
        """Note an event. Not before the second one is anything known of the speed."""
        if self.began is None:
            self.began = now
        self.done, self.total = event.done, event.total
        self.ended = now if event.done >= event.total else None
        self.recent.append((now, event.done))
        if event.loss is not None:
            self.losses.append(event.loss)
        if event.valid_loss is not None:
            self.held_out.append(event.valid_loss)

    def left(self, *, now: float) -> float | None:
        """Seconds to the end at the speed of late; ``None`` = not known yet."""
        if self.done >= self.total:
            return 0.0
        (then, before), passed = self.recent[0], now - self.recent[0][0]
        if self.done <= before or passed <= 0:
            return None
        # since the last event time has passed too: without it the rest would stand still
        return max(0.0, (self.total - before) * (self.recent[-1][0] - then) / (self.done - before)
                   - passed)  # fmt: skip

    def elapsed(self, *, now: float) -> float:
        return (self.ended or now) - (self.began if self.began is not None else now)


def label(stage: str) -> str:
    """The stage in words; "train 2/3" is the second of three trainings."""
    name, _, which = stage.partition(" ")
    return f"{LABELS.get(name, name.replace('_', ' '))} {which}".strip()


def clock(seconds: float | None) -> str:
    """Minutes and seconds, hours where there are any; "--:--" = not known.

    >>> clock(75), clock(3700), clock(None)
    ('1:15', '1:01:40', '--:--')
    """
    if seconds is None:
        return "--:--"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes = f"{rest // 60:02}" if hours else str(rest // 60)
    return f"{hours}:{minutes}:{rest % 60:02}" if hours else f"{minutes}:{rest % 60:02}"


def sparkline(values: Sequence[float], *, width: int) -> str:
    """All values as at most ``width`` blocks, each the mean of its share; low is low."""
    n = min(width, len(values))
    if n < 2:
        return ""
    edges = [i * len(values) // n for i in range(n + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in itertools.pairwise(edges)]
    low, span = min(means), max(means) - min(means)
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round((m - low) / span * top) if span else 0] for m in means)


def say_stage(stage: Stage, *, now: float) -> str:
    """A line for a log: "training: 12/40, loss 1.234, held-out 1.500, about 0:32 left"."""
    parts = [f"{label(stage.name)}: {stage.done}/{stage.total}", *_losses(stage)]
    if stage.done < stage.total:
        left = stage.left(now=now)
        parts.append("time left not known yet" if left is None else f"about {clock(left)} left")
    else:
        parts.append(f"took {clock(stage.elapsed(now=now))}")
    return ", ".join(parts)


def _losses(stage: Stage, *, with_best: bool = True) -> list[str]:
    said = [f"loss {stage.losses[-1]:.3f}"] if stage.losses else []
    if stage.held_out:
        last, best = stage.held_out[-1], min(stage.held_out)
        also = f" (best {best:.3f})" if with_best and best < last else ""
        said.append(f"held-out {last:.3f}{also}")
    return said


def render_stage(stage: Stage, *, width: int, now: float, plain: bool = False) -> Text:
    """The stage on a line, or on two where the loss has no room beside the bar.

    Args:
        plain: the terminal knows only ASCII: no blocks, a bar of signs.
    """
    from rich.text import Text

    over = stage.done >= stage.total
    bar = 24 if width >= _WIDE else 12 if width >= _MEDIUM else 0
    head = Text(f"{label(stage.name):<16}" if bar else f"{label(stage.name)} ")
    if bar:
        head.append_text(_bar(stage, bar, plain=plain))
    head.append(f" {stage.done}/{stage.total}")
    elapsed = clock(stage.elapsed(now=now))
    head.append(f" {elapsed}" if over else f" eta {clock(stage.left(now=now))}", style="cyan")
    losses = "  ".join(_losses(stage, with_best=width >= _MEDIUM))
    if not losses:
        return _fitted(head, width)
    room = width - head.cell_len - len(losses) - 4
    beside = room >= 0
    most = min(24, room if beside else width - len(losses) - 4)
    spark = "" if plain or over else sparkline(stage.losses, width=most)
    tail = Text(f"  {losses}", style="dim") + Text(f"  {spark}" if spark else "", style="green")
    if beside:
        return _fitted(head + tail, width)
    return Text("\n").join([_fitted(head, width), _fitted(tail, width)])


def _bar(stage: Stage, width: int, *, plain: bool) -> Text:
    from rich.text import Text

    filled = width * stage.done // max(1, stage.total)
    full, empty = ("#", ".") if plain else ("━", "─")
    return Text(full * filled, style="green") + Text(empty * (width - filled), style="dim")


def _fitted(text: Text, width: int) -> Text:
    text.truncate(width, overflow="crop")
    text.no_wrap = True
    return text
