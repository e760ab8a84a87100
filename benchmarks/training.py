"""Training side by side with the usual ways, in one process, interleaved.

Shapes of SmolLM2-135M and Qwen2.5-0.5B with random weights and random token ids, real vocabulary
sizes, batches of 4 rows, LoRA r 8 (dropout 0.05 everywhere), AdamW, one epoch.

- ``W1`` tiny instruct rows: prompt about 60 tokens (20-250), answer about 25 (5-80).
- ``W2`` retrieval contexts: prompt about 600 (300-1000), answer about 40.
- ``W3`` the same with 8 questions on each passage and one system prompt for all.

Against ``transformers.Trainer`` + peft as in the usual tutorial, and TRL's ``SFTTrainer`` at its
defaults (few rows: they are bf16 and gradient checkpointing, hopeless on most CPUs) and at its best
CPU settings (float32; padded, padding-free or packed, whichever has the lowest median). Everything
in a round runs in turn on the same rows; ratios are of one round. Peak memory is the process's
high-water mark during a variant. The matrix-multiply rate is measured in every round; the share is
the least arithmetic the job needs over the time taken, over that rate.

``--dtype bfloat16``: the same where the processor multiplies bfloat16 faster. Results are rounded
then, everybody's. realift on a base in bfloat16; the others on such a base, or on a float32 one
with ``bf16=True`` (autocast), whichever is faster.

Use: ``python benchmarks/training.py [--shape smollm2] [--targets q_proj,v_proj] [--workload W1]
[--rounds 3] [--rows 16] [--threads 2] [--dtype bfloat16]``, or ``--growth``. TRL is measured where
it is installed.
Raw times go to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import gc
import math
import random
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from results_file import ResultsFile
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils import logging as transformers_logging

from realift.config import Config
from realift.engine.parts import read_parts
from realift.manifest import machine_facts
from realift.model import tune
from realift.model.device import choose, peak_bytes
from realift.train.adapter import create_adapter
from realift.train.batches import collate, cut
from realift.train.loop import train_adapter
from realift.train.plan import plan_training
from realift.types import Encoded

SHAPES: dict[str, dict[str, Any]] = {
    "smollm2": {
        "kind": "llama", "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9,
        "num_key_value_heads": 3, "intermediate_size": 1536, "vocab_size": 49152,
        "tie_word_embeddings": True, "max_position_embeddings": 8192,
    },
    "qwen2.5": {
        "kind": "qwen2", "hidden_size": 896, "num_hidden_layers": 24, "num_attention_heads": 14,
        "num_key_value_heads": 2, "intermediate_size": 4864, "vocab_size": 151936,
        "tie_word_embeddings": True, "max_position_embeddings": 32768,
    },
}  # fmt: skip
ROWS = {"smollm2": {"W1": 64, "W2": 16, "W3": 32}, "qwen2.5": {"W1": 32, "W2": 8, "W3": 16}}
QUESTIONS_PER_PASSAGE = 8


def make_base(shape: str, **changed: Any) -> Any:
    """A random base as the loop needs it: no tokenizer but its padding id."""
    sizes = {**SHAPES[shape], **changed}
    kind = sizes.pop("kind")
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes))
    model.requires_grad_(False)
    return SimpleNamespace(
        name=shape,
        model=model.eval(),
        tokenizer=SimpleNamespace(pad_token_id=0),
        template=SimpleNamespace(end_id=0),
        compute=choose(device="cpu", threads=torch.get_num_threads()),
        engine="auto",
    )


def make_rows(workload: str, n: int, vocabulary: int, *, seed: int = 0) -> list[Encoded]:
    """Rows of a workload (see the head of this file), in the order they are trained on."""
    rng = random.Random(f"{seed}/{workload}")

    def tokens(k: int) -> list[int]:
        return [rng.randrange(10, vocabulary) for _ in range(k)]

    def lognormal(median: float, sigma: float, low: int, high: int) -> int:
        return min(high, max(low, round(median * math.exp(rng.gauss(0, sigma)))))

    system, passage = tokens(40), []
    out = []
    for i in range(n):
        if workload == "W1":
            prompt, answer = tokens(lognormal(52, 0.55, 20, 250)), lognormal(22, 0.5, 5, 80)
        else:
            long = lognormal(580, 0.25, 300, 1000)
            answer = lognormal(38, 0.3, 10, 90)
            if workload == "W3":
                if i % QUESTIONS_PER_PASSAGE == 0:
                    passage = tokens(long)
                prompt = [*system, *passage, *tokens(lognormal(20, 0.3, 8, 40))]
            else:
                prompt = tokens(long)
        ids = (*prompt, *tokens(answer))
        marks = (False,) * len(prompt) + (True,) * answer
        out.append(Encoded(id=str(i), input_ids=ids, supervised=marks))
    return out


# --- the contenders: each trains one epoch and returns its seconds -------------------------------

Task = Callable[[Any, Sequence[Encoded], Config], float]


def realift(base: Any, rows: Sequence[Encoded], config: Config) -> float:
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=rows, valid=[], measure=False)
    seconds = train_adapter(base, model, plan, config, train=rows, valid=[]).seconds
    take_off(model)
    return seconds


def tutorial_trainer(base: Any, rows: Sequence[Encoded], config: Config, **settings: Any) -> Any:
    """``transformers.Trainer`` + peft, as in the usual tutorial; ``.model`` has a fresh adapter."""
    from transformers import Trainer, TrainingArguments

    def batch(items: list[Encoded]) -> dict[str, Any]:
        made = collate(items, pad_id=0)
        return {
            "input_ids": made.input_ids,
            "attention_mask": made.attention_mask,
            "labels": made.labels,
        }

    return Trainer(
        model=create_adapter(base, config),
        args=TrainingArguments(remove_unused_columns=False, **usual(config, **settings)),
        train_dataset=list(rows),  # type: ignore[arg-type]
        data_collator=batch,
    )


def tutorial(base: Any, rows: Sequence[Encoded], config: Config, **settings: Any) -> float:
    trainer = tutorial_trainer(base, rows, config, learning_rate=1e-3, **settings)
    return timed(trainer, trainer.model)


def usual(config: Config, **more: Any) -> dict[str, Any]:
    return {
        "output_dir": "/tmp/realift-bench",
        "per_device_train_batch_size": config.batch_size,
        "num_train_epochs": 1,
        "use_cpu": True,
        "report_to": [],
        "save_strategy": "no",
        "logging_strategy": "no",
        "disable_tqdm": True,
        **more,
    }


def sft(**settings: Any) -> Task:
    """TRL's ``SFTTrainer`` with some settings of its config."""

    def run(base: Any, rows: Sequence[Encoded], config: Config) -> float:
        from datasets import Dataset
        from transformers import PreTrainedTokenizerFast
        from trl import SFTConfig, SFTTrainer

        from tests.conftest import make_tokenizer

        data = Dataset.from_list(
            [
                {
                    "input_ids": list(r.input_ids),
                    "completion_mask": [int(s) for s in r.supervised],
                }
                for r in rows
            ]
        )
        tokenizer: PreTrainedTokenizerFast = make_tokenizer()
        model = create_adapter(base, config)
        given: dict[str, Any] = {**usual(config), "max_length": None, **settings}
        if settings.get("packing"):  # as many tokens a step as in a batch of rows
            longest = max(len(r.input_ids) for r in rows)
            mean = sum(len(r.input_ids) for r in rows) / len(rows)
            given["max_length"] = max(longest, round(config.batch_size * mean))
            given["per_device_train_batch_size"] = 1
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(completion_only_loss=True, **given),
            train_dataset=data,
            processing_class=tokenizer,
        )
        return timed(trainer, model)

    return run


def timed(trainer: Any, model: Any) -> float:
    start = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - start
    take_off(model)
    return seconds


def take_off(model: Any) -> None:
    plain = model.unload()
    if hasattr(plain, "peft_config"):
        del plain.peft_config
    gc.collect()


CPU = {"bf16": False, "gradient_checkpointing": False}
AUTOCAST = {**CPU, "bf16": True}
TRL_BEST: dict[str, Task] = {
    "trl padded": sft(**CPU),
    "trl padding-free": sft(**CPU, padding_free=True),
    "trl packed": sft(**CPU, packing=True),
}


def in_bfloat16(shape: str, tasks: dict[str, Task]) -> dict[str, Task]:
    """The contenders with a base in bfloat16, and all but realift also with autocast."""
    rounded = make_base(shape)
    rounded.model.to(torch.bfloat16)
    rounded.compute = choose(device="cpu", dtype="bfloat16", threads=torch.get_num_threads())

    def on_rounded(task: Task) -> Task:
        return lambda _, rows, config: task(rounded, rows, config)

    return {
        **{name: on_rounded(task) for name, task in tasks.items()},
        "tutorial, autocast": functools.partial(tutorial, bf16=True),
        "trl padding-free, autocast": sft(**AUTOCAST, padding_free=True),
        "trl packed, autocast": sft(**AUTOCAST, packing=True),
    }


# --- measuring ---------------------------------------------------------------------------------


def multiply_rate() -> float:
    """GFLOP/s of torch's float32 multiply of 1024 x 1024 matrices, the best of a few."""
    a, best = torch.randn(1024, 1024), float("inf")
    for _ in range(10):
        start = time.perf_counter()
        torch.mm(a, a)
        best = min(best, time.perf_counter() - start)
    return 2 * 1024**3 / best / 1e9


def least_work(base: Any, rows: Sequence[Encoded], *, shared: bool) -> float:
    """Floating-point operations that a LoRA step cannot do without, over all rows.

    Forward and back to the inputs through every weight for every token, the head at supervised
    places, causal attention. ``shared``: what rows of one batch begin with counts once.
    """
    parts = read_parts(base.model)
    assert parts is not None
    from realift.engine.packing import lay_out

    total = 0.0
    for batch in cut(range(len(rows)), 4):
        some = [rows[i].input_ids for i in batch]
        pack = lay_out(some, share_from=16 if shared else None)
        total += 4 * parts.n_layer_weights * pack.n_tokens
        seen = sum(
            (b.queries[1] - b.queries[0]) * (b.keys[1] - b.keys[0]) / (2 if b.causal else 1)
            for b in pack.blocks
        )
        total += 2 * 6 * parts.n_heads * parts.head_dim * seen * len(parts.layers)
    return total + 4 * parts.head.numel() * sum(r.n_supervised for r in rows)


def reset_peak() -> None:
    """Start the high-water mark of this process's memory anew (Linux)."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def high_water() -> int:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return peak_bytes()


def measure(
    shape: str, targets: str, workload: str, *, rows: int, rounds: int, trl: bool,
    defaults_rows: int, dtype: str, keep: Callable[[dict[str, Any]], None],
) -> dict[str, Any]:  # fmt: skip
    """All contenders on one workload, in turn, round after round; ``keep`` gets each round."""
    base = make_base(shape)
    data = make_rows(workload, rows, SHAPES[shape]["vocab_size"])
    config = Config(
        epochs=1, learning_rate=1e-3, lora_target_modules=targets, lora_dropout=0.05, few_shot_k=0
    )
    tasks: dict[str, Task] = {"realift": realift, "tutorial": tutorial, **TRL_BEST}
    if dtype == "bfloat16":
        tasks = in_bfloat16(shape, tasks)
    if not trl:
        tasks = {name: task for name, task in tasks.items() if not name.startswith("trl")}
    tuning = tune.tune(*tune.sizes_of(base.model), threads=torch.get_num_threads())
    out: dict[str, Any] = {
        "shape": shape, "targets": targets, "workload": workload, "rows": rows,
        "tokens": sum(len(r.input_ids) for r in data),
        "supervised": sum(r.n_supervised for r in data),
        "dtype": dtype,
        "threads": torch.get_num_threads(), "library": tuning.library, "rates": tuning.rates,
        "seconds": {name: [] for name in tasks}, "cpu_seconds": {name: [] for name in tasks},
        "peak_bytes": {name: [] for name in tasks},
        "gflops": [],
        "least_work": least_work(base, data, shared=False),
        "least_work_shared": least_work(base, data, shared=True),
    }  # fmt: skip
    for number in range(rounds + 1):
        some = data if number else data[:4]  # a first round to warm up
        rate = multiply_rate()
        for name, task in tasks.items():
            reset_peak()
            cpu = time.process_time()  # loading included; less shaken by a busy machine
            seconds = task(base, some, config)
            cpu = time.process_time() - cpu
            if number:
                out["cpu_seconds"][name].append(cpu)
                out["seconds"][name].append(seconds)
                out["peak_bytes"][name].append(high_water())
        if number:
            out["gflops"].append(max(rate, multiply_rate()))
            keep(out)
    if defaults_rows and trl:
        few = data[:defaults_rows]
        torch.set_num_threads(out["threads"])
        out["trl_defaults"] = {
            "rows": len(few),
            "trl defaults": sft()(make_base(shape), few, config),
            "realift": realift(base, few, config),
        }
    return out


def has_trl() -> bool:
    import importlib.util

    return importlib.util.find_spec("trl") is not None


def summary(cell: dict[str, Any]) -> list[str]:
    """The lines printed for one workload."""
    ours = cell["seconds"]["realift"]
    lines = [
        f"{cell['shape']} {cell['targets']} {cell['workload']}: {cell['rows']} rows, "
        f"{cell['dtype']}, {cell['tokens']} tokens, {cell['threads']} threads; realift "
        f"{statistics.median(ours):.1f} s, "
        f"{max(cell['peak_bytes']['realift']) / 2**30:.2f} GiB"
    ]
    against = {
        who: min(found, key=statistics.median)
        for who in ("tutorial", "trl")
        if (found := [s for name, s in cell["seconds"].items() if name.startswith(who)])
    }
    for name, theirs in against.items():
        ratios = [a / b for a, b in zip(theirs, ours, strict=True)]
        lines.append(
            f"  against {name} at its best: {statistics.median(ratios):.2f}x "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )
    if cell["dtype"] == "float32":  # else two bases lie in memory
        memory = max(cell["peak_bytes"]["realift"]) / max(cell["peak_bytes"]["tutorial"])
        lines.append(f"  peak memory: {memory:.2f} of the tutorial's")
    shares = [
        cell["least_work_shared"] / s / 1e9 / g for s, g in zip(ours, cell["gflops"], strict=True)
    ]
    lines.append(f"  share of the multiply rate: {statistics.median(shares):.0%}")
    if "trl_defaults" in cell:
        few = cell["trl_defaults"]
        lines.append(
            f"  against trl at its defaults ({few['rows']} rows): "
            f"{few['trl defaults'] / few['realift']:.1f}x"
        )
    return lines


def growth(rounds: int) -> dict[str, Any]:
    """Seconds of realift as one thing grows: rows, length, vocabulary, rank."""
    config = Config(epochs=1, learning_rate=1e-3, lora_target_modules="q_proj,v_proj")
    out: dict[str, Any] = {}

    def points(name: str, cases: dict[int, tuple[Any, list[Encoded], Config]]) -> None:
        seconds: dict[int, list[float]] = {n: [] for n in cases}
        for number in range(rounds + 1):
            for n, (base, rows, own) in cases.items():
                took = realift(base, rows, own)
                if number:
                    seconds[n].append(took)
        out[name] = {str(n): times for n, times in seconds.items()}
        medians = [(n, statistics.median(times)) for n, times in seconds.items()]
        print(f"{name}: " + ", ".join(f"{n}: {s:.2f} s" for n, s in medians), linear_fit(medians))

    base = make_base("smollm2", num_hidden_layers=8)
    vocabulary = 49152
    points("rows", {n: (base, make_rows("W1", n, vocabulary), config) for n in (8, 16, 32, 64)})

    def length(n: int) -> list[Encoded]:
        rng = random.Random(n)
        ids = tuple(rng.randrange(10, vocabulary) for _ in range(n))
        return [
            Encoded(
                id=str(i),
                input_ids=(i + 10, *ids[1:]),
                supervised=(False,) * (n - 20) + (True,) * 20,
            )
            for i in range(8)
        ]

    points("length", {n: (base, length(n), config) for n in (64, 128, 256, 512, 1024)})
    vocabularies = (16384, 49152, 98304, 151936)
    points(
        "vocabulary",
        {
            n: (
                make_base("smollm2", num_hidden_layers=8, vocab_size=n),
                make_rows("W1", 16, n),
                config,
            )
            for n in vocabularies
        },
    )
    rows = make_rows("W1", 16, vocabulary)
    from dataclasses import replace

    points("rank", {r: (base, rows, replace(config, lora_r=r)) for r in (4, 8, 16, 32, 64)})
    return out


def linear_fit(points: Sequence[tuple[int, float]]) -> str:
    """Straight line through the points, and how much of their variance it explains."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    slope, start = statistics.linear_regression(xs, ys)
    r2 = statistics.correlation(xs, ys) ** 2
    return f"(= {start:.2f} s + {1000 * slope:.3f} ms each, R^2 {r2:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SHAPES, action="append")
    parser.add_argument("--targets", action="append", help="q_proj,v_proj or all-linear")
    parser.add_argument("--workload", choices=("W1", "W2", "W3"), action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--without-trl", action="store_true", help="TRL takes longest")
    parser.add_argument("--trl-defaults-rows", type=int, default=0)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--name", default="training")
    args = parser.parse_args()
    transformers_logging.set_verbosity_error()
    torch.set_num_threads(args.threads or choose(device="cpu").threads)
    result: dict[str, Any] = {"facts": machine_facts(), "torch": torch.__version__, "cells": []}
    file = ResultsFile(args.name)

    def keep(cell: dict[str, Any]) -> None:
        file.write({**result, "cells": [*result["cells"], cell]})

    if args.growth:
        tune.tune(576, 1536, threads=torch.get_num_threads())
        result["growth"] = growth(args.rounds)
    else:
        for shape in args.shape or SHAPES:
            for targets in args.targets or ("q_proj,v_proj", "all-linear"):
                for workload in args.workload or ("W1", "W2", "W3"):
                    cell = measure(
                        shape, targets, workload,
                        rows=args.rows or ROWS[shape][workload], rounds=args.rounds,
                        trl=has_trl() and not args.without_trl,
                        defaults_rows=args.trl_defaults_rows, dtype=args.dtype,
                        keep=keep,
                    )  # fmt: skip
                    result["cells"].append(cell)
                    print("\n".join(summary(cell)), flush=True)
                    file.write(result)
    file.finish(result)


if __name__ == "__main__":
    main()
