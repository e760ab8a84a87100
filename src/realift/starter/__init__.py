"""``realift init``: the three files a newcomer starts from, made for their case.

A commented ``realift.yaml`` (from the fields of ``Config``), a ``train.jsonl`` and an
``eval.jsonl`` whose rows run as they are and are meant to be replaced. Must not import torch.

>>> sorted(CASES)
['documents', 'facts', 'style']
"""

from realift.model.bases import BASES, KnownBase
from realift.starter.cases import CASES, Case
from realift.starter.write import Started, start

__all__ = ["BASES", "CASES", "Case", "KnownBase", "Started", "start"]
