"""The engine on a GPU in bfloat16: answering and training against the plain path, in minutes.

Random weights in the shape of SmolLM2-135M or Qwen2.5-0.5B, W1 rows and questions. Every pair is
timed in turn. Besides the times it says how far the results are apart: in bfloat16 two ways of
adding up differ, so answers of random weights part at near-ties; the gap of the two best logits at
the first difference is given.

Use: ``python benchmarks/gpu.py [--shape smollm2] [--workload W1] [--rounds 3] [--out FILE.json]``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import answering
import torch
import training
from training import make_rows
from transformers.utils import logging as transformers_logging

from realift.answer.reference import reference_nll
from realift.config import Config
from realift.engine.decode import Request
from realift.engine.decode_check import answers_agree
from realift.engine.parts import agrees, read_parts
from realift.manifest import machine_facts
from realift.model.device import Compute, peak_bytes
from realift.train.adapter import create_adapter
from realift.train.loop import train_adapter
from realift.train.plan import plan_training

# Large enough that a GPU has something to compute.
answering.SHAPES["qwen2.5-1.5b"] = (
    "qwen2",
    {
        "hidden_size": 1536, "num_hidden_layers": 28, "num_attention_heads": 12,
        "num_key_value_heads": 2, "intermediate_size": 8960, "vocab_size": 151936,
        "tie_word_embeddings": True, "max_position_embeddings": 32768,
    },
)  # fmt: skip


def timed(task: Callable[[], Any]) -> tuple[float, Any]:
    wait()
    start = time.perf_counter()
    result = task()
    wait()
    return time.perf_counter() - start, result


def wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def pairs(rounds: int, **tasks: Callable[[], Any]) -> tuple[dict[str, list[float]], dict[str, Any]]:
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    results: dict[str, Any] = {}
    for number in range(rounds + 1):
        for name, task in tasks.items():
            took, results[name] = timed(task)
            if number:  # the first round warms up
                seconds[name].append(took)
    for name, values in seconds.items():
        print(f"  {name}: {statistics.median(values):.3f} s", flush=True)
    return seconds, results


def say_ratio(what: str, seconds: dict[str, list[float]]) -> None:
    ratios = [p / e for p, e in zip(seconds["plain"], seconds["engine"], strict=True)]
    print(f"{what}: plain / engine {statistics.median(ratios):.2f}x", flush=True)


def answers(shape: str, model: Any, rounds: int, questions: int) -> dict[str, Any]:
    arms = answering.ask(
        answering.SHAPES[shape][1]["vocab_size"], questions, arms=("base", "adapter")
    )
    adapter = read_parts(model)
    with model.disable_adapter():
        base = read_parts(model)
    assert adapter is not None
    assert base is not None
    agreed = agrees(model, adapter) and answers_agree(model, base, adapter)
    print(f"  the probe agrees: {agreed}", flush=True)
    flat = [a for arm in arms for a in arm]
    requests = [Request(ids=a.ids, variant=int(a.adapted), max_new_tokens=a.length) for a in flat]
    seconds, results = pairs(
        rounds,
        engine=lambda: answering.ours([base, adapter], requests, max_pass=0),
        plain=lambda: answering.batched(model, arms, 64),
    )
    done, _ = results["engine"]
    gaps = []
    for i, (asked, theirs) in enumerate(zip(flat, results["plain"], strict=True)):
        mine = list(done[i, 0].all_ids)
        if mine != theirs:
            gaps.append(answering.explain(model, asked, theirs, mine))
    say_ratio(f"answering {questions} questions, both arms", seconds)
    print(f"  {len(gaps)} of {len(flat)} answers part; logit gaps there: {gaps[:8]}", flush=True)
    return {"seconds": seconds, "agreed": agreed, "n": len(flat), "gaps": gaps}


def scores(shape: str, model: Any, rounds: int, workload: str) -> dict[str, Any]:
    rows = make_rows(workload, 64, answering.SHAPES[shape][1]["vocab_size"])
    seconds, results = pairs(
        rounds,
        engine=lambda: reference_nll(model, answering.FAST, rows),
        plain=lambda: reference_nll(model, answering.PLAIN, rows),
    )
    worst = max(
        abs(a.mean - b.mean) for a, b in zip(results["engine"], results["plain"], strict=True)
    )
    say_ratio("likelihood of 64 references", seconds)
    print(f"  largest difference: {worst:.4f} nats/token", flush=True)
    return {"seconds": seconds, "largest_difference": worst}


def trainings(shape: str, base: Any, rounds: int, workload: str, epochs: int) -> dict[str, Any]:
    rows = make_rows(workload, 64, answering.SHAPES[shape][1]["vocab_size"])
    losses: dict[str, Sequence[float]] = {}

    def train(engine: str) -> float:
        config = Config(
            epochs=epochs, learning_rate=1e-3, lora_dropout=0.0, batch_size=8, engine=engine
        )  # type: ignore[arg-type]
        model = create_adapter(base, config)
        plan = plan_training(base, model, config, train=rows, valid=[], measure=False)
        result = train_adapter(base, model, plan, config, train=rows, valid=[])
        losses[engine] = [p.loss or 0.0 for p in result.curve]
        plain = model.unload()
        if hasattr(plain, "peft_config"):
            del plain.peft_config
        return result.seconds

    seconds, _ = pairs(rounds, engine=lambda: train("auto"), plain=lambda: train("plain"))
    worst = max(abs(a - b) for a, b in zip(losses["auto"], losses["plain"], strict=True))
    say_ratio(f"training, epochs of 64 rows: {epochs}", seconds)
    print(f"  largest difference of a step's loss: {worst:.4f} nats/token", flush=True)
    return {"seconds": seconds, "largest_difference": worst}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=answering.SHAPES, default="smollm2")
    parser.add_argument("--workload", choices=training.ROWS["smollm2"], default="W1")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--targets", default="q_proj,v_proj")
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--device", default="cuda", help="cpu: to try the script")
    parser.add_argument("--layers", type=int, help="fewer layers than the shape has, for a try")
    parser.add_argument("--out", help="where to write the raw times")
    args = parser.parse_args()
    transformers_logging.set_verbosity_error()
    dtype = getattr(torch, args.dtype)
    if args.layers:
        answering.SHAPES[args.shape][1]["num_hidden_layers"] = args.layers
    model = answering.make_model(args.shape, args.targets)
    model.get_base_model().to(dtype)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = parameter.data.float()  # as peft keeps adapters on bfloat16 bases
    model.to(args.device)
    answering.FAST.compute = answering.PLAIN.compute = Compute(
        device=args.device, dtype=args.dtype, threads=torch.get_num_threads()
    )
    found: dict[str, Any] = {"facts": machine_facts(), "arguments": vars(args)}
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "answering": lambda: answers(args.shape, model, args.rounds, args.questions),
        "scoring": lambda: scores(args.shape, model, args.rounds, args.workload),
        "training": lambda: trainings(
            args.shape, _plain_base(model, args.shape), args.rounds, args.workload, args.epochs
        ),
    }
    for name, task in parts.items():
        print(f"{name}:", flush=True)
        try:
            found[name] = task()
        except Exception as err:  # the other parts are still worth having
            found[name] = {"error": f"{type(err).__name__}: {err}"}
            print(f"  failed: {found[name]['error']}", flush=True)
    found["peak_bytes"] = peak_bytes(args.device)
    print(f"peak memory: {found['peak_bytes'] / 2**30:.2f} GiB")
    if args.out:
        Path(args.out).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _plain_base(model: Any, shape: str) -> Any:
    """The base without its adapter, as the training loop takes it."""
    from types import SimpleNamespace

    plain = model.unload()
    if hasattr(plain, "peft_config"):
        del plain.peft_config
    plain.requires_grad_(False)
    return SimpleNamespace(
        name=shape,
        model=plain.eval(),
        tokenizer=answering.PLAIN.tokenizer,
        template=answering.PLAIN.template,
        compute=answering.PLAIN.compute,
        window=2048,
        engine="auto",
    )


if __name__ == "__main__":
    main()
