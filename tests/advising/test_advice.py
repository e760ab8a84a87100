"""Advice from made runs: what is said first, of which rows, with which command."""

from __future__ import annotations

import dataclasses
import io
import shlex
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from realift import pipeline, rendering, run_folder
from realift.advising import advise
from realift.advising.commands import again, judge_again, more_rows
from realift.config import resolve
from realift.report.terminal import print_panel
from realift.types import (
    Advice,
    ArmStats,
    Check,
    Comparison,
    DataSummary,
    Guard,
    Interval,
    Leak,
    LeakCheck,
    Plan,
    Problem,
    Question,
    Rate,
    Reading,
    Retrieved,
    RunResult,
    Score,
    TrainResult,
    Verdict,
    Where,
)
from realift.verdict.checks import MEMORIZED, SPECS, spec
from realift.verdict.guards import CONTEXT_REMOVED, GUARDS
from realift.verdict.retrieval import retrieval_report


def comparison(**more: Any) -> Comparison:
    def rate(value: float) -> Rate:
        return Rate(value=value, n=50, interval=None)

    values: dict[str, Any] = {
        "dimension": "correctness",
        "n_questions": 50,
        "n_scored": 50,
        "n_unscored": 0,
        "n_groups": 50,
        "base": rate(0.4),
        "adapter": rate(0.6),
        "few_shot": None,
        "difference": 0.2,
        "interval": Interval(low=0.05, high=0.35),
        "interval90": Interval(low=0.08, high=0.32),
        "p_value": 0.01,
        "prob_better": 0.99,
        "test": "McNemar mid-p",
        "n_fixed": 12,
        "n_broken": 2,
        "fixed": (),
        "broken": ("q7", "q9"),
        "minimum_detectable": 0.2,
        "n_more": None,
        "label": "REAL GAIN",
        "explanation": "12 fixed, 2 broken.",
        "signature": "",
    }
    for name in ("base", "adapter"):
        if name in more:
            more[name] = rate(more[name])
    return Comparison(**(values | more))


def guard(name: str, status: str = "REGRESSION", **more: Any) -> Guard:
    c = comparison(**{"base": 0.9, "adapter": 0.4, "difference": -0.5, **more})
    return Guard(name=name, status=status, explanation="It fell.", margin=0.1, comparison=c)  # type: ignore[arg-type]


def check(name: str, status: str = "REGRESSION", **more: Any) -> Check:
    def reading(arm: str, value: float) -> Reading:
        return Reading(name="refuses", arm=arm, value=value, unit="share", n=40)

    values: dict[str, Any] = {
        "name": name,
        "title": spec(name).title,
        "status": status,
        "sentence": "The base 39 of 40, the adapter 20 of 40.",
        "n": 40,
        "n_could_fire": 40,
        "caught": 8,
        "planted": 8,
        "false_alarms": 0,
        "clean": 8,
        "required": True,
        "readings": (reading("base", 0.9), reading("adapter", 0.5)),
        "rows": ("q1", "q2"),
    }
    return Check(**(values | more))


PLAN = Plan(
    n_train=30, n_valid=6, n_tokens=900, n_supervised=300, epochs=12, n_steps=90,
    steps_per_epoch=8, learning_rate=0.004, trainable_parameters=10, total_parameters=100,
)  # fmt: skip
TRAINING = TrainResult(
    kept_step=90, kept_reason="the last one", n_steps=90, stopped_early=False, interrupted=False,
    base_valid_loss=3.0, kept_valid_loss=1.0, first_loss=3.0, last_loss=0.2, seconds=9.0, curve=(),
)  # fmt: skip
DATA = DataSummary(
    n_examples=36, n_questions=50, n_answerable=40, n_unanswerable=10, n_with_context=20,
    n_groups=50, n_refusals_in_train=0,
    leak_check=LeakCheck(
        leaks=(), n_questions=50, n_could_fire=50, controls_caught=15, controls_planted=15
    ),
)  # fmt: skip
FILES = {
    "train": {"path": "naive.jsonl", "sha256": "1"},
    "eval": {"path": "eval.jsonl", "sha256": "2"},
}


def verdict(**more: Any) -> Verdict:
    values: dict[str, Any] = {
        "label": "REAL GAIN",
        "sentence": "A gain.",
        "recommendation": "DON'T SHIP",
        "reasons": (),
        "next_steps": ("a bare step",),
        "comparisons": (comparison(),),
        "guards": (),
    }
    return Verdict(**(values | more))


def run(verdict: Verdict | None, **more: Any) -> RunResult:
    values: dict[str, Any] = {
        "name": "naive-1",
        "folder": "runs/naive-1",
        "data": DATA,
        "plan": PLAN,
        "training": TRAINING,
        "arms": (),
        "manifest": {"command": "realift run naive.yaml --seed 1 --json", "data": FILES},
    }
    return RunResult(verdict=verdict, **(values | more))


def first(result: RunResult) -> Advice:
    return advise(result)[0]


def codes(result: RunResult) -> list[str]:
    return [one.code for one in advise(result)]


def test_a_run_that_is_fine_gets_no_advice() -> None:
    assert advise(run(verdict())) == ()
    assert advise(run(None)) == ()


def test_lost_refusals_are_one_piece_of_advice_with_rows_and_both_commands() -> None:
    result = run(
        verdict(guards=(guard(GUARDS[0].name), guard(CONTEXT_REMOVED.name, "WARNING"))),
        checks=(check("other_context"), check("invented", "OK")),
    )
    assert codes(result) == ["add-refusals"]
    one = first(result)
    assert one.title == "Add about 36 rows that refuse, read them, train again"
    assert "refusal when context is missing, base 45, adapter 20 of 50" in one.why
    assert "another question's" in one.why
    assert spec("invented").title not in one.why
    assert "0 of 36 training rows refuse" in one.why
    assert one.rows == ("q7", "q9", "q1", "q2")
    assert one.command.splitlines() == [
        "realift augment naive.jsonl --out naive-more.jsonl --eval eval.jsonl --refusals 36",
        "realift run naive.yaml --seed 1 --train naive-more.jsonl",
    ]


def test_half_of_the_rows_refuse_already_then_some_more() -> None:
    half = dataclasses.replace(DATA, n_examples=80, n_refusals_in_train=40)
    result = run(verdict(guards=(guard(GUARDS[0].name),)), data=half)
    assert "--refusals 20" in first(result).command


def test_leaks_silence_everything_else() -> None:
    leak = Leak(
        example_id="train.jsonl:4", question_id="q1", field="question", kind="exact",
        similarity=1.0, example_text="a", question_text="a",
    )  # fmt: skip
    leaky = dataclasses.replace(DATA.leak_check, leaks=(leak,))  # type: ignore[type-var]
    result = run(
        verdict(label="INVALID", guards=(guard(GUARDS[0].name),)),
        data=dataclasses.replace(DATA, leak_check=leaky),
    )
    assert codes(result)[0] == "remove-leaks"
    assert "add-refusals" not in codes(result)
    assert first(result).rows == ("train.jsonl:4",)


def test_inert_and_other_invalid_runs_say_how_to_get_a_figure() -> None:
    assert codes(run(verdict(label="INERT"))) == ["inert-adapter"]
    assert "--learning-rate 0.012" in first(run(verdict(label="INERT"))).command
    broken = first(run(verdict(label="INVALID", reasons=("Pairs are missing.",))))
    assert (broken.code, broken.why) == ("mend-the-run", "Pairs are missing.")


def retrieval(found: int, lost: int) -> DataSummary:
    rows = [
        Retrieved(
            question_id=f"q{n}", question="?", expected="a.md", answer_there=None, sources=("x",),
            status="found" if n < found else "missed", rank=1 if n < found else 6, n_expected=0,
        )
        for n in range(found + lost)
    ]  # fmt: skip
    report = retrieval_report(rows, name="bm25", k=4, n_documents=2, n_passages=9)
    return dataclasses.replace(DATA, retrieval=report)


def test_low_recall_comes_before_lost_refusals_and_names_the_k_that_finds_more() -> None:
    files = {**FILES, "docs": {"path": "docs", "sha256": "3"}}
    manifest = {"command": "realift run x.yaml", "data": files}
    lost = verdict(guards=(guard(GUARDS[0].name),))
    result = run(lost, data=retrieval(5, 5), manifest=manifest)
    assert codes(result) == ["fix-retrieval", "add-refusals"]
    one = first(result)
    assert one.title == "Fix retrieval first"
    assert one.rows == ("q5", "q6", "q7", "q8", "q9")
    assert one.command == "realift check --eval eval.jsonl --docs docs --retrieve-k 8"
    nearly = run(lost, data=retrieval(19, 1), manifest=manifest)
    assert codes(nearly) == ["add-refusals", "fix-retrieval"]
    assert "fix-retrieval" not in codes(run(lost, data=retrieval(9, 0)))


def test_contradicting_rows_are_named() -> None:
    problem = Problem(
        severity="warning", code="contradicting-answers", message="m",
        where=Where(file="train.jsonl", line=9),
    )  # fmt: skip
    result = run(verdict(), data=dataclasses.replace(DATA, problems=(problem,)))
    assert first(result).code == "contradicting-rows"
    assert first(result).rows == ("train.jsonl:9",)
    assert first(result).command == "realift check --train naive.jsonl"


@pytest.mark.parametrize(
    ("name", "code", "command"),
    [
        ("memorization", "fewer-epochs", "realift run naive.yaml --seed 1 --epochs 6"),
        ("regurgitation", "fewer-epochs", "realift run naive.yaml --seed 1 --epochs 6"),
        ("forgetting", "lower-rate", "realift run naive.yaml --seed 1 --learning-rate 0.002"),
        ("context_swapped", "follow-context", ""),
        ("nulls", "form-not-content", ""),
        ("baselines", "form-not-content", ""),
        ("invented_twins", "fewer-refusals", ""),
        ("invented", "add-refusals", None),
        ("cut_sentence", "add-refusals", None),
        ("context_removed", "add-refusals", None),
    ],
)
def test_every_check_that_raises_an_alarm_has_its_advice(
    name: str, code: str, command: str | None
) -> None:
    for status in ("WARNING", "REGRESSION"):
        one = first(run(verdict(), checks=(check(name, status),)))
        assert one.code == code
        assert one.rows == ("q1", "q2")
        assert command is None or one.command == command
    assert advise(run(verdict(), checks=(check(name, "OK"),))) == ()


def test_a_gain_that_copying_explains_asks_for_other_questions() -> None:
    found = dataclasses.replace(check("nulls", "WARNING"), name="copy_baseline")
    one = first(run(verdict(), checks=(found,)))
    assert (one.code, one.rows) == ("questions-apart", ("q1", "q2"))


def test_the_list_of_checks_above_is_whole() -> None:
    quiet = [s.name for s in SPECS if not advise(run(verdict(), checks=(check(s.name),)))]
    assert quiet == []


def test_memorized_not_learned_is_heard_from_the_verdict() -> None:
    result = run(verdict(label="TOO SMALL TO TELL", warnings=(f"{MEMORIZED}: by heart.",)))
    assert first(result).code == "fewer-epochs"
    assert "realift augment naive.jsonl" in first(result).why


@pytest.mark.parametrize("name", [s.name for s in (*GUARDS, CONTEXT_REMOVED)])
def test_every_guard_that_falls_has_advice_and_its_questions(name: str) -> None:
    one = first(run(verdict(guards=(guard(name),))))
    assert one.rows == ("q7", "q9")


def test_a_drop_that_is_proven_comes_before_a_larger_one_that_is_not() -> None:
    result = run(
        verdict(
            guards=(
                guard("grounding", "WARNING", difference=-0.6),
                guard("no over-refusal", "REGRESSION", difference=-0.1),
                guard("refusal when context is missing", "REGRESSION", difference=-0.3),
            )
        )
    )
    assert codes(result) == ["add-refusals", "fewer-refusals", "guard-grounding"]


def test_a_few_shot_prompt_that_does_as_well_is_offered() -> None:
    against = comparison(
        first="few_shot", base=0.58, adapter=0.6, difference=0.02, label="TOO SMALL TO TELL",
        interval=Interval(low=-0.1, high=0.14),
    )  # fmt: skip
    result = run(
        verdict(comparisons=(comparison(), against)),
        manifest={"few_shot": {"3": 50}, "data": FILES},
    )
    one = first(result)
    assert one.title == "Try a prompt with 3 training rows instead"
    assert "58%" in one.why
    assert "n = 50" in one.why
    worse = dataclasses.replace(against, base=Rate(value=0.3, n=50, interval=None))
    assert advise(run(verdict(comparisons=(comparison(), worse)))) == ()


def test_too_small_names_questions_and_samples_from_the_verdict() -> None:
    small = comparison(label="TOO SMALL TO TELL", n_more=120, more_samples=8)
    one = first(run(verdict(label="TOO SMALL TO TELL", comparisons=(small,))))
    assert one.title == "Add about 120 questions, or take 8 samples of each"
    assert one.command == (
        "realift compare naive.yaml --adapter runs/naive-1/adapter --samples-per-question 8"
    )


def test_higher_rank_is_advised_only_when_the_loss_did_not_fall() -> None:
    small = comparison(label="TOO SMALL TO TELL", n_more=120)
    open_ = verdict(label="TOO SMALL TO TELL", comparisons=(small,))
    flat = dataclasses.replace(TRAINING, last_loss=2.9)
    assert "learn-more" not in codes(run(open_))
    assert "learn-more" in codes(run(open_, training=flat))


def test_what_is_still_wrong_is_listed_by_group_and_never_offered_as_rows() -> None:
    questions = tuple(
        Question(id=f"q{n}", where=Where(file="e"), question="?", answers=(("a",),),
                 group="prices" if n < 3 else f"g{n}")
        for n in range(6)
    )  # fmt: skip
    scores = tuple(
        Score(question_id=q.id, arm="adapter", dimension="correctness", value=float(n > 3))
        for n, q in enumerate(questions)
    )
    one = first(run(verdict(), questions=questions, scores=scores))
    assert one.code == "more-rows"
    assert one.rows == ("q0", "q1", "q2", "q3")
    assert "prices (3)" in one.why
    assert "never these themselves" in one.why


def test_cut_off_answers_get_more_room() -> None:
    arms = tuple(
        ArmStats(arm=arm, n=50, stop_rate=0.5, truncation_rate=rate, mean_tokens=60.0)
        for arm, rate in (("base", 0.4), ("adapter", 0.0))
    )
    one = first(run(verdict(warnings=("FORMAT EFFECT: 40% ...",)), arms=arms))
    assert one.code == "longer-answers"
    assert "--max-new-tokens 128" in one.command


def test_what_is_open_or_unchecked_comes_last() -> None:
    result = run(
        verdict(
            label="REGRESSION",
            guards=(
                guard(GUARDS[0].name, "UNPROVEN", n_more=30),
                guard("grounding", "NOT CHECKED"),
            ),
        )
    )
    assert codes(result) == ["read-broken", "settle-guards", "check-more"]
    assert "about 30 more questions without an answer" in advise(result)[1].why


def test_commands_are_made_from_what_was_typed() -> None:
    assert again("realift run -t a.jsonl --name x -q --epochs=9", {"--epochs": "3"}) == (
        "realift run -t a.jsonl --epochs 3"
    )
    assert again("realift run --train 'my rows.jsonl'", {"--train": "b c.jsonl"}) == (
        "realift run --train 'b c.jsonl'"
    )
    called = run(verdict(), manifest={"base": "tiny", "data": FILES})
    assert shlex.split(judge_again(called, {}))[:4] == [
        "realift", "compare", "--adapter", "runs/naive-1/adapter",
    ]  # fmt: skip
    assert more_rows("a/b-more-2.jsonl") == "a/b-more-3.jsonl"


def test_the_panel_shows_three_with_their_commands_and_counts_the_rest() -> None:
    result = run(
        verdict(guards=(guard(GUARDS[0].name), guard("grounding"), guard("completeness"))),
        checks=(check("forgetting"),),
    )
    result = dataclasses.replace(result, advice=advise(result))
    console = Console(file=io.StringIO(), width=100, record=True)
    print_panel(result, console=console, width=100)
    text = " ".join(console.export_text().replace("│", " ").split())
    said = text[text.index("What to do next") :]
    assert said.count("realift run naive.yaml") >= 1
    assert "realift augment naive.jsonl" in said
    assert "and 1 more in the report" in said
    assert "a bare step" not in said


def test_a_run_writes_its_advice_and_report_writes_it_anew(
    tmp_path: Path, write_rows: Any, base_folder: Path
) -> None:
    rows = [{"instruction": f"Say {n}?", "output": f"It is {n}."} for n in range(12)]
    asked = [{"question": f"Tell {n}!", "answers": [str(n)]} for n in range(7)]
    flags = {
        "train": str(write_rows(rows)),
        "eval": str(write_rows(asked, "eval.jsonl")),
        "base": str(base_folder),
        "runs_dir": str(tmp_path / "runs"),
        "epochs": 1,
        "few_shot_k": 0,
        "max_new_tokens": 3,
    }
    result = pipeline.run(resolve(flags=flags))
    assert result.advice
    assert result.advice == advise(result)
    place = Path(result.folder) / "advice.json"
    place.write_text("[]\n")
    assert rendering.report(result.folder).advice == result.advice
    assert run_folder.load(result.folder).advice == result.advice
