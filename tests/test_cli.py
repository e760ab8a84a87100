"""The command line as a person meets it: exit codes, messages, stdout and stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from realift import cli
from realift.cli.printing import EXIT_INTERRUPTED, EXIT_INVALID, EXIT_NOT_PROVEN
from realift.types import Guard, Verdict
from tests.calling import call

QUICK = [
    "--epochs", "1", "--max-new-tokens", "4", "--few-shot-k", "0", "--system-prompt", "",
    "--probes", "context_removed",
]  # fmt: skip


@pytest.fixture
def files(write_rows: Any) -> tuple[Path, Path]:
    train = [
        {"instruction": f"What is number {i}?", "input": "", "output": f"It is {i}."}
        for i in range(12)
    ]
    train[0]["output"] = "I don't have enough context to answer."
    ask = [{"question": f"Tell me number {i}.", "answers": [str(i)]} for i in range(6)]
    ask += [{"question": f"What is the color of {i}?", "answerable": False} for i in range(3)]
    return write_rows(train), write_rows(ask, "eval.jsonl")


def test_one_command_from_files_to_a_verdict_and_a_run_folder(
    files: tuple[Path, Path],
    base_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train, ask = files
    args = ["run", "-b", base_folder, "-t", train, "-e", ask, "--runs-dir", tmp_path / "runs"]
    code = call(*args, *QUICK, "--name", "one", monkeypatch=monkeypatch)
    out = capsys.readouterr()
    assert code == 0
    folder = tmp_path / "runs" / "one"
    expected = {
        "config.yaml", "manifest.json", "plan.json", "training.json", "log.jsonl", "answers.jsonl",
        "scores.jsonl", "arms.json", "checks.json", "verdict.json", "advice.json", "report.html",
        "report.md", "adapter", "data",
    }  # fmt: skip
    assert {p.name for p in folder.iterdir()} == expected
    verdict = json.loads((folder / "verdict.json").read_text())
    assert verdict["label"] in out.out
    assert "training" in out.err  # progress is on stderr
    assert "training:" not in out.out
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "done"
    assert manifest["command"].startswith("realift run -b")


def test_json_goes_to_stdout_alone_and_quiet_says_nothing_else(
    files: tuple[Path, Path],
    base_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train, ask = files
    args = ["run", "-b", base_folder, "-t", train, "-e", ask, "--runs-dir", tmp_path / "runs"]
    assert call(*args, *QUICK, "--json", monkeypatch=monkeypatch) == 0
    out = capsys.readouterr()
    assert json.loads(out.out)["verdict"]["label"]
    assert out.err == ""


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", "train.jsonl", "empty"),
        ('{"instruction": "a", "output": "b"}\n' * 16 + "{broken\n", "train.jsonl:17", "JSON"),
        ('{"instruction": "a", "input": ""}\n', "train.jsonl:1", "output"),
    ],
)
def test_bad_rows_end_with_file_line_and_hint_and_leave_nothing(
    text: str,
    at: str,
    says: str,
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train, ask = files
    train.write_text(text)
    runs = tmp_path / "runs"
    code = call("run", "-t", train, "-e", ask, "--runs-dir", runs, monkeypatch=monkeypatch)
    err = " ".join(capsys.readouterr().err.split())
    assert code == 2
    assert at in err
    assert says in err
    assert "hint:" in err
    assert not runs.exists()


def test_a_base_that_does_not_exist_leaves_no_run_folder(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train, ask = files
    args = ["run", "-b", "no/such", "-t", train, "-e", ask, "--runs-dir", tmp_path / "runs"]
    assert call(*args, monkeypatch=monkeypatch) == 1
    err = capsys.readouterr().err
    assert "no/such" in err
    assert "hint:" in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("args", "missing"), [(["compare", "-a", "x"], "--eval FILE"), (["run"], "--train FILE")]
)
def test_a_missing_file_is_a_usage_error(
    args: list[str],
    missing: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(*args, monkeypatch=monkeypatch) == 2
    assert missing in capsys.readouterr().err


def test_what_the_eval_set_can_show_is_said_by_check_and_before_a_run_trains(
    files: tuple[Path, Path],
    base_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train, ask = files
    assert call("check", "-t", train, "-e", ask, monkeypatch=monkeypatch) == 0
    checked = " ".join(capsys.readouterr().out.split())
    args = ["-b", base_folder, "-t", train, "-e", ask, "--runs-dir", tmp_path / "runs"]
    assert call("run", *args, *QUICK, monkeypatch=monkeypatch) == 0
    before_training = " ".join(capsys.readouterr().err.split()).partition("training: ")[0]
    for text in (checked, before_training):
        assert "It can show" in text
        assert "samples_per_question: auto" in text
    taken = [*args[2:6], "--samples-per-question", "auto"]
    assert call("check", *taken, monkeypatch=monkeypatch) == 0
    assert "samples_per_question: auto" not in " ".join(capsys.readouterr().out.split())


def test_without_an_eval_set_the_rows_are_cross_fitted_and_the_screen_says_so(
    write_rows: Any,
    base_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ["harbor", "violin", "glacier", "tomato"]
    train = write_rows(
        [{"instruction": f"Who owns the {n}?", "output": f"Owner {i}"} for i, n in enumerate(names)]
    )
    args = ["run", "-b", base_folder, "-t", train, "--runs-dir", tmp_path / "runs"]
    assert call(*args, *QUICK, "--folds", "2", monkeypatch=monkeypatch) == 0
    out = capsys.readouterr()
    err = " ".join(out.err.split())
    assert "no eval set given" in err
    assert "This judges the recipe" in err
    assert "training 3/3" in err  # two folds, then all rows
    assert "TOO SMALL TO TELL" in out.out
    assert call("check", "-t", train, monkeypatch=monkeypatch) == 0
    assert "no eval set given" in " ".join(capsys.readouterr().out.split())


def test_a_finished_run_is_never_written_over(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train, ask = files
    (tmp_path / "runs" / "one").mkdir(parents=True)
    args = ["run", "-t", train, "-e", ask, "--runs-dir", tmp_path / "runs", "--name", "one"]
    assert call(*args, monkeypatch=monkeypatch) == 1
    assert "exists already" in capsys.readouterr().err
    assert list((tmp_path / "runs" / "one").iterdir()) == []


@pytest.mark.parametrize(("n_train", "n_eval"), [(1, 1), (2, 3), (5, 3), (20, 200)])
def test_tiny_and_large_sets_end_in_a_verdict(
    n_train: int,
    n_eval: int,
    write_rows: Any,
    base_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    train = write_rows(
        [{"instruction": f"Who is {i}{i}?", "output": f"Name {i}"} for i in range(n_train)]
    )
    ask = write_rows(
        [{"question": f"Tell of {i}-{i}", "answers": [f"Name {i}"]} for i in range(n_eval)],
        "eval.jsonl",
    )
    args = ["run", "-b", base_folder, "-t", train, "-e", ask, "--runs-dir", tmp_path / "runs"]
    assert call(*args, *QUICK, "--json", monkeypatch=monkeypatch) == 0
    verdict = json.loads(capsys.readouterr().out)["verdict"]
    assert verdict["label"] in ("INERT", "TOO SMALL TO TELL", "NO MEANINGFUL GAIN")
    if n_eval < 6:
        assert verdict["label"] in ("INERT", "TOO SMALL TO TELL")


def test_any_adapter_is_judged_against_its_base(
    files: tuple[Path, Path],
    base_folder: Path,
    tmp_path: Path,
    compute: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from tests.model.test_load import make_adapter

    adapter = make_adapter(base_folder, tmp_path / "theirs", compute)
    (adapter / "realift.json").unlink()  # as any other tool leaves it
    args = ["compare", "-b", base_folder, "-a", adapter, "-e", files[1]]
    quick = ["--max-new-tokens", "4", "--probes", "off", "--runs-dir", tmp_path / "runs"]
    assert call(*args, *quick, monkeypatch=monkeypatch) == 0
    assert "TOO SMALL TO TELL" in capsys.readouterr().out


def test_scores_of_another_tool_get_the_verdict_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.csv"
    rows = [f"q{i},0,1" for i in range(12)] + [f"r{i},1,1" for i in range(8)]
    path.write_text("id,base,adapter\n" + "\n".join(rows) + "\n")
    assert call("compare", "--scores", path, monkeypatch=monkeypatch) == 0
    assert "REAL GAIN" in capsys.readouterr().out


def test_compare_wants_exactly_one_source(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("compare", monkeypatch=monkeypatch) == 2
    assert "--adapter FOLDER or --scores FILE" in capsys.readouterr().err


@pytest.mark.parametrize("args", [["rum"], ["run", "--lorar", "3"], ["report"]])
def test_a_typing_mistake_gets_usage_and_exit_code_2(
    args: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*args, monkeypatch=monkeypatch) == 2
    err = capsys.readouterr().err
    assert "Usage" in err
    assert "Traceback" not in err


def test_a_flag_out_of_range_names_itself(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("run", "--lora-r", "0", monkeypatch=monkeypatch) == 2
    assert "--lora-r: 0 must be at least 1" in capsys.readouterr().err


def verdict(label: Any, recommendation: Any, status: Any = "OK") -> Verdict:
    guard = Guard(name="g", status=status, explanation="", margin=0.1)
    return Verdict(
        label=label,
        sentence="",
        recommendation=recommendation,
        reasons=(),
        next_steps=(),
        comparisons=(),
        guards=(guard,),
    )


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (verdict("REAL GAIN", "SHIP"), 0),
        (verdict("REAL GAIN", "NEED MORE EVIDENCE", "UNPROVEN"), 10),
        (verdict("TOO SMALL TO TELL", "NEED MORE EVIDENCE"), 10),
        (verdict("NO MEANINGFUL GAIN", "DON'T SHIP"), 10),
        (verdict("REGRESSION", "DON'T SHIP"), 11),
        (verdict("REAL GAIN", "DON'T SHIP", "REGRESSION"), 11),
        (verdict("INVALID", "DON'T SHIP"), 12),
        (verdict("INERT", "DON'T SHIP"), 12),
        (None, 12),
    ],
)
def test_the_gate_lets_only_ship_pass(found: Verdict | None, code: int) -> None:
    assert cli.gate_code(found) == code


def test_help_comes_without_loading_torch() -> None:
    script = (
        "import sys; sys.argv = ['realift', '--help']\n"
        "from realift.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('torch' in sys.modules, 'scipy' in sys.modules, 'jinja2' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("False False False")
    assert "Commands" in done.stdout


def test_the_collector_rests_while_the_large_libraries_load() -> None:
    script = (
        "import gc, sys; sys.argv = ['realift', '--version']; from realift.cli.app import main\n"
        "try: main()\nexcept SystemExit: print(gc.get_threshold()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout.split()[-1]) >= 10_000


def test_python_dash_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "realift", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("realift 0.")


def test_an_interrupted_training_keeps_the_adapter_and_says_how_to_go_on(
    files: tuple[Path, Path],
    base_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from realift.train import loop

    train, ask = files
    real_step, calls = loop._step, []

    def step(*args: Any) -> float:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real_step(*args)

    monkeypatch.setattr(loop, "_step", step)
    args = ["run", "-b", base_folder, "-t", train, "-e", ask, "--runs-dir", tmp_path / "runs"]
    code = call(*args, "--name", "cut", monkeypatch=monkeypatch)
    err = capsys.readouterr().err
    folder = tmp_path / "runs" / "cut"
    assert code == EXIT_INTERRUPTED
    assert "interrupted" in err
    assert "realift run --resume cut" in " ".join(err.split())
    assert json.loads((folder / "manifest.json").read_text())["status"] == "interrupted"
    assert json.loads((folder / "training.json").read_text())["n_steps"] == 2
    monkeypatch.undo()
    again = ["compare", "-b", base_folder, "-a", folder / "adapter", "-e", ask]
    quick = ["--max-new-tokens", "4", "--probes", "off", "--runs-dir", tmp_path / "runs"]
    assert call(*again, *quick, monkeypatch=monkeypatch) == 0


def test_the_gate_code_reaches_the_shell(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("id,base,adapter\n" + "".join(f"q{i},1,1\n" for i in range(9)))
    args = [sys.executable, "-m", "realift", "compare", "--scores", str(path)]
    assert subprocess.run(args, capture_output=True, check=False).returncode == 0
    gated = subprocess.run([*args, "--gate"], capture_output=True, check=False)
    assert gated.returncode in (EXIT_NOT_PROVEN, EXIT_INVALID)


def test_an_adapter_of_another_base_is_refused_and_leaves_nothing(
    files: tuple[Path, Path],
    base_folder: Path,
    tmp_path: Path,
    compute: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from tests.conftest import save_base
    from tests.model.test_load import make_adapter

    adapter = make_adapter(base_folder, tmp_path / "theirs", compute)
    other = save_base(tmp_path / "other", "gpt2")
    args = ["compare", "-b", other, "-a", adapter, "-e", files[1]]
    assert call(*args, "--runs-dir", tmp_path / "runs", monkeypatch=monkeypatch) == 1
    err = " ".join(capsys.readouterr().err.split())
    assert "does not fit base" in err
    assert "hint: the adapter says it belongs to base" in err
    assert not (tmp_path / "runs").exists()
