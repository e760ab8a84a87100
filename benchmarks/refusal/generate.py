"""Make the outputs that the refusal detector is measured on: real texts of small models.

Every source of ``sources.py`` is trained (or not), asked at three temperatures, and a fixed number
of its distinct outputs is drawn, before anybody looks at what the detector says. The labels in
``outputs.jsonl`` are added by hand afterwards; this script never writes that file.

Use: ``python benchmarks/refusal/generate.py --out drawn.jsonl`` (six minutes on one core), or
``--check`` to see how many of the committed outputs come out the same here.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from realift.answer.decode import decode_prompts
from realift.answer.prompts import Prompt, build_prompts
from realift.config import Config, resolve
from realift.data.read import read_examples, read_questions
from realift.model.device import choose
from realift.model.load import Base, load_base
from realift.train.adapter import create_adapter
from realift.train.batches import cut, encode_rows, pad_token_id
from realift.train.loop import train_adapter
from realift.train.plan import plan_training
from realift.types import Example, Message, Question, Where

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from sources import E2E, EVAL, SOURCES, STORIES, Source  # noqa: E402

TEMPERATURES = (0.0, 0.4, 0.8)  # 0 = greedy
N_E2E = 60
SEED = 3


def main() -> None:
    """Draw the outputs; write or compare them."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--real", type=Path, default=ROOT.parent / "shared" / "real")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    started = time.perf_counter()
    drawn = []
    with args.out.open("w", encoding="utf-8") if args.out else nullcontext() as out:
        for row in draw(args.real):
            drawn.append(row)
            if out:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                out.flush()
    print(f"{len(drawn)} outputs in {time.perf_counter() - started:.0f} s")
    if args.check:
        lines = (HERE / "outputs.jsonl").read_text(encoding="utf-8").splitlines()
        old = {json.loads(line)["output"] for line in lines}
        same = old & {row["output"] for row in drawn}
        print(f"{len(same)} of the {len(old)} committed outputs came out the same")


def draw(real: Path) -> Iterator[dict[str, Any]]:
    """The outputs of every source: distinct over all of them, ``take`` of each.

    Which ones are kept depends on a hash of the text alone; a passage of the E2E data is left out.
    """
    seen: set[str] = set()
    for source in SOURCES:
        pool: dict[str, dict[str, Any]] = {}
        for row in answers(source, real):
            pool.setdefault(_key(row), row)
        new = [row for key, row in pool.items() if key not in seen]
        new.sort(key=lambda row: hashlib.sha256(row["output"].encode()).hexdigest())
        print(f"{source.name}: {len(new)} new outputs, {source.take} wanted", flush=True)
        protected = _references(real) if E2E in source.rows else []
        for row in new[: source.take]:
            if not any(_key(row) in text for text in protected):
                seen.add(_key(row))
                yield row


def _key(row: dict[str, Any]) -> str:
    return " ".join(row["output"].casefold().split())


def answers(source: Source, real: Path) -> Iterator[dict[str, Any]]:
    """Everything one source says, at every temperature."""
    config = resolve(
        flags={
            "lora_r": 16,
            "lora_alpha": 32,
            "batch_size": 8,
            "epochs": source.epochs or None,
            "max_new_tokens": 48,
            "seed": SEED,
            **source.options,
        }
    )
    name = str(real / STORIES) if source.base == STORIES else source.base
    base = load_base(name, compute=choose(device="cpu", threads=1))
    model = _train(base, source, config, real) if source.rows else base.model
    questions = [q for kind in source.asks for q in asked(kind)]
    prompts = build_prompts(base, questions, "base", examples=(), config=config)
    for temperature in TEMPERATURES:
        texts = _decode(model, base, prompts, config, temperature)
        for question, text in zip(questions, texts, strict=True):
            yield {
                "source": source.name,
                "temperature": temperature,
                "question": question.question,
                "context": question.context,
                "output": text,
            }


def asked(kind: str) -> list[Question]:
    """The questions of one kind: of ``questions.jsonl``, or every third one of examples/acme."""
    if kind == EVAL:
        return list(read_questions(ROOT / "examples" / "acme" / "eval.jsonl").rows)[::3]
    return [q for q in read_questions(HERE / "questions.jsonl").rows if q.id.startswith(kind)]


def taught(rows: Sequence[str], real: Path) -> list[Example]:
    """The training rows of a source."""
    found: list[Example] = []
    for name in rows:
        if name == E2E:
            found += _e2e(real / "e2e_nlg" / "devset.csv")
        elif name.startswith("acme/"):
            found += read_examples(ROOT / "examples" / f"{name}.jsonl").rows
        else:
            found += read_examples(HERE / "rows" / f"{name}.jsonl").rows
    return found


def _references(real: Path) -> list[str]:
    with (real / "e2e_nlg" / "devset.csv").open(encoding="utf-8", newline="") as stream:
        return [" ".join(row["ref"].casefold().split()) for row in csv.DictReader(stream)]


def _e2e(path: Path) -> list[Example]:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = random.Random(SEED).sample(list(csv.DictReader(stream)), N_E2E)
    return [
        Example(
            id=f"e2e-{i}",
            where=Where(file=path.name, line=i),
            messages=(
                Message(role="user", content="Describe the restaurant.", context=row["mr"]),
                Message(role="assistant", content=row["ref"]),
            ),
        )
        for i, row in enumerate(rows, start=1)
    ]


def _train(base: Base, source: Source, config: Config, real: Path) -> Any:
    examples = taught(source.rows, real)
    rows = encode_rows(
        base, examples, system_prompt=config.system_prompt, max_length=base.window
    ).rows
    model = create_adapter(base, config)
    plan = plan_training(base, model, config, train=rows, valid=[])
    train_adapter(base, model, plan, config, train=rows, valid=[])
    return model


def _decode(
    model: Any, base: Base, prompts: Sequence[Prompt], config: Config, temperature: float
) -> list[str]:
    if temperature == 0:
        size = config.answer_batch_size
        done = decode_prompts(
            model, base, prompts, max_new_tokens=config.max_new_tokens, batch_size=size
        )
        return [c.text for c in done]
    return _sample(model, base, prompts, config, temperature)


def _sample(
    model: Any, base: Base, prompts: Sequence[Prompt], config: Config, temperature: float
) -> list[str]:
    import torch

    texts = []
    torch.manual_seed(SEED)
    for piece in cut(range(len(prompts)), config.answer_batch_size):
        width = max(len(prompts[i].input_ids) for i in piece)
        pad = pad_token_id(base)
        ids = [[pad] * (width - len(prompts[i].input_ids)) + [*prompts[i].input_ids] for i in piece]
        mask = [[int(c >= width - len(prompts[i].input_ids)) for c in range(width)] for i in piece]
        with torch.inference_mode():
            out = model.generate(
                input_ids=torch.tensor(ids),
                attention_mask=torch.tensor(mask),
                do_sample=True,
                temperature=temperature,
                top_k=0,
                max_new_tokens=config.max_new_tokens,
                eos_token_id=list(base.template.stop_ids),
                pad_token_id=pad,
            )
        stops = set(base.template.stop_ids)
        for new in out[:, width:].tolist():
            end = next((i for i, t in enumerate(new) if t in stops), None)
            texts.append(base.tokenizer.decode(new[:end], skip_special_tokens=True).strip())
    return texts


if __name__ == "__main__":
    main()
