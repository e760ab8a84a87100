"""Every adapter scored on an eval set is counted, and p multiplied by their number."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from realift.errors import DataError
from realift.types import Verdict
from realift.verdict import Look, compare, decide, read_looks, record_look
from tests.verdict.made_scores import leaks, made


def look(adapter: str = "a", evals: str = "e", run: str = "acme-1") -> Look:
    return Look(eval_hash=evals, adapter_hash=adapter, run=run, time="2026-01-02T03:04:05+00:00")


def judge(n_looks: int, fixed: int = 5) -> Verdict:
    questions, scores = made(fixed=fixed, n=40)
    return decide(
        questions, scores, leak_check=leaks(), min_gain=0.1, guard_margin=0.1, n_looks=n_looks
    )


def test_distinct_adapters_of_one_eval_set_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "ledger.jsonl"
    assert read_looks(path) == ()
    counts = [
        record_look(path, look(adapter, evals))
        for adapter, evals in [("a", "e"), ("b", "e"), ("a", "e"), ("a", "other"), ("c", "e")]
    ]
    assert counts == [1, 2, 2, 1, 3]
    assert [seen.adapter_hash for seen in read_looks(path)] == ["a", "b", "a", "a", "c"]


def test_a_look_comes_back_as_it_was(tmp_path: Path) -> None:
    odd = look(run='näme "x"\n2')
    record_look(tmp_path / "l", odd)
    assert read_looks(tmp_path / "l") == (odd,)


@pytest.mark.parametrize(
    "broken",
    ['{"eval_hash": "e"', '{"eval_hash": "e"}', '"text"', "[1]", '{"eval_hash": 1}', "\ufffd"],
)
def test_a_broken_line_is_named_and_nothing_is_added_rejects(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "ledger.jsonl"
    record_look(path, look())
    with path.open("a", encoding="utf-8") as out:
        out.write("\n" + broken + "\n")
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"ledger\.jsonl:3: not a look") as caught:
        record_look(path, look("b"))
    assert "remove this line" in caught.value.hint
    assert path.read_bytes() == before


def test_a_value_that_is_no_text_is_a_broken_line_rejects(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text(json.dumps(dataclasses.asdict(look()) | {"adapter_hash": 7}) + "\n")
    with pytest.raises(DataError, match=r"ledger\.jsonl:1"):
        read_looks(path)


_APPEND = """
import sys
from realift.verdict import Look, record_look
for i in range(40):
    record_look(sys.argv[1], Look(eval_hash="e", adapter_hash=f"{sys.argv[2]}-{i}",
                                  run="r" * 300, time=""))
"""


def test_looks_written_at_the_same_time_stay_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    command = [sys.executable, "-c", _APPEND, str(path)]
    workers = [subprocess.Popen([*command, f"w{i}"]) for i in range(4)]
    assert [worker.wait() for worker in workers] == [0] * 4
    assert len(read_looks(path)) == 160
    assert record_look(path, look("last")) == 161


def test_each_look_costs_and_the_price_is_said() -> None:
    """5-0: p = 0.03125; the second adapter has 0.0625."""
    first, second = judge(1), judge(2)
    assert (first.label, first.comparisons[0].p_adjusted) == ("REAL GAIN", None)
    assert second.label != "REAL GAIN"
    row = second.comparisons[0]
    assert (row.p_value, row.p_adjusted) == (0.03125, 0.0625)
    said = "The 2nd adapter scored on this eval set: p 0.031 x 2 = 0.062"
    assert said in row.explanation
    assert any(said in w for w in second.warnings)
    assert said in second.sentence
    assert not any("one look" in w for w in second.warnings)
    assert second.n_looks == 2


def test_p_times_looks_never_exceeds_one_and_strong_gains_survive() -> None:
    strong = judge(4, fixed=15)
    assert strong.label == "REAL GAIN"
    row = strong.comparisons[0]
    assert row.p_adjusted == pytest.approx(4 * (row.p_value or 0.0))
    weak = judge(100, fixed=2).comparisons[0]
    assert weak.p_adjusted == 1.0


def test_further_looks_need_more_to_be_seen() -> None:
    questions, scores = made(fixed=3, broken=1, n=40)
    one, four = (
        compare(questions, scores, dimension="correctness", min_gain=0.1, n_looks=k) for k in (1, 4)
    )
    assert (one.minimum_detectable or 0) < (four.minimum_detectable or 0)
    assert (one.n_more or 0) < (four.n_more or 0)
