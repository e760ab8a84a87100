"""One row of the self-test's table: a situation, a measured rate and the bound it must keep.

>>> Row(section="s", situation="no effect", measures="false gain", ours=0.02, high=0.025).status
'pass'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from realift.types import Interval
from realift.verdict.paired import wilson

Status = Literal["pass", "fail", "unproven", "shown", "not run"]
_ROUNDING = 1e-9  # sums of thousands of probabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rate of the tool (0-1) beside that of the naive rule ``adapter mean > base mean``.

    ``n`` is the number of draws behind both rates, None = exact (enumerated, not drawn).
    ``low`` to ``high`` is the bound on ``ours``; the widest one, 0 to 1, asks for nothing.
    ``ours = None`` means that the part was not run; ``note`` says why.
    """

    section: str
    situation: str
    measures: str  # what the rates count: "false gain", "power", ...
    ours: float | None
    naive: float | None = None
    n: int | None = None
    low: float = 0.0
    high: float = 1.0
    note: str = ""

    @property
    def interval(self) -> Interval | None:
        """95% Wilson interval of ``ours``; None for exact figures."""
        return _wilson(self.ours, self.n)

    @property
    def naive_interval(self) -> Interval | None:
        """95% Wilson interval of ``naive``; None for exact figures."""
        return _wilson(self.naive, self.n)

    @property
    def status(self) -> Status:
        """``pass`` and ``fail`` are proven: the whole interval is inside, or outside, the bound.

        >>> row = dict(section="s", situation="", measures="", high=0.05)
        >>> [Row(**row, ours=x, n=1000).status for x in (0.02, 0.05, 0.20)]
        ['pass', 'unproven', 'fail']
        """
        if self.ours is None:
            return "not run"
        if self.low <= 0 and self.high >= 1:
            return "shown"
        ends = self.interval or Interval(low=self.ours, high=self.ours)
        if ends.low >= self.low - _ROUNDING and ends.high <= self.high + _ROUNDING:
            return "pass"
        outside = ends.high < self.low - _ROUNDING or ends.low > self.high + _ROUNDING
        return "fail" if outside else "unproven"


def _wilson(rate: float | None, n: int | None) -> Interval | None:
    if rate is None or n is None:
        return None
    return wilson(round(rate * n), n).interval
