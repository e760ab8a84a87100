"""Null adapters: what is left of a gain when the content is taken out of the training?

Two adapters that learned nothing about the domain answer the eval set beside the real one: one
trained on the same rows with their answers exchanged among rows of the same kind (so it learns
form, length and when to refuse, but no fact), and one of random weights as strong as the real one.

>>> [e.answer for e in deranged((), seed=0)]
[]
"""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from realift.data.text import fold
from realift.probes.swap import kind_of
from realift.score import detect
from realift.types import Check, Comparison, Example, GuardStatus, Question, Score
from realift.verdict import compare
from realift.verdict.checks import honest, not_checked, spec
from realift.verdict.phrases import points
from realift.verdict.readings import change, share

NAME = "nulls"
DERANGED = "null_deranged"  # probe name of the answers of the one trained on exchanged answers
RANDOM = "null_random"
_SHORT = 8  # words


def deranged(examples: Sequence[Example], *, seed: int) -> tuple[Example, ...]:
    """The rows with their answers exchanged within their kind, so that few keep their own.

    Kinds: refusal, number, date, name, short, long. A kind with one row goes to the long ones. A
    row keeps its answer only where all answers of its kind are the same (refusals).
    """
    kinds: dict[str, list[int]] = defaultdict(list)
    for i, e in enumerate(examples):
        kinds[_kind(e)].append(i)
    rest = [i for places in kinds.values() if len(places) == 1 for i in places]
    groups = [places for places in kinds.values() if len(places) > 1]
    groups += [rest] if len(rest) > 1 else []
    answers = [e.answer for e in examples]
    for places in groups:
        for i, answer in zip(places, _exchanged([answers[i] for i in places], seed), strict=True):
            answers[i] = answer
    return tuple(_with_answer(e, a) for e, a in zip(examples, answers, strict=True))


def save_random_adapter(real: Path, folder: Path, *, seed: int) -> None:
    """Save an adapter of random weights, each layer's change as large as the real one's.

    For every pair A, B: both are drawn from a normal distribution, and B is scaled so that the
    Frobenius norm of BA is the real one's. Tensors of other kinds are left as they are.
    """
    import torch
    from safetensors.torch import save_file

    from realift.model.load import read_adapter_tensors

    tensors = dict(read_adapter_tensors(real))
    generator = torch.Generator().manual_seed(seed)
    for name in sorted(n for n in tensors if "lora_A" in n):
        other = name.replace("lora_A", "lora_B")
        if other not in tensors or tensors[name].ndim != 2:
            continue
        a, b = tensors[name].float(), tensors[other].float()
        wanted = torch.linalg.matrix_norm(b @ a)
        new_a = torch.randn(a.shape, generator=generator)
        new_b = torch.randn(b.shape, generator=generator)
        new_b *= wanted / torch.linalg.matrix_norm(new_b @ new_a)
        tensors[name] = new_a.to(tensors[name].dtype).contiguous()
        tensors[other] = new_b.to(tensors[other].dtype).contiguous()
    folder.mkdir(parents=True)
    for file in real.glob("*.json"):
        shutil.copy(file, folder / file.name)
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})


def nulls_check(
    questions: Sequence[Question],
    scores: Sequence[Score],
    null_scores: Sequence[Score],
    *,
    min_gain: float,
    alpha: float = 0.05,
) -> Check:
    """Compare the real adapter with both, on correctness.

    OK: better than the one with exchanged answers, p <= alpha. WARNING: not better at all, or a
    gain of ``min_gain`` over it is ruled out: "gain explained by style". UNPROVEN otherwise.
    Controls: all answers right must count as better than it, it must not count as better than
    itself.

    Args:
        scores: of the eval set, real adapter.
        null_scores: of the null adapters, told apart by ``Score.probe``.
    """
    real = [s for s in scores if s.arm == "adapter" and not (s.probe or s.seed)]
    null = {name: [s for s in null_scores if s.probe == name] for name in (DERANGED, RANDOM)}
    c = _against(questions, null[DERANGED], real, min_gain=min_gain, alpha=alpha)
    if not c.n_scored:
        return not_checked(NAME, "No question could be scored.", n=len(questions))
    perfect = [dataclasses.replace(s, value=1.0 if s.value is not None else None) for s in real]
    planted = _against(questions, null[DERANGED], perfect, min_gain=min_gain, alpha=alpha)
    clean = _against(questions, null[DERANGED], null[DERANGED], min_gain=min_gain, alpha=alpha)
    strength = _against(questions, null[RANDOM], real, min_gain=min_gain, alpha=alpha)
    status: GuardStatus = "UNPROVEN"
    meaning = "that it is better is not proven."
    difference = c.difference or 0.0
    ruled_out = c.interval90 is not None and c.interval90.high < min_gain
    if c.label == "REAL GAIN":
        status, meaning = "OK", "the content of the rows made the difference."
    elif difference <= 0 or ruled_out:
        status, meaning = "WARNING", "the gain is explained by style."
    return honest(
        Check(
            name=NAME,
            title=spec(NAME).title,
            status=status,
            sentence=f"Right of {c.n_scored}: the adapter {_share(c.adapter.value)}, one trained "
            f"on the same rows with their answers exchanged {_share(c.base.value)}, one of random "
            f"weights {_share(strength.base.value)}. {points(difference)} against the exchanged "
            f"one: {meaning}",
            n=c.n_questions,
            n_could_fire=c.n_scored,
            caught=int(planted.label == "REAL GAIN"),
            planted=1,
            false_alarms=int(clean.label == "REAL GAIN"),
            clean=1,
            required=status == "WARNING",
            readings=(
                share("right, trained on exchanged answers", "adapter", c.base),
                share("right, random weights", "adapter", strength.base),
                share("right", "adapter", c.adapter),
                change("right, against exchanged answers", "", c),
            ),
        )
    )


def _kind(example: Example) -> str:
    if detect(example.answer, question=example.instruction).kind == "clean":
        return "refusal"
    kind = kind_of(example.answer.rstrip("."), example.instruction)
    if kind is not None and len(example.answer.split()) <= _SHORT:
        return kind.split("/")[0]
    return "short" if len(example.answer.split()) <= _SHORT else "long"


def _exchanged(answers: Sequence[str], seed: int) -> list[str]:
    """The answers in another order, moved on until as many as possible differ from their own."""
    order = list(range(len(answers)))
    random.Random(seed).shuffle(order)
    order.sort(key=lambda i: fold(answers[i]))  # equal answers side by side
    most = max(1, max(sum(fold(a) == fold(b) for b in answers) for a in answers))
    moved = [*order[most:], *order[:most]] if most < len(order) else order
    out = list(answers)
    for place, source in zip(order, moved, strict=True):
        out[place] = answers[source]
    return out


def _with_answer(example: Example, answer: str) -> Example:
    last = dataclasses.replace(example.messages[-1], content=answer)
    return dataclasses.replace(example, messages=(*example.messages[:-1], last))


def _against(
    questions: Sequence[Question],
    first: Sequence[Score],
    second: Sequence[Score],
    *,
    min_gain: float,
    alpha: float,
) -> Comparison:
    before = [dataclasses.replace(s, arm="base", probe="", seed=0) for s in first]
    after = [dataclasses.replace(s, arm="adapter", probe="", seed=0) for s in second]
    return compare(
        questions, [*before, *after], dimension="correctness", min_gain=min_gain, alpha=alpha
    )


def _share(value: float | None) -> str:
    return "not measured" if value is None else f"{100 * value:.0f}%"
