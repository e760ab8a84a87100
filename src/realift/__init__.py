"""realift: train a small LoRA adapter on your domain, and find out whether the lift is real.

>>> import realift
>>> result = realift.run(base="tiny", train="train.jsonl", eval="eval.jsonl")  # doctest: +SKIP
>>> result.verdict.label  # doctest: +SKIP
'REAL GAIN'

All commands are functions of ``realift.api``; the main ones stand here too (``train`` and
``report`` do not: these names are folders of the package). Importing costs nothing; torch and
transformers load with the first command that needs them.
"""

from realift import errors
from realift.api import augment, check, compare, compare_scores, run

__version__ = "0.1.0"

__all__ = ["__version__", "augment", "check", "compare", "compare_scores", "errors", "run"]
