"""The one way a page is rendered: whatever is put into a template is text, never markup.

jinja2 is loaded when a page is made.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(templates: Path, *, inert: Callable[[str], str]) -> Environment:
    """The templates of a folder. Every text goes through autoescape and ``inert`` (see ``text``);
    ``Markup`` is taken as it is, and a name that nobody gave is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    def finalize(value: Any) -> Any:
        return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
