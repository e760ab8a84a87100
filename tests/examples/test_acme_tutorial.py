"""The tutorial's story, run for real: caught, advised, augmented, better."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

import realift
from realift.types import RunResult
from realift.verdict.checks import spec

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "acme"


def refused(result: RunResult) -> int:
    """Of the 108 questions that must be refused."""
    assert result.verdict is not None
    guard = next(
        g for g in result.verdict.guards if g.name == "refusal when context is missing"
    ).comparison
    assert guard is not None
    return round((guard.adapter.value or 0) * guard.n_scored)


@pytest.mark.slow
def test_the_naive_recipe_is_caught_and_the_advice_mends_what_was_lost(tmp_path: Path) -> None:
    """Rounding differs between machines, so what is asked leaves room for many questions."""
    options = {"runs_dir": str(tmp_path / "runs"), "few_shot_k": 0}
    naive = realift.run(EXAMPLE / "naive.yaml", **options)
    assert naive.verdict is not None
    assert naive.verdict.recommendation == "DON'T SHIP"
    caught = {c.name for c in naive.checks if c.status == "REGRESSION"}
    assert {"other_context", "context_removed"} & caught
    assert spec("other_context").title in naive.advice[0].why
    assert naive.advice[0].code == "add-refusals"
    words = shlex.split(naive.advice[0].command.splitlines()[0])
    assert words[:2] == ["realift", "augment"]
    n = int(words[words.index("--refusals") + 1])

    more = tmp_path / "naive-more.jsonl"
    realift.augment(EXAMPLE / "naive.jsonl", out=more, eval=EXAMPLE / "eval.jsonl", refusals=n)
    mended = realift.run(EXAMPLE / "naive.yaml", train=str(more), **options)
    assert mended.verdict is not None
    assert refused(mended) >= refused(naive) + 30
    other = next(c for c in mended.checks if c.name == "other_context")
    assert other.status in ("OK", "UNPROVEN")
