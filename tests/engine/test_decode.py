"""The decode loop writes what ``generate`` writes, whatever enters, leaves or is guessed."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import pytest

from realift.engine import decode as loop
from realift.engine import weights as weights_module
from realift.engine.decode import Answer, Counts, Request, decode, rows_that_fit
from realift.engine.decode_cache import Slab, bytes_per_token, length_class
from realift.engine.decode_check import answers_agree
from realift.engine.decode_drafts import Drafter
from realift.engine.weights import packed_weights_of, weights_of
from realift.model import multiply
from tests.conftest import make_model
from tests.engine.test_parts import FAMILIES, adapted, read_both

STOPS = tuple(range(2, 400, 23))  # enough that some of the random answers stop


class Pair:
    """A random model with an adapter on it, and how the engine reads both."""

    def __init__(self, family: str, targets: Any = ("q_proj", "v_proj")) -> None:
        self.model = adapted(make_model(family), targets=targets).eval()
        self.base, self.adapter = read_both(self.model)

    def generate(self, request: Request) -> tuple[int, ...]:
        """Plain ``generate`` on one prompt alone."""
        import torch
        from transformers import GenerationConfig

        ids = torch.tensor([request.ids])
        settings = GenerationConfig(
            do_sample=False,
            max_new_tokens=request.max_new_tokens,
            eos_token_id=list(STOPS),
            pad_token_id=0,
        )
        with torch.inference_mode(), nullcontext() if request.variant else self.off():
            made = self.model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), generation_config=settings
            )
        return tuple(made[0, ids.shape[1] :].tolist())

    def off(self) -> Any:
        return self.model.disable_adapter()

    def answers(
        self, requests: Sequence[Request], **how: Any
    ) -> tuple[dict[tuple[int, int], Answer], Counts]:
        done: dict[tuple[int, int], Answer] = {}

        def keep(answers: Sequence[Answer]) -> None:
            assert not done.keys() & {(a.request, a.sample) for a in answers}
            done.update({(a.request, a.sample): a for a in answers})

        counts = decode([self.base, self.adapter], requests, stop_ids=STOPS, on_answers=keep, **how)
        return done, counts


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair("llama")


def asked(n: int, *, tokens: int = 12, shared: int = 20, longest: int = 90) -> list[Request]:
    """``n`` prompts to base and adapter that begin alike and differ in length."""
    rng = random.Random(0)
    start = [rng.randrange(12, 400) for _ in range(shared)]
    prompts = [
        (*start, *(rng.randrange(12, 400) for _ in range(rng.randrange(1, longest))))
        for _ in range(n)
    ]
    return [
        Request(ids=ids, variant=v, max_new_tokens=tokens - i % 4)
        for i, ids in enumerate(prompts)
        for v in (0, 1)
    ]


# --- exactness ---------------------------------------------------------------------------------


@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), "all-linear"])
@pytest.mark.parametrize("family", FAMILIES)
def test_greedy_answers_are_those_of_plain_generate_against_reference(
    family: str, targets: Any
) -> None:
    pair = Pair(family, targets)
    requests = asked(5)
    wanted = [pair.generate(r) for r in requests]
    assert any(ids[-1] in STOPS for ids in wanted)  # some stop by themselves
    assert any(ids[-1] not in STOPS for ids in wanted)
    for how in (
        {},
        {"max_rows": 3, "max_pass": 20},
        {"max_pass": 0},
        {"replay": True},
        {"replay": True, "max_rows": 3},
    ):
        done, _ = pair.answers(requests, **how)
        assert [done[i, 0].all_ids for i in range(len(requests))] == wanted, how
        assert all(done[i, 0].stopped == (ids[-1] in STOPS) for i, ids in enumerate(wanted))


def test_packed_weights_write_the_same_answers_and_need_memory_to_spare(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not multiply.has_onednn():
        pytest.skip("this torch has no oneDNN")
    monkeypatch.setattr(multiply, "_chosen", ["onednn"])
    weights = packed_weights_of(pair.base)
    assert all(g.packed.forward is not None for g in (weights.head, weights.layers[0].qkv))
    requests = asked(5)
    packed, _ = pair.answers(requests)
    assert [packed[i, 0].all_ids for i in range(len(requests))] == [
        pair.generate(r) for r in requests
    ]
    size = sum(w.numel() for n in pair.base.layers for w in (x.weight for x in n.linears))
    size += pair.base.head.numel()
    for free, some in ((4 * 4 * size, True), (4 * 4 * size - 1, False)):
        monkeypatch.setattr(weights_module, "free_bytes", lambda _device, n=free: n)
        again = dataclasses.replace(pair.base, laid_out={})
        assert (packed_weights_of(again).head.packed.forward is not None) == some
    assert weights_of(pair.base).head.packed.forward is None


def test_weights_are_packed_once_for_all_adapters_and_again_after_a_move(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = Pair("llama")
    packings: list[int] = []
    real = weights_module.pack_weights
    monkeypatch.setattr(
        weights_module, "pack_weights", lambda groups: (packings.append(len(groups)), real(groups))
    )
    if multiply.has_onednn():
        monkeypatch.setattr(multiply, "_chosen", ["onednn"])
    weights = packed_weights_of(pair.base)
    packed_weights_of(pair.base)
    assert len(packings) == int(multiply.has_onednn())
    assert packed_weights_of(pair.adapter) is weights
    assert packed_weights_of(read_both(pair.model)[1]) is weights
    embedding = pair.model.get_base_model().model.embed_tokens.weight
    embedding.data = embedding.data.clone()
    moved = read_both(pair.model)[0]
    assert packed_weights_of(moved) is not weights
    moved.laid_out.clear()
    assert not pair.base.laid_out
    assert packed_weights_of(Pair("llama").base) is not packed_weights_of(pair.base)


def test_wrong_and_right_guesses_change_nothing_but_the_number_of_passes(pair: Pair) -> None:
    requests = asked(3)
    plain, slow = pair.answers(requests, max_pass=0)
    right = [
        Request(ids=r.ids, max_new_tokens=r.max_new_tokens, variant=r.variant,
                guesses=(plain[i, 0].all_ids,))
        for i, r in enumerate(requests)
    ]  # fmt: skip
    wrong = [
        Request(ids=r.ids, max_new_tokens=r.max_new_tokens, variant=r.variant,
                guesses=((*plain[i, 0].all_ids[:2], 99, 98, 97),))
        for i, r in enumerate(requests)
    ]  # fmt: skip
    by_right, fast = pair.answers(right, max_pass=64)
    by_wrong, _ = pair.answers(wrong, max_pass=64)
    assert by_right == by_wrong == plain
    assert fast.passes <= slow.passes / 2
    assert fast.kept > 0


def test_a_token_budget_is_never_exceeded_also_when_guesses_go_on(pair: Pair) -> None:
    (long,) = [r for r in asked(1, tokens=30) if r.variant == 0]
    done, _ = pair.answers([long], max_pass=0)
    ids = done[0, 0].all_ids
    for budget in range(1, len(ids) + 1):
        short = Request(ids=long.ids, max_new_tokens=budget, guesses=(ids,))
        cut, _ = pair.answers([short], max_pass=64)
        assert cut[0, 0].all_ids == ids[:budget]


def test_drawn_answers_do_not_depend_on_what_shares_their_batch(pair: Pair) -> None:
    from realift.answer.draw import draw_tokens

    def draw(logits: Any, streams: Sequence[str], steps: Sequence[int]) -> Any:
        return draw_tokens(logits, streams, steps, temperature=0.7)

    requests = [
        Request(ids=r.ids, max_new_tokens=8, variant=r.variant,
                streams=tuple(f"{i}/{k}" for k in range(3)))
        for i, r in enumerate(asked(3))
    ]  # fmt: skip
    together, counts = pair.answers(requests, draw=draw)
    few, _ = pair.answers(requests, draw=draw, max_rows=2)
    replayed, _ = pair.answers(requests, draw=draw, max_rows=4, replay=True)
    alone = {}
    for i, r in enumerate(requests):
        one, _ = pair.answers([r], draw=draw)
        alone.update({(i, k): (one[0, k].all_ids) for k in range(3)})
    assert {key: a.all_ids for key, a in together.items()} == alone
    assert {key: a.all_ids for key, a in few.items()} == alone
    assert {key: a.all_ids for key, a in replayed.items()} == alone
    assert len({a.all_ids for a in together.values()}) > 9
    # Six prompts (20 tokens in common, read once for each variant) are read once, not three times.
    assert counts.prompt_tokens == sum(len(r.ids) for r in requests) - 4 * 20


# --- who is in a pass ----------------------------------------------------------------------------


def test_rows_that_are_done_leave_at_once_and_waiting_ones_enter(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    real = loop.next_hidden

    def watched(parts: Any, ids: Any, *rest: Any) -> Any:
        sizes.append(len(ids))
        return real(parts, ids, *rest)

    monkeypatch.setattr(loop, "next_hidden", watched)
    requests = [
        Request(ids=r.ids, max_new_tokens=1 + 3 * (i % 5), variant=r.variant)
        for i, r in enumerate(asked(10))
    ]
    done, counts = pair.answers(requests, max_rows=4, max_pass=0)
    # Every pass computes the rows under way and no other: all tokens but the prompts' own first.
    assert sum(sizes) == sum(len(a.all_ids) - 1 for a in done.values()) == counts.tokens
    assert max(sizes) == 4
    # Rows entered while others were under way: one batch after the other takes more passes.
    slowest = [max(len(done[i, 0].all_ids) - 1 for i in range(at, at + 4)) for at in (0, 4, 8, 12)]
    assert len(sizes) < sum(slowest) + 13


def test_common_beginnings_are_read_once_for_each_variant(pair: Pair) -> None:
    requests = asked(4, shared=40)
    _, counts = pair.answers(requests)
    own = sum(len(r.ids) - 40 for r in requests)
    assert counts.prompt_tokens == own + 2 * 40


def test_nothing_to_answer_is_no_error(pair: Pair) -> None:
    assert pair.answers([]) == ({}, Counts())


def test_no_more_rows_than_fit_the_memory(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [Request(ids=(5,) * 100, max_new_tokens=20)] * 3
    token = bytes_per_token(pair.base)
    assert token == 2 * 2 * 2 * 8 * 4  # keys and values, layers, heads, width, bytes
    length = length_class(100) + 20
    assert rows_that_fit(pair.base, requests) == loop.MOST_ROWS["cpu"]
    monkeypatch.setattr(loop, "free_bytes", lambda _device: 2 * 10 * length * token)
    assert rows_that_fit(pair.base, requests) == 10
    monkeypatch.setattr(loop, "free_bytes", lambda _device: 0)
    assert rows_that_fit(pair.base, requests) == 4  # fewer would not be faster than one by one
    assert rows_that_fit(pair.base, []) == 4


# --- the check would catch a broken loop ---------------------------------------------------------


def test_the_check_passes_on_a_sound_loop(pair: Pair) -> None:
    assert answers_agree(pair.model, pair.base, pair.adapter)


def _shifted_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first new token stands one place too far behind a prompt."""
    real = loop.next_hidden

    def wrong(parts: Any, ids: Any, positions: Any, *rest: Any) -> Any:
        return real(parts, ids, positions + 1, *rest)

    monkeypatch.setattr(loop, "next_hidden", wrong)


def _positions_after_a_shared_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows a shared beginning is counted from 0 again."""
    import dataclasses

    real = loop.lay_out

    def wrong(rows: Any, **how: Any) -> Any:
        pack = real(rows, share_from=2, **how)
        starts = [b.queries for b in pack.blocks if b.causal]
        positions = [p for a, b in starts for p in range(b - a)]
        return dataclasses.replace(pack, positions=tuple(positions))

    monkeypatch.setattr(loop, "lay_out", wrong)


def _keys_lost_in_a_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that moves into a free slot leaves its last key behind."""
    real = Slab.leave

    def wrong(self: Any, slot: int, *, moved_length: int) -> None:
        real(self, slot, moved_length=max(0, moved_length - 1))

    monkeypatch.setattr(Slab, "leave", wrong)


def _adapter_on_the_wrong_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    real = loop.Span

    def wrong(*, start: int, end: int, parts: Any) -> Any:
        return real(start=max(0, start - 1), end=end, parts=parts)

    monkeypatch.setattr(loop, "Span", wrong)


def _guesses_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessed tokens are kept whatever the model says."""
    real = loop._Loop._pick

    def wrong(self: Any, logits: Any, rows: Any, streams: Any, steps: Any) -> list[int]:
        out = real(self, logits, rows, streams, steps)
        guessed = getattr(self, "guessed", None)
        return guessed + out[len(guessed) :] if guessed else out

    def guess(self: Any, order: Any) -> dict[int, list[int]]:
        out = {number: [] for number in order}
        out[order[0]] = [5]
        self.guessed = [5]
        return out

    monkeypatch.setattr(loop._Loop, "_pick", wrong)
    monkeypatch.setattr(loop._Loop, "_guesses", guess)


@pytest.mark.parametrize(
    "mutation",
    [
        _shifted_positions,
        _positions_after_a_shared_beginning,
        _keys_lost_in_a_move,
        _adapter_on_the_wrong_rows,
        _guesses_believed,
    ],
    ids=lambda m: m.__name__.strip("_"),
)
def test_the_check_catches_a_broken_loop(
    mutation: Callable[[pytest.MonkeyPatch], None], pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    assert not answers_agree(pair.model, pair.base, pair.adapter)


# --- parts of it ---------------------------------------------------------------------------------


def test_old_numbers_behind_a_row_do_not_reach_its_scores(pair: Pair) -> None:
    import torch

    slab = Slab(pair.base, slots=2, length=12)
    slab.keys.fill_(torch.nan)
    slab.values.fill_(torch.nan)
    some = torch.ones(len(pair.base.layers), 5, pair.base.n_kv_heads, pair.base.head_dim)
    slab.enter(3, some, some)
    assert not bool(slab.keys[:, 0].isnan().any())
    assert float(slab.values[:, 0].sum()) == float(some.sum())


def test_rows_of_a_slab_differ_in_length_by_a_bounded_ratio() -> None:
    longest = Counter(length_class(n) for n in range(1, 3000))
    assert all(n <= length_class(n) for n in range(1, 3000))
    assert all(length_class(n) <= 1.4 * n for n in range(64, 3000))
    assert len(longest) < 15


def test_guesses_go_on_where_a_known_answer_or_the_prompt_did() -> None:
    prompt = [1, 2, 3, 4, 5, 6, 3, 4, 9]
    others: list[list[int]] = []
    drafter = Drafter(prompt, [(30, 31, 32, 33)], others)
    assert drafter.guess([30], 8) == [31, 32, 33]
    assert drafter.guess([50, 31], 8) == []  # one token is no evidence
    assert drafter.guess([30, 50, 31, 32], 8) == [33]
    assert drafter.guess([40, 3, 4], 8) == [9]  # the last place in the prompt
    assert drafter.guess([40, 5, 6], 2) == [3, 4]
    assert drafter.guess([30], 0) == []
    others.append([30, 70, 71])  # another arm has come further
    assert drafter.guess([30], 1) == [70]


def test_guessing_grows_bolder_by_success_and_shyer_by_failure() -> None:
    drafter = Drafter([], [tuple(range(100))])
    assert len(drafter.guess([], 50)) == 4
    drafter.learn(4, 4)
    assert len(drafter.guess([], 50)) == 8
    drafter.learn(8, 1)
    assert len(drafter.guess([], 50)) == 2
    drafter.learn(0, 0)
    assert len(drafter.guess([], 50)) == 2


def test_a_model_can_be_trained_after_it_has_answered() -> None:
    """Weights are laid side by side on the way; what inference mode makes cannot be trained on."""
    import torch

    pair = Pair("qwen2", "all-linear")
    pair.answers(asked(2))
    assert not any(p.is_inference() for p in pair.model.parameters())
    loss = pair.model(input_ids=torch.tensor([[5, 6, 7]])).logits.sum()
    loss.backward()


def test_a_bfloat16_base_with_a_float32_adapter_answers_within_its_precision() -> None:
    """As peft keeps them on a GPU. In bfloat16 near-ties are many: logits are compared."""
    import torch

    model = adapted(make_model("qwen2").to(torch.bfloat16)).eval()
    assert {p.dtype for n, p in model.named_parameters() if "lora" in n} == {torch.float32}
    base, adapter = read_both(model)
    assert answers_agree(model, base, adapter)
    assert not answers_agree(model, base, base)
