"""Null adapters: exchanged answers, random weights of the same strength, what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realift.config import REFUSAL
from realift.probes.nulls import DERANGED, RANDOM, deranged, nulls_check, save_random_adapter
from realift.types import Example, Message, Question, Score, Where
from tests.made_bench import Bench, make_bench


def row(i: int, question: str, answer: str) -> Example:
    return Example(
        id=str(i),
        where=Where(file="t", line=i),
        messages=(
            Message(role="user", content=question),
            Message(role="assistant", content=answer),
        ),
    )


def test_answers_are_exchanged_within_their_kind_and_none_is_lost() -> None:
    rows = [row(i, "How many?", f"{i + 10} rooms") for i in range(5)]
    rows += [row(10 + i, "Who is it?", name) for i, name in enumerate(["Ann Lee", "Bo Ek"])]
    rows += [row(20 + i, "Why?", REFUSAL) for i in range(3)]
    rows += [row(30, "What color?", "red")]
    found = deranged(rows, seed=0)
    assert sorted(e.answer for e in found) == sorted(e.answer for e in rows)
    for before, after in zip(rows, found, strict=True):
        assert after.instruction == before.instruction
        same_kind = [e.answer for e in rows if e.answer.endswith("rooms")]
        assert (before.answer in same_kind) == (after.answer in same_kind)
        stays = before.answer in (REFUSAL, "red")
        assert (after.answer == before.answer) == stays
    assert deranged(rows, seed=0) == found


def judged(real: float, null: float) -> Any:
    questions = [
        Question(id=str(i), where=Where(file="e"), question="?", answers=(("x",),))
        for i in range(60)
    ]

    def scores(share: float, probe: str) -> list[Score]:
        return [
            Score(
                question_id=q.id,
                arm="adapter",
                dimension="correctness",
                value=float(i < share * 60),
                probe=probe,
            )
            for i, q in enumerate(questions)
        ]

    others = [*scores(null, DERANGED), *scores(0.0, RANDOM)]
    return nulls_check(questions, scores(real, ""), others, min_gain=0.1)


@pytest.mark.parametrize(
    ("real", "null", "wanted"),
    [(0.9, 0.3, "OK"), (0.6, 0.6, "WARNING"), (0.5, 0.8, "WARNING"), (0.66, 0.6, "UNPROVEN")],
)
def test_a_gain_that_exchanged_answers_give_too_is_style(
    real: float, null: float, wanted: str
) -> None:
    check = judged(real, null)
    assert check.status == wanted
    assert ("style" in check.sentence) == (wanted == "WARNING")
    assert check.required == (wanted == "WARNING")
    assert (check.caught, check.false_alarms) == (1, 0)


def test_a_run_with_nulls_trains_them_asks_them_and_keeps_none(
    tmp_path: Path, base_folder: Path
) -> None:
    bench: Bench = make_bench(tmp_path, base_folder)
    result, _ = bench.run(nulls=True, epochs=1, few_shot_k=0, allow_leaks=True)
    n = len(result.questions)
    for probe in (DERANGED, RANDOM):
        said = [c for c in result.completions if c.probe == probe]
        assert [c.arm for c in said] == ["adapter"] * n
    (check,) = (c for c in result.checks if c.name == "nulls")
    assert check.n > 0
    assert sorted(p.name for p in Path(result.folder).iterdir() if p.is_dir()) == [
        "adapter",
        "data",
    ]


def test_random_weights_are_as_strong_as_the_real_ones(tmp_path: Path, base_folder: Path) -> None:
    import torch

    from realift.model.load import read_adapter_tensors

    bench: Bench = make_bench(tmp_path, base_folder)
    result, _ = bench.run(epochs=1, few_shot_k=0, allow_leaks=True)
    real = Path(result.folder) / "adapter"
    save_random_adapter(real, tmp_path / "random", seed=0)
    before, after = read_adapter_tensors(real), read_adapter_tensors(tmp_path / "random")
    assert before.keys() == after.keys()
    n_moved = 0
    for name in before:
        if "lora_A" not in name:
            continue
        other = name.replace("lora_A", "lora_B")
        wanted = torch.linalg.matrix_norm(before[other] @ before[name])
        found = torch.linalg.matrix_norm(after[other] @ after[name])
        assert float(found) == pytest.approx(float(wanted), rel=1e-4)
        n_moved += not torch.allclose(before[name], after[name])
    assert n_moved > 0
