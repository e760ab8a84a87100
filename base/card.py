"""Write the measured card (training, curve, evaluation) into ``base/README.md`` between markers."""

from __future__ import annotations

import json
import re
from pathlib import Path

from evaluate import SHIPPED, render

HERE = Path(__file__).resolve().parent
START, END = "<!-- card: written by base/card.py -->", "<!-- end of card -->"


def training_section(rows: list[dict[str, float]], parameters: dict[str, int], size: int) -> str:
    """Facts of the run and its curve, from the log of ``pretrain``."""
    last = rows[-1]
    lines = [
        f"- parameters: {parameters['total']:,} ({parameters['body']:,} without the embedding)",
        f"- training: {int(last['step']):,} steps, {int(last['tokens']):,} tokens, of them "
        f"{int(last['supervised']):,} supervised, {last['seconds'] / 60:.0f} minutes on one core",
        f"- shipped folder: {size / 1e6:.1f} MB",
        "",
        "Share of wholly right answers on 64 questions each about unseen names, during training "
        "(one: one fact; many: two to six facts; held out: unseen wordings; two: two-fact "
        "questions; refuse: the passage lacks the answer; closed: no passage):",
        "",
    ]
    names = ["one", "many", "held_out", "two", "refuse", "closed", "general"]
    lines.append(
        "| step | tokens | loss | " + " | ".join(n.replace("_", " ") for n in names) + " |"
    )
    lines.append("|---" * (len(names) + 3) + "|")
    probed = [r for r in rows if "many" in r]
    keep = probed[:: max(1, len(probed) // 16)]
    for row in keep if keep[-1] is probed[-1] else [*keep, probed[-1]]:
        cells = " | ".join(f"{row[n]:.0%}" for n in names)
        lines.append(
            f"| {row['step']} | {row['tokens'] / 1e6:.1f} M | {row['loss']:.3f} | {cells} |"
        )
    return "\n".join(lines)


def write_card() -> None:
    results = json.loads((HERE / "results.json").read_text())
    rows = [json.loads(x) for x in (HERE / "training.jsonl").read_text().splitlines()]
    size = sum(f.stat().st_size for f in SHIPPED.iterdir() if f.is_file())
    card = training_section(rows, results["parameters"], size)
    card += (
        f"\n\n## Evaluation: {results['n']} questions, seed {results['seed']}\n\n{render(results)}"
    )
    readme = HERE / "README.md"
    text = readme.read_text()
    pattern = re.escape(START) + r".*?" + re.escape(END)
    readme.write_text(re.sub(pattern, lambda _: f"{START}\n{card}\n{END}", text, flags=re.S))


if __name__ == "__main__":
    write_card()
