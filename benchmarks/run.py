"""Measure realift side by side with the usual way, in one process, interleaved.

Machines are noisy: what counts is the ratio of two things timed in turn, not the seconds. Prints a
table and writes every raw time to ``benchmarks/results/<date>-<name>.json``.

Use: ``make bench`` or ``python benchmarks/run.py [--rounds 5] [--base tiny]``.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from results_file import ROOT, ResultsFile

from realift.answer.decode import decode_prompts
from realift.answer.prompts import build_prompts
from realift.config import Config
from realift.data.read import read_examples, read_questions
from realift.manifest import machine_facts
from realift.model.device import choose
from realift.model.load import Base, load_base
from realift.train.adapter import create_adapter
from realift.train.batches import collate, encode_rows, pad_token_id
from realift.train.loop import train_adapter
from realift.train.plan import plan_training

ACME = ROOT / "examples" / "acme"
N_ROWS, N_QUESTIONS, NEW_TOKENS = 32, 16, 24


def trainer_seconds(name: str, config: Config, rows: Any) -> float:
    """One epoch with ``transformers.Trainer`` + peft, as in the usual tutorial."""
    from transformers import Trainer, TrainingArguments

    base = load_base(name, compute=choose(device="cpu"))
    pad = pad_token_id(base)

    def batch(items: list[Any]) -> dict[str, Any]:
        made = collate(items, pad_id=pad)
        return {
            "input_ids": made.input_ids,
            "attention_mask": made.attention_mask,
            "labels": made.labels,
        }

    trainer = Trainer(
        model=create_adapter(base, config),
        args=TrainingArguments(
            output_dir="/tmp/realift-bench",
            per_device_train_batch_size=config.batch_size,
            num_train_epochs=1,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            remove_unused_columns=False,
        ),
        train_dataset=list(rows),
        data_collator=batch,
    )
    start = time.perf_counter()
    trainer.train()
    return time.perf_counter() - start


def realift_seconds(name: str, config: Config, rows: Any) -> float:
    """One epoch with realift's loop, without its planning."""
    base = load_base(name, compute=choose(device="cpu"))
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=rows, valid=[])
    return train_adapter(base, model, plan, config, train=rows, valid=[]).seconds


def answer_seconds(base: Base, prompts: Any, *, batch_size: int) -> float:
    start = time.perf_counter()
    decode_prompts(base.model, base, prompts, max_new_tokens=NEW_TOKENS, batch_size=batch_size)
    return time.perf_counter() - start


def process_seconds(code: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *code], check=True, capture_output=True)
    return time.perf_counter() - start


def interleave(rounds: int, **tasks: Callable[[], float]) -> dict[str, list[float]]:
    """Seconds of each task in each round, taken in turn; one round to warm up is not counted."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for number in range(rounds + 1):
        for name, task in tasks.items():
            seconds = task()
            if number:
                times[name].append(seconds)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--name", default="plain")
    args = parser.parse_args()

    config = Config(epochs=1, learning_rate=1e-3, few_shot_k=0)
    base = load_base(args.base, compute=choose(device="cpu"))
    examples = read_examples(ACME / "train.jsonl").rows[:N_ROWS]
    rows = encode_rows(
        base, examples, system_prompt=config.system_prompt, max_length=base.window
    ).rows
    questions = read_questions(ACME / "eval.jsonl").rows[:N_QUESTIONS]
    prompts = build_prompts(base, questions, "base", examples=(), config=config)
    pairs = {
        "training, one epoch of 32 rows (tutorial Trainer / realift)": interleave(
            args.rounds,
            theirs=lambda: trainer_seconds(args.base, config, rows),
            ours=lambda: realift_seconds(args.base, config, rows),
        ),
        "answering 16 questions (one by one / batched)": interleave(
            args.rounds,
            theirs=lambda: answer_seconds(base, prompts, batch_size=1),
            ours=lambda: answer_seconds(base, prompts, batch_size=16),
        ),
        "start-up (import torch / realift --help)": interleave(
            args.rounds,
            theirs=lambda: process_seconds(["-c", "import torch"]),
            ours=lambda: process_seconds(["-m", "realift", "--help"]),
        ),
    }
    for name, times in pairs.items():
        ratios = [a / b for a, b in zip(times["theirs"], times["ours"], strict=True)]
        print(
            f"{name}: {statistics.median(ratios):.2f}x "
            f"(from {min(ratios):.2f} to {max(ratios):.2f}; "
            f"median {statistics.median(times['ours']):.2f} s, {args.rounds} rounds)"
        )
    result = {"facts": machine_facts(), "base": args.base, "seconds": pairs}
    ResultsFile(args.name).finish(result)


if __name__ == "__main__":
    main()
