"""Fixtures around the invented run of ``made_run``."""

from __future__ import annotations

from pathlib import Path

import pytest

from realift.types import RunResult
from tests.report import made_run


@pytest.fixture(scope="session")
def result() -> RunResult:
    return made_run.make_result()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made_run.save(made_run.make_result(), tmp_path / "acme-1")
