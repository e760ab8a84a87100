"""The local page: who may ask, what is streamed, and a session in a real browser."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from realift.chat.opening import open_chat
from realift.chat.requests import BadRequest, read_request
from realift.chat.session import Session
from realift.errors import UsageError

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")


@dataclass(frozen=True)
class Served:
    """A running server, asked the way any program could ask it."""

    port: int
    token: str
    link: str

    def ask(
        self, path: str, body: Any = None, **headers: str
    ) -> tuple[int, str, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"X-Realift-Token": self.token} | {
            k.replace("_", "-"): v for k, v in headers.items()
        }
        text = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, body=text, headers=sent)
        answer = connection.getresponse()
        said = answer.read().decode()
        connection.close()
        return answer.status, said, answer.headers

    def events(self, body: Any) -> list[tuple[str, Any]]:
        status, said, _ = self.ask("/ask", body)
        assert status == 200, said
        out = []
        for block in said.strip().split("\n\n"):
            name, data = block.split("\n")
            out.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
        return out


@contextlib.contextmanager
def serving(run: Path, *, endless: bool = False, **flags: Any) -> Iterator[Served]:
    """The page of a run; ``endless``: no token ends an answer, it can only be stopped."""
    from realift.chat.serving import prepare, serve

    talker, session = open_chat(run=run, flags=flags)
    if endless:
        template = dataclasses.replace(talker.base.template, stop_ids=(1 << 30,))
        base = dataclasses.replace(talker.base, template=template)
        talker = dataclasses.replace(talker, base=base)
    page = prepare(talker, session, host="127.0.0.1", port=0)
    thread = threading.Thread(target=serve, args=(page,))
    thread.start()
    deadline = time.monotonic() + 30
    while not page.server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port, token = page.link.removeprefix("http://127.0.0.1:").split("/#")
    try:
        yield Served(port=int(port), token=token, link=page.link)
    finally:
        page.server.should_exit = True
        thread.join(30)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def served(run: Path) -> Iterator[Served]:
    with serving(run) as found:
        yield found


def test_a_question_streams_both_answers_and_ends_with_their_marks(
    served: Served, run: Path
) -> None:
    events = served.events({"question": "Who?", "context": "Ann leads it.\n\nIt opens."})
    names = [name for name, _ in events]
    assert names[0] == "question"
    assert events[0][1]["passages"] == [
        {"short": "[1] Ann leads it.", "text": "Ann leads it."},
        {"short": "[2] It opens.", "text": "It opens."},
    ]
    assert names[-3:] == ["reply", "reply", "end"]
    assert set(names[1:-3]) == {"text"}
    replies = {data["arm"]: data for name, data in events if name == "reply"}
    assert set(replies) == {"base", "adapter"}
    for arm, reply in replies.items():
        assert "".join(p["text"] for p in reply["pieces"]) == reply["text"]
        told = [data["text"] for name, data in events if name == "text" and data["arm"] == arm]
        assert told[-1] == reply["text"] or reply["text"].startswith(told[-1])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X_Realift_Token": "guess"}, 403),
        ({"X_Realift_Token": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 400),  # DNS rebinding: the name points here, the page is theirs
    ],
)
@pytest.mark.parametrize("path", ["/about", "/ask"])
def test_strangers_may_not_ask(
    headers: dict[str, str], status: int, path: str, served: Served
) -> None:
    body = {"question": "Who?"} if path == "/ask" else None
    got, said, _ = served.ask(path, body, **headers)
    assert got == status
    assert "tiny" not in said
    assert "event:" not in said


def test_the_page_itself_asks_and_is_let_in(served: Served) -> None:
    origin = f"http://127.0.0.1:{served.port}"
    status, said, _ = served.ask("/about", Origin=origin)
    assert status == 200
    assert json.loads(said)["has_adapter"] is True


def test_the_page_is_static_and_strict_and_knows_nothing(served: Served) -> None:
    status, page, headers = served.ask("/", X_Realift_Token="")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "://" not in page
    assert "Who answers" in page
    assert headers["x-content-type-options"] == "nosniff"
    script = served.ask("/page.js")[1]
    assert "innerHTML" not in script
    assert "://" not in script
    assert served.ask("/../web.py")[0] == 404
    assert served.ask("/ask")[0] == 405  # asking by a mere link


def test_leaving_stops_the_model_for_the_next_one(run: Path) -> None:
    with serving(run, endless=True, max_new_tokens=150) as slow:
        connection = http.client.HTTPConnection("127.0.0.1", slow.port, timeout=60)
        sent = {"X-Realift-Token": slow.token}
        connection.request("POST", "/ask", body=json.dumps({"question": "Who?"}), headers=sent)
        answer = connection.getresponse()
        answer.readline()
        answer.close()
        connection.close()
        events = slow.events({"question": "Who?", "arms": ["base"]})
        assert events[-1][0] == "end"


OWN = Session(system_prompt="Be brief.", trained_prompt="Be brief.", arms=("base", "adapter"))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "object"),
        (b'{"question": "  "}', "empty"),
        (b'{"question": 3}', "text"),
        (b'{"question": "a", "arms": ["few_shot"]}', "arms"),
        (b'{"question": "a", "arms": []}', "arms"),
        (b'{"question": "a", "turns": "x"}', "turns"),
        (b'{"question": "a", "turns": [3]}', "turn"),
        (b'{"question": "a", "context": {}}', "context"),
        (b'{"question": "' + b"a" * 200_001 + b'"}', "characters"),
    ],
)
def test_what_the_page_would_not_send_is_refused(body: bytes, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read_request(body, OWN)


def test_a_request_carries_the_conversation() -> None:
    turns = [{"question": "First?", "context": "[1] x", "base": "B", "adapter": "A"}]
    body = {"question": "Then?", "follow": True, "turns": turns, "system_prompt": "\ud800"}
    asked = read_request(json.dumps(body).encode(), OWN)
    assert [r.text for r in asked.session.turns[0].replies] == ["B", "A"]
    assert asked.session.follow
    assert asked.session.system_prompt == "?"  # a lone surrogate no tokenizer takes


def test_a_bad_request_is_told_to_the_page(served: Served) -> None:
    status, said, _ = served.ask("/ask", {"question": ""})
    assert (status, json.loads(said)["error"]) == (400, "the question is empty")


def test_a_port_that_is_taken_says_so(served: Served, run: Path) -> None:
    from realift.chat.serving import prepare

    talker, session = open_chat(run=run, flags={})
    with pytest.raises(UsageError) as caught:
        prepare(talker, session, host="127.0.0.1", port=served.port)
    assert "--port" in caught.value.hint
    with pytest.raises(UsageError):
        prepare(talker, session, host="127.0.0.1", port=99999)


def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import realift.chat.serving as serving_

    monkeypatch.setattr(serving_, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="starlette and uvicorn") as caught:
        serving_.need_web()
    assert "realift[web]" in caught.value.hint


def test_the_server_ends_in_the_middle_of_an_answer_without_a_word(
    run: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(run, endless=True, max_new_tokens=150) as slow:
        connection = http.client.HTTPConnection("127.0.0.1", slow.port, timeout=60)
        sent = {"X-Realift-Token": slow.token}
        connection.request("POST", "/ask", body=json.dumps({"question": "Who?"}), headers=sent)
        answer = connection.getresponse()
        answer.readline()
    answer.close()
    connection.close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("host", "warns"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_the_command_prints_the_link_and_warns_if_others_can_reach_it(
    host: str,
    warns: bool,
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import sys

    import realift.chat.serving as serving_
    from realift import cli

    monkeypatch.setattr(serving_, "serve", lambda page: page.bound.close())
    monkeypatch.setattr(sys, "argv", ["realift", "chat", str(run), "--web", "--host", host])
    with pytest.raises(SystemExit):
        cli.main()
    out, err = capsys.readouterr()
    assert out.startswith("open http://")
    assert len(out.strip().split("/#")[1]) >= 32
    assert ("whoever can reach this machine" in err) == warns
