"""Decoding of prompts in batches, greedy or drawn, with real stop tokens and an honest finish."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
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
Place = tuple[int, int]  # number of the prompt, number of the sample


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


def ignore_batch(batch: Sequence[object]) -> None:
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

    This is the plain path, by ``model.generate``. Prompts of similar length share a batch
    (left-padded) of at most ``batch_size`` answers. A prompt that leaves no room for
    ``max_new_tokens`` in the base's window is not cut but ``skipped``: it stays unscored.

    Args:
        draws: None = one greedy answer to each prompt.
        seed: for ``Completion.seed``.
        known: answers there are already; they are taken over and not asked for again.
        on_batch: sees every completion once, the known ones first.
    """
    wanted = Wanted(prompts=prompts, draws=draws, seed=seed, probe=probe)
    answered: dict[Place, Completion] = {}

    def keep(batch: Mapping[Place, Completion]) -> None:
        if batch:
            answered.update(batch)
            on_batch(list(batch.values()))

    for batch in wanted.settled(known, room=base.window - max_new_tokens):
        keep(batch)
    todo = [place for place in wanted.places if place not in answered]
    todo.sort(key=lambda p: (-len(prompts[p[0]].input_ids), p))  # memory peaks at once
    for places in _batches(todo, batch_size):
        numbers = list(dict.fromkeys(number for number, _ in places))
        asked = [prompts[i] for i in numbers]
        if draws is None:
            rows = greedy(model, base, asked, max_new_tokens=max_new_tokens)
        else:
            rows = drawn(
                model,
                base,
                asked,
                max_new_tokens=max_new_tokens,
                temperature=draws.temperature,
                keys=[[wanted.stream(place) for place in places if place[0] == i] for i in numbers],
            )
        keep(
            {
                place: wanted.completion(place, said(base, row))
                for place, row in zip(places, rows, strict=True)
            }
        )
    return tuple(answered[place] for place in wanted.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The text of an answer, its length in tokens, and how it ended."""

    text: str
    n_tokens: int
    finish: Literal["stop", "length", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one arm of one adapter is to answer, whoever computes it."""

    prompts: Sequence[Prompt]
    draws: Draws | None = None
    seed: int = 0
    probe: str = ""

    @property
    def places(self) -> list[Place]:
        """Every answer: (number of the prompt, number of the sample)."""
        samples = self.draws.samples if self.draws else range(1)
        return [(i, sample) for i in range(len(self.prompts)) for sample in samples]

    def settled(
        self, known: Mapping[AnswerKey, Completion], *, room: int
    ) -> Iterator[dict[Place, Completion]]:
        """Answers that need no model: those known, then those whose prompt exceeds ``room``."""
        taken: dict[Place, Completion] = {}
        for place in self.places:
            prompt = self.prompts[place[0]]
            key = (prompt.question_id, prompt.arm, place[1], self.probe, self.seed)
            if key in known:
                taken[place] = known[key]
        yield taken
        nothing = Said(text="", n_tokens=0, finish="skipped")
        yield {
            place: self.completion(place, nothing)
            for place in self.places
            if place not in taken and len(self.prompts[place[0]].input_ids) > room
        }

    def stream(self, place: Place) -> str:
        """The name of the random numbers of a drawn answer."""
        assert self.draws is not None
        return self.draws.stream(self.prompts[place[0]].question_id, place[1])

    def completion(self, place: Place, said: Said) -> Completion:
        """The record of an answer."""
        number, sample = place
        return Completion(
            question_id=self.prompts[number].question_id,
            arm=self.prompts[number].arm,
            text=said.text,
            n_tokens=said.n_tokens,
            finish=said.finish,
            sample=sample,
            probe=self.probe,
            seed=self.seed,
        )


def _batches(places: Sequence[Place], size: int) -> list[list[Place]]:
    """Consecutive places, at most ``size``; the samples of a prompt stay together if they can.

    >>> _batches([(0, 0), (0, 1), (1, 0), (1, 1)], 3)
    [[(0, 0), (0, 1)], [(1, 0), (1, 1)]]
    """
    batches: list[list[Place]] = [[]]
    for _, group in itertools.groupby(places, key=lambda place: place[0]):
        some = list(group)
        if batches[-1] and len(batches[-1]) + len(some) > size:
            batches.append([])
        for place in some:
            if len(batches[-1]) == size:
                batches.append([])
            batches[-1].append(place)
    return [batch for batch in batches if batch]


def said(base: Base, ids: Sequence[int]) -> Said:
    """New token ids as text: what follows the first stop token is padding."""
    stops = set(base.template.stop_ids)
    end = next((i for i, t in enumerate(ids) if t in stops), None)
    return Said(
        text=base.tokenizer.decode(ids[:end], skip_special_tokens=True).strip(),
        n_tokens=len(ids) if end is None else end,
        finish="length" if end is None else "stop",
    )
