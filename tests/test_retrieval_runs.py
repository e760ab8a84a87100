"""A CSV of questions with their sources and a folder of documents, through the whole job."""

from __future__ import annotations

import io
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from realift import pipeline, run_folder
from realift.config import resolve
from realift.errors import DataError, UsageError
from realift.report.terminal_data import render_data

PLACES = ("Porto", "Lyon", "Ghent", "Turin", "Bergen", "Graz", "Bath", "Jena")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    docs = tmp_path / "docs"
    docs.mkdir()
    lines = ["question,expected_source,answer"]
    for number, place in enumerate(PLACES):
        (docs / f"site{number}.md").write_text(f"Site number {number} lies in {place}.")
        lines.append(f"Where does site number {number} lie?,site{number},{place}")
    lines.append("Who sings?,site1,Nobody")  # no passage shares a word with it
    lines.append("Who owns the sea?,,")
    (tmp_path / "eval.csv").write_text("\n".join(lines))
    rows = [
        {"instruction": f"Say {n}.", "input": f"[1] It is {n}.", "output": f"It is {n}. [1]"}
        for n in range(12)
    ]
    rows.append({"instruction": "Say x.", "output": "I don't have enough context to answer."})
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return {
        "train": str(tmp_path / "train.jsonl"),
        "eval": str(tmp_path / "eval.csv"),
        "docs": str(docs),
        "runs_dir": str(tmp_path / "runs"),
        "retrieve_k": 2,
    }


def test_check_shows_recall_with_interval_and_what_was_missed(files: dict[str, Any]) -> None:
    summary = pipeline.check(resolve(flags=files))
    r = summary.retrieval
    assert r is not None
    assert (r.n_documents, r.n_judged, r.recall.value) == (8, 9, pytest.approx(8 / 9))
    assert summary.n_questions == 9  # the missed one is not asked
    assert summary.n_groups == 9  # a document each, and a question of its own
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render_data(summary))
    text = " ".join(console.export_text().split())
    assert "recall@2 89% (95% interval 57% to 98%, n = 9), 9 questions over 8 documents" in text
    assert "Q Who sings? expected site1 (not among the first 20)" in text


class _Encoder:
    """Likes texts the more, the more of the letter "t" they hold."""

    def __init__(self, name: str) -> None:
        assert name == "some-model"

    def encode(self, texts: list[str], **_: object) -> np.ndarray:
        return np.array([[1.0, t.count("t")] for t in texts])


@pytest.mark.parametrize(
    ("option", "value"),
    [("docs", None), ("retriever", "some-model"), ("retrieve_k", 1), ("passage_words", 20)],
)
def test_every_option_of_the_retrieval_changes_it(
    files: dict[str, Any], monkeypatch: pytest.MonkeyPatch, option: str, value: Any
) -> None:
    fake = types.SimpleNamespace(SentenceTransformer=_Encoder)
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake)
    (Path(files["docs"]) / "long.md").write_text("One more site. " * 30)
    changed = files | {option: value}
    before, after = (pipeline.check(resolve(flags=f)).retrieval for f in (files, changed))
    assert before != after


def test_a_run_asks_with_passages_and_says_what_was_missed(
    files: dict[str, Any], base_folder: Path
) -> None:
    quick = {"epochs": 1, "max_new_tokens": 4, "few_shot_k": 1, "base": str(base_folder)}
    result = pipeline.run(resolve(flags=files | quick))
    assert result.data is not None
    assert result.data.retrieval is not None
    assert [q.question for q in result.questions if not q.context] == ["Who owns the sea?"]
    assert "Who sings?" not in {q.question for q in result.questions}
    assert result.questions[0].passages[0].source == "site0.md"
    assert result.verdict is not None
    assert "8 of 9 questions" in result.verdict.warnings[0]
    again = run_folder.load(result.folder)
    assert again.data == result.data
    assert len(result.manifest["data"]["docs"]["sha256"]) == 64  # type: ignore[index]


def test_nothing_found_is_nothing_to_judge(files: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "eval.csv").write_text("question,expected_source,answer\nWho sings?,site1,Nobody")
    assert pipeline.check(resolve(flags=files)).retrieval is not None
    with pytest.raises(DataError, match="none of 1 questions"):
        pipeline.run(resolve(flags=files))
    assert not (tmp_path / "runs").exists()


def test_documents_without_questions_are_a_usage_error(files: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--docs"):
        pipeline.check(resolve(flags=files | {"eval": None}))


def test_rows_without_any_context_are_pointed_out(files: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"instruction": "Say 1.", "output": "1"}')
    codes = {p.code for p in pipeline.check(resolve(flags=files)).problems}
    assert "rows-without-context" in codes
