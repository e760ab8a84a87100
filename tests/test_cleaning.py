"""``check --write-clean``: what is kept is kept byte by byte, what is left out is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from realift.cleaning import write_clean
from realift.data.read import read_examples
from realift.errors import DataError, UsageError

GOOD = '{"instruction":  "Wer ist Zoë?", "output": "Bob", "note": 1.50}'


def left(cleaned):
    return {row.where.line: row.reason for row in cleaned.left_out}


def test_kept_lines_of_jsonl_are_the_bytes_of_the_source(tmp_path: Path) -> None:
    lines = [
        GOOD,
        '{"instruction": "Who?", "output": ""}',
        "{broken",
        "",
        '{"instruction": "Two?", "output": "2"}',
        '{"instruction": "wer ist zoë", "output": "bob."}',
        '{"messages": [{"role": "user", "content": "x"}]}',
        '{"instruction": "Last?", "output": "yes"}',
    ]
    source = tmp_path / "t.jsonl"
    source.write_bytes("\r\n".join(lines).encode())
    out = tmp_path / "clean.jsonl"
    cleaned = write_clean(str(source), out)
    kept = [lines[0], "", lines[4], lines[7]]
    assert out.read_bytes() == "\r\n".join(kept).encode()
    assert (cleaned.n_kept, cleaned.faithful) == (3, True)
    assert list(left(cleaned)) == [2, 3, 6, 7]
    assert left(cleaned)[2] == "'output' is empty"
    assert left(cleaned)[6] == "the same row as t.jsonl:1"
    assert "not valid JSON" in left(cleaned)[3]
    assert read_examples(out).problems == ()


def test_cells_over_several_lines_of_a_table_stay_whole(tmp_path: Path) -> None:
    text = 'question;answer\nA?;"one\ntwo"\nB?;\n"C\nc?";d\nA?;"one two"\n'
    source = tmp_path / "t.csv"
    source.write_text(text)
    cleaned = write_clean(str(source), tmp_path / "o.csv")
    assert (tmp_path / "o.csv").read_text() == 'question;answer\nA?;"one\ntwo"\n"C\nc?";d\n'
    assert list(left(cleaned)) == [4, 7]
    as_rows = write_clean(str(source), tmp_path / "o.jsonl")
    assert not as_rows.faithful
    assert len(read_examples(tmp_path / "o.jsonl").rows) == 2


def test_rows_that_share_a_line_and_other_formats_are_written_anew(tmp_path: Path) -> None:
    source = tmp_path / "t.json"
    source.write_text(f'[{GOOD}, {GOOD}, {{"instruction": "Who?"}}]')
    cleaned = write_clean(str(source), tmp_path / "o.jsonl")
    (row,) = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert row == {"instruction": "Wer ist Zoë?", "output": "Bob", "note": 1.5}
    assert [r.reason[:8] for r in cleaned.left_out] == ["the same", "no 'outp"]


def test_mapped_columns_keep_their_own_names(tmp_path: Path) -> None:
    source = tmp_path / "t.jsonl"
    source.write_text('{"frage": "Wer?", "antwort": "Bob"}\n{"frage": "", "antwort": "x"}\n')
    columns = {"instruction": "frage", "output": "antwort"}
    cleaned = write_clean(str(source), tmp_path / "o.jsonl", columns=columns)
    assert (tmp_path / "o.jsonl").read_text() == '{"frage": "Wer?", "antwort": "Bob"}\n'
    assert list(left(cleaned)) == [2]


def test_nothing_is_written_over_and_nothing_half(tmp_path: Path) -> None:
    source = tmp_path / "t.jsonl"
    source.write_text(GOOD + "\n")
    out = tmp_path / "o.jsonl"
    out.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        write_clean(str(source), out)
    assert out.read_text() == "mine"
    write_clean(str(source), out, force=True)
    assert out.read_text() == GOOD + "\n"
    with pytest.raises(UsageError, match="the file that is read"):
        write_clean(str(source), source, force=True)
    with pytest.raises(UsageError, match=r"written as \.jsonl"):
        write_clean(str(source), tmp_path / "o.csv")
    source.write_text("{broken\n")
    with pytest.raises(DataError, match="no usable row"):
        write_clean(str(source), tmp_path / "p.jsonl")
    assert not (tmp_path / "p.jsonl").exists()
