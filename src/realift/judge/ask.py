"""Asking everything, in a random order, and keeping every reply as it comes.

A prompt shows no arm, no id and no earlier question, and the same prompt is asked once: two arms
that say the same get the same grade.

>>> plan_asks(pairs, endpoint, seed=0).asks  # doctest: +SKIP
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from realift import run_folder
from realift.errors import JudgeError
from realift.judge.client import Endpoint, NoReply, ask
from realift.judge.material import JUDGED_ARMS, AnswerPair, digest
from realift.judge.prompts import Messages, grade_prompt, prefer_prompt
from realift.judge.records import Kind, Reply
from realift.types import Arm, OnEvent, Progress

N_REPEATED = 40  # answers graded twice: enough to see a judge that is right 19 times of 20
MAX_FAILURES = 3  # requests in a row without a reply: the server is gone
CACHE = "judge.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One prompt. ``key`` names it in ``judge.jsonl``."""

    key: str
    kind: Kind
    question_id: str
    messages: Messages


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPlan:
    """All prompts, and which of them (by key) belongs to which answer or pair."""

    asks: tuple[Ask, ...]
    grades: Mapping[tuple[str, Arm], str]
    preferences: Mapping[str, tuple[str, str]]  # question -> (base first, adapter first)
    repeats: tuple[tuple[str, str], ...]  # first and second asking


def plan_asks(pairs: Sequence[AnswerPair], endpoint: Endpoint, *, seed: int) -> AskPlan:
    """What has to be asked. Empty answers are wrong and equal ones are a tie without asking."""
    asks: dict[str, Ask] = {}

    def add(kind: Kind, question_id: str, messages: Messages) -> str:
        key = digest([endpoint.url, endpoint.model, kind, messages])[:16]
        asks.setdefault(key, Ask(key=key, kind=kind, question_id=question_id, messages=messages))
        return key

    grades: dict[tuple[str, Arm], str] = {}
    preferences = {}
    for pair in pairs:
        q = pair.question
        for arm in JUDGED_ARMS:
            text = pair.text(arm)
            if text and text.strip():
                grades[q.id, arm] = add("grade", q.id, grade_prompt(q, text))
        a, b = pair.base, pair.adapter
        if a is not None and b is not None and a.strip() != b.strip():
            preferences[q.id] = (
                add("prefer", q.id, prefer_prompt(q, a, b)),
                add("prefer", q.id, prefer_prompt(q, b, a)),
            )
    order = random.Random(seed)
    once = sorted(set(grades.values()))
    repeats = tuple(
        (key, add("repeat", asks[key].question_id, asks[key].messages))
        for key in order.sample(once, min(N_REPEATED, len(once)))
    )
    shuffled = list(asks.values())
    order.shuffle(shuffled)
    return AskPlan(asks=tuple(shuffled), grades=grades, preferences=preferences, repeats=repeats)


def ask_all(
    plan: AskPlan, endpoint: Endpoint, folder: Path, *, on_event: OnEvent
) -> dict[str, str]:
    """The replies by key; what ``judge.jsonl`` holds already is not asked again.

    A prompt that fails is left out and asked again the next time.

    Raises:
        JudgeError: the server cannot be reached, refuses, or failed three times in a row.
        KeyboardInterrupt: as pressed; every reply so far is kept.
    """
    cache = folder / CACHE
    known = read_replies(cache)
    run_folder.write_jsonl(cache, known)  # without a line that was cut off
    replies = {r.key: r.text for r in known}
    todo = [a for a in plan.asks if a.key not in replies]
    total, done, failures = len(plan.asks), len(plan.asks) - len(todo), 0
    on_event(Progress(stage="judging", done=done, total=total))
    with cache.open("a", encoding="utf-8") as out:
        for one in todo:
            try:
                text = ask(endpoint, one.messages)
            except NoReply as err:
                failures += 1
                if failures == MAX_FAILURES:
                    raise JudgeError(
                        f"{endpoint.url} failed {failures} times in a row: {err}",
                        hint=f"{done} of {total} replies are kept; the same command goes on there",
                    ) from err
                continue
            failures = 0
            text = text.encode("utf-8", errors="replace").decode()  # no lone surrogates
            reply = Reply(key=one.key, kind=one.kind, question_id=one.question_id, text=text)
            out.write(json.dumps(run_folder.to_plain(reply), ensure_ascii=False) + "\n")
            out.flush()
            replies[one.key] = text
            done += 1
            on_event(Progress(stage="judging", done=done, total=total))
    return replies


def read_replies(path: Path) -> list[Reply]:
    """The replies of earlier sessions; a last line that was cut off is dropped."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    whole = lines[:-1]  # every complete line ends in a newline
    return [run_folder.from_plain(Reply, json.loads(line)) for line in whole if line.strip()]
