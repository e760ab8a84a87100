"""``index.html`` in the runs folder: every run with a link to its report.

One file, no script, no network; names and errors are inert text. It shares the style sheet of the
report. Written after every run, so it is as old as the last of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from realift import run_folder
from realift.history import words
from realift.history.read import INDEX, RunRow, list_runs
from realift.report import figures
from realift.report.templating import environment
from realift.report.text import clean

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = Path(__file__).parents[1] / "report" / "templates" / "report.css"


def write_index(runs_dir: str | Path) -> Path:
    """Write the page anew from the run folders; returns where it is."""
    path = Path(runs_dir) / INDEX
    run_folder.write_text(path, render_index(list_runs(runs_dir), now=run_folder.now()))
    return path


def remove_runs(folders: Iterable[Path]) -> None:
    """Delete run folders and write the page of every runs folder concerned anew."""
    places = set()
    for folder in folders:
        shutil.rmtree(folder)
        places.add(folder.parent)
    for place in places:
        if (place / INDEX).exists():
            write_index(place)


def render_index(rows: Sequence[RunRow], *, now: str) -> str:
    """The page as HTML text; the same rows and time give the same bytes."""
    template = environment(_TEMPLATES, inert=clean).get_template("index.html.j2")
    return template.render(
        rows=rows,
        now=now,
        words=words,
        figures=figures,
        link=lambda row: quote(f"{row.name}/report.html"),
        folder=lambda row: Path(row.folder),
        linked=lambda row: (Path(row.folder) / "report.html").is_file(),
        style=Markup(_STYLE.read_text(encoding="utf-8")),
    )
