"""Which leaks does the check find? Questions planted among the training rows, edited in six ways.

For each set the clean training rows are searched first (what is flagged there is a false alarm, or
a leak nobody planted), then the rows with up to 100 questions planted, once for each way of
editing. "Leak" = exact or near, which makes a run INVALID; "suspect or worse" = shown as a pair.
"copied" = the copy baseline answers the planted question rightly.

Use: ``python benchmarks/leaks.py``; writes ``benchmarks/results/<date>-leaks.json`` and prints the
tables of docs/leaks.md.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from results_file import ROOT, ResultsFile

from realift.data.leakage import find_leaks
from realift.data.read import read_examples, read_questions
from realift.score import score_completions
from realift.types import Example, Leak, Message, Question, Where
from realift.verdict.copying import copied
from realift.verdict.paired import wilson
from realift.verdict.selftest.leaks import CLEAN, EDITS, PAIRS

REAL = ROOT.parent / "shared" / "real"
MOST = 100
PARAPHRASE = "said in other words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Clean rows, questions, and for some questions the same in other words."""

    name: str
    rows: list[Example]
    questions: list[Question]
    reworded: dict[str, str]


def example(name: str, asked: str, answer: str, context: str = "") -> Example:
    return Example(
        id=name,
        where=Where(file="made"),
        messages=(
            Message(role="user", content=asked, context=context),
            Message(role="assistant", content=answer),
        ),
    )


def question(name: str, asked: str, answer: str) -> Question:
    return Question(id=name, where=Where(file="made"), question=asked, answers=((answer,),))


def acme() -> Bench:
    folder = ROOT / "examples" / "acme"
    asked = list(read_questions(folder / "eval.jsonl").rows)
    by_group: dict[str, list[Question]] = {}
    for q in asked:
        if q.answerable and not q.context:
            by_group.setdefault(q.group, []).append(q)
    reworded = {
        one.id: other.question
        for group in by_group.values()
        for one, other in zip(group, [*group[1:], group[0]], strict=True)
        if one is not other
    }
    rows = list(read_examples(folder / "train.jsonl").rows)
    return Bench(name="examples/acme", rows=rows, questions=asked, reworded=reworded)


def written() -> Bench:
    return Bench(
        name="20 questions written for this",
        rows=[example(f"clean{i}", text, "Seven.") for i, text in enumerate(CLEAN)],
        questions=[question(f"q{i}", text, f"answer{i}") for i, (text, _) in enumerate(PAIRS)],
        reworded={f"q{i}": other for i, (_, other) in enumerate(PAIRS)},
    )


def restaurants() -> Bench:
    def pairs(file: str) -> list[tuple[str, str]]:
        with (REAL / "e2e_nlg" / file).open(encoding="utf-8", newline="") as stream:
            found = {row["mr"]: row["ref"] for row in csv.DictReader(stream)}
        return [(f"Describe this restaurant: {mr}", ref) for mr, ref in found.items()]

    asked = [question(f"q{i}", a, b) for i, (a, b) in enumerate(pairs("testset_w_refs.csv")[:200])]
    rows = [example(f"r{i}", a, b) for i, (a, b) in enumerate(pairs("devset.csv"))]
    return Bench(name="e2e_nlg", rows=rows, questions=asked, reworded={})


def stories() -> Bench:
    file = REAL / "tinystories_val" / "data_tinystories_val.jsonl"
    texts = [json.loads(line)["text"].split(". ") for line in file.open(encoding="utf-8")]
    pairs = [(". ".join(t[:2]) + ". What happens next?", t[2]) for t in texts if len(t) > 3]
    asked = [question(f"q{i}", a, b) for i, (a, b) in enumerate(pairs[:200])]
    rows = [example(f"r{i}", a, b) for i, (a, b) in enumerate(pairs[200:1000])]
    return Bench(name="tinystories", rows=rows, questions=asked, reworded={})


def counts(leaks: Sequence[Leak], prefix: str) -> dict[str, int]:
    ours = [k for k in leaks if not prefix or k.example_id == f"{prefix}:{k.question_id}"]
    return {
        "leak": len({k.question_id for k in ours if k.kind != "suspect"}),
        "suspect": len({k.question_id for k in ours}),
    }


def measure(bench: Bench) -> dict[str, object]:
    clean = find_leaks(bench.rows, bench.questions).leaks
    out: list[dict[str, object]] = []
    step = max(1, len(bench.questions) // MOST)
    for name, edit, _ in EDITS:
        chosen = bench.questions[::step][:MOST]
        if name == PARAPHRASE:
            chosen = [q for q in bench.questions if q.id in bench.reworded]
        if not chosen:
            continue
        planted = plant(chosen, edit, bench.reworded)
        found = counts(find_leaks([*planted, *bench.rows], chosen).leaks, "planted")
        scored = [q for q in chosen if q.answerable and q.answers]
        right = copied([*planted, *bench.rows], scored, score=score_completions)
        before = copied(bench.rows, scored, score=score_completions)
        out.append(
            {
                "edit": name,
                "planted": len(chosen),
                **found,
                "copied": sum(right.values()),
                "copied_before": sum(before.values()),
                "scored": len(right),
            }
        )
    return {
        "set": bench.name,
        "rows": len(bench.rows),
        "questions": len(bench.questions),
        "clean": counts(clean, ""),
        "clean_by_field": {
            field: len({k.question_id for k in clean if k.field == field})
            for field in ("question", "answer", "context")
        },
        "edits": out,
    }


def plant(
    chosen: Sequence[Question],
    edit: Callable[[str, str, random.Random], str],
    reworded: dict[str, str],
) -> list[Example]:
    rng = random.Random(0)
    return [
        example(
            f"planted:{q.id}",
            edit(q.question, reworded.get(q.id, ""), rng),
            ", ".join(slot[0] for slot in q.answers) or "Nobody knows.",
            q.context,
        )
        for q in chosen
    ]


def share(k: float, n: int) -> str:
    rate = wilson(round(k), n)
    if rate.value is None or rate.interval is None:
        return "not measured"
    low, high = rate.interval.low, rate.interval.high
    return f"{100 * rate.value:.0f}% ({100 * low:.0f}-{100 * high:.0f})"


def tables(results: Sequence[dict]) -> str:  # type: ignore[type-arg]
    lines = ["| questions planted | set | n | leak | suspect or worse | copied (before) |"]
    lines.append("|---|---|---|---|---|---|")
    for name, _, _ in EDITS:
        for result in results:
            for row in result["edits"]:
                if row["edit"] == name:
                    n = row["planted"]
                    lines.append(
                        f"| {name} | {result['set']} | {n} | {share(row['leak'], n)} | "
                        f"{share(row['suspect'], n)} | {share(row['copied'], row['scored'])} "
                        f"({100 * row['copied_before'] / max(1, row['scored']):.0f}%) |"
                    )
    lines += ["", "| nothing planted | rows | questions | flagged as leak | as suspect or worse |"]
    lines.append("|---|---|---|---|---|")
    for r in results:
        n, found = r["questions"], r["clean"]
        lines.append(
            f"| {r['set']} | {r['rows']} | {n} | {share(found['leak'], n)} | "
            f"{share(found['suspect'], n)} |"
        )
    return "\n".join(lines)


def main() -> None:
    results = [measure(bench()) for bench in (acme, written, restaurants, stories)]
    ResultsFile("leaks").finish(results)
    print(tables(results))


if __name__ == "__main__":
    main()
