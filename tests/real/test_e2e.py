"""A real model and real data: stories260K, 100 restaurant descriptions, the whole job."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

import pytest

from realift import pipeline
from realift.config import resolve
from tests.conftest import REAL

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not REAL.is_dir(), reason="the real model and data are not here"),
]

INSTRUCTION = "Describe the restaurant."


def meanings(name: str) -> dict[str, list[str]]:
    """Meaning representation -> its reference texts, in file order."""
    found: dict[str, list[str]] = {}
    with (REAL / "e2e_nlg" / name).open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["mr"], []).append(row["ref"])
    return found


def slots(meaning: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+)\[([^\]]*)\]", meaning))


def write_task(folder: Path) -> tuple[Path, Path]:
    rng = random.Random(0)
    dev, test = meanings("devset.csv"), meanings("testset_w_refs.csv")
    rows = [
        {"instruction": INSTRUCTION, "input": mr, "output": rng.choice(refs)}
        for mr, refs in rng.sample(sorted(dev.items()), 100)
    ]
    unseen = sorted(mr for mr in test if mr not in dev)
    questions = [
        {
            "question": INSTRUCTION,
            "context": mr,
            # Every one of these values has to stand in the description.
            "answers": [[v] for k, v in slots(mr).items() if k in ("name", "food", "near")],
        }
        for mr in rng.sample(unseen, 60)
    ]
    train, ask = folder / "e2e_train.jsonl", folder / "e2e_eval.jsonl"
    train.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    ask.write_text("".join(json.dumps(q) + "\n" for q in questions), encoding="utf-8")
    return train, ask


def test_a_real_model_on_real_rows_gets_an_honest_verdict(tmp_path: Path) -> None:
    train, ask = write_task(tmp_path)
    config = resolve(
        flags={
            "base": str(REAL / "stories260K"),
            "train": str(train),
            "eval": str(ask),
            "system_prompt": "",
            "runs_dir": str(tmp_path / "runs"),
            "max_new_tokens": 80,
            "few_shot_k": 1,
        }
    )
    result = pipeline.run(config)
    assert result.verdict is not None
    assert result.training is not None
    assert result.training.base_valid_loss is not None
    assert result.training.kept_valid_loss is not None
    # It learns what such texts look like: the held-out loss falls by a good part of a nat.
    assert result.training.kept_valid_loss < result.training.base_valid_loss - 0.5
    primary = result.verdict.comparisons[0]
    assert primary.dimension == "correctness"
    assert primary.n_scored == 60
    assert primary.base.value is not None
    assert primary.base.value <= 0.05  # a story model says nothing of restaurants
    # No question here is unanswerable, so nothing can be said about refusals, and nothing is.
    assert result.verdict.recommendation != "SHIP"
    refusal = next(g for g in result.verdict.guards if "missing" in g.name)
    assert refusal.status == "NOT CHECKED"
