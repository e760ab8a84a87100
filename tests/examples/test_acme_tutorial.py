"""The tutorial's story, run for real: caught, advised, augmented, better."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import realift
from realift.cli import app
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


def test_the_tutorial_shows_what_augment_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "examples" / "acme"
    place.mkdir(parents=True)
    for name in ("naive.jsonl", "eval.jsonl"):
        (place / name).write_bytes((EXAMPLE / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    page = (EXAMPLE.parents[1] / "docs" / "tutorial.md").read_text(encoding="utf-8")
    command, printed = page.split("$ realift augment ")[1].split("```")[0:3:2]
    done = CliRunner().invoke(app, ["augment", *shlex.split(command.replace("\\\n", " "))])
    assert done.exit_code == 0
    assert _words(done.stdout) == _words(printed)


def _words(text: str) -> list[str]:
    return text.replace("─", "").split()
