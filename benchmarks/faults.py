"""Which faults of the data does ``realift check`` find, and what does it say of clean data?

Five clean sets (two shipped examples, three made of public data, with refusals added where they
have none) are checked as they are: what is said of rows there is a false alarm, or true. Then each
fault is planted into 10% of the rows of each set (at most 30), and it is counted how many of them
are named, by line, under the code that stands for the fault.

Use: ``python benchmarks/faults.py``; writes ``benchmarks/results/<date>-faults.json`` and prints
the tables of docs/checks.md.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results_file import ROOT, ResultsFile

from realift import pipeline
from realift.config import REFUSAL, resolve
from realift.types import DataSummary
from realift.verdict.paired import wilson

REAL = ROOT.parent / "shared" / "real"
MOST, SHARE, ROWS = 30, 0.1, 300
Row = dict[str, Any]
_FIGURE = re.compile(r"(?<!\[)\b\d+")  # no citation such as [1]
EVAL = ROOT / "examples" / "zephyr" / "eval.jsonl"  # any: without one the rows are cross-fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A way to spoil a row: what stands in its place (texts are written as they are)."""

    name: str
    codes: tuple[str, ...]
    spoil: Callable[[Row, Row, random.Random], Row | str]  # row, another row
    fits: Callable[[Row], bool] = lambda _row: True
    flags: tuple[tuple[str, Any], ...] = ()
    added: bool = False  # put beside the row instead of in its place


# --- clean sets ----------------------------------------------------------------------------------


def jsonl(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def with_refusals(rows: list[Row]) -> list[Row]:
    """One refusal in twenty rows: a set that only answers is no clean one."""
    asked = ("Who founded {}?", "What does {} cost?", "When was {} opened?", "Where is {} based?")
    names = ("Zorvex", "Quillon", "Brantia", "Ostrelo", "Velmarg", "Tindrow", "Harpel", "Ulmeno")
    made = [
        {"instruction": ask.format(name), "input": "", "output": REFUSAL}
        for ask in asked
        for name in names
    ]
    return [*rows, *made[: max(1, len(rows) // 19)]]


def restaurants(file: str, first: int) -> list[Row]:
    with (REAL / "e2e_nlg" / file).open(encoding="utf-8", newline="") as stream:
        pairs = {row["mr"]: row["ref"] for row in csv.DictReader(stream)}
    ask = "Describe the restaurant in one sentence."
    rows = [{"instruction": ask, "input": mr, "output": ref} for mr, ref in pairs.items()]
    return with_refusals(rows[first : first + ROWS])


def stories() -> list[Row]:
    rows = []
    for row in jsonl(REAL / "tinystories_val" / "data_tinystories_val.jsonl"):
        parts = row["text"].split(". ")
        if len(parts) > 8:
            told = ". ".join(parts[:6]) + "."
            rows.append({"instruction": f"Go on: {told}", "input": "", "output": parts[6] + "."})
    return with_refusals(rows[:ROWS])


def clean_sets() -> dict[str, list[Row]]:
    acme = jsonl(ROOT / "examples" / "acme" / "train.jsonl")
    made = [  # the questions of the shipped eval sets, as rows: with contexts and refusals
        {
            "instruction": row["question"],
            "input": row.get("context", ""),
            "output": first_answer(row),
        }
        for row in jsonl(ROOT / "examples" / "acme" / "eval.jsonl")
    ]
    return {
        "examples/acme train": acme,
        "examples/acme eval, as rows": made,
        "e2e_nlg dev": restaurants("devset.csv", 0),
        "e2e_nlg test": restaurants("testset_w_refs.csv", 0),
        "tinystories": stories(),
    }


def first_answer(row: Row) -> str:
    answers = row.get("answers") or []
    if row.get("answerable") is False or not answers:
        return REFUSAL
    return answers if isinstance(answers, str) else str(answers[0])


# --- faults --------------------------------------------------------------------------------------


def ends(more: str) -> Callable[[Row, Row, random.Random], Row]:
    return lambda row, _other, _rng: row | {"output": f"{row['output']} {more}"}


def answers(row: Row) -> bool:
    return row["output"] != REFUSAL


def refusal_with_context(row: Row) -> bool:
    return row["output"] == REFUSAL and bool(row["input"])


def in_context(row: Row) -> bool:
    return answers(row) and bool(row["input"]) and bool(_FIGURE.search(row["output"]))


def other_number(row: Row, _other: Row, rng: random.Random) -> Row:
    def changed(match: re.Match[str]) -> str:
        return str(int(match[0]) + rng.randint(1, 40) * 7)

    return row | {"output": _FIGURE.sub(changed, row["output"], count=1)}


def turns(*roles: str) -> Callable[[Row, Row, random.Random], Row]:
    return lambda row, _other, _rng: {
        "messages": [{"role": role, "content": row["instruction"]} for role in roles]
    }


GERMAN = "Das ist nicht so einfach, weil der Chef von der Firma die Frage nicht beantwortet hat."
FAULTS = (
    Fault(
        name="cut in the middle of the line",
        codes=("bad-json",),
        spoil=lambda row, *_: json.dumps(row)[: len(json.dumps(row)) // 2],
    ),
    Fault(name="no answer", codes=("empty-answer",), spoil=lambda row, *_: row | {"output": " "}),
    Fault(
        name="field missing",
        codes=("missing-answer",),
        spoil=lambda row, *_: {"instruction": row["instruction"]},
    ),
    Fault(
        name="two user turns in a row",
        codes=("wrong-roles",),
        spoil=turns("user", "user", "assistant"),
    ),
    Fault(name="unknown role", codes=("unknown-role",), spoil=turns("user", "tool", "assistant")),
    Fault(
        name="exact copy, other case",
        codes=("duplicate-row",),
        spoil=lambda row, *_: row | {"instruction": row["instruction"].upper()},
        added=True,
    ),
    Fault(
        name="near-copy: one word more",
        codes=("near-duplicate-row",),
        spoil=lambda row, *_: row | {"instruction": row["instruction"] + " Please"},
        fits=lambda row: len(row["instruction"]) >= 30,
        added=True,
    ),
    Fault(
        name="other answer to the same question",
        codes=("contradicting-answers", "several-answers"),
        spoil=lambda row, other, _: row | {"output": other["output"]},
        fits=answers,
        added=True,
    ),
    Fault(
        name="refusal beside an answer",
        codes=("contradicting-answers",),
        spoil=lambda row, *_: row | {"output": REFUSAL},
        fits=answers,
        added=True,
    ),
    Fault(
        name="number that its context does not hold",
        codes=("not-in-context",),
        spoil=other_number,
        fits=in_context,
    ),
    Fault(
        name="name that its context does not hold",
        codes=("not-in-context",),
        spoil=ends("Ask Gundula Brackwede."),
        fits=lambda row: answers(row) and bool(row["input"]),
    ),
    Fault(
        name="citation of a passage that is not there",
        codes=("fabricated-citation",),
        spoil=ends("[9]"),
        fits=lambda row: answers(row) and (isinstance(row["input"], list) or "[1]" in row["input"]),
    ),
    Fault(
        name="email address",
        codes=("personal-data",),
        spoil=ends("Write to jonas.feld82@gmail.com."),
        fits=answers,
    ),
    Fault(
        name="phone number",
        codes=("personal-data",),
        spoil=ends("Call +49 171 5550199."),
        fits=answers,
    ),
    Fault(
        name="card number",
        codes=("personal-data",),
        spoil=ends("Card 4539 1488 0343 6467."),
        fits=answers,
    ),
    Fault(
        name="account number (IBAN)",
        codes=("personal-data",),
        spoil=ends("IBAN GB82 WEST 1234 5698 7654 32."),
        fits=answers,
    ),
    Fault(
        name="decoded wrongly (Latin-1)",
        codes=("mojibake",),
        spoil=ends("It’s for Zoë’s café.".encode().decode("cp1252", errors="ignore")),
    ),
    Fault(name="HTML entities", codes=("html-entities",), spoil=ends("Tom &amp; Eva")),
    Fault(name="control characters", codes=("control-characters",), spoil=ends("a\x07b")),
    Fault(name="mark of a chat template", codes=("special-token",), spoil=ends("<|im_end|>")),
    Fault(
        name="answer in another language",
        codes=("other-language", "answer-language"),
        spoil=lambda row, *_: row | {"output": GERMAN},
    ),
    Fault(
        name="longer than max_length",
        codes=("row-too-long",),
        spoil=lambda row, *_: row | {"input": f"{row['input']} {'so it goes on and on ' * 300}"},
    ),
)


def check(rows: Sequence[Row | str], **flags: Any) -> DataSummary:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        flags = {"train": str(path), "eval": str(EVAL), **flags}
        summary = pipeline.check(resolve(flags=flags))
    ours = tuple(p for p in summary.problems if p.where and p.where.file == "rows.jsonl")
    return dataclasses.replace(summary, problems=ours)


def lines_of(summary: DataSummary, codes: Sequence[str]) -> set[int]:
    places = [w for p in summary.problems if p.code in codes for w in (p.where, *p.also) if w]
    return {place.line for place in places}


def planted(rows: Sequence[Row], fault: Fault) -> tuple[int, int]:
    """How many of the planted faults are named, and how many were planted."""
    rng = random.Random(0)
    fit = [i for i, row in enumerate(rows) if fault.fits(row)]
    chosen = rng.sample(fit, min(MOST, len(fit), max(1, round(SHARE * len(rows)))))
    if not chosen:
        return 0, 0
    spoiled: list[Row | str] = list(rows)
    places = []
    for i in chosen:
        others = [r for r in rows if r["output"] not in (rows[i]["output"], REFUSAL)]
        bad = fault.spoil(rows[i], rng.choice(others), rng)
        if fault.added:
            spoiled.append(bad)
            places.append(len(spoiled))
        else:
            spoiled[i] = bad
            places.append(i + 1)
    named = lines_of(check(spoiled, **dict(fault.flags)), fault.codes)
    return len(named & set(places)), len(places)


def lost_refusals(rows: Sequence[Row], share: float, *, invented: bool) -> bool | tuple[int, int]:
    """Refusals taken away (said?), or made into answers of other rows (how many are named?)."""
    rng = random.Random(0)
    able = [i for i, row in enumerate(rows) if row["output"] == REFUSAL]
    if invented:
        able = [i for i in able if rows[i]["input"]]
    lost = set(rng.sample(able, round(share * len(able))))
    if not invented:
        said = {p.code for p in check([r for i, r in enumerate(rows) if i not in lost]).problems}
        return bool(said & {"no-refusals", "few-refusals"})
    donors = [r["output"] for r in rows if answers(r)]
    spoiled = [r | {"output": rng.choice(donors)} if i in lost else r for i, r in enumerate(rows)]
    named = lines_of(check(spoiled), ("not-in-context", "contradicting-answers"))
    return len(named & {i + 1 for i in lost}), len(lost)


def share_of(k: int, n: int) -> str:
    rate = wilson(k, n)
    if rate.value is None or rate.interval is None:
        return "not measured"
    low, high = 100 * rate.interval.low, 100 * rate.interval.high
    return f"{100 * rate.value:.1f}% ({low:.1f}-{high:.1f})"


def main() -> None:
    sets = clean_sets()
    results: dict[str, Any] = {"clean": {}, "faults": {}, "lost": {}}
    print("| clean set | rows | rows warned of | what was said of rows | of the file |")
    print("|---|---|---|---|---|")
    for name, rows in sets.items():
        summary = check(rows)
        rowwise = [p for p in summary.problems if p.where and p.where.line]
        said = Counter(f"{p.code} ({p.severity})" for p in rowwise for _ in (p.where, *p.also))
        bad = {w.line for p in rowwise if p.severity != "note" for w in (p.where, *p.also) if w}
        whole = sorted({p.code for p in summary.problems if p.where and not p.where.line})
        results["clean"][name] = {"rows": len(rows), "warned": len(bad), "said": dict(said)}
        listed = ", ".join(f"{n} {code}" for code, n in said.items()) or "nothing"
        print(f"| {name} | {len(rows)} | {share_of(len(bad), len(rows))} | {listed} | "
              f"{', '.join(whole) or 'nothing'} |", flush=True)  # fmt: skip
    print("\n| fault | named | of | " + " | ".join(sets) + " |\n|---|---|---|" + "---|" * len(sets))
    for fault in FAULTS:
        by_set = {name: planted(rows, fault) for name, rows in sets.items()}
        found, n = (sum(pair[side] for pair in by_set.values()) for side in (0, 1))
        results["faults"][fault.name] = by_set
        cells = [f"{k}/{m}" if m else "-" for k, m in by_set.values()]
        print(f"| {fault.name} | {share_of(found, n)} | {n} | {' | '.join(cells)} |", flush=True)
    print(
        "\n| refusals lost | taken out: said in | made into other answers: rows named |"
        "\n|---|---|---|"
    )
    for percent in (10, 30, 50, 100):
        gone = [lost_refusals(rows, percent / 100, invented=False) for rows in sets.values()]
        swapped = [
            lost_refusals(rows, percent / 100, invented=True)
            for rows in sets.values()
            if any(map(refusal_with_context, rows))
        ]
        k, n = (sum(pair[side] for pair in swapped) for side in (0, 1))  # type: ignore[index]
        results["lost"][percent] = {"taken_out": gone, "invented": swapped}
        print(f"| {percent}% | {sum(map(bool, gone))} of {len(gone)} sets | {share_of(k, n)} |",
              flush=True)  # fmt: skip
    ResultsFile("faults").finish(results)


if __name__ == "__main__":
    main()
