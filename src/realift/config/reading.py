"""Defaults, a YAML file and flags merged into one checked ``Config``."""

from __future__ import annotations

import difflib
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from realift.config.options import HUB, Config, Given, names_dataset, option_fields, option_type
from realift.errors import UsageError

_DATA_FILES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".xlsx", ".parquet", ".txt")


def resolve(
    *,
    file: str | Path | None = None,
    flags: Mapping[str, Any] | None = None,
) -> Config:
    """Merge defaults, a YAML file and flags into one checked ``Config``.

    Relative ``train``/``eval`` paths in the file are taken from the file's folder, so
    ``realift run examples/acme/realift.yaml`` works from anywhere. ``None`` flags are not given.

    Raises:
        UsageError: naming every unknown key (with the nearest known one) and every bad value.
    """
    values: dict[str, Any] = {}
    given: dict[str, Given] = {}
    problems: list[str] = []
    if file is not None:
        _take(_read_yaml(Path(file)), "file", values, given, problems, prefix=str(file))
        for key in ("train", "eval", "docs"):
            if isinstance(values.get(key), str) and not values[key].startswith("chroma:"):
                values[key] = _beside(Path(file).parent, values[key])
        base = values.get("base")
        if isinstance(base, str) and base.startswith(("./", "../", ".\\", "..\\")):
            values["base"] = _beside(Path(file).parent, base)
    present = {k: v for k, v in (flags or {}).items() if v is not None}
    _take({k: (v, None) for k, v in present.items()}, "flag", values, given, problems, prefix="")
    if problems:
        raise UsageError("\n".join(problems), hint="see 'realift run --help' for all options")
    return Config(**values, given=given)


def _beside(folder: Path, path: str) -> str:
    if path.startswith(HUB) or (names_dataset(path) and not (folder / path).exists()):
        return path
    joined = folder / path
    return str(joined if joined.exists() or not Path(path).exists() else Path(path))


def _take(
    pairs: Mapping[str, tuple[Any, int | None]],
    by: Given,
    values: dict[str, Any],
    given: dict[str, Given],
    problems: list[str],
    *,
    prefix: str,
) -> None:
    fields = {f.name: f for f in option_fields()}
    for key, (raw, line) in pairs.items():
        at = f"{prefix}:{line}: " if prefix and line else (f"{prefix}: " if prefix else "")
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1, cutoff=0.5)
            known = f" (did you mean '{near[0]}'?)" if near else ""
            problems.append(f"{at}unknown option '{key}'{known}")
            continue
        shown = key if by == "file" else "--" + key.replace("_", "-")
        try:
            value = _convert(raw, option_type(key))
        except ValueError as err:
            problems.append(f"{at}{shown}: {err}")
            continue
        check = fields[key].metadata["check"]
        wrong = check(value) if check else None
        if wrong:
            problems.append(f"{at}{shown}: {value!r} {wrong}")
            continue
        values[key] = value
        given[key] = by


def _convert(raw: Any, wanted: Any) -> Any:
    """Turn a YAML or flag value into the option's type, or say in words why not."""
    args = typing.get_args(wanted)
    if typing.get_origin(wanted) in (types.UnionType, typing.Union):
        if raw is None or raw == "auto":
            return None
        return _convert(raw, next(a for a in args if a is not type(None)))
    if typing.get_origin(wanted) is tuple:
        if isinstance(raw, Mapping):  # columns: {instruction: frage}
            raw = [f"{key}={value}" for key, value in raw.items()]
        items = [raw] if isinstance(raw, str) else raw
        if not isinstance(items, list | tuple) or not all(isinstance(i, str) for i in items):
            raise ValueError(f"{raw!r} is not a list of texts")
        return tuple(str(i) for i in items)
    if wanted is bool:
        if isinstance(raw, bool):
            return raw
        raise ValueError(f"{raw!r} is not true or false")
    if wanted is str or typing.get_origin(wanted) is Literal:
        if isinstance(raw, list | tuple):  # lora_target_modules: [q_proj, v_proj]
            return ",".join(str(i) for i in raw)
        if isinstance(raw, str | Path):
            return str(raw)
        raise ValueError(f"{raw!r} is not a text (put it in quotes)")
    number = _number(raw)
    if wanted is int:
        if not float(number).is_integer():
            raise ValueError(f"{raw!r} is not a whole number")
        return int(number)
    return float(number)


def _number(raw: Any) -> float:
    """A finite number; ``1e-4`` counts, though YAML 1.1 readers take it for a text."""
    if isinstance(raw, bool):
        raise ValueError(f"{raw!r} is not a number")
    try:
        number = float(raw)
    except (TypeError, ValueError):
        raise ValueError(f"{raw!r} is not a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{raw!r} is not a finite number")
    return number


def _read_yaml(path: Path) -> dict[str, tuple[Any, int | None]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    if path.suffix.lower() in _DATA_FILES:
        raise UsageError(
            f"{path}: this is data; here goes a realift.yaml with options",
            hint=f"give data by name: --train {path}, or --eval {path}",
        )
    if not path.is_file():
        there = sorted(p.name for p in (path if path.is_dir() else path.parent).glob("*.y*ml"))
        place = path if path.is_dir() else path.parent
        what = "is a folder" if path.is_dir() else "no such file"
        guess = f"did you mean {place / there[0]}?" if there else "give the path of a realift.yaml"
        raise UsageError(f"{path}: {what}", hint=f"{guess} (realift init writes one)")
    try:
        loaded = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 0
        raise UsageError(f"{path}:{line}: not valid YAML: {err.problem}") from err
    except UnicodeDecodeError as err:
        raise UsageError(f"{path}: not UTF-8 text", hint="save the file as UTF-8") from err
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise UsageError(
            f"{path}: expected 'option: value' lines", hint="see realift.yaml in examples/"
        )
    places: Any = loaded
    lines = {key: places.lc.key(key)[0] + 1 for key in loaded}
    return {str(key): (_plain(value), lines[key]) for key, value in loaded.items()}


def _plain(value: Any) -> Any:
    """ruamel's round-trip types as plain Python ones."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value) if isinstance(value, str) else value
