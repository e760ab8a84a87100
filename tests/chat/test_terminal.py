"""The conversation as a person has it: a scripted terminal, and the loop with typed lines."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from realift import cli
from realift.chat.opening import open_chat
from realift.chat.terminal import converse
from realift.model.device import choose
from tests.chat.made_chat import make_adapter

ROOT = Path(__file__).resolve().parents[2]
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def talk(run: Path, *lines: str | type[BaseException], width: int = 100) -> str:
    """Type lines (or press Ctrl-C, Ctrl-D) and give back what the screen says."""
    talker, session = open_chat(run=run, flags={})
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=False, color_system=None)
    waiting: Iterator[Any] = iter((*lines, EOFError))

    def read(prompt: str) -> str:
        line = next(waiting)
        if isinstance(line, str):
            return line
        raise line

    converse(talker, session, console, read)
    return out.getvalue()


def test_both_arms_stand_side_by_side_where_it_is_wide_and_below_each_other_where_not(
    run: Path,
) -> None:
    wide = [line.split() for line in talk(run, "Who?", width=100).splitlines()]
    assert ["base", "adapter"] in wide
    narrow = [line.split() for line in talk(run, "Who?", width=40).splitlines()]
    assert ["base"] in narrow
    assert ["adapter"] in narrow


@pytest.mark.parametrize("width", [20, 40, 79, 80, 200])
def test_no_line_is_longer_than_the_terminal(run: Path, width: int) -> None:
    said = talk(run, "/help", "/context Ann leads it.", "Who?", "/wat", width=width)
    assert max(map(len, said.splitlines())) <= width


def test_a_context_is_pasted_up_to_a_dot_and_ctrl_c_gives_it_up(run: Path) -> None:
    said = talk(
        run, "/context", "Ann leads it.", "", "It opens.", ".", "/context", KeyboardInterrupt
    )
    assert "asking over 2 passages" in said
    assert "context unchanged" in said


def test_ctrl_c_twice_at_the_prompt_leaves_and_once_only_warns(run: Path) -> None:
    said = talk(run, KeyboardInterrupt, "/help", KeyboardInterrupt, KeyboardInterrupt, "/system")
    assert said.count("again leaves") == 2
    assert "system prompt:" not in said  # it had left


def test_ctrl_c_stops_the_answer_and_the_next_one_leaves(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import realift.chat.terminal as terminal

    plain = terminal.put

    def pressed(*args: Any, on_text: Any, **how: Any) -> Any:
        def told(arm: Any, text: str) -> None:
            signal.raise_signal(signal.SIGINT)
            on_text(arm, text)

        return plain(*args, on_text=told, **how)

    monkeypatch.setattr(terminal, "put", pressed)
    said = talk(run, "Who?", KeyboardInterrupt, "/system")
    assert "stopped. Ctrl-C again leaves" in said
    assert "system prompt:" not in said
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_model_text_cannot_move_the_cursor(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import realift.answer.stream as streaming

    evil = "a\x1b[2J\x1b]0;pwn\x07b\u202ec"
    monkeypatch.setattr(streaming._Written, "text", lambda _: evil)
    said = talk(run, "Who?")
    assert "abc" in said
    assert not re.search("[\x1b\x07\u202e]", said)


# --- through a pipe ----------------------------------------------------------------------------


def piped(
    lines: str, *args: str | Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["realift", "chat", *map(str, args)])
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    out = capsys.readouterr()
    return int(leaving.value.code or 0), out.out, out.err


def test_a_pipe_gets_one_answer_of_each_arm_a_line(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = piped(
        "Who?\n\n/context\nAnn.\n.\nWhere?\n/adapter\nWhen?\n/wat\n",
        run,
        monkeypatch=monkeypatch,
        capsys=capsys,
    )
    assert code == 0
    lines = out.splitlines()
    assert [line.partition("\t")[0] for line in lines[:4]] == ["base", "adapter"] * 2
    assert len(lines) == 5  # one arm: only its answer
    assert "asking over 1 passage" in err
    assert "there is no /wat" in err


def test_a_pipe_that_is_no_clean_utf8_is_read_to_its_end(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = "\ufeff/base\r\nCaf\u00e9?\r\n".encode() + b"Caf\xe9?\r\nWho?"
    monkeypatch.setattr(sys, "argv", ["realift", "chat", str(run), "--json"])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["question"] for row in rows] == ["Caf\u00e9?", "Caf\ufffd?", "Who?"]
    assert "adapter" not in rows[0]  # the command behind the byte-order mark was obeyed


def test_json_gives_one_object_a_question_with_marks(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = piped(
        "Who?\n",
        run,
        "--json",
        "--context",
        "Ann leads it.",
        monkeypatch=monkeypatch,
        capsys=capsys,
    )
    assert code == 0
    assert err == ""
    (row,) = map(json.loads, out.splitlines())
    assert row["question"] == "Who?"
    assert row["context"] == "[1] Ann leads it."
    assert set(row["adapter"]) == {
        "text", "finish", "tokens", "seconds", "refusal", "citations", "not_grounded"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--arms", "all"], "--arms"),
        (["--context", "no/such.txt"], "no such file"),
    ],
)
def test_flags_that_make_no_sense_are_usage_errors(
    args: list[str],
    says: str,
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, _, err = piped("", run, *args, monkeypatch=monkeypatch, capsys=capsys)
    assert code == 2
    assert says in err


# --- in a real terminal ------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="pexpect drives a pseudo-terminal")
def test_a_scripted_session_in_a_terminal(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    adapter = make_adapter("tiny", tmp_path / "adapter", choose(device="cpu"), scale=0.3)
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "xterm", "OMP_NUM_THREADS": "1"}
    args = ["-m", "realift", "chat", "--adapter", str(adapter), "--max-new-tokens", "800"]
    child = pexpect.spawn(
        sys.executable, args, env=env, encoding="utf-8", dimensions=(40, 100), timeout=120
    )
    child.expect("without and with .*\n> ")
    child.sendline("/base")
    child.expect("only the base answers")
    child.sendline("/context")
    child.expect(r"\| ")
    child.send("The shop opens at 9:00.\n\nMara runs the workshop.\n.\n")
    child.expect("asking over 2 passages")
    child.sendline("Who runs the workshop?")
    child.expect("Mara.* tokens, ")  # the embedded base reads a passage, and cites it
    child.sendline("/both")
    child.expect("both answer")
    child.sendline("Who runs the workshop?")
    child.expect("adapter")
    child.expect(r"Mara \[\d\]\. +\S*[^.\s]")  # the base is done, the adapter has begun to rave
    child.sendintr()
    child.expect("stopped. Ctrl-C again leaves")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
