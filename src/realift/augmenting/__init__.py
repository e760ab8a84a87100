"""Further training rows out of the user's own: refusals and other wordings, by rules.

No model and no download: the same rows, seed and eval set always give the same file, so that a
person can read what was written. Holds the ``augment`` command; may import ``probes.twins`` and
the rooms below, never torch.

>>> from realift.augmenting import augment
>>> done = augment("train.jsonl", out="train-more.jsonl", eval="eval.jsonl")  # doctest: +SKIP
"""

from realift.augmenting.rows import Augmented, LeftOut, MadeRow, augment

__all__ = ["Augmented", "LeftOut", "MadeRow", "augment"]
