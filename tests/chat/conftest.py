"""One run to talk to, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from realift.model.device import choose
from tests.chat.made_chat import make_run


@pytest.fixture(scope="session")
def run(base_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder over the random Llama base. Not to be changed by tests."""
    place = tmp_path_factory.mktemp("home") / "runs" / "one"
    return make_run(place, str(base_folder), choose(device="cpu"))
