"""Answering and scoring side by side with the usual ways, in one process, interleaved.

Shapes of SmolLM2-135M and Qwen2.5-0.5B with random weights and random token ids. Answers of random
weights never stop by themselves, so every answer has a length prescribed beforehand (lognormal,
mean about 25, 5 to 80 tokens): ``generate`` is told by a stopping criterion per row, realift by the
token budget per request. All contenders compute the same answers, which is checked.

- ``greedy``: 40 questions, base and adapter, against ``generate`` one by one and two batched passes
  (all 40 at once, and 16 at a time; the one with the lower median counts).
- ``samples``: base, few-shot prompt and adapter, 8 drawn answers each, against batched passes.
- ``score``: likelihood of the references of W1, W2 and W3 (explained in ``training.py``) against
  lm-evaluation-harness at its best batch size, where it is installed.
- ``growth``: how the cost grows with questions and with samples.

Greedy answers are written without guesses ("realift") and with them: random weights repeat
themselves, so guesses come true more often here than elsewhere. In "realift, all known" every
answer is given as a guess: the most that guesses can give.

Use: ``python benchmarks/answering.py [--shape smollm2] [--case greedy] [--rounds 5] [--threads 2]
[--questions 40]``. Raw times go to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import random
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from results_file import ResultsFile
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationConfig,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.utils import logging as transformers_logging

from realift.engine.decode import Answer, Counts, Request, decode
from realift.engine.parts import agrees, read_parts
from realift.manifest import machine_facts
from realift.model import tune

STOP = 2
SHAPES: dict[str, tuple[str, dict[str, Any]]] = {
    "smollm2": (
        "llama",
        {
            "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9,
            "num_key_value_heads": 3, "intermediate_size": 1536, "vocab_size": 49152,
            "tie_word_embeddings": True, "max_position_embeddings": 8192, "rope_theta": 1e5,
        },
    ),
    "qwen2.5": (
        "qwen2",
        {
            "hidden_size": 896, "num_hidden_layers": 24, "num_attention_heads": 14,
            "num_key_value_heads": 2, "intermediate_size": 4864, "vocab_size": 151936,
            "tie_word_embeddings": True, "max_position_embeddings": 32768, "rope_theta": 1e6,
        },
    ),
}  # fmt: skip


def make_model(shape: str, targets: str) -> Any:
    """A random model of a shape with an adapter on it that really changes the answers."""
    kind, sizes = SHAPES[shape]
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, bos_token_id=1, eos_token_id=STOP, pad_token_id=0, **sizes)
    model = AutoModelForCausalLM.from_config(config).eval()
    names: Any = "all-linear" if targets == "all-linear" else targets.split(",")
    lora = LoraConfig(r=8, lora_alpha=16, target_modules=names, task_type="CAUSAL_LM")
    tune.tune(sizes["hidden_size"], sizes["intermediate_size"], threads=torch.get_num_threads())
    peft = get_peft_model(model, lora).eval().requires_grad_(False)
    with torch.no_grad():
        for name, parameter in peft.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.02)
    return peft


def lognormal(rng: random.Random, *, median: float, sigma: float, low: int, high: int) -> int:
    return min(high, max(low, round(median * math.exp(rng.gauss(0, sigma)))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One answer to be written: the prompt, by which arm, and how long it will be."""

    ids: tuple[int, ...]
    adapted: bool
    length: int


def ask(vocabulary: int, n: int, *, arms: Sequence[str], shots: int = 4) -> list[list[Asked]]:
    """The answers of every arm: W1 prompts (20-250 tokens); few-shot ones have rows before them."""
    rng = random.Random(0)

    def ids(k: int) -> tuple[int, ...]:
        return tuple(rng.randrange(10, vocabulary) for _ in range(k))

    prompts = [ids(lognormal(rng, median=50, sigma=0.6, low=20, high=250)) for _ in range(n)]
    rows = [ids(lognormal(rng, median=70, sigma=0.5, low=30, high=250)) for _ in range(16)]
    out = []
    for arm in arms:
        asked = []
        for prompt in prompts:
            shown = rng.sample(rows, shots) if arm == "few_shot" else []
            asked.append(
                Asked(
                    ids=(*(t for row in shown for t in row), *prompt),
                    adapted=arm == "adapter",
                    length=lognormal(rng, median=20, sigma=0.7, low=5, high=80),
                )
            )
        out.append(asked)
    return out


# --- the usual ways ----------------------------------------------------------------------------


class AtLength(StoppingCriteria):  # type: ignore[misc]
    """Row ``i`` is done after ``lengths[i]`` new tokens."""

    def __init__(self, width: int, lengths: Sequence[int]) -> None:
        self.ends = torch.tensor(lengths) + width

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        return input_ids.shape[1] >= self.ends.to(input_ids.device)


def generate(
    model: Any, some: Sequence[Asked], *, samples: int = 0, lengths: Sequence[int] | None = None
) -> list[list[int]]:
    """One left-padded batch through ``generate``; with ``samples`` that many drawn answers each."""
    width = max(len(a.ids) for a in some)
    ids = torch.zeros(len(some), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, a in enumerate(some):
        ids[i, width - len(a.ids) :] = torch.tensor(a.ids)
        mask[i, width - len(a.ids) :] = 1
    ids, mask = ids.to(model.device), mask.to(model.device)
    ends = lengths if lengths is not None else [a.length for a in some]
    how: dict[str, Any] = {"do_sample": False}
    if samples:
        how = {
            "do_sample": True, "temperature": 0.7, "top_k": 0, "top_p": 1.0,
            "num_return_sequences": samples,
        }  # fmt: skip
    settings = GenerationConfig(max_new_tokens=max(ends), pad_token_id=0, eos_token_id=None, **how)
    with torch.inference_mode(), nullcontext() if some[0].adapted else model.disable_adapter():
        out = model.generate(
            input_ids=ids,
            attention_mask=mask,
            generation_config=settings,
            stopping_criteria=StoppingCriteriaList([AtLength(width, ends)]),
        )
    return [row[:end] for row, end in zip(out[:, width:].tolist(), ends, strict=True)]


def batched(model: Any, arms: Sequence[Sequence[Asked]], size: int) -> list[list[int]]:
    """One pass after the other, in the order of the file, ``size`` prompts at a time."""
    return [
        row
        for arm in arms
        for at in range(0, len(arm), size)
        for row in generate(model, arm[at : at + size])
    ]


def batched_samples(
    model: Any, arms: Sequence[Sequence[Asked]], size: int, n: int, lengths: Any
) -> int:
    """Drawn answers by ``num_return_sequences``; at most ``size`` answers at a time."""
    tokens = 0
    for which, arm in enumerate(arms):
        step = max(1, size // n)
        for at in range(0, len(arm), step):
            ends = [length for row in lengths[which][at : at + step] for length in row]
            made = generate(model, arm[at : at + step], samples=n, lengths=ends)
            tokens += sum(map(len, made))
    return tokens


# --- realift -----------------------------------------------------------------------------------


def ours(
    variants: Any, requests: Sequence[Request], draw: Any = None, **how: Any
) -> tuple[dict[tuple[int, int], Answer], Counts]:
    done: dict[tuple[int, int], Answer] = {}

    def keep(answers: Sequence[Answer]) -> None:
        done.update({(a.request, a.sample): a for a in answers})

    how = {"max_rows": MAX_ROWS[0], **how}
    counts = decode(variants, requests, stop_ids=(), on_answers=keep, draw=draw, **how)
    return done, counts


MAX_ROWS: list[int | None] = [None]  # --max-rows
CLOCK = time.perf_counter  # --clock cpu: time.process_time, for one thread on a busy machine


def timed(task: Callable[[], Any]) -> tuple[float, Any]:
    start = CLOCK()
    result = task()
    return CLOCK() - start, result


def interleave(
    rounds: int, tasks: dict[str, Callable[[], Any]], *, once: Sequence[str] = ()
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Seconds of each task in each round, in turn; the slow ones, ``once``, in every other."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    results: dict[str, Any] = {}
    for number in range(rounds):
        for name, task in tasks.items():
            if name in once and number % 2:
                continue
            took, results[name] = timed(task)
            seconds[name].append(took)
            print(f"  round {number + 1} {name}: {took:.2f} s", flush=True)
            if RESULTS:  # a run that is cut off leaves what it has measured
                RESULTS[0].write({"unfinished": True, "seconds": seconds})
    return seconds, results


RESULTS: list[ResultsFile] = []  # the file of this run


def ratio(seconds: dict[str, list[float]], theirs: Sequence[str], ours: str) -> dict[str, Any]:
    """The usual way's time over ours, round by round, for the fastest of several usual ways.

    The fastest is the one with the lowest median: whoever chooses a setting chooses one. The
    fastest of every round ("luckiest") has the noise on its side.
    """
    best = min(theirs, key=lambda t: statistics.median(seconds[t]))
    luckiest = [
        min(values) / own
        for own, *values in zip(seconds[ours], *(seconds[t] for t in theirs), strict=False)
    ]
    rounds = [a / b for a, b in zip(seconds[best], seconds[ours], strict=False)]
    return {
        "against": best,
        "median": statistics.median(rounds),
        "rounds": rounds,
        "luckiest": statistics.median(luckiest),
    }


def explain(model: Any, asked: Asked, theirs: Sequence[int], mine: Sequence[int]) -> float:
    """Gap of the two best logits where two answers part: a float tie has (nearly) none."""
    at = next(i for i, (a, b) in enumerate(zip(theirs, mine, strict=True)) if a != b)
    ids = torch.tensor([[*asked.ids, *theirs[:at]]], device=model.device)
    with torch.inference_mode(), nullcontext() if asked.adapted else model.disable_adapter():
        best = model(input_ids=ids, use_cache=False).logits[0, -1].double().topk(2).values
    return float(best[0] - best[1])


def gaps_where_different(
    model: Any,
    asked: Sequence[Asked],
    theirs: Sequence[Sequence[int]],
    mine: Sequence[Sequence[int]],
) -> list[float]:
    """``explain`` for every answer that differs."""
    return [explain(model, a, b, m) for a, b, m in zip(asked, theirs, mine, strict=True) if b != m]


def greedy_case(shape: str, args: argparse.Namespace) -> dict[str, Any]:
    model = make_model(shape, args.targets)
    arms = ask(SHAPES[shape][1]["vocab_size"], args.questions, arms=("base", "adapter"))
    adapter = read_parts(model)
    with model.disable_adapter():
        base = read_parts(model)
    assert base is not None
    assert adapter is not None
    assert agrees(model, adapter)
    flat = [a for arm in arms for a in arm]
    requests = [Request(ids=a.ids, variant=int(a.adapted), max_new_tokens=a.length) for a in flat]
    written, _ = ours([base, adapter], requests, max_pass=0)
    known_requests = [replace(r, guesses=(written[i, 0].all_ids,)) for i, r in enumerate(requests)]
    tasks: dict[str, Callable[[], Any]] = {
        # Random weights repeat themselves, so guesses would always be right: they are off here.
        "realift": lambda: ours([base, adapter], requests, max_pass=0),
        "realift, guessing": lambda: ours([base, adapter], requests),
        "realift, all known": lambda: ours([base, adapter], known_requests),
        "batched, all": lambda: batched(model, arms, len(arms[0])),
        "batched, 16": lambda: batched(model, arms, 16),
    }
    if not args.skip_one_by_one:
        tasks["one by one"] = lambda: batched(model, arms, 1)
    generate(model, flat[:2])  # warm up
    seconds, results = interleave(args.rounds, tasks, once=["one by one"])
    done, counts = results["realift"]
    mine = [list(done[i, 0].ids) for i in range(len(flat))]
    gaps = gaps_where_different(model, flat, results["batched, 16"], mine)
    out = {
        "seconds": seconds,
        "batched / realift": ratio(seconds, ["batched, all", "batched, 16"], "realift"),
        "batched / realift, guessing": ratio(
            seconds, ["batched, all", "batched, 16"], "realift, guessing"
        ),
        "batched / realift, all known": ratio(
            seconds, ["batched, all", "batched, 16"], "realift, all known"
        ),
        "counts": vars_of(counts),
        "n_answers": len(flat),
        "new_tokens": sum(a.length for a in flat),
        "prompt_tokens": sum(len(a.ids) for a in flat),
        "n_different": len(gaps),
        "logit_gaps_where_different": gaps,
    }
    if "one by one" in tasks:
        out["one by one / realift"] = ratio(
            {"one": seconds["one by one"], "realift": seconds["realift"][::2]}, ["one"], "realift"
        )
    return out


def samples_case(shape: str, args: argparse.Namespace) -> dict[str, Any]:
    from realift.answer.draw import draw_tokens

    model = make_model(shape, args.targets)
    names = ("base", "few_shot", "adapter")
    arms = ask(SHAPES[shape][1]["vocab_size"], args.questions, arms=names)
    rng = random.Random(1)
    n = args.samples
    lengths = [
        [[lognormal(rng, median=20, sigma=0.7, low=5, high=80) for _ in range(n)] for _ in arm]
        for arm in arms
    ]
    adapter = read_parts(model)
    with model.disable_adapter():
        base = read_parts(model)
    # A request has one token budget; prescribed lengths of its samples are kept by a stop token
    # that is "drawn" when the length is reached.
    requests = []
    ends: dict[str, int] = {}
    for which, arm in enumerate(arms):
        for number, a in enumerate(arm):
            streams = tuple(f"{which}/{number}/{k}" for k in range(n))
            ends.update(zip(streams, lengths[which][number], strict=True))
            requests.append(
                Request(
                    ids=a.ids,
                    variant=int(a.adapted),
                    max_new_tokens=max(lengths[which][number]) + 1,
                    streams=streams,
                )
            )

    def draw(logits: Any, streams: Sequence[str], steps: Sequence[int]) -> Any:
        drawn = draw_tokens(logits, streams, steps, temperature=0.7)
        drawn[drawn == STOP] = STOP + 1
        over = torch.tensor([step >= ends[s] for s, step in zip(streams, steps, strict=True)])
        return torch.where(over, STOP, drawn)

    def mine() -> Any:
        done: list[Answer] = []
        counts = decode(
            [base, adapter], requests, stop_ids=(STOP,), on_answers=done.extend, draw=draw,
            max_rows=MAX_ROWS[0],
        )  # fmt: skip
        assert sum(len(a.ids) for a in done) == sum(ends.values())
        return counts

    tasks: dict[str, Callable[[], Any]] = {"realift": mine}
    for size in args.batch_sizes:
        tasks[f"batched, {size}"] = lambda size=size: batched_samples(model, arms, size, n, lengths)
    generate(model, arms[0][:2])  # warm up
    seconds, results = interleave(args.rounds, tasks)
    return {
        "seconds": seconds,
        "batched / realift": ratio(seconds, [f"batched, {s}" for s in args.batch_sizes], "realift"),
        "counts": vars_of(results["realift"]),
        "n_answers": sum(len(row) for arm in lengths for row in arm),
        "new_tokens": sum(ends.values()),
    }


# --- scoring -----------------------------------------------------------------------------------

SCORED = {"W1": 64, "W2": 16, "W3": 32}  # rows


def score_case(shape: str, args: argparse.Namespace) -> dict[str, Any]:
    from training import make_rows

    from realift.answer.reference import reference_nll

    model = make_model(shape, args.targets)
    out: dict[str, Any] = {}
    for workload in args.workloads:
        n = SCORED[workload]
        rows = make_rows(workload, args.rows or n, SHAPES[shape][1]["vocab_size"])
        tasks: dict[str, Callable[[], Any]] = {
            "realift": lambda rows=rows: [r.sum for r in reference_nll(model, FAST, rows)],
            "realift, plain": lambda rows=rows: [r.sum for r in reference_nll(model, PLAIN, rows)],
        }
        if has_harness():
            for size in HARNESS_BATCHES[workload]:
                scorer = harness(model, size)
                tasks[f"harness, {size}"] = lambda rows=rows, run=scorer: run(rows)
        seconds, results = interleave(args.rounds, tasks)
        theirs = [name for name in tasks if name.startswith("harness")]
        out[f"{workload}: seconds"] = seconds
        for name in theirs[:1]:
            out[f"{workload}: harness / realift"] = ratio(seconds, theirs, "realift")
            out[f"{workload}: largest difference, nats/token"] = max(
                abs(a - b) / r.n_supervised
                for a, b, r in zip(results["realift"], results[name], rows, strict=True)
            )
        out[f"{workload}: plain / realift"] = ratio(seconds, ["realift, plain"], "realift")
    return out


HARNESS_BATCHES = {"W1": (1, 4, 8, 16), "W2": (1, 4, 8), "W3": (1, 4, 8)}
PLAIN: Any = SimpleNamespace(  # what is needed of a base
    engine="plain",
    tokenizer=SimpleNamespace(pad_token_id=0),
    template=SimpleNamespace(end_id=0),
    compute=SimpleNamespace(device="cpu"),
)
FAST: Any = SimpleNamespace(engine="auto")


def has_harness() -> bool:
    return importlib.util.find_spec("lm_eval") is not None


def harness(model: Any, batch_size: int) -> Callable[[Sequence[Any]], list[float]]:
    """Negative log-likelihoods by lm-evaluation-harness, its Hugging Face backend, this model."""
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoTokenizer

    from realift.model.load import TINY_FOLDER

    scorer = HFLM(
        pretrained=model,
        tokenizer=AutoTokenizer.from_pretrained(str(TINY_FOLDER)),  # asked for, not used
        batch_size=batch_size,
        device="cpu",
        max_length=4096,
    )

    def run(rows: Sequence[Any]) -> list[float]:
        requests = []
        for row in rows:
            ids = list(row.input_ids)
            requests.append((("", ""), ids[: row.n_prompt], ids[row.n_prompt :]))
        with torch.inference_mode():
            return [-r[0] for r in scorer._loglikelihood_tokens(requests, disable_tqdm=True)]

    return run


# --- growth ------------------------------------------------------------------------------------


def growth_case(shape: str, args: argparse.Namespace) -> dict[str, Any]:
    """Seconds by questions (greedy, both arms) and by samples of each question (base)."""
    from realift.answer.draw import draw_tokens

    model = make_model(shape, args.targets)
    adapter = read_parts(model)
    with model.disable_adapter():
        base = read_parts(model)

    def draw(logits: Any, streams: Sequence[str], steps: Sequence[int]) -> Any:
        return draw_tokens(logits, streams, steps, temperature=0.7)

    def requests(n: int, samples: int = 0) -> list[Request]:
        arms = ask(SHAPES[shape][1]["vocab_size"], n, arms=("base", "adapter"))
        return [
            Request(
                ids=a.ids,
                variant=int(a.adapted),
                max_new_tokens=20,
                streams=tuple(f"{i}/{k}" for k in range(samples)),
            )
            for i, a in enumerate(arms[0] + ([] if samples else arms[1]))
        ]

    by_questions = {n: requests(n) for n in (5, 10, 20, 40, 80)}
    by_samples = {k: requests(10, k) for k in (1, 2, 4, 8, 16)}
    tasks = {
        **{f"{n} questions": lambda r=r: ours([base, adapter], r, max_pass=0)
           for n, r in by_questions.items()},
        **{f"{k} samples": lambda r=r: ours([base, adapter], r, draw)
           for k, r in by_samples.items()},
    }  # fmt: skip
    seconds, _ = interleave(args.rounds, tasks)
    best = {name: min(values) for name, values in seconds.items()}
    return {
        "seconds": seconds,
        "by questions": fit([(n, best[f"{n} questions"]) for n in by_questions]),
        "by samples": fit([(k, best[f"{k} samples"]) for k in by_samples]),
    }


def fit(points: Sequence[tuple[int, float]]) -> str:
    """A straight line through the points, and how well it fits."""
    xs, ys = [float(x) for x, _ in points], [y for _, y in points]
    slope, start = statistics.linear_regression(xs, ys)
    r2 = statistics.correlation(xs, ys) ** 2
    return f"{start:.2f} s + {slope:.4f} s each, R^2 {r2:.3f}: {points}"


def vars_of(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in Counts.__slots__}


CASES = {"greedy": greedy_case, "samples": samples_case, "score": score_case, "growth": growth_case}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=[*SHAPES, "all"], default="smollm2")
    parser.add_argument("--case", choices=[*CASES, "all"], default="greedy")
    parser.add_argument("--targets", default="q_proj,v_proj")
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[16, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--skip-one-by-one", action="store_true")
    parser.add_argument("--name", default="answering", help="of the file in benchmarks/results/")
    parser.add_argument("--rows", type=int, help="to score, of every workload")
    parser.add_argument("--workloads", nargs="+", choices=SCORED, default=list(SCORED))
    parser.add_argument("--max-rows", type=int, help="answers written at a time by realift")
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall")
    parser.add_argument("--layers", type=int, help="fewer layers than the shape has, for a try")
    args = parser.parse_args()
    if args.clock == "cpu":
        globals()["CLOCK"] = time.process_time
    MAX_ROWS[0] = args.max_rows
    if args.layers:
        for _, sizes in SHAPES.values():
            sizes["num_hidden_layers"] = args.layers
    torch.set_num_threads(args.threads)
    transformers_logging.set_verbosity_error()

    file = ResultsFile(args.name)
    RESULTS.append(file)
    found: dict[str, Any] = {}
    for shape in SHAPES if args.shape == "all" else [args.shape]:
        for case in CASES if args.case == "all" else [args.case]:
            print(f"{shape}, {case}:", flush=True)
            result = CASES[case](shape, args)
            found[f"{shape}/{case}"] = result
            for name, value in result.items():
                if isinstance(value, dict) and "median" in value:
                    low, high = min(value["rounds"]), max(value["rounds"])
                    print(
                        f"{name}: {value['median']:.2f}x (from {low:.2f} to {high:.2f}) against "
                        f"{value['against']}; the fastest of each round: {value['luckiest']:.2f}x"
                    )
                elif name != "seconds":
                    print(f"{name}: {value}")
    facts = {**machine_facts(), "torch_threads": args.threads, "arguments": vars(args)}
    file.finish({"facts": facts, "found": found})


if __name__ == "__main__":
    main()
