"""The hub is asked once and quickly whether it is there; if not, this disk alone is searched."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants

from realift import hub
from realift.errors import ModelError
from realift.hub import asked_if_there, is_away
from realift.model.load import TINY_FOLDER, load_base
from tests.local_server import Quiet, running


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where nobody said that there is no network."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub whose port is closed."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")


class Refuses(Quiet):
    def do_HEAD(self) -> None:
        self.send_error(404)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub that answers everything with 404."""
    with running(Refuses) as address:
        monkeypatch.setattr(constants, "ENDPOINT", address)
        yield


@pytest.mark.usefixtures("nobody")
def test_a_closed_port_is_a_hub_that_is_away() -> None:
    assert is_away()


def test_a_name_that_does_not_resolve_is_a_hub_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://no-such-host.invalid")
    assert is_away()


@pytest.mark.usefixtures("refusing")
def test_any_answer_is_a_hub_that_is_there() -> None:
    assert not is_away()
    with asked_if_there("nobody/none"):
        assert not constants.HF_HUB_OFFLINE


def test_a_slow_hub_and_an_odd_address_are_left_to_the_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "_PATIENCE", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert not is_away()
    monkeypatch.setattr(constants, "ENDPOINT", "not an address")
    assert not is_away()


@pytest.mark.usefixtures("nobody")
def test_offline_lasts_as_long_as_the_loading_even_if_that_fails() -> None:
    def load() -> None:
        with asked_if_there("nobody/none"):
            assert constants.HF_HUB_OFFLINE
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        load()
    assert not constants.HF_HUB_OFFLINE


def test_nobody_is_asked_about_a_folder_or_where_a_person_said_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "is_away", lambda: pytest.fail("the hub was asked"))
    with asked_if_there(str(tmp_path)):
        assert not constants.HF_HUB_OFFLINE
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with asked_if_there("nobody/none"):
        assert constants.HF_HUB_OFFLINE
    assert constants.HF_HUB_OFFLINE


@pytest.mark.usefixtures("nobody")
def test_bases_and_datasets_are_loaded_without_retries_where_there_is_no_network(
    monkeypatch: pytest.MonkeyPatch, compute: Any
) -> None:
    import datasets
    import transformers

    from realift import sources

    offline = []

    def loads(*_: Any, **__: Any) -> Any:
        offline.append(constants.HF_HUB_OFFLINE)
        raise OSError("couldn't connect")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", loads)
    monkeypatch.setattr(datasets, "load_dataset", loads)
    with pytest.raises(ModelError, match="not on this disk"):
        load_base("nobody/none", compute=compute)
    assert sources._load("nobody/no-such-dataset", "train").code == "no-such-dataset"
    assert offline == [True, True]


# --- a hub on this machine ---------------------------------------------------------------------

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LOADING = """
from realift.model.device import choose
from realift.model.load import load_base
from realift.types import Progress

def tell(event: Progress) -> None:
    print("told", event.stage, event.done, event.total, flush=True)

base = load_base("acme/served", compute=choose(device="cpu"), on_event=tell)
print("loaded", base.name, base.fingerprint)
"""


class Serves(Quiet):
    """The embedded base as ``acme/served``, as the hub serves files; 404 for all else."""

    def answer(self, *, body: bool) -> None:
        _, _, wanted = self.path.partition("/acme/served/resolve/main/")
        file = TINY_FOLDER / wanted
        data = file.read_bytes() if wanted and file.is_file() else b""
        self.send_response(200 if data else 404)
        if data:
            self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)


def test_a_base_is_fetched_from_a_hub_once_and_its_download_is_told(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith(("_proxy", "_offline"))}
    env |= {"HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}

    def load(endpoint: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", LOADING],
            env={**env, "HF_ENDPOINT": endpoint}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    with running(Serves) as endpoint:
        fetched = load(endpoint)
    loaded = f"loaded acme/served commit:{COMMIT}"
    told = [line for line in fetched if line.startswith("told")]
    assert fetched[-1] == loaded
    assert told[-1] == "told download model.safetensors 6 6"
    assert len(told) == len(set(told))
    assert load(endpoint) == [loaded]  # the hub is gone, the files are here
