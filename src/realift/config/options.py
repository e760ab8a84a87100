"""Every option, once: name, type, default, check and one line of help."""

from __future__ import annotations

import dataclasses
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

REFUSAL = "I don't have enough context to answer."
DEFAULT_SYSTEM_PROMPT = (
    "Answer the question briefly. If context is given, answer from it and cite it like [1]. "
    f"If the answer is not known, say exactly: {REFUSAL}"
)

# Checks that ask the adapter beside the eval set, in the order they are shown.
PROBES = (
    "context_removed", "other_context", "cut_sentence", "context_swapped", "invented",
    "memorization", "regurgitation", "forgetting", "baselines",
)  # fmt: skip

TRACKERS = ("tensorboard", "mlflow", "wandb", "trackio")

Check = Callable[[Any], str | None]
Given = Literal["default", "file", "flag"]


# --- checks: None when fine, else what is wrong ------------------------------------------------


def _at_least(low: float) -> Check:
    return lambda v: None if v is None or v >= low else f"must be at least {low:g}"


def _above(low: float) -> Check:
    return lambda v: None if v is None or v > low else f"must be greater than {low:g}"


def _between(low: float, high: float, *, open_high: bool = False) -> Check:
    def check(v: float | None) -> str | None:
        inside = v is None or (low <= v < high if open_high else low <= v <= high)
        return (
            None if inside else f"must be from {low:g} to {'below ' if open_high else ''}{high:g}"
        )

    return check


def _one_of(*allowed: str) -> Check:
    return lambda v: None if v in allowed else f"must be one of {', '.join(allowed)}"


def _probes(value: str) -> str | None:
    names = [n.strip() for n in value.split(",") if n.strip()]
    if names in (["auto"], ["off"]):
        return None
    unknown = [n for n in names if n not in PROBES]
    if unknown or not names:
        return f"must be auto, off, or names out of {', '.join(PROBES)}"
    return None


def _mapping(pairs: Sequence[str]) -> str | None:
    for pair in pairs:
        name, equals, column = pair.partition("=")
        if not (name.strip() and equals and column.strip()):
            return "must be NAME=COLUMN, such as instruction=frage"
    names = [pair.partition("=")[0].strip() for pair in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    return f"maps '{twice}' twice" if twice else None


def _all_of(*allowed: str) -> Check:
    def check(values: tuple[str, ...]) -> str | None:
        return None if set(values) <= set(allowed) else f"may hold {', '.join(allowed)}"

    return check


def _option(default: Any, help: str, *, group: str, check: Check | None = None) -> Any:
    meta = {"help": help, "group": group, "check": check}
    if isinstance(default, list):
        return field(default_factory=lambda: tuple(default), metadata=meta)
    return field(default=default, metadata=meta)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The resolved options of one run. ``None`` means "chosen automatically", and is shown so."""

    # data
    train: str | None = _option(
        None,
        "Training rows: a JSONL, JSON, CSV, YAML or Parquet file, or a dataset "
        "(owner/name[:split], or a folder).",
        group="data",
    )
    eval: str | None = _option(
        None,
        "The eval set: questions in a file or dataset as for train (none: run cross-fits the "
        "rows).",
        group="data",
    )
    columns: tuple[str, ...] = _option(
        [],
        "Fields that have other names in your data, such as instruction=frage.",
        group="data",
        check=_mapping,
    )
    docs: str | None = _option(
        None,
        "Documents to retrieve each question's context from: a folder (md, txt, html, pdf), or "
        "chroma:PATH#COLLECTION.",
        group="data",
    )
    retriever: str = _option(
        "bm25",
        "How passages are found: bm25 (words, no download), or a sentence-transformers model.",
        group="data",
    )
    retrieve_k: int = _option(
        4, "Passages retrieved for each question.", group="data", check=_at_least(1)
    )
    passage_words: int = _option(
        200, "Longest passage in words, about.", group="data", check=_at_least(20)
    )
    allow_leaks: bool = _option(
        False,
        "Judge the run even if training rows stand in the eval set (the verdict says so).",
        group="data",
    )
    valid_fraction: float = _option(
        0.15,
        "Share of the training rows held out to choose the best step.",
        group="data",
        check=_between(0, 0.5),
    )
    # model
    base: str = _option(
        "tiny", "Base model: hub id, local folder, or 'tiny' (the embedded one).", group="model"
    )
    device: str = _option("auto", "auto, cpu, cuda, cuda:N or mps.", group="model")
    dtype: str = _option(
        "auto",
        "auto (float32 on CPU, bfloat16 on GPU), float32, bfloat16, float16 or 4bit (QLoRA).",
        group="model",
        check=_one_of("auto", "float32", "bfloat16", "float16", "4bit"),
    )
    threads: int | None = _option(
        None, "CPU threads (default: one per core).", group="model", check=_at_least(1)
    )
    engine: Literal["auto", "plain"] = _option(
        "auto",
        "auto: the fast engine where it computes just what the model does; plain: never.",
        group="model",
        check=_one_of("auto", "plain"),
    )
    system_prompt: str = _option(
        DEFAULT_SYSTEM_PROMPT,
        "System prompt, the same in training and answering ('' = none).",
        group="model",
    )
    # adapter
    lora_r: int = _option(8, "LoRA rank.", group="adapter", check=_at_least(1))
    lora_alpha: float = _option(
        16, "LoRA scale (weights are multiplied by alpha/r).", group="adapter", check=_above(0)
    )
    lora_dropout: float = _option(
        0.05,
        "Dropout on the adapter's input.",
        group="adapter",
        check=_between(0, 1, open_high=True),
    )
    lora_target_modules: str = _option(
        "all-linear",
        "Layers to adapt: all-linear, or names with commas (q_proj,v_proj).",
        group="adapter",
    )
    # training
    learning_rate: float | None = _option(
        None,
        "Peak learning rate (default: 2e-4 for a hidden size of 2048, more for smaller models).",
        group="training",
        check=_above(0),
    )
    epochs: int | None = _option(
        None,
        "Passes over the training rows (default: from the number of rows).",
        group="training",
        check=_at_least(1),
    )
    batch_size: int = _option(4, "Rows per forward pass.", group="training", check=_at_least(1))
    gradient_accumulation_steps: int = _option(
        1, "Forward passes per optimizer step.", group="training", check=_at_least(1)
    )
    max_length: int | None = _option(
        None,
        "Longest row in tokens (default: the base's window, at most 2048).",
        group="training",
        check=_at_least(8),
    )
    warmup_ratio: float = _option(
        0.1,
        "Share of the steps over which the learning rate rises.",
        group="training",
        check=_between(0, 1, open_high=True),
    )
    weight_decay: float = _option(0.0, "AdamW weight decay.", group="training", check=_at_least(0))
    patience: int = _option(
        3,
        "Stop after so many held-out measurements without a better one (0 = never).",
        group="training",
        check=_at_least(0),
    )
    seed: int = _option(0, "Seed of everything random.", group="training", check=_at_least(0))
    seeds: int = _option(
        1,
        "Adapters to train, with seed, seed+1, ...; three or more also judge the recipe.",
        group="training",
        check=_at_least(1),
    )
    folds: int = _option(
        5,
        "Without an eval set: folds the rows are cut into, each asked of an adapter trained on "
        "the others.",
        group="training",
        check=_at_least(2),
    )
    # answering
    few_shot_k: int = _option(
        3,
        "Training rows shown in the prompt of the few-shot arm (0 = no such arm).",
        group="answering",
        check=_at_least(0),
    )
    max_new_tokens: int = _option(
        64,
        "Longest answer in tokens, the same for all arms.",
        group="answering",
        check=_at_least(1),
    )
    answer_batch_size: int = _option(
        16,
        "Answers written at a time; unless it is given, the fast engine takes as many as pay.",
        group="answering",
        check=_at_least(1),
    )
    samples_per_question: int | None = _option(
        1,
        "Answers per question: 1 is a greedy one, more are drawn; auto chooses after a pilot.",
        group="answering",
        check=_at_least(1),
    )
    temperature: float = _option(
        0.7,
        "Temperature of drawn answers (more than one per question).",
        group="answering",
        check=_above(0),
    )
    # verdict
    min_gain: float = _option(
        0.10,
        "Smallest gain worth having (0.10 = ten points).",
        group="verdict",
        check=_between(0.001, 1, open_high=True),
    )
    guard_margin: float = _option(
        0.10,
        "How much a guard may drop and still count as unharmed.",
        group="verdict",
        check=_between(0.001, 1, open_high=True),
    )
    refusal_phrases: tuple[str, ...] = _option(
        [],
        "Further sentences that count as a refusal, besides the built-in ones.",
        group="verdict",
    )
    scorer: Literal["default", "squad"] = _option(
        "default",
        "How answers are compared with the expected ones: default, or squad (the SQuAD 2.0 rule).",
        group="verdict",
        check=_one_of("default", "squad"),
    )
    probes: str = _option(
        "auto",
        "Checks that ask the adapter more than the eval set does: auto (all that apply), off, or "
        "names with commas.",
        group="verdict",
        check=_probes,
    )
    nulls: bool = _option(
        False,
        "Also train an adapter on exchanged answers, and draw one of random weights, to see how "
        "much of the gain is style.",
        group="verdict",
    )
    sequential: bool = _option(
        False,
        "Judge so that you may look, add questions and look again (an e-value; finds less).",
        group="verdict",
    )
    # output
    name: str | None = _option(
        None, "Name of the run (default: from the training file and a counter).", group="output"
    )
    runs_dir: str = _option("runs", "Where run folders are made.", group="output")
    report_to: tuple[str, ...] = _option(
        [],
        f"Also send the losses of the training to {', '.join(TRACKERS)} (their package installed).",
        group="output",
        check=_all_of(*TRACKERS),
    )

    given: Mapping[str, Given] = field(default_factory=dict, metadata={"internal": True})


def chosen_probes(probes: str) -> tuple[str, ...]:
    """The probes that the option names, in the order they are shown.

    >>> chosen_probes("forgetting, context_removed"), chosen_probes("off")
    (('context_removed', 'forgetting'), ())
    """
    names = [n.strip() for n in probes.split(",")]
    if names == ["off"]:
        return ()
    return tuple(p for p in PROBES if names == ["auto"] or p in names)


HUB = "hub:"


def names_dataset(source: str) -> bool:
    """Whether rows come from the hub or from a folder, not from one file.

    ``hub:...`` always does; ``owner/name`` does if there is no such file and it has no file name
    extension.

    >>> names_dataset("hub:a/b"), names_dataset("a/b:test"), names_dataset("a/b.jsonl")
    (True, True, False)
    """
    if source.startswith(HUB):
        return True
    if Path(source).is_file():
        return False
    if Path(source).is_dir() or Path(source.rpartition(":")[0] or "-").is_dir():
        return True
    named = re.fullmatch(r"[\w.-]+/[\w.-]+(?:/[\w.-]+)?(?:@[\w./-]+)?(?::[\w.-]+)?", source)
    return bool(named) and not source.startswith(".") and Path(source).suffix not in _FILES


_FILES = {
    ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".yaml", ".yml", ".parquet", ".pq", ".txt",
    ".xlsx", ".xls", ".gz", ".zip", ".html", ".md", ".pdf",
}  # fmt: skip


def column_names(pairs: Sequence[str]) -> dict[str, str]:
    """The column mapping: known name -> column.

    >>> column_names(["instruction=frage"])
    {'instruction': 'frage'}
    """
    cut = (pair.partition("=") for pair in pairs)
    return {name.strip(): column.strip() for name, _, column in cut}


def option_fields() -> tuple[dataclasses.Field[Any], ...]:
    """The fields that are options, in the order they are shown."""
    return tuple(f for f in dataclasses.fields(Config) if not f.metadata.get("internal"))


def option_type(name: str) -> Any:
    """The annotated type of an option (``float | None``)."""
    return typing.get_type_hints(Config)[name]


def option_default(f: dataclasses.Field[Any]) -> Any:
    """The default value of an option field."""
    if f.default is not dataclasses.MISSING:
        return f.default
    assert f.default_factory is not dataclasses.MISSING
    return f.default_factory()
