"""A ``Config`` as plain values, as commented YAML and as the table of ``docs/reference.md``."""

from __future__ import annotations

import typing
from io import StringIO
from typing import Any

from realift.config.options import Config, option_default, option_fields, option_type


def as_dict(config: Config) -> dict[str, Any]:
    """The options as plain values (tuples become lists)."""
    out = {}
    for f in option_fields():
        value = getattr(config, f.name)
        out[f.name] = list(value) if isinstance(value, tuple) else value
    return out


def to_yaml(config: Config) -> str:
    """The resolved options as commented YAML; each says whether it was given or defaulted.

    Reading the text back with ``resolve(file=...)`` gives the same options.
    """
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = 4096
    out = StringIO()
    group = None
    for f in option_fields():
        if f.metadata["group"] != group:
            group = f.metadata["group"]
            out.write(f"{chr(10) if out.tell() else ''}# --- {group} ---\n")
        by = config.given.get(f.name, "default")
        out.write(f"# {f.metadata['help']} [{by}]\n")
        value = as_dict(config)[f.name]
        if value is None and str not in typing.get_args(option_type(f.name)):
            value = "auto"  # a number chosen automatically; no file or name stays empty
        yaml.dump({f.name: value}, out)
    return out.getvalue()


def to_markdown() -> str:
    """The table of all options for ``docs/reference.md`` (a test keeps the two equal)."""
    lines = []
    group = None
    for f in option_fields():
        if f.metadata["group"] != group:
            group = f.metadata["group"]
            lines += ["", f"## {group}", "", "| option | default | what it does |", "|---|---|---|"]
        default = option_default(f)
        shown = "automatic" if default in (None, ()) else f"`{default}`"
        flag = f"`--{f.name.replace('_', '-')}`"
        lines.append(f"| `{f.name}` {flag} | {shown} | {f.metadata['help']} |")
    return "\n".join(lines).strip() + "\n"
