"""The runs there are: one row for each folder, as a table, a page and JSON.

Everything is read from the run folders and the ledger beside them; nothing is kept elsewhere. May
import ``report`` and the rooms below it, never torch.

>>> [run.name for run in list_runs("runs")]  # doctest: +SKIP
['acme-2', 'acme-1']
"""

from realift.history.page import remove_runs, write_index
from realift.history.read import (
    INDEX,
    EvalSet,
    RunRow,
    find_run,
    last_interrupted,
    list_eval_sets,
    list_runs,
    run_names,
)

__all__ = [
    "INDEX",
    "EvalSet",
    "RunRow",
    "find_run",
    "last_interrupted",
    "list_eval_sets",
    "list_runs",
    "remove_runs",
    "run_names",
    "write_index",
]
