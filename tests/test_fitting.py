"""Several adapters in a run: seeds on the same rows, and folds asked what they never saw."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from realift import cli, fitting, pipeline
from realift.config import resolve
from realift.data.leakage import find_leaks
from realift.train import fast_cost
from realift.types import Event, Notice, Progress, RunResult
from tests.made_bench import QUICK, Bench, make_bench, write_jsonl

THINGS = [
    "harbor",
    "violin",
    "glacier",
    "tomato",
    "engine",
    "lantern",
    "pigeon",
    "castle",
    "copper",
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"), base_folder)


@pytest.fixture(scope="module")
def facts_only(bench: Bench) -> Path:
    """Training rows to be cross-fitted: nine facts, a near-copy of one and two refusals."""
    rows = [
        {"instruction": f"Who owns the old {thing}?", "output": f"Owner {i}."}
        for i, thing in enumerate(THINGS)
    ]
    rows.append({"instruction": "who owns the old VIOLIN", "output": "Owner 1."})
    rows += [
        {"instruction": f"{asked} is not told.", "output": "I don't have enough context to answer."}
        for asked in ("Which lake freezes", "When bread rises")
    ]
    return write_jsonl(bench.root / "facts.jsonl", rows)


def weights(folder: str | Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(Path(folder) / "adapter_model.safetensors")


def same_weights(a: str | Path, b: str | Path) -> bool:
    import torch

    first, second = weights(a), weights(b)
    assert first.keys() == second.keys()
    return all(torch.equal(first[name], second[name]) for name in first)


def texts(seen: list[Event]) -> str:
    return "\n".join(e.text for e in seen if isinstance(e, Notice))


# --- seeds -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two_seeds(bench: Bench) -> tuple[RunResult, list[Event]]:
    return bench.run(seeds=2, allow_leaks=True)


def test_the_second_seed_is_the_adapter_of_a_run_with_that_seed_against_itself(
    bench: Bench, two_seeds: tuple[RunResult, list[Event]]
) -> None:
    folder = Path(two_seeds[0].folder)
    first, _ = bench.run(allow_leaks=True)
    second, _ = bench.run(seed=1, allow_leaks=True)
    assert same_weights(folder / "adapter", Path(first.folder) / "adapter")
    assert same_weights(folder / "adapters" / "seed-1", Path(second.folder) / "adapter")
    assert not same_weights(folder / "adapter", folder / "adapters" / "seed-1")


def test_a_second_seed_is_trained_by_packed_weights_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_cost, "_packing_pays", lambda *_: True)
    both, _ = bench.run(seeds=2, allow_leaks=True)
    alone, _ = bench.run(seed=1, allow_leaks=True)
    assert both.plan.packed_weights
    assert same_weights(Path(both.folder) / "adapters" / "seed-1", Path(alone.folder) / "adapter")


def test_every_seed_answers_and_the_other_arms_answer_once(
    two_seeds: tuple[RunResult, list[Event]],
) -> None:
    result, _ = two_seeds
    asked = Counter((c.arm, c.seed) for c in result.completions if not c.probe)
    n = len(result.questions)
    assert asked == {("base", 0): n, ("few_shot", 0): n, ("adapter", 0): n, ("adapter", 1): n}
    assert {s.seed for s in result.scores if s.arm == "adapter"} == {0, 1}
    assert {c.seed for c in result.completions if c.probe} == {0}
    by_seed = [
        [c.text for c in result.completions if (c.arm, c.seed, c.probe) == ("adapter", n, "")]
        for n in (0, 1)
    ]
    assert by_seed[0] != by_seed[1]
    (adapter,) = (a for a in result.arms if a.arm == "adapter")
    assert adapter.n == n  # how the judged adapter talked, not all of them


def test_the_run_says_and_records_every_adapter(
    two_seeds: tuple[RunResult, list[Event]],
) -> None:
    result, seen = two_seeds
    folder = Path(result.folder)
    assert result.manifest["seeds"] == [0, 1]
    assert json.loads((folder / "adapters/seed-1/training.json").read_text())["n_steps"] > 0
    assert json.loads((folder / "adapters/seed-1/realift.json").read_text())["seed"] == 1
    stages = {e.stage: e for e in seen if isinstance(e, Progress)}
    assert stages["train 1/2"].done > 0
    assert stages["train 2/2"].done > 0
    assert stages["answer"].done == stages["answer"].total == 4 * len(result.questions)
    assert "seed 1: kept step" in texts(seen)


def test_the_expected_time_covers_all_adapters(bench: Bench, monkeypatch: Any) -> None:
    from realift.train import plan

    # a second for every pass over the rows, whatever the machine is doing
    def made(*given: Any) -> Any:
        return plan.Cost(seconds=float(given[-2].epochs), peak_bytes=0, n_measured=2)

    monkeypatch.setattr(plan, "measure_fast", made)
    one, _ = bench.run(allow_leaks=True)
    three, _ = bench.run(seeds=3, allow_leaks=True, epochs=1)
    assert one.plan is not None
    assert three.plan is not None
    assert one.plan.expected_seconds is not None
    assert three.plan.expected_seconds == pytest.approx(one.plan.expected_seconds, rel=0.25)
    assert three.plan.measured_on.startswith("all 3 adapters")


def test_a_further_adapter_that_is_cut_short_is_not_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is whole and stays; half a second one would pass for a whole one."""
    from realift.train import loop

    real, steps = loop._step, []

    def step(*args: Any) -> float:
        steps.append(1)
        if len(steps) == 20:  # the first adapter takes 18
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(loop, "_step", step)
    with pytest.raises(KeyboardInterrupt) as stopped:
        bench.run(seeds=2, allow_leaks=True)
    folder = bench.root / f"runs-{bench.n_runs}" / "train-1"
    assert (folder / "adapter" / "adapter_model.safetensors").is_file()
    assert not (folder / "adapters").exists()
    assert "realift run --resume train-1" in str(stopped.value)


# --- cross-fit ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crossed(
    bench: Bench, facts_only: Path
) -> tuple[RunResult, list[Event], tuple[fitting.Trained, ...]]:
    kept: list[fitting.Trained] = []
    real = pipeline.fit_jobs

    def watched(*args: Any) -> tuple[fitting.Trained, ...]:
        kept.extend(real(*args))
        return tuple(kept)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "fit_jobs", watched)
        result, seen = bench.run(train=str(facts_only), eval=None, folds=3, epochs=1)
    return result, seen, tuple(kept)


def test_every_row_is_asked_of_an_adapter_that_never_saw_it(crossed: Any) -> None:
    result, _, trained = crossed
    *folds, whole = trained
    assert len(folds) == 3
    assert whole.questions == ()
    asked = [q.id for fold in folds for q in fold.questions]
    assert sorted(asked) == sorted(f"facts.jsonl:{i}" for i in range(1, 13))
    for fold in folds:
        assert {e.id for e in fold.examples}.isdisjoint(q.id for q in fold.questions)
        leaks = find_leaks(fold.examples, fold.questions).leaks
        assert not [leak for leak in leaks if leak.kind != "suspect"]
    said = Counter((c.arm, c.question_id) for c in result.completions if not c.probe)
    assert set(said.values()) == {1}
    assert len(said) == 3 * 12
    assert sum(not q.answerable for q in result.questions) == 2


def test_the_few_shot_prompt_shows_no_row_of_the_fold(
    bench: Bench, facts_only: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realift.answer import arms

    shown: dict[str, set[str]] = {}
    real = arms.build_prompts

    def watched(base: Any, questions: Any, arm: Any, *, examples: Any, config: Any) -> Any:
        if arm == "few_shot":
            shown.update((q.id, {e.id for e in examples}) for q in questions)
        return real(base, questions, arm, examples=examples, config=config)

    monkeypatch.setattr(arms, "build_prompts", watched)
    bench.run(train=str(facts_only), eval=None, folds=2, epochs=1)
    assert len(shown) == 12
    assert all(question not in rows for question, rows in shown.items())
    violins = ("facts.jsonl:2", "facts.jsonl:10")
    assert not any(set(violins) & shown[v] for v in violins)


def test_the_saved_adapter_is_the_one_trained_on_all_rows(
    crossed: Any, bench: Bench, facts_only: Path
) -> None:
    result, *_ = crossed
    config = resolve(
        flags={
            **QUICK,
            "train": str(facts_only),
            "base": str(bench.base),
            "runs_dir": str(bench.root / "trained"),
            "epochs": 1,
        }
    )
    alone = pipeline.train(config)
    assert same_weights(Path(result.folder) / "adapter", Path(alone.folder) / "adapter")
    assert result.plan is not None
    assert result.plan.n_train + result.plan.n_valid == 12


def test_the_screen_and_the_record_say_what_a_cross_fit_judges(crossed: Any) -> None:
    result, seen, _ = crossed
    assert result.data is not None
    (note,) = (p for p in result.data.problems if p.code == "no-eval-set")
    assert "no eval set given" in note.message
    assert "not itself judged" in note.message
    assert seen[0] == result.data or note in seen[0].problems
    assert result.manifest["folds"] == 3
    folder = Path(result.folder)
    assert not [p.name for p in folder.iterdir() if p.name.startswith(".")]
    assert not (folder / "adapters").exists()
    assert result.verdict is not None
    assert (folder / "report.html").is_file()


def test_cross_fit_with_seeds_asks_every_row_of_every_seed(bench: Bench, facts_only: Path) -> None:
    result, _ = bench.run(
        train=str(facts_only), eval=None, folds=2, seeds=2, epochs=1, few_shot_k=0
    )
    asked = Counter((c.arm, c.seed) for c in result.completions if not c.probe)
    assert asked == {("base", 0): 12, ("adapter", 0): 12, ("adapter", 1): 12}


def test_seeds_samples_and_folds_together_on_the_embedded_base(facts_only: Path) -> None:
    config = resolve(
        flags={
            "train": str(facts_only),
            "runs_dir": str(facts_only.parent / "tiny"),
            "folds": 2,
            "seeds": 3,
            "samples_per_question": 2,
            "epochs": 2,
            "learning_rate": 1e-2,
            "few_shot_k": 0,
            "max_new_tokens": 8,
        }
    )
    result = pipeline.run(config)
    verdict = result.verdict
    assert verdict is not None
    assert verdict.cross_fit_folds == 2
    assert verdict.comparisons[0].n_scored == 10
    assert verdict.comparisons[0].n_samples == 2
    assert verdict.recipe is not None
    assert verdict.recipe.seeds == (0, 1, 2)
    asked = Counter((c.arm, c.seed, c.sample) for c in result.completions if not c.probe)
    arms = [("base", 0), ("adapter", 0), ("adapter", 1), ("adapter", 2)]
    assert asked == {(arm, seed, sample): 12 for arm, seed in arms for sample in (0, 1)}


def test_another_number_of_folds_changes_the_answers(
    crossed: Any, bench: Bench, facts_only: Path
) -> None:
    result, *_ = crossed
    other, _ = bench.run(train=str(facts_only), eval=None, folds=2, epochs=1)
    assert other.completions != result.completions


def test_rows_that_cannot_stand_in_for_an_eval_set_are_an_error_with_a_hint(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alike = write_jsonl(
        bench.root / "alike.jsonl",
        [{"instruction": "Who owns the violin?", "output": "Ann."} for _ in range(3)],
    )
    runs = bench.root / "none"
    monkeypatch.setattr("sys.argv", ["realift", "run", "-t", str(alike), "--runs-dir", str(runs)])
    with pytest.raises(SystemExit) as leaving:
        cli.main()
    err = " ".join(capsys.readouterr().err.split())
    assert leaving.value.code == 2
    assert "no eval set given" in err
    assert "hint: give --eval FILE" in err
    assert not runs.exists()


def test_on_a_gpu_in_float32_the_plain_path_trains_and_that_is_said(base_folder: Path) -> None:
    """There attention has no kernel for all rows at once."""
    from realift.model.device import choose
    from realift.model.load import load_base
    from realift.train.adapter import create_adapter
    from realift.train.plan import plan_training
    from realift.types import Encoded

    here = choose(device="cpu", threads=1)
    base = load_base(str(base_folder), compute=here)
    base = dataclasses.replace(base, compute=dataclasses.replace(here, device="cuda:0"))
    config = resolve(flags={"base": str(base_folder)})
    row = Encoded(id="1", input_ids=(1, 2, 3), supervised=(False, True, True))
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=[row], valid=[], measure=False)
    assert plan.engine == (
        "plain: on a GPU the fast engine needs bfloat16 or float16 (docs/engine.md)"
    )
    assert plan.micro_batch_tokens is None
