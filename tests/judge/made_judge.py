"""A judge on this machine that behaves as told, and a small finished run to judge."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from realift import run_folder
from realift.score import score_completions
from realift.types import Completion, Question, Where
from realift.verdict import decide
from tests.local_server import Quiet, running

# A reply's text, or an HTTP status with its headers and body.
Behavior = Callable[[dict[str, Any]], "str | Failure"]


@dataclass(frozen=True)
class Failure:
    status: int
    body: str = '{"error": {"message": "no luck"}}'
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class FakeJudge:
    """What a running fake judge was asked. ``requests`` hold headers and body."""

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def materials(self) -> list[dict[str, Any]]:
        return [material(r["body"]) for r in self.requests]


def material(body: dict[str, Any]) -> dict[str, Any]:
    """The JSON of the user message."""
    found: dict[str, Any] = json.loads(body["messages"][-1]["content"])
    return found


def is_right(asked: dict[str, Any], answer: str) -> bool:
    return all(any(a in answer for a in slot) for slot in asked["expected"])


def good(body: dict[str, Any]) -> str:
    """Grades as the expected answers say; prefers the right answer."""
    asked = material(body)
    if "answer" in asked:
        return json.dumps({"verdict": "right" if is_right(asked, asked["answer"]) else "wrong"})
    first, second = (is_right(asked, asked[f"{k}_answer"]) for k in ("first", "second"))
    word = "tie" if first == second else "first" if first else "second"
    return json.dumps({"verdict": word})


def always_first(body: dict[str, Any]) -> str:
    """Grades well, but prefers whatever stands first."""
    return good(body) if "answer" in material(body) else "first"


def always_right(body: dict[str, Any]) -> str:
    return "Right." if "answer" in material(body) else "tie"


@contextmanager
def serving(behavior: Behavior) -> Iterator[FakeJudge]:
    """Run a fake OpenAI-compatible server on a free port of 127.0.0.1."""
    judge = FakeJudge(url="")

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            judge.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})
            said = behavior(body)
            if isinstance(said, str):
                said = Failure(200, json.dumps({"choices": [{"message": {"content": said}}]}))
            data = said.body.encode()
            try:
                self.send_response(said.status)
                for name, value in said.headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except BrokenPipeError:  # the client ran out of patience
                pass

    with running(Handler) as address:
        judge.url = f"{address}/v1"
        yield judge


def questions(n: int) -> tuple[Question, ...]:
    """``n`` questions with an answer, and one that must be refused."""
    where = Where(file="eval.jsonl")
    return (
        *(
            Question(
                id=f"q{i}",
                where=where,
                question=f"What is number {i}?",
                context=f"Number {i} is called nr{i}x.",
                answers=((f"nr{i}x", f"the {i}th"),),
            )
            for i in range(n)
        ),
        Question(id="none", where=where, question="Who?", answerable=False),
    )


def made_run(
    folder: Path, *, base: Sequence[bool], adapter: Sequence[bool], empty: Sequence[int] = ()
) -> Path:
    """A finished run whose arms are right where the flags say; ``empty``: silent adapter."""
    asked = questions(len(base))
    said = []
    for arm, flags in (("base", base), ("adapter", adapter)):
        for i, flag in enumerate(flags):
            text = f"It is nr{i}x." if flag else f"It is {arm}'s guess."
            if arm == "adapter" and i in empty:
                text = ""
            said.append((f"q{i}", arm, text))
        said.append(("none", arm, "I don't have enough context to answer."))
    completions = tuple(
        Completion(question_id=q, arm=arm, text=text, n_tokens=5, finish="stop")  # type: ignore[arg-type]
        for q, arm, text in said
    )
    scores = score_completions(asked, completions)
    verdict = decide(
        asked, scores, completions=completions, leak_check=None, min_gain=0.1, guard_margin=0.1
    )
    root = run_folder.create(folder.parent, folder.name, stem="run")
    run_folder.write_jsonl(root / "data" / "questions.jsonl", asked)
    run_folder.write_jsonl(root / "answers.jsonl", completions)
    run_folder.write_jsonl(root / "scores.jsonl", scores)
    run_folder.write_json(root / "verdict.json", verdict)
    run_folder.write_manifest(root, status="done")
    return root
