"""The model card saved beside the adapter: what it is, how it was judged, how to use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from realift import run_folder
from realift.types import RunResult


def write_card(folder: str | Path) -> Path:
    """Write ``adapter/README.md`` of a run folder and return its path."""
    path = Path(folder) / "adapter" / "README.md"
    run_folder.write_text(path, adapter_card(run_folder.load(folder)))
    return path


def adapter_card(result: RunResult) -> str:
    """The card as markdown with the YAML header that model hubs read."""
    facts = result.manifest
    base = str(facts.get("base", "unknown"))
    lines = [
        "---",
        "library_name: peft",
        *([] if base in ("tiny", "unknown") else [f"base_model: {base}"]),
        "tags: [lora, realift]",
        "---",
        f"# {result.name}",
        "",
        f"A LoRA adapter for the base `{base}`, trained and judged by realift.",
        "",
        "## Is the lift real?",
        "",
        *_verdict_lines(result),
        "",
        "## Training",
        "",
        *_training_lines(result),
        "",
        "## Use",
        "",
        "```python",
        "from peft import PeftModel",
        "from transformers import AutoModelForCausalLM",
        "",
        f"base = AutoModelForCausalLM.from_pretrained({_base_path(base)})",
        "model = PeftModel.from_pretrained(base, 'adapter')",
        "```",
        "",
        "Prompts must be written as in training: the base's own chat template, and the system",
        "prompt that stands in `realift.json`.",
        "",
    ]
    return "\n".join(lines)


def _base_path(base: str) -> str:
    return "realift.model.load.TINY_FOLDER" if base == "tiny" else repr(base)


def _verdict_lines(result: RunResult) -> list[str]:
    verdict = result.verdict
    if verdict is None:
        return ["Not judged."]
    lines = [f"**{verdict.label}** ({verdict.recommendation}). {verdict.sentence}", ""]
    for row in verdict.comparisons:
        if row.difference is None or row.interval is None:
            lines.append(f"- {row.dimension}: not measured ({row.explanation})")
            continue
        p = "" if row.p_value is None else f", p = {row.p_value:.3g} ({row.test})"
        lines.append(
            f"- {row.dimension}: adapter - base = {row.difference:+.1%} "
            f"[{row.interval.low:+.1%}, {row.interval.high:+.1%}], n = {row.n_scored}{p}"
        )
    lines += [f"- guard, {g.name}: {g.status}. {g.explanation}" for g in verdict.guards]
    return lines


def _training_lines(result: RunResult) -> list[str]:
    plan, training = result.plan, result.training
    if plan is None or training is None:
        return ["Not recorded."]
    versions: Any = result.manifest.get("versions", {})
    return [
        f"- {plan.n_train} training rows, {plan.n_valid} held out, {plan.epochs} epochs, "
        f"peak learning rate {plan.learning_rate:g}",
        f"- kept step {training.kept_step} of {training.n_steps}: {training.kept_reason}",
        f"- torch {versions.get('torch')}, transformers {versions.get('transformers')}, "
        f"peft {versions.get('peft')}",
    ]
