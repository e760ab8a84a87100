"""The command line: parse, one library call, print, exit code.

Results go to stdout, progress to stderr. Every module here holds the commands of one kind; the
order of the imports is the order of ``realift --help``.
"""

# isort: off
from realift.cli import init, job, data, history, chat, runs, tool  # noqa: F401

# isort: on
from realift.cli.app import app, main
from realift.cli.printing import gate_code

__all__ = ["app", "gate_code", "main"]
