"""Drawn answers: what plain sampling gives, reproducible, and never too many at a time."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from realift.answer.arms import answer_questions
from realift.answer.decode import Draws, decode_prompts
from realift.answer.generate import drawn, greedy
from realift.answer.prompts import build_prompts
from realift.config import Config
from realift.model.load import Base, load_base
from realift.train.adapter import create_adapter
from realift.types import Completion, Question, Where
from tests.conftest import ARCHITECTURES, save_base


@pytest.fixture
def base(base_folder: Path, compute: Any) -> Base:
    return load_base(str(base_folder), compute=compute)


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
    """``generate`` with ``num_return_sequences``, which reads every prompt ``n`` times."""
    import torch
    from transformers import GenerationConfig

    width = max(len(p.input_ids) for p in asked)
    ids = torch.tensor([(0,) * (width - len(p.input_ids)) + p.input_ids for p in asked])
    mask = torch.tensor([[0] * (width - len(p.input_ids)) + [1] * len(p.input_ids) for p in asked])
    settings = GenerationConfig(
        do_sample=True, temperature=0.7, top_p=1.0, top_k=0, num_return_sequences=n,
        max_new_tokens=tokens, eos_token_id=list(base.template.stop_ids), pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(random.Random(key).getrandbits(63))
    made = base.model.generate(input_ids=ids, attention_mask=mask, generation_config=settings)
    rows: list[list[int]] = made[:, width:].tolist()
    return rows


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_drawn_answers_are_those_of_plain_sampling_against_reference(
    architecture: str, tmp_path: Path, compute: Any
) -> None:
    """The prompts are read once and their cache is copied: the same tokens must come out."""
    base = load_base(str(save_base(tmp_path / "b", architecture)), compute=compute)
    asked = prompts(base, 3)
    made = drawn(base.model, base, asked, max_new_tokens=8, n=4, temperature=0.7, key="7")
    assert made == plain_sampling(base, asked, n=4, tokens=8, key="7")
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
    drawn(base.model, base, asked, max_new_tokens=3, n=5, temperature=0.7, key="")
    assert widths.pop((1, len(asked[0].input_ids) - 1)) == 1
    assert set(widths) == {(5, 1)}


def test_a_model_whose_cache_cannot_be_copied_answers_all_the_same(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import DynamicCache

    how = {"max_new_tokens": 6, "n": 3, "temperature": 0.7, "key": "7"}
    asked = prompts(base, 2)
    wanted = drawn(base.model, base, asked, **how)

    def no_copies(self: Any, repeats: int) -> None:
        raise NotImplementedError

    monkeypatch.setattr(DynamicCache, "batch_repeat_interleave", no_copies)
    assert drawn(base.model, base, asked, **how) == wanted


def test_first_tokens_follow_the_softmax_at_the_temperature_against_theory(base: Base) -> None:
    import torch
    from scipy.stats import chisquare

    n, temperature = 4000, 0.7
    (asked,) = prompts(base, 1)
    rows = drawn(base.model, base, [asked], max_new_tokens=1, n=n, temperature=temperature, key="x")
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
    cold = drawn(base.model, base, asked, max_new_tokens=6, n=2, temperature=1e-4, key="")
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
