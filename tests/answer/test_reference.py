"""The likelihood of given texts, against the plain sum over all logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realift.answer.reference import Nll, reference_nll
from realift.types import Encoded
from tests.conftest import ARCHITECTURES, save_base


def rows() -> list[Encoded]:
    out = []
    for i, (n_prompt, n_answer) in enumerate([(5, 3), (0, 4), (12, 1), (30, 9), (2, 2)]):
        ids = tuple((7 * i + 13 * k) % 300 + 5 for k in range(n_prompt + n_answer))
        supervised = (False,) * n_prompt + (True,) * n_answer
        out.append(Encoded(id=str(i), input_ids=ids, supervised=supervised))
    return out


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_likelihoods_are_those_of_every_row_alone_against_plain_logits(
    architecture: str, tmp_path: Path, compute: Any
) -> None:
    import torch

    from realift.model.load import load_base

    base = load_base(str(save_base(tmp_path / "base", architecture)), compute=compute)
    found = reference_nll(base.model, base, rows())
    for row, nll in zip(rows(), found, strict=True):
        ids = torch.tensor([row.input_ids])
        with torch.inference_mode():
            logs = base.model(ids).logits[0, :-1].log_softmax(-1)
        wanted = [k for k in range(1, len(row.input_ids)) if row.supervised[k]]
        plain = -sum(float(logs[k - 1, row.input_ids[k]]) for k in wanted)
        assert nll.n_tokens == len(wanted)
        greedy = sum(int(logs[k - 1].argmax()) == row.input_ids[k] for k in wanted)
        assert nll.n_greedy == greedy
        assert nll.sum == pytest.approx(plain, rel=1e-4, abs=1e-4)


def test_nothing_supervised_is_nothing_measured_and_not_zero() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        _ = Nll(sum=0.0, n_tokens=0).mean
