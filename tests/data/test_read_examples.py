"""Training rows: every format, every error with its file and line."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realift.data.problems import describe
from realift.data.read import raise_if_errors, read_examples
from realift.errors import DataError
from realift.run_folder import to_plain

ROW = '{"instruction": "Who?", "input": "", "output": "Bob."}'


def only(result):
    """The single problem of a result, as (place, code, text)."""
    assert len(result.problems) == 1, [describe(p) for p in result.problems]
    problem = result.problems[0]
    return str(problem.where), problem.code, describe(problem)


def test_the_seed_format_is_read(write):
    path = write("train.jsonl", ROW + '\n{"instruction": "When?", "input": "A.", "output": "Now."}')
    first, second = read_examples(path).rows
    assert (first.id, first.instruction, first.context, first.answer) == (
        "train.jsonl:1", "Who?", "", "Bob.",
    )  # fmt: skip
    assert (second.id, second.context) == ("train.jsonl:2", "A.")


SAME = [
    {"instruction": "Who?", "input": "C.", "output": "Bob."},
    {"instruction": "Who?", "context": "C.", "response": "Bob."},
    {"instruction": "Who?", "context": "C.", "completion": "Bob."},
    {"prompt": "Who?", "input": "C.", "completion": "Bob."},
    {"question": "Who?", "context": "C.", "answer": "Bob."},
    {"Question": "Who?", "Context": "C.", "ANSWER": "Bob."},
    {
        "messages": [
            {"role": "user", "content": "Who?", "context": "C."},
            {"role": "assistant", "content": "Bob."},
        ]
    },
]


@pytest.mark.parametrize("row", SAME, ids=lambda row: "/".join(row))
def test_every_naming_gives_the_same_messages(write, row):
    (read,) = read_examples(write("a.jsonl", json.dumps(row))).rows
    assert (read.instruction, read.context, read.answer) == ("Who?", "C.", "Bob.")


def test_the_format_is_detected_for_every_row_not_from_the_first(write):
    # TRAPS: "row format guessed from row 0" (mlx-lm).
    rows = [*SAME, {"conversations": [{"from": "human", "value": "Who?"},
                                      {"from": "gpt", "value": "Bob."}]}]  # fmt: skip
    result = read_examples(write("mixed.jsonl", "\n".join(map(json.dumps, rows))))
    assert result.problems == ()
    assert [r.instruction for r in result.rows] == ["Who?"] * len(rows)
    assert [r.where.line for r in result.rows] == list(range(1, len(rows) + 1))


def test_multi_turn_messages_keep_every_turn_and_the_system_text(write):
    turns = [
        ("system", "S"),
        ("user", "1?"),
        ("assistant", "1."),
        ("user", "2?"),
        ("assistant", "2."),
    ]
    row = {"messages": [{"role": r, "content": c} for r, c in turns]}
    (read,) = read_examples(write("a.jsonl", json.dumps(row))).rows
    assert [(m.role, m.content) for m in read.messages] == turns
    assert (read.instruction, read.answer) == ("2?", "2.")


def test_sharegpt_turns_and_typed_content_parts_are_read(write):
    row = {"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "1?"},
           {"from": "gpt", "value": "1."}]}  # fmt: skip
    parts = {"messages": [{"role": "user", "content": [{"type": "text", "text": "1?"}]},
             {"role": "assistant", "content": "1."}]}  # fmt: skip
    result = read_examples(write("a.jsonl", json.dumps(row) + "\n" + json.dumps(parts)))
    assert [[m.role for m in r.messages] for r in result.rows] == [
        ["system", "user", "assistant"],
        ["user", "assistant"],
    ]
    assert not result.problems


def test_prompt_and_completion_may_hold_turns(write):
    row = {"prompt": [{"role": "user", "content": "1?"}],
           "completion": [{"role": "assistant", "content": "1."}]}  # fmt: skip
    (read,) = read_examples(write("a.jsonl", json.dumps(row))).rows
    assert (read.instruction, read.answer) == ("1?", "1.")


def test_an_input_without_an_instruction_is_the_question(write):
    (read,) = read_examples(write("a.jsonl", '{"input": "Who?", "output": "Bob."}')).rows
    assert (read.instruction, read.context) == ("Who?", "")


def test_a_list_of_passages_is_numbered(write):
    row = {"question": "Who?", "answer": "Bob [2].",
           "context": ["A.", {"text": "B.", "source": "b.md"}]}  # fmt: skip
    (read,) = read_examples(write("a.jsonl", json.dumps(row))).rows
    assert read.context == "[1] A.\n[2] (b.md) B."


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ([("user", "a"), ("user", "b"), ("assistant", "c")], "turn 2 is from the user"),
        ([("assistant", "a"), ("user", "b")], "turn 1 is from the assistant"),
        ([("user", "a"), ("assistant", "b"), ("user", "c")], "last turn is not the assistant's"),
        ([("user", "a"), ("system", "b"), ("assistant", "c")], "turn 2 is a system turn"),
        ([("system", "a")], "the last turn is not the assistant's"),
        ([("user", "a"), ("tool", "b"), ("assistant", "c")], "turn 2 has the role 'tool'"),
        ([("user", "a"), ("assistant", "")], "turn 2 (assistant) is empty"),
        ([], "not a list of turns"),
    ],
)  # fmt: skip
def test_rejects_turns_in_a_wrong_order_with_file_and_line(write, turns, said):
    row = {"messages": [{"role": r, "content": c} for r, c in turns]}
    result = read_examples(write("chat.jsonl", f"{ROW}\n{json.dumps(row)}\n"))
    if not turns:  # an empty list is a row without fields
        assert result.problems[0].where.line == 2
        assert result.problems[0].severity == "error"
        return
    place, _, text = only(result)
    assert place == "chat.jsonl:2"
    assert said in text
    assert len(result.rows) == 1


# --- files that cannot be read -------------------------------------------------------------------


def test_broken_json_on_line_17_is_named_with_the_spot_and_a_hint(write):
    lines = [ROW] * 16 + ['{"instruction": "Who?", "output": "Bob."'] + [ROW] * 3
    result = read_examples(write("train.jsonl", "\n".join(lines)))
    place, code, text = only(result)
    assert (place, code) == ("train.jsonl:17", "bad-json")
    assert text.startswith("train.jsonl:17: not valid JSON: Expecting ',' delimiter at column 41")
    assert "Bob." in text
    assert "hint: every line must hold one whole object" in text
    assert len(result.rows) == 19


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("{'instruction': 'Who?', 'output': 'Bob.'}", "JSON needs double quotes"),
        ('{"instruction": "Who?", "output": NaN}', 'write null, or a text such as "n/a"'),
        ('{"instruction": "Who?", "output": "Bob.",}', "remove the comma"),
        ('{"instruction": "Who?", "output": "Bob.\t"}', "write a line break inside a text as"),
        ("[" * 100_000, "one whole object"),
    ],
)
def test_rejects_broken_json_with_a_hint_that_fits(write, line, hint):
    text = describe(read_examples(write("a.jsonl", f"{ROW}\n{line}")).problems[0])
    assert text.startswith("a.jsonl:2: not valid JSON: ") or line.startswith("[")
    assert hint in text or line.startswith("[")


def test_all_problems_come_out_at_once_in_the_order_of_the_lines(write):
    lines = [
        '{"output": "x"}',
        "{",
        ROW,
        '{"instruction": ""}',
        '{"instruction": "a", "output": 1}',
    ]
    problems = read_examples(write("a.jsonl", "\n".join(lines))).problems
    assert [(p.where.line, p.code) for p in problems] == [
        (1, "missing-question"),
        (2, "bad-json"),
        (4, "empty-question"),
        (4, "missing-answer"),
        (5, "number-as-text"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "place", "code"),
    [
        ("a.jsonl", b"", "a.jsonl", "empty-file"),
        ("a.jsonl", b" \r\n\n", "a.jsonl", "empty-file"),
        ("a.csv", b"instruction,output\n", "a.csv", "no-rows"),
        ("a.json", b"[]", "a.json", "no-rows"),
        ("a.xlsx", b"PK", "a.xlsx", "unknown-file-type"),
        ("rows", b"x", "rows", "unknown-file-type"),
        ("a.jsonl", ROW.encode("utf-16"), "a.jsonl", "not-utf8"),
        ("a.jsonl", ROW.encode("utf-16-le"), "a.jsonl", "not-utf8"),
        ("a.csv", "prompt,answer\nWho?,Bob\nWo?,Köln".encode("latin-1"), "a.csv:3", "not-utf8"),
    ],
)  # fmt: skip
def test_rejects_files_it_cannot_read(write, name, content, place, code):
    result = read_examples(write(name, content))
    assert only(result)[:2] == (place, code)
    assert result.problems[0].hint
    assert result.rows == ()


def test_rejects_a_missing_file_and_a_folder(tmp_path):
    missing = tmp_path / "no.jsonl"
    assert only(read_examples(missing))[:2] == (str(missing), "no-such-file")
    assert only(read_examples(tmp_path))[:2] == (str(tmp_path), "not-a-file")


def test_a_byte_order_mark_crlf_and_blank_lines_are_taken_in_stride(write):
    for name, content in {
        "a.jsonl": f"\ufeff{ROW}\r\n\r\n{ROW}\r\n",
        "a.csv": "\ufeffinstruction,output\r\nWho?,Bob.\r\n\r\nWho?,Bob.\r\n",
    }.items():
        result = read_examples(write(name, content))
        assert not result.problems
        assert [r.answer for r in result.rows] == ["Bob.", "Bob."]
        assert [r.where.line for r in result.rows] == ([1, 3] if name == "a.jsonl" else [2, 4])


def test_a_line_separator_inside_a_json_text_is_no_end_of_line(write):
    (row,) = read_examples(write("a.jsonl", ROW.replace("Who?", "Who\u2028is it?"))).rows
    assert row.instruction == "Who\u2028is it?"


# --- fields --------------------------------------------------------------------------------------


def test_a_missing_field_says_what_was_found_and_what_was_probably_meant(write):
    result = read_examples(
        write("t.jsonl", f'{ROW}\n\n{{"instruction": "Who?", "anwser": "Bob."}}')
    )
    errors = [p for p in result.problems if p.severity == "error"]
    assert describe(errors[0]) == (
        "t.jsonl:3: no 'output' (or response, completion, answer); found fields: instruction, "
        "anwser; did you mean 'answer' by 'anwser'?\n  hint: name the answer 'output'"
    )


def test_a_missing_column_is_said_once_at_the_header(write):
    result = read_examples(write("t.csv", "instruction,reply\n" + "Who?,Bob\n" * 9))
    place, code, text = only(result)
    assert (place, code) == ("t.csv:1", "missing-answer")
    assert "found fields: instruction, reply" in text
    assert result.rows == ()


def test_a_misspelled_optional_field_is_a_warning_with_all_its_lines(write):
    line = '{"instruction": "Who?", "inputt": "x", "output": "Bob."}'
    place, code, text = only(read_examples(write("t.jsonl", "\n".join([line] * 3))))
    assert (place, code) == ("t.jsonl:1", "unknown-field")
    assert "did you mean 'input'?) (also lines 2, 3)" in text


def test_other_columns_are_ignored_without_a_word(write):
    row = '{"instruction": "Who?", "output": "Bob.", "category": "qa", "url": "x", "score": 3}'
    assert read_examples(write("t.jsonl", row)).problems == ()


def test_two_filled_names_for_one_field_are_not_guessed_between(write):
    row = '{"instruction": "Answer briefly.", "question": "Who?", "output": "Bob."}'
    place, code, text = only(read_examples(write("t.jsonl", row)))
    assert (place, code) == ("t.jsonl:1", "ambiguous-fields")
    assert "both 'instruction' and 'question'" in text


def test_numbers_become_the_text_they_were_written_as(write):
    result = read_examples(write("t.jsonl", '{"instruction": "Price?", "output": 1.50}'))
    assert result.rows[0].answer == "1.50"
    assert only(result)[1] == "number-as-text"
    assert result.problems[0].severity == "note"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("null", "empty-answer"),
        ('""', "empty-answer"),
        ('" \\n"', "empty-answer"),
        ("true", "not-text"),
        ('["a"]', "not-text"),
        ('{"a": 1}', "not-text"),
        ('"\\ud83d"', "bad-characters"),
    ],
)
def test_rejects_answers_that_are_no_text(write, value, code):
    result = read_examples(write("t.jsonl", f'{{"instruction": "Who?", "output": {value}}}'))
    assert only(result)[:2] == ("t.jsonl:1", code)
    assert result.rows == ()


def test_rejects_rows_that_are_no_objects(write):
    problems = read_examples(write("t.jsonl", f'{ROW}\n"Who?"\n3\nnull')).problems
    assert [(p.where.line, p.code) for p in problems] == [(n, "not-an-object") for n in (2, 3, 4)]


def test_a_field_that_stands_twice_is_a_warning(write):
    row = '{"instruction": "Who?", "output": "Bob.", "output": "Carl."}'
    assert only(read_examples(write("t.jsonl", row)))[:2] == ("t.jsonl:1", "duplicate-field")


# --- JSON lists, tables --------------------------------------------------------------------------


def test_rows_of_a_json_list_have_the_line_they_begin_on(write):
    text = (
        '[\n  {"instruction": "A?",\n   "output": "a"},\n\n  {"instruction": "B?", "output": ""}\n]'
    )
    result = read_examples(write("t.json", text))
    assert [r.where.line for r in result.rows] == [2]
    assert only(result)[:2] == ("t.json:5", "empty-answer")


def test_a_list_in_a_jsonl_file_and_lines_in_a_json_file_are_read_too(write):
    assert len(read_examples(write("t.jsonl", f"[{ROW},\n{ROW}]")).rows) == 2
    assert len(read_examples(write("t.json", f"{ROW}\n{ROW}\n")).rows) == 2
    pretty = json.dumps(json.loads(ROW), indent=2)
    rows = read_examples(write("p.jsonl", f"{pretty}\n{pretty}\n")).rows
    assert [r.where.line for r in rows] == [1, 6]
    (row,) = read_examples(write("w.json", f'{{"data": [{ROW}]}}')).rows
    assert row.answer == "Bob."


def test_ids_stay_unique_where_rows_share_a_line(write):
    rows = read_examples(write("t.json", f"[{ROW}, {ROW}]")).rows
    assert [r.id for r in rows] == ["t.json:1", "t.json:1#2"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"[{ROW},\n{ROW},\n{{'a': 1}}]", 3),
        (f"[{ROW},\n{ROW}\n{ROW}]", 3),
        (f"[{ROW},\n{ROW}", 2),
        (f"[{ROW},\n]", 2),
        (f"[{ROW}]\n{ROW}", 2),
    ],
)
def test_a_broken_json_list_is_named_with_its_line(write, text, line):
    result = read_examples(write("t.json", text))
    assert only(result)[:2] == (f"t.json:{line}", "bad-json")


def test_a_csv_row_is_named_by_the_line_it_begins_on(write):
    text = 'instruction,input,output\n"Who?\nReally?","a\nb",Bob.\nWhen?,,\n'
    result = read_examples(write("t.csv", text))
    (row,) = result.rows
    assert (row.where.line, row.instruction, row.context) == (2, "Who?\nReally?", "a\nb")
    assert only(result)[:2] == ("t.csv:5", "empty-answer")


def test_the_separator_of_a_table_may_be_a_semicolon_or_a_tab(write):
    assert (
        read_examples(write("t.csv", "question;answer\nA, b?;c\n")).rows[0].instruction == "A, b?"
    )
    assert read_examples(write("t.tsv", "question\tanswer\nA, b?\tc\n")).rows[0].answer == "c"


def test_rejects_tables_with_loose_cells_or_open_quotes(write):
    loose = read_examples(write("t.csv", "question,answer\nWho, then?,Bob\nA?,b\n"))
    assert only(loose)[:2] == ("t.csv:2", "too-many-cells")
    assert len(loose.rows) == 1
    opened = read_examples(write("t.csv", 'question,answer\nA?,b\n"Who?,Bob\nC?,d\n'))
    assert only(opened)[:2] == ("t.csv:3", "bad-csv")
    assert "never closed" in opened.problems[0].message
    twice = read_examples(write("t.csv", "question,answer,Answer\nWho?,Bob,Carl\n"))
    assert only(twice)[:2] == ("t.csv:1", "duplicate-column")


# --- invariants ----------------------------------------------------------------------------------

texts = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\ufffd\x00"), min_size=1
).filter(str.strip)


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(rows=st.lists(st.tuples(texts, st.text(st.characters(codec="ascii")), texts), min_size=1))
def test_invariant_what_is_written_as_jsonl_is_read_back(write, rows):
    lines = [json.dumps({"instruction": i, "input": c, "output": o}) for i, c, o in rows]
    result = read_examples(write("t.jsonl", "\n".join(lines)))
    assert [(r.instruction, r.context, r.answer) for r in result.rows] == [
        (i.strip(), c.strip(), o.strip()) for i, c, o in rows
    ] or any(c.lstrip().startswith("[") for _, c, _ in rows)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    content=st.binary(max_size=200), name=st.sampled_from(["t.jsonl", "t.json", "t.csv", "t.yaml"])
)
def test_invariant_no_bytes_make_the_reader_raise(write, content, name):
    result = read_examples(write(name, content))
    assert all(p.where is not None for p in result.problems)
    assert result.rows or result.problems


def test_rows_of_a_run_folder_are_read_back_unchanged(write):
    rows = read_examples(write("t.jsonl", ROW)).rows
    again = read_examples(write("t.jsonl", json.dumps(to_plain(rows[0])))).rows
    assert again == rows


# --- raising -------------------------------------------------------------------------------------


def test_errors_are_raised_once_the_first_twenty_in_full_then_a_count(write):
    result = read_examples(write("t.jsonl", '{"instruction": "a", "output": ""}\n' * 23))
    with pytest.raises(DataError) as caught:
        raise_if_errors(result.problems)
    lines = str(caught.value).splitlines()
    assert lines[0] == "t.jsonl:1: 'output' is empty"
    assert lines[-2].startswith("t.jsonl:20: ")
    assert lines[-1] == "... and 3 more errors"
    assert sum("hint:" in line for line in lines) == 1
    assert len(caught.value.problems) == 23


def test_warnings_and_notes_do_not_raise(write):
    raise_if_errors(read_examples(write("t.jsonl", '{"instruction": "a", "output": 1}')).problems)
