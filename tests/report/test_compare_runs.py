from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest

from realift import cli, run_folder
from realift.report.compare_runs import compare_runs
from realift.report.comparison import render_comparison
from realift.types import Question, RunResult
from tests.report import made_run as made


def saved(result: RunResult, folder: Path, config: str) -> RunResult:
    made.save(result, folder)
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    return run_folder.load(folder)


@pytest.fixture
def a(tmp_path: Path) -> RunResult:
    return saved(made.make_result(), tmp_path / "a", "epochs: 4\nname: a\nlora_r: 8\n")


def answered(result: RunResult, question_id: str, text: str, value: float) -> RunResult:
    """The run, had the adapter said ``text`` to one question."""
    this = (question_id, "adapter", "")
    return dataclasses.replace(
        result,
        completions=tuple(
            dataclasses.replace(c, text=text) if (c.question_id, c.arm, c.probe) == this else c
            for c in result.completions
        ),
        scores=tuple(
            dataclasses.replace(s, value=value) if (s.question_id, s.arm, s.probe) == this else s
            for s in result.scores
        ),
    )


def test_a_run_does_not_differ_from_itself(a: RunResult) -> None:
    found = compare_runs(a, a)
    assert found.same
    assert found.notes == ()
    assert found.n_shared == 82
    assert found.n_answers == 3 * 82  # three arms
    between = found.dimensions[0].between
    assert between is not None
    assert between.difference == 0


def test_settings_data_and_answers_that_changed_are_found(a: RunResult, tmp_path: Path) -> None:
    other = answered(a, "q1", "It is 12 euros.", 0.0)
    other = answered(other, "q26", "It is Frankfurt [1].", 1.0)
    other = answered(other, "q7", "Frankfurt it is.", 1.0)
    other = dataclasses.replace(other, manifest=a.manifest | {"eval_hash": "sha256:new"})
    b = saved(other, tmp_path / "b", "epochs: 8\nname: b\nlora_r: 8\n")
    found = compare_runs(a, b)
    assert [(c.name, c.a, c.b) for c in found.config] == [("epochs", "4", "8")]
    assert [(c.name, c.a, c.b) for c in found.data] == [("eval_hash", None, "sha256:new")]
    assert not found.same
    kinds = [(c.question.id, c.kind) for c in found.answers]
    assert kinds == [("q1", "broken"), ("q26", "fixed"), ("q7", "changed")]
    assert found.answers[0].b == "It is 12 euros."
    between = found.dimensions[0].between
    assert between is not None
    assert (between.n_fixed, between.n_broken, between.n_scored) == (1, 1, 58)


def test_questions_are_the_same_by_what_is_asked_not_by_id(a: RunResult, tmp_path: Path) -> None:
    """A row put in front moves every numbered id by one."""

    def moved(question_id: str) -> str:
        return f"q{int(question_id[1:]) + 1}"

    new = dataclasses.replace(made.question(1), id="q1", question="A new one?")
    b = dataclasses.replace(
        a,
        questions=(new, *(dataclasses.replace(q, id=moved(q.id)) for q in a.questions)),
        completions=tuple(
            dataclasses.replace(c, question_id=moved(c.question_id)) for c in a.completions
        ),
        scores=tuple(dataclasses.replace(s, question_id=moved(s.question_id)) for s in a.scores),
    )
    found = compare_runs(a, b)
    assert found.answers == ()
    assert (found.n_shared, found.only_a, found.only_b) == (82, (), ("q1",))
    assert "1 only in" in found.notes[0]
    assert found.dimensions[0].between is not None


def test_a_changed_right_answer_makes_another_question(a: RunResult) -> None:
    def edited(q: Question) -> Question:
        return dataclasses.replace(q, answers=(("50 euros",),)) if q.id == "q1" else q

    found = compare_runs(a, dataclasses.replace(a, questions=tuple(map(edited, a.questions))))
    assert (found.only_a, found.only_b) == (("q1",), ("q1",))


def test_a_question_asked_twice_has_one_partner_each(a: RunResult) -> None:
    twice = dataclasses.replace(a, questions=(*a.questions, a.questions[0]))
    found = compare_runs(a, twice)
    assert (found.n_shared, found.only_b) == (82, ("q1",))


def test_stopped_runs_compare_to_nothing_and_say_so() -> None:
    found = compare_runs(made.stopped("failed"), made.stopped("interrupted"))
    assert found.dimensions == found.answers == ()
    assert len(found.notes) == 2
    assert "no verdict (failed)" in found.notes[0]
    assert [(c.a, c.b) for c in found.verdict] == [("none (failed)", "none (interrupted)")]


# --- the page ----------------------------------------------------------------------------------


def test_the_page_shows_figures_facts_and_answers_as_text(a: RunResult, tmp_path: Path) -> None:
    other = answered(answered(a, "q1", made.SCRIPT, 0.0), "q7", "Frankfurt it is.", 1.0)
    other = dataclasses.replace(other, name=made.IMAGE)
    b = saved(other, tmp_path / "b", "epochs: 8\n")
    b = dataclasses.replace(b, name=made.IMAGE)
    text = render_comparison([a, b, dataclasses.replace(made.stopped("failed"), name="c")])
    for fact in (
        "82 questions in both; 2 of 246 answers differ.",
        "Broken: 1 question (right in the first run",
        "Changed: 1 question",
        "REAL GAIN",
        "c has no verdict (failed)",
        "epochs",
        "&lt;/script&gt;",
        "&lt;img src=x",
        "it is one look among others",
    ):
        assert fact in text, fact
    assert "<img" not in text
    assert "<script" not in text


def test_one_run_is_no_comparison(a: RunResult) -> None:
    with pytest.raises(ValueError, match="two runs"):
        render_comparison([a])


def test_endless_answers_leave_the_page_small(a: RunResult) -> None:
    long = tuple(dataclasses.replace(c, text="x" * 50_000) for c in a.completions)
    page = render_comparison([a, dataclasses.replace(a, completions=long)])
    assert len(page.encode()) < 2_000_000
    assert "the whole stands in answers.jsonl" in page


def test_the_command_compares_each_run_with_the_first(
    a: RunResult,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def main(args: list[str]) -> object:
        monkeypatch.setattr(sys, "argv", ["realift", *args])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code

    b = saved(answered(a, "q1", "It is 12 euros.", 0.0), tmp_path / "b", "epochs: 8\n")
    assert main(["report", a.folder, b.folder]) == 0
    said = capsys.readouterr().out
    assert "epochs" in said
    assert "comparison.html" in said
    page = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    assert "b against a" in page
    assert (tmp_path / "b" / "report.html").is_file()
    out = tmp_path / "elsewhere.html"
    assert main(["report", a.folder, b.folder, "--out", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [run["name"] for run in found["runs"]] == ["a", "b"]
    assert found["diffs"][0]["answers"][0]["b"] == "It is 12 euros."
    assert out.is_file()
    assert main(["report", a.folder, "--out", str(out)]) == 2
