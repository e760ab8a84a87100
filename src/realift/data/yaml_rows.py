"""YAML to raw rows. Scalars keep their spelling: ``1.50`` and ``yes`` stay what was written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from realift.data.problems import Findings
from realift.data.raw import WRAPPERS, Number, RawRow, RawRows, make_row, tidy_key
from realift.data.text import shorten
from realift.types import Where


def load_yaml(text: str, file: str, found: Findings) -> RawRows:
    """A list of mappings. Scalars keep their spelling, so ``1.50`` and ``yes`` stay texts."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        root = YAML(typ="rt").compose(text)
    except YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        found.error(
            "bad-yaml",
            f"not valid YAML: {getattr(err, 'problem', None) or shorten(str(err))}",
            Where(file=file, line=mark.line + 1 if mark else 0),
            hint="check the indentation, and quote texts that contain ': ' or begin with [ or {",
        )
        return RawRows(rows=())
    rows: list[RawRow] = []
    for node in _yaml_items(root):
        where = Where(file=file, line=node.start_mark.line + 1)
        try:
            value = _yaml_value(node)
        except RecursionError:
            found.error("bad-yaml", "an alias that contains itself", where)
            continue
        rows += make_row(value, where, found)
    return RawRows(rows=tuple(rows))


def _yaml_items(root: Any) -> Iterable[Any]:
    if root is None:
        return ()
    if root.id == "mapping" and len(root.value) == 1:
        key, inner = root.value[0]
        if inner.id == "sequence" and tidy_key(str(key.value)) in WRAPPERS:
            return tuple(inner.value)
    return tuple(root.value) if root.id == "sequence" else (root,)


def _yaml_value(node: Any) -> Any:
    if node.id == "mapping":
        return {str(_yaml_value(k)): _yaml_value(v) for k, v in node.value}
    if node.id == "sequence":
        return [_yaml_value(item) for item in node.value]
    tag = str(node.tag).rsplit(":", 1)[-1]
    if tag == "null":
        return None
    if tag == "bool":
        return str(node.value).lower() == "true"
    return Number(node.value) if tag in {"int", "float"} else str(node.value)
