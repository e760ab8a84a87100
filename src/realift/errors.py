"""The errors realift raises. The library raises them; only the CLI catches and prints them.

An error says what is wrong, where, and what to do:

>>> print(DataError("no rows", hint="add at least one").hint)
add at least one
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realift.types import Problem

MAX_SHOWN = 20  # problems printed in full; the rest is counted


class RealiftError(Exception):
    """Base of all errors a user may cause or meet. ``hint`` is the remedy, on a line of its own."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(RealiftError):
    """Wrong option or configuration (exit code 2)."""

    exit_code = 2


class DataError(RealiftError):
    """Bad data (exit code 2). Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)


class ModelError(RealiftError):
    """A base or adapter that cannot be loaded, or does not belong together."""


class TrainingError(RealiftError):
    """Training that would not mean anything (no supervised token, loss not finite)."""


class RunFolderError(RealiftError):
    """A run folder that is missing, incomplete or of another schema."""


class JudgeError(RealiftError):
    """A judge that cannot be reached or does not answer."""
