"""The one function that turns messages into ids and a mask of what is supervised."""

from __future__ import annotations

from typing import Any

import pytest

from realift.errors import ModelError
from realift.model.template import (
    encode_example,
    encode_prompt,
    find_template,
    render,
    with_system,
)
from realift.types import Example, Message, Where
from tests.conftest import CHATML, ZEPHYR, make_tokenizer

LLAMA2 = (
    "{% for m in messages %}{% if m['role'] == 'user' %}{{ bos_token + '[INST] ' + m['content']"
    " + ' [/INST]' }}{% elif m['role'] == 'assistant' %}{{ ' ' + m['content'] + ' ' + eos_token }}"
    "{% else %}{{ raise_exception('System role not supported') }}{% endif %}{% endfor %}"
)
GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}{% for m in messages %}"
    "{% set role = 'model' if m['role'] == 'assistant' else m['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
# Like Qwen3: the last answer is written with a thinking block, earlier ones without.
THINKING = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% if m['role'] == 'assistant' and loop.last %}{{ '<think>\n\n</think>\n\n' }}{% endif %}"
    "{{ m['content'] + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}"
    "{{ '<|im_start|>assistant\n' }}"
    "{% if enable_thinking is defined and enable_thinking is false %}"
    "{{ '<think>\n\n</think>\n\n' }}{% endif %}{% endif %}"
)
NO_END = (
    "{% for m in messages %}{{ m['role'] + ': ' + m['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)
DROPS_SYSTEM = (
    "{% for m in messages %}{% if m['role'] != 'system' %}<|im_start|>{{ m['role'] }}\n"
    "{{ m['content'] }}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
ALL = {
    "chatml": CHATML,
    "zephyr": ZEPHYR,
    "llama2": LLAMA2,
    "gemma": GEMMA,
    "thinking": THINKING,
    "no_end": NO_END,
    "drops_system": DROPS_SYSTEM,
    "plain": None,
}


def row(*turns: str, context: str = "", system: str = "") -> Example:
    messages = [
        Message(role="user" if i % 2 == 0 else "assistant", content=t) for i, t in enumerate(turns)
    ]
    messages[0] = Message(role="user", content=turns[0], context=context)
    head = [Message(role="system", content=system)] if system else []
    return Example(id="t:1", where=Where(file="t", line=1), messages=(*head, *messages))


def supervised_text(tokenizer: Any, encoded: Any) -> str:
    ids = [t for t, s in zip(encoded.input_ids, encoded.supervised, strict=True) if s]
    return tokenizer.decode(ids)


@pytest.mark.parametrize("name", ALL)
def test_exactly_the_answer_and_its_end_of_turn_are_supervised(name: str) -> None:
    tokenizer = make_tokenizer(chat_template=ALL[name])
    template = find_template(tokenizer)
    example = row("What does Acme build?", "Developer tools.", context="[1] Tools.")
    (encoded,) = encode_example(tokenizer, template, example, system_prompt="Be brief.")
    said = supervised_text(tokenizer, encoded)
    expected_end = {"chatml": "<|im_end|>", "thinking": "<|im_end|>", "drops_system": "<|im_end|>"}
    expected_end |= {"gemma": "<end_of_turn>"}
    assert said.strip().startswith("Developer tools.")
    assert said.endswith(expected_end.get(name, "</s>"))
    assert said.count("Developer tools.") == 1
    assert "Acme" not in said
    assert encoded.input_ids[-1] == template.end_id
    assert encoded.supervised[-1]


@pytest.mark.parametrize("name", ALL)
def test_the_training_prompt_is_the_answering_prompt_id_for_id(name: str) -> None:
    tokenizer = make_tokenizer(chat_template=ALL[name])
    template = find_template(tokenizer)
    example = row("Who manages Alice?", "Bob", context="[1] Bob manages Alice.")
    (encoded,) = encode_example(tokenizer, template, example, system_prompt="Be brief.")
    prompt = encode_prompt(tokenizer, template, example.messages[:1], system_prompt="Be brief.")
    assert encoded.input_ids[: encoded.n_prompt] == prompt


@pytest.mark.parametrize("name", ["chatml", "zephyr", "llama2", "gemma", "plain"])
def test_every_assistant_turn_is_supervised_with_its_own_end(name: str) -> None:
    tokenizer = make_tokenizer(chat_template=ALL[name])
    template = find_template(tokenizer)
    example = row("First?", "One.", "Second?", "Two.")
    (encoded,) = encode_example(tokenizer, template, example, system_prompt="")
    said = supervised_text(tokenizer, encoded)
    assert said.count(template.end_of_turn) == 2
    assert "One." in said
    assert "Two." in said
    assert "Second" not in said


def test_a_template_that_rewrites_earlier_turns_gives_one_sequence_per_answer() -> None:
    tokenizer = make_tokenizer(chat_template=THINKING)
    template = find_template(tokenizer)
    first, second = encode_example(
        tokenizer, template, row("First?", "One.", "Second?", "Two."), system_prompt=""
    )
    assert supervised_text(tokenizer, first) == "One.<|im_end|>"
    assert supervised_text(tokenizer, second) == "Two.<|im_end|>"
    assert "One.<|im_end|>" in tokenizer.decode(second.input_ids)


def test_eos_stays_supervised_when_pad_is_the_same_token() -> None:
    tokenizer = make_tokenizer(chat_template=ZEPHYR, pad="</s>")
    template = find_template(tokenizer)
    (encoded,) = encode_example(tokenizer, template, row("Who?", "Bob"), system_prompt="")
    assert tokenizer.pad_token_id == template.end_id
    assert encoded.supervised[-1]
    assert encoded.input_ids[-1] == template.end_id


@pytest.mark.parametrize("name", ["gemma", "llama2", "drops_system"])
def test_a_system_prompt_a_template_refuses_or_drops_goes_to_the_user_turn(name: str) -> None:
    tokenizer = make_tokenizer(chat_template=ALL[name])
    template = find_template(tokenizer)
    messages = with_system((Message(role="user", content="Who?"),), "Be brief.")
    assert template.merge_system
    assert "Be brief.\n\nWho?" in render(tokenizer, template, messages)


def test_the_plain_form_is_the_original_recipes_against_hand() -> None:
    tokenizer = make_tokenizer(chat_template=None)
    template = find_template(tokenizer)
    text = render(tokenizer, template, row("What?", "Tools.", context="ctx").messages)
    assert text == "Instruction: What?\n\nctx\nAnswer: Tools.</s>"


def test_a_rows_own_system_message_wins_over_the_configured_one() -> None:
    own = row("Who?", "Bob", system="Mine.")
    assert with_system(own.messages, "Other.")[0].content == "Mine."


def test_a_token_across_the_border_of_prompt_and_answer_does_not_shift_the_mask() -> None:
    """With 'x' before and 'x' after the border, BPE merges them; training must not see that."""
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    letters = {
        c: i
        for i, c in enumerate(
            [
                "<s>",
                "</s>",
                "x",
                "A",
                "n",
                "s",
                "w",
                "e",
                "r",
                ":",
                "I",
                "t",
                "u",
                "c",
                "i",
                "o",
                "\n",
                "?",
                ".",
            ]
        )
    }
    vocab = {**letters, "xx": 50, " ": 51}
    raw = Tokenizer(models.BPE(vocab=vocab, merges=[("x", "x")], unk_token="?"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>")
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m['content'] }}{{ eos_token if m['role'] == 'assistant' }}"
        "{% endfor %}"
    )
    template = find_template(tokenizer)
    example = row("ax", "xa")
    (encoded,) = encode_example(tokenizer, template, example, system_prompt="")
    prompt = encode_prompt(tokenizer, template, example.messages[:1], system_prompt="")
    assert encoded.input_ids[: encoded.n_prompt] == prompt
    assert 50 not in encoded.input_ids


def test_a_broken_chat_template_is_a_clear_error() -> None:
    tokenizer = make_tokenizer(chat_template="{{ raise_exception('no way') }}")
    with pytest.raises(ModelError, match="chat template fails"):
        find_template(tokenizer)


def test_a_template_that_changes_answers_is_named_with_the_row() -> None:
    shout = CHATML.replace("{{ m['content'] }}", "{{ m['content'] | upper }}")
    tokenizer = make_tokenizer(chat_template=shout)
    tokenizer_ok = make_tokenizer(chat_template=CHATML)
    template = find_template(tokenizer_ok)
    with pytest.raises(ModelError, match=r"t:1: .*changes the text"):
        encode_example(tokenizer, template, row("Who?", "Bob"), system_prompt="")


def test_templates_that_differ_have_different_hashes() -> None:
    hashes = {find_template(make_tokenizer(chat_template=t)).hash for t in ALL.values()}
    assert len(hashes) == len(ALL)
