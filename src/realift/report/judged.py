"""A judge's second opinion in words and figures, the same for terminal and page.

>>> second_opinions(run_folder.load("runs/acme-1")).judge  # doctest: +SKIP
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from realift import run_folder
from realift.errors import RunFolderError
from realift.report import figures, view
from realift.types import Comparison, Interval, Rate, RunResult

if TYPE_CHECKING:  # loading the judge's room takes a while, and most runs have none
    from realift.judge.records import ArmTrust, GroundingResult, JudgeResult, Opinion
    from realift.verdict.agreement import CorrectedDifference, Estimate

COLUMNS = ("base", "adapter", "difference, 95% interval", "n", "p")
JUDGE, GROUNDING = "judge.json", "judge_grounding.json"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinions:
    """What ``realift judge`` left in the run folder; ``problems`` name files that do not read."""

    judge: JudgeResult | None
    grounding: GroundingResult | None
    problems: tuple[str, ...]


def second_opinions(result: RunResult) -> SecondOpinions:
    """Read ``judge.json`` and ``judge_grounding.json`` beside the run; most runs have neither."""
    problems: list[str] = []

    def read(name: str, cls: type[T]) -> T | None:
        path = Path(result.folder) / name
        if not path.exists():
            return None
        try:
            return run_folder.from_plain(cls, run_folder.read_json(path))
        except RunFolderError as err:
            problems.append(f"{name}: {str(err).removeprefix(str(path))}")
            return None

    root = Path(result.folder)
    if not (root / JUDGE).exists() and not (root / GROUNDING).exists():
        return SecondOpinions(judge=None, grounding=None, problems=())
    from realift.judge.records import GroundingResult, JudgeResult

    judge = read(JUDGE, JudgeResult)
    grounding = read(GROUNDING, GroundingResult)
    return SecondOpinions(judge=judge, grounding=grounding, problems=tuple(problems))


def judge_title(judged: JudgeResult) -> str:
    """How much the opinion is worth, in a headline."""
    if judged.validated:
        return f"Second opinion, checked against {figures.counted(judged.n_labelled, 'label')}"
    return "Second opinion, unvalidated"


def judge_rows(judged: JudgeResult, result: RunResult) -> list[tuple[str, ...]]:
    """The scorer's and the judge's figures: a name, then a cell for each of ``COLUMNS``."""
    mark = "" if judged.validated else " (unvalidated)"
    comparisons = result.verdict.comparisons if result.verdict else ()
    scored = next((c for c in comparisons if c.dimension == "correctness" and not c.probe), None)
    rows = [_row("the scorer", scored)] if scored else []
    rows.append(_row(f"judge, each answer alone{mark}", judged.graded))
    if judged.corrected:
        rows.append(_corrected_row(judged.corrected, judged.arms))
    return [*rows, _row(f"judge, side by side{mark}", judged.preferred)]


def _row(name: str, c: Opinion | Comparison) -> tuple[str, ...]:
    return (
        name,
        figures.percent(c.base.value),
        figures.percent(c.adapter.value),
        _change(c.difference, c.interval),
        str(c.n_scored),
        figures.p_value(c.p_value),
    )


def _corrected_row(c: CorrectedDifference, arms: tuple[ArmTrust, ...]) -> tuple[str, ...]:
    base, adapter = (figures.percent(a.corrected.value) for a in arms)
    return (
        f"judge, corrected by {2 * c.n_labelled} labels",
        base,
        adapter,
        _change(c.value, c.interval),
        str(c.n),
        figures.p_value(c.p_value),
    )


def _change(difference: float | None, interval: Interval | None) -> str:
    if difference is None:
        return figures.NOT_MEASURED
    return f"{figures.points(difference)} {figures.interval(interval)}"


# --- the judge itself --------------------------------------------------------------------------


def judge_trust(judged: JudgeResult) -> list[tuple[str, str]]:
    """What is known of this judge, as names and texts."""
    replies = f"{judged.n_replies:,}"
    if judged.n_unreadable or judged.n_failed:
        replies += f", {judged.n_unreadable:,} not readable; {judged.n_failed:,} requests failed"
    lines: list[tuple[str, str]] = [
        ("Replies", replies),
        ("Same twice", f"{_rate(judged.consistency)} of answers graded twice"),
        ("Order bias", f"{_rate(judged.position_bias)} of pairs turned round by the order"),
        ("Scorer", f"differs on {len(judged.disagreements):,} of {judged.n_compared:,} answers"),
    ]
    if judged.kappa is not None:
        lines.append(("Kappa", _kappa(judged.kappa)))
    lines += [(view.ARM_NAMES[a.arm].capitalize(), _arm(a)) for a in judged.arms]
    return lines


def _kappa(kappa: Estimate) -> str:
    labels = figures.counted(kappa.n, "label")
    if kappa.value is None or kappa.interval is None:
        return f"{figures.NOT_MEASURED}: judge and labels say the same of every answer ({labels})"
    span = f"95% {kappa.interval.low:.2f} to {kappa.interval.high:.2f}"
    return f"{kappa.value:.2f} ({span}, {labels}); 1 = as people, 0 = as chance"


def _arm(trust: ArmTrust) -> str:
    found = trust.accuracy
    return (
        f"accepts {_rate(found.sensitivity)} of right answers, "
        f"rejects {_rate(found.specificity)} of wrong ones"
    )


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return f"{figures.NOT_MEASURED} (n 0)"
    return f"{figures.percent(rate.value)} ({figures.rate_interval(rate)}, n {rate.n})"


def grounding_rows(found: GroundingResult) -> list[tuple[str, ...]]:
    """Grounding by shared words and by a model: a name, then a cell for each of ``COLUMNS``."""
    mark = "" if found.usable else " (does not count)"
    return [_row("shared words", found.words), _row(f"the model{mark}", found.judged)]


def grounding_trust(found: GroundingResult) -> list[tuple[str, str]]:
    """How the model did on answers that are known."""
    return [
        ("Known", f"{found.n_misjudged:,} of {found.n_tested:,} known answers misjudged"),
        ("Strange", f"{found.n_fooled:,} of {found.n_strange:,} strange contexts believed"),
        ("Differs", f"on {found.n_differ:,} of {found.n_compared:,} answers"),
    ]
