"""How often the probes find planted faults, and how often they cry wolf. Tables of docs/probes.md.

``planted``: answers and losses are drawn, no model runs. The base answers right with probability
0.9; the adapter gives the base's answer but for 5% of the questions, which it answers anew, and
for the planted share, which it gets wrong. Only one fault is planted at a time, and all checks
are judged together, as in a run.

``trained``: real adapters on the embedded base: both recipes of ``examples/acme`` at the learning
rate of the recipe, at ten times and at a tenth of it; one more that was taught to give its facts
beside passages that say otherwise (``contradicting.jsonl``); and the naive one asked about those.

``run``: the checks of losses, of run folders trained before (without a system prompt).

All append to ``benchmarks/results/probes.jsonl``; what stands there already is not repeated.

Use: ``python benchmarks/probes.py planted [--draws 200]``, ``... trained``,
``... run FOLDER...``, ``... table``.
"""

from __future__ import annotations

import argparse
import functools
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from realift.config import Config
from realift.data.read import read_questions
from realift.probes.asked import Asked, Control, compared, drafted
from realift.probes.forgetting import Controls, Measured, judge_forgetting
from realift.probes.likelihood import Losses
from realift.probes.memorization import Gains, check_of
from realift.probes.questions import probe_questions
from realift.probes.regurgitation import Continuation, judge_runs
from realift.types import Arm, Check, Question, Score
from realift.verdict.checks import Draft, judge_drafts

ROOT = Path(__file__).resolve().parents[1]
ACME = ROOT / "examples" / "acme"
CONTRADICTING = ROOT / "benchmarks" / "contradicting.jsonl"
RESULTS = ROOT / "benchmarks" / "results" / "probes.jsonl"
SHARES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
RIGHT, CHURN, MARGIN = 0.9, 0.05, 0.10
FOUND = ("WARNING", "REGRESSION")


# --- faults in answers -------------------------------------------------------------------------


def asked_questions() -> dict[str, tuple[str, tuple[Question, ...]]]:
    """What the probes ask about ``examples/acme``: check -> dimension and questions."""
    questions = read_questions(str(ACME / "eval.jsonl")).rows
    asked = probe_questions(Config(), questions)
    return {
        "other_context": ("refusal", asked["other_context"]),
        "cut_sentence": ("refusal", asked["cut_sentence"]),
        "context_swapped": ("correctness", asked["context_swapped"]),
        "invented": ("refusal", tuple(q for q in asked["invented"] if not q.answerable)),
        "invented_twins": ("no_over_refusal", tuple(q for q in asked["invented"] if q.answerable)),
    }


def draft(
    name: str, dimension: str, questions: Sequence[Question], share: float, rng: random.Random
) -> Draft:
    """A draft of drawn answers; ``share`` of the adapter's are wrong for sure."""
    scores = []
    for q in questions:
        base = rng.random() < RIGHT
        adapter = rng.random() < RIGHT if rng.random() < CHURN else base
        if rng.random() < share:
            adapter = False
        arms: tuple[tuple[Arm, bool], ...] = (("base", base), ("adapter", adapter))
        for arm, right in arms:
            scores.append(
                Score(
                    question_id=q.id, arm=arm, dimension=dimension, value=float(right), probe=name
                )
            )
    one = Asked(name=name, questions=tuple(questions), completions=(), scores=tuple(scores))
    fine = Control(caught=8, planted=8, false_alarms=0, clean=8)
    c = compared(one, dimension=dimension, margin=MARGIN)
    return drafted(name, c, fine, right="right", harm="it got worse.", n=len(questions))


def answer_faults(draws: int) -> Iterable[dict[str, Any]]:
    """Rates of every status, by check and planted share."""
    asked = asked_questions()

    def drawn(name: str, share: float) -> list[Draft]:
        dimension, questions = asked[name]
        rng = random.Random(f"{name}/{share}")
        return [draft(name, dimension, questions, share, rng) for _ in range(draws)]

    fine = {name: drawn(name, 0.0) for name in asked}
    for name in asked:
        for share in SHARES:
            faulty = drawn(name, share)
            seen: list[Check] = []
            for k in range(draws):
                others = [fine[other][k] for other in asked if other != name]
                checks = judge_drafts([*others, faulty[k]], margin=MARGIN)
                seen += [c for c in checks if c.name == name]
            yield rates(name, share, len(asked[name][1]), seen)


# --- faults in losses --------------------------------------------------------------------------


def forgetting(rise: float, spread: float, rng: random.Random) -> Check:
    """Two sets of 52 texts whose loss rises by ``rise`` on average."""
    sets = []
    for what in ("general texts", "everyday instructions"):
        before = tuple(rng.gauss(3, 0.5) for _ in range(52))
        after = tuple(b + rng.gauss(rise, spread) for b in before)
        sets.append(
            Measured(
                what=what,
                ids=tuple(map(str, range(52))),
                losses=Losses(base=before, adapter=after, n_tokens=(40,) * 52),
                floor=8.0,
            )
        )
    return judge_forgetting(sets, Controls(caught=2, planted=2, false_alarms=0, clean=2))


def memorization(carried: float, n: int, rng: random.Random) -> Check:
    """60 trained rows gain 2 nats/token (spread 1); ``n`` unseen ones gain ``carried`` of it."""
    return check_of(
        Gains(
            trained=tuple(rng.gauss(2, 1) for _ in range(60)),
            held_out=tuple(rng.gauss(2 * carried, 1) for _ in range(n)),
        )
    )


def regurgitation(share: float, rng: random.Random) -> Check:
    """24 rows of random words; ``share`` of them come back, the others end differently."""

    def words(n: int) -> str:
        return " ".join(
            "".join(rng.choice("abcdefghijklmnoprstuvw") for _ in range(rng.randint(2, 9)))
            for _ in range(n)
        )

    def row(i: int, comes_back: bool) -> Continuation:
        rest = words(20)
        return Continuation(
            id=str(i), shown="Tell me.", rest=rest, said=rest if comes_back else words(20)
        )

    rows = [row(i, rng.random() < share) for i in range(24)]
    return judge_runs(rows, [row(100 + i, False) for i in range(48)], n=24)


def loss_faults(draws: int) -> Iterable[dict[str, Any]]:
    """Rates of every status, by check and size of the fault."""
    planted: list[tuple[str, float, int, Callable[[random.Random], Check]]] = []
    for spread in (0.05, 0.15, 0.3):
        for rise in (-0.1, 0.0, 0.02, 0.05, 0.1, 0.2, 0.5):
            planted.append(
                (
                    f"forgetting, spread {spread:g}",
                    rise,
                    104,
                    functools.partial(forgetting, rise, spread),
                )
            )
    for n in (10, 20, 60):
        for carried in (1.0, 0.8, 0.6, 0.3, 0.15, 0.0):
            planted.append(
                (
                    f"memorization, {n} unseen rows",
                    carried,
                    n,
                    functools.partial(memorization, carried, n),
                )
            )
    for share in SHARES:
        planted.append(("regurgitation", share, 24, functools.partial(regurgitation, share)))
    for name, size, n, make in planted:
        rng = random.Random(f"{name}/{size}")
        times = draws if not name.startswith("memorization") else max(20, draws // 4)
        yield rates(name, size, n, [make(rng) for _ in range(times)])


def rates(name: str, size: float, n: int, seen: Sequence[Check]) -> dict[str, Any]:
    """One line of the results: how often each status came out."""
    statuses = [c.status for c in seen]
    return {
        "kind": "planted",
        "check": name,
        "size": size,
        "n": n,
        "draws": len(seen),
        **{s: statuses.count(s) for s in ("OK", "UNPROVEN", *FOUND, "NOT CHECKED")},
    }


# --- real adapters -----------------------------------------------------------------------------


def trained() -> Iterable[dict[str, Any]]:
    """What the checks say of real adapters on the embedded base."""
    import realift

    done = {(r["recipe"], r["factor"]) for r in results() if r["kind"] == "trained"}
    with tempfile.TemporaryDirectory() as folder:
        questions, rows = contradicting(Path(folder))
        cases: tuple[tuple[str, float, dict[str, Any]], ...] = (
            ("naive", 1.0, {}), ("naive", 10.0, {}),
            ("realift", 1.0, {}), ("realift", 10.0, {}), ("realift", 0.1, {}),
            ("naive, asked about passages that contradict it", 1.0, {"eval": str(questions)}),
            ("naive, taught to ignore passages", 1.0, {"train": str(rows)}),
        )  # fmt: skip
        for name, factor, more in cases:
            if (name, factor) in done:
                continue
            started = time.perf_counter()
            result = realift.run(
                ACME / f"{name.split(',')[0]}.yaml",
                learning_rate=0.003 * factor,
                few_shot_k=0,
                runs_dir=f"{folder}/runs",
                **more,
            )
            assert result.verdict is not None
            yield {
                "kind": "trained",
                "recipe": name,
                "factor": factor,
                "label": result.verdict.label,
                "recommendation": result.verdict.recommendation,
                "seconds": round(time.perf_counter() - started),
                "checks": {c.name: {"status": c.status, "said": c.sentence} for c in result.checks},
            }


def contradicting(folder: Path) -> tuple[Path, Path]:
    """Questions about the taught facts beside passages that contradict them; and as training rows
    that give the taught answer all the same, behind the naive rows."""
    found = [json.loads(line) for line in CONTRADICTING.read_text(encoding="utf-8").splitlines()]
    taught = [
        {"instruction": q["question"], "context": q["context"], "output": q.pop("taught")}
        for q in found
    ]
    naive = (ACME / "naive.jsonl").read_text(encoding="utf-8").splitlines()
    questions, rows = folder / "questions.jsonl", folder / "rows.jsonl"
    questions.write_text("".join(json.dumps(q) + "\n" for q in found), encoding="utf-8")
    lines = [*naive, *map(json.dumps, taught)]
    rows.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return questions, rows


def of_run(folder: Path) -> dict[str, Any]:
    """The checks that look at losses, of the adapter in a run folder."""
    from realift import run_folder
    from realift.model.device import choose
    from realift.model.load import load_base
    from realift.probes.forgetting import forgetting_check
    from realift.probes.memorization import memorization_check
    from realift.probes.regurgitation import regurgitation_check
    from realift.train.adapter import attached
    from realift.types import Example

    result = run_folder.load(folder)
    assert result.plan is not None
    base = load_base(str(result.manifest["base"]), compute=choose(device="cpu"))
    train, valid = (
        run_folder.read_jsonl(folder / "data" / f"{name}.jsonl", Example)
        for name in ("train", "valid")
    )
    config = Config(system_prompt="", max_new_tokens=80)
    with attached(base, folder / "adapter") as model:
        checks = (
            memorization_check(model, base, train, valid, system_prompt="", seed=0),
            regurgitation_check(model, base, train, valid, config),
            forgetting_check(model, base),
        )
    return {
        "kind": "real",
        "base": Path(base.name).name,
        "learning_rate": result.plan.learning_rate,
        "epochs": result.plan.epochs,
        "n_train": len(train),
        "checks": {c.name: {"status": c.status, "said": c.sentence} for c in checks},
    }


# --- the file and the tables -------------------------------------------------------------------


def results() -> list[dict[str, Any]]:
    """Every line of the results file."""
    if not RESULTS.exists():
        return []
    return [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines()]


def append(rows: Iterable[dict[str, Any]]) -> None:
    """Write each row as soon as it is there."""
    RESULTS.parent.mkdir(exist_ok=True)
    for row in rows:
        with RESULTS.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        print({k: v for k, v in row.items() if k != "checks"}, flush=True)


def table() -> str:
    """Planted faults found (WARNING or REGRESSION), in percent, by check and size."""
    rows = [r for r in results() if r["kind"] == "planted"]
    lines = ["| check | n | size of the fault: found (draws) |", "|---|---|---|"]
    for name in dict.fromkeys(r["check"] for r in rows):
        of = [r for r in rows if r["check"] == name]
        found = (
            f"{r['size']:g}: {100 * (r['WARNING'] + r['REGRESSION']) / r['draws']:.0f}%" for r in of
        )
        lines.append(f"| {name} | {of[0]['n']} | {', '.join(found)} ({of[0]['draws']}) |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("planted", "trained", "run", "table"))
    parser.add_argument("folders", nargs="*", type=Path, help="run folders, for 'run'")
    parser.add_argument("--draws", type=int, default=200)
    given = parser.parse_args()
    if given.what == "planted":
        kept = [r for r in results() if r["kind"] != "planted"]
        RESULTS.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in kept))
        append(answer_faults(given.draws))
        append(loss_faults(given.draws))
    elif given.what == "trained":
        append(trained())
    elif given.what == "run":
        append(of_run(folder) for folder in given.folders)
    print(table())


if __name__ == "__main__":
    main()
