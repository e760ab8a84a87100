"""Writing the starter files: never over somebody's own, never half of one."""

from __future__ import annotations

import dataclasses
import textwrap
import typing
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from realift.config import Config, option_default, option_fields, option_type
from realift.errors import UsageError
from realift.run_folder import write_text
from realift.starter.cases import CASES, Case

CONFIG, TRAIN, EVAL = "realift.yaml", "train.jsonl", "eval.jsonl"
_WIDTH = 92  # characters of a comment line


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The files written, in the order a person should look at them."""

    config: Path
    train: Path
    eval: Path


def start(folder: str | Path, *, case: str, base: str, force: bool = False) -> Started:
    """Write ``realift.yaml``, ``train.jsonl`` and ``eval.jsonl`` into a folder.

    Raises:
        UsageError: an unknown case; one of the files exists and ``force`` is not given (nothing
            is written then); the folder cannot be made or written to.
    """
    if case not in CASES:
        raise UsageError(f"--case: {case!r} is not a case", hint=f"use {', '.join(CASES)}")
    place = Path(folder)
    found = Started(config=place / CONFIG, train=place / TRAIN, eval=place / EVAL)
    if place.exists() and not place.is_dir():
        raise UsageError(f"{place}: is a file, not a folder", hint="give a folder")
    taken = [p for p in dataclasses.astuple(found) if p.exists()]
    if taken and not force:
        raise UsageError(
            f"{', '.join(map(str, taken))}: exist{'s' * (len(taken) == 1)} already; nothing was "
            "written",
            hint="choose another folder, or --force to write over them",
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_text(found.train, CASES[case].rows("train"))
        write_text(found.eval, CASES[case].rows("eval"))
        write_text(found.config, starter_yaml(CASES[case], base=base))
    except OSError as err:
        raise UsageError(
            f"{err.filename or place}: cannot be written: {err.strerror}",
            hint="choose a folder you may write to",
        ) from err
    return found


def starter_yaml(case: Case, *, base: str) -> str:
    """A ``realift.yaml``: what a newcomer needs is set, every other option is a comment.

    >>> "# lora_r: 8" in starter_yaml(CASES["facts"], base="tiny")
    True
    """
    options = {"train": TRAIN, "eval": EVAL, "base": base, **case.options}
    out = StringIO()
    out.write(f"# realift: {case.title}.\n#\n")
    for line in case.advice:
        out.write(f"# {line}\n")
    out.write(
        "#\n# The rows in train.jsonl and eval.jsonl are samples: put your own in their place,\n"
        "# 20-100 to train on, and the questions you already ask. Then:\n"
        "#   realift check realift.yaml    looks at the data, trains nothing\n"
        "#   realift run realift.yaml      trains, asks both models, and judges\n\n"
    )
    for name, value in options.items():
        _comment(out, _help(name))
        _option(out, name, value)
    out.write(
        "\n# Everything below has a default that is chosen for you. Take the # away to set it.\n"
    )
    group = ""
    for f in option_fields():
        if f.name in options:
            continue
        if f.metadata["group"] != group:
            group = f.metadata["group"]
            out.write(f"\n# --- {group} ---\n")
        _comment(out, f.metadata["help"])
        out.write("# ")
        _option(out, f.name, option_default(f))
    return out.getvalue()


def _help(name: str) -> str:
    help = next(f for f in dataclasses.fields(Config) if f.name == name).metadata["help"]
    return str(help)


def _comment(out: StringIO, text: str) -> None:
    for line in textwrap.wrap(text, _WIDTH):
        out.write(f"# {line}\n")


def _option(out: StringIO, name: str, value: Any) -> None:
    """One ``name: value`` line as YAML."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 4096
    if value is None and str not in typing.get_args(option_type(name)):
        value = "auto"  # a number chosen automatically; no file or name stays empty
    yaml.dump({name: list(value) if isinstance(value, tuple) else value}, out)
