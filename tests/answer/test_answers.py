"""Decoding: batched equals one by one, real stops, honest finish reasons, the arms' prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realift.answer.arms import answer_questions, arm_stats
from realift.answer.decode import decode_prompts
from realift.answer.prompts import Prompt, build_prompts
from realift.config import Config
from realift.model.load import Base, load_base
from realift.train.adapter import create_adapter
from realift.types import Completion, Event, Example, Message, Progress, Question, Where
from tests.conftest import ARCHITECTURES, save_base

WHERE = Where(file="e")


def questions(n: int) -> tuple[Question, ...]:
    return tuple(
        Question(id=f"q{i}", where=WHERE, question=f"What is number {i}?" + " Really?" * (i % 4))
        for i in range(n)
    )


def examples(n: int) -> tuple[Example, ...]:
    return tuple(
        Example(
            id=f"t:{i}",
            where=WHERE,
            messages=(
                Message(role="user", content=f"What is number {i}?"),
                Message(role="assistant", content=f"It is {i}."),
            ),
        )
        for i in range(n)
    )


def one_by_one(base: Base, prompts: tuple[Prompt, ...], n: int) -> list[str]:
    """Plain ``generate`` on each prompt alone, no padding anywhere."""
    import torch
    from transformers import GenerationConfig

    out = []
    for prompt in prompts:
        ids = torch.tensor([prompt.input_ids])
        settings = GenerationConfig(
            do_sample=False,
            max_new_tokens=n,
            eos_token_id=list(base.template.stop_ids),
            pad_token_id=0,
        )
        made = base.model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=settings
        )
        new = made[0, ids.shape[1] :].tolist()
        end = next((i for i, t in enumerate(new) if t in base.template.stop_ids), len(new))
        out.append(base.tokenizer.decode(new[:end], skip_special_tokens=True).strip())
    return out


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_batched_answers_are_those_of_plain_generate_against_reference(
    architecture: str, tmp_path: Path, compute: Any
) -> None:
    base = load_base(str(save_base(tmp_path / "b", architecture)), compute=compute)
    prompts = build_prompts(base, questions(7), "base", examples=(), config=Config())
    done = decode_prompts(base.model, base, prompts, max_new_tokens=12, batch_size=3)
    assert [c.text for c in done] == one_by_one(base, prompts, 12)
    assert [c.question_id for c in done] == [q.id for q in questions(7)]


def test_an_answer_ends_at_the_real_end_of_turn_and_says_so(tmp_path: Path, compute: Any) -> None:
    """A model made to say a word and then the template's own end of turn, which is not eos."""
    import torch

    base = load_base(str(save_base(tmp_path / "b")), compute=compute)
    word = base.tokenizer("Bob", add_special_tokens=False)["input_ids"]
    script = [*word, base.template.end_id, *word, *word]
    assert base.template.end_id != base.tokenizer.eos_token_id

    class Scripted(torch.nn.Module):
        def generate(self, input_ids: Any, **kwargs: Any) -> Any:
            rest = torch.tensor([script] * len(input_ids))
            return torch.cat([input_ids, rest], dim=1)

    prompts = build_prompts(base, questions(2), "base", examples=(), config=Config())
    done = decode_prompts(Scripted(), base, prompts, max_new_tokens=9, batch_size=2)
    assert [c.text for c in done] == ["Bob", "Bob"]
    assert {c.finish for c in done} == {"stop"}
    assert done[0].n_tokens == len(word)


def test_an_answer_cut_at_the_token_budget_says_so(base_folder: Path, compute: Any) -> None:
    base = load_base(str(base_folder), compute=compute)
    prompts = build_prompts(base, questions(2), "base", examples=(), config=Config())
    done = decode_prompts(base.model, base, prompts, max_new_tokens=3, batch_size=2)
    stats = arm_stats("base", done)
    assert stats.truncation_rate == sum(c.finish == "length" for c in done) / 2
    assert stats.stop_rate is not None
    assert stats.truncation_rate is not None
    assert stats.stop_rate + stats.truncation_rate == 1
    assert max(c.n_tokens for c in done) <= 3


def test_a_question_longer_than_the_window_is_skipped_not_cut(
    base_folder: Path, compute: Any
) -> None:
    base = load_base(str(base_folder), compute=compute)
    long = Question(id="long", where=WHERE, question="word " * 400)
    asked = (*questions(2), long)
    prompts = build_prompts(base, asked, "base", examples=(), config=Config())
    done = decode_prompts(base.model, base, prompts, max_new_tokens=4, batch_size=2)
    assert [c.finish == "skipped" for c in done] == [False, False, True]
    assert arm_stats("base", done).n == 2


def test_nothing_answered_is_not_measured_never_zero() -> None:
    skipped = Completion(question_id="q", arm="base", text="", n_tokens=0, finish="skipped")
    stats = arm_stats("base", [skipped])
    assert (stats.n, stats.stop_rate, stats.truncation_rate, stats.mean_tokens) == (
        0, None, None, None,
    )  # fmt: skip


def test_base_and_adapter_see_the_same_prompt_and_few_shot_sees_rows(
    base_folder: Path, compute: Any
) -> None:
    base = load_base(str(base_folder), compute=compute)
    config = Config(few_shot_k=2, max_new_tokens=8)
    made = {
        arm: build_prompts(base, questions(3), arm, examples=examples(5), config=config)
        for arm in ("base", "few_shot", "adapter")
    }
    assert [p.input_ids for p in made["base"]] == [p.input_ids for p in made["adapter"]]
    assert all(p.n_shots == 2 for p in made["few_shot"])
    text = base.tokenizer.decode(made["few_shot"][1].input_ids)
    assert "It is 1." in text  # the nearest row, and its answer


def test_shots_are_dropped_until_prompt_and_answer_fit_the_window(
    base_folder: Path, compute: Any
) -> None:
    base = load_base(str(base_folder), compute=compute)
    config = Config(few_shot_k=5, max_new_tokens=base.window - 120, system_prompt="")
    (prompt,) = build_prompts(base, questions(1), "few_shot", examples=examples(5), config=config)
    assert 0 < prompt.n_shots < 5
    assert len(prompt.input_ids) + config.max_new_tokens <= base.window


def test_the_base_arm_is_answered_with_the_adapter_off(base_folder: Path, compute: Any) -> None:
    import torch

    base = load_base(str(base_folder), compute=compute)
    prompts = build_prompts(base, questions(6), "base", examples=(), config=Config())
    plain = [
        c.text for c in decode_prompts(base.model, base, prompts, max_new_tokens=8, batch_size=6)
    ]
    model = create_adapter(base, Config())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_()
    seen: list[Event] = []
    answers = answer_questions(
        model,
        base,
        questions(6),
        arms=("base", "adapter"),
        examples=(),
        config=Config(max_new_tokens=8),
        on_event=seen.append,
    )
    said = {
        arm: [c.text for c in answers.completions if c.arm == arm] for arm in ("base", "adapter")
    }
    assert said["base"] == plain
    assert said["adapter"] != plain
    assert seen[-1] == Progress(stage="answer", done=12, total=12)
