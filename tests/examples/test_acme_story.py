"""The example's two recipes, run for real on the embedded base: one keeps its refusals."""

from __future__ import annotations

from pathlib import Path

from realift import pipeline
from realift.config import resolve
from realift.types import Guard, RunResult, Verdict

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "acme"


def run(recipe: str, tmp_path: Path) -> tuple[RunResult, Verdict]:
    flags = {"runs_dir": str(tmp_path / "runs"), "few_shot_k": 0}
    result = pipeline.run(resolve(file=EXAMPLE / recipe, flags=flags))
    assert result.verdict is not None
    return result, result.verdict


def status(result: RunResult, check: str) -> str:
    return next(c.status for c in result.checks if c.name == check)


def refused(verdict: Verdict) -> tuple[Guard, float]:
    guard = next(g for g in verdict.guards if g.name == "refusal when context is missing")
    assert guard.comparison is not None
    assert guard.comparison.adapter.value is not None
    return guard, guard.comparison.adapter.value


def test_the_naive_recipe_gains_and_is_caught_and_the_good_one_keeps_refusing(
    tmp_path: Path,
) -> None:
    """Rounding differs between machines, so what is asked leaves room for a few questions."""
    kept, good = run("realift.yaml", tmp_path)
    lost, naive = run("naive.yaml", tmp_path)
    for check in ("other_context", "cut_sentence", "invented"):
        assert status(lost, check) == "REGRESSION"
    assert status(kept, "other_context") in ("OK", "UNPROVEN")
    for verdict in (good, naive):
        assert verdict.comparisons[0].difference is not None
        assert verdict.comparisons[0].difference >= 0.10
        assert verdict.label in ("REAL GAIN", "TOO SMALL TO TELL")
    guard, rate = refused(naive)
    assert guard.status == "REGRESSION"
    assert naive.recommendation == "DON'T SHIP"
    assert rate < 0.4
    assert refused(good)[1] > 0.6
