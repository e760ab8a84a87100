"""Likelihoods by packed rows: those of the plain path, with common beginnings computed once."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path
from typing import Any

import pytest

from realift.answer import reference
from realift.answer.reference import reference_nll
from realift.data.read import read_examples
from realift.engine import score
from realift.engine.parts import agrees
from realift.model.load import TINY, Base, load_base
from realift.train.batches import encode_rows
from realift.types import Encoded
from tests.conftest import make_model, save_base
from tests.engine.test_parts import FAMILIES, adapted

ACME = Path(__file__).resolve().parents[2] / "examples" / "acme"


def rows(*, shared: int = 30) -> list[Encoded]:
    """Three that begin alike, one that is their beginning, two equal ones, short ones."""
    rng = random.Random(0)

    def ids(n: int) -> list[int]:
        return [rng.randrange(5, 400) for _ in range(n)]

    start = ids(shared)
    texts = [[*start, *ids(n)] for n in (3, 17, 40)]
    texts += [start, ids(50), texts[2], ids(1), ids(2)]
    out = []
    for i, text in enumerate(texts):
        supervised = [rng.random() < 0.5 for _ in text]
        supervised[0] = True  # predicted by nothing: it must not count
        out.append(Encoded(id=str(i), input_ids=tuple(text), supervised=tuple(supervised)))
    return out


def plain(base: Base) -> Base:
    return dataclasses.replace(base, engine="plain")


def same(one: list[reference.Nll], other: list[reference.Nll]) -> bool:
    """Within 1e-4 nats a token."""
    return all(
        (a.n_tokens, a.n_greedy) == (b.n_tokens, b.n_greedy)
        and abs(a.sum - b.sum) <= 1e-4 * max(1, a.n_tokens)
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_likelihoods_are_those_of_the_plain_path_with_the_adapter_on_and_off(
    family: str, tmp_path: Path, compute: Any
) -> None:
    base = load_base(str(save_base(tmp_path / "b", family)), compute=compute)
    model = adapted(base.model, targets="all-linear").eval()
    on = reference_nll(model, base, rows())
    assert same(on, reference_nll(model, plain(base), rows()))
    with model.disable_adapter():
        off = reference_nll(model, base, rows())
        assert same(off, reference_nll(model, plain(base), rows()))
    assert not same(on, off)


def test_common_beginnings_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from realift.engine.parts import read_parts

    sizes: list[int] = []
    real = score.hidden_of_pack

    def watched(parts: Any, pack: Any, *rest: Any, **how: Any) -> Any:
        sizes.append(pack.n_tokens)
        return real(parts, pack, *rest, **how)

    monkeypatch.setattr(score, "hidden_of_pack", watched)
    parts = read_parts(make_model("llama"))
    assert parts is not None
    ids = [r.input_ids for r in rows()]
    counted = [(False, *(i % 2 == len(row) % 2 for i in range(2, len(row) + 1))) for row in ids]
    assert all(marks[-1] for marks in counted if len(marks) > 1)
    whole = score.score_rows(parts, ids, counted)
    # The equal row and the beginning cost nothing, the last token of a row is never an input.
    assert sizes == [29 + 3 + 17 + 40 + 49 + 1]
    monkeypatch.setattr(score, "PACK", {"cpu": 40})
    many = score.score_rows(parts, ids, counted)
    assert len(sizes) > 3
    assert [m.sum for m in many] == pytest.approx([w.sum for w in whole], abs=1e-4)
    assert [m.n_greedy for m in many] == [w.n_greedy for w in whole]
    monkeypatch.setattr(score, "_HEAD", 3 * 400)  # three positions at a time
    again = score.score_rows(parts, ids, counted)
    assert [m.sum for m in again] == pytest.approx([w.sum for w in whole], abs=1e-4)


def test_an_engine_that_disagrees_with_the_model_scores_nothing(
    base_folder: Path, compute: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong positions after a shared beginning: the probe sees it, and the plain path is taken."""
    from realift.engine import forward

    base = load_base(str(base_folder), compute=compute)
    wanted = reference_nll(base.model, plain(base), rows())
    real = forward.lay_out

    def wrong(some: Any, **how: Any) -> Any:
        pack = real(some, **how)
        starts = [b.queries for b in pack.blocks if b.causal]
        return dataclasses.replace(
            pack, positions=tuple(p for a, b in starts for p in range(b - a))
        )

    monkeypatch.setattr(forward, "lay_out", wrong)
    monkeypatch.setattr(score, "lay_out", wrong)
    from realift.engine.parts import read_parts

    parts = read_parts(base.model)
    assert parts is not None
    assert not agrees(base.model, parts)
    assert same(reference_nll(base.model, base, rows()), wanted)
    monkeypatch.setattr("realift.engine.parts.agrees", lambda *_: True)
    base = load_base(str(base_folder), compute=compute)  # of the other it is known
    assert not same(reference_nll(base.model, base, rows()), wanted)  # that is what it would be


def example_rows(base: Base, n: int) -> list[Encoded]:
    examples = read_examples(ACME / "train.jsonl").rows[:n]
    return list(encode_rows(base, examples, system_prompt="Be brief.", max_length=2048).rows)


def test_likelihoods_of_the_example_are_those_of_the_plain_path(compute: Any) -> None:
    base = load_base(TINY, compute=compute)
    some = example_rows(base, 30)
    fast = reference_nll(base.model, base, some)
    slow = reference_nll(base.model, plain(base), some)
    worst = max(abs(a.mean - b.mean) for a, b in zip(fast, slow, strict=True))
    assert worst < 1e-4


def test_the_plain_path_never_asks_the_engine(
    base_folder: Path, compute: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = load_base(str(base_folder), compute=compute)
    wanted = reference_nll(base.model, base, rows())
    monkeypatch.setattr(score, "score_rows", lambda *_args: pytest.fail("the engine was asked"))
    assert same(reference_nll(base.model, plain(base), rows()), wanted)
