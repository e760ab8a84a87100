"""Measure the refusal detector, and three simple ones, against the labels of ``outputs.jsonl``.

Recall of clean and of mixed refusals and false positives on the rest, each with n and a Wilson
interval, on both halves of the outputs; every disagreement of our detector is listed.

Use: ``python benchmarks/refusal/measure.py [--out FILE]``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realift.score import detect
from realift.score.fold import fold
from realift.verdict.paired import wilson

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from baselines import BASELINES  # noqa: E402

KINDS = ("clean", "mixed", "none")
HALVES = ("dev", "test")
OURS = "realift"
_HEAD = 4  # words


@dataclass(frozen=True, slots=True, kw_only=True)
class Labeled:
    """One output of a small model and what its reader called it.

    ``unsure``: the reader could not tell; ``trap``: no refusal, but it holds words of one;
    ``whole``: a refusal in well-formed sentences, without broken words.
    """

    source: str
    question: str
    output: str
    label: str
    unsure: bool
    trap: bool
    whole: bool


def load(path: Path = HERE / "outputs.jsonl") -> tuple[Labeled, ...]:
    """The labeled outputs."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return tuple(
        Labeled(
            source=row["source"],
            question=row["question"],
            output=row["output"],
            label=row["label"],
            unsure=row.get("unsure", False),
            trap=row.get("trap", False),
            whole=row.get("whole", False),
        )
        for row in rows
    )


def half(text: str) -> str:
    """``dev`` or ``test``, by a hash of the first four words.

    Not of the whole text: outputs that begin alike are variants of one wording, and a wording seen
    in dev must not come back in test.

    >>> half("I don't know. It is blue.") == half("I don't know.  It was red!")
    True
    """
    head = " ".join(fold(text).casefold().split()[:_HEAD])
    return HALVES[hashlib.sha256(head.encode()).digest()[0] % 2]


def measure(rows: Sequence[Labeled]) -> dict[str, Any]:
    """Every figure of every detector on the sure rows of both halves, and the disagreements."""
    sure = [row for row in rows if not row.unsure]
    detectors = {OURS: _ours} | {name: _of_text(f) for name, f in BASELINES.items()}
    return {
        "n_outputs": len(rows),
        "n_unsure": len(rows) - len(sure),
        **{
            which: {
                name: figures([r for r in sure if half(r.output) == which], f)
                for name, f in detectors.items()
            }
            for which in HALVES
        },
        "disagreements": [
            {"half": half(row.output), "label": row.label, "found": found, "unsure": row.unsure}
            | {"source": row.source, "question": row.question, "output": row.output}
            for row in rows
            if (found := _ours(row)) != row.label
        ],
    }


def _ours(row: Labeled) -> str:
    return detect(row.output, question=row.question).kind


def _of_text(f: Callable[[str], str]) -> Callable[[Labeled], str]:
    return lambda row: f(row.output)


def figures(rows: Sequence[Labeled], detector: Callable[[Labeled], str]) -> dict[str, Any]:
    """Confusion counts (label -> found -> n) and the rates that follow from them.

    ``refusals noticed``: a clean or mixed refusal is not taken for an answer. ``false positives``:
    no refusal, but called clean or mixed; ``on traps``: the same on answers with refusal words.
    ``well-formed``: clean and mixed refusals without broken words that are called by their kind.
    """
    found = [detector(row) for row in rows]
    confusion = {
        label: {
            kind: sum(r.label == label and k == kind for r, k in zip(rows, found, strict=True))
            for kind in KINDS
        }
        for label in KINDS
    }
    total = {label: sum(confusion[label].values()) for label in KINDS}
    refusals = total["clean"] + total["mixed"]
    missed = confusion["clean"]["none"] + confusion["mixed"]["none"]
    whole = [k == r.label for r, k in zip(rows, found, strict=True) if r.whole]
    traps = [k for r, k in zip(rows, found, strict=True) if r.trap]
    return {
        "confusion": confusion,
        "recall of clean": _rate(confusion["clean"]["clean"], total["clean"]),
        "recall of mixed": _rate(confusion["mixed"]["mixed"], total["mixed"]),
        "mixed called clean": _rate(confusion["mixed"]["clean"], total["mixed"]),
        "well-formed": _rate(sum(whole), len(whole)),
        "refusals noticed": _rate(refusals - missed, refusals),
        "false positives": _rate(total["none"] - confusion["none"]["none"], total["none"]),
        "false positives on traps": _rate(sum(k != "none" for k in traps), len(traps)),
    }


def _rate(k: int, n: int) -> dict[str, float | int | None]:
    rate = wilson(k, n)
    ends = rate.interval
    return {
        "k": k,
        "n": n,
        "rate": None if rate.value is None else round(rate.value, 4),
        "low": None if ends is None else round(ends.low, 4),
        "high": None if ends is None else round(ends.high, 4),
    }


RATES = (
    "recall of clean",
    "recall of mixed",
    "mixed called clean",
    "well-formed",
    "refusals noticed",
    "false positives",
    "false positives on traps",
)


def table(result: dict[str, Any], which: str) -> str:
    """The rates of one half as a Markdown table."""
    lines = ["| | " + " | ".join(RATES) + " |", "|---" * (len(RATES) + 1) + "|"]
    for name, figure in result[which].items():
        lines.append(f"| {name} | " + " | ".join(cell(figure[rate]) for rate in RATES) + " |")
    return "\n".join(lines)


def cell(rate: dict[str, Any]) -> str:
    """A rate with its interval and n.

    >>> cell({"k": 9, "n": 10, "rate": 0.9, "low": 0.596, "high": 0.982})
    '90% (60-98), 9/10'
    """
    if rate["rate"] is None:
        return "not measured"
    percent = [f"{100 * rate[key]:.0f}" for key in ("rate", "low", "high")]
    return f"{percent[0]}% ({percent[1]}-{percent[2]}), {rate['k']}/{rate['n']}"


def confusion_table(result: dict[str, Any], which: str) -> str:
    """Labels against our detector's findings, as a Markdown table."""
    confusion = result[which][OURS]["confusion"]
    lines = ["| label | " + " | ".join(f"found {k}" for k in KINDS) + " |", "|---" * 4 + "|"]
    for label in KINDS:
        lines.append(f"| {label} | " + " | ".join(str(confusion[label][k]) for k in KINDS) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE / "result.json")
    args = parser.parse_args()
    result = measure(load())
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    args.out.write_text(text, encoding="utf-8")
    for which in HALVES:
        print(f"\n{which}\n\n{table(result, which)}\n\n{confusion_table(result, which)}")


if __name__ == "__main__":
    main()
