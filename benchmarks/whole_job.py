"""The whole job side by side: train 64 rows for 3 epochs, then 40 questions to base and adapter.

The tutorial pipeline: ``transformers.Trainer`` + peft (padded batches of 4), then ``generate`` with
the adapter switched off and on, 16 questions at a time ("batched") or one by one. realift: its own
training loop and one decode loop for both arms. Random weights in the shape of SmolLM2-135M or
Qwen2.5-0.5B, W1 rows and questions (see ``training.py`` and ``answering.py``), LoRA r 8 without
dropout, the rows in the same order: both train the same adapter. The losses are reported, and where
an answer differs, how far apart the two best logits were: a float tie has (nearly) no gap.

Use: ``python benchmarks/whole_job.py [--shape smollm2] [--targets q_proj,v_proj] [--rounds 3]``.
Raw times go to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from typing import Any

import answering
import torch
from results_file import ResultsFile
from training import make_base, make_rows, take_off, tutorial_trainer
from transformers.utils import logging as transformers_logging

from realift.answer.reference import reference_nll
from realift.answer.together import view_untrained
from realift.config import Config
from realift.engine.decode import Request
from realift.engine.decode_check import answers_agree
from realift.manifest import machine_facts
from realift.model import tune
from realift.train.adapter import create_adapter
from realift.train.batches import windows
from realift.train.loop import train_adapter
from realift.train.plan import plan_training


def trained_by_tutorial(base: Any, rows: Sequence[Any], config: Config) -> Any:
    """All epochs as one, in the order of realift's: the Trainer's own shuffle is another."""
    steps = [
        step for epoch in range(config.epochs or 1) for step in windows(rows, config, epoch=epoch)
    ]
    trainer = tutorial_trainer(
        base,
        [row for step in steps for row in step],
        config,
        learning_rate=config.learning_rate,
        warmup_steps=int(config.warmup_ratio * len(steps)),
        train_sampling_strategy="sequential",
    )
    trainer.train()
    return trainer.model.eval()


def trained_by_realift(base: Any, rows: Sequence[Any], config: Config) -> Any:
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=rows, valid=[], measure=False)
    train_adapter(base, model, plan, config, train=rows, valid=[])
    return model.eval()


def answered_by_realift(model: Any, arms: Sequence[Sequence[answering.Asked]]) -> list[Any]:
    """Answers of both arms, the proof that the engine writes what the model would included."""
    views = view_untrained(model)
    assert not isinstance(views, str), views
    # As ``view`` asks for the first adapter of a process, in every round.
    assert answers_agree(model, views.base, views.adapter)
    flat = [a for arm in arms for a in arm]
    requests = [Request(ids=a.ids, variant=int(a.adapted), max_new_tokens=a.length) for a in flat]
    done, _ = answering.ours([views.base, views.adapter], requests, max_pass=0)
    return [list(done[i, 0].all_ids) for i in range(len(flat))]


def jobs(
    ways: Sequence[str],
    base: Any,
    rows: Any,
    arms: Any,
    config: Config,
    *,
    ours: Sequence[Sequence[int]] | None = None,
) -> dict[str, Any]:
    """Whole jobs: seconds of their halves, the answers, and the loss that was reached.

    ``ways`` are "realift" alone, or ways to answer after the tutorial's training, done once.
    ``ours``: answers to compare with; where one differs, by how much the model preferred its own.
    """
    start = time.perf_counter()
    train = trained_by_realift if ways == ["realift"] else trained_by_tutorial
    model = train(base, rows, config)
    trained = time.perf_counter() - start
    done: dict[str, Any] = {}
    for way in ways:
        start = time.perf_counter()
        if way == "realift":
            answers = answered_by_realift(model, arms)
        else:
            answers = answering.batched(model, arms, 1 if way == "one by one" else 16)
        took = time.perf_counter() - start
        done[way] = {"train": trained, "answer": took, "seconds": trained + took}
        done[way]["answers"] = answers
        if ours is not None:
            asked = [a for arm in arms for a in arm]
            done[way]["logit_gaps_where_different"] = answering.gaps_where_different(
                model, asked, answers, ours
            )
    found = reference_nll(model, answering.FAST, rows)
    take_off(model)
    for one in done.values():
        one["loss"] = sum(n.sum for n in found) / sum(n.n_tokens for n in found)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=answering.SHAPES, default="smollm2")
    parser.add_argument("--targets", default="q_proj,v_proj")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--skip-one-by-one", action="store_true")
    parser.add_argument("--layers", type=int, help="fewer layers than the shape has, for a try")
    parser.add_argument("--name", default="whole-job")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    transformers_logging.set_verbosity_error()

    changed = {"num_hidden_layers": args.layers} if args.layers else {}
    base = make_base(args.shape, **changed)
    sizes = base.model.config
    tune.tune(sizes.hidden_size, sizes.intermediate_size, threads=args.threads)
    config = Config(
        epochs=args.epochs, learning_rate=1e-3, lora_dropout=0.0, few_shot_k=0, batch_size=4,
        lora_target_modules=args.targets,
    )  # fmt: skip
    rows = make_rows("W1", args.rows, sizes.vocab_size)
    arms = answering.ask(sizes.vocab_size, args.questions, arms=("base", "adapter"))
    ways = ["realift", "batched"] + ([] if args.skip_one_by_one else ["one by one"])
    rounds: list[dict[str, Any]] = []
    file = ResultsFile(args.name)
    facts = {**machine_facts(), "torch_threads": args.threads, "arguments": vars(args)}
    for _ in range(args.rounds):
        done = jobs(["realift"], base, rows, arms, config)
        done |= jobs(ways[1:], base, rows, arms, config, ours=done["realift"]["answers"])
        for one in done.values():
            del one["answers"]
        rounds.append({**done, "answers": sum(map(len, arms))})
        print(json.dumps(rounds[-1], indent=1), flush=True)
        file.write({"facts": facts, "rounds": rounds})
    for way in ways[1:]:
        ratios = [r[way]["seconds"] / r["realift"]["seconds"] for r in rounds if way in r]
        print(f"whole job, {way} / realift: {statistics.median(ratios):.2f}x {ratios}")
    file.finish({"facts": facts, "rounds": rounds})


if __name__ == "__main__":
    main()
