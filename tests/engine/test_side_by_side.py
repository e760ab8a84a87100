"""Halves of the work with half of the threads each: the same results, and nothing left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from realift.config import Config
from realift.engine import score, side_by_side, train_batch
from realift.engine.parts import Parts, read_parts
from realift.engine.score import score_rows
from realift.engine.side_by_side import Pair, is_long, two_halves
from realift.engine.train_batch import cut, jobs_of, n_inputs
from realift.engine.train_cost import shape_of, step_bytes
from realift.engine.training import FastTrainer
from realift.train import fast_cost
from realift.types import Encoded
from tests.conftest import make_model, threads
from tests.engine.test_parts import FAMILIES, adapted
from tests.engine.test_training import assert_same, compare, rows, take_gradients
from tests.report.made_run import plan as made_plan


@pytest.fixture
def two_threads() -> Iterator[None]:
    with threads(2):
        yield


@pytest.fixture
def everything_is_long(monkeypatch: pytest.MonkeyPatch, two_threads: None) -> None:
    monkeypatch.setattr(side_by_side, "LONG", 0.0)
    monkeypatch.setattr(train_batch, "_LEAST_HALF", 1)


def parts_of(model: Any) -> Parts:
    parts = read_parts(model)
    assert parts is not None
    return parts


# --- two jobs ----------------------------------------------------------------------------------


@pytest.fixture(params=[(2, 1, 1), (3, 2, 1), (6, 3, 3)], ids=["2", "3", "6"])
def shares(request: pytest.FixtureRequest) -> Iterator[tuple[int, int, int]]:
    """All threads, the caller's and the helper's."""
    with threads(request.param[0]):
        yield request.param


def test_both_jobs_run_at_once_with_the_threads_divided(shares: tuple[int, int, int]) -> None:
    import torch

    meet = threading.Barrier(2, timeout=30)

    def job() -> tuple[int, int]:
        meet.wait()  # breaks if the other one is not there
        return threading.get_ident(), torch.get_num_threads()

    ours, other = Pair().run(job, job)
    assert ours == (threading.get_ident(), shares[1])
    assert other[0] != threading.get_ident()
    assert other[1] == shares[2]
    assert torch.get_num_threads() == shares[0]


@pytest.mark.parametrize("left", ["caller", "helper"])
def test_who_is_left_takes_all_threads(left: str, shares: tuple[int, int, int]) -> None:
    import torch

    pair, over = Pair(), threading.Event()

    def longer() -> list[int]:
        pair.spread()
        seen = [torch.get_num_threads()]
        over.set()
        while pair._at_work == 2:
            time.sleep(0.001)
        pair.spread()
        return [*seen, torch.get_num_threads()]

    def shorter() -> list[int]:
        over.wait(30)
        pair.spread()
        return [torch.get_num_threads()]

    whole, ours, other = shares
    if left == "caller":
        assert pair.run(longer, shorter) == ([ours, whole], [other])
    else:
        assert pair.run(shorter, longer) == ([ours], [other, whole])
    assert torch.get_num_threads() == whole
    pair.spread()  # nothing to take outside of a job
    assert torch.get_num_threads() == whole
    assert pair.run(lambda: torch.get_num_threads(), lambda: 0) == (ours, 0)


@pytest.mark.parametrize("where", [0, 1])
@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_an_error_comes_out_after_both_have_ended(
    where: int, kind: type[BaseException], two_threads: None
) -> None:
    import torch

    pair, ended = Pair(), []
    started = threading.Event()

    def fails() -> None:
        started.wait(30)
        raise kind("planted")

    def works() -> None:
        started.set()
        threading.Event().wait(0.05)
        ended.append(True)

    jobs = (fails, works) if where == 0 else (works, fails)
    with pytest.raises(kind, match="planted"):
        pair.run(*jobs)
    assert ended == [True]
    assert torch.get_num_threads() == 2
    assert pair.run(lambda: 1, lambda: 2) == (1, 2)  # and it goes on


def test_the_smaller_half_is_the_best_there_is() -> None:
    import itertools
    import random

    rng = random.Random(0)
    for _ in range(50):
        sizes = [rng.randrange(1, 30) for _ in range(rng.randrange(1, 8))]
        sums = [
            sum(some) for n in range(len(sizes) + 1) for some in itertools.combinations(sizes, n)
        ]
        best = max(s for s in sums if s <= sum(sizes) / 2)
        larger, smaller = two_halves(sizes)
        assert sum(sizes[i] for i in smaller) == best
        assert sorted(larger + smaller) == list(range(len(sizes)))


def test_work_is_long_by_its_arithmetic() -> None:
    parts = parts_of(make_model())
    weights = sum(linear.weight.numel() for layer in parts.layers for linear in layer.linears)
    enough = int(side_by_side.LONG / (4 * weights)) + 1
    assert is_long(parts, enough, passes=2)
    assert not is_long(parts, enough - 1, passes=2)
    assert not is_long(parts, enough, passes=1)


# --- training ----------------------------------------------------------------------------------


@pytest.mark.parametrize("targets", [("q_proj", "v_proj"), "all-linear"], ids=["q/v", "all"])
@pytest.mark.parametrize("family", FAMILIES)
def test_loss_and_gradients_are_those_of_the_plain_path(
    family: str, targets: Any, everything_is_long: None
) -> None:
    trainer = compare(
        adapted(make_model(family), targets=targets), rows(8), side_by_side=True, max_tokens=60
    )
    jobs = trainer.jobs(rows(8))
    assert len(jobs) == 2
    assert max(map(len, jobs)) > 1


def test_only_the_upper_layers_adapted(everything_is_long: None) -> None:
    model = adapted(make_model(), targets=["v_proj", "up_proj"], layers_to_transform=[1])
    trainer = compare(model, rows(8), side_by_side=True)
    again = trainer.step(rows(8))  # from what is remembered of the layers below
    model.zero_grad(set_to_none=True)
    assert again == pytest.approx(trainer.loss(rows(8)), rel=2e-6)


def test_what_drops_out_of_a_row_does_not_depend_on_how_a_step_is_cut(
    everything_is_long: None,
) -> None:
    import torch

    model = adapted(make_model("qwen3"), targets="all-linear", dropout=0.3)
    parts, batch = parts_of(model), rows(9)
    found = []
    for options in (
        {}, {"side_by_side": True}, {"max_tokens": 40}, {"checkpoint": True},
        {"side_by_side": True, "max_tokens": 60},
    ):  # fmt: skip
        torch.manual_seed(3)
        trainer = FastTrainer(parts, **options)  # type: ignore[arg-type]
        losses = [trainer.step(batch), trainer.step(batch)]
        assert losses[0] != losses[1]
        found.append((losses, take_gradients(model)))
    for losses, grads in found[1:]:
        assert losses == pytest.approx(found[0][0], rel=2e-6)
        assert_same(grads, found[0][1], tolerance=2e-5)


def test_rows_have_streams_of_their_own_for_what_is_laid_down_first(
    everything_is_long: None,
) -> None:
    """A shared beginning drops out once, by the first row's numbers."""
    import torch

    parts = parts_of(adapted(make_model(), dropout=0.3))
    batch = [*rows(3, shared=20), *rows(2, seed=5)]
    batch.append(batch[1])  # all of it is there already
    generators = [torch.Generator().manual_seed(i) for i in range(len(batch))]
    micro = train_batch.micro_batch(parts, batch, generators=generators)
    streams = micro.rows.streams
    assert [s.start for s in streams] == [0, *(s.stop for s in streams[:-1])]
    assert streams[-1].stop == micro.pack.n_tokens
    assert len(streams) == len(batch) - 1
    chosen = micro.rows.chosen
    assert chosen is not None
    for whole, few in zip(streams, micro.rows.chosen_streams, strict=True):
        inside = ((chosen >= whole.start) & (chosen < whole.stop)).nonzero()[:, 0].tolist()
        assert inside == list(range(few.start, few.stop))


def test_short_steps_take_torchs_own_random_numbers(two_threads: None) -> None:
    """Small models train as they did before there were halves."""
    import torch

    parts = parts_of(adapted(make_model(), dropout=0.3))
    state = []
    for options in ({}, {"side_by_side": True}):
        torch.manual_seed(0)
        trainer = FastTrainer(parts, **options)  # type: ignore[arg-type]
        assert len(trainer.jobs(rows(8))) == 1
        trainer.step(rows(8))
        trainer.clear()
        state.append(torch.get_rng_state())
    assert torch.equal(*state)


def test_rows_that_begin_alike_stay_together_and_small_halves_are_not_made(
    everything_is_long: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(adapted(make_model()))
    batch = [*rows(5, shared=40), *rows(9, seed=1)]

    def jobs(some: list[Encoded]) -> list[list[list[int]]]:
        return jobs_of(parts, some, 1000, side_by_side=True)

    two = jobs(batch)
    assert sorted(i for job in two for piece in job for i in piece) == list(range(len(batch)))
    assert {0, 1, 2, 3, 4} in [{i for p in job for i in p if i < 5} for job in two]
    laid = [sum(shape_of([batch[i] for i in p]).tokens for p in job) for job in two]
    assert laid[0] >= laid[1] > 0.4 * sum(laid)
    assert len(jobs(rows(5, shared=40))) == 1
    assert len(jobs(rows(1))) == 1
    monkeypatch.setattr(train_batch, "_LEAST_HALF", laid[1])
    assert len(jobs(batch)) == 2
    monkeypatch.setattr(train_batch, "_LEAST_HALF", laid[1] + 1)
    assert len(jobs(batch)) == 1
    assert len(jobs_of(parts, batch, 1000, side_by_side=False)) == 1


def test_a_beginning_that_is_a_small_part_of_a_step_may_be_computed_twice(
    everything_is_long: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, batch = adapted(make_model(), targets="all-linear"), rows(6, shared=40)
    total = shape_of(batch).tokens
    for share, jobs in ((39.5 / total, 1), (40.5 / total, 2)):
        monkeypatch.setattr(train_batch, "_MAY_BE_TWICE", share)
        trainer = compare(model, batch, side_by_side=True)
        assert len(trainer.jobs(batch)) == jobs


def test_two_jobs_need_two_threads(
    everything_is_long: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    trainer = FastTrainer(parts_of(adapted(make_model())), side_by_side=True)
    for n_threads, jobs in ((1, 1), (2, 2), (3, 2), (16, 2)):
        monkeypatch.setattr(torch, "get_num_threads", lambda n=n_threads: n)
        assert len(trainer.jobs(rows(8))) == jobs


def test_no_two_jobs_where_threads_cannot_be_divided(
    everything_is_long: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    trainer = FastTrainer(parts_of(adapted(make_model())), side_by_side=True)
    monkeypatch.setattr(side_by_side, "_is_openmp", side_by_side._is_openmp.__wrapped__)
    for backend, jobs in (("OpenMP", 2), ("native thread pool", 1)):
        info = f"at::get_num_threads() : 2\nOpenMP not found\nATen parallel backend: {backend}\n"
        monkeypatch.setattr(torch.__config__, "parallel_info", lambda info=info: info)
        assert len(trainer.jobs(rows(8))) == jobs


def test_memory_for_both_halves_is_planned(
    everything_is_long: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(adapted(make_model()))
    batch = rows(64)
    config = Config(batch_size=64)
    whole = step_bytes(parts, shape_of([batch[i] for i in cut(batch, range(len(batch)), 1024)[0]]))
    pieces = jobs_of(parts, batch, 1024, side_by_side=True)
    largest = [
        max((shape_of([batch[i] for i in p]) for p in job), key=lambda s: s.tokens)
        for job in pieces
    ]
    both = sum(step_bytes(parts, shape) for shape in largest)
    assert max(largest, key=lambda s: s.tokens).tokens <= 512
    fixed = fast_cost._SHARE["cpu"]

    def portion(room: float) -> tuple[int | None, bool]:
        from realift.engine.train_cost import fixed_bytes

        free = (room + fixed_bytes(parts)) / fixed
        monkeypatch.setattr(fast_cost, "free_bytes", lambda _: free)
        found = fast_cost.in_portions(made_plan(), parts, batch, config, "cpu")
        return found.micro_batch_tokens, found.side_by_side

    assert portion(max(both, whole) + 1) == (1024, True)
    # one long row and a short one: two halves take more than the longer of the two alone
    long = [*rows(1, shared=900), *rows(1, seed=2, shared=700)]
    alone = max(step_bytes(parts, shape_of([r])) for r in long)
    batch = long
    assert sum(n_inputs(r) for r in long) > 1024
    assert portion(alone * 2) == (1024, True)
    assert portion(alone + 1) == (1024, False)


# --- likelihoods -------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [0, 17])
def test_likelihoods_are_the_same(
    shared: int, everything_is_long: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = parts_of(adapted(make_model("qwen2"), targets="all-linear"))
    batch = [*rows(15, shared=shared), *rows(15, seed=1, shared=shared)]
    asked = [r.input_ids for r in batch], [r.supervised for r in batch]
    calls: list[int] = []
    real = score._score_pack

    def watched(*given: Any) -> None:
        calls.append(threading.get_ident())
        real(*given)

    monkeypatch.setattr(score, "_score_pack", watched)
    monkeypatch.setattr(score, "_SPARE", 8)  # the rows are short
    both = score_rows(parts, *asked)
    assert len(set(calls)) == 2
    monkeypatch.setattr(side_by_side, "LONG", 1e30)
    calls.clear()
    alone = score_rows(parts, *asked)
    assert set(calls) == {threading.get_ident()}
    for one, other in zip(both, alone, strict=True):
        assert one.sum == pytest.approx(other.sum, rel=1e-5, abs=1e-5)
        assert one.n_greedy == other.n_greedy


def test_uneven_jobs_are_not_made(everything_is_long: None) -> None:
    texts = [list(range(i, i + 100)) for i in range(10)]
    order, own = list(range(10)), [100] * 10
    jobs = score._two_jobs(texts, order, own, 1000)
    assert jobs is not None
    assert [sum(map(len, job)) for job in jobs] == [5, 5]
    one_long = [list(range(900)), [1000] * 50]
    assert score._two_jobs(one_long, [0, 1], [900, 50], 1000) is None
