"""Shell completion: the script is produced, and Tab offers commands, options, runs and bases."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from realift import cli


def tab(line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """What bash is offered with the cursor at the end of ``line``."""
    monkeypatch.setattr(sys, "argv", ["realift"])
    monkeypatch.setenv("_REALIFT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code in (0, None)
    return {line for line in capsys.readouterr().out.splitlines() if line}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("realift ", {"run", "check", "init", "report"}),
        ("realift ru", {"run"}),
        ("realift run --ba", {"--base", "--batch-size"}),
        ("realift run --device c", {"cpu", "cuda"}),
        ("realift init --case ", {"documents", "facts", "style"}),
        ("realift run --base ti", {"tiny"}),
        ("realift run --base Qwen/Qwen3-0", {"Qwen/Qwen3-0.6B"}),
    ],
)
def test_tab_offers_what_can_follow(
    line: str,
    offered: set[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert offered <= tab(line, monkeypatch, capsys)


def test_every_flag_of_run_completes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from realift.config import option_fields

    offered = tab("realift run --", monkeypatch, capsys)
    assert {"--" + f.name.replace("_", "-") for f in option_fields()} <= offered


@pytest.mark.parametrize("typed", ["", "ru", "runs/fi", "runs/"])
def test_runs_complete_as_paths_of_run_folders(
    typed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "runs" / "first"
    run.mkdir(parents=True)
    (run / "manifest.json").write_text("{}")
    (run / "verdict.json").write_text(json.dumps({"label": "REAL GAIN"}))
    (tmp_path / "runs" / "no-run").mkdir()
    monkeypatch.chdir(tmp_path)
    assert tab(f"realift report {typed}", monkeypatch, capsys) == {"runs/first"}


def test_where_a_file_is_wanted_the_shell_is_left_to_offer_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tab("realift run --train tr", monkeypatch, capsys) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_is_produced(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["realift", "--show-completion"])
    monkeypatch.setattr("shellingham.detect_shell", lambda: (shell, f"/bin/{shell}"))
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code in (0, None)
    script = capsys.readouterr().out
    assert "_REALIFT_COMPLETE" in script
    assert f"complete_{shell}" in script


def test_installing_it_writes_a_file_for_the_shell_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    monkeypatch.setattr(sys, "argv", ["realift", "--install-completion"])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    assert leaving.value.code in (0, None)
    written = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert any("_realift_completion" in p.read_text() for p in written)
    assert "installed" in capsys.readouterr().out
