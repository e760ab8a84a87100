"""All arms and adapters answer together, through the fast engine's one decode loop.

The engine knows some architectures only and is used after its answers to a probe were compared
with the model's own logits; otherwise ``Unusable`` says why and the plain path is taken.

>>> views = view(model, base)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from realift.answer.decode import NOTHING_KNOWN, OnBatch, Place, Wanted, ignore_batch, said
from realift.answer.draw import draw_tokens
from realift.answer.keys import AnswerKey
from realift.config import REFUSAL
from realift.model.load import Base
from realift.types import Completion, Question

if TYPE_CHECKING:
    import torch

    from realift.engine.decode import Answer
    from realift.engine.parts import Parts

_MOST_GUESSES = 8  # reference answers of a question that are tried as guesses
_DIFFER = "its answers to a probe differ from the model's own"
# Of a base and a kind of adapter: the names of those that were proven.
_agreed: WeakKeyDictionary[Any, dict[Any, set[str]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """The base and one adapter on it, as the engine reads them."""

    base: Parts
    adapter: Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One arm's answers that are wanted; ``parts`` is who answers.

    ``guesses``: for every prompt, token ids of what its greedy answer may be.
    """

    wanted: Wanted
    parts: Parts
    guesses: Sequence[Sequence[Sequence[int]]] = ()


def view(model: Any, base: Base, *, name: str) -> Views | str:
    """Read base and adapter for the engine, or say in a clause why that cannot be.

    Args:
        model: the ``PeftModel``, its adapter switched on.
        name: of the adapter. The loop's answers are compared with the model's for the first
            adapter of a kind; of the others, once for each, only what a prompt's logits are.
    """
    from realift.engine.decode_check import answers_agree
    from realift.engine.parts import agrees, kind_of

    views = view_untrained(model)
    if isinstance(views, str):
        return views
    proven = _agreed.setdefault(base.model, {}).setdefault(kind_of(views.adapter), set())
    if name not in proven:
        if proven:
            same = agrees(model, views.adapter)
        else:
            same = answers_agree(model, views.base, views.adapter)
        if not same:
            return _DIFFER
        proven.add(name)
    return views


def view_untrained(model: Any) -> Views | str:
    """As ``view``, before the adapter is trained: enough to measure what answers will take."""
    from realift.engine.parts import agrees_once, parts_or_reason

    adapter = parts_or_reason(model)
    with model.disable_adapter():
        plain = parts_or_reason(model)
    if isinstance(adapter, str):
        return adapter
    if isinstance(plain, str):
        return plain
    return Views(base=plain, adapter=adapter) if agrees_once(model, adapter) else _DIFFER


def answer_together(
    base: Base,
    asked: Sequence[Asked],
    *,
    max_new_tokens: int,
    max_rows: int | None = None,
    known: Mapping[AnswerKey, Completion] = NOTHING_KNOWN,
    on_batch: OnBatch = ignore_batch,
) -> list[tuple[Completion, ...]]:
    """Every wanted answer; for each of ``asked`` in the order of its prompts and samples.

    Greedy answers are those of ``decode_prompts``, but for ties within float error; drawn answers
    come from the same random numbers.
    """
    from realift.engine.decode import Request, decode

    answered: list[dict[Place, Completion]] = [{} for _ in asked]
    variants: list[Parts] = []
    requests: list[Request] = []
    where: list[tuple[int, list[Place]]] = []  # of a request: whose it is, and its places
    temperature = 1.0
    for which, one in enumerate(asked):
        wanted = one.wanted
        for batch in wanted.settled(known, room=base.window - max_new_tokens):
            answered[which].update(batch)
            if batch:
                on_batch(list(batch.values()))
        variant = next((i for i, v in enumerate(variants) if v is one.parts), len(variants))
        if variant == len(variants):
            variants.append(one.parts)
        if wanted.draws:
            temperature = wanted.draws.temperature
        open_places: dict[int, list[Place]] = {}
        for place in wanted.places:
            if place not in answered[which]:
                open_places.setdefault(place[0], []).append(place)
        for number, places in open_places.items():
            requests.append(
                Request(
                    ids=wanted.prompts[number].input_ids,
                    max_new_tokens=max_new_tokens,
                    variant=variant,
                    streams=tuple(map(wanted.stream, places)) if wanted.draws else (),
                    guesses=tuple(tuple(g) for g in one.guesses[number]) if one.guesses else (),
                )
            )
            where.append((which, places))

    def draw(logits: torch.Tensor, streams: Sequence[str], steps: Sequence[int]) -> torch.Tensor:
        return draw_tokens(logits, streams, steps, temperature=temperature)

    def keep(answers: Sequence[Answer]) -> None:
        batch = []
        for answer in answers:
            which, places = where[answer.request]
            place = places[answer.sample]
            text = said(base, answer.all_ids)
            completion = asked[which].wanted.completion(place, text)
            answered[which][place] = completion
            batch.append(completion)
        on_batch(batch)

    if requests:
        decode(
            variants,
            requests,
            stop_ids=base.template.stop_ids,
            on_answers=keep,
            draw=draw,
            max_rows=max_rows,
        )
    return [
        tuple(done[place] for place in one.wanted.places)
        for one, done in zip(asked, answered, strict=True)
    ]


def guesses(base: Base, question: Question) -> list[list[int]]:
    """What a model may answer: the question's own answers, and the usual refusal."""
    texts = [one for slot in question.answers for one in slot][:_MOST_GUESSES]
    out = []
    for text in (*texts, REFUSAL):
        ids = base.tokenizer(text, add_special_tokens=False)["input_ids"]
        out.append([*ids, base.template.end_id])
    return out
