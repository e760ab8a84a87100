"""The command line, called in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from realift import cli


def call(*args: str | Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run ``realift ARGS`` in this process and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["realift", *map(str, args)])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    return int(leaving.value.code or 0)
