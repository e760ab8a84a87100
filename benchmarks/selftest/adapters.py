"""Train adapters on right and on wrong answers, and write down what the verdict says of each.

A *null* adapter learns the example's rows with their answers exchanged among rows of the same
kind (answers beside a passage, other answers; refusals stay refusals): the format is learned, the
content is wrong. A *real* one learns the rows as they are. Both take the example's own recipe, each
with its own seed, and are judged by the pipeline's own steps; only the few-shot arm is left out,
and the base's answers are computed once and kept.

Use: ``python benchmarks/selftest/adapters.py [--null 60] [--real 20] [--only-shard 0/2]``. Each
finished adapter is a line of ``adapters.jsonl``; what stands there is not trained again.
``realift selftest`` counts them.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from realift.answer.decode import decode_prompts
from realift.answer.prompts import build_prompts
from realift.config import Config, as_dict, resolve
from realift.data.split import split_examples
from realift.data.text import fold, is_refusal
from realift.inputs import Data, read_data
from realift.manifest import file_hash, versions
from realift.model.device import choose
from realift.model.load import Base, load_base
from realift.probes.context_removed import NAME, context_removed_questions
from realift.run_folder import read_jsonl, to_plain
from realift.score import score_completions
from realift.train.adapter import create_adapter, reload_and_verify, save_adapter
from realift.train.batches import encode_rows
from realift.train.loop import train_adapter
from realift.train.plan import plan_training
from realift.types import Arm, Completion, Example, Question
from realift.verdict import decide
from realift.verdict.selftest.adapters import JudgedAdapter

HERE = Path(__file__).resolve().parent
ACME = HERE.parents[1] / "examples" / "acme" / "realift.yaml"


def deranged(examples: Sequence[Example], seed: int) -> tuple[Example, ...]:
    """The rows with their answers exchanged within each kind, none keeping its own.

    Answers that say the same (the words of one stand in the other) count as its own. Refusals
    have nobody to exchange with.
    """
    rng = random.Random(seed)
    answers = [e.answer for e in examples]
    kinds = [None if is_refusal(e.answer) else bool(e.context) for e in examples]
    words = [set(fold(a).split()) for a in answers]

    def alike(i: int, j: int) -> bool:
        return words[i] <= words[j] or words[j] <= words[i]

    for kind in (False, True):
        rows = [i for i, k in enumerate(kinds) if k is kind]
        given = rng.sample(rows, len(rows))  # row rows[x] gets the answer of row given[x]
        for _ in range(1000):
            same = [x for x, i in enumerate(rows) if alike(i, given[x])]
            if not same:
                break
            x, y = same[0], rng.randrange(len(rows))
            if not alike(rows[x], given[y]) and not alike(rows[y], given[x]):
                given[x], given[y] = given[y], given[x]
        else:
            raise ValueError("these rows have too few different answers to exchange")
        for i, j in zip(rows, given, strict=True):
            answers[i] = examples[j].answer
    return tuple(
        dataclasses.replace(
            e, messages=(*e.messages[:-1], dataclasses.replace(e.messages[-1], content=answer))
        )
        for e, answer in zip(examples, answers, strict=True)
    )


def answer(
    model: Any, base: Base, arm: Arm, questions: Sequence[Question], config: Config, probe: str = ""
) -> list[Completion]:
    """One arm over all questions."""
    prompts = build_prompts(base, questions, arm, examples=(), config=config)
    return decode_prompts(
        model,
        base,
        prompts,
        max_new_tokens=config.max_new_tokens,
        batch_size=config.answer_batch_size,
        probe=probe,
    )


def judge(
    kind: str, config: Config, data: Data, base: Base, base_said: Sequence[Completion], recipe: str
) -> JudgedAdapter:
    """Train one adapter, answer, score and decide, as ``pipeline.run`` does."""
    started = time.perf_counter()
    rows = data.examples if kind == "real" else deranged(data.examples, config.seed)
    encoded = encode_rows(
        base,
        rows,
        system_prompt=config.system_prompt,
        max_length=min(config.max_length or 2048, base.window),
    )
    split = split_examples(rows, valid_fraction=config.valid_fraction, seed=config.seed)
    train, valid = encoded.of(split.train), encoded.of(split.valid)
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=train, valid=valid)
    result = train_adapter(base, model, plan, config, train=train, valid=valid)
    with tempfile.TemporaryDirectory() as folder:
        save_adapter(model, Path(folder) / "adapter", note={})
        model, applied = reload_and_verify(base, model, Path(folder) / "adapter", probe_rows=train)
    removed = context_removed_questions(data.questions)
    said = [
        *base_said,
        *answer(model, base, "adapter", data.questions, config),
        *answer(model, base, "adapter", removed, config, NAME),
    ]
    plain = model.unload()  # the base as it was, for the next adapter
    if hasattr(plain, "peft_config"):
        del plain.peft_config
    completions = [c for c in said if not c.probe]
    verdict = decide(
        data.questions,
        score_completions(data.questions, completions),
        completions=completions,
        leak_check=data.summary.leak_check,
        adapter_inert=applied.inert,
        invalid=data.scorer_faults,
        probe_questions=removed,
        probe_scores=score_completions(removed, [c for c in said if c.probe]),
        min_gain=config.min_gain,
        guard_margin=config.guard_margin,
    )
    main = verdict.comparisons[0]
    return JudgedAdapter(
        kind=kind,  # type: ignore[arg-type]
        seed=config.seed,
        fixed=main.n_fixed,
        broken=main.n_broken,
        n=main.n_scored,
        n_groups=main.n_groups,
        label=verdict.label,
        recommendation=verdict.recommendation,
        p_value=main.p_value,
        guards={g.name: g.status for g in verdict.guards},
        kept_step=result.kept_step,
        n_steps=result.n_steps,
        seconds=round(time.perf_counter() - started, 1),
        recipe=recipe,
        versions=versions(),
    )


def recipe_of(config: Config, base: Base) -> str:
    """Hash of everything but the seed: base, options, data."""
    options = {k: v for k, v in as_dict(config).items() if k not in ("seed", "threads", "runs_dir")}
    options["train"], options["eval"] = (
        file_hash(Path(path)) for path in (config.train or "", config.eval or "")
    )
    text = json.dumps([base.fingerprint, options], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--null", type=int, default=60, help="adapters trained on wrong answers")
    parser.add_argument("--real", type=int, default=20, help="adapters trained on right answers")
    parser.add_argument("--seed-from", type=int, default=0, help="first seed")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only-shard", default="0/1", help="I/N: every N-th adapter, from I")
    parser.add_argument("--epochs", type=int, help="fewer, to try the script")
    parser.add_argument("--out", type=Path, default=HERE / "adapters.jsonl")
    args = parser.parse_args()
    shard, n_shards = map(int, args.only_shard.split("/"))

    flags = {"few_shot_k": 0, "threads": args.threads}
    config = resolve(file=ACME, flags=flags | ({"epochs": args.epochs} if args.epochs else {}))
    data = read_data(config)
    compute = choose(device="cpu", dtype=config.dtype, threads=config.threads)
    base = load_base(config.base, compute=compute)
    recipe = recipe_of(config, base)
    done = {(a.kind, a.seed) for a in read_jsonl(args.out, JudgedAdapter) if a.recipe == recipe}
    jobs = [("null", args.seed_from + i) for i in range(args.null)]
    jobs += [("real", args.seed_from + i) for i in range(args.real)]
    jobs = [job for i, job in enumerate(jobs) if i % n_shards == shard and job not in done]

    removed = context_removed_questions(data.questions)
    base_said = [
        *answer(base.model, base, "base", data.questions, config),
        *answer(base.model, base, "base", removed, config, NAME),
    ]
    started = time.perf_counter()
    for number, (kind, seed) in enumerate(jobs, start=1):
        found = judge(kind, dataclasses.replace(config, seed=seed), data, base, base_said, recipe)
        with args.out.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(to_plain(found), ensure_ascii=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        left = (time.perf_counter() - started) / number * (len(jobs) - number)
        print(
            f"{number}/{len(jobs)} {kind} seed {seed}: {found.fixed} fixed, {found.broken} broken "
            f"of {found.n}, {found.label}; {found.seconds:.0f} s, about {left / 60:.0f} min left",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
