"""The run folder on disk: whole files or none, honest errors, everything read back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from realift import run_folder
from realift.errors import RunFolderError
from realift.types import Completion, Guard, Question, Verdict, Where


def completion(text: str) -> Completion:
    return Completion(question_id="q", arm="base", text=text, n_tokens=1, finish="stop")


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "verdict.json"
    run_folder.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        run_folder.write_json(path, {"a": float("nan")})

    def stop_halfway() -> None:
        with run_folder.atomic_path(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop_halfway()
    assert json.loads(path.read_text()) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["verdict.json"]


@pytest.mark.parametrize(
    "text", ["line\u2028separator", "next\u0085line", "nul\x00", "a\nb", "ünï 🎈", '"\\', ""]
)
def test_any_text_an_arm_may_say_comes_back_as_it_was(text: str, tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    run_folder.write_jsonl(path, [completion(text), completion("next")])
    assert [c.text for c in run_folder.read_jsonl(path, Completion)] == [text, "next"]


def test_a_lone_surrogate_does_not_lose_the_run(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    run_folder.write_jsonl(path, [completion("bad \ud800 mark")])
    assert run_folder.read_jsonl(path, Completion)[0].text == "bad ? mark"


def test_records_survive_the_way_to_disk_and_back() -> None:
    question = Question(
        id="1", where=Where(file="e", line=2), question="x", answers=(("a", "b"), ("c",))
    )
    verdict = Verdict(
        label="INERT",
        sentence="s",
        recommendation="DON'T SHIP",
        reasons=("r",),
        next_steps=(),
        comparisons=(),
        guards=(Guard(name="g", status="NOT CHECKED", explanation="", margin=0.1),),
    )
    for record in (question, verdict):
        plain = json.loads(json.dumps(run_folder.to_plain(record)))
        assert run_folder.from_plain(type(record), plain) == record


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (None, "missing"),
        ("{broken", "not valid JSON"),
        ('{"schema": 99}', "schema 99"),
        ("[]", "schema None"),
    ],
)
def test_a_folder_that_cannot_be_read_says_why(
    manifest: str | None, message: str, tmp_path: Path
) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(RunFolderError, match=message):
        run_folder.load(tmp_path)


def test_a_record_of_another_shape_is_named(tmp_path: Path) -> None:
    folder = run_folder.create(tmp_path, "r", stem="x")
    (folder / "verdict.json").write_text('{"label": "GREAT"}')
    with pytest.raises(RunFolderError, match="not a Verdict record"):
        run_folder.load(folder)


def test_names_count_up_and_given_ones_are_never_taken_twice(tmp_path: Path) -> None:
    names = [run_folder.create(tmp_path, None, stem="my rows!").name for _ in range(2)]
    assert names == ["my-rows--1", "my-rows--2"]
    run_folder.create(tmp_path, "mine", stem="x")
    with pytest.raises(RunFolderError, match="exists already"):
        run_folder.create(tmp_path, "mine", stem="x")


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "a\\b", "c:", "", ".hidden", "a b", "ends.", "con", "NUL.1", "com1"]
)
def test_a_name_that_is_no_folder_name_is_rejected(name: str, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="not usable"):
        run_folder.create(tmp_path, name, stem="x")


@pytest.mark.parametrize("name", ["a", "a.b-c_d", "console", "1", "é-2"])
def test_ordinary_names_are_taken(name: str, tmp_path: Path) -> None:
    assert run_folder.create(tmp_path, name, stem="x").name == name


def test_a_file_that_somebody_reads_is_replaced_when_they_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to replace an open file; 'realift runs' may be reading the manifest."""
    path, real, refused = tmp_path / "manifest.json", Path.replace, []

    def replace(self: Path, target: Path) -> Path:
        if len(refused) < 2:
            refused.append(target)
            raise PermissionError(13, "in use", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr(run_folder, "_PAUSES", (0.0, 0.0))
    run_folder.write_json(path, {"a": 1})
    assert json.loads(path.read_text()) == {"a": 1}
    refused.clear()
    monkeypatch.setattr(run_folder, "_PAUSES", ())
    with pytest.raises(PermissionError):
        run_folder.write_json(path, {"a": 2})
    assert [p.name for p in tmp_path.iterdir()] == ["manifest.json"]


def test_a_runs_dir_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError):
        run_folder.create(tmp_path / "file" / "runs", "r", stem="x")
