"""``realift selftest``: how often the tool itself is wrong, beside the naive rule.

Exact where the outcomes can be enumerated, drawn from fixed seeds where not, always through the
code that judges a user's run. Must not import torch; numpy and scipy load on first use.

>>> result = run(quick=True)  # doctest: +SKIP
>>> result.passed  # doctest: +SKIP
True
"""

from realift.verdict.selftest.adapters import JudgedAdapter
from realift.verdict.selftest.mutations import Mutated
from realift.verdict.selftest.rows import Row
from realift.verdict.selftest.run import SelfTest, run
from realift.verdict.selftest.table import render, to_json, to_markdown, write

__all__ = [
    "JudgedAdapter",
    "Mutated",
    "Row",
    "SelfTest",
    "render",
    "run",
    "to_json",
    "to_markdown",
    "write",
]
