"""Every option of realift, once, and the three ways it is given: default < file < flag.

The command-line flags, the comments of a written ``realift.yaml`` and the table in
``docs/reference.md`` are made from the fields of ``Config``, so they cannot drift apart.
``Config.given`` remembers which options were given and by whom.

>>> resolve(flags={"lora_r": 4}).lora_r
4
>>> resolve().lora_alpha
16
"""

from realift.config.options import (
    HUB,
    PROBES,
    REFUSAL,
    TRACKERS,
    Config,
    chosen_probes,
    column_names,
    names_dataset,
    option_default,
    option_fields,
    option_type,
)
from realift.config.reading import resolve
from realift.config.writing import as_dict, to_markdown, to_yaml

__all__ = [
    "HUB",
    "PROBES",
    "REFUSAL",
    "TRACKERS",
    "Config",
    "as_dict",
    "chosen_probes",
    "column_names",
    "names_dataset",
    "option_default",
    "option_fields",
    "option_type",
    "resolve",
    "to_markdown",
    "to_yaml",
]
