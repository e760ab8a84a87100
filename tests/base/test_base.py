"""The embedded base: its generator keeps its promises, and the shipped folder answers."""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "base"
SHIPPED = ROOT / "src" / "realift" / "model" / "tiny"
ROOMS = (
    "facts",
    "wordings",
    "general",
    "world",
    "corpus",
    "tokenizer",
    "model",
    "optim",
    "questions",
    "evaluate",
)


@pytest.fixture(scope="module")
def base() -> Iterator[dict[str, ModuleType]]:
    """The modules of ``base/``, imported under their bare names and forgotten afterwards."""
    if not BASE.is_dir():
        pytest.skip("the recipe is not part of this checkout")
    sys.path.insert(0, str(BASE))
    saved = {name: sys.modules.pop(name, None) for name in ROOMS}
    try:
        yield {name: importlib.import_module(name) for name in ROOMS}
    finally:
        sys.path.remove(str(BASE))
        for name, module in saved.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


def samples(base: dict[str, ModuleType], n: int, seed: int = 5, split: str = "train") -> list:
    """Both parts of the training; the second begins at progress ``SECOND``, a bit above 1."""
    world = base["world"].World(seed, split)
    return [base["corpus"].make_sample(world, 1.5 * i / n) for i in range(n)]


def test_the_same_seed_gives_the_same_corpus(base):
    assert samples(base, 60) == samples(base, 60)
    assert samples(base, 60) != samples(base, 60, seed=6)


def test_every_value_stands_in_the_snippet_that_is_cited(base):
    seen = 0
    for sample in samples(base, 600):
        snippets = dict(re.findall(r"^\[(\d)\] (.*)$", sample.passage, flags=re.M))
        for turn in sample.turns:
            if turn.kind not in ("single", "two", "lookup"):
                continue
            for value, label in zip(turn.values, turn.citations, strict=True):
                assert value in (snippets[str(label)] if label else sample.passage)
                seen += 1
    assert seen > 500


def test_hard_negatives_ask_for_a_cell_that_the_passage_does_not_state(base):
    corpus, world = base["corpus"], base["world"].World("negatives")
    for kind in base["questions"].NEGATIVES:
        for _ in range(80):
            passage = corpus.make_passage(world, 4)
            turn = corpus.negative(world, passage, kind)
            assert turn.answer == corpus.REFUSAL
            stated = [
                f for f, _ in passage.facts
                if f"{f.relation.kind}.{f.relation.name}" == turn.relation
            ]  # fmt: skip
            question = turn.question.casefold()
            unnamed = base["world"].GENERIC[passage.kind]  # "the plan" is part of other names
            names = [f.subject.removeprefix("the ") for f in stated if f.subject not in unnamed]
            for name in names:
                assert not re.search(rf"\b{re.escape(name.casefold())}\b", question), turn


def test_test_names_are_never_train_names(base):
    world = base["world"]
    assert not set(world.FIRST_NAMES["train"]) & set(world.FIRST_NAMES["test"])
    assert not set(world.ADJECTIVES["train"]) & set(world.ADJECTIVES["test"])
    assert not set(world.NOUNS["train"]) & set(world.NOUNS["test"])
    for split in ("train", "test"):
        source = world.World(3, split)
        parts = {source.syllable(last=bool(i % 2)) for i in range(300)}
        assert {world.syllable_split(p) for p in parts} == {split}


def test_held_out_wordings_are_never_trained(base):
    for relations in base["facts"].RELATIONS.values():
        for relation in relations:
            assert len(relation.held_out) == 2
            assert len(relation.questions) + len(base["facts"].FRAMES) >= 10
            more = base["wordings"].MORE[f"{relation.kind}.{relation.name}"]
            trained = {*relation.questions, *more.questions, *base["facts"].FRAMES}
            assert not set(relation.held_out) & (trained | set(base["wordings"].MORE_FRAMES))
    for trained, kept in base["general"].QUESTIONS.values():
        assert len(kept) == 2
        assert not set(trained) & set(kept)


def test_only_a_lone_subject_without_a_name_may_be_left_out(base):
    corpus, world = base["corpus"], base["world"].World("bare")
    world.more = True
    bare_questions = {
        q.rstrip("?. ") for m in base["wordings"].MORE.values() for q in m.bare_questions
    }
    seen = 0
    for _ in range(2500):
        passage = corpus.make_passage(world, 2)
        question = corpus.positive(world, passage).question
        if question.rstrip("?. ") in bare_questions:
            assert passage.bare
            assert passage.subjects[0] in base["world"].GENERIC[passage.kind]
            seen += 1
    assert seen > 20


def test_the_further_wordings_belong_to_the_second_part_alone(base):
    corpus, more = base["corpus"], base["wordings"].MORE
    relation = next(r for r in base["facts"].RELATIONS["company"] if r.name == "founder")

    def asked(on: bool) -> set[str]:
        world = base["world"].World("wordings")
        world.more = on
        return {corpus.ask(world, "Xyz", relation) for _ in range(400)}

    new = {q.format(s="Xyz") for q in more["company.founder"].questions}
    assert not new & asked(False)
    assert len(new & asked(True)) == len(new)


def test_the_example_domain_never_appears(base):
    bad = re.compile(r"\b(acme|alice|bob)\b", re.I)
    for sample in samples(base, 800):
        assert not any(bad.search(m["content"]) for m in sample.messages())
    leaking = dataclasses.replace(samples(base, 1)[0], first="Who manages Acme?")
    with pytest.raises(AssertionError):
        base["corpus"].check(leaking)


def test_wilson_against_hand(base):
    low, high = base["evaluate"].wilson(9, 10)
    assert (round(low, 3), round(high, 3)) == (0.596, 0.982)
    assert base["evaluate"].wilson(0, 0) == (0.0, 1.0)


def test_the_lean_model_against_transformers(base):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    model = base["model"]
    shape = model.Shape(vocab=64, hidden=64, layers=2, heads=2, ffn=96)
    lean = model.Llama(shape, seed=1)
    lean.norm1.data.uniform_(0.5, 1.5)
    reference = LlamaForCausalLM(LlamaConfig(**model.hf_config(shape, pad=0, eos=4))).eval()
    reference.load_state_dict(model.export_state(lean), strict=False)
    reference.tie_weights()
    ids = torch.arange(48).view(2, 24) % 64
    with torch.no_grad():
        assert (reference(ids).logits - lean(ids)).abs().max() <= 1e-4


def test_muon_makes_singular_values_equal_invariant(base):
    import torch

    matrix = torch.randn(2, 24, 40, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(base["optim"].orthogonalize(matrix))
    assert values.min() > 0.5
    assert values.max() < 1.4


shipped = pytest.mark.skipif(
    not (SHIPPED / "model.safetensors").exists(), reason="the weights are not built yet"
)


@shipped
def test_the_shipped_folder_is_small_and_keeps_the_prompt_contract():
    from transformers import AutoTokenizer

    assert sum(f.stat().st_size for f in SHIPPED.iterdir() if f.is_file()) < 20e6
    tokenizer = AutoTokenizer.from_pretrained(SHIPPED)
    messages = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "U"},
        {"role": "assistant", "content": "A"},
        {"role": "user", "content": "V"},
    ]
    text = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    assert text == (
        "<|system|>S<|end|><|user|>U<|end|><|assistant|>A<|end|><|user|>V<|end|><|assistant|>"
    )
    assert tokenizer.apply_chat_template(messages[1:2], tokenize=False) == "<|user|>U<|end|>"
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|end|>", "<|pad|>")
    assert tokenizer.bos_token is None
    assert tokenizer.eos_token_id != tokenizer.pad_token_id
    for words in ("42 euros [2].", "It's 3.50; ok?\n\n[1] Yes", "Grüße 1,024"):
        ids = tokenizer(words)["input_ids"]
        assert tokenizer.decode(ids) == words


@shipped
def test_the_recipe_still_makes_the_shipped_tokenizer(base):
    shipped_file = (SHIPPED / "tokenizer.json").read_text(encoding="utf-8")
    assert base["tokenizer"].build_tokenizer(0).to_str(pretty=True).strip() == shipped_file.strip()


@shipped
def test_the_shipped_base_answers_and_refuses(base):
    evaluate, questions = base["evaluate"], base["questions"]
    main = evaluate.summarize(evaluate.answer(SHIPPED, questions.make_questions(60, 7)))["main"]
    # The card minus what 17 to 31 questions can scatter; the card, not this test, is the claim.
    assert main["right answer from a passage"]["rate"] >= 0.75
    assert main["right citation, of those answered"]["rate"] >= 0.8
    assert main["refusal when the passage lacks the answer"]["rate"] >= 0.7
    assert main["refusal when there is no passage"]["rate"] >= 0.9
    assert main["over-refusal"]["rate"] <= 0.2
    assert main["general knowledge"]["rate"] >= 0.9


@shipped
def test_the_card_meets_the_thresholds_it_was_built_for(base):
    import json

    evaluate = base["evaluate"]
    main = json.loads((BASE / "results.json").read_text())["main"]
    assert main.keys() == evaluate.THRESHOLDS.keys()
    for name, wanted in evaluate.THRESHOLDS.items():
        found = main[name]["rate"]
        assert (found <= wanted) if name == "over-refusal" else (found >= wanted), name
    assert (BASE / "README.md").read_text().count(f"{main['over-refusal']['rate']:.1%}")
