"""Halves of a step side by side against every operation divided among all threads, in turn.

The same rows, the same trainer but for ``side_by_side`` (``docs/engine.md``), by number of threads;
with ``--score`` likelihoods of all rows instead, in two jobs and in one. Fewer layers take less
time but understate what halves gain: both read the output head, which then weighs too much.
Whether a step is long enough is not asked.

Use: ``python benchmarks/side_by_side.py [--shape smollm2] [--workload W1] [--rows 16]
[--layers N] [--rounds 5] [--threads 2 --threads 8] [--score]``.
Raw times go to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from results_file import ResultsFile
from training import SHAPES, make_base, make_rows

from realift.config import Config
from realift.engine import score, side_by_side
from realift.engine.parts import read_parts
from realift.engine.score import score_rows
from realift.engine.training import FastTrainer
from realift.manifest import machine_facts
from realift.model import tune
from realift.model.device import choose
from realift.train.adapter import create_adapter
from realift.train.batches import cut


def measure(
    base: Any, args: argparse.Namespace, threads: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """By number of threads, seconds of both ways: step by step (or call by call), by round."""
    rows = make_rows(args.workload, args.rows, SHAPES[args.shape]["vocab_size"])
    config = Config(lora_target_modules="q_proj,v_proj", lora_dropout=0.05)
    parts = read_parts(create_adapter(base, config))
    assert parts is not None
    steps = [[rows[i] for i in batch] for batch in cut(range(len(rows)), config.batch_size)]
    trainers = {"one": FastTrainer(parts), "two": FastTrainer(parts, side_by_side=True)}

    def train(way: str) -> list[float]:
        took = []
        for step in steps:
            took.append(timed(partial(trainers[way].step, step)))
            trainers[way].clear()
        return took

    def likelihoods(way: str) -> list[float]:
        score.usable = (lambda: True) if way == "two" else (lambda: False)
        asked = [r.input_ids for r in rows], [r.supervised for r in rows]
        return [timed(partial(score_rows, parts, *asked))]

    for n in threads:
        found = tune.tune(*tune.sizes_of(base.model), threads=n)
        seconds: dict[str, list[list[float]]] = {"one": [], "two": []}
        for number in range(args.rounds + 1):  # the first warms up
            for way in seconds:
                took = (likelihoods if args.score else train)(way)
                if number:
                    seconds[way].append(took)
        yield {
            "threads": n, "library": found.library, "rates": found.rates,
            "tokens": [sum(len(r.input_ids) for r in step) for step in steps],
            "jobs": [len(trainers["two"].jobs(step)) for step in steps],
            "seconds": seconds,
        }  # fmt: skip


def timed(task: Callable[[], Any]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def summary(cell: dict[str, Any]) -> str:
    one, two = (list(itertools.chain(*cell["seconds"][way])) for way in ("one", "two"))
    ratios = [a / b for a, b in zip(one, two, strict=True)]
    return (
        f"{cell['threads']} threads ({cell['library']}): {1000 * statistics.median(one):.0f} / "
        f"{1000 * statistics.median(two):.0f} ms, {statistics.median(ratios):.2f}x "
        f"({min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=SHAPES, default="smollm2")
    parser.add_argument("--workload", choices=("W1", "W2", "W3"), default="W1")
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--layers", type=int, help="instead of the shape's own number")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, action="append")
    parser.add_argument("--score", action="store_true", help="likelihoods instead of training")
    parser.add_argument("--name", default="side-by-side")
    args = parser.parse_args()
    side_by_side.LONG = 0.0
    fewer = {"num_hidden_layers": args.layers} if args.layers else {}
    base, cells = make_base(args.shape, **fewer), []
    for cell in measure(base, args, args.threads or [choose(device="cpu").threads]):
        cells.append(cell)
        print(summary(cell), flush=True)
    facts = {"facts": machine_facts(), "torch": torch.__version__}
    ResultsFile(args.name).finish({**facts, "asked": vars(args), "cells": cells})


if __name__ == "__main__":
    main()
