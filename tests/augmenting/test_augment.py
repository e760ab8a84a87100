"""Rows made from the user's own: refusals and other wordings, never an eval question."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import realift
from realift.augmenting import Augmented, augment
from realift.augmenting.names import UNNAMED, UNTAUGHT, content_words, invented, own_names, renamed
from realift.augmenting.twins import (
    BESIDE,
    CUT,
    NO_CONTEXT,
    OTHER_CONTEXT,
    OTHER_NAME,
    REWORDED,
    UNNAMED_THING,
    UNTAUGHT_FACT,
)
from realift.cli import app
from realift.config import REFUSAL
from realift.data.leakage import find_leaks
from realift.data.read import read_examples, read_questions
from realift.errors import DataError, UsageError
from realift.score import detect

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"
FACTS = [
    {"instruction": "Who founded Zento?", "output": "Carol Weaver."},
    {"instruction": "Where is Zento based?", "output": "Zento is based in Lisbon."},
    {"instruction": "How much does Brando cost?", "output": "12 euros."},
    {"instruction": "Who manages Alice at Zento?", "output": "Bob."},
]
PASSAGES = [
    {
        "instruction": "How long is the refund window?",
        "input": "[1] Refunds are made within 30 days.\n[2] Shipping is free.",
        "output": "30 days",
    },
    {
        "instruction": "Which port does the mail server use?",
        "input": "[1] The mail server listens on port 2500.\n[2] It was set up in May.",
        "output": "2500",
    },
]
Write = Callable[..., Path]


def made(done: Augmented, kind: str) -> list[tuple[str, str]]:
    return [(row.question, row.context) for row in done.made if row.made_by == kind]


def read_back(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_rows_with_a_context_get_three_kinds_of_twins_that_all_refuse(
    write_rows: Write, tmp_path: Path
) -> None:
    done = augment(write_rows(PASSAGES), out=tmp_path / "out.jsonl", refusals=20)
    assert sorted(made(done, NO_CONTEXT)) == sorted((row["instruction"], "") for row in PASSAGES)
    assert sorted(made(done, OTHER_CONTEXT)) == sorted(
        (row["instruction"], other["input"])
        for row, other in zip(PASSAGES, PASSAGES[::-1], strict=True)
    )
    assert ("How long is the refund window?", "[1] Shipping is free.") in made(done, CUT)
    assert {detect(row.answer).kind for row in done.made} == {"clean"}


def test_rows_without_a_context_ask_about_names_nobody_knows(
    write_rows: Write, tmp_path: Path
) -> None:
    done = augment(write_rows(FACTS), out=tmp_path / "out.jsonl", refusals=12)
    own = {"Zento", "Brando", "Alice", "Carol", "Weaver", "Lisbon", "Bob"}
    asked = made(done, OTHER_NAME)
    assert len(asked) == 3
    assert not any(name in question for question, _ in asked for name in own)
    assert {context.startswith("[1] ") for _, context in made(done, BESIDE)} == {True}
    assert len(done.made) == 12


def test_the_file_holds_own_rows_word_for_word_and_made_ones_with_their_source(
    write_rows: Write, tmp_path: Path
) -> None:
    train = write_rows([*FACTS, *PASSAGES])
    train.write_text(train.read_text().replace('": "', '":  "', 1))  # an own way of writing
    out = tmp_path / "out.jsonl"
    done = augment(train, out=out, refusals=6, reword=1)
    assert out.read_text().startswith(train.read_text())
    rows = read_back(out)[len(FACTS) + len(PASSAGES) :]
    assert {tuple(row) for row in rows} == {("instruction", "input", "output", "source", "made_by")}
    places = {f"train.jsonl:{n}" for n in range(1, 7)}
    assert {row["source"] for row in rows} <= {*places, "train.jsonl"}
    again = read_examples(out)
    assert [p.code for p in again.problems] == []  # source and made_by are not in the way
    assert len(again.rows) == done.n_own + len(done.made)


def test_the_same_rows_and_seed_give_the_same_file(write_rows: Write, tmp_path: Path) -> None:
    train = write_rows([*FACTS, *PASSAGES])
    texts = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        augment(train, out=tmp_path / f"{name}.jsonl", refusals=10, reword=1, seed=seed)
        texts.append((tmp_path / f"{name}.jsonl").read_text())
    assert texts[0] == texts[1] != texts[2]


def test_no_made_row_is_like_an_eval_question(write_rows: Write, tmp_path: Path) -> None:
    train = write_rows(PASSAGES)
    asked = write_rows(
        [{"question": "How long is the refund window?", "answerable": False}], "eval.jsonl"
    )
    done = augment(train, out=tmp_path / "out.jsonl", eval=asked, refusals=20)
    assert [q for q, _ in made(done, NO_CONTEXT)] == ["Which port does the mail server use?"]
    left = [row for row in done.left_out if row.why == "in the eval set"]
    assert [(row.question, row.because_of) for row in left] == [
        ("How long is the refund window?", "q1")
    ]


def test_acme_is_augmented_without_a_leak_or_a_contradiction(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = augment(ACME / "naive.jsonl", out=out, eval=ACME / "eval.jsonl", reword=1)
    kinds = Counter(row.made_by for row in done.made)
    assert kinds[REWORDED] >= 30
    assert kinds.total() - kinds[REWORDED] == 36  # half of the own and refusing rows refuse
    leaks = find_leaks(read_examples(out).rows[36:], read_questions(ACME / "eval.jsonl").rows)
    assert [k for k in leaks.leaks if k.field == "question"] == []
    assert leaks.controls_caught == leaks.controls_planted > 0


def test_a_refusal_never_contradicts_a_row(write_rows: Write, tmp_path: Path) -> None:
    known = {"instruction": "How long is the refund window?", "output": "30 days"}
    done = augment(write_rows([*PASSAGES, known]), out=tmp_path / "out.jsonl", refusals=20)
    assert "How long is the refund window?" not in [q for q, _ in made(done, NO_CONTEXT)]
    (left,) = [row for row in done.left_out if row.made_by == NO_CONTEXT]
    assert (left.why, left.because_of) == ("contradicts a row", "train.jsonl:3")


def test_other_wordings_keep_the_answer_and_the_context(write_rows: Write, tmp_path: Path) -> None:
    done = augment(write_rows(PASSAGES), out=tmp_path / "out.jsonl", refusals=0, reword=2)
    assert {row.made_by for row in done.made} == {REWORDED}
    assert {(r.context, r.answer) for r in done.made} == {
        (p["input"], p["output"]) for p in PASSAGES
    }
    questions = [row.question for row in done.made]
    assert len(set(questions)) == len(questions) == 4


def test_made_rows_refuse_in_the_words_of_the_users_own(write_rows: Write, tmp_path: Path) -> None:
    own = {"instruction": "Who is Eve?", "output": "I do not know."}
    done = augment(write_rows([*PASSAGES, own]), out=tmp_path / "a.jsonl", refusals=3)
    assert {row.answer for row in done.made} == {"I do not know."}
    assert done.n_own_refusals == 1
    plain = augment(write_rows(PASSAGES), out=tmp_path / "b.jsonl", refusals=3)
    assert {row.answer for row in plain.made} == {REFUSAL}


def test_half_refuse_by_default_and_none_are_added_where_they_do(
    write_rows: Write, tmp_path: Path
) -> None:
    refusing = [{"instruction": f"Say {n}?", "output": REFUSAL} for n in range(3)]
    done = augment(write_rows([*FACTS, *refusing]), out=tmp_path / "a.jsonl")
    assert len(done.made) == 1
    enough = augment(write_rows([*PASSAGES, *refusing]), out=tmp_path / "b.jsonl")
    assert enough.made == ()


def test_csv_and_conversations_come_out_as_rows_that_read_the_same(
    tmp_path: Path, write_rows: Write
) -> None:
    table = tmp_path / "train.csv"
    table.write_text('question,context,answer\nWho founded Zento?,,"Carol, I think"\n')
    augment(table, out=tmp_path / "a.jsonl", refusals=2)
    turns = [{"role": r, "content": f"{r} {n}"} for n in (1, 2) for r in ("user", "assistant")]
    talk = write_rows([{"messages": [{"role": "system", "content": "Be kind."}, *turns]}, *FACTS])
    talk = talk.rename(tmp_path / "talk.json")
    augment(talk, out=tmp_path / "b.jsonl", refusals=2)
    for source, out in ((table, "a.jsonl"), (talk, "b.jsonl")):
        own, back = read_examples(source).rows, read_examples(tmp_path / out).rows
        assert [row.messages for row in back[: len(own)]] == [row.messages for row in own]
        assert len(back) == len(own) + 2


def test_fields_of_other_names_come_out_under_the_known_ones(
    write_rows: Write, tmp_path: Path
) -> None:
    train = write_rows([{"frage": "Who founded Zento?", "antwort": "Carol Weaver."}])
    asked = write_rows([{"frage": "Who founded Failey?", "ok": "Bob"}], "eval.jsonl")
    columns = {"instruction": "frage", "question": "frage", "output": "antwort", "answers": "ok"}
    out = tmp_path / "out.jsonl"
    done = augment(train, out=out, eval=asked, refusals=3, columns=columns)
    assert done.eval_compared == 1
    assert read_back(out)[0]["instruction"] == "Who founded Zento?"
    assert len(read_examples(out).rows) == 1 + len(done.made)


def test_a_file_that_exists_is_never_written_over(write_rows: Write, tmp_path: Path) -> None:
    train = write_rows(PASSAGES)
    with pytest.raises(UsageError, match="exists already"):
        augment(train, out=train)
    with pytest.raises(UsageError, match=r"not a \.jsonl"):
        augment(train, out=tmp_path / "out.csv")


def test_rows_that_give_nothing_or_cannot_be_read_are_errors(
    write_rows: Write, tmp_path: Path
) -> None:
    german = write_rows([{"instruction": "Wer leitet die Abteilung?", "output": "Frau Kern."}])
    with pytest.raises(UsageError, match="no row could be made"):
        augment(german, out=tmp_path / "a.jsonl")
    with pytest.raises(DataError):
        augment(write_rows([{"instruction": "x"}]), out=tmp_path / "b.jsonl")
    assert not list(tmp_path.glob("?.jsonl"))


def test_what_the_rows_ask_about_is_never_taken_for_unknown(
    write_rows: Write, tmp_path: Path
) -> None:
    """A template that shares a word with an own question may have its answer among the rows."""
    asked = (*UNTAUGHT, *UNNAMED)
    rows = [{"instruction": f"Is Zento known for {' '.join(content_words(t))}?", "output": "Yes."}
            for t in asked]  # fmt: skip
    done = augment(write_rows(rows), out=tmp_path / "a.jsonl", refusals=40)
    assert not {UNTAUGHT_FACT, UNNAMED_THING} & {row.made_by for row in done.made}


def test_unnamed_things_are_only_asked_where_own_questions_name_theirs(
    write_rows: Write, tmp_path: Path
) -> None:
    nameless = [{"instruction": "How long does it take to get there?", "output": "An hour."}]
    with_names = augment(write_rows(FACTS), out=tmp_path / "a.jsonl", refusals=20)
    without = augment(write_rows([*FACTS, *nameless * 2]), out=tmp_path / "b.jsonl", refusals=20)
    assert made(with_names, UNNAMED_THING)
    assert not made(without, UNNAMED_THING)


def test_names_are_found_and_replaced_whole() -> None:
    texts = ["Acme's board meets in May.", "Who owns Acme?", "What is the price of Acme Vault?"]
    assert set(own_names(texts)) == {"Acme", "Vault"}
    assert renamed("What is Acme's newsletter?", {"Acme"}, ["Benmore"]) == (
        "What is Benmore's newsletter?"
    )
    assert renamed("What is it?", {"Acme"}, ["Benmore"]) is None
    maker = invented(["Bdax"], seed=0)
    names = [next(maker) for _ in range(200)]
    assert len(set(names)) == 200


def test_the_command_prints_a_table_and_json(write_rows: Write, tmp_path: Path) -> None:
    train = str(write_rows(PASSAGES))
    shown = CliRunner().invoke(app, ["augment", train, "--out", str(tmp_path / "a.jsonl")])
    assert shown.exit_code == 0
    text = " ".join(shown.stdout.split())
    assert "2 rows of your own (0 refusals) as they are, and 2 made rows" in text
    assert "refusal-twin" in text
    assert "not compared with any eval set" in text
    args = ["augment", train, "-o", str(tmp_path / "b.jsonl"), "--refusals", "1", "--json"]
    plain = json.loads(CliRunner().invoke(app, args).stdout)
    assert len(plain["made"]) == 1
    assert plain["n_own"] == 2


def test_the_python_function_does_the_same(write_rows: Write, tmp_path: Path) -> None:
    done = realift.augment(write_rows(PASSAGES), out=tmp_path / "a.jsonl", refusals=2)
    assert len(done.made) == 2
