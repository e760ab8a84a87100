"""Opening a run or an adapter, and asking both arms of the one loaded model."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from realift.answer.arms import answer_questions
from realift.chat.commands import obey
from realift.chat.opening import open_chat
from realift.chat.session import Reply, Turn, answered, ask, with_context
from realift.chat.talk import put
from realift.errors import DataError, ModelError, RealiftError, RunFolderError, UsageError

QUIET: Any = lambda *_: None  # noqa: E731


def test_each_arm_says_what_it_would_say_to_the_eval_set(run: Path) -> None:
    talker, session = open_chat(run=run, flags={})
    assert session.system_prompt == session.trained_prompt == "Be brief."
    turn = put(talker, session, "Who manages Alice?", on_text=QUIET)
    judged = answer_questions(
        talker.model,
        talker.base,
        [turn.question],
        arms=("base", "adapter"),
        examples=(),
        config=talker.config,
    )
    assert [r.text for r in turn.replies] == [c.text for c in judged.completions]
    assert turn.replies[0].text != turn.replies[1].text
    assert talker.config.max_new_tokens == 12  # the run's own budget


def test_a_run_is_found_by_its_name_and_so_is_its_adapter_alone(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run.parents[1])
    by_name, _ = open_chat(run=Path("one"), flags={})
    assert by_name.adapter == Path("runs/one/adapter")
    alone, session = open_chat(run=run / "adapter", flags={})
    assert alone.base.name == by_name.base.name
    assert session.system_prompt == "Be brief."


def test_a_base_talks_without_an_adapter(base_folder: Path) -> None:
    talker, session = open_chat(flags={"base": str(base_folder), "max_new_tokens": 4})
    assert session.arms == ("base",)
    assert [r.arm for r in put(talker, session, "Who?", on_text=QUIET).replies] == ["base"]


def test_flags_win_over_the_run_and_another_prompt_is_known_as_such(run: Path) -> None:
    flags = {"system_prompt": "Be long.", "max_new_tokens": 3}
    talker, session = open_chat(run=run, flags=flags)
    assert (session.system_prompt, session.trained_prompt) == ("Be long.", "Be brief.")
    turn = put(talker, session, "Who?", on_text=QUIET)
    assert turn.replies[0].n_tokens <= 3


def test_both_arms_write_at_the_same_time_what_each_writes_alone(run: Path) -> None:
    talker, session = open_chat(run=run, flags={})
    assert talker.views is not None
    seen: list[str] = []
    both = put(talker, session, "Who?", on_text=lambda arm, _: seen.append(arm))
    assert seen.index("adapter") < len(seen) - 1 - seen[::-1].index("base")  # not one, then one
    alone = put(dataclasses.replace(talker, views=None), session, "Who?", on_text=QUIET)
    for a, b in zip(both.replies, alone.replies, strict=True):
        assert (a.arm, a.text, a.finish, a.n_tokens) == (b.arm, b.text, b.finish, b.n_tokens)


def test_where_both_write_at_once_stopping_ends_both(run: Path) -> None:
    talker, session = open_chat(run=run, flags={})
    seen: list[str] = []
    turn = put(
        talker,
        session,
        "Who?",
        on_text=lambda _, text: seen.append(text),
        stopping=lambda: len(seen) > 3,
    )
    assert [(r.arm, r.finish) for r in turn.replies] == [
        ("base", "stopped"),
        ("adapter", "stopped"),
    ]
    assert all(r.text for r in turn.replies)


def test_a_prompt_too_long_for_one_arm_leaves_the_other(run: Path) -> None:
    talker, session = open_chat(run=run, flags={})
    session = obey(session, "/follow on").session
    turn = put(talker, session, "word " * 300, on_text=QUIET)
    assert [r.finish for r in turn.replies] == ["skipped", "skipped"]


def test_one_after_the_other_stopping_does_not_ask_the_second(run: Path) -> None:
    talker, session = open_chat(run=run, flags={})
    talker = dataclasses.replace(talker, views=None)
    seen: list[str] = []
    turn = put(
        talker,
        session,
        "Who?",
        on_text=lambda _, text: seen.append(text),
        stopping=lambda: len(seen) > 1,
    )
    assert [(r.arm, r.finish) for r in turn.replies] == [("base", "stopped")]
    again = put(talker, session, "Who?", on_text=QUIET)  # and the adapter is on and off as before
    fresh, _ = open_chat(run=run, flags={})
    expected = put(dataclasses.replace(fresh, views=None), session, "Who?", on_text=QUIET)
    assert [r.text for r in again.replies] == [r.text for r in expected.replies]


def test_earlier_turns_give_way_when_the_window_is_full(run: Path) -> None:
    talker, session = open_chat(run=run, flags={})
    session = obey(session, "/follow on").session
    long = Reply(arm="base", text="word " * 60, finish="stop", n_tokens=60, seconds=0.1)
    for _ in range(4):
        session = answered(session, Turn(question=ask(session, "Who?"), replies=(long,)))
    session = dataclasses.replace(session, arms=("base",))
    turn = put(talker, session, "Who?", on_text=QUIET)
    assert turn.replies[0].finish != "skipped"
    too_long = put(talker, session, "word " * 300, on_text=QUIET)
    assert too_long.replies[0].finish == "skipped"


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({}, UsageError, "nothing to talk to"),
        ({"run": Path("a"), "adapter": Path("b")}, UsageError, "not both"),
        ({"run": Path("nowhere")}, RunFolderError, "no run named"),
        ({"adapter": Path("nowhere")}, ModelError, "adapter_config.json"),
    ],
)
def test_what_cannot_be_opened_says_what_to_do(
    given: dict[str, Any], error: type[RealiftError], says: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=says) as caught:
        open_chat(**given, flags={})
    assert caught.value.hint


def test_an_unknown_run_names_those_there_are(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.parents[1])
    with pytest.raises(RunFolderError) as caught:
        open_chat(run=Path("on"), flags={})
    assert "one" in caught.value.hint


def test_a_run_without_an_adapter_says_so(run: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(run, bare)
    shutil.rmtree(bare / "adapter")
    manifest = json.loads((bare / "manifest.json").read_text())
    (bare / "manifest.json").write_text(json.dumps(manifest | {"status": "interrupted"}))
    with pytest.raises(RunFolderError, match="interrupted"):
        open_chat(run=bare, flags={})


def test_documents_give_each_question_its_passages(run: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "keep.md").write_text("Logs are kept for 14 days.\n")
    (tmp_path / "fair.txt").write_text("The fair is in Lyon. " * 40 + "\n\nTickets cost 4 euros.")
    (tmp_path / "image.png").write_bytes(b"\x89PNG")
    flags = {"max_new_tokens": 2, "docs": str(tmp_path), "retrieve_k": 1, "passage_words": 80}
    talker, session = open_chat(run=run, flags=flags)
    assert talker.store is not None
    assert (talker.store.n_documents, talker.store.n_passages) == (2, 4)
    turn = put(talker, session, "How long are logs kept?", on_text=QUIET)
    assert [p.source for p in turn.question.passages] == ["logs/keep.md"]
    pasted = put(talker, with_context(session, "Ann."), "How long?", on_text=QUIET)
    assert pasted.question.context == "[1] Ann."


def test_a_folder_without_documents_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        open_chat(flags={"base": "tiny", "docs": str(tmp_path)})
    with pytest.raises(DataError, match="no such folder"):
        open_chat(flags={"base": "tiny", "docs": str(tmp_path / "no")})
