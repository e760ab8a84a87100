"""Pretraining: seeded batches made on the fly, Muon + AdamW, a fixed number of steps.

Use: ``python base/pretrain.py --steps 200 --out /tmp/trial``; ``build.py`` calls ``pretrain``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from corpus import Sample, make_sample
from model import Llama, Shape, count_parameters, export_state, hf_config
from optim import Muon
from safetensors.torch import save_file
from tokenizer import ASSISTANT_ID, END_ID, PAD, SYSTEM_ID, USER_ID, build_tokenizer, save_tokenizer
from tokenizers import Tokenizer
from torch import Tensor
from world import World

ROLE_IDS = {"system": SYSTEM_ID, "user": USER_ID, "assistant": ASSISTANT_ID}
MAX_TOKENS = 336


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides the result; ``steps`` is fixed, the clock plays no part."""

    seed: int = 1
    steps: int = 18_400
    first: int = 8300  # steps of the first part; then fresh optimizers and many more wordings
    batch_tokens: int = 3072
    chunk: int = 768  # conversations made, sorted by length and batched at once
    lr: float = 0.02  # Muon
    lr_adam: float = 0.003
    warmup: int = 100
    settle_at: int = 1600  # from this step on, both rates are multiplied by ``settle``
    settle: float = 0.3
    clamp_at: int = 3200  # from this step on, rows of the query and key weights are kept short
    clamp: float = 1.5
    curriculum: int = 8200  # steps of the whole curriculum (progress 1)
    decay: float = 0.25  # share of the first part in which the rate falls to 0
    # The rate of the second part, straight lines between (step, factor).
    again: tuple[tuple[int, float], ...] = (
        (8299, 0.0), (8499, 0.3), (10_800, 0.3), (15_200, 0.3 * 4800 / 9200), (18_400, 0.0),
    )  # fmt: skip
    weight_decay: float = 0.01
    text_weight: float = 0.3  # loss on passages and questions, in the first part only
    text_until: float = 0.2926
    shape: Shape = field(default_factory=Shape)


@dataclass(frozen=True, slots=True)
class Row:
    """One tokenized conversation; ``mask`` marks the supervised tokens."""

    ids: list[int]
    mask: list[bool]
    text: bool = True  # whether its other tokens are worth a language-model loss


def tokenize(tokenizer: Tokenizer, samples: list[Sample]) -> list[Row]:
    """Token ids of conversations: answers and their ``<|end|>`` are supervised."""
    messages = [sample.messages() for sample in samples]
    flat = [m["content"] for conversation in messages for m in conversation]
    pieces = iter(tokenizer.encode_batch(flat))
    rows = []
    for conversation in messages:
        ids: list[int] = []
        mask: list[bool] = []
        best = 0  # tokens up to the last answer that fits
        for message in conversation:
            piece = next(pieces).ids
            answer = message["role"] == "assistant"
            ids += [ROLE_IDS[message["role"]], *piece, END_ID]
            mask += [False, *[answer] * (len(piece) + 1)]
            if answer and len(ids) <= MAX_TOKENS:
                best = len(ids)
        if best:
            rows.append(Row(ids[:best], mask[:best]))
    return rows


def copy_rows(world: World, n: int, vocab: int) -> list[Row]:
    """Random token strings, said twice; the second time is supervised.

    Tokens of the whole vocabulary make the match unambiguous: attention learns to look back for
    the last occurrence within a few hundred steps, long before it could from invented words.
    """
    rng = world.rng
    rows = []
    for _ in range(n):
        text = [rng.randrange(END_ID + 1, vocab) for _ in range(rng.randint(4, 50))]
        ids = [USER_ID, *text, END_ID, ASSISTANT_ID, *text, END_ID]
        rows.append(Row(ids, [False] * (len(text) + 3) + [True] * (len(text) + 1), False))
    return rows


def collate(rows: list[Row]) -> tuple[Tensor, Tensor]:
    """Right-padded ids (B, T) and next-token targets (B, T).

    A target is -1 where the next token is text that is not supervised, -2 where it is nothing.
    """
    length = max(len(r.ids) for r in rows)
    ids = torch.full((len(rows), length), PAD)
    targets = torch.full((len(rows), length), -2)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        other = -1 if row.text else -2
        wanted = torch.tensor([t if m else other for t, m in zip(row.ids, row.mask, strict=True)])
        targets[i, : len(row.ids) - 1] = wanted[1:]
    return ids, targets


def batches(
    tokenizer: Tokenizer, settings: Settings, start: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of about ``batch_tokens`` tokens; the caller sends the step it is at."""
    step, chunk = start, 0
    while True:
        world = World(f"{settings.seed}/{chunk}")
        progress = step / settings.curriculum
        rows = tokenize(tokenizer, [make_sample(world, progress) for _ in range(settings.chunk)])
        copies = 0.15 if progress < 0.12 else 0.0
        rows += copy_rows(world, round(copies * settings.chunk), settings.shape.vocab)
        rows.sort(key=lambda r: len(r.ids))
        groups: list[list[Row]] = [[]]
        for row in rows:
            if groups[-1] and (len(groups[-1]) + 1) * len(row.ids) > settings.batch_tokens:
                groups.append([])
            groups[-1].append(row)
        world.rng.shuffle(groups)
        for group in groups:
            yield collate(group)
            step += 1
        chunk += 1


def rate(settings: Settings, step: int) -> float:
    """Warmup, plateau, then decay to 0, twice (the factor on both learning rates)."""
    if step >= settings.first:
        for (left, low), (right, high) in itertools.pairwise(settings.again):
            if step <= right:
                return low + (high - low) * (step - left) / (right - left)
        return 0.0
    end = min(settings.first, settings.steps)
    left = (end - step) / max(1.0, settings.decay * end)
    top = 1.0 if step < settings.settle_at else settings.settle
    return min(1.0, (step + 1) / settings.warmup, left) * top


def export(
    model: Llama, tokenizer: Tokenizer, folder: Path, state: dict[str, Tensor] | None = None
) -> None:
    """Write a loadable model folder, replacing the old one in one move."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    save_tokenizer(tokenizer, fresh, max_length=model.shape.max_positions)
    tensors = state or export_state(model)
    save_file(tensors, str(fresh / "model.safetensors"), metadata={"format": "pt"})
    (fresh / "model.safetensors").chmod(0o644)
    config = hf_config(model.shape, pad=PAD, eos=END_ID)
    (fresh / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    generation = {"eos_token_id": END_ID, "pad_token_id": PAD, "do_sample": False}
    (fresh / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@torch.no_grad()
def clamp_attention(model: Llama, limit: float) -> None:
    """Shorten rows of the query and key weights to ``limit``.

    Muon lets them grow without bound; then every head looks at one token with all its weight, no
    gradient comes back, and nothing new is learned about where to look.
    """
    rows = model.wqkv[:, : 2 * model.shape.hidden]
    rows.mul_((limit / rows.norm(dim=-1, keepdim=True)).clamp(max=1.0))


def save_checkpoint(path: Path, model: Llama, muon: Muon, adam: torch.optim.Optimizer,
                    counts: dict[str, float]) -> None:  # fmt: skip
    """Everything needed to go on after an interruption, replaced in one move."""
    blob = {"model": model.state_dict(), "muon": muon.buffers, "adam": adam.state_dict(),
            "counts": counts}  # fmt: skip
    torch.save(blob, path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)


def load_checkpoint(path: Path, model: Llama, muon: Muon,
                    adam: torch.optim.Optimizer) -> dict[str, float]:  # fmt: skip
    """Restore what ``save_checkpoint`` wrote; the data stream is replayed by the caller."""
    blob = torch.load(path)
    model.load_state_dict(blob["model"])
    for buffer, saved in zip(muon.buffers, blob["muon"], strict=True):
        buffer.copy_(saved)
    adam.load_state_dict(blob["adam"])
    counts: dict[str, float] = blob["counts"]
    return counts


def optimizers(model: Llama, settings: Settings) -> tuple[Muon, torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for embedding and norms."""
    muon = Muon(
        [(model.wqkv, 3), (model.wo, 1), (model.wgu, 2), (model.wd, 1)],
        weight_decay=settings.weight_decay,
    )
    adam = torch.optim.AdamW(
        [model.embed, model.norm1, model.norm2, model.norm_out],
        lr=settings.lr_adam, betas=(0.9, 0.98), weight_decay=0.0, fused=True,
    )  # fmt: skip
    return muon, adam


def pretrain(settings: Settings, out: Path, *, log_every: int = 50, export_every: int = 400,
             probe_every: int = 400, compile_model: bool = False, threads: int = 1,
             log_path: Path | None = None, checkpoint: Path | None = None) -> Llama:  # fmt: skip
    """Train from scratch and export into ``out``; the log goes to ``log_path`` as JSON lines."""
    from probe import probe

    torch.set_num_threads(threads)
    torch.manual_seed(settings.seed)
    tokenizer = build_tokenizer(0)
    model = Llama(settings.shape, seed=settings.seed, compiled=compile_model)
    print(
        json.dumps({"parameters": count_parameters(model), "settings": asdict(settings)}),
        flush=True,
    )
    muon, adam = optimizers(model, settings)
    counts: dict[str, float] = {"step": 0, "tokens": 0, "supervised": 0, "seconds": 0.0}
    if checkpoint and checkpoint.exists():
        counts = load_checkpoint(checkpoint, model, muon, adam)
    resumed = int(counts["step"])
    begun = time.perf_counter() - counts["seconds"]
    tokens, supervised, recent = int(counts["tokens"]), int(counts["supervised"]), []
    log_path = log_path or out.with_name(out.name + ".log.jsonl")
    log_path.parent.mkdir(parents=True, exist_ok=True)
    log = log_path.open("a" if resumed else "w")
    for step, (ids, targets) in enumerate(batches(tokenizer, settings)):
        if step < resumed:  # replay the stream: the same seed, the same batches
            continue
        if step >= settings.steps:
            break
        if step == settings.first:
            muon, adam = optimizers(model, settings)
        factor = rate(settings, step)
        text = settings.text_weight if step < settings.text_until * settings.curriculum else 0.0
        loss = model.loss(ids, targets, text_weight=text)
        loss.backward()
        muon.step(settings.lr * factor)
        if step >= settings.clamp_at:
            clamp_attention(model, settings.clamp)
        for group in adam.param_groups:
            group["lr"] = settings.lr_adam * factor
        adam.step()
        adam.zero_grad(set_to_none=True)
        tokens += int((ids != PAD).sum())
        supervised += int((targets >= 0).sum())
        recent.append(loss.item())
        if not math.isfinite(recent[-1]):
            raise RuntimeError(f"loss is {recent[-1]} at step {step}")
        done = step + 1
        if done % log_every == 0 or done == settings.steps:
            row = {
                "step": done, "tokens": tokens, "supervised": supervised,
                "seconds": round(time.perf_counter() - begun, 1),
                "loss": round(sum(recent) / len(recent), 4), "rate": round(factor, 4),
            }  # fmt: skip
            recent = []
            if done % probe_every == 0 or done == settings.steps:
                row |= probe(model, tokenizer)
            print(json.dumps(row), flush=True)
            log.write(json.dumps(row) + "\n")
            log.flush()
        if done % export_every == 0:
            export(model, tokenizer, out)
            if checkpoint:
                counts = {"step": done, "tokens": tokens, "supervised": supervised,
                          "seconds": time.perf_counter() - begun}  # fmt: skip
                save_checkpoint(checkpoint, model, muon, adam, counts)
    export(model, tokenizer, out)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=Settings().steps)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--ffn", type=int, default=352)
    parser.add_argument("--lr", type=float, default=0.02)
    parser.add_argument("--lr-adam", type=float, default=0.003)
    parser.add_argument("--batch-tokens", type=int, default=3072)
    parser.add_argument("--text-weight", type=float, default=0.3)
    parser.add_argument("--checkpoint", type=Path, help="resume from and save to this file")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--settle", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--probe-every", type=int, default=400)
    args = parser.parse_args()
    shape = Shape(hidden=args.hidden, layers=args.layers, heads=args.hidden // 32, ffn=args.ffn)
    settings = Settings(seed=args.seed, steps=args.steps, lr=args.lr, lr_adam=args.lr_adam,
                        batch_tokens=args.batch_tokens, text_weight=args.text_weight,
                        shape=shape, settle=args.settle)  # fmt: skip
    pretrain(settings, args.out, compile_model=args.compile, probe_every=args.probe_every,
             log_path=args.log, checkpoint=args.checkpoint)  # fmt: skip


if __name__ == "__main__":
    main()
