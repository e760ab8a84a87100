"""What a run's folder says of its data, how far it got and how it was made.

>>> status(RunResult(name="a", folder="a", verdict=None, data=None, plan=None, training=None,
...                  arms=(), manifest={"status": "failed"}))
'failed'
"""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass

from realift.report import figures
from realift.types import LeakCheck, Problem, RunResult


def leak_check_fired(check: LeakCheck | None) -> bool:
    """Whether the leak check could have found something: planted copies were all caught."""
    return (
        check is not None
        and check.n_could_fire > 0
        and 0 < check.controls_planted <= check.controls_caught
    )


def problem_count(problems: tuple[Problem, ...]) -> str:
    """Problems by severity: "2 errors, 1 warning"."""
    by = Counter(p.severity for p in problems)
    return ", ".join(figures.counted(by[s], s) for s in ("error", "warning", "note") if by[s])


def leak_sentence(check: LeakCheck | None) -> str:
    """What the leak check can claim: a check that could not have fired is NOT CHECKED."""
    if check is None:
        return "NOT CHECKED (no comparison of the two files was made)"
    reach = (
        f"could have caught {check.n_could_fire:,} of "
        f"{figures.counted(check.n_questions, 'question')}; "
        f"caught {check.controls_caught} of {check.controls_planted} planted copies"
    )
    if check.leaks:
        by = Counter(leak.kind for leak in check.leaks)
        found = ", ".join(f"{by[k]} {k}" for k in ("exact", "near", "suspect") if by[k])
        return f"{found} ({reach})"
    if not leak_check_fired(check):
        return f"NOT CHECKED ({reach})"
    return f"none found ({reach})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the work and whether its result is in the folder."""

    name: str
    reached: bool


def stages(result: RunResult) -> tuple[Stage, ...]:
    """How far the run got, by what is in its folder."""
    reached = {
        "read and check the data": result.data is not None,
        "plan the training": result.plan is not None,
        "train": result.training is not None,
        "answer the questions": bool(result.completions),
        "score the answers": bool(result.scores),
        "decide": result.verdict is not None,
    }
    if reached["answer the questions"] and not reached["train"]:
        del reached["plan the training"], reached["train"]  # a comparison of finished models
    return tuple(Stage(name=name, reached=done) for name, done in reached.items())


def name(result: RunResult) -> str:
    """The run's name; a folder opened as "." is named by its manifest."""
    return result.name or str(result.manifest.get("name") or "run")


def status(result: RunResult) -> str:
    """The manifest's status; an old or broken manifest says "unknown"."""
    return str(result.manifest.get("status") or "unknown")


def status_sentence(result: RunResult) -> str:
    """What the status means for a run without a verdict."""
    return {
        "failed": "This run stopped with an error before it could be judged.",
        "interrupted": "This run was interrupted before it could be judged.",
        "running": "This run has not ended: it is still going, or it was killed.",
        "done": "This run ended without a verdict: nothing was compared.",
    }.get(status(result), "This run has no verdict, and its manifest does not say why.")


def error_lines(result: RunResult) -> tuple[str, ...]:
    """The error that ended the run and its hint, as the manifest keeps them."""
    error, hint = result.manifest.get("error"), result.manifest.get("hint")
    if not error:
        return ()
    return (str(error), f"hint: {hint}") if hint else (str(error),)


def command(result: RunResult) -> str:
    """The command that made the run, ready for a shell ("" if the manifest has none)."""
    given = result.manifest.get("command")
    if isinstance(given, list | tuple):
        return shlex.join(str(part) for part in given)
    return str(given or "")
