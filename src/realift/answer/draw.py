"""Random numbers that belong to an answer, not to a batch: how the tokens of drawn answers come.

Every drawn answer has its own stream, named by a key (seed, probe, arm, adapter, question,
sample). Whatever else is in its batch, and whoever computes the logits, it comes out the same; so
an interrupted run that goes on draws what it would have drawn.

>>> gumbels("7/q1/0", step=0, n=2).tolist() == gumbels("7/q1/0", step=0, n=2).tolist()
True
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

GROUP = 64  # tokens that share one random number in the first round of a draw


def gumbels(key: str, *, step: int, n: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """``n`` standard Gumbel numbers of the stream ``key`` for its token ``step`` (from 0).

    Counter-based (Philox): any step can be had without those before. The raw bits of a bit
    generator are the part of NumPy that stays the same from version to version.
    """
    bits = np.random.Philox(key=_stream(key), counter=step << 64).random_raw(n)
    uniform = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53  # inside (0, 1)
    return np.asarray(-np.log(-np.log(uniform)))


@functools.lru_cache(maxsize=4096)
def _stream(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big")


def draw_tokens(
    logits: torch.Tensor, keys: Sequence[str], steps: Sequence[int], *, temperature: float
) -> torch.Tensor:
    """Draw one token for every row from the softmax of its logits at a temperature.

    Procedure: the largest of (log-probability + Gumbel noise) is a draw from the distribution
    (Gumbel, 1954). Noise for a whole vocabulary would be slow, so it is done in two rounds: a
    group of 64 tokens by the groups' total probabilities, then a token of that group. A
    difference of 1e-6 in the logits, as other batches make, changes about one draw in a million.

    Args:
        logits: ``(rows, vocabulary)``.
        keys: the stream of each row.
        steps: how many tokens each row has drawn before.

    Returns:
        Token ids, ``(rows,)``.
    """
    import torch

    n_rows, size = logits.shape
    n_groups = -(-size // GROUP)
    scores = torch.nn.functional.pad(
        logits.float() / temperature, (0, n_groups * GROUP - size), value=-torch.inf
    ).view(n_rows, n_groups, GROUP)
    noise = np.stack(
        [gumbels(key, step=step, n=n_groups + GROUP) for key, step in zip(keys, steps, strict=True)]
    ).astype(np.float32)
    of_rows = torch.from_numpy(noise).to(logits.device)
    group = (torch.logsumexp(scores, dim=-1) + of_rows[:, :n_groups]).argmax(dim=-1)  # (rows,)
    inside = scores[torch.arange(n_rows, device=logits.device), group]  # (rows, GROUP)
    return group * GROUP + (inside + of_rows[:, n_groups:]).argmax(dim=-1)


class DrawInGenerate:
    """A logits processor that makes greedy ``generate`` draw: it leaves only the drawn token.

    Args:
        keys: the stream of each row of the batch.
        prompt_width: columns of ``input_ids`` before the first new token.
    """

    def __init__(self, keys: Sequence[str], *, temperature: float, prompt_width: int) -> None:
        self.keys = keys
        self.temperature = temperature
        self.prompt_width = prompt_width

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        import torch

        step = input_ids.shape[1] - self.prompt_width
        drawn = draw_tokens(
            scores, self.keys, [step] * len(self.keys), temperature=self.temperature
        )
        return torch.full_like(scores, -torch.inf).scatter_(1, drawn[:, None], 0.0)
