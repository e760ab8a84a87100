"""Commands ready to type, made from the one that was typed.

>>> again("realift run acme.yaml --seed 1 --json", {"--epochs": "3"})
'realift run acme.yaml --seed 1 --epochs 3'
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from realift.types import RunResult

_DROPPED = ("--json", "--quiet", "-q", "--gate")  # of no use to a person who tries again
_DROPPED_WITH_VALUE = ("--name",)  # names a run that exists
_SHORT = {"-t": "--train", "-e": "--eval", "-b": "--base", "-a": "--adapter"}


def again(command: str, options: Mapping[str, str]) -> str:
    """The command with other options: given ones are replaced, new ones put at the end."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    kept: list[str] = []
    skip = False
    for word in words:
        name, equals, _ = word.partition("=")
        name = _SHORT.get(name, name)
        if skip:
            skip = False
        elif name in _DROPPED:
            continue
        elif name in options or name in _DROPPED_WITH_VALUE:
            skip = not equals
        else:
            kept.append(word)
    return shlex.join([*kept, *(part for pair in options.items() for part in pair)])


def paths(result: RunResult) -> dict[str, str]:
    """The files a run read, by option name ("train", "eval", "docs")."""
    data: Any = result.manifest.get("data")
    if not isinstance(data, dict):
        return {}
    return {
        name: fact["path"]
        for name, fact in data.items()
        if isinstance(fact, dict) and isinstance(fact.get("path"), str)
    }


def typed(result: RunResult) -> str:
    """The command that made the run; put together from the manifest if it was called in Python."""
    command = result.manifest.get("command")
    if isinstance(command, str) and command.startswith("realift "):
        return command
    given = {"base": result.manifest.get("base"), **paths(result)}
    parts = [p for n, v in given.items() if isinstance(v, str) for p in (f"--{n}", v)]
    return shlex.join(["realift", "run", *parts]) if parts else ""


def retrain(result: RunResult, options: Mapping[str, str]) -> str:
    """The run once more with other options; "" if the run trained nothing (``compare``)."""
    command = typed(result)
    words = command.split()
    trained = words[1:2] == ["run"] or words[1:2] == ["train"]
    return again(command, options) if trained else ""


def judge_again(result: RunResult, options: Mapping[str, str]) -> str:
    """The adapter of the run, judged once more with other options: nothing is trained anew."""
    command = typed(result)
    if command.split()[1:2] == ["compare"]:
        return again(command, options)
    known = paths(result)
    if "eval" not in known or not command:
        return ""
    config = [w for w in shlex.split(command)[2:3] if w.endswith((".yaml", ".yml"))]
    files = [] if config else [p for n, v in known.items() for p in (f"--{n}", v)]
    base = result.manifest.get("base")
    own = ["--base", base] if isinstance(base, str) and not config else []
    adapter = ["--adapter", str(PurePath(result.folder) / "adapter")]
    rest = [part for pair in options.items() for part in pair]
    return shlex.join(["realift", "compare", *config, *adapter, *own, *files, *rest])


def augment(result: RunResult, *, refusals: int = 0, reword: int = 0) -> str:
    """``realift augment`` on the run's training rows; "" if their file is not known."""
    known = paths(result)
    if "train" not in known:
        return ""
    out = more_rows(known["train"])
    parts = ["realift", "augment", known["train"], "--out", out]
    parts += ["--eval", known["eval"]] if "eval" in known else []
    parts += ["--refusals", str(refusals)]
    parts += ["--reword", str(reword)] if reword else []
    return shlex.join(parts)


def more_rows(train: str) -> str:
    """Where further rows go: a neighbor of the training file ("" = the run had none).

    >>> more_rows("data/train.csv"), more_rows("train-more.jsonl"), more_rows("")
    ('data/train-more.jsonl', 'train-more-2.jsonl', 'train-more.jsonl')
    """
    path = PurePath(train or "train.jsonl")
    stem, _, number = path.stem.rpartition("-more")
    if not stem:
        return str(path.with_name(f"{path.stem}-more.jsonl"))
    count = int(number.lstrip("-")) + 1 if number.lstrip("-").isdigit() else 2
    return str(path.with_name(f"{stem}-more-{count}.jsonl"))
