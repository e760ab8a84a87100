"""An optional second opinion on the answers of a finished run, by a language model.

``client`` (the server), ``prompts`` (what is asked, and reading the reply), ``material`` (the
answers of both arms), ``ask`` (asking, with what was answered before), ``labels`` (the sheet a
person fills in), ``opinion`` (the whole job) and ``nli`` (a model that says whether a text supports
a sentence). It never changes the verdict. Must not import ``answer``, ``train`` or ``model``;
torch loads in ``nli`` alone, lazily.

>>> from realift.judge import judge_run, make_endpoint
"""

from realift.judge.client import DEFAULT_URL, Endpoint, leaving, make_endpoint
from realift.judge.labels import read_labels, write_sheet
from realift.judge.opinion import judge_run
from realift.judge.records import JudgeResult

__all__ = [
    "DEFAULT_URL",
    "Endpoint",
    "JudgeResult",
    "judge_run",
    "leaving",
    "make_endpoint",
    "read_labels",
    "write_sheet",
]
