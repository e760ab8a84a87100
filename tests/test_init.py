"""``realift init``: files that pass the check and run as they are, and spoil nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from realift.config import option_fields, resolve
from realift.data.read import read_examples, read_questions
from realift.errors import UsageError
from realift.inputs import read_data
from realift.model.bases import cached_bases
from realift.score import detect
from realift.starter import BASES, CASES, start
from tests.calling import call

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.mark.parametrize("case", sorted(CASES))
def test_the_rows_of_every_case_pass_the_check_without_a_warning(case: str, tmp_path: Path) -> None:
    made = start(tmp_path, case=case, base="tiny")
    config = resolve(file=made.config)
    data = read_data(config)
    assert {p.code for p in data.summary.problems if p.severity != "note"} == set()
    assert data.summary.leak_check is not None
    assert data.summary.leak_check.leaks == ()
    assert data.scorer_faults == ()
    assert data.excluded == ()


@pytest.mark.parametrize("case", sorted(CASES))
def test_every_case_shows_how_to_refuse_in_both_files(case: str, tmp_path: Path) -> None:
    made = start(tmp_path, case=case, base="tiny")
    refusals = [e for e in read_examples(made.train).rows if detect(e.answer).kind == "clean"]
    assert len(refusals) >= 4
    assert sum(not q.answerable for q in read_questions(made.eval).rows) >= 4


def test_the_yaml_sets_what_a_newcomer_needs_and_comments_on_all_else(tmp_path: Path) -> None:
    made = start(tmp_path, case="documents", base="Qwen/Qwen3-0.6B")
    config = resolve(file=made.config)
    assert set(config.given) == {"train", "eval", "base"}
    assert config.base == "Qwen/Qwen3-0.6B"
    assert config.train == str(made.train)
    text = made.config.read_text()
    for field in option_fields():
        assert f"\n# {field.name}:" in text or f"\n{field.name}:" in text, field.name


def test_taking_the_comment_marks_away_gives_the_defaults(tmp_path: Path) -> None:
    made = start(tmp_path, case="style", base="tiny")
    names = {f.name for f in option_fields()}
    lines = [
        line.removeprefix("# ")
        for line in made.config.read_text().splitlines()
        if line.removeprefix("# ").partition(":")[0] in names
    ]
    free = tmp_path / "all.yaml"
    free.write_text("\n".join(lines))
    config = resolve(file=free)
    assert set(config.given) == names
    plain = resolve(flags={"train": config.train, "eval": config.eval})
    for name in names - {"system_prompt"}:
        assert getattr(config, name) == getattr(plain, name), name


@pytest.mark.parametrize("name", ["realift.yaml", "train.jsonl", "eval.jsonl"])
def test_a_file_that_is_there_is_never_written_over(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=f"{name}: exists already"):
        start(tmp_path, case="facts", base="tiny")
    assert [p.name for p in tmp_path.iterdir()] == [name]  # nothing else was written either
    assert (tmp_path / name).read_text() == "mine"
    start(tmp_path, case="facts", base="tiny", force=True)
    assert (tmp_path / name).read_text() != "mine"


def test_a_folder_that_is_a_file_and_an_unknown_case_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        start(tmp_path / "x", case="facts", base="tiny")
    with pytest.raises(UsageError, match="not a case") as caught:
        start(tmp_path, case="fact", base="tiny")
    assert "documents" in caught.value.hint


def test_in_a_pipe_it_asks_nothing_and_prints_the_next_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("init", "my case", monkeypatch=monkeypatch) == 0
    out = capsys.readouterr().out
    assert "realift run 'my case/realift.yaml'" in out
    assert resolve(file="my case/realift.yaml").base == "tiny"


def test_json_names_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("init", tmp_path, "--case", "facts", "--json", monkeypatch=monkeypatch) == 0
    assert json.loads(capsys.readouterr().out)["train"] == str(tmp_path / "train.jsonl")


def test_what_init_writes_runs_with_the_embedded_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("init", "--case", "documents", "--base", "tiny", monkeypatch=monkeypatch) == 0
    quick = ["--epochs", "1", "--few-shot-k", "0", "--max-new-tokens", "8", "--json"]
    quick += [
        "--probes",
        "off",
        "--valid-fraction",
        "0",
    ]  # no step to choose: the last one is kept
    assert call("run", "realift.yaml", *quick, monkeypatch=monkeypatch) == 0
    out = capsys.readouterr().out
    result = json.loads(out[out.index("{\n") :])
    assert result["verdict"]["label"] not in ("INVALID", "INERT")


def test_the_bases_offered_are_those_of_the_docs() -> None:
    table = (DOCS / "bases.md").read_text()
    for base in BASES[1:]:
        row = next(line for line in table.splitlines() if f"| {base.name} |" in line)
        assert f"| {base.billions:g} B |".replace("4 B", "4.0 B") in row
        assert base.license in row


def test_bases_on_this_disk_are_found_by_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "models--Qwen--Qwen3-0.6B" / "snapshots").mkdir(parents=True)
    (tmp_path / "models--half").mkdir()
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert cached_bases() == ("Qwen/Qwen3-0.6B",)
