"""Drawn answers: what plain sampling gives, reproducible, and never too many at a time."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from realift.answer.arms import answer_questions
from realift.answer.decode import Draws, decode_prompts
from realift.answer.draw import draw_tokens, gumbels
from realift.answer.generate import drawn, greedy
from realift.answer.keys import key_of
from realift.answer.prompts import Prompt, build_prompts
from realift.asking import Order, ask_all
from realift.config import Config
from realift.fitting import Trained
from realift.model.load import Base, load_base
from realift.train.adapter import Applied, create_adapter, detach_adapter, save_adapter
from realift.types import Completion, Question, Where, ignore_event
from tests.conftest import ARCHITECTURES, save_base


@pytest.fixture
def base(base_folder: Path, compute: Any) -> Base:
    return load_base(str(base_folder), compute=compute)


FIRST = [1.9758931105825461, -0.5229008982190737, -1.4717337844923353]


def questions(n: int) -> tuple[Question, ...]:
    return tuple(
        Question(id=f"q{i}", where=Where(file="e"), question="What is it?" + " Really?" * (i % 4))
        for i in range(n)
    )


def prompts(base: Base, n: int) -> Any:
    return build_prompts(base, questions(n), "base", examples=(), config=Config())


def draws(n: int, *, first: int = 0, key: str = "k", temperature: float = 0.7) -> Draws:
    return Draws(samples=range(first, first + n), temperature=temperature, key=key)


def plain_sampling(base: Base, asked: Any, *, n: int, tokens: int, key: str) -> list[list[int]]:
    """Token by token, each answer alone, the whole sequence read anew for every token."""
    import torch

    rows = []
    for prompt in asked:
        for name in keys(prompt, n, key):
            new: list[int] = []
            while len(new) < tokens and not set(new) & set(base.template.stop_ids):
                ids = torch.tensor([[*prompt.input_ids, *new]])
                with torch.inference_mode():
                    logits = base.model(input_ids=ids, use_cache=False).logits[:, -1]
                new += draw_tokens(logits, [name], [len(new)], temperature=0.7).tolist()
            rows.append(new)
    return rows


def keys(prompt: Prompt, n: int, key: str) -> list[str]:
    return [f"{key}/{prompt.question_id}/{sample}" for sample in range(n)]


def until_stop(base: Base, rows: list[list[int]]) -> list[list[int]]:
    """Without the padding that follows a stop token."""
    stops = set(base.template.stop_ids)
    ends = [next((i + 1 for i, t in enumerate(row) if t in stops), len(row)) for row in rows]
    return [row[:end] for row, end in zip(rows, ends, strict=True)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_drawn_answers_are_those_of_plain_sampling_against_reference(
    architecture: str, tmp_path: Path, compute: Any
) -> None:
    """The prompts are read once and their cache is copied: the same tokens must come out."""
    base = load_base(str(save_base(tmp_path / "b", architecture)), compute=compute)
    asked = prompts(base, 3)
    streams = [keys(p, 4, "7") for p in asked]
    made = drawn(base.model, base, asked, max_new_tokens=8, temperature=0.7, keys=streams)
    assert until_stop(base, made) == plain_sampling(base, asked, n=4, tokens=8, key="7")
    assert len({tuple(row) for row in made}) > 3  # they are drawn, not repeated


def test_a_prompt_is_read_once_however_many_answers_are_drawn(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    widths: Counter[tuple[int, int]] = Counter()
    forward = base.model.forward

    def watched(*args: Any, **kwargs: Any) -> Any:
        ids = kwargs["input_ids"]
        widths[tuple(ids.shape)] += 1
        return forward(*args, **kwargs)

    monkeypatch.setattr(base.model, "forward", watched)
    asked = prompts(base, 1)
    streams = [keys(asked[0], 5, "")]
    drawn(base.model, base, asked, max_new_tokens=3, temperature=0.7, keys=streams)
    assert widths.pop((1, len(asked[0].input_ids) - 1)) == 1
    assert set(widths) == {(5, 1)}


def test_a_model_whose_cache_cannot_be_copied_answers_all_the_same(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import DynamicCache

    asked = prompts(base, 2)
    how = {"max_new_tokens": 6, "temperature": 0.7, "keys": [keys(p, 3, "7") for p in asked]}
    wanted = drawn(base.model, base, asked, **how)

    def no_copies(self: Any, indices: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(DynamicCache, "batch_select_indices", no_copies)
    assert drawn(base.model, base, asked, **how) == wanted


def test_first_tokens_follow_the_softmax_at_the_temperature_against_theory(base: Base) -> None:
    import torch
    from scipy.stats import chisquare

    n, temperature = 4000, 0.7
    (asked,) = prompts(base, 1)
    streams = [keys(asked, n, "x")]
    rows = drawn(base.model, base, [asked], max_new_tokens=1, temperature=temperature, keys=streams)
    with torch.inference_mode():
        logits = base.model(input_ids=torch.tensor([asked.input_ids])).logits[0, -1].double()
    expected = torch.softmax(logits / temperature, dim=0) * n
    seen = torch.bincount(torch.tensor([row[0] for row in rows]), minlength=len(expected))
    often = expected >= 5  # the usual least count of a chi-square cell; the rest is one cell
    observed, theory = seen[often].tolist(), expected[often].tolist()
    if not bool(often.all()):
        observed.append(int(seen[~often].sum()))
        theory.append(float(expected[~often].sum()))
    assert len(observed) > 60  # more than a top-k of 50 would leave
    assert chisquare(observed, theory).pvalue > 0.001  # one fixed draw: no flaky test


def test_the_coldest_draws_are_the_greedy_answer_against_itself(base: Base) -> None:
    asked = prompts(base, 3)
    streams = [keys(p, 2, "") for p in asked]
    cold = drawn(base.model, base, asked, max_new_tokens=6, temperature=1e-4, keys=streams)
    sure = greedy(base.model, base, asked, max_new_tokens=6)
    assert cold == [row for row in sure for _ in range(2)]


def test_the_same_key_draws_the_same_and_leaves_the_random_state_alone(base: Base) -> None:
    import torch

    def texts(key: str) -> list[str]:
        done = decode_prompts(
            base.model,
            base,
            prompts(base, 3),
            max_new_tokens=6,
            batch_size=4,
            draws=draws(2, key=key),
        )
        return [c.text for c in done]

    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert texts("a") == texts("a")
    assert texts("a") != texts("b")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("n", "batch_size"), [(2, 8), (3, 4), (7, 3), (5, 1)])
def test_no_batch_holds_more_answers_than_allowed_and_none_is_lost(
    n: int, batch_size: int, base: Base
) -> None:
    batches: list[int] = []
    done = decode_prompts(
        base.model,
        base,
        prompts(base, 5),
        max_new_tokens=2,
        batch_size=batch_size,
        draws=draws(n),
        on_batch=lambda batch: batches.append(len(batch)),
    )
    assert max(batches) <= batch_size
    assert sum(batches) == 5 * n
    assert [(c.question_id, c.sample) for c in done] == [
        (f"q{i}", sample) for i in range(5) for sample in range(n)
    ]


def test_a_question_longer_than_the_window_is_skipped_in_every_sample(base: Base) -> None:
    long = Question(id="long", where=Where(file="e"), question="word " * 400)
    asked = build_prompts(base, (*questions(1), long), "base", examples=(), config=Config())
    done = decode_prompts(
        base.model, base, asked, max_new_tokens=2, batch_size=4, draws=draws(3, first=4)
    )
    found = [(c.question_id, c.sample) for c in done if c.finish == "skipped"]
    assert found == [("long", 4), ("long", 5), ("long", 6)]


def test_more_samples_later_are_further_draws_with_the_numbers_that_follow(base: Base) -> None:
    def ask(first: int, n: int) -> tuple[Completion, ...]:
        return decode_prompts(
            base.model,
            base,
            prompts(base, 2),
            max_new_tokens=8,
            batch_size=16,
            draws=draws(n, first=first),
        )

    early, late = ask(0, 2), ask(2, 2)
    assert [c.sample for c in late] == [2, 3, 2, 3]
    assert [c.text for c in late] != [c.text for c in early]


def test_every_arm_and_every_adapter_draws_its_own_numbers(base: Base) -> None:
    """An adapter that changes nothing: equal draws would hide that they are independent."""
    model = create_adapter(base, Config())

    def texts(arm: Any, seed: int) -> list[str]:
        answers = answer_questions(
            model,
            base,
            questions(4),
            arms=(arm,),
            examples=(),
            config=Config(max_new_tokens=8),
            samples=range(2),
            seed=seed,
        )
        assert {c.seed for c in answers.completions} == {seed}
        return [c.text for c in answers.completions]

    assert texts("base", 0) == texts("base", 0)
    assert texts("base", 0) != texts("adapter", 0) != texts("adapter", 1)


def test_an_answer_is_the_same_in_any_batch(base: Base) -> None:
    asked = prompts(base, 5)
    said = {
        size: decode_prompts(
            base.model, base, asked, max_new_tokens=6, batch_size=size, draws=draws(3)
        )
        for size in (1, 4, 15)
    }
    alone = decode_prompts(
        base.model, base, asked[3:4], max_new_tokens=6, batch_size=1, draws=draws(1, first=2)
    )
    assert said[1] == said[4] == said[15]
    assert alone[0] in said[15]
    assert len({c.text for c in said[1]}) > 5


def test_known_answers_are_taken_over_and_the_rest_is_drawn_as_if_nothing_had_happened(
    base: Base,
) -> None:
    asked = prompts(base, 3)
    whole = decode_prompts(
        base.model, base, asked, max_new_tokens=6, batch_size=4, draws=draws(3), probe="p"
    )
    marked = [dataclasses.replace(whole[i], text="known") for i in (0, 4, 5)]
    seen: list[Completion] = []
    again = decode_prompts(
        base.model,
        base,
        asked,
        max_new_tokens=6,
        batch_size=4,
        draws=draws(3),
        probe="p",
        known={key_of(c): c for c in marked},
        on_batch=seen.extend,
    )
    assert seen[:3] == marked
    assert sorted(map(key_of, seen)) == sorted(map(key_of, whole))
    assert [c.text for c in again] == [
        "known" if i in (0, 4, 5) else c.text for i, c in enumerate(whole)
    ]


def test_answers_of_another_probe_or_adapter_are_not_taken_for_known(base: Base) -> None:
    asked = prompts(base, 1)
    (said,) = decode_prompts(base.model, base, asked, max_new_tokens=4, batch_size=1)
    others = [
        dataclasses.replace(said, text="known", **{field: value})
        for field, value in (("probe", "x"), ("seed", 1), ("arm", "adapter"), ("sample", 1))
    ]
    known = {key_of(c): c for c in others}
    again = decode_prompts(base.model, base, asked, max_new_tokens=4, batch_size=1, known=known)
    assert again == (said,)


def test_streams_differ_between_keys_and_steps_and_stay_what_they_were() -> None:
    """The numbers are written down: a change would make a resumed run draw other answers."""
    first = gumbels("7/q1/0", step=0, n=3)
    assert first.tolist() == pytest.approx(FIRST, abs=1e-12)
    assert not set(first) & set(gumbels("7/q1/0", step=1, n=3))
    assert not set(first) & set(gumbels("7/q1/1", step=0, n=3))


def test_the_noise_is_gumbel_against_scipy() -> None:
    from scipy.stats import gumbel_r, kstest

    noise = [x for step in range(20) for x in gumbels("x", step=step, n=200)]
    assert kstest(noise, gumbel_r.cdf).pvalue > 0.001  # one fixed draw: no flaky test


def test_ask_all_asks_only_what_is_not_known(base: Base, tmp_path: Path) -> None:
    model = create_adapter(base, Config())
    save_adapter(model, tmp_path / "adapter", note={})
    detach_adapter(model)
    trained = Trained(
        folder=tmp_path / "adapter",
        applied=Applied(n_tensors=1, n_zero=0, max_logit_change=1.0),
        questions=questions(3),
        examples=(),
    )
    orders = [(trained, [Order(arms=("base", "adapter"), samples=range(2))])]

    def ask(known: Sequence[Completion]) -> tuple[list[Completion], list[Completion]]:
        seen: list[Completion] = []
        answers = ask_all(
            base,
            orders,
            config=Config(max_new_tokens=4),
            stage="answer",
            on_batch=seen.extend,
            on_event=ignore_event,
            known={key_of(c): c for c in known},
        )
        return list(answers[0].completions), seen

    whole, _ = ask([])
    marked = [dataclasses.replace(c, text="known") for c in whole[::2]]
    again, seen = ask(marked)
    assert sorted(map(key_of, seen)) == sorted(map(key_of, whole))
    assert again[::2] == marked
    assert again[1::2] == whole[1::2]
