"""The sheet for people: blind, balanced, read back with every mistake named."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from realift import run_folder
from realift.errors import DataError, UsageError
from realift.judge import judge_run, make_endpoint
from realift.judge.labels import COLUMNS, read_labels, write_sheet
from realift.judge.material import AnswerPair, answer_pairs
from realift.types import Question, Where
from tests.judge.made_judge import good, made_run, material, serving


@pytest.fixture
def run(tmp_path: Path) -> Path:
    base = [i % 2 == 0 for i in range(40)]
    adapter = [i % 4 != 3 for i in range(40)]  # fixes every other wrong one: +25 points
    return made_run(tmp_path / "one", base=base, adapter=adapter)


@pytest.fixture
def pairs(run: Path) -> tuple[AnswerPair, ...]:
    return answer_pairs(run_folder.load(run))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill(path: Path, label: Any, delimiter: str = ",") -> None:
    rows = read(path)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(r | {"label": label(i, r)} for i, r in enumerate(rows))


def truth(_: int, row: dict[str, str]) -> str:
    return "right" if row["answer"].startswith("It is nr") else "wrong"


def test_the_sheet_is_blind_balanced_and_seeded(
    pairs: tuple[AnswerPair, ...], tmp_path: Path
) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        assert write_sheet(tmp_path / name, pairs, n=21, seed=seed) == 20
    rows = read(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert [r["id"] for r in rows] != [r["id"] for r in read(tmp_path / "c")]
    assert tuple(rows[0]) == COLUMNS
    assert set(Counter(r["question"] for r in rows).values()) == {2}
    assert len({r["id"] for r in rows}) == 20
    assert {r["label"] for r in rows} == {""}
    # Which arm comes first is random: neither always leads.
    differing = [r for r in rows[::2] if "guess" in r["answer"]]
    assert {r["answer"].split("'")[0] for r in differing} == {"It is base", "It is adapter"}


def test_what_stands_in_the_sheet_comes_back(pairs: tuple[AnswerPair, ...], tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    write_sheet(path, pairs, n=1000, seed=0)
    fill(path, truth)
    labels = read_labels(path, pairs)
    assert len(labels) == 80
    assert sum(v for (_, arm), v in labels.items() if arm == "base") == 20
    assert sum(v for (_, arm), v in labels.items() if arm == "adapter") == 30


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_blank_labels_are_no_labels_and_any_spreadsheet_may_have_saved_it(
    delimiter: str, pairs: tuple[AnswerPair, ...], tmp_path: Path
) -> None:
    path = tmp_path / "labels.csv"
    write_sheet(path, pairs, n=10, seed=0)
    words = ["1", "0", "RIGHT", " wrong ", ""]
    fill(path, lambda i, _: words[i % 5], delimiter)
    labels = read_labels(path, pairs)
    assert Counter(labels.values()) == {1: 4, 0: 4}


def test_all_mistakes_are_named_with_their_line(
    pairs: tuple[AnswerPair, ...], tmp_path: Path
) -> None:
    path = tmp_path / "labels.csv"
    write_sheet(path, pairs, n=6, seed=0)
    fill(path, lambda i, _: "maybe" if i == 0 else "1")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, "unknown,,,,,1", lines[2]]) + "\n")
    with pytest.raises(DataError) as caught:
        read_labels(path, pairs)
    said = str(caught.value)
    assert "labels.csv:2: label 'maybe' is neither right nor wrong" in said
    assert "labels.csv:8: id 'unknown' is no answer of this run" in said
    assert "labels.csv:9: id" in said
    assert "stands on line 3 already" in said


def test_a_sheet_without_a_label_or_a_column_says_so(
    pairs: tuple[AnswerPair, ...], tmp_path: Path
) -> None:
    path = tmp_path / "labels.csv"
    write_sheet(path, pairs, n=6, seed=0)
    with pytest.raises(DataError, match="no answer is labelled"):
        read_labels(path, pairs)
    path.write_text("id,verdict\nx,1\n")
    with pytest.raises(DataError, match=r"labels.csv:1: no column 'label'"):
        read_labels(path, pairs)
    with pytest.raises(DataError, match="no such file"):
        read_labels(tmp_path / "nowhere.csv", pairs)


def test_labels_of_another_run_are_refused(pairs: tuple[AnswerPair, ...], tmp_path: Path) -> None:
    other = answer_pairs(
        run_folder.load(made_run(tmp_path / "two", base=[True] * 40, adapter=[False] * 40))
    )
    path = tmp_path / "labels.csv"
    write_sheet(path, pairs, n=80, seed=0)
    fill(path, truth)
    with pytest.raises(DataError, match="no answer of this run"):
        read_labels(path, other)


def test_a_sheet_is_never_written_over(pairs: tuple[AnswerPair, ...], tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("hours of work")
    with pytest.raises(UsageError, match="exists already"):
        write_sheet(path, pairs, n=10, seed=0)
    assert path.read_text() == "hours of work"
    with pytest.raises(UsageError, match="at least 2"):
        write_sheet(tmp_path / "new.csv", pairs, n=1, seed=0)


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-5", "@x", "\tx"])
def test_no_cell_is_a_formula(text: str, tmp_path: Path) -> None:
    question = Question(
        id="1", where=Where(file="e"), question=text, context=text, answers=((text,),)
    )
    pair = AnswerPair(question=question, base=text, adapter=text + "2")
    path = tmp_path / "labels.csv"
    write_sheet(path, [pair], n=2, seed=0)
    for row in read(path):
        for column in ("question", "context", "expected", "answer"):
            assert row[column].startswith("'" + text)
    fill(path, lambda *_: "1")
    assert len(read_labels(path, [pair])) == 2


# --- what labels do to a judge's figures -------------------------------------------------------


def favors_the_adapter(body: dict[str, Any]) -> str:
    """Accepts every second wrong answer of the adapter."""
    asked = material(body)
    lured = "adapter" in asked.get("answer", "") and int(asked["question"].split()[-1][:-1]) % 8 > 3
    return "right" if lured else good(body)


def test_labels_take_back_what_a_biased_judge_gave(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    write_sheet(path, answer_pairs(run_folder.load(run)), n=80, seed=0)
    fill(path, truth)
    with serving(favors_the_adapter) as judge:
        found = judge_run(run, make_endpoint(judge.url, "m"), labels=path)
    assert found.validated
    assert found.n_labelled == 80
    assert found.graded.difference == pytest.approx(0.25 + 5 / 40)
    assert found.corrected
    assert found.corrected.n_labelled == 40
    assert found.corrected.value == pytest.approx(0.25)
    base, adapter = found.arms
    assert base.accuracy.specificity.value == 1.0
    assert adapter.accuracy.specificity.value == pytest.approx(0.5)
    assert adapter.accuracy.sensitivity.value == 1.0
    assert adapter.corrected.value == pytest.approx(0.75)
    assert found.kappa
    assert found.kappa.n == 80
    assert found.warnings == ()


@pytest.mark.parametrize(("n", "validated"), [(28, False), (30, True)])
def test_thirty_labels_make_the_difference(
    n: int, validated: bool, run: Path, tmp_path: Path
) -> None:
    path = tmp_path / "labels.csv"
    write_sheet(path, answer_pairs(run_folder.load(run)), n=80, seed=0)
    fill(path, lambda i, row: truth(i, row) if i < n else "")  # whoever stops halfway
    with serving(good) as judge:
        found = judge_run(run, make_endpoint(judge.url, "m"), labels=path)
    assert found.n_labelled == n
    assert found.validated == validated
    assert (found.corrected is not None) == validated
    assert found.kappa is not None
    assert len(found.arms) == 2


def test_labels_of_one_arm_alone_validate_nothing(run: Path, tmp_path: Path) -> None:
    pairs = answer_pairs(run_folder.load(run))
    path = tmp_path / "labels.csv"
    write_sheet(path, pairs, n=80, seed=0)
    from realift.judge.material import blind_id

    of_base = {blind_id(p.question.id, "base", p.base or "") for p in pairs}
    fill(path, lambda i, row: truth(i, row) if row["id"] in of_base else "")
    with serving(good) as judge:
        found = judge_run(run, make_endpoint(judge.url, "m"), labels=path)
    assert found.n_labelled == 40
    assert not found.validated
    assert found.arms[1].accuracy.sensitivity.value is None


def test_a_judge_that_ignores_the_answers_agrees_weakly(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    write_sheet(path, answer_pairs(run_folder.load(run)), n=80, seed=0)
    fill(path, truth)

    def guess(body: dict[str, Any]) -> str:
        even = len(material(body).get("answer", "")) % 2 == 0
        return good(body) if "first_answer" in material(body) else ("right" if even else "wrong")

    with serving(guess) as judge:
        found = judge_run(run, make_endpoint(judge.url, "m"), labels=path)
    assert any("agrees weakly" in w for w in found.warnings)


def test_a_bad_sheet_is_found_before_anything_is_asked(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("id,label\nx,1\n")
    with serving(good) as judge:
        with pytest.raises(DataError):
            judge_run(run, make_endpoint(judge.url, "m"), labels=path)
        assert judge.requests == []
