"""How far the download of a base is, as events like those of every other stage."""

from __future__ import annotations

import inspect
from io import StringIO
from typing import Any

from realift.types import OnEvent, Progress

_LARGE = 5_000_000  # bytes from which the download of a file is told
_MEGABYTE = 1_000_000


def told(on_event: OnEvent) -> dict[str, Any]:
    """What a model's ``from_pretrained`` is given so that its downloads are ``Progress`` events.

    Done and total are megabytes. Empty with a transformers that takes no class for its bars.
    """
    from tqdm.std import tqdm
    from transformers.utils.hub import cached_files

    if "tqdm_class" not in inspect.signature(cached_files).parameters:
        return {}

    class Bar(tqdm):  # type: ignore[misc]
        seen = -1  # megabytes told last

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "file": StringIO(), "disable": False})

        def display(self, *_: Any, **__: Any) -> bool:
            done, total = (round((n or 0) / _MEGABYTE) for n in (self.n, self.total))
            if (self.total or 0) >= _LARGE and done != self.seen:
                self.seen = done
                file = self.desc.removesuffix(": ").rpartition("/")[2]
                on_event(Progress(stage=f"download {file}", done=done, total=total))
            return True

    return {"tqdm_class": Bar}
