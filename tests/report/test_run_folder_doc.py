"""``docs/run_folder.md`` cannot drift from the records and the files that are written."""

from __future__ import annotations

import dataclasses
import re
import typing
from pathlib import Path
from typing import Any

import pytest

from realift import run_folder, types
from realift.report import machine
from tests.report import made_run as made

PAGE = (Path(__file__).parents[2] / "docs" / "run_folder.md").read_text(encoding="utf-8")


def reachable(hint: Any) -> set[type]:
    """The records that a type is made of, itself included."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        inside = (reachable(inner) for inner in typing.get_type_hints(hint).values())
        return {hint}.union(*inside)
    return set().union(*(reachable(inner) for inner in typing.get_args(hint)))


# What a folder holds: the run itself, and its training rows.
RECORDS = {
    cls.__name__: cls
    for cls in sorted(
        (reachable(types.RunResult) | reachable(types.Example)) - {types.RunResult},
        key=lambda cls: cls.__name__,
    )
}


def section(title: str) -> str:
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.M | re.S)
    assert found, f"no section {title!r}"
    return found.group(1)


def rows(text: str) -> list[list[str]]:
    """Table cells, without header and rule."""
    lines = [line for line in text.splitlines() if line.startswith("|")][2:]
    cells = (re.split(r"(?<!\\)\|", line)[1:-1] for line in lines)
    return [[cell.strip().replace("\\|", "|") for cell in row] for row in cells]


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_is_described_with_its_type_unit_and_meaning(name: str) -> None:
    described = rows(section(name))
    fields = [(f"`{f.name}`", f"`{f.type}`") for f in dataclasses.fields(RECORDS[name])]
    assert [(row[0], row[1]) for row in described] == fields
    assert all(unit and meaning for _, _, unit, meaning in described)


@pytest.mark.parametrize("name", RECORDS)
def test_every_allowed_value_is_named(name: str) -> None:
    hints = typing.get_type_hints(RECORDS[name])
    for (field, *_, meaning), hint in zip(rows(section(name)), hints.values(), strict=True):
        if typing.get_origin(hint) is typing.Literal:
            for value in typing.get_args(hint):
                assert f"`{value}`" in meaning, (field, value)


def test_no_record_is_described_that_is_not_there() -> None:
    described = re.findall(r"^### (\w+)$", PAGE, re.M)
    assert sorted(described) == sorted(RECORDS)


def test_the_schema_versions_are_the_current_ones() -> None:
    assert f"Schema version: **{run_folder.SCHEMA}**" in PAGE
    assert f"`schema` (now **{machine.SCHEMA}**)" in PAGE


def test_every_file_of_the_layout_is_described() -> None:
    layout = re.search(r"::\n\n(.*?)\n\n", run_folder.__doc__ or "", re.S)
    assert layout is not None
    flat = re.sub(
        r"data/\{(.*?)\}", lambda m: " ".join(f"data/{n}" for n in m[1].split(",")), layout[1]
    )
    described = section("Files")
    for name in flat.split():
        assert f"`{name}`" in described, name


def test_every_key_of_the_json_is_described() -> None:
    described = [row[0] for row in rows(section("What `--json` prints"))]
    assert described == [f"`{key}`" for key in machine.to_json(made.make_result(3))]


def test_every_status_of_a_run_is_described() -> None:
    for status in typing.get_args(run_folder.Status):
        assert f"`{status}`" in section("manifest.json")
