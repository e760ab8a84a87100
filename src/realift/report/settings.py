"""The options of a run, as its ``config.yaml`` holds them.

>>> config_of(run_folder.load("runs/acme-1"))["epochs"]  # doctest: +SKIP
12
"""

from __future__ import annotations

from pathlib import Path

from realift.types import RunResult

_NOT_SETTINGS = ("name", "runs_dir")  # where the run lies changes nothing


def config_of(result: RunResult) -> dict[str, object]:
    """The run's options as its ``config.yaml`` has them; none if that cannot be read."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        text = (Path(result.folder) / "config.yaml").read_text(encoding="utf-8")
        loaded = YAML(typ="safe").load(text)
    except (OSError, UnicodeDecodeError, YAMLError):
        return {}
    options = loaded if isinstance(loaded, dict) else {}
    return {str(k): v for k, v in options.items() if k not in _NOT_SETTINGS}
