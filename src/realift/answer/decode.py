"""Decoding of prompts in batches, greedy or drawn, with real stop tokens and an honest finish."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from realift.answer.generate import drawn, greedy
from realift.answer.keys import AnswerKey
from realift.answer.prompts import Prompt
from realift.model.load import Base
from realift.types import Completion

OnBatch = Callable[[Sequence[Completion]], None]
NOTHING_KNOWN: Mapping[AnswerKey, Completion] = MappingProxyType({})
_Place = tuple[int, int]  # number of the prompt, number of the sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Which samples of every prompt to draw, and from which random numbers.

    ``key`` with the question's id and the number of the sample names the random numbers of an
    answer: it does not matter what else is in its batch. Nothing but the temperature shapes the
    distribution (top-p 1, top-k off).
    """

    samples: range
    temperature: float
    key: str

    def stream(self, question_id: str, sample: int) -> str:
        """The name of one answer's random numbers."""
        return f"{self.key}/{question_id}/{sample}"


def ignore_batch(batch: Sequence[Completion]) -> None:
    """The silent listener."""


def decode_prompts(
    model: Any,
    base: Base,
    prompts: Sequence[Prompt],
    *,
    max_new_tokens: int,
    batch_size: int,
    draws: Draws | None = None,
    seed: int = 0,
    probe: str = "",
    known: Mapping[AnswerKey, Completion] = NOTHING_KNOWN,
    on_batch: OnBatch = ignore_batch,
) -> tuple[Completion, ...]:
    """Answer prompts; completions come back in the order of the prompts, then of the samples.

    Prompts of similar length share a batch (left-padded) of at most ``batch_size`` answers. A
    prompt that leaves no room for ``max_new_tokens`` in the base's window is not cut but
    ``skipped``: it stays unscored.

    Args:
        draws: None = one greedy answer to each prompt.
        seed: for ``Completion.seed``.
        known: answers there are already; they are taken over and not asked for again.
        on_batch: sees every completion once, the known ones first.
    """
    samples = draws.samples if draws else range(1)
    wanted = [(i, sample) for i in range(len(prompts)) for sample in samples]

    def completion(place: _Place, said: _Said) -> Completion:
        number, sample = place
        return Completion(
            question_id=prompts[number].question_id,
            arm=prompts[number].arm,
            text=said.text,
            n_tokens=said.n_tokens,
            finish=said.finish,
            sample=sample,
            probe=probe,
            seed=seed,
        )

    answered: dict[_Place, Completion] = {}

    def keep(batch: Mapping[_Place, Completion]) -> None:
        if batch:
            answered.update(batch)
            on_batch(list(batch.values()))

    there = {
        (i, sample): known.get((prompts[i].question_id, prompts[i].arm, sample, probe, seed))
        for i, sample in wanted
    }
    keep({place: one for place, one in there.items() if one is not None})
    room = base.window - max_new_tokens
    nothing = _Said(text="", n_tokens=0, finish="skipped")
    missing = [place for place in wanted if place not in answered]
    too_long = [place for place in missing if len(prompts[place[0]].input_ids) > room]
    keep({place: completion(place, nothing) for place in too_long})
    todo = [place for place in missing if place not in answered]
    todo.sort(key=lambda p: (-len(prompts[p[0]].input_ids), p))  # memory peaks at once
    for places in _batches(todo, batch_size):
        numbers = list(dict.fromkeys(number for number, _ in places))
        batch = [prompts[i] for i in numbers]
        if draws is None:
            rows = greedy(model, base, batch, max_new_tokens=max_new_tokens)
        else:
            keys = [
                [draws.stream(prompts[i].question_id, s) for n, s in places if n == i]
                for i in numbers
            ]
            rows = drawn(
                model,
                base,
                batch,
                max_new_tokens=max_new_tokens,
                temperature=draws.temperature,
                keys=keys,
            )
        keep(
            {
                place: completion(place, _read(base, row))
                for place, row in zip(places, rows, strict=True)
            }
        )
    return tuple(answered[place] for place in wanted)


def _batches(places: Sequence[_Place], size: int) -> list[list[_Place]]:
    """Consecutive places, at most ``size``; the samples of a prompt stay together if they can.

    >>> _batches([(0, 0), (0, 1), (1, 0), (1, 1)], 3)
    [[(0, 0), (0, 1)], [(1, 0), (1, 1)]]
    """
    batches: list[list[_Place]] = [[]]
    for _, group in itertools.groupby(places, key=lambda place: place[0]):
        some = list(group)
        if batches[-1] and len(batches[-1]) + len(some) > size:
            batches.append([])
        for place in some:
            if len(batches[-1]) == size:
                batches.append([])
            batches[-1].append(place)
    return [batch for batch in batches if batch]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    text: str
    n_tokens: int
    finish: Literal["stop", "length", "skipped"]


def _read(base: Base, ids: Sequence[int]) -> _Said:
    """New token ids as text: what follows the first stop token is padding."""
    stops = set(base.template.stop_ids)
    end = next((i for i, t in enumerate(ids) if t in stops), None)
    return _Said(
        text=base.tokenizer.decode(ids[:end], skip_special_tokens=True).strip(),
        n_tokens=len(ids) if end is None else end,
        finish="length" if end is None else "stop",
    )
