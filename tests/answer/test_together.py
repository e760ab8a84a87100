"""All arms in one loop answer as on the plain path, which stays where it is needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from realift.answer import together
from realift.answer.arms import answer_questions
from realift.answer.decode import ignore_batch
from realift.answer.together import view
from realift.asking import Order, ask_all
from realift.config import Config
from realift.data.read import read_examples, read_questions
from realift.engine import decode_check
from realift.engine import parts as engine_parts
from realift.fitting import Trained
from realift.model.load import TINY, Base, load_base
from realift.train.adapter import Applied, attached, create_adapter, detach_adapter, save_adapter
from realift.types import Completion, Event, Example, Notice, Progress, Question
from tests.answer.test_answers import examples, questions
from tests.conftest import save_base

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"


def make_adapter(base: Base, folder: Path, *, seed: int = 0, std: float = 0.1) -> Path:
    import torch

    model = create_adapter(base, Config(seed=seed))
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=std)
    save_adapter(model, folder, note={})
    detach_adapter(model)
    return folder


def trained(
    folder: Path, asked: Sequence[Question], shown: Sequence[Example], number: int = 0
) -> Trained:
    return Trained(
        folder=folder,
        applied=Applied(n_tensors=1, n_zero=0, max_logit_change=1.0),
        questions=tuple(asked),
        examples=tuple(shown),
        number=number,
    )


def ask(
    base: Base, orders: Any, config: Config, *, probe: str = ""
) -> tuple[list[list[Completion]], list[Event]]:
    seen: list[Event] = []
    answers = ask_all(
        base, orders, config=config, stage="answer", probe=probe,
        on_batch=ignore_batch, on_event=seen.append,
    )  # fmt: skip
    return [list(some.completions) for some in answers], seen


def test_all_arms_adapters_and_samples_answer_as_on_the_plain_path(
    tmp_path: Path, compute: Any
) -> None:
    base = load_base(str(save_base(tmp_path / "b", "qwen2")), compute=compute)
    config = Config(max_new_tokens=6, few_shot_k=2, system_prompt="")
    arms = ("base", "few_shot", "adapter")
    first = trained(make_adapter(base, tmp_path / "0"), questions(4), examples(4))
    second = trained(make_adapter(base, tmp_path / "1", seed=1), questions(4), examples(4), 1)
    orders = [
        (first, [Order(arms=arms), Order(arms=("base", "adapter"), samples=range(1, 3))]),
        (second, [Order(arms=("adapter",), samples=range(2))]),
    ]
    fast, seen = ask(base, orders, config)
    slow, _ = ask(base, orders, dataclasses.replace(config, engine="plain"))
    assert fast == slow
    assert not [e for e in seen if isinstance(e, Notice)]
    total = 4 * 3 + 4 * 2 * 2 + 4 * 2
    assert seen[-1] == Progress(stage="answer", done=total, total=total)
    texts = [[c.text for c in some if c.arm == arm] for some in fast for arm in arms]
    assert len({tuple(t) for t in texts if t}) == 6  # no two arms or adapters say the same


def test_a_question_longer_than_the_window_is_skipped_by_the_engine_too(
    base_folder: Path, compute: Any, tmp_path: Path
) -> None:
    base = load_base(str(base_folder), compute=compute)
    long = Question(id="long", where=questions(1)[0].where, question="word " * 400)
    one = trained(make_adapter(base, tmp_path / "a"), [*questions(1), long], ())
    (said,), _ = ask(base, [(one, [Order(arms=("base",))])], Config(max_new_tokens=4))
    assert [c.finish == "skipped" for c in said] == [False, True]


def test_an_architecture_the_engine_does_not_know_takes_the_plain_path_and_says_why(
    tmp_path: Path, compute: Any
) -> None:
    base = load_base(str(save_base(tmp_path / "b", "gemma")), compute=compute)
    folder = make_adapter(base, tmp_path / "a")
    one = trained(folder, questions(3), ())
    (said,), seen = ask(base, [(one, [Order(arms=("base", "adapter"))])], Config(max_new_tokens=4))
    with attached(base, folder) as model:
        wanted = answer_questions(
            model, base, questions(3), arms=("base", "adapter"), examples=(),
            config=Config(max_new_tokens=4),
        )  # fmt: skip
    assert said == list(wanted.completions)
    assert [e.text for e in seen if isinstance(e, Notice)] == [
        "answering takes the plain path, which is slower: GemmaForCausalLM is not among Llama, "
        "Mistral, Qwen2, Qwen3"
    ]


def test_an_engine_that_fails_its_probe_is_not_used(
    base_folder: Path, compute: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = load_base(str(base_folder), compute=compute)
    one = trained(make_adapter(base, tmp_path / "a"), questions(1), ())
    monkeypatch.setattr(decode_check, "answers_agree", lambda *_args: False)
    _, seen = ask(base, [(one, [Order(arms=("base",))])], Config(max_new_tokens=2))
    assert ["differ from the model's own" in e.text for e in seen if isinstance(e, Notice)] == [
        True
    ]


@pytest.mark.parametrize("sound", [True, False])
def test_of_a_second_adapter_of_a_kind_only_the_logits_of_prompts_are_compared(
    base_folder: Path, compute: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: bool
) -> None:
    base = load_base(str(base_folder), compute=compute)
    first, second = (make_adapter(base, tmp_path / name, seed=seed)
                     for name, seed in (("a", 1), ("b", 2)))  # fmt: skip
    asked: list[Any] = []

    def compare(*given: Any) -> bool:
        asked.append(given)
        return sound

    with attached(base, first) as model:
        assert not isinstance(view(model, base, name="a"), str)
    monkeypatch.setattr(decode_check, "answers_agree", lambda *_: pytest.fail("asked again"))
    monkeypatch.setattr(engine_parts, "agrees", compare)
    with attached(base, second) as model:
        for _ in range(2):
            assert isinstance(view(model, base, name="b"), str) is not sound
    assert len(asked) == (1 if sound else 2)  # what does not agree is asked again


def test_a_base_that_does_not_look_back_far_enough_takes_the_plain_path(
    tmp_path: Path, compute: Any
) -> None:
    import json

    folder = save_base(tmp_path / "b", "mistral")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sliding_window": 32}))
    base = load_base(str(folder), compute=compute)
    one = trained(make_adapter(base, tmp_path / "a"), questions(2), ())
    _, seen = ask(base, [(one, [Order(arms=("adapter",))])], Config(max_new_tokens=4))
    (notice,) = [e.text for e in seen if isinstance(e, Notice)]
    assert "the base looks back 32 tokens" in notice


def test_an_answer_batch_size_that_was_given_bounds_the_rows(
    base_folder: Path, compute: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realift.config import resolve
    from realift.engine import decode as loop

    most: list[int | None] = []
    real = loop.decode

    def watched(*args: Any, **how: Any) -> Any:
        most.append(how["max_rows"])
        return real(*args, **how)

    monkeypatch.setattr(loop, "decode", watched)
    base = load_base(str(base_folder), compute=compute)
    orders = [
        (trained(make_adapter(base, tmp_path / "a"), questions(2), ()), [Order(arms=("base",))])
    ]
    ask(base, orders, resolve(flags={"max_new_tokens": 2, "answer_batch_size": 3}))
    ask(base, orders, resolve(flags={"max_new_tokens": 2}))
    assert most[-2:] == [3, None]  # before them, the check's own


def test_reference_answers_and_the_refusal_are_guessed(base_folder: Path, compute: Any) -> None:
    base = load_base(str(base_folder), compute=compute)
    asked = Question(
        id="q", where=questions(1)[0].where, question="?", answers=(("Bob", "Robert"), ("Acme",))
    )
    texts = [base.tokenizer.decode(ids) for ids in together.guesses(base, asked)]
    end = base.template.end_of_turn
    assert texts[:3] == [f"Bob{end}", f"Robert{end}", f"Acme{end}"]
    assert texts[3].startswith("I don't have enough context")


# --- the embedded base on the example -------------------------------------------------------------


def differences(base: Base, folder: Path, n: int) -> list[float]:
    """Gaps of the two best logits wherever engine and plain path part; [] = all answers equal."""
    import torch

    asked = read_questions(ACME / "eval.jsonl").rows[:n]
    shown = read_examples(ACME / "train.jsonl").rows
    config = Config(max_new_tokens=48, few_shot_k=2)
    arms = ("base", "few_shot", "adapter")
    orders = [(trained(folder, asked, shown), [Order(arms=arms)])]
    (fast,), seen = ask(base, orders, config)
    assert not [e for e in seen if isinstance(e, Notice)]
    (slow,), _ = ask(base, orders, dataclasses.replace(config, engine="plain"))
    assert len(fast) == len(slow) == 3 * n
    gaps = []
    with attached(base, folder) as model, torch.inference_mode():
        for mine, theirs in zip(fast, slow, strict=True):
            if mine != theirs:
                gaps.append(_gap(model, base, config, asked, shown, mine, theirs))
    return gaps


def _gap(
    model: Any, base: Base, config: Config, asked: Any, shown: Any, mine: Any, theirs: Any
) -> float:
    from contextlib import nullcontext

    import torch

    from realift.answer.prompts import build_prompts

    question = [q for q in asked if q.id == mine.question_id]
    (prompt,) = build_prompts(base, question, mine.arm, examples=shown, config=config)
    a, b = (base.tokenizer(c.text, add_special_tokens=False)["input_ids"] for c in (mine, theirs))
    same = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    ids = torch.tensor([[*prompt.input_ids, *a[:same]]])
    with nullcontext() if mine.arm == "adapter" else model.disable_adapter():
        best = model(input_ids=ids, use_cache=False).logits[0, -1].topk(2).values
    return float(best[0] - best[1])


def test_the_embedded_base_says_the_same_on_the_example(tmp_path: Path, compute: Any) -> None:
    base = load_base(TINY, compute=compute)
    gaps = differences(base, make_adapter(base, tmp_path / "a", std=0.02), 8)
    assert gaps == []


@pytest.mark.slow
def test_the_embedded_base_says_the_same_to_200_questions(tmp_path: Path, compute: Any) -> None:
    base = load_base(TINY, compute=compute)
    gaps = differences(base, make_adapter(base, tmp_path / "a", std=0.02), 200)
    assert len(gaps) <= 3  # 99.5 % of 600
    assert all(gap < 1e-3 for gap in gaps)  # a tie within float error
