"""A whole judge run over a made run folder, with judges of every character."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from realift import run_folder
from realift.errors import JudgeError, RunFolderError
from realift.judge import ask as asking
from realift.judge import client, judge_run, make_endpoint
from realift.judge.material import answer_pairs
from realift.judge.records import JudgeResult
from realift.types import Progress
from tests.judge.made_judge import (
    Behavior,
    Failure,
    FakeJudge,
    always_first,
    always_right,
    good,
    made_run,
    material,
    serving,
)

BASE = [i < 4 for i in range(12)]
ADAPTER = [i < 9 and i != 1 for i in range(12)]  # fixes 5 (4..8), breaks 1


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.time, "sleep", lambda _: None)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return made_run(tmp_path / "one", base=BASE, adapter=ADAPTER)


def judged(run: Path, behavior: Behavior, **options: Any) -> tuple[JudgeResult, FakeJudge]:
    with serving(behavior) as judge:
        return judge_run(run, make_endpoint(judge.url, "m"), **options), judge


def test_a_good_judge_sees_what_the_scorer_sees(run: Path) -> None:
    found, judge = judged(run, good)
    assert (found.graded.n_fixed, found.graded.n_broken, found.graded.n_scored) == (5, 1, 12)
    assert found.graded.difference == pytest.approx(4 / 12)
    assert (found.preferred.n_fixed, found.preferred.n_broken) == (5, 1)
    assert found.preferred.adapter.value == pytest.approx(5 / 12)
    assert found.position_bias.value == 0
    assert (found.consistency.value, found.consistency.n) == (1.0, 21)  # 3 answers are the same
    assert (found.n_compared, found.disagreements) == (24, ())
    assert found.n_replies == len(judge.requests)
    assert not found.validated
    assert "15 are needed" in found.warnings[0]


def test_the_result_is_written_and_the_verdict_is_not_touched(run: Path) -> None:
    before = {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()}
    found, _ = judged(run, always_right)
    after = {p.name: p.read_bytes() for p in run.iterdir() if p.is_file()}
    assert after.keys() - before.keys() == {"judge.json", "judge.jsonl"}
    assert all(after[name] == text for name, text in before.items())
    assert run_folder.from_plain(JudgeResult, run_folder.read_json(run / "judge.json")) == found


def test_the_judge_is_blind_and_what_is_the_same_is_asked_once(run: Path) -> None:
    _, judge = judged(run, good)
    shown = [json.dumps(r["body"]) for r in judge.requests]
    assert not [s for s in shown if "q1\\" in s or '"none"' in s]
    systems = {r["body"]["messages"][0]["content"] for r in judge.requests}
    assert len(systems) == 2  # one for grades, one for preferences
    grades = [m for m in judge.materials if "answer" in m]
    pairs = [m for m in judge.materials if "first_answer" in m]
    # 24 answers, of which 3 pairs are equal: 21 grades, each asked twice; 9 pairs in two orders.
    assert (len(grades), len(pairs)) == (42, 18)
    orders = {(m["question"], m["first_answer"], m["second_answer"]) for m in pairs}
    assert {(q, b, a) for q, a, b in orders} == orders


def test_the_order_is_shuffled_by_the_seed(tmp_path: Path) -> None:
    said = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run = made_run(tmp_path / name, base=BASE, adapter=ADAPTER)
        with serving(good) as judge:
            judge_run(run, make_endpoint(judge.url, "m"), seed=seed)
        said.append([m["question"] for m in judge.materials if "first_answer" in m])
    asked_in_order = sorted(said[0])
    assert sorted(said[2]) == asked_in_order
    assert said[0] != asked_in_order
    assert said[0] != said[2]


def test_a_judge_that_contradicts_itself_when_swapped_sees_ties(run: Path) -> None:
    found, _ = judged(run, always_first)
    assert (found.position_bias.value, found.position_bias.n) == (1.0, 9)
    assert (found.preferred.n_fixed, found.preferred.n_broken) == (0, 0)
    assert found.preferred.n_scored == 12  # ties, not missing
    assert found.graded.n_fixed == 5


def test_swapping_the_arms_flips_every_sign(tmp_path: Path) -> None:
    one, _ = judged(made_run(tmp_path / "one", base=BASE, adapter=ADAPTER), good)
    other, _ = judged(made_run(tmp_path / "two", base=ADAPTER, adapter=BASE), good)
    for here, there in ((one.graded, other.graded), (one.preferred, other.preferred)):
        assert here.difference == -(there.difference or 0)
        assert (here.n_fixed, here.n_broken) == (there.n_broken, there.n_fixed)


def test_replies_that_cannot_be_read_are_unscored_never_wrong(run: Path) -> None:
    def chatty(body: dict[str, Any]) -> str:
        numbers = {"What is number 3?", "What is number 11?"}
        return "Let me think." if material(body)["question"] in numbers else good(body)

    found, _ = judged(run, chatty)
    assert (found.graded.n_scored, found.graded.n_unscored) == (10, 2)
    assert found.graded.base.value == pytest.approx(3 / 10)
    assert found.preferred.n_unscored == 1  # 3 is a tie without asking, 11 is not
    assert found.n_unreadable == 3 + 3 + 2  # grades of q3 (one), q11 (two), twice; one pair, twice
    assert any("'Let me think.'" in w for w in found.warnings)


def test_a_judge_with_two_minds_is_called_inconsistent(run: Path) -> None:
    turn = itertools.count()

    def fickle(body: dict[str, Any]) -> str:
        return "right" if next(turn) % 3 else "wrong"

    found, _ = judged(run, lambda b: fickle(b) if "answer" in material(b) else "tie")
    assert found.consistency.value is not None
    assert found.consistency.value < 0.95
    assert any("not consistent with itself" in w for w in found.warnings)


def test_an_empty_answer_is_wrong_without_asking(tmp_path: Path) -> None:
    run = made_run(tmp_path / "one", base=BASE, adapter=ADAPTER, empty=range(12))
    found, judge = judged(run, always_right)
    assert found.graded.adapter.value == 0
    assert all(m.get("answer") != "" for m in judge.materials)


def test_what_scorer_and_judge_see_differently_is_named(run: Path) -> None:
    found, _ = judged(run, always_right)
    wrong = {(f"q{i}", a) for a, f in (("base", BASE), ("adapter", ADAPTER)) for i in range(12)
             if not f[i]}  # fmt: skip
    assert {(d.question_id, d.arm) for d in found.disagreements} == wrong
    assert {(d.scorer, d.judge) for d in found.disagreements} == {(0, 1)}


# --- failures, and going on --------------------------------------------------------------------


def test_nothing_is_asked_twice_by_the_same_command(run: Path) -> None:
    with serving(good) as judge:
        first = judge_run(run, make_endpoint(judge.url, "m"))
        n = len(judge.requests)
        again = judge_run(run, make_endpoint(judge.url, "m"))
        assert len(judge.requests) == n
        judge_run(run, make_endpoint(judge.url, "another"))
        assert len(judge.requests) == 2 * n
    assert again == first


def test_ctrl_c_loses_no_reply_and_the_next_call_goes_on(run: Path) -> None:
    def press(event: object) -> None:
        if isinstance(event, Progress) and event.done == 20:
            raise KeyboardInterrupt

    with serving(good) as judge:
        endpoint = make_endpoint(judge.url, "m")
        with pytest.raises(KeyboardInterrupt):
            judge_run(run, endpoint, on_event=press)
        assert len(judge.requests) == 20
        with (run / "judge.jsonl").open("a") as out:
            out.write('{"key": "cut off in the mid')  # as a killed process may leave it
        seen: list[Any] = []
        found = judge_run(run, endpoint, on_event=seen.append)
        assert len(judge.requests) == found.n_replies == 60
    assert (seen[0].done, seen[0].total, seen[-1].done) == (20, 60, 60)
    assert len((run / "judge.jsonl").read_text().splitlines()) == 60


def test_one_request_that_fails_is_left_out_and_asked_the_next_time(run: Path) -> None:
    broken = True

    def partly(body: dict[str, Any]) -> Any:
        asked = material(body)
        bad = asked["question"] == "What is number 11?" and "adapter" in asked.get("answer", "")
        return Failure(400) if broken and bad else good(body)

    with serving(partly) as judge:
        found = judge_run(run, make_endpoint(judge.url, "m"))
        assert (found.n_failed, found.graded.n_unscored) == (2, 1)
        assert any("asks them again" in w for w in found.warnings)
        assert any("adapter arm alone" in w for w in found.warnings)  # one arm lacks 8%
        broken = False
        n = len(judge.requests)
        again = judge_run(run, make_endpoint(judge.url, "m"))
        assert len(judge.requests) == n + 2
    assert (again.n_failed, again.graded.n_unscored) == (0, 0)


def test_a_server_that_fails_all_the_time_is_given_up(run: Path) -> None:
    with (
        serving(lambda _: Failure(500)) as judge,
        pytest.raises(JudgeError, match="3 times in a row") as caught,
    ):
        judge_run(run, make_endpoint(judge.url, "m"))
    assert len(judge.requests) == 3 * asking.MAX_FAILURES
    assert "0 of 60 replies are kept" in caught.value.hint
    assert not (run / "judge.json").exists()


def test_failures_that_do_not_follow_each_other_end_nothing(run: Path) -> None:
    turn = itertools.count()
    found, _ = judged(run, lambda b: Failure(400) if next(turn) % 3 == 1 else good(b))
    assert found.n_failed == 20
    assert found.n_replies == 40


def test_every_reply_is_on_the_disk_as_soon_as_it_is_there(run: Path) -> None:
    on_disk = []

    def look(event: object) -> None:
        if isinstance(event, Progress):
            on_disk.append(len((run / "judge.jsonl").read_text().splitlines()) - event.done)

    judged(run, good, on_event=look)
    assert on_disk == [0] * 61


def test_a_reply_of_any_characters_is_kept(run: Path) -> None:
    odd = "\u2028 \ud800 \x00 \U0001f600"
    found, judge = judged(run, lambda _: odd)
    assert found.n_unreadable == found.n_replies == 60
    again = judge_run(run, make_endpoint(judge.url, "m"))  # the server is gone: all is known
    assert again.n_unreadable == 60


def test_a_run_without_both_arms_has_nothing_to_judge(run: Path) -> None:
    (run / "answers.jsonl").unlink()
    with pytest.raises(RunFolderError, match="nothing to judge"):
        judged(run, good)


def test_questions_to_refuse_probes_and_further_samples_are_left_out(run: Path) -> None:
    result = run_folder.load(run)
    import dataclasses

    stray = [
        dataclasses.replace(c, text="stray", **change)
        for c in result.completions
        for change in ({"probe": "p"}, {"sample": 1}, {"seed": 2})
    ]
    found = answer_pairs(dataclasses.replace(result, completions=(*result.completions, *stray)))
    assert [p.question.id for p in found] == [f"q{i}" for i in range(12)]
    assert all("stray" not in (p.base or "") + (p.adapter or "") for p in found)


def test_a_question_that_did_not_fit_is_unscored(run: Path) -> None:
    path = run / "answers.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0] |= {"finish": "skipped", "text": ""}
    path.write_text("".join(json.dumps(r) + "\n" for r in rows))
    found, _ = judged(run, good)
    assert (found.graded.n_scored, found.graded.n_unscored) == (11, 1)
    assert found.preferred.n_unscored == 1
