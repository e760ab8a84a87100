"""What to do next, from what a run found: ranked, each with its rows and a command to type.

A pure function of the run folder; imports nothing that asks a model.

>>> from realift.advising import advise
>>> advise(run_folder.load("runs/acme-1"))[0].code  # doctest: +SKIP
'add-refusals'
"""

from realift.advising.advise import advise

__all__ = ["advise"]
