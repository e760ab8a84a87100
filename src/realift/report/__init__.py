"""What a person (or a machine) reads after a run: every page a pure function of the run folder.

``terminal`` prints the panel, ``html`` and ``markdown`` make the pages, ``machine`` the JSON,
``write`` puts the pages into the folder. All four take their facts from ``view`` and the wording
of their numbers from ``figures``, so they cannot disagree. This room imports neither torch nor
any other room; rich and jinja2 are loaded by the module that needs them.

>>> from realift.report.write import write_reports
>>> write_reports("runs/acme-1").html  # doctest: +SKIP
PosixPath('runs/acme-1/report.html')
"""
