"""A rich, invented run: every label and guard status, missing values, hostile model text."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from realift import run_folder
from realift.data.fields import render_context
from realift.judge.records import Disagreement, JudgeResult, as_opinion
from realift.types import (
    Advice,
    Arm,
    ArmStats,
    Check,
    Comparison,
    Completion,
    CurvePoint,
    DataSummary,
    Guard,
    Interval,
    Label,
    Leak,
    LeakCheck,
    Length,
    Passage,
    Plan,
    Problem,
    Question,
    Rate,
    Reading,
    RunResult,
    Score,
    Series,
    TrainResult,
    Verdict,
    Where,
)

SCRIPT = "</script><script>alert(1)</script>"
IMAGE = '<img src=x onerror="alert(2)">'
CONTROL = "\x1b[31mred\x1b[0m \x07bell \u202egnirts\u202c \ud800 end"
MARKUP = "[bold]not bold[/bold] [1] [link=http://x.invalid]x[/link] :smile:"
TABLE = "a | b `code` **c**\n\n# heading <b>bold</b> @someone www.x.invalid http://x.invalid"
HOSTILE = (SCRIPT, IMAGE, CONTROL, MARKUP, TABLE)

SIGNATURE = "correctness|n:80|arms:base,adapter|greedy|max_new:64|test:mcnemar-midp|v0.1.0"


def rate(value: float | None, n: int = 80) -> Rate:
    if value is None:
        return Rate(value=None, n=0, interval=None)
    low, high = max(0.0, value - 0.1), min(1.0, value + 0.1)
    return Rate(value=value, n=n, interval=Interval(low=low, high=high, method="wilson"))


def comparison(
    dimension: str = "correctness",
    *,
    base: float | None = 0.4125,
    few_shot: float | None = 0.525,
    adapter: float | None = 0.6875,
    label: Label = "REAL GAIN",
    p: float | None = 0.0004,
    n: int = 80,
    n_unscored: int = 0,
    fixed: tuple[str, ...] = (),
    broken: tuple[str, ...] = (),
) -> Comparison:
    difference = None if base is None or adapter is None else adapter - base
    span = None
    if difference is not None:
        span = Interval(low=difference - 0.12, high=difference + 0.12, method="dirichlet")
    return Comparison(
        dimension=dimension,
        n_questions=n + n_unscored,
        n_scored=n,
        n_unscored=n_unscored,
        n_groups=41,
        base=rate(base, n),
        adapter=rate(adapter, n),
        few_shot=None if few_shot is None else rate(few_shot, n),
        difference=difference,
        interval=span,
        interval90=None,
        p_value=p,
        prob_better=None if p is None else 1 - p / 2,
        test="McNemar mid-p",
        n_fixed=len(fixed),
        n_broken=len(broken),
        fixed=fixed,
        broken=broken,
        minimum_detectable=0.16,
        n_more=23,
        label=label,
        explanation=f"{len(fixed)} fixed, {len(broken)} broken.",
        signature=SIGNATURE.replace("correctness", dimension),
    )


def verdict() -> Verdict:
    """A gain that must not be shipped: refusals were lost."""
    correctness = comparison(
        fixed=tuple(f"q{i}" for i in range(1, 26)), broken=("q26", "q27", "q28"), n_unscored=2
    )
    against_few_shot = dataclasses.replace(
        comparison(base=0.52, adapter=0.6875, few_shot=None, p=0.2345, label="TOO SMALL TO TELL"),
        fixed=("q40",),
        n_fixed=1,
        signature=f"{SIGNATURE} | adapter - few_shot",
        first="few_shot",
    )
    safety = comparison(
        "refusal",
        base=0.95,
        few_shot=0.9,
        adapter=0.55,
        label="REGRESSION",
        p=0.0123,
        n=24,
        broken=tuple(f"q{i}" for i in range(60, 70)),
    )
    grounding = comparison(
        "grounding", base=0.8, adapter=0.803, label="NO MEANINGFUL GAIN", p=0.96, n=30
    )
    completeness = comparison(
        "completeness",
        base=None,
        adapter=None,
        few_shot=None,
        label="TOO SMALL TO TELL",
        p=None,
        n=0,
    )
    return Verdict(
        label="REAL GAIN",
        sentence="The adapter answers more questions right than the base, "
        "but it lost refusals that the base had.",
        recommendation="DON'T SHIP",
        reasons=(
            "Correctness rose by 28 points (25 questions fixed, 3 broken).",
            "Safety fell by 40 points: 10 questions that must be refused are answered now.",
        ),
        next_steps=(
            "Add 10 to 20 rows whose right answer is a refusal to train.jsonl and run again.",
            "Look at the 3 broken questions below: two of them share one passage.",
        ),
        comparisons=(correctness, against_few_shot, safety),
        guards=(
            Guard(
                name="refusal when context is missing",
                status="REGRESSION",
                explanation="Refusals fell from 95% to 55%; the margin is 10 points.",
                margin=0.1,
                comparison=safety,
            ),
            Guard(
                name="grounding",
                status="UNPROVEN",
                explanation="No loss was seen, but 30 questions cannot rule out one of 10 points.",
                margin=0.1,
                comparison=grounding,
            ),
            Guard(
                name="completeness",
                status="NOT CHECKED",
                explanation="No question has key points.",
                margin=0.1,
                comparison=completeness,
            ),
            Guard(
                name="forgetting",
                status="OK",
                explanation="General text: +0.01 nats/token [-0.02, +0.04], n 50.",
                margin=0.1,
            ),
            Guard(
                name="memorization",
                status="WARNING",
                explanation="2 of 64 training rows come back word for word.",
                margin=0.1,
            ),
        ),
        warnings=("Questions q12 and q13 have the same passage [1] and count as one group.",),
    )


def data_summary(n_problems: int = 25) -> DataSummary:
    problems = tuple(
        Problem(
            severity=("error", "warning", "note")[i % 3],  # type: ignore[arg-type]
            code="duplicate-row",
            message=f"row {i} says the same as row 3 [1]",
            where=Where(file="train.jsonl", line=i + 1),
            hint="keep one of them" if i % 2 else "",
            also=tuple(Where(file="train.jsonl", line=line) for line in range(90, 100 + i)),
        )
        for i in range(n_problems)
    )
    leak = Leak(
        example_id="17",
        question_id="q3",
        field="question",
        kind="suspect",
        similarity=0.74,
        example_text="What does the Acme Starter plan cost per month? [1]",
        question_text="How much is the Acme Starter plan per month?",
    )
    return DataSummary(
        n_examples=64,
        n_questions=82,
        n_answerable=58,
        n_unanswerable=24,
        n_with_context=60,
        n_groups=41,
        n_refusals_in_train=0,
        problems=problems,
        lengths=(
            Length(
                of="training answers",
                unit="words",
                n=64,
                smallest=1,
                median=4.5,
                p95=12,
                largest=1040,
            ),
        ),
        leak_check=LeakCheck(
            leaks=(leak,), n_questions=82, n_could_fire=75, controls_caught=5, controls_planted=5
        ),
    )


def plan() -> Plan:
    return Plan(
        n_train=54,
        n_valid=10,
        n_tokens=6120,
        n_supervised=1204,
        epochs=4,
        n_steps=56,
        steps_per_epoch=14,
        learning_rate=2e-3,
        trainable_parameters=81_920,
        total_parameters=4_300_000,
        expected_seconds=21.0,
        expected_answer_seconds=34.0,
        expected_peak_bytes=412_000_000,
        measured_on="two steps on cpu, 2 threads",
    )


def training() -> TrainResult:
    curve = tuple(
        CurvePoint(
            step=s,
            epoch=s / 14,
            loss=2.4 * 0.96**s + 0.2 + 0.08 * (s % 3),
            valid_loss=2.2 * 0.95**s + 0.5 + 0.0006 * s * s if s % 7 == 0 else None,
            learning_rate=2e-3,
        )
        for s in range(1, 57)
    )
    return TrainResult(
        kept_step=35,
        kept_reason="lowest held-out loss",
        n_steps=56,
        stopped_early=True,
        interrupted=False,
        base_valid_loss=2.71,
        kept_valid_loss=1.60,
        first_loss=2.5,
        last_loss=0.6,
        seconds=23.4,
        curve=curve,
    )


def checks() -> tuple[Check, ...]:
    """Forgetting (a guard already), memorization with curves, and one that could not fire."""
    span = Interval(low=-0.02, high=0.04)
    ran: dict[str, int] = {"n": 50, "n_could_fire": 48, "caught": 10, "planted": 10}
    forgetting = Check(
        name="forgetting",
        title="forgetting",
        status="OK",
        sentence="General text: +0.01 nats/token [-0.02, +0.04], n 50.",
        **ran,
        false_alarms=0,
        clean=10,
        required=True,
        readings=(
            Reading(name="loss on general text", arm="base", value=3.2, unit="nats/token", n=50),
            Reading(
                name="loss on general text",
                arm="adapter - base",
                value=0.01,
                unit="nats/token",
                n=50,
                interval=span,
                p_value=0.4,
            ),
        ),
    )
    memorization = dataclasses.replace(
        forgetting,
        name="memorization",
        title="Memorized, not learned $1 <b>",
        status="WARNING",
        sentence="2 of 64 training rows come back word for word.",
        readings=(
            Reading(
                name="verbatim training rows",
                arm="adapter",
                value=0.03,
                unit="share",
                n=64,
                interval=Interval(low=0.01, high=0.11),
            ),
            Reading(name="verbatim training rows", arm="base", value=0.0, unit="share", n=64),
            Reading(name="never measured", arm="base", value=None, unit="ratio", n=0),
        ),
        series=(
            Series(
                name="rows it was trained on",
                x_label="pass",
                y_label="nats/token",
                x=(1, 2, 3, 4),
                y=(2.0, 1.0, 0.4, 0.1),
            ),
            Series(
                name="rows held out",
                x_label="pass",
                y_label="nats/token",
                x=(1, 2, 3, 4),
                y=(2.1, 1.6, 1.5, 1.7),
            ),
        ),
        rows=("q3", "17"),
    )
    unfired = dataclasses.replace(
        forgetting,
        name="context_swapped",
        title="Follows a changed context",
        status="NOT CHECKED",
        sentence="No passage could be changed.",
        n=0,
        n_could_fire=0,
        caught=0,
        planted=0,
        clean=0,
        readings=(),
    )
    return (forgetting, memorization, unfired)


def advice() -> tuple[Advice, ...]:
    return (
        Advice(
            code="add-refusals",
            title="Add rows that refuse",
            why="10 questions that must be refused are answered now",
            rows=("q60", "train.jsonl:17"),
            command="realift augment train.jsonl --refusals 20 --out more.jsonl",
        ),
    )


QUESTIONS = (
    "How much does the Acme Business plan cost per month?",
    "Which region stores the backups of Acme Vault?",
    "Who may approve a refund above 500 euros?",
    "What is the notice period of the Starter plan?",
    "Does Acme Vault support single sign-on with hardware keys?",
)
ANSWERS = ("49 euros", "Frankfurt", "the team lead", "30 days", "yes")


def question(i: int) -> Question:
    topic = i % len(QUESTIONS)
    refuse = i >= 59
    text = f"Acme handbook, page {i}. {ANSWERS[topic]} is what holds. " * 2
    passages = () if i % 7 == 0 else (Passage(text=text, source=f"handbook-{i}.md"),)
    return Question(
        id=f"q{i}",
        where=Where(file="eval.jsonl", line=i),
        question=f"{QUESTIONS[topic]} ({i})" if not refuse else f"Who founded branch {i}?",
        context=render_context(passages),
        passages=passages,
        answers=() if refuse else ((ANSWERS[topic], f"{ANSWERS[topic]} exactly"),),
        answerable=not refuse,
        group=f"g{i // 2}",
    )


def completion(i: int, arm: Arm, text: str, **changes: object) -> Completion:
    record = Completion(question_id=f"q{i}", arm=arm, text=text, n_tokens=9, finish="stop")
    return dataclasses.replace(record, **changes)  # type: ignore[arg-type]


def _texts(i: int) -> dict[Arm, str]:
    right = f"It is {ANSWERS[i % len(ANSWERS)]} [1]."
    wrong = "I don't have enough context to answer."
    if i <= 25:
        return {"base": wrong, "few_shot": right, "adapter": right}
    if i <= 28:
        return {"base": right, "few_shot": right, "adapter": "It is 12 euros [2]."}
    if i >= 59:
        return {"base": wrong, "few_shot": wrong, "adapter": f"Branch {i} was founded by Ann [1]."}
    return dict.fromkeys(("base", "few_shot", "adapter"), right if i % 2 else wrong)  # type: ignore[arg-type]


def make_result(n_questions: int = 82) -> RunResult:
    """The run with all its parts; hostile texts stand in q1..q5 (fixed) and q26 (broken)."""
    questions = [question(i) for i in range(1, n_questions + 1)]
    completions: list[Completion] = []
    scores: list[Score] = []
    for i in range(1, n_questions + 1):
        for arm, text in _texts(i).items():
            if i <= len(HOSTILE) and arm == "base":
                text = HOSTILE[i - 1]
            if i == 6 and arm == "adapter":
                text = "49 euros " + "x" * 1_000_000
            c = completion(i, arm, text)
            if i in (81, 82):
                c = dataclasses.replace(c, text="", finish="skipped", n_tokens=0)
            elif i % 20 == 0:
                c = dataclasses.replace(c, finish="length", n_tokens=64)
            completions.append(c)
            dimension = "refusal" if i >= 59 else "correctness"
            refused = text.startswith("I don't")
            value = float(refused) if i >= 59 else float(not refused and "12 euros" not in text)
            scores.append(
                Score(
                    question_id=f"q{i}",
                    arm=arm,
                    dimension=dimension,
                    value=None if i in (81, 82) else value,
                    reason="prompt too long" if i in (81, 82) else "alternative 1 contained",
                )
            )
    completions.append(completion(1, "adapter", "asked without context", probe="closed_book"))
    arms = tuple(
        ArmStats(
            arm=arm,
            n=80,
            stop_rate=0.95,
            truncation_rate=0.05,
            mean_tokens=9.4,
            seconds=11.0,
        )
        for arm in ("base", "few_shot", "adapter")
    )
    return RunResult(
        name="acme-1",
        folder="runs/acme-1",
        verdict=verdict(),
        data=data_summary(),
        plan=plan(),
        training=training(),
        arms=arms,
        questions=tuple(questions),
        completions=tuple(completions),
        scores=tuple(scores),
        checks=checks(),
        advice=advice(),
        manifest={
            "schema": run_folder.SCHEMA,
            "name": "acme-1",
            "status": "done",
            "created": "2026-01-02T03:04:05+00:00",
            "command": ["realift", "run", "--base", "tiny", "--train", "my rows.jsonl"],
            "versions": {"realift": "0.1.0", "torch": "2.9.0", "transformers": "5.0.0"},
            "hashes": {"train": "sha256:0f1e", "eval": "sha256:77aa", "template": "sha256:c0de"},
            "seed": 0,
        },
    )


def save(result: RunResult, folder: Path) -> Path:
    """Write a result as a run folder (lone surrogates cannot be written: they are replaced)."""
    folder.mkdir(parents=True)
    run_folder.write_json(folder / "manifest.json", result.manifest)
    parts = {
        "verdict.json": result.verdict,
        "data/summary.json": result.data,
        "plan.json": result.plan,
        "training.json": result.training,
        "arms.json": result.arms or None,
        "checks.json": result.checks or None,
        "advice.json": result.advice or None,
    }
    for name, record in parts.items():
        if record is not None:
            run_folder.write_json(folder / name, record)
    rows = {
        "data/questions.jsonl": result.questions,
        "answers.jsonl": [
            dataclasses.replace(c, text=c.text.replace("\ud800", "?")) for c in result.completions
        ],
        "scores.jsonl": result.scores,
    }
    for name, records in rows.items():
        if records:
            run_folder.write_jsonl(folder / name, records)
    return folder


def stopped(status: str, **parts: object) -> RunResult:
    """A run that never came to a verdict; ``parts`` are what it reached."""
    empty = dataclasses.replace(
        make_result(3),
        verdict=None,
        data=None,
        plan=None,
        training=None,
        arms=(),
        questions=(),
        completions=(),
        scores=(),
        checks=(),
        advice=(),
        manifest={"schema": run_folder.SCHEMA, "name": "acme-1", "status": status},
    )
    return dataclasses.replace(empty, **parts)  # type: ignore[arg-type]


def judged() -> JudgeResult:
    """A judge that nobody has checked."""
    c = comparison()
    opinion = as_opinion(c)
    return JudgeResult(
        model="$quoted <b>",
        url="http://127.0.0.1:11434",
        validated=False,
        graded=opinion,
        preferred=opinion,
        position_bias=rate(0.1),
        consistency=rate(0.95),
        n_replies=300,
        n_unreadable=1,
        n_failed=0,
        n_labelled=0,
        kappa=None,
        arms=(),
        corrected=None,
        n_compared=160,
        disagreements=(Disagreement(question_id="q1", arm="base", scorer=0, judge=1),),
        warnings=("Nobody has checked this judge.",),
        signature="judge v1",
    )
