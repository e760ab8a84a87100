"""A guard that a probe feeds shows what was said to the probe, not to the eval set."""

from __future__ import annotations

from realift.report import by_question
from realift.types import Completion, Question, RunResult, Where


def test_a_probes_examples_are_its_own_replies() -> None:
    question = Question(
        id="q", where=Where(file="e"), question="Price?", context="[1] 5.", answers=(("5",),)
    )
    said = [
        Completion(question_id="q", arm="adapter", text=t, n_tokens=1, finish="stop", probe=p)
        for t, p in (("5 [1].", ""), ("It is 5.", "context_removed"))
    ]
    result = RunResult(
        name="r",
        folder="r",
        verdict=None,
        data=None,
        plan=None,
        training=None,
        arms=(),
        questions=(question,),
        completions=tuple(said),
    )
    (asked,) = by_question.asked(result)
    probed = by_question.as_probed(asked, "context_removed")
    assert [r.completion.text for r in probed.replies] == ["It is 5."]
    assert "refusal" in by_question.gold(probed.question)
    assert [r.completion.text for r in by_question.as_probed(asked, "").replies] == ["5 [1]."]
