"""Memorization, regurgitation and forgetting: planted figures, then a small random model."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from realift.config import resolve
from realift.probes.forgetting import (
    RISE,
    Controls,
    Measured,
    forgetting_check,
    forgetting_rows,
    judge_forgetting,
    mean_kl,
)
from realift.probes.likelihood import Losses, adapter_losses, base_losses, turned_up
from realift.probes.memorization import Gains, check_of, memorization_check, reworded
from realift.probes.regurgitation import (
    Continuation,
    common_run,
    judge_runs,
    regurgitation_check,
)
from realift.types import CurvePoint, Example, Message, Where
from realift.verdict.losses import paired_change, permutation_p

# --- memorization ------------------------------------------------------------------------------


def noisy(mean: float, n: int, *, seed: int = 0, spread: float = 0.3) -> tuple[float, ...]:
    rng = random.Random(seed)
    return tuple(mean + rng.gauss(0, spread) for _ in range(n))


def test_a_gain_on_trained_rows_alone_is_memory_and_one_that_carries_over_is_not() -> None:
    memory = check_of(Gains(trained=noisy(2, 30), held_out=noisy(0, 12, seed=1)))
    assert memory.status == "WARNING"
    assert "memorized" in memory.sentence
    assert memory.required
    learned = check_of(Gains(trained=noisy(2, 30), held_out=noisy(1.6, 12, seed=1)))
    assert learned.status == "OK"
    for check in (memory, learned):
        assert (check.caught, check.planted, check.false_alarms, check.clean) == (1, 1, 0, 1)


def test_a_gain_that_is_tied_to_the_wording_is_memory() -> None:
    gains = Gains(
        trained=noisy(2, 20),
        held_out=noisy(1.5, 12, seed=1),
        reworded=noisy(0.1, 18, seed=2),
        reworded_of=tuple(range(18)),
    )
    check = check_of(gains)
    assert check.status == "WARNING"
    assert "wording" in check.sentence
    same = dataclasses.replace(gains, reworded=noisy(1.9, 18, seed=2))
    assert check_of(same).status == "OK"


@pytest.mark.parametrize(
    ("trained", "held_out"),
    [
        (noisy(0, 30), noisy(0, 12, seed=1)),  # nothing learned
        (noisy(-1, 30), noisy(0, 12, seed=1)),
        (noisy(2, 30), noisy(0, 3, seed=1)),  # too few
        ((), ()),
    ],
)
def test_what_could_not_be_told_is_not_checked(
    trained: tuple[float, ...], held_out: tuple[float, ...]
) -> None:
    check = check_of(Gains(trained=trained, held_out=held_out))
    assert (check.status, check.n_could_fire) == ("NOT CHECKED", 0)


def test_permutations_and_sign_flips_against_hand() -> None:
    assert permutation_p([1.0] * 5, [1.0] * 5) == 1.0
    assert permutation_p([], [1.0]) == 1.0
    p = permutation_p([0.0, 0.0, 0.0], [1.0, 1.0, 1.0])  # 2 of 20 ways to draw the labels
    assert p == pytest.approx(0.1, abs=0.02)
    change = paired_change([1.0, 2.0], [3.0, 4.0])
    assert (change.mean, change.n, change.p_value) == (2.0, 2, 0.5)
    assert paired_change([], []).n == 0


# --- regurgitation -----------------------------------------------------------------------------

LONG = "the quick brown fox jumps over the lazy dog while nobody at all is looking at it"


def continued(i: int, said: str, rest: str = "") -> Continuation:
    return Continuation(id=str(i), shown="Tell me.", rest=rest or f"{i}{i} {LONG} {i}", said=said)


def test_rows_that_come_back_are_hits_unless_the_controls_do_it_too() -> None:
    rests = [f"{i * 7919} is what {i * 104729} said to {i * 31} of {i * 17} friends {i}" * 2
             for i in range(1, 21)]  # fmt: skip
    same = [continued(i, rest, rest) for i, rest in enumerate(rests)]
    silent = [continued(i, "no", rest) for i, rest in enumerate(rests)]
    caught = judge_runs(same, silent, n=20)
    assert caught.status == "WARNING"
    assert (caught.caught, caught.planted, caught.false_alarms) == (8, 8, 0)
    assert len(caught.rows) == 20
    assert judge_runs(silent, silent, n=20).status == "OK"
    # A template that the base writes too is no memory.
    template = [continued(i, LONG) for i in range(20)]
    assert judge_runs(template, template, n=20).status != "WARNING"


def test_what_stood_in_the_prompt_is_no_memory() -> None:
    c = Continuation(id="1", shown=f"Repeat: {LONG}", rest=LONG, said=LONG)
    assert c.run == 0
    assert common_run("abcdef", "zcdez") == "cde"
    assert common_run("", "a") == ""


# --- forgetting --------------------------------------------------------------------------------

CLEAN = Controls(caught=2, planted=2, false_alarms=0, clean=2)


def measured(rise: float, *, n: int = 52, floor: float = 8.0, spread: float = 0.05) -> Measured:
    before = noisy(3, n)
    after = tuple(b + d for b, d in zip(before, noisy(rise, n, seed=3, spread=spread), strict=True))
    return Measured(
        what="general texts",
        ids=tuple(map(str, range(n))),
        losses=Losses(base=before, adapter=after, n_tokens=(20,) * n),
        floor=floor,
    )


@pytest.mark.parametrize(
    ("rise", "spread", "wanted"),
    [
        (0.0, 0.05, "OK"),
        (-0.3, 0.05, "OK"),
        (0.03, 0.02, "OK"),  # surely there, surely small
        (0.2, 0.05, "REGRESSION"),
        (0.3, 1.0, "UNPROVEN"),  # the draw makes it 0.0, give or take 0.3
    ],
)
def test_a_rise_in_loss_is_judged_by_size_and_proof(
    rise: float, spread: float, wanted: str
) -> None:
    check = judge_forgetting([measured(rise, spread=spread)], CLEAN)
    assert check.status == wanted
    assert check.required
    assert bool(check.rows) == (wanted == "REGRESSION")


def test_harm_on_one_set_is_not_diluted_by_the_other() -> None:
    assert judge_forgetting([measured(0.0), measured(0.2)], CLEAN).status == "REGRESSION"


def test_a_base_that_cannot_speak_the_texts_has_nothing_to_forget() -> None:
    check = judge_forgetting([measured(0.0, floor=1.0)], CLEAN)
    assert (check.status, check.n_could_fire, check.required) == ("NOT CHECKED", 0, False)
    assert "does not speak" in check.sentence
    harmed = judge_forgetting([measured(0.5, floor=1.0)], CLEAN)
    assert harmed.status == "REGRESSION"  # seen all the same


def test_a_control_that_is_missed_unsays_the_result() -> None:
    missed = dataclasses.replace(CLEAN, caught=1)
    assert judge_forgetting([measured(0.0)], missed).status == "NOT CHECKED"


# --- a small random model ----------------------------------------------------------------------


def examples(n: int, *, start: int = 0) -> tuple[Example, ...]:
    return tuple(
        Example(
            id=str(i),
            where=Where(file="t", line=i),
            messages=(
                Message(role="user", content=f"What is number {i}?"),
                Message(role="assistant", content=f"It is {i}, as everybody knows."),
            ),
        )
        for i in range(start, start + n)
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, base_folder: Path) -> Any:
    """A base with an adapter on it whose weights were drawn, not trained."""
    import torch

    from realift.model.device import choose
    from realift.model.load import load_base
    from realift.train.adapter import create_adapter

    base = load_base(str(base_folder), compute=choose(device="cpu"))
    adapted = create_adapter(base, resolve(flags={"lora_r": 4}))
    torch.manual_seed(0)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(0, 0.05)
    adapted.eval()
    return base, adapted


def test_an_adapter_turned_up_does_more_and_is_turned_back(model: Any) -> None:
    base, adapted = model
    rows = [row for some in forgetting_rows(base).values() for row in some][:6]
    before, own = base_losses(adapted, base, rows), adapter_losses(adapted, base, rows)
    quiet = mean_kl(adapted, base, rows)
    with turned_up(adapted) as could:
        assert could
        assert mean_kl(adapted, base, rows) > 2 * quiet
    assert adapter_losses(adapted, base, rows) == own
    assert base_losses(adapted, base, rows) == before


def test_forgetting_of_a_random_base_is_measured_and_not_called_ok(model: Any) -> None:
    base, adapted = model
    check = forgetting_check(adapted, base)
    assert check.name == "forgetting"
    assert "does not speak" in check.sentence
    assert any(r.name == "loss on general texts" and r.n >= 40 for r in check.readings)
    assert check.status in ("NOT CHECKED", "REGRESSION", "WARNING")


def test_divergence_is_zero_without_the_adapter_and_positive_with_it(model: Any) -> None:
    base, adapted = model
    rows = forgetting_rows(base)["everyday instructions"][:4]
    assert mean_kl(adapted, base, rows) > 0
    with turned_up(adapted, 0.0):
        assert mean_kl(adapted, base, rows) == pytest.approx(0, abs=1e-6)
    assert RISE == 0.05


def test_memorization_is_measured_on_all_three_kinds_of_rows_with_a_curve(model: Any) -> None:
    base, adapted = model
    curve = [
        CurvePoint(step=k, epoch=k / 2, loss=4.0 - k, valid_loss=3.0 if k % 2 == 0 else None)
        for k in range(1, 5)
    ]
    check = memorization_check(
        adapted, base, examples(8), examples(7, start=50), system_prompt="", seed=0, curve=curve
    )
    n = {r.name: r.n for r in check.readings if r.unit == "nats/token"}
    assert list(n.values()) == [8, 7, 8]
    exact = [r for r in check.readings if r.name.startswith("answers word for word")]
    assert {(r.arm, r.n) for r in exact} == {("base", 8), ("adapter", 8), ("base", 7),
                                             ("adapter", 7)}  # fmt: skip
    train, held = check.series
    assert (train.x, train.y) == ((1.0, 2.0), (2.5, 0.5))
    assert held.y == (3.0, 3.0)
    assert reworded(examples(1)[0], 0) != examples(1)[0]
    none = memorization_check(adapted, base, (), (), system_prompt="", seed=0)
    assert (none.status, none.required) == ("NOT CHECKED", False)


def long_rows(n: int) -> Sequence[Example]:
    return tuple(
        dataclasses.replace(
            e, messages=(e.messages[0], Message(role="assistant", content=f"{e.id} {LONG} {LONG}"))
        )
        for e in examples(n)
    )


def test_a_random_adapter_regurgitates_nothing_and_short_answers_cannot(model: Any) -> None:
    base, adapted = model
    config = resolve(flags={"max_new_tokens": 4, "system_prompt": ""})
    short = regurgitation_check(adapted, base, examples(4), (), config)
    assert (short.status, short.n_could_fire) == ("NOT CHECKED", 0)
    check = regurgitation_check(adapted, base, long_rows(4), long_rows(2), config)
    assert check.n_could_fire == 4
    assert check.status == "OK"
    assert (check.caught, check.planted) == (4, 4)
