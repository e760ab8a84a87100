"""The model that says whether a text supports a sentence, on tiny random models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realift.errors import ModelError
from realift.judge import nli
from tests.conftest import make_tokenizer

NLI = ("contradiction", "ENTAILMENT", "neutral")


def save_classifier(folder: Path, labels: tuple[str, ...], *, positions: int = 64) -> Path:
    """A random classifier as a hub folder holds it."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=positions,
        id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
        initializer_range=0.5,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_classifier(tmp_path_factory.mktemp("nli"), NLI)


def entailment(folder: Path, premise: str, hypothesis: str) -> float:
    """The same by transformers alone, for texts that fit."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(premise, hypothesis, return_tensors="pt")
    network = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        return float(network(**encoded).logits.softmax(-1)[0, 1])


def test_support_is_the_probability_of_entailment_against_transformers(model: Path) -> None:
    supports = nli.load_support(str(model))
    for premise, hypothesis in (
        ("Acme builds tools.", "Acme builds developer tools."),
        ("Acme builds developer tools.", "Acme builds tools."),
    ):
        expected = entailment(model, premise, hypothesis)
        assert supports(premise, hypothesis) == pytest.approx(expected, abs=1e-6)


def test_a_long_premise_is_read_to_its_end(model: Path) -> None:
    """A support that stands at the very end must count as much as at the beginning."""
    supports = nli.load_support(str(model))
    filler = "Support answers in 3 days. " * 40
    beginning = supports(filler, "Acme builds tools.")
    longer = supports(filler + "Acme builds tools. " * 3, "Acme builds tools.")
    assert longer > beginning  # the last window holds something else, and the best one counts


def test_a_sentence_longer_than_the_model_can_read_still_gets_a_figure(model: Path) -> None:
    supports = nli.load_support(str(model))
    assert 0 < supports("Acme builds tools.", "Acme builds tools. " * 50) < 1


def test_an_empty_text_supports_nothing(model: Path) -> None:
    supports = nli.load_support(str(model))
    assert supports("", "Acme builds tools.") == supports("Acme builds tools.", " ") == 0


def test_the_same_pair_is_computed_once(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = nli._best_window

    def counted(*args: Any) -> float:
        calls.append(args)
        return real(*args)

    monkeypatch.setattr(nli, "_best_window", counted)
    supports = nli.load_support(str(model))
    assert supports("a b", "c") == supports("a b", "c")
    supports("c", "a b")
    assert len(calls) == 2


@pytest.mark.parametrize(
    "labels",
    [
        ("LABEL_0", "LABEL_1"),
        ("not_entailment", "neutral"),
        ("entailment", "entails_too"),
        ("entailment",),
    ],
)
def test_a_model_without_one_clear_label_is_refused(
    labels: tuple[str, ...], tmp_path: Path
) -> None:
    folder = save_classifier(tmp_path / "m", labels)
    with pytest.raises(ModelError, match="no label 'entailment'"):
        nli.load_support(str(folder))


def test_a_model_with_two_labels_will_do(tmp_path: Path) -> None:
    folder = save_classifier(tmp_path / "m", ("entailment", "not_entailment"))
    assert 0 < nli.load_support(str(folder))("Acme", "Acme") < 1


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        nli.load_support(str(tmp_path / "nowhere"))
    assert "natural language inference" in caught.value.hint
