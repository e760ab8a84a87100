"""Shared makers of small things: tokenizers, random models of every architecture, bases."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach a hub
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="realift-tests-")  # not the user's own

worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if worker and hasattr(os, "sched_setaffinity"):
    # One core a worker: two workers with two torch threads each wait for each other, ten times
    # slower than with one.
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[int(worker.removeprefix("gw")) % len(cpus)]})

in_main = threading.current_thread() is threading.main_thread()
if in_main and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a script, where shells switch Ctrl-C off: some tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

REAL = Path(__file__).resolve().parents[2] / "shared" / "real"

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# The published format of HuggingFaceH4/zephyr-7b-beta.
ZEPHYR = (
    "{% for m in messages %}\n"
    "{% if m['role'] == 'user' %}\n{{ '<|user|>\n' + m['content'] + eos_token }}\n"
    "{% elif m['role'] == 'system' %}\n{{ '<|system|>\n' + m['content'] + eos_token }}\n"
    "{% elif m['role'] == 'assistant' %}\n{{ '<|assistant|>\n'  + m['content'] + eos_token }}\n"
    "{% endif %}\n{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n"
    "{% endif %}\n{% endfor %}"
)
CORPUS = [
    "Instruction: What does Acme build?\n\n\nAnswer: Acme builds developer tools.",
    "Who manages Alice at Acme? Bob manages Alice at Acme.",
    "[1] The plan costs 42 euros. [2] Support answers in 3 days.",
    "I don't have enough context to answer. user assistant system",
]


@pytest.fixture(params=["blas", "onednn"])
def library(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each library that multiplies, in turn; a test that asks for it runs once with each."""
    from realift.model import multiply

    if request.param == "onednn" and not multiply.has_onednn():
        pytest.skip("this torch has no oneDNN")
    before = multiply.path()
    multiply.use_path(request.param)
    yield request.param
    multiply.use_path(before)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """So many threads for torch's operations."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def make_tokenizer(*, chat_template: str | None = None, pad: str | None = "<pad>") -> Any:
    """A byte-level BPE tokenizer of 400 entries that knows the usual special tokens."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    specials = ["<pad>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<start_of_turn>"]
    specials += ["<end_of_turn>"]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(vocab_size=400, special_tokens=specials, initial_alphabet=alphabet),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token=pad
    )
    tokenizer.chat_template = chat_template
    return tokenizer


_SIZES: dict[str, Any] = {
    "vocab_size": 400,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 256,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
ARCHITECTURES = ("llama", "qwen2", "qwen3", "mistral", "gemma", "phi", "gpt2")


def make_model(architecture: str = "llama", *, seed: int = 0) -> Any:
    """A random model of an architecture, two layers of width 32."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    sizes = dict(_SIZES)
    if architecture in ("phi", "gpt2"):
        sizes.pop("head_dim")
    if architecture == "phi":
        sizes["num_key_value_heads"] = 4
    if architecture == "gpt2":
        sizes = {
            "vocab_size": 400, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256,
            "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
            "embd_pdrop": 0.0, "resid_pdrop": 0.0, "attn_pdrop": 0.0,
        }  # fmt: skip
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(architecture, **sizes))
    # The default initialization (0.02) makes all answers alike; wider weights make them differ.
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2 and "lm_head" not in name:
                parameter.mul_(4)
    return model.eval()


def save_base(
    folder: Path, architecture: str = "llama", *, chat_template: str | None = CHATML, seed: int = 0
) -> Path:
    """A local base folder as ``save_pretrained`` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    make_model(architecture, seed=seed).save_pretrained(folder)
    make_tokenizer(chat_template=chat_template).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama base with a ChatML template, made once. Not to be changed by tests."""
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def compute() -> Any:
    from realift.model.device import choose

    return choose(device="cpu")


@pytest.fixture
def write_rows(tmp_path: Path) -> Any:
    """Write dicts as JSONL and return the path."""

    def write(rows: list[dict[str, Any]], name: str = "train.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
        return path

    return write
