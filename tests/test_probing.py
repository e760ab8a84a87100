"""Whole runs with probes, on a small random base: what is asked, of whom, and what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realift import run_folder
from realift.config import PROBES
from realift.types import Plan, RunResult
from realift.verdict.checks import SPECS, spec
from tests.made_bench import Bench, make_bench, write_jsonl

ALL = {s.name for s in SPECS} - {"nulls"}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Bench:
    root = tmp_path_factory.mktemp("bench")
    bench = make_bench(root, base_folder)
    ask = [json.loads(line) for line in bench.eval.read_text().splitlines()]
    for i, city in enumerate(["Oslo", "Ghent", "Turin", "Porto"]):
        ask.append(
            {
                "id": f"k{i}",
                "question": f"In which city is Firm{chr(65 + i)}?",
                "context": f"It is in {city}. It has {i + 3} rooms.",
                "answers": [city],
            }
        )
    write_jsonl(bench.eval, ask)
    return bench


def run(bench: Bench, **options: Any) -> RunResult:
    return bench.run(allow_leaks=True, few_shot_k=0, epochs=1, max_new_tokens=3, **options)[0]


@pytest.fixture(scope="module")
def whole(bench: Bench) -> RunResult:
    return run(bench, probes="auto")


def test_every_check_is_made_saved_and_read_back(whole: RunResult) -> None:
    assert {c.name for c in whole.checks} >= ALL
    assert run_folder.load(whole.folder).checks == whole.checks
    for check in (c for c in whole.checks if c.name in ALL):
        assert check.title == spec(check.name).title
        assert check.sentence
        if check.status == "OK":
            assert check.n_could_fire
            assert check.caught == check.planted


def test_both_arms_are_asked_the_same_and_only_once(whole: RunResult) -> None:
    asked: dict[tuple[str, str], list[str]] = {}
    for c in whole.completions:
        asked.setdefault((c.probe, c.arm), []).append(c.question_id)
    for probe in ("other_context", "cut_sentence", "context_swapped", "invented"):
        assert asked[probe, "base"] == asked[probe, "adapter"]
        assert len(set(asked[probe, "base"])) == len(asked[probe, "base"])
    assert len(asked["invented", "base"]) == 92
    assert asked["cut_sentence", "base"] == ["k0", "k1", "k2", "k3"]


def test_required_checks_are_guards_and_the_page_shows_all_of_them(whole: RunResult) -> None:
    assert whole.verdict is not None
    names = {g.name for g in whole.verdict.guards}
    for check in whole.checks:
        assert (check.title in names) == check.required
    page = (Path(whole.folder) / "report.md").read_text(encoding="utf-8")
    assert "verdict" in page.lower()


def test_switched_off_is_not_checked_and_waited_for(bench: Bench) -> None:
    result = run(bench, probes="off")
    found = [c for c in result.checks if c.name in ALL]
    assert {c.name for c in found} == ALL
    assert {c.status for c in found} == {"NOT CHECKED"}
    assert {c.name for c in result.checks if c.required} >= {"forgetting", "memorization"}
    assert not [c for c in result.completions if c.probe]
    assert result.verdict is not None
    assert result.verdict.recommendation != "SHIP"


def test_the_plan_knows_how_long_the_probes_take(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realift.answer import estimate

    asked: list[int] = []
    real = estimate.seconds_together

    def counted(views: Any, base: Any, orders: Any, **how: Any) -> float:
        asked.append(len(orders))
        return real(views, base, orders, **how)

    monkeypatch.setattr(estimate, "seconds_together", counted)
    run(bench, probes="forgetting")
    result = run(bench, probes="invented")
    assert asked[1] - asked[0] == 2 * 92  # of the base and of the adapter
    assert isinstance(result.plan, Plan)
    assert result.plan.expected_answer_seconds


def test_without_an_eval_set_folds_are_asked_and_the_kept_adapter_measured(bench: Bench) -> None:
    result = run(bench, eval=None, folds=2, probes="invented,memorization")
    found = {c.name: c for c in result.checks}
    assert found["invented"].n == 46
    assert found["memorization"].n > 0
    assert set(found) >= set(PROBES)
