"""Planted faults, swapped real runs and trained adapters."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from realift.data import leakage
from realift.data.read import read_examples
from realift.errors import RunFolderError
from realift.run_folder import to_plain
from realift.types import Example, Message, Where
from realift.verdict.selftest import JudgedAdapter, leaks, planted, swaps
from realift.verdict.selftest.adapters import trained
from realift.verdict.selftest.engine import STATISTICS
from realift.verdict.selftest.mutations import patched

ROOT = Path(__file__).resolve().parents[3]


def test_losing_every_refusal_is_always_seen_and_losing_none_never_against_hand() -> None:
    rows = {r.situation: r for r in planted.guard_detects("refusal", 10)}
    assert rows["n = 10, 100% of the refusals lost"].ours == pytest.approx(1.0)
    # All of the adapter's losses are one-sided, so five lost refusals of ten give the alarm.
    half = sum(math.comb(10, k) for k in range(5, 11)) / 2**10
    assert rows["n = 10, 50% of the refusals lost"].ours == pytest.approx(half)


def test_planted_faults_are_all_caught() -> None:
    rows = [
        *planted.inert(),
        *planted.broken_pairing(),
        *planted.guard_idle(),
        *planted.guard_always_refuses(),
        *planted.guard_detects("no_over_refusal", 20),
        *leaks.invalid(),
        *leaks.found_leaks(),
    ]
    assert {r.status for r in rows} <= {"pass", "shown"}


def test_clean_rows_that_leak_are_counted_as_flagged() -> None:
    """The clean rows must not pass for want of being looked at."""
    copies = [leaks._example(f"e{i}", question) for i, (question, _) in enumerate(leaks.PAIRS)]
    assert len(leakage.find_leaks(copies, leaks._questions()).leaks) >= len(leaks.PAIRS)


def scores_file(tmp_path: Path, pairs: list[tuple[int, int]], group: str = "") -> Path:
    path = tmp_path / "run.csv"
    lines = [f"q{i},{a},{b},{group}" for i, (a, b) in enumerate(pairs)]
    path.write_text("\n".join(["id,base,adapter,group", *lines]) + "\n")
    return path


def test_swapped_arms_claim_nothing_even_of_a_large_real_gain(tmp_path: Path) -> None:
    path = scores_file(tmp_path, [(0, 1)] * 20 + [(1, 1)] * 10)
    (found,) = swaps.swapped(path, reps=4000)
    assert found.status == "pass"
    assert found.naive == pytest.approx(0.41, abs=0.04)  # P(more heads than tails of 20) = 0.412
    with patched((STATISTICS, "mcnemar_midp", lambda *_: 0.0)):
        (broken,) = swaps.swapped(path, reps=1000)
    assert broken.status == "fail"


def test_questions_of_one_document_are_swapped_together(tmp_path: Path) -> None:
    path = scores_file(tmp_path, [(0, 1)] * 20, group="one")
    (found,) = swaps.swapped(path, reps=1000)
    assert found.naive == pytest.approx(0.5, abs=0.06)  # all 20 or none; SE 0.016
    assert found.ours == 0


def test_a_run_in_which_too_little_changed_is_not_run(tmp_path: Path) -> None:
    (found,) = swaps.swapped(scores_file(tmp_path, [(0, 1)] * 4 + [(1, 1)] * 9), reps=10)
    assert found.status == "not run"


def test_the_committed_score_files_can_be_judged() -> None:
    files = swaps.score_files()
    assert len(files) >= 6
    rows = [r for path in files for r in swaps.swapped(path, reps=300)]
    assert sum(r.status == "pass" for r in rows) >= 5


# --- trained adapters --------------------------------------------------------------------------


def adapter(kind: str, seed: int, label: str, fixed: int = 3, broken: int = 4) -> JudgedAdapter:
    made: Any = {
        "kind": kind, "seed": seed, "label": label, "fixed": fixed, "broken": broken, "n": 67,
        "n_groups": 49, "recommendation": "DON'T SHIP", "p_value": 0.5, "guards": {"no": "OK"},
        "kept_step": 1, "n_steps": 2, "seconds": 1.0, "recipe": "abc", "versions": {},
    }  # fmt: skip
    return JudgedAdapter(**made)


def written(tmp_path: Path, adapters: list[JudgedAdapter]) -> Path:
    path = tmp_path / "adapters.jsonl"
    path.write_text("".join(json.dumps(to_plain(a)) + "\n" for a in adapters))
    return path


def test_false_and_missed_gains_of_trained_adapters_are_counted_against_hand(
    tmp_path: Path,
) -> None:
    nulls = [adapter("null", i, "TOO SMALL TO TELL") for i in range(58)]
    nulls += [adapter("null", i, "REAL GAIN", fixed=9, broken=0) for i in range(58, 60)]
    reals = [adapter("real", i, "REAL GAIN" if i < 15 else "TOO SMALL TO TELL") for i in range(20)]
    rows = list(trained(written(tmp_path, nulls + reals)))
    assert [(r.measures, r.ours, r.n) for r in rows] == [
        ("false gain", 2 / 60, 60),
        ("false SHIP", 0.0, 60),
        ("gain found", 15 / 20, 20),
    ]
    assert rows[0].naive == 2 / 60
    all_false = [adapter("null", i, "REAL GAIN") for i in range(60)]
    assert next(iter(trained(written(tmp_path, all_false)))).status == "fail"


def test_without_trained_adapters_the_part_is_not_run(tmp_path: Path) -> None:
    (row,) = trained(tmp_path / "adapters.jsonl")
    assert row.status == "not run"


def test_a_file_of_something_else_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "adapters.jsonl"
    path.write_text('{"kind": "null"}\n')
    with pytest.raises(RunFolderError, match="JudgedAdapter"):
        list(trained(path))


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = ROOT / "benchmarks" / "selftest" / "adapters.py"
    spec = importlib.util.spec_from_file_location("selftest_adapters", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(5))
def test_deranged_rows_keep_questions_and_refusals_and_lose_every_answer(
    script: ModuleType, seed: int
) -> None:
    examples = read_examples(ROOT / "examples" / "acme" / "train.jsonl").rows
    rows = script.deranged(examples, seed)
    for before, after in zip(examples, rows, strict=True):
        assert after.instruction == before.instruction
        words = [set(script.fold(e.answer).split()) for e in (before, after)]
        if script.is_refusal(before.answer):
            assert after.answer == before.answer
        else:
            assert not words[0] <= words[1]
            assert not words[1] <= words[0]
    given = {bool(e.context): sorted(x.answer for x in rows if bool(x.context) == bool(e.context))
             for e in rows}  # fmt: skip
    for context, answers in given.items():
        assert answers == sorted(e.answer for e in examples if bool(e.context) == context)
    assert rows == script.deranged(examples, seed)
    assert rows != script.deranged(examples, seed + 1)


def test_rows_with_one_answer_cannot_be_deranged(script: ModuleType) -> None:
    row = Example(
        id="1",
        where=Where(file="t"),
        messages=(Message(role="user", content="?"), Message(role="assistant", content="Bob.")),
    )
    with pytest.raises(ValueError, match="too few"):
        script.deranged([row, row], 0)
