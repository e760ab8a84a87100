"""Build the embedded base with one command: tokenizer, pretraining, evaluation, card.

Use: ``python base/build.py`` (about three hours on one core) or, for a look at the
machinery, ``python base/build.py --steps 20 --out /tmp/tiny``.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: two busy threads stall each other

from card import write_card
from evaluate import SHIPPED, evaluate, render
from model import count_parameters
from pretrain import Settings, pretrain

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=Settings().steps)
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    settings = replace(Settings(), steps=args.steps)
    official = args.out.resolve() == SHIPPED and args.steps == Settings().steps
    log = (HERE if official else args.out.parent) / "training.jsonl"
    model = pretrain(settings, args.out, log_path=log, threads=args.threads)
    results = {"settings": asdict(settings), "parameters": count_parameters(model),
               **evaluate(args.out, 500, 2027)}  # fmt: skip
    print(render(results))
    if official:
        (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
        write_card()


if __name__ == "__main__":
    main()
