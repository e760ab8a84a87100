"""Files to raw rows: finds the reader by the file's name and decodes the text.

What the keys of a row mean is decided in ``formats`` (training rows) and ``questions``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from realift.data.csv_rows import load_csv
from realift.data.json_rows import load_json
from realift.data.parquet_rows import load_parquet
from realift.data.problems import Findings
from realift.data.raw import RawRows
from realift.data.yaml_rows import load_yaml
from realift.types import Where

_LOADERS: dict[str, Callable[[str, str, Findings], RawRows]] = {
    ".jsonl": load_json,
    ".ndjson": load_json,
    ".json": load_json,
    ".csv": load_csv,
    ".tsv": load_csv,
    ".yaml": load_yaml,
    ".yml": load_yaml,
}
_UNSUPPORTED = {
    ".txt": "write one JSON object per line and name the file .jsonl",
    ".xlsx": "save the sheet as CSV (UTF-8)",
    ".xls": "save the sheet as CSV (UTF-8)",
    ".gz": "unpack it first",
    ".zip": "unpack it first",
}


def load_rows(path: str | Path, found: Findings) -> RawRows:
    """Read a file's rows; everything wrong with the file goes to ``found``, nothing is raised."""
    path = Path(path)
    none = RawRows(rows=())
    where = Where(file=path.name)
    if path.is_dir():
        found.error(
            "not-a-file", "is a folder, not a file", Where(file=str(path)), hint="give one file"
        )
        return none
    if not path.exists():
        found.error(
            "no-such-file",
            "no such file",
            Where(file=str(path)),
            hint="check the path; paths in a realift.yaml are taken from that file's folder",
        )
        return none
    if path.suffix.lower() in (".parquet", ".pq"):
        before = found.n_errors
        raw = load_parquet(path, found)
        if not raw.rows and found.n_errors == before:
            found.error("no-rows", "no rows in the file", where, hint="add at least one row")
        return raw
    load = _LOADERS.get(path.suffix.lower())
    if load is None:
        suffix = path.suffix.lower()
        found.error(
            "unknown-file-type",
            f"cannot read '{suffix}' files" if suffix else "has no file name extension",
            where,
            hint=_UNSUPPORTED.get(suffix, "use .jsonl, .json, .csv, .tsv, .yaml or .parquet"),
        )
        return none
    text = _decode(path, found)
    if text is None:
        return none
    if not text.strip():
        found.error("empty-file", "the file is empty", where, hint="add at least one row")
        return none
    before = found.n_errors
    raw = load(text, path.name, found)
    if not raw.rows and found.n_errors == before:
        found.error("no-rows", "no rows in the file", where, hint="add at least one row")
    return raw


def _decode(path: Path, found: Findings) -> str | None:
    try:
        data = path.read_bytes()
    except OSError as err:
        found.error("unreadable-file", f"cannot be read: {err.strerror}", Where(file=path.name))
        return None
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:200]:
        found.error(
            "not-utf8",
            "not UTF-8 text (it looks like UTF-16)",
            Where(file=path.name),
            hint="save the file as UTF-8 (in Excel: 'CSV UTF-8')",
        )
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        found.error(
            "not-utf8",
            f"not UTF-8 text (byte 0x{err.object[err.start]:02x}; it may be Latin-1 or "
            "Windows-1252)",
            Where(file=path.name, line=err.object.count(b"\n", 0, err.start) + 1),
            hint="save the file as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8",
        )
        return None
