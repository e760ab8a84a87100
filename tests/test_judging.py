"""Answering and judging: samples, the pilot, the ledger, and what a Ctrl-C leaves."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from realift import judging, pipeline, run_folder
from realift.config import resolve
from realift.errors import DataError
from realift.inputs import MANY_QUESTIONS, PILOT
from realift.types import Completion, Event, Notice, OnEvent, Progress, RunResult
from tests.made_bench import QUICK, Bench, make_bench, write_jsonl


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Bench:
    return make_bench(tmp_path_factory.mktemp("bench"), base_folder)


@pytest.fixture(scope="module")
def adapter(bench: Bench) -> Path:
    result, _ = bench.run(allow_leaks=True, epochs=1)
    return Path(result.folder) / "adapter"


def compare(
    bench: Bench, adapter: Path, *, on_event: OnEvent | None = None, **options: Any
) -> tuple[RunResult, list[Event]]:
    seen: list[Event] = []
    bench.n_runs += 1
    given = {
        "train": str(bench.train),
        "eval": str(bench.eval),
        "base": str(bench.base),
        "runs_dir": str(bench.root / f"runs-{bench.n_runs}"),
        "max_new_tokens": 6,
        "allow_leaks": True,
        "probes": "context_removed",
        **options,
    }
    return pipeline.compare(resolve(flags=given), adapter, on_event=on_event or seen.append), seen


def notices(seen: list[Event]) -> str:
    return "\n".join(e.text for e in seen if isinstance(e, Notice))


def said(result: RunResult, arm: str) -> dict[tuple[str, int], str]:
    return {
        (c.question_id, c.sample): c.text
        for c in result.completions
        if c.arm == arm and not c.probe
    }


# --- samples -----------------------------------------------------------------------------------


def test_every_arm_answers_every_question_k_times_and_all_of_it_is_kept(
    bench: Bench, adapter: Path
) -> None:
    result, _ = compare(bench, adapter, samples_per_question=3)
    n = len(result.questions)
    counted = Counter(c.arm for c in result.completions if not c.probe)
    assert counted == {"base": 3 * n, "few_shot": 3 * n, "adapter": 3 * n}
    scored = Counter(
        (s.arm, s.sample) for s in result.scores if s.dimension == "no_over_refusal" and not s.probe
    )
    n_answerable = sum(q.answerable for q in result.questions)
    assert scored == dict.fromkeys(
        [(arm, sample) for arm in counted for sample in range(3)], n_answerable
    )
    assert len(set(said(result, "base").values())) > n // 2  # drawn, so they differ
    assert {c.sample for c in result.completions if c.probe} == {0}  # the probe stays greedy
    assert result.manifest["samples_per_question"] == 3
    assert result.manifest["temperature"] == 0.7


def test_samples_are_reproducible_and_another_seed_draws_others(
    bench: Bench, adapter: Path
) -> None:
    first, _ = compare(bench, adapter, samples_per_question=2, few_shot_k=0)
    again, _ = compare(bench, adapter, samples_per_question=2, few_shot_k=0)
    other, _ = compare(bench, adapter, samples_per_question=2, few_shot_k=0, seed=1)
    assert first.completions == again.completions
    assert said(first, "base") != said(other, "base")


def test_one_sample_is_the_greedy_answer(bench: Bench, adapter: Path) -> None:
    one, _ = compare(bench, adapter, samples_per_question=1, few_shot_k=0)
    cold, _ = compare(bench, adapter, samples_per_question=2, temperature=1e-4, few_shot_k=0)
    for arm in ("base", "adapter"):
        greedy = said(one, arm)
        assert said(cold, arm) == {(q, k): text for (q, _), text in greedy.items() for k in (0, 1)}
    assert "temperature" not in one.manifest


def test_auto_keeps_the_pilot_and_adds_what_it_asks_for(
    bench: Bench, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realift.verdict import samples

    pilots: list[Any] = []

    def choose(first: Any, second: Any, *, min_gain: float, groups: Any) -> samples.SampleChoice:
        pilots.append((first, second, min_gain, groups))
        return samples.SampleChoice(k=6, reason="because of the pilot", minimum_detectable=None)

    monkeypatch.setattr(samples, "choose_samples", choose)
    result, seen = compare(bench, adapter, samples_per_question="auto", min_gain=0.2)
    four, _ = compare(bench, adapter, samples_per_question=PILOT)
    ((first, second, min_gain, groups),) = pilots
    assert groups == [q.group for q in result.questions if q.answerable]
    n_answerable = sum(q.answerable for q in result.questions)
    assert len(first) == len(second) == n_answerable
    assert all(len(values) == PILOT for values in (*first, *second))
    assert min_gain == 0.2
    for arm in ("base", "adapter"):
        kept = {key: text for key, text in said(result, arm).items() if key[1] < PILOT}
        assert kept == said(four, arm)
    counted = Counter(c.sample for c in result.completions if not c.probe)
    assert counted == dict.fromkeys(range(6), 3 * len(result.questions))
    assert "6 samples per question: because of the pilot" in notices(seen)
    done = {e.stage: (e.done, e.total) for e in seen if isinstance(e, Progress)}
    n = len(result.questions)
    assert done["pilot"] == (8 * n, 8 * n)
    assert done["answer"] == (10 * n, 10 * n)  # 2 + 2 more, and 6 of the few-shot prompt
    assert result.manifest["samples_per_question"] == 6


def test_a_pilot_that_wants_no_more_is_all_there_is(
    bench: Bench, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realift.verdict import samples

    enough = samples.SampleChoice(k=1, reason="they do not vary", minimum_detectable=None)
    monkeypatch.setattr(samples, "choose_samples", lambda *_, **__: enough)
    result, seen = compare(bench, adapter, samples_per_question="auto")
    assert {c.arm: c.sample for c in result.completions if not c.probe} == {
        "base": 3, "few_shot": 3, "adapter": 3,
    }  # fmt: skip
    assert "the pilot's 4 samples per question: they do not vary" in notices(seen)


def test_auto_gives_many_questions_one_greedy_answer_each_and_says_why(
    bench: Bench, adapter: Path
) -> None:
    many = write_jsonl(
        bench.root / "many.jsonl",
        [{"question": f"Say {i}", "answers": [str(i)]} for i in range(MANY_QUESTIONS)],
    )
    result, seen = compare(
        bench,
        adapter,
        eval=str(many),
        samples_per_question="auto",
        few_shot_k=0,
        max_new_tokens=1,
        system_prompt="",
        answer_batch_size=100,
    )
    assert {c.sample for c in result.completions} == {0}
    assert "1 greedy answer per question" in notices(seen)


def test_a_dimension_that_fails_its_self_test_is_not_counted_and_named(
    bench: Bench, adapter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realift.score import score

    right = score.SCORERS["token_f1"]

    def always_right(question: Any, text: str, phrases: Any) -> Any:
        found = right(question, text, phrases)
        return found and dataclasses.replace(found, value=1.0)

    monkeypatch.setitem(score.SCORERS, "token_f1", always_right)
    result, _ = compare(bench, adapter, few_shot_k=0)
    values = {s.value for s in result.scores if s.dimension == "token_f1"}
    assert values == {None}
    assert {s.value for s in result.scores if s.dimension == "correctness"} <= {0.0, 1.0}
    assert result.data is not None
    (problem,) = (p for p in result.data.problems if p.code == "scorer-self-test")
    assert "token_f1 is not counted" in problem.message
    assert result.verdict is not None
    assert all(c.n_scored == 0 for c in result.verdict.comparisons if c.dimension == "token_f1")


# --- the ledger --------------------------------------------------------------------------------


def ledger(runs: Path) -> list[dict[str, Any]]:
    text = (runs / judging.LEDGER).read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_every_adapter_judged_on_an_eval_set_counts_as_one_look(
    bench: Bench, adapter: Path, tmp_path: Path
) -> None:
    runs = {"runs_dir": str(tmp_path / "runs"), "allow_leaks": True}
    first, _ = bench.run(**runs, epochs=1)
    assert first.manifest["n_looks"] == 1
    again, _ = compare(bench, Path(first.folder) / "adapter", **runs)
    assert again.manifest["n_looks"] == 1  # the same adapter, judged once more
    second, _ = bench.run(**runs, epochs=1, seed=3)
    assert second.manifest["n_looks"] == 2
    renamed = tmp_path / "renamed.jsonl"  # the same questions in another file and order
    renamed.write_text("".join(reversed(bench.eval.read_text().splitlines(keepends=True))))
    third, _ = bench.run(**runs, epochs=1, seed=4, eval=str(renamed))
    assert third.manifest["n_looks"] == 3
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text("".join(bench.eval.read_text().splitlines(keepends=True)[:6]))
    other, _ = bench.run(**runs, epochs=1, seed=5, eval=str(fewer))
    assert other.manifest["n_looks"] == 1
    rows = ledger(tmp_path / "runs")
    assert {row["eval_hash"] for row in rows} == {
        first.manifest["eval_hash"],
        other.manifest["eval_hash"],
    }
    assert first.name in [row["run"] for row in rows]


def test_scores_from_elsewhere_and_training_alone_are_no_look(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    scores = tmp_path / "scores.csv"
    scores.write_text("id,base,adapter\n" + "".join(f"{i},0,1\n" for i in range(9)))
    assert not pipeline.compare_scores(scores, resolve()).sequential
    assert pipeline.compare_scores(scores, resolve(flags={"sequential": True})).sequential
    flags = {"train": str(bench.train), "base": str(bench.base), **QUICK, "epochs": 1}
    pipeline.train(resolve(flags=flags))
    assert not (tmp_path / "runs" / judging.LEDGER).exists()


def test_a_broken_ledger_is_found_before_anything_is_trained(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / judging.LEDGER).write_text("{broken\n")
    with pytest.raises(DataError, match=r"ledger\.jsonl:1: "):
        bench.run(runs_dir=str(tmp_path))
    assert {p.name for p in tmp_path.iterdir()} - {judging.LEDGER + ".lock"} == {judging.LEDGER}


# --- Ctrl-C, and what is said ------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["auto", "plain"])
def test_what_was_answered_survives_a_ctrl_c_and_is_no_look(
    engine: str, bench: Bench, adapter: Path, tmp_path: Path
) -> None:
    def cut_short(event: Event) -> None:
        if isinstance(event, Progress) and event.stage == "answer" and event.done >= 8:
            raise KeyboardInterrupt

    runs = tmp_path / "runs"
    with pytest.raises(KeyboardInterrupt):
        compare(
            bench,
            adapter,
            on_event=cut_short,
            runs_dir=str(runs),
            name="cut",
            answer_batch_size=4,
            engine=engine,
        )
    kept = run_folder.read_jsonl(runs / "cut" / "answers.jsonl", Completion)
    assert 8 <= len(kept) < 12
    manifest = run_folder.read_json(runs / "cut" / "manifest.json")
    assert manifest["status"] == "interrupted"
    assert not (runs / judging.LEDGER).exists()


def test_few_shot_prompts_with_less_room_are_counted_and_said(bench: Bench, adapter: Path) -> None:
    roomy, seen = compare(bench, adapter, few_shot_k=2, system_prompt="")
    assert roomy.manifest["few_shot"] == {"2": len(roomy.questions)}
    assert "few-shot:" not in notices(seen)
    tight, seen = compare(
        bench, adapter, few_shot_k=8, system_prompt="", max_new_tokens=120, answer_batch_size=64
    )
    shown = {int(k): n for k, n in tight.manifest["few_shot"].items()}
    assert sum(shown.values()) == len(tight.questions)
    assert max(shown) < 8
    assert f"few-shot: {len(tight.questions)} of {len(tight.questions)} prompts" in notices(seen)
