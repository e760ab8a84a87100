"""All probes of a run: what they ask, of which adapter, and the checks that come of it.

>>> probed = probe_all(base, trained, adapter, data, scores, config, folder, ask, score, on_event)
... # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from realift import run_folder
from realift.asking import BOTH, Order, in_order
from realift.config import Config, chosen_probes
from realift.fitting import Trained
from realift.inputs import Data
from realift.probes.asked import Asked, ScoreAnswers, switched_off
from realift.probes.baselines import NAME as BASELINES
from realift.probes.baselines import baselines_check
from realift.probes.context import memory_check, refusal_draft
from realift.probes.context_removed import NAME as REMOVED
from realift.probes.invented import NAME as INVENTED
from realift.probes.invented import invented_drafts
from realift.probes.nulls import DERANGED, RANDOM, nulls_check, save_random_adapter
from realift.probes.questions import probe_questions, swapped
from realift.probes.swap import NAME as SWAPPED
from realift.probes.swap import swap_draft
from realift.probes.twins import with_context
from realift.types import (
    Check,
    Completion,
    CurvePoint,
    Example,
    OnEvent,
    Progress,
    Question,
    Score,
)
from realift.verdict.checks import SPECS, Draft, judge_drafts

if TYPE_CHECKING:
    from realift.answer.arms import Answers
    from realift.model.load import Base

ENOUGH_HELD_OUT = 30  # rows held out of the training; with fewer, questions of the eval set help
LOSSES = ("memorization", "regurgitation", "forgetting")  # these look into the model itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """Everything the probes brought back; ``removed`` carries the guard about the context."""

    checks: tuple[Check, ...]
    completions: tuple[Completion, ...]
    scores: tuple[Score, ...]
    removed: Asked | None


def probe_all(
    base: Base,
    trained: Sequence[Trained],
    adapter: Path,
    data: Data,
    scores: Sequence[Score],
    config: Config,
    folder: Path,
    ask: Callable[..., list[Answers]],
    score: ScoreAnswers,
    on_event: OnEvent,
) -> Probed:
    """Ask every chosen probe's questions, look at losses, and judge what comes back.

    Args:
        trained: the adapters; those of the first seed are asked, each about its own questions.
        adapter: the one that the verdict is about; losses and shipped questions are about it.
        scores: of the eval set.
        folder: the run's, for the held-out rows and the training's curve.
    """
    main = next(t for t in trained if t.folder == adapter)
    asked: dict[str, Asked] = {}
    for name, questions in probe_questions(config, data.questions).items():
        if name == INVENTED:
            orders = [(dataclasses.replace(main, questions=questions), [BOTH])]
        else:
            orders = [(_asked_only(t, questions), [BOTH]) for t in trained if t.number == 0]
        completions = in_order(ask(orders, stage=name, probe=name), questions)
        asked[name] = Asked(
            name=name,
            questions=questions,
            completions=completions,
            scores=score(questions, completions),
        )
    found = {c.name: c for c in _judged(asked, data, scores, config, score)}
    if BASELINES in chosen_probes(config.probes):
        found[BASELINES] = baselines_check(
            data.questions, scores, main.examples, score=score, min_gain=config.min_gain
        )
    null = _ask_nulls(main, trained, data, scores, config, ask, score)
    if null is not None:
        asked[null.name] = null
        found["nulls"] = nulls_check(data.questions, scores, null.scores, min_gain=config.min_gain)
    found |= {c.name: c for c in _losses(base, main, data, config, folder, on_event)}
    for name in (s.name for s in SPECS if s.name not in found and s.name != "nulls"):
        found[name] = switched_off(name, required=_waits(name, data))
    return Probed(
        checks=tuple(found[s.name] for s in SPECS if s.name in found),
        completions=tuple(c for one in asked.values() for c in one.completions),
        scores=tuple(s for one in asked.values() for s in one.scores),
        removed=asked.get(REMOVED),
    )


def _judged(
    asked: dict[str, Asked],
    data: Data,
    scores: Sequence[Score],
    config: Config,
    score: ScoreAnswers,
) -> list[Check]:
    """The checks of the probes that asked questions; those with a comparison judged together."""
    margin = config.guard_margin
    n = len(with_context(data.questions))
    checks: list[Check] = []
    drafts: list[Draft] = []
    for name, one in asked.items():
        if name == REMOVED:
            checks.append(memory_check(one, data.questions, scores, score=score, margin=margin))
        elif name == SWAPPED:
            made = swapped(config, data.questions)
            drafts.append(swap_draft(one, made, score=score, margin=margin, n=n))
        elif name == INVENTED:
            drafts += invented_drafts(one, score=score, margin=margin)
        else:
            drafts.append(refusal_draft(one, data.questions, score=score, margin=margin, n=n))
    return [*checks, *judge_drafts(drafts, margin=margin)]


def _ask_nulls(
    main: Trained,
    trained: Sequence[Trained],
    data: Data,
    scores: Sequence[Score],
    config: Config,
    ask: Callable[..., list[Answers]],
    score: ScoreAnswers,
) -> Asked | None:
    """The answers of the null adapters to the eval set; None where none was trained."""
    null = next((t for t in trained if t.null), None)
    if null is None:
        return None
    drawn = null.folder.with_name("random")
    save_random_adapter(main.folder, drawn, seed=config.seed)
    n = 1 + max((s.sample for s in scores if s.arm == "adapter"), default=0)
    order = Order(arms=("adapter",), samples=range(n) if n > 1 else None)
    completions: list[Completion] = []
    for name, folder in ((DERANGED, null.folder), (RANDOM, drawn)):
        one = dataclasses.replace(null, folder=folder, questions=data.questions)
        answers = ask([(one, [order])], stage=name, probe=name)
        completions += in_order(answers, data.questions)
    return Asked(
        name="nulls",
        questions=data.questions,
        completions=tuple(completions),
        scores=score(data.questions, completions),
    )


def _losses(
    base: Base, main: Trained, data: Data, config: Config, folder: Path, on_event: OnEvent
) -> list[Check]:
    """The checks that need the model itself, in one attachment of the adapter."""
    from realift.probes.forgetting import forgetting_check
    from realift.probes.memorization import as_examples, memorization_check
    from realift.probes.regurgitation import regurgitation_check
    from realift.train.adapter import attached

    chosen = [name for name in LOSSES if name in chosen_probes(config.probes)]
    if not chosen:
        return []
    valid = run_folder.read_jsonl(folder / "data" / "valid.jsonl", Example)
    held_out: tuple[Example, ...] = valid
    if len(valid) < ENOUGH_HELD_OUT and not data.folds:  # folds: the questions are training rows
        held_out = (*valid, *as_examples(data.questions))
    out = []
    with attached(base, main.folder) as model:
        for done, name in enumerate(chosen):
            on_event(Progress(stage=name, done=done, total=len(chosen)))
            if name == "memorization":
                check = memorization_check(
                    model,
                    base,
                    main.examples,
                    held_out,
                    system_prompt=config.system_prompt,
                    seed=config.seed,
                    curve=run_folder.read_jsonl(folder / "log.jsonl", CurvePoint),
                )
            elif name == "regurgitation":
                check = regurgitation_check(model, base, main.examples, held_out, config)
            else:
                check = forgetting_check(model, base)
            out.append(check)
            on_event(Progress(stage=name, done=done + 1, total=len(chosen)))
    return out


def _waits(name: str, data: Data) -> bool:
    """Whether SHIP waits for a check that was switched off, as it would have if asked."""
    if name in ("context_removed", "other_context", "cut_sentence", SWAPPED):
        return bool(with_context(data.questions))
    return name == "forgetting" or (name == "memorization" and bool(data.examples))


def _asked_only(trained: Trained, questions: Sequence[Question]) -> Trained:
    """The adapter with those of the questions that are its own to answer."""
    own = {q.id for q in trained.questions}
    return dataclasses.replace(trained, questions=tuple(q for q in questions if q.id in own))
