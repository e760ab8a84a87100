"""``--json``: the run for machines, with stable keys (described in ``docs/run_folder.md``).

Everything is there except the rows (questions, answers, scores, curve), which stand in the files
that ``paths`` names. Numbers are as computed, not rounded; ``null`` = not measured.

>>> json.dumps(to_json(result))  # doctest: +SKIP
"""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import Any

from realift.report import state, view
from realift.report.judged import second_opinions
from realift.run_folder import to_plain
from realift.types import DataSummary, RunResult, TrainResult, Verdict

SCHEMA = 1  # of this document; raised when a key changes its meaning or goes

_FILES = {
    "report_html": "report.html",
    "report_md": "report.md",
    "verdict": "verdict.json",
    "answers": "answers.jsonl",
    "scores": "scores.jsonl",
    "checks": "checks.json",
    "advice": "advice.json",
    "manifest": "manifest.json",
    "config": "config.yaml",
    "adapter": "adapter",
}


def to_json(result: RunResult) -> dict[str, Any]:
    """One run as JSON-ready values; parts that the run did not reach are ``null``."""
    folder = PurePath(result.folder)
    opinions = second_opinions(result)
    return {
        "schema": SCHEMA,
        "name": state.name(result),
        "status": state.status(result),
        "error": "\n".join(state.error_lines(result)) or None,
        **_judged(result.verdict),
        "checks": to_plain(result.checks),
        "advice": to_plain(result.advice),
        "judge": to_plain(opinions.judge),
        "judge_grounding": to_plain(opinions.grounding),
        "data": _data(result.data) if result.data else None,
        "plan": to_plain(result.plan) if result.plan else None,
        "training": _training(result.training) if result.training else None,
        "arms": to_plain(result.arms),
        "counts": {
            "questions": len(result.questions),
            "answers": len(result.completions),
            "scores": len(result.scores),
        },
        "paths": {
            "folder": str(folder),
            **{key: str(folder / name) for key, name in _FILES.items()},
        },
        "manifest": dict(result.manifest),
    }


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """A bare verdict (``compare --scores``): the same keys, without those of a run."""
    return {"schema": SCHEMA, **_judged(verdict)}


def _judged(verdict: Verdict | None) -> dict[str, Any]:
    if verdict is None:
        return {"verdict": None, "comparisons": [], "guards": [], "signature": None}
    plain = to_plain(verdict)
    return {
        "verdict": {k: v for k, v in plain.items() if k not in ("comparisons", "guards")},
        "comparisons": plain["comparisons"],
        "guards": plain["guards"],
        "signature": view.signature(verdict) or None,
    }


def _data(data: DataSummary) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(data)
    severities = Counter(problem.severity for problem in data.problems)
    plain["n_problems"] = {s: severities[s] for s in ("error", "warning", "note")}
    return plain


def _training(training: TrainResult) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(training)
    return {key: value for key, value in plain.items() if key != "curve"}
