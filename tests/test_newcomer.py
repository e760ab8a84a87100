"""What a newcomer gets wrong in the first hour: every mistake is named, with what to do.

One table: what is typed, what stands in the folder, what has to be said. None ends in a traceback.
"""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from realift import cli
from realift.cli.app import from_system
from realift.model.bases import nearest_base
from realift.starter import start

ROW = '{"instruction": "a", "output": "b"}\n'
ASKED = ("Who runs the mill?", "Where is the bridge?", "When does the tour start?")
WINDOWS = "".join(
    f'{{"instruction": "{q}", "output": "Number {n}."}}\r\n' for n, q in enumerate(ASKED)
)
TABLE: list[tuple[str, dict[str, str | bytes], str, int, list[str]]] = [
    # (the mistake, files, what is typed, exit code, what must be said)
    ("no such file", {}, "check -t nope.jsonl", 2, ["nope.jsonl: no such file", "hint:"]),
    ("a folder for a file", {}, "check -t mine", 2, ["mine: is a folder", "give one file"]),
    ("data where options go", {}, "run mine/train.jsonl", 2, ["this is data", "--train"]),
    ("two files, no names", {}, "check a.jsonl b.jsonl", 2, ["extra argument", "--train FILE"]),
    ("a folder for the options", {}, "run mine", 2, ["is a folder", "mine/realift.yaml"]),
    ("the wrong ending", {}, "run mine/realift.yml", 2, ["no such file", "mine/realift.yaml"]),
    ("a misspelled option", {}, "run --trian x.jsonl", 2, ["--trian", "--train"]),
    ("a misspelled command", {}, "comapre", 2, ["comapre", "compare"]),
    ("words for a number", {}, "run --epochs three", 2, ["--epochs", "not a number"]),
    ("a number out of range", {}, "run --epochs 0", 2, ["--epochs", "at least 1"]),
    ("percent for a share", {}, "run --min-gain 10", 2, ["--min-gain", "below 1"]),
    ("nothing to train on", {}, "run", 2, ["missing: train", "--train FILE"]),
    ("nothing to judge by", {}, "compare -a mine", 2, ["--eval FILE"]),
    ("an empty file", {"t.jsonl": ""}, "check -t t.jsonl", 2, ["empty", "hint:"]),
    ("an Excel file", {"t.xlsx": b"PK\x03"}, "check -t t.xlsx", 2, [".xlsx", "CSV"]),
    ("a text file", {"t.txt": ROW}, "check -t t.txt", 2, [".txt", ".jsonl"]),
    ("plain text in JSONL", {"t.jsonl": "Who?\n"}, "check -t t.jsonl", 2, ["t.jsonl:1", "JSON"]),
    (
        "other columns",
        {"t.csv": "frage,antwort\nWas?,Das.\n"},
        "check -t t.csv",
        2,
        ["found fields: frage, antwort", "instruction"],
    ),
    ("eval and train swapped", {}, "check -t mine/eval.jsonl", 2, ["eval.jsonl:1", "output"]),
    ("Latin-1 from Excel", {"t.csv": "question,answer\nWo?,caf\xe9\n".encode("latin-1")},
     "check -t t.csv", 2, ["t.csv:2", "UTF-8"]),
    ("UTF-16", {"t.csv": "question,answer\nWo?,da\n".encode("utf-16")},
     "check -t t.csv", 2, ["UTF-16", "UTF-8"]),
    ("single quotes", {"t.jsonl": "{'instruction': 'a', 'output': 'b'}\n"},
     "check -t t.jsonl", 2, ["double quotes"]),
    ("a misspelled key in YAML", {"r.yaml": "learning_rat: 3\n"}, "run r.yaml", 2,
     ["r.yaml:1", "learning_rate"]),
    ("broken YAML", {"r.yaml": 'train: "x\n'}, "run r.yaml", 2, ["r.yaml:2", "not valid YAML"]),
    ("a base that is not there", {}, "run mine/realift.yaml -b Qwen/Qwen3-0.6", 1,
     ["not on this disk", "did you mean Qwen/Qwen3-0.6B?"]),
    ("an adapter for a base", {"a/adapter_config.json": "{}"}, "run mine/realift.yaml -b ./a", 1,
     ["no config.json", "--adapter"]),
    ("a base's folder for an adapter", {}, "compare -a mine -e mine/eval.jsonl", 1,
     ["adapter_config.json", "save_pretrained"]),
    ("a device of another name", {}, "run mine/realift.yaml --device gpu", 2, ["gpu", "cuda"]),
    ("a file for the runs folder", {"runs": "x"}, "run mine/realift.yaml", 1,
     ["is a file, not a folder", "--runs-dir"]),
    ("a name that is a path", {}, "run mine/realift.yaml --name a/b", 1, ["a/b", "letters"]),
    ("no such run", {}, "report nope", 1, ["nope", "hint:"]),
    ("a file for a run", {}, "report mine/eval.jsonl", 1, ["eval.jsonl", "hint:"]),
    ("nothing to talk to", {}, "chat", 2, ["nothing to talk to", "runs/NAME"]),
    ("talking to no run", {}, "chat nope", 1, ["no run named 'nope'", "hint:"]),
    ("files that are there already", {}, "init mine", 2, ["exist already", "--force"]),
]  # fmt: skip


def call(typed: str | list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    words = typed.split() if isinstance(typed, str) else typed
    monkeypatch.setattr(sys, "argv", ["realift", *words])
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    return int(leaving.value.code or 0)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    start(tmp_path / "mine", case="facts", base="tiny")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_a_mistake_is_named_with_what_to_do(
    row: tuple[str, dict[str, str | bytes], str, int, list[str]],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, files, typed, code, says = row
    for name, content in files.items():
        path = place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert call(typed, monkeypatch) == code
    out, err = capsys.readouterr()  # check prints what it finds; the others end with an error
    said = " ".join((out if typed.startswith("check") and not err else err).split())
    assert [word for word in says if word not in said] == []
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("windows.jsonl", "\ufeff" + WINDOWS),
        ("semicolons.csv", "question;answer\r\nWho?;Bob, the builder\r\nWhere?;Here\r\n"),
        ("old mac.csv", "question,answer\rWho?,Bob\rWhere?,Here\r"),
    ],
)
def test_files_from_windows_and_excel_are_simply_read(
    name: str,
    text: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (place / name).write_bytes(text.encode())
    assert call(["check", "-t", name], monkeypatch) == 0
    assert "rows" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions on Windows")
def test_a_file_that_may_not_be_read_says_so(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.geteuid() == 0:  # root may read everything: let the system say no
        real = Path.read_bytes

        def refuse(path: Path) -> bytes:
            if path.name == "locked.jsonl":
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(Path, "read_bytes", refuse)
    (place / "locked.jsonl").write_text(ROW)
    (place / "locked.jsonl").chmod(0)
    assert call("check -t locked.jsonl", monkeypatch) == 2
    assert "Permission denied" in " ".join("".join(capsys.readouterr()).split())


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "you may not"), (errno.EROFS, "--runs-dir")],
)
def test_what_the_system_refuses_is_said_without_a_traceback(
    number: int,
    says: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number), "runs/x/plan.json")

    monkeypatch.setattr("realift.pipeline.check", full)
    assert call("check -t mine/train.jsonl", monkeypatch) == 1
    err = capsys.readouterr().err
    assert f"runs/x/plan.json: {os.strerror(number)}" in err
    assert says in err


def test_other_system_errors_keep_their_traceback() -> None:
    assert from_system(OSError(errno.EPIPE, "Broken pipe")) is None


def test_an_adapter_of_another_base_names_its_own(
    base_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from realift.model.device import choose
    from tests.chat.made_chat import make_adapter

    adapter = make_adapter(str(base_folder), tmp_path / "a", choose(device="cpu"), scale=1.0)
    assert call(f"chat --adapter {adapter} --base tiny", monkeypatch) == 1
    err = " ".join(capsys.readouterr().err.split())
    assert "trained on another base" in err
    assert f"use --base {base_folder}" in err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("qwen/qwen3-0.6b", "Qwen/Qwen3-0.6B"),
        ("SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct"),
        ("tinny", "tiny"),
        ("gpt5", None),
    ],
)
def test_the_base_that_was_meant_is_guessed(
    typed: str, meant: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert nearest_base(typed) == meant


# --- terminals that are narrow, without color, without UTF-8 -----------------------------------

SCREENS = ["--help", "run --help", "chat --help", "check mine/realift.yaml", "init other"]


@pytest.mark.parametrize("typed", SCREENS)
def test_no_command_needs_more_than_forty_columns(
    typed: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERMINAL_WIDTH", "40")
    call(typed, monkeypatch)
    out = capsys.readouterr().out
    # A path or a command to type stays in one piece.
    long = [line for line in out.splitlines() if len(line) > 40 and "    " not in line[:5]]
    assert long == []


@pytest.mark.parametrize("typed", SCREENS)
def test_no_color_means_no_color(
    typed: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "")
    call(typed, monkeypatch)
    said = capsys.readouterr()
    assert "\x1b[3" not in said.out + said.err


def test_a_terminal_without_utf8_loses_marks_not_the_run(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "t.jsonl").write_text(
        WINDOWS + json.dumps({"instruction": "日本 …", "output": "é"}, ensure_ascii=False),
        encoding="utf-8",
    )
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert call(["check", "-t", "t.jsonl"], monkeypatch) == 0
    sys.stdout.flush()
    assert b"Data" in raw.getvalue()
