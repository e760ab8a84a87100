"""Talking to a server that is good, slow, failing, not there, or not what it seems."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

import pytest

from realift.errors import JudgeError, UsageError
from realift.judge import client
from realift.judge.client import NoReply, ask, is_local, leaving, make_endpoint
from tests.judge.made_judge import Failure, serving

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are written down instead of waited; no key of this machine is used."""
    waited: list[float] = []
    monkeypatch.setattr(client.time, "sleep", waited.append)
    monkeypatch.delenv(client.KEY_VARIABLE, raising=False)
    return waited


def test_one_request_at_temperature_zero_without_a_key() -> None:
    with serving(lambda _: "right") as judge:
        assert ask(make_endpoint(judge.url + "/", "m"), HELLO) == "right"
    (request,) = judge.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["body"]["model"] == "m"
    assert request["body"]["temperature"] == 0
    assert request["body"]["messages"] == HELLO
    assert "Authorization" not in request["headers"]


def test_the_key_comes_from_the_environment_and_is_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(client.KEY_VARIABLE, "s3cret")
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    with serving(lambda _: "right") as judge:
        endpoint = make_endpoint(judge.url, "m")
        ask(endpoint, HELLO)
    assert judge.requests[0]["headers"]["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(endpoint)


def test_a_proxy_never_sees_what_goes_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(lambda _: "right") as judge:
        assert ask(make_endpoint(judge.url, "m"), HELLO) == "right"


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_failure_that_may_pass_is_tried_again(status: int) -> None:
    said: list[Any] = [Failure(status), Failure(status), "right"]
    with serving(lambda _: said.pop(0)) as judge:
        assert ask(make_endpoint(judge.url, "m"), HELLO) == "right"
    assert len(judge.requests) == 3


def test_tries_are_bounded(no_waiting: list[float]) -> None:
    with (
        serving(lambda _: Failure(500)) as judge,
        pytest.raises(NoReply, match="HTTP 500: no luck"),
    ):
        ask(make_endpoint(judge.url, "m"), HELLO)
    assert len(judge.requests) == 3
    assert no_waiting == list(client.WAITS)


def test_a_server_that_asks_to_wait_is_obeyed_within_reason(no_waiting: list[float]) -> None:
    said: list[Any] = [
        Failure(429, headers=(("Retry-After", "7"),)),
        Failure(429, headers=(("Retry-After", "99999"),)),
        "right",
    ]
    with serving(lambda _: said.pop(0)) as judge:
        ask(make_endpoint(judge.url, "m"), HELLO)
    assert no_waiting == [7.0, client.MAX_WAIT]


def test_a_request_that_is_refused_is_not_repeated() -> None:
    with (
        serving(lambda _: Failure(400, '{"error": "prompt too long"}')) as judge,
        pytest.raises(NoReply, match="prompt too long"),
    ):
        ask(make_endpoint(judge.url, "m"), HELLO)
    assert len(judge.requests) == 1


@pytest.mark.parametrize(
    ("status", "hint"), [(401, client.KEY_VARIABLE), (403, client.KEY_VARIABLE), (404, "model 'm'")]
)
def test_a_refused_key_or_model_ends_it_with_a_remedy(status: int, hint: str) -> None:
    with serving(lambda _: Failure(status)) as judge, pytest.raises(JudgeError) as caught:
        ask(make_endpoint(judge.url, "m"), HELLO)
    assert hint in caught.value.hint
    assert len(judge.requests) == 1


def test_nothing_follows_a_redirect() -> None:
    with serving(lambda _: "right") as other:
        moved = Failure(302, headers=(("Location", other.url + "/chat/completions"),))
        with serving(lambda _: moved) as judge, pytest.raises(JudgeError, match="sends on to"):
            ask(make_endpoint(judge.url, "m"), HELLO)
    assert other.requests == []


@pytest.mark.parametrize("body", ["<html>hello</html>", "[]", '{"choices": []}', '{"choices": 3}'])
def test_a_server_that_is_no_judge_is_named(body: str) -> None:
    with (
        serving(lambda _: Failure(200, body)) as judge,
        pytest.raises(JudgeError, match="not with a chat completion"),
    ):
        ask(make_endpoint(judge.url, "m"), HELLO)


def test_an_empty_content_is_an_empty_reply() -> None:
    body = json.dumps({"choices": [{"message": {"content": None}}]})
    with serving(lambda _: Failure(200, body)) as judge:
        assert ask(make_endpoint(judge.url, "m"), HELLO) == ""


def test_a_slow_server_is_given_up_after_the_timeout() -> None:
    release = threading.Event()

    def slow(body: dict[str, Any]) -> str:
        release.wait(10)
        return "right"

    with serving(slow) as judge:
        with pytest.raises(NoReply, match=r"within 0\.2 s.*--timeout"):
            ask(make_endpoint(judge.url, "m", timeout=0.2), HELLO)
        release.set()
    assert len(judge.requests) == 1


def test_nobody_there_tells_how_to_start_a_judge() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(JudgeError, match="no judge answers at") as caught:
        ask(make_endpoint(url, "m"), HELLO)
    assert "ollama serve" in caught.value.hint


def test_a_connection_that_breaks_is_tried_again(no_waiting: list[float]) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.settimeout(5)  # a client that does not come back must fail the test, not hang it

        def hang_up() -> None:
            for _ in range(3):
                connection, _ = listening.accept()
                connection.recv(1 << 16)
                connection.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        with pytest.raises(NoReply, match="connection broke"):
            ask(make_endpoint(url, "m"), HELLO)
        thread.join(10)
    assert no_waiting == list(client.WAITS)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:11434/v1", True),
        ("http://127.0.0.1/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://192.168.1.5/v1", False),
        ("http://localhost.example.org/v1", False),
        ("https://127.0.0.1.example.org/v1", False),
        ("https://judge.example.org/v1", False),
    ],
)
def test_only_this_machine_is_local(url: str, local: bool) -> None:
    assert is_local(url) == local
    assert (leaving(url) == "") == local


def test_what_leaves_the_machine_is_said_with_the_host() -> None:
    assert leaving("https://judge.example.org/v1").endswith("to judge.example.org")
    assert "not encrypted" in leaving("http://judge.example.org/v1")


@pytest.mark.parametrize(
    "url",
    [
        "judge",
        "ftp://x/v1",
        "http://",
        "http://x:port/v1",
        "http://[::1/v1",
        "http://user:pw@x/v1",
        "http://x/?key=1",
    ],
)
def test_addresses_that_cannot_be_used_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="--url") as caught:
        make_endpoint(url, "m")
    assert "pw" not in str(caught.value)


def test_an_empty_model_and_a_timeout_of_zero_are_refused() -> None:
    with pytest.raises(UsageError, match="--model"):
        make_endpoint(client.DEFAULT_URL, " ")
    with pytest.raises(UsageError, match="--timeout"):
        make_endpoint(client.DEFAULT_URL, "m", timeout=0)
