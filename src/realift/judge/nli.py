"""A model that says whether a text supports a sentence (natural language inference).

The scorer's own check of grounding compares words; this one reads. It runs on this machine. torch
and transformers load inside the function.

>>> supports = load_support("cross-encoder/nli-MiniLM2-L6-H768")  # doctest: +SKIP
>>> supports("Logs are kept for 14 days.", "Logs stay two weeks.")  # doctest: +SKIP
0.97
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from realift.errors import ModelError
from realift.hub import asked_if_there

MAX_TOKENS = 512  # of premise and sentence together; longer premises are read in windows
_OVERLAP = 64  # tokens that neighboring windows share, so that no sentence is cut in all of them
_WINDOWS_AT_ONCE = 8
_KNOWN = 100_000  # pairs remembered: both arms often say the same

Support = Callable[[str, str], float]


def load_support(model: str) -> Support:
    """Load a cross-encoder and return ``supports(premise, hypothesis)``: entailment in 0-1.

    1. Premise and hypothesis go in together; the probability of the label "entailment" comes out.
    2. A premise that is too long is read in overlapping windows; the best one counts.
    3. What was asked before is not computed again. An empty text supports nothing (0).

    Args:
        model: hub id or local folder of a sequence classification model.

    Raises:
        ModelError: it cannot be loaded, or none of its labels says "entailment".
    """
    tokenizer, network = _load(model)
    entailed = _entailment_label(network.config.id2label, model)
    longest = _longest(tokenizer, network.config)

    @functools.lru_cache(maxsize=_KNOWN)
    def supports(premise: str, hypothesis: str) -> float:
        if not premise.strip() or not hypothesis.strip():
            return 0.0  # nothing supports nothing
        return _best_window(tokenizer, network, premise, hypothesis, entailed, longest)

    return supports


def _load(model: str) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        with asked_if_there(model):
            tokenizer = AutoTokenizer.from_pretrained(model)
            network = AutoModelForSequenceClassification.from_pretrained(model)
    except (OSError, ValueError, KeyError, ImportError) as err:
        said = " ".join(str(err).split())[:200]
        raise ModelError(
            f"grounding model {model!r} cannot be loaded: {said}",
            hint="give a hub id or a folder of a sequence classification model trained on "
            "natural language inference",
        ) from err
    network.to("cuda" if torch.cuda.is_available() else "cpu")
    network.eval()
    return tokenizer, network


def _entailment_label(labels: dict[int, str], model: str) -> int:
    """The output that means "the premise supports the hypothesis".

    >>> _entailment_label({0: "contradiction", 1: "Entailment", 2: "neutral"}, "m")
    1
    """
    found = [i for i, name in labels.items() if name.casefold().startswith("entail")]
    if len(found) != 1 or len(labels) < 2:
        raise ModelError(
            f"grounding model {model!r} has no label 'entailment' (it has: "
            f"{', '.join(map(str, labels.values()))})",
            hint="choose a model trained on natural language inference (NLI)",
        )
    return int(found[0])


def _longest(tokenizer: Any, config: Any) -> int:
    positions = getattr(config, "max_position_embeddings", None) or MAX_TOKENS
    return int(min(MAX_TOKENS, tokenizer.model_max_length, positions))


def _best_window(
    tokenizer: Any, network: Any, premise: str, hypothesis: str, entailed: int, longest: int
) -> float:
    import torch

    windowed = len(tokenizer(hypothesis)["input_ids"]) <= longest // 2
    encoded = tokenizer(
        premise,
        hypothesis,
        max_length=longest,
        truncation="only_first" if windowed else "longest_first",
        return_overflowing_tokens=windowed,
        stride=min(_OVERLAP, longest // 8) if windowed else 0,
        padding=True,
        return_tensors="pt",
    )
    names = [n for n in tokenizer.model_input_names if n in encoded]
    best = 0.0
    with torch.inference_mode():
        for start in range(0, len(encoded["input_ids"]), _WINDOWS_AT_ONCE):
            batch = {n: encoded[n][start : start + _WINDOWS_AT_ONCE] for n in names}
            logits = network(**{n: t.to(network.device) for n, t in batch.items()}).logits
            best = max(best, float(logits.float().softmax(-1)[:, entailed].max()))
    return best
