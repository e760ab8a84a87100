"""The example's two recipes, run for real on the embedded base: one keeps its refusals."""

from __future__ import annotations

from pathlib import Path

from realift import pipeline
from realift.config import resolve
from realift.types import Guard, Verdict

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "acme"


def judge(recipe: str, tmp_path: Path) -> Verdict:
    flags = {"runs_dir": str(tmp_path / "runs"), "few_shot_k": 0}
    verdict = pipeline.run(resolve(file=EXAMPLE / recipe, flags=flags)).verdict
    assert verdict is not None
    return verdict


def refused(verdict: Verdict) -> tuple[Guard, float]:
    guard = next(g for g in verdict.guards if g.name == "refusal when context is missing")
    assert guard.comparison is not None
    assert guard.comparison.adapter.value is not None
    return guard, guard.comparison.adapter.value


def test_the_naive_recipe_gains_and_is_caught_and_the_good_one_keeps_refusing(
    tmp_path: Path,
) -> None:
    """Rounding differs between machines, so what is asked leaves room for a few questions."""
    good, naive = judge("realift.yaml", tmp_path), judge("naive.yaml", tmp_path)
    for verdict in (good, naive):
        assert verdict.comparisons[0].difference is not None
        assert verdict.comparisons[0].difference >= 0.10
        assert verdict.label in ("REAL GAIN", "TOO SMALL TO TELL")
    guard, rate = refused(naive)
    assert guard.status == "REGRESSION"
    assert naive.recommendation == "DON'T SHIP"
    assert rate < 0.4
    assert refused(good)[1] > 0.6
