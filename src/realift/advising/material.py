"""Advice about what the model was given: leaks, broken pairs, retrieval, contradicting rows."""

from __future__ import annotations

from collections.abc import Iterator

from realift.advising import commands
from realift.advising.found import Finding, Tier, some
from realift.types import Advice, RunResult, Verdict
from realift.verdict.retrieval import is_low, missed

_ENOUGH = 0.9  # recall worth raising retrieve_k for


def leaks(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """Training rows that stand in the eval set and made the run INVALID."""
    check = result.data.leak_check if result.data else None
    sure = [k for k in check.leaks if k.kind != "suspect"] if check else []
    if verdict.label != "INVALID" or not sure or check is None:
        return
    rows = tuple(dict.fromkeys(leak.example_id for leak in sure))
    n = len({leak.question_id for leak in sure})
    yield Finding(
        tier=Tier.INVALID,
        size=n / max(1, check.n_questions),
        advice=Advice(
            code="remove-leaks",
            title="Take the leaked rows out",
            why=f"{n} of {check.n_questions} questions stand in the training rows "
            f"({some(rows)}): a right answer shows nothing. Remove these rows, or the questions, "
            "and train again.",
            rows=rows,
            command=commands.retrain(result, {}),
        ),
    )


def inert(result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """An adapter that changes nothing."""
    if verdict.label != "INERT":
        return
    plan = result.plan
    faster = {"--learning-rate": f"{3 * plan.learning_rate:.2g}"} if plan else {}
    yield Finding(
        tier=Tier.INVALID,
        size=1.0,
        advice=Advice(
            code="inert-adapter",
            title="Make the adapter change something",
            why="every answer is the same with and without it. Check that it belongs to this base; "
            "if its training loss did not fall, raise the learning rate or the epochs.",
            command=commands.retrain(result, faster),
        ),
    )


def invalid(_result: RunResult, verdict: Verdict) -> Iterator[Finding]:
    """Anything else that makes a run INVALID: the reasons say what."""
    if verdict.label != "INVALID":
        return
    yield Finding(
        tier=Tier.INVALID,
        size=0.0,
        advice=Advice(
            code="mend-the-run",
            title="Mend what makes the run invalid",
            why=" ".join(verdict.reasons[:1]) or "both arms must answer every question.",
        ),
    )


def retrieval(result: RunResult, _verdict: Verdict) -> Iterator[Finding]:
    """Documents that were not found: no adapter can mend that."""
    report = result.data.retrieval if result.data else None
    lost = missed(report) if report else ()
    if report is None or not lost or report.recall.value is None:
        return
    deeper = next(
        (at for at in report.recall_at
         if at.k > report.k and (at.rate.value or 0) >= max(_ENOUGH, report.recall.value + 0.01)),
        None,
    )  # fmt: skip
    files = commands.paths(result)
    parts = {"--retrieve-k": str(deeper.k)} if deeper else {}
    command = commands.again(
        f"realift check --eval {files['eval']} --docs {files['docs']}"
        if {"eval", "docs"} <= set(files) else "", parts
    )  # fmt: skip
    more = (
        f" With {deeper.k} passages it would be {deeper.rate.value:.0%}."
        if deeper and deeper.rate.value is not None
        else " More passages would not help much: look at how documents are cut and searched."
    )
    yield Finding(
        tier=Tier.DATA if is_low(report) else Tier.BETTER,
        size=1 - report.recall.value,
        advice=Advice(
            code="fix-retrieval",
            title="Fix retrieval first" if is_low(report) else "Mend the retrieval",
            why=f"the right document was found for {report.n_judged - len(lost)} of "
            f"{report.n_judged} questions; the others fail whatever is trained.{more}",
            rows=tuple(row.question_id for row in lost),
            command=command,
        ),
    )


def contradictions(result: RunResult, _verdict: Verdict) -> Iterator[Finding]:
    """Rows that answer the same question differently."""
    problems = result.data.problems if result.data else ()
    found = [p for p in problems if p.code == "contradicting-answers"]
    if not found or result.data is None:
        return
    rows = tuple(str(p.where) for p in found if p.where)
    train = commands.paths(result).get("train", "")
    yield Finding(
        tier=Tier.DATA,
        size=len(found) / max(1, result.data.n_examples),
        advice=Advice(
            code="contradicting-rows",
            title="Decide which of the contradicting rows is right",
            why=f"{len(found)} training row{'s' * (len(found) > 1)} answer{'s' * (len(found) == 1)}"
            f" a question differently from another one ({some(rows)}): neither can be learned.",
            rows=rows,
            command=commands.again("realift check", {"--train": train}) if train else "",
        ),
    )
