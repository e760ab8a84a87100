"""Measure the shipped base through transformers: greedy answers to generated questions.

Writes ``base/results.json`` (every rate with n and its Wilson 95 % interval, the breakdowns, the
wrong answers) and prints the table of the README.

Use: ``python base/evaluate.py [--model FOLDER] [--n 500]``.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from corpus import REFUSAL
from questions import Question, make_questions
from transformers import AutoModelForCausalLM, AutoTokenizer

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent / "src" / "realift" / "model" / "tiny"
CITATION = re.compile(r"\s*\[(\d+)\]")
THRESHOLDS = {
    "right answer from a passage": 0.90,
    "right citation, of those answered": 0.90,
    "refusal when the passage lacks the answer": 0.90,
    "refusal when there is no passage": 0.95,
    "over-refusal": 0.05,
    "general knowledge": 0.90,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question with its completion and what is right about it."""

    question: Question
    completion: str

    @property
    def refused(self) -> bool:
        return self.completion.strip() == REFUSAL

    @property
    def right(self) -> bool:
        """The values, all of them and nothing else; citations are judged apart."""
        if self.question.group in ("lacking", "closed"):
            return self.refused
        expected = " and ".join(self.question.turn.values)
        given = CITATION.sub("", self.completion).strip()
        return given.removesuffix(".").casefold() == expected.casefold()

    @property
    def cited(self) -> bool:
        given = tuple(int(c) for c in CITATION.findall(self.completion))
        return given == tuple(c for c in self.question.turn.citations if c)


def wilson(right: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson score interval of a rate (Wilson 1927); (0, 1) for n = 0.

    >>> tuple(round(x, 3) for x in wilson(9, 10))
    (0.596, 0.982)
    """
    if n == 0:
        return 0.0, 1.0
    p = right / n
    center = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, center - half), min(1.0, center + half)


@torch.no_grad()
def answer(folder: Path, questions: list[Question], batch: int = 32) -> list[Outcome]:
    """Greedy completions, batched by length with padding on the left."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    prompts = [
        tokenizer.apply_chat_template(q.messages(), add_generation_prompt=True, tokenize=False)
        for q in questions
    ]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    completions = [""] * len(prompts)
    for at in range(0, len(order), batch):
        part = order[at : at + batch]
        inputs = tokenizer([prompts[i] for i in part], padding=True, padding_side="left",
                           return_tensors="pt")  # fmt: skip
        out = model.generate(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"],
            max_new_tokens=48, do_sample=False,
        )  # fmt: skip
        for i, ids in zip(part, out[:, inputs["input_ids"].shape[1] :], strict=True):
            completions[i] = tokenizer.decode(ids, skip_special_tokens=True).strip()
    return [Outcome(q, c) for q, c in zip(questions, completions, strict=True)]


def rate(outcomes: Iterable[Outcome], what: Callable[[Outcome], bool]) -> dict[str, float | int]:
    hits = [what(o) for o in outcomes]
    low, high = wilson(sum(hits), len(hits))
    return {"rate": sum(hits) / len(hits) if hits else float("nan"), "n": len(hits),
            "low": low, "high": high}  # fmt: skip


def split_by(
    outcomes: list[Outcome], key: Callable[[Outcome], str]
) -> dict[str, dict[str, float | int]]:
    names = sorted({key(o) for o in outcomes})
    return {
        name: rate([o for o in outcomes if key(o) == name], lambda o: o.right) for name in names
    }


def summarize(outcomes: list[Outcome]) -> dict[str, object]:
    """The main table, the breakdowns and the wrong answers."""
    by = {
        g: [o for o in outcomes if o.question.group == g]
        for g in ("answer", "lacking", "closed", "general")
    }
    answered = [o for o in by["answer"] if not o.refused and o.question.n_snippets]
    main = {
        "right answer from a passage": rate(by["answer"], lambda o: o.right),
        "right citation, of those answered": rate(answered, lambda o: o.cited),
        "refusal when the passage lacks the answer": rate(by["lacking"], lambda o: o.refused),
        "refusal when there is no passage": rate(by["closed"], lambda o: o.refused),
        "over-refusal": rate(by["answer"], lambda o: o.refused),
        "general knowledge": rate(by["general"], lambda o: o.right),
    }
    answer, lacking = by["answer"], by["lacking"]
    return {
        "main": main,
        "breakdown": {
            "answer, by kind of question": split_by(answer, _kind),
            "answer, by number of facts": split_by(answer, lambda o: str(o.question.n_facts)),
            "answer, by number of snippets (0: not numbered)": split_by(
                answer, lambda o: str(o.question.n_snippets)),
            "lacking, by kind of hard negative": split_by(lacking, _kind),
            "general, by group": split_by(by["general"], _relation),
            "answer, by relation": split_by(answer, _relation),
            "lacking, by relation": split_by(lacking, _relation),
        },
        "wrong": [
            {"group": o.question.group, "prompt": o.question.content,
             "expected": o.question.turn.answer, "given": o.completion}
            for o in answer + lacking + by["closed"] + by["general"]
            if not o.right or (o.question.n_snippets and not o.refused and not o.cited)
        ],
    }  # fmt: skip


def _kind(outcome: Outcome) -> str:
    return outcome.question.turn.kind


def _relation(outcome: Outcome) -> str:
    return outcome.question.turn.relation


def table(
    rows: dict[str, dict[str, float | int]], thresholds: dict[str, float] | None = None
) -> str:
    head = "| | rate | 95 % interval | n |" + (" wanted |" if thresholds else "")
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    for name, r in rows.items():
        line = f"| {name} | {r['rate']:.1%} | {r['low']:.1%} to {r['high']:.1%} | {r['n']} |"
        if thresholds:
            sign = "<=" if name == "over-refusal" else ">="
            line += f" {sign} {thresholds[name]:.0%} |"
        lines.append(line)
    return "\n".join(lines)


def evaluate(folder: Path, n: int, seed: int) -> dict[str, object]:
    """Both question sets: trained wordings, then those that were never trained ("unseen")."""
    seen = summarize(answer(folder, make_questions(n, seed)))
    unseen = summarize(answer(folder, make_questions(n, seed, unseen=True)))
    return {"n": n, "seed": seed, **seen, "unseen": unseen}


def render(results: dict[str, object]) -> str:
    text = table(results["main"], THRESHOLDS)  # type: ignore[arg-type]
    text += f"\n\n**{results['n']} questions in wordings that were never trained**\n\n"
    text += table(results["unseen"]["main"])  # type: ignore[index]
    for name, rows in results["breakdown"].items():  # type: ignore[union-attr]
        if not name.endswith("by relation"):
            text += f"\n\n**{name}**\n\n" + table(rows)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--seed", type=int, default=2027)
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    results = evaluate(args.model, args.n, args.seed)
    if args.out.exists():  # what only the training knows
        old = json.loads(args.out.read_text())
        results |= {k: old[k] for k in ("settings", "parameters") if k in old}
    args.out.write_text(json.dumps(results, indent=1) + "\n")
    print(render(results))


if __name__ == "__main__":
    main()
