"""Grounding scored again by a model that reads: paired, tested first, without a say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from realift import run_folder
from realift.errors import RunFolderError
from realift.judge.grounding import ground_run
from realift.judge.records import GroundingResult
from tests.judge.made_judge import made_run

BASE = [i < 8 for i in range(24)]
ADAPTER = [i < 16 and i != 1 for i in range(24)]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return made_run(tmp_path / "one", base=BASE, adapter=ADAPTER)


def reads(premise: str, claim: str) -> float:
    """Supported if everything that looks like a name stands in the premise."""
    return float(all(word.strip(".?") in premise for word in claim.split() if "nr" in word))


def test_a_model_that_reads_well_sees_what_the_words_say(run: Path) -> None:
    seen = []

    def supports(premise: str, claim: str) -> float:
        seen.append(claim)
        return reads(premise, claim)

    found = ground_run(run, "reader", supports)
    assert found.words.difference == pytest.approx(7 / 24)
    assert (found.usable, found.n_tested, found.n_strange) == (True, 24, 24)
    assert (found.n_misjudged, found.n_fooled, found.warnings) == (0, 0, ())
    # The model lets "It is base's guess." pass, as no name is in it: words do not.
    assert found.n_compared == 48
    assert found.n_differ == sum(not f for f in BASE + ADAPTER)
    assert found.judged.difference == 0
    assert any("nr3x" in claim for claim in seen)
    assert "NLI reader" in found.signature


@pytest.mark.parametrize("answer", [0.0, 0.49])
def test_a_model_that_never_supports_fails_the_self_test(answer: float, run: Path) -> None:
    found = ground_run(run, "never", lambda *_: answer)
    assert found.usable is False
    assert found.n_misjudged == found.n_tested == 24
    assert "do not count" in found.warnings[0]
    assert found.judged.adapter.value == 0


def test_a_model_that_supports_everything_is_found_out(run: Path) -> None:
    found = ground_run(run, "always", lambda *_: 1.0)
    assert found.n_fooled == found.n_strange == 24
    assert not found.usable
    assert "context of another question" in found.warnings[0]


def test_questions_over_one_context_cannot_test_a_model(run: Path) -> None:
    path = run / "data" / "questions.jsonl"
    rows = [
        json.loads(line) | {"context": "The same for all."}
        for line in path.read_text().splitlines()
    ]
    for row in rows:
        row["answers"] = [["all"]] if row["answerable"] else []
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    found = ground_run(run, "reader", reads)
    assert found.n_strange == 0
    assert not found.usable
    assert "could not be tested" in found.warnings[0]


def test_the_result_is_written_and_the_verdict_is_not_touched(run: Path) -> None:
    before = {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()}
    found = ground_run(run, "reader", reads)
    after = {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()}
    assert after.keys() - before.keys() == {"judge_grounding.json"}
    assert all(after[name] == text for name, text in before.items())
    plain = run_folder.read_json(run / "judge_grounding.json")
    assert run_folder.from_plain(GroundingResult, plain) == found


def test_a_run_without_a_context_has_no_grounding(run: Path) -> None:
    (run / "answers.jsonl").unlink()
    with pytest.raises(RunFolderError, match="no grounding to score"):
        ground_run(run, "reader", reads)


def test_the_runs_own_refusal_phrases_count(run: Path) -> None:
    """An answer that the run calls a refusal is not grounded, whatever a model says of it."""
    path = run / "answers.jsonl"
    path.write_text(path.read_text().replace("It is base's guess.", "The rest is silence."))
    (run / "config.yaml").write_text("refusal_phrases: ['The rest is silence.']\n")
    with_phrase = ground_run(run, "yes", lambda *_: 1.0)
    (run / "config.yaml").write_text("seed: 0\n")
    without = ground_run(run, "yes", lambda *_: 1.0)
    assert with_phrase.judged.base.value == pytest.approx(8 / 24)
    assert (without.judged.base.value or 0) > 8 / 24
