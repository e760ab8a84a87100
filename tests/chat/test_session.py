"""The state of a conversation and its commands: pure, so tested without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from realift.chat.commands import HELP, is_command, obey, take_context
from realift.chat.marks import mark
from realift.chat.session import Reply, Session, Turn, answered, ask, messages, with_context
from realift.types import Arm, Passage, Question, Where

START = Session(system_prompt="Be brief.", trained_prompt="Be brief.", arms=("base", "adapter"))


def reply(arm: Arm, text: str) -> Reply:
    return Reply(arm=arm, text=text, finish="stop", n_tokens=1, seconds=0.1)


def test_a_pasted_context_is_numbered_like_an_eval_row_unless_it_numbers_itself() -> None:
    pasted = with_context(START, "Ann leads it.\n \n\nIt opens\nat ten.\n")
    assert pasted.context == "[1] Ann leads it.\n[2] It opens\nat ten."
    assert [p.text for p in pasted.passages] == ["Ann leads it.", "It opens\nat ten."]
    own = with_context(START, "[3] Ann leads it.\n\n[7] It opens.")
    assert (own.context, own.passages) == ("[3] Ann leads it.\n\n[7] It opens.", ())


def test_what_was_pasted_wins_over_what_was_found() -> None:
    found = (Passage(text="Found.", source="a.md"),)
    assert ask(START, "Who?", found).passages == found
    assert "Found." in ask(START, "Who?", found).context
    assert ask(with_context(START, "Pasted."), "Who?", found).context == "[1] Pasted."


def test_each_question_stands_alone_unless_earlier_turns_are_wanted() -> None:
    turn = Turn(question=ask(START, "First?"), replies=(reply("base", "B"), reply("adapter", "A")))
    later = answered(START, turn)
    question = ask(later, "Second?")
    assert [m.content for m in messages(later, question, "base")] == ["Second?"]
    follows = obey(later, "/follow on").session
    shown = messages(follows, question, "adapter")
    assert [(m.role, m.content) for m in shown] == [
        ("user", "First?"),
        ("assistant", "A"),  # its own answer, not the base's
        ("user", "Second?"),
    ]


@pytest.mark.parametrize(
    ("line", "arms"),
    [("/base", ("base",)), ("/adapter", ("adapter",)), ("/BOTH", ("base", "adapter"))],
)
def test_arms_are_chosen(line: str, arms: tuple[str, ...]) -> None:
    assert obey(START, line).session.arms == arms


def test_without_an_adapter_only_the_base_can_answer() -> None:
    alone = Session(system_prompt="", trained_prompt="", arms=("base",), has_adapter=False)
    done = obey(alone, "/both")
    assert done.failed
    assert "--adapter" in done.said
    assert done.session == alone


def test_another_system_prompt_than_the_trained_one_is_said() -> None:
    done = obey(START, "/system Be long.")
    assert done.session.system_prompt == "Be long."
    assert "trained with another" in done.said
    assert obey(done.session, "/system trained").session.system_prompt == "Be brief."
    assert obey(START, "/system off").session.system_prompt == ""
    assert obey(START, "/system").said == "system prompt: Be brief."


def test_a_context_comes_from_a_file_a_text_or_by_pasting(tmp_path: Path) -> None:
    file = tmp_path / "a b.txt"
    file.write_text("\ufeffAnn leads it.\n\nIt opens.", encoding="utf-8")
    done = obey(START, f"/context {file}")
    assert [(p.source, p.text) for p in done.session.passages] == [
        ("a b.txt", "Ann leads it."),
        ("a b.txt", "It opens."),
    ]
    quoted = [f'"{file}"', f"'{file}'", str(file).replace(" ", "\\ ")]
    assert [obey(START, f"/context {q}").session for q in quoted] == [done.session] * 3
    assert obey(START, "/context Ann leads it.").session.context == "[1] Ann leads it."
    assert obey(START, "/context").wants == "paste"
    assert obey(done.session, "/context off").session.context == ""
    assert take_context(START, "  \n").said == "no context"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/context no/such.txt", "no such file"),
        ("/context my notes.txt", "no such file"),
        ("/context C:\\notes\\mine", "no such file"),
        ("/contxt", "did you mean /context"),
        ("/follow maybe", "on or off"),
        ("/wat", "/help"),
    ],
)
def test_what_is_not_understood_changes_nothing(line: str, says: str) -> None:
    done = obey(START, line)
    assert done.failed
    assert says in done.said
    assert done.session == START


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"\xff\xfe\x00")
    assert "not text in UTF-8" in obey(START, f"/context {tmp_path / 'x.txt'}").said


def test_clear_forgets_context_and_turns_and_keeps_the_rest() -> None:
    full = answered(with_context(START, "x"), Turn(question=ask(START, "?"), replies=()))
    assert obey(full, "/clear").session == START


def test_every_command_is_in_the_help_and_quit_leaves() -> None:
    said = obey(START, "/help").said
    assert all(name in said for name in HELP)
    assert obey(START, "/quit").wants == "quit"
    assert obey(START, "/exit").wants == "quit"
    assert [c for c in HELP if not is_command(c)] == []
    assert not is_command("/usr/bin/env does what?")
    assert not is_command("")


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("Ann [1].", ()),
        ("I don't have enough context to answer.", ("refuses",)),
        ("I don't have enough context. However, it is Ann.", ("refuses and answers",)),
        ("Ann [4].", ("cites [4], which the context does not have",)),
        (
            "Ann [1], 43.",
            ("not grounded: the number 43 is not in context or question",),
        ),
        ("", ()),
    ],
)
def test_marks_say_what_the_scorers_would(text: str, notes: tuple[str, ...]) -> None:
    question = Question(
        id="1", where=Where(file="chat"), question="Who leads it?", context="[1] Ann leads it."
    )
    found = mark(question, text).notes
    assert len(found) >= len(notes)
    assert found[: len(notes)] == notes or notes[0] in found


def test_a_citation_without_any_context_is_fabricated() -> None:
    question = Question(id="1", where=Where(file="chat"), question="Who?")
    assert mark(question, "Ann [1].").citations[0].exists is False
    assert mark(question, "Ann.").notes == ()
