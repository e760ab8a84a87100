"""Rows from everywhere: Parquet, folders, hub datasets, columns with other names."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realift import sources
from realift.config import column_names, names_dataset, resolve, to_yaml
from realift.data.columns import renamed
from realift.data.raw import RawRow, RawRows
from realift.data.read import read_examples, read_questions
from realift.errors import UsageError
from realift.inputs import read_data
from realift.manifest import data_facts
from realift.types import Where

ROWS = [{"frage": f"Wer wohnt in Haus {n}?", "antwort": f"Familie {n}", "nr": n} for n in range(8)]
COLUMNS = {"instruction": "frage", "output": "antwort"}


def write(path: Path, rows: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def parquet(path: Path, rows: list[Any]) -> Path:
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def codes(problems: Any) -> list[str]:
    return [p.code for p in problems]


def test_parquet_rows_and_questions_are_read_with_their_row_number(tmp_path: Path) -> None:
    rows = [
        {"question": "Who?", "answers": [["Bob", "Bob Lee"]], "answerable": True, "lang": "en"},
        {"question": "How much?", "answers": [["7"]], "answerable": False, "lang": None},
    ]
    path = parquet(tmp_path / "eval.parquet", rows)
    asked = read_questions(path).rows
    assert asked[0].answers == (("Bob", "Bob Lee"),)
    assert [str(q.where) for q in asked] == ["eval.parquet:1", "eval.parquet:2"]
    assert not asked[1].answerable
    train = parquet(tmp_path / "t.parquet", [{"instruction": "2+2?", "output": 4}])
    assert read_examples(train).rows[0].answer == "4"


def test_a_broken_or_unreadable_parquet_file_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 no")
    (problem,) = read_examples(path).problems
    assert problem.code == "bad-parquet"
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (problem,) = read_examples(path).problems
    assert (problem.code, problem.hint) == ("needs-pyarrow", "pip install 'realift[data]'")


def test_columns_with_other_names_are_mapped_in_rows_and_questions(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", ROWS)
    read = read_examples(path, columns=COLUMNS)
    assert (read.rows[2].instruction, read.rows[2].answer) == ("Wer wohnt in Haus 2?", "Familie 2")
    assert read.columns == {"frage", "antwort"}
    asked = read_questions(path, columns={"question": "Frage", "answers": "antwort", "id": "nr"})
    assert (asked.rows[3].id, asked.rows[3].answers) == ("3", (("Familie 3",),))
    table = tmp_path / "t.csv"
    table.write_text("Frage;Antwort\nWer?;Bob\n")
    assert read_examples(table, columns=COLUMNS).rows[0].answer == "Bob"


def test_a_mapped_column_wins_over_the_usual_names_and_reaches_into_objects() -> None:
    value = {"prompt": "style", "q": "Who?", "gold": {"text": ["Bob"]}, "answer": "old"}
    row = RawRow(where=Where(file="a"), value=value)
    done = renamed(RawRows(rows=(row,)), {"question": "q", "answers": "gold.text", "id": "no"})
    assert done.raw.rows[0].value == {"question": "Who?", "answers": ["Bob"], "gold": value["gold"]}
    assert done.found == {"q", "gold.text"}


def test_columns_come_from_yaml_and_flags_and_are_checked(tmp_path: Path) -> None:
    write(tmp_path / "t.jsonl", ROWS)
    file = tmp_path / "realift.yaml"
    file.write_text("train: t.jsonl\ncolumns:\n  instruction: frage\n  output: antwort\n")
    config = resolve(file=file)
    assert column_names(config.columns) == COLUMNS
    assert len(read_data(config).examples) == 8
    saved = tmp_path / "saved.yaml"
    saved.write_text(to_yaml(config))
    assert resolve(file=saved).columns == config.columns
    flags = {"train": str(tmp_path / "t.jsonl"), "columns": ["instruction=frage", "output=antw"]}
    summary = read_data(resolve(flags=flags), keep_going=True).summary
    assert "no row has a column 'antw'" in " ".join(p.message for p in summary.problems)
    flags["columns"] = ["instrution=frage", "output=antwort"]
    summary = read_data(resolve(flags=flags), keep_going=True).summary
    assert "did you mean 'instruction'?" in " ".join(p.message for p in summary.problems)
    for bad in (["frage"], ["=x"], ["a=b", "a=c"]):
        with pytest.raises(UsageError):
            resolve(flags={"columns": bad})


@pytest.mark.parametrize(
    ("text", "dataset"),
    [
        ("owner/name", True),
        ("owner/name:test", True),
        ("owner/name/subset@v1.0:train[:5]", False),
        ("hub:owner/name/subset@v1.0:train", True),
        ("data/train.jsonl", False),
        ("./data/train", False),
        ("train", False),
    ],
)
def test_what_is_a_dataset_and_what_a_file(text: str, dataset: bool) -> None:
    assert names_dataset(text) is dataset


def test_a_hub_id_in_a_realift_yaml_is_not_taken_for_a_path(tmp_path: Path) -> None:
    file = tmp_path / "realift.yaml"
    file.write_text("train: owner/name\neval: hub:owner/name:test\n")
    config = resolve(file=file)
    assert (config.train, config.eval) == ("owner/name", "hub:owner/name:test")
    assert sources.parse("hub:a/b/sub@v1:dev") == sources.Source(
        path="a/b", subset="sub", revision="v1", split="dev"
    )


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    sources._load.cache_clear()
    return sources._load.cache_clear


@pytest.mark.filterwarnings("ignore")
def test_a_folder_is_read_through_datasets_with_the_usual_splits(
    tmp_path: Path, cache: Callable[[], None]
) -> None:
    folder = tmp_path / "houses"
    write(folder / "train.jsonl", ROWS)
    write(folder / "test.jsonl", [{"frage": "Wer wohnt in Haus 99?", "antwort": "Niemand"}])
    flags = {"train": str(folder), "eval": str(folder)}
    config = resolve(flags={**flags, "columns": [f"{k}={v}" for k, v in COLUMNS.items()]})
    data = read_data(config)
    assert [str(e.where) for e in data.examples[:2]] == ["houses:train:1", "houses:train:2"]
    assert [q.question for q in data.questions] == ["Wer wohnt in Haus 99?"]
    assert "split-chosen" in codes(data.summary.problems)
    facts = data_facts(config)["data"]
    assert facts["eval"]["split"] == "test"
    assert len(facts["train"]["sha256"]) == 64
    (problem,) = sources.load_examples(f"{folder}:dev", {}).problems
    assert problem.code == "no-such-split"
    assert f"{folder}:train" in problem.hint


@pytest.mark.filterwarnings("ignore")
def test_a_dataset_saved_to_disk_is_read(tmp_path: Path, cache: Callable[[], None]) -> None:
    import datasets

    datasets.Dataset.from_list(ROWS).save_to_disk(str(tmp_path / "saved"))
    read = sources.load_examples(str(tmp_path / "saved"), COLUMNS)
    assert len(read.rows) == 8


@pytest.mark.filterwarnings("ignore")
def test_an_id_that_cannot_be_loaded_says_what_to_do(
    tmp_path: Path, cache: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    (problem,) = sources.load_examples("nobody/nothing", {}).problems
    assert problem.code == "no-such-dataset"
    assert "no such file, and no dataset of this name" in problem.message
    assert "check the name and the connection" in problem.hint
    (tmp_path / "empty").mkdir()
    (problem,) = sources.load_questions(str(tmp_path / "empty"), {}).problems
    assert problem.code == "not-a-dataset"
    cache()
    monkeypatch.setitem(sys.modules, "datasets", None)
    (problem,) = sources.load_examples("nobody/nothing", {}).problems
    assert problem.code == "needs-datasets"
    assert "realift[data]" in problem.hint
