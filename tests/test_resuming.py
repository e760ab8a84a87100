"""A run that is killed, in training or in answering, goes on and ends as if it had not been."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realift import pipeline, resuming, run_folder
from realift.config import resolve
from realift.errors import DataError, ModelError, RunFolderError, UsageError
from realift.history import list_runs
from realift.resuming import PLACE, as_before, settings_of
from realift.types import Event, Progress, RunResult
from tests.calling import call
from tests.made_bench import QUICK, Bench, make_bench
from tests.report.made_run import plan as made_plan

OPTIONS: dict[str, Any] = {**QUICK, "allow_leaks": True, "threads": 1, "lora_dropout": 0.5}
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"), base_folder)


def options(bench: Bench, runs: Path, **more: Any) -> dict[str, Any]:
    files = {"train": str(bench.train), "eval": str(bench.eval), "base": str(bench.base)}
    return {**files, "runs_dir": str(runs), "name": "r", **OPTIONS, **more}


@pytest.fixture(scope="module")
def whole(bench: Bench) -> RunResult:
    return pipeline.run(resolve(flags=options(bench, bench.root / "whole")))


KILLED = """
import json, os, signal, sys
from realift import asking, pipeline
from realift.config import resolve
from realift.types import Progress

given, folder, stage, done = json.loads(sys.argv[1])
asking._SAVE_EVERY = 0  # all answers together take less than a second

def listen(event):
    if isinstance(event, Progress) and event.stage == stage and event.done >= done:
        os.kill(os.getpid(), signal.SIGKILL)

if folder:
    pipeline.resume(folder, on_event=listen)
else:
    pipeline.run(resolve(flags=given), on_event=listen, command="realift run")
"""


def kill_at(stage: str, done: int, given: dict[str, Any], folder: Path | None = None) -> Path:
    """Run, or go on with a run, in a process that is killed at an event; the folder it leaves."""
    facts = [given, str(folder) if folder else None, stage, done]
    args = [sys.executable, "-c", KILLED, json.dumps(facts)]
    ended = subprocess.run(args, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return Path(given["runs_dir"]) / given["name"]


def facts(result: RunResult) -> dict[str, Any]:
    assert result.training is not None
    return {
        "losses": [(p.step, p.loss, p.valid_loss) for p in result.training.curve],
        "kept": result.training.kept_step,
        "answers": [run_folder.to_plain(c) for c in result.completions],
        "scores": run_folder.to_plain(result.scores),
        "verdict": run_folder.to_plain(result.verdict),
    }


def adapter_bytes(result: RunResult, of: str = "adapter") -> bytes:
    return (Path(result.folder) / of / "adapter_model.safetensors").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_run_killed_in_training_and_again_in_answering_is_resumed_to_the_same_end(
    bench: Bench,
    whole: RunResult,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = options(bench, tmp_path)
    folder = kill_at("train", 10, given)
    assert json.loads((folder / "manifest.json").read_text())["status"] == "running"
    (row,) = list_runs(tmp_path)
    assert row.status == "interrupted"
    assert list((folder / PLACE).glob("training-1.*"))
    kill_at("answer", 20, given, folder)
    n_there = len((folder / "answers.jsonl").read_text().splitlines())
    assert call("runs", "--runs-dir", tmp_path, monkeypatch=monkeypatch) == 0
    assert "interrupted" in capsys.readouterr().out

    assert call("run", "--resume", "--runs-dir", tmp_path, monkeypatch=monkeypatch) == 0
    err = capsys.readouterr().err
    assert "trained already" in err
    assert f"{n_there} answers are there already" in err
    assert n_there >= 8
    assert "training:" not in err
    result = run_folder.load(folder)
    assert result.manifest["status"] == "done"
    assert facts(result) == facts(whole)
    assert adapter_bytes(result) == adapter_bytes(whole)
    assert not (folder / PLACE).exists()
    assert not (folder / run_folder.LOCK).exists()
    assert [r["command"].split()[:3] for r in result.manifest["resumed"]] == [
        [],
        ["realift", "run", "--resume"],
    ]


def cut_short(given: dict[str, Any], when: Callable[[Progress], bool]) -> Path:
    """A run in this process, interrupted by Ctrl-C at an event."""

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and when(event):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        pipeline.run(resolve(flags=given), on_event=listen)
    folder = Path(given["runs_dir"]) / given["name"]
    assert f"realift run --resume {folder.name} --runs-dir {folder.parent}" in str(caught.value)
    return folder


@pytest.mark.parametrize(
    "changes",
    [pytest.param({"seeds": 2}, marks=pytest.mark.slow), {"eval": None, "folds": 2}],
)
def test_finished_adapters_of_seeds_and_folds_are_not_trained_again(
    changes: dict[str, Any], bench: Bench, tmp_path: Path
) -> None:
    given = options(bench, tmp_path / "a", **changes)
    uncut = pipeline.run(resolve(flags=given))
    given = options(bench, tmp_path / "b", **changes)
    folder = cut_short(given, lambda e: e.stage.startswith("train 2/") and e.done == 7)
    seen: list[Event] = []
    result = pipeline.resume(folder, on_event=seen.append)
    stages = {e.stage for e in seen if isinstance(e, Progress)}
    assert not any(stage.startswith("train 1/") for stage in stages)
    assert any(stage.startswith("train 2/") for stage in stages)
    assert facts(result) == facts(uncut)
    assert adapter_bytes(result) == adapter_bytes(uncut)
    if "seeds" in changes:
        assert adapter_bytes(result, "adapters/seed-1") == adapter_bytes(uncut, "adapters/seed-1")
    assert {p.name for p in folder.iterdir()} == {p.name for p in Path(uncut.folder).iterdir()}


def test_a_comparison_is_resumed_without_asking_again(
    bench: Bench, whole: RunResult, tmp_path: Path
) -> None:
    adapter = Path(whole.folder) / "adapter"
    given = {k: v for k, v in options(bench, tmp_path).items() if k not in QUICK}
    config = resolve(flags={**given, "max_new_tokens": 6})

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and event.done >= 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.compare(config, adapter, on_event=listen)
    result = pipeline.resume(tmp_path / "r")
    shown = [
        # the few-shot rows are not split here, so more of them are shown, and probed
        [c.text for c in r.completions if c.arm != "few_shot" and not c.probe]
        for r in (result, whole)
    ]
    assert shown[0] == shown[1]


# --- what is refused ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cut(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interrupted run that no test finishes."""
    runs = tmp_path_factory.mktemp("cut")
    return cut_short(options(bench, runs), lambda e: e.stage == "train" and e.done == 5)


def test_another_setting_is_refused_and_the_same_threads_and_device_are_not(cut: Path) -> None:
    with pytest.raises(UsageError, match="--lora-r: the run was started with 8, not 4") as caught:
        settings_of(cut, {"lora_r": 4, "epochs": 9, "threads": 2})
    assert "--epochs" in str(caught.value)
    assert "--threads" in caught.value.hint
    config = settings_of(cut, {"lora_r": 8, "threads": 2, "device": "cpu", "name": "r"})
    assert (config.threads, config.device, config.lora_dropout) == (2, "cpu", 0.5)
    assert config.given["lora_dropout"] == "flag"
    assert "lora_r" not in config.given


def test_threads_and_portions_are_those_of_the_first_sitting(cut: Path, tmp_path: Path) -> None:
    """Sums in another order differ in the last digit, and with dropout that is another adapter."""
    manifest = run_folder.read_json(cut / "manifest.json")
    assert manifest["compute"]["threads"] == 1
    (tmp_path / "r").mkdir()
    run_folder.write_json(tmp_path / "r" / "manifest.json", manifest)
    run_folder.write_text(tmp_path / "r" / "config.yaml", "threads: auto\n")
    kept, asked, elsewhere = (
        settings_of(tmp_path / "r", given) for given in ({}, {"threads": 2}, {"device": "cpu"})
    )
    assert (kept.threads, kept.dtype) == (1, "float32")
    assert (asked.threads, asked.dtype) == (2, "float32")
    assert (elsewhere.threads, elsewhere.dtype) == (None, "auto")

    plan = dataclasses.replace(made_plan(), engine="fast", micro_batch_tokens=500)
    assert as_before(tmp_path, 1, plan) == plan
    more = dataclasses.replace(plan, micro_batch_tokens=900, expected_seconds=1.0)
    assert as_before(tmp_path, 1, more).micro_batch_tokens == 500
    packed = dataclasses.replace(more, packed_weights=True)
    assert not as_before(tmp_path, 1, packed).packed_weights
    less = dataclasses.replace(plan, micro_batch_tokens=100)
    assert as_before(tmp_path, 1, less) == less  # there is less memory now
    plain = dataclasses.replace(plan, engine="plain: x", micro_batch_tokens=None)
    assert as_before(tmp_path, 1, plain) == plain


def test_the_command_of_the_run_may_be_repeated_with_resume(
    cut: Path, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realift.cli.job import _to_resume

    file = tmp_path / "realift.yaml"
    file.write_text(f"train: {bench.train}\nruns_dir: {cut.parent}\nlora_dropout: 0.5\n")
    folder, given = _to_resume(file, {"threads": "1"})
    assert folder == cut
    assert settings_of(folder, given).threads == 1
    assert _to_resume(cut, {})[0] == cut
    assert _to_resume(None, {"runs_dir": str(cut.parent), "name": "r"})[0] == cut


def test_data_that_changed_since_is_refused_before_anything_is_done(
    bench: Bench, tmp_path: Path
) -> None:
    train = tmp_path / "t.jsonl"
    train.write_text(bench.train.read_text())
    folder = cut_short(options(bench, tmp_path / "runs", train=str(train)), lambda e: e.done == 2)
    train.write_text(bench.train.read_text() + "\n")
    with pytest.raises(DataError, match=r"t\.jsonl changed since"):
        pipeline.resume(folder)
    train.unlink()
    with pytest.raises(DataError, match="it is not there"):
        pipeline.resume(folder)
    assert json.loads((folder / "manifest.json").read_text())["status"] == "interrupted"


def test_rows_of_a_dataset_are_compared_by_their_hash_not_looked_for_as_a_file(
    cut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = resolve(flags={"train": "hub:owner/name"})
    before = run_folder.read_json(cut / "manifest.json")["data"]["train"]["sha256"]

    def facts(sha: str) -> None:
        found = {"data": {"train": {"path": "hub:owner/name", "sha256": sha}}}
        monkeypatch.setattr(resuming, "data_facts", lambda _: found)

    facts(before)
    resuming.check_same(cut, config, lambda _: None)
    facts("other")
    with pytest.raises(DataError, match="hub:owner/name changed since"):
        resuming.check_same(cut, config, lambda _: None)


def test_a_base_that_changed_since_is_refused(bench: Bench, tmp_path: Path) -> None:
    from tests.conftest import save_base

    base = save_base(tmp_path / "base")
    given = options(bench, tmp_path / "runs", base=str(base))
    folder = cut_short(given, lambda e: e.stage == "train" and e.done == 9)
    save_base(base, seed=5)
    with pytest.raises(ModelError, match="base has changed"):
        pipeline.resume(folder)


def test_a_run_that_is_done_or_still_going_is_not_resumed(whole: RunResult, cut: Path) -> None:
    with pytest.raises(RunFolderError, match="is done"):
        pipeline.resume(whole.folder)
    manifest = run_folder.read_json(cut / "manifest.json")
    run_folder.write_manifest(cut, status="running")
    try:
        with (
            run_folder.holding(cut),
            pytest.raises(RunFolderError, match="still going"),
        ):
            pipeline.resume(cut)
    finally:
        run_folder.write_json(cut / "manifest.json", manifest)
