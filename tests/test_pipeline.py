"""The straight line, whole, on a small random base: what is recorded, and that options matter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realift import pipeline, run_folder
from realift.config import option_fields, resolve
from realift.types import Event, Progress, RunResult
from tests.conftest import save_base
from tests.made_bench import QUICK, Bench, make_bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"), base_folder)


def facts(result: RunResult, seen: list[Event]) -> dict[str, Any]:
    """All that a run shows, without clocks and names."""
    training = result.training
    assert training is not None
    return {
        "data": run_folder.to_plain(result.data),
        "plan": [
            (k, v)
            for k, v in run_folder.to_plain(result.plan).items()
            if not k.startswith(("expected", "measured"))
        ],
        "losses": [(p.loss, p.valid_loss, p.learning_rate) for p in training.curve],
        "answers": [
            (c.arm, c.question_id, c.sample, c.probe, c.seed, c.text) for c in result.completions
        ],
        "scores": run_folder.to_plain(result.scores),
        "verdict": run_folder.to_plain(result.verdict),
        "compute": result.manifest["compute"],
        "events": sum(isinstance(e, Progress) for e in seen),
        "name": result.name,
        "n_looks": result.manifest["n_looks"],
    }


@pytest.fixture(scope="module")
def plain(bench: Bench) -> dict[str, Any]:
    return facts(*bench.run())


def test_the_same_run_twice_says_the_same(bench: Bench, plain: dict[str, Any]) -> None:
    assert facts(*bench.run()) == plain


CHANGES: dict[str, Any] = {
    "allow_leaks": True,
    "valid_fraction": 0.4,
    "dtype": "bfloat16",
    "threads": 2,
    "engine": "plain",
    "system_prompt": "Be brief.",
    "lora_r": 2,
    "lora_alpha": 64,
    "lora_dropout": 0.5,
    "lora_target_modules": "q_proj",
    "learning_rate": 1e-3,
    "epochs": 2,
    "batch_size": 3,
    "gradient_accumulation_steps": 2,
    "max_length": 200,
    "warmup_ratio": 0.5,
    "weight_decay": 0.9,
    "patience": 1,
    "seed": 7,
    "seeds": 2,
    "few_shot_k": 1,
    "max_new_tokens": 3,
    "answer_batch_size": 2,
    "samples_per_question": 2,
    "temperature": 2.0,
    "min_gain": 0.3,
    "guard_margin": 0.4,
    "refusal_phrases": ["qqq"],
    "scorer": "squad",
    "probes": "off",
    "nulls": True,
    "sequential": True,
    "name": "mine",
}
NEEDS_MORE = {  # what it takes for the option to have something to change
    "patience": {"epochs": 8, "learning_rate": 0.05},
    "max_length": {},
    "refusal_phrases": {},
    "temperature": {"samples_per_question": 2},
    "sequential": {"allow_leaks": True},
}
ELSEWHERE = {"train", "eval", "base", "runs_dir", "device", "folds", "report_to"}
ELSEWHERE |= {"docs", "retriever", "retrieve_k", "passage_words"}  # tests/test_retrieval_runs.py
ELSEWHERE |= {"columns"}  # tests/test_sources.py


def test_every_option_is_tried() -> None:
    assert {f.name for f in option_fields()} == set(CHANGES) | ELSEWHERE


@pytest.mark.parametrize("option", CHANGES)
def test_every_option_changes_something(option: str, bench: Bench, plain: dict[str, Any]) -> None:
    """Flags that are validated, documented and read by nothing: seen in the field."""
    value, before = CHANGES[option], plain
    more = NEEDS_MORE.get(option, {})
    if more:
        before = facts(*bench.run(**more))
    if option == "refusal_phrases":
        said = next(t for arm, q, *_, t in plain["answers"] if arm == "adapter" and q == "r0")
        value = [said]
    if option == "max_length":
        plan = dict(before["plan"])  # the average row: the longer half is left out
        value = plan["n_tokens"] // plan["n_train"]
    assert facts(*bench.run(**{**more, option: value})) != before


def test_another_base_or_file_changes_the_run(
    bench: Bench, plain: dict[str, Any], tmp_path: Path
) -> None:
    other = save_base(tmp_path / "other", seed=5)
    assert facts(*bench.run(base=str(other))) != plain
    fewer = tmp_path / "train.jsonl"
    fewer.write_text("".join(bench.train.read_text().splitlines(keepends=True)[:12]))
    assert facts(*bench.run(train=str(fewer))) != plain


def test_a_leak_makes_the_run_invalid_unless_allowed(bench: Bench) -> None:
    result, _ = bench.run()
    assert result.verdict is not None
    assert result.verdict.label == "INVALID"
    assert "leak" in result.verdict.sentence
    allowed, _ = bench.run(allow_leaks=True)
    assert allowed.verdict is not None
    assert allowed.verdict.label != "INVALID"
    assert any("leaks were allowed" in w for w in allowed.verdict.warnings)


def test_the_manifest_says_what_the_numbers_rest_on(bench: Bench) -> None:
    result, _ = bench.run(allow_leaks=True)
    manifest = result.manifest
    assert manifest["status"] == "done"
    assert set(manifest["data"]) == {"train", "eval"}
    assert len(manifest["data"]["train"]["sha256"]) == 64
    assert manifest["applied"]["max_logit_change"] > 0
    assert manifest["applied"]["reload_error"] < 1e-4
    assert manifest["base_fingerprint"].startswith("sha256:")
    assert manifest["versions"]["torch"]
    card = Path(result.folder) / "adapter" / "README.md"
    assert result.verdict is not None
    assert result.verdict.label in card.read_text()


def test_both_arms_sit_the_same_exam_and_the_probe_asks_without_context(bench: Bench) -> None:
    result, _ = bench.run(allow_leaks=True)
    asked: dict[tuple[str, str], list[str]] = {}
    for c in result.completions:
        asked.setdefault((c.probe, c.arm), []).append(c.question_id)
    questions = [q.id for q in result.questions]
    assert asked["", "base"] == asked["", "few_shot"] == asked["", "adapter"] == questions
    assert asked["context_removed", "base"] == asked["context_removed", "adapter"] == ["c"]


def test_an_adapter_brings_its_own_system_prompt_to_the_comparison(bench: Bench) -> None:
    trained, _ = bench.run(allow_leaks=True, system_prompt="Speak like a pirate.")
    config = resolve(
        flags={
            "base": str(bench.base),
            "eval": str(bench.eval),
            "train": str(bench.train),
            "allow_leaks": True,
            "runs_dir": str(bench.root / "runs"),
            "max_new_tokens": 6,
            "probes": QUICK["probes"],
        }
    )
    again = pipeline.compare(config, Path(trained.folder) / "adapter")
    said = {(c.probe, c.arm, c.question_id): c.text for c in trained.completions}
    assert {c.arm for c in again.completions} == {"base", "few_shot", "adapter"}
    for c in again.completions:
        if c.arm != "few_shot":  # its rows differ: the run showed only the rows it trained on
            assert said[c.probe, c.arm, c.question_id] == c.text


def test_a_question_whose_own_answer_the_scorer_rejects_is_named(
    bench: Bench, tmp_path: Path
) -> None:
    bad = tmp_path / "eval.jsonl"
    refusal_as_answer = {"question": "Who?", "answers": [["I cannot answer that.", "no"]]}
    bad.write_text(json.dumps(refusal_as_answer) + "\n")
    summary = pipeline.check(resolve(flags={"eval": str(bad)}))
    assert any(p.code == "gold-not-right" for p in summary.problems)


def test_training_alone_gives_an_adapter_and_no_verdict(bench: Bench) -> None:
    config = resolve(
        flags={
            "train": str(bench.train),
            "base": str(bench.base),
            "runs_dir": str(bench.root / "runs"),
            **QUICK,
        }
    )
    result = pipeline.train(config)
    assert result.verdict is None
    assert result.training is not None
    assert (Path(result.folder) / "adapter" / "adapter_model.safetensors").is_file()
    assert (Path(result.folder) / "report.html").is_file()


def test_a_row_that_does_not_fit_is_left_out_and_stands_in_the_report(
    bench: Bench, tmp_path: Path
) -> None:
    train = tmp_path / "train.jsonl"
    long = {"instruction": "Long?", "input": "word " * 500, "output": "Yes."}
    train.write_text(bench.train.read_text() + json.dumps(long) + "\n")
    result, _ = bench.run(train=str(train), allow_leaks=True)
    assert result.plan is not None
    assert result.plan.n_train + result.plan.n_valid == 24
    assert result.data is not None
    (problem,) = (p for p in result.data.problems if p.code == "row-too-long")
    assert str(problem.where) == "train.jsonl:25"
    assert "row-too-long" in (Path(result.folder) / "report.html").read_text()


def test_the_python_api_takes_options_by_name_and_returns_typed_results(
    bench: Bench, tmp_path: Path
) -> None:
    import realift

    options = {"base": str(bench.base), "runs_dir": str(tmp_path / "runs"), **QUICK}
    result = realift.run(train=str(bench.train), eval=str(bench.eval), allow_leaks=True, **options)
    assert isinstance(result, RunResult)
    again = realift.compare(
        Path(result.folder) / "adapter",
        eval=str(bench.eval),
        base=str(bench.base),
        runs_dir=str(tmp_path / "runs"),
        max_new_tokens=6,
    )
    assert again.verdict is not None
    assert realift.check(eval=str(bench.eval)).n_questions == 13
    assert realift.api.report(result.folder).verdict == result.verdict
    scores = tmp_path / "scores.csv"
    scores.write_text("id,base,adapter\n" + "".join(f"{i},0,1\n" for i in range(9)))
    assert realift.compare_scores(scores).label == "REAL GAIN"
    with pytest.raises(realift.errors.UsageError, match="unknown option 'lora_rank'"):
        realift.run(train=str(bench.train), lora_rank=3)
