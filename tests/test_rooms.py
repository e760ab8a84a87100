"""The house: imports point one way, and the light rooms never load the heavy libraries."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "realift"

# From the roof down: a room may import only from rooms below it (docs/how-it-works.md).
ROOMS = [
    "__main__",
    "cli",
    "live",
    "doctor",
    "__init__",
    "api",
    "pipeline",
    "reporting",
    "judging",
    "probing",
    "asking",
    "chat",
    "fitting",
    "recording",
    "resuming",
    "inputs",
    "measuring",
    "manifest",
    "history",
    "starter",
    "rendering",
    "advising",
    "deliver",
    "report",
    "augmenting",
    "cleaning",
    "sources",
    "probes",
    "judge",
    "answer",
    "train",
    "engine",
    "model",
    "verdict",
    "score",
    "data",
    "run_folder",
    "hub",
    "config",
    "errors",
    "types",
]
HEAVY = {"torch", "transformers", "peft", "accelerate", "datasets"}
LIGHT = ROOMS[ROOMS.index("verdict") :]
# errors.py names a record in a type annotation only.
ALLOWED = {("errors", "types"), ("types", "errors")}


def imports(path: Path, *, lazy: bool) -> set[str]:
    """Modules a file imports, without type-checking blocks; ``lazy``: also inside functions."""
    found: set[str] = set()
    stack: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if not lazy and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
        stack += ast.iter_child_nodes(node)
    return found


def room(path: Path) -> str:
    return path.relative_to(SOURCE).with_suffix("").parts[0]


FILES = sorted(SOURCE.rglob("*.py"))


def test_every_file_stands_in_a_known_room() -> None:
    assert {room(f) for f in FILES} == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    here = room(path)
    for name in imports(path, lazy=True):
        parts = name.split(".")
        if parts[0] != "realift" or len(parts) < 2 or parts[1] not in ROOMS:
            continue
        there = parts[1]
        if there != here and (here, there) not in ALLOWED:
            assert ROOMS.index(there) > ROOMS.index(here), f"{here} imports {there} ({name})"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_heavy_libraries_load_lazily_and_never_in_light_rooms(path: Path) -> None:
    top = {n.split(".")[0] for n in imports(path, lazy=False)}
    assert not top & HEAVY
    if room(path) in LIGHT:
        assert not {n.split(".")[0] for n in imports(path, lazy=True)} & HEAVY


@pytest.mark.parametrize(
    "code",
    [
        "import realift",
        "import realift.cli",
        "import realift.verdict, realift.score, realift.data.read",
        "import realift.report.terminal, realift.report.html",
    ],
)
def test_nothing_heavy_is_loaded_by(code: str) -> None:
    script = f"{code}\nimport sys\nprint([m for m in {sorted(HEAVY)} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_guard_sees_a_lazy_import(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("def f():\n    import torch\n    from realift.cli import app\n")
    assert {"torch", "realift.cli"} <= imports(file, lazy=True)
    assert imports(file, lazy=False) == set()
