"""What each probe asks, made from the config and the eval set alone.

The same for the plan, which has to say how long it takes, and for the asking.

>>> from realift.config import Config
>>> len(probe_questions(Config(probes="invented"), ())["invented"]) > 80
True
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from realift.config import Config, chosen_probes
from realift.probes.asked import MOST, picked
from realift.probes.context_removed import NAME as REMOVED
from realift.probes.context_removed import context_removed_questions
from realift.probes.invented import NAME as INVENTED
from realift.probes.invented import invented_questions
from realift.probes.swap import NAME as SWAPPED
from realift.probes.swap import Swap, swaps
from realift.probes.twins import cut_sentence_questions, other_context_questions, with_context
from realift.types import Question

_TRIED = 4 * MOST  # questions looked at to find MOST that can be changed


def probe_questions(
    config: Config, questions: Sequence[Question]
) -> dict[str, tuple[Question, ...]]:
    """The questions of every chosen probe that asks some, by its name."""
    makers: dict[str, Callable[[], tuple[Question, ...]]] = {
        REMOVED: lambda: context_removed_questions(questions),
        "other_context": lambda: _first(
            other_context_questions(_tried(config, questions), seed=config.seed),
            config,
            "other_context",
        ),
        "cut_sentence": lambda: _first(
            cut_sentence_questions(_tried(config, questions)), config, "cut_sentence"
        ),
        SWAPPED: lambda: tuple(s.question for s in swapped(config, questions)),
        INVENTED: invented_questions,
    }
    return {name: makers[name]() for name in chosen_probes(config.probes) if name in makers}


def swapped(config: Config, questions: Sequence[Question]) -> tuple[Swap, ...]:
    """The swaps behind the questions of ``context_swapped``."""
    made = swaps(_tried(config, questions), seed=config.seed)
    return picked(made, most=MOST, key=f"{config.seed}/{SWAPPED}")


def _tried(config: Config, questions: Sequence[Question]) -> tuple[Question, ...]:
    """The questions with a context, at most so many: thousands would take long to compare."""
    return picked(with_context(questions), most=_TRIED, key=f"{config.seed}/twins")


def _first(questions: tuple[Question, ...], config: Config, name: str) -> tuple[Question, ...]:
    return picked(questions, most=MOST, key=f"{config.seed}/{name}")
