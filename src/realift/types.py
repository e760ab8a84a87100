"""The nouns of realift: frozen records that travel along the line of data.

Every stage is a function from these records to these records (see ``pipeline.py``). This module
holds no logic beyond derived properties and imports nothing but the standard library.

>>> Example(id="1", where=Where(file="a.jsonl", line=1), messages=(
...     Message(role="user", content="Who?"), Message(role="assistant", content="Bob."))).answer
'Bob.'
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["system", "user", "assistant"]
Arm = Literal["base", "few_shot", "adapter"]
ARMS: tuple[Arm, ...] = ("base", "few_shot", "adapter")

IGNORE_INDEX = -100  # label of a position that carries no loss (PyTorch cross_entropy's default)


# --- data in ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Place of a row in a file: ``train.jsonl:17``. ``line`` is 1-based; 0 = no line known."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn. ``context`` is the row's ``input``/context, kept apart from the instruction so
    that every template can place it (chat: ``content + "\\n\\n" + context``)."""

    role: Role
    content: str
    context: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One training row, whatever its format was. The last message is the assistant's."""

    id: str
    where: Where
    messages: tuple[Message, ...]

    @property
    def instruction(self) -> str:
        """What is asked in the last user turn."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def context(self) -> str:
        """The context that goes with the last user turn ("" if none)."""
        return next((m.context for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def answer(self) -> str:
        """The text of the last assistant turn."""
        return next((m.content for m in reversed(self.messages) if m.role == "assistant"), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of context and where it comes from (``None`` = not said)."""

    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One row of the eval set.

    ``answers`` is slots x alternatives: every slot must be met by one of its alternatives.
    ``answerable=False`` means the right behavior is a refusal; then ``answers`` may be empty.
    ``context`` is the text the model sees; ``passages`` the same as a list with sources.
    ``group`` is the cluster (source document); questions of one group are not independent.
    """

    id: str
    where: Where
    question: str
    context: str = ""
    passages: tuple[Passage, ...] = ()
    answers: tuple[tuple[str, ...], ...] = ()
    key_points: tuple[tuple[str, ...], ...] = ()
    answerable: bool = True
    group: str = ""
    choices: tuple[str, ...] = ()
    expected_source: str | None = None
    numeric_tol: float | None = None
    lang: str = "en"


Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something found in the data. ``code`` is stable (``missing-answer``); errors stop the run.

    ``also``: the further places of a problem that stands for many rows.
    """

    severity: Severity
    code: str
    message: str
    where: Where | None = None
    hint: str = ""
    also: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A training row and a question that are too alike to be told apart by the eval set.

    ``kind``: ``exact`` | ``near`` make the run INVALID unless allowed; ``suspect`` is shown.
    ``similarity`` is in 0-1 (1 = same after normalization).
    """

    example_id: str
    question_id: str
    field: Literal["question", "answer", "context"]
    kind: Literal["exact", "near", "suspect"]
    similarity: float
    example_text: str
    question_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakCheck:
    """Result of the train/eval comparison. ``n_could_fire`` = questions that could be judged."""

    leaks: tuple[Leak, ...]
    n_questions: int
    n_could_fire: int
    controls_caught: int
    controls_planted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Training rows cut into two parts; rows that are near-copies stay on one side."""

    train: tuple[Example, ...]
    valid: tuple[Example, ...]
    reason: str


# --- training --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Token ids of one row and which of them are supervised (both of length ``seq``)."""

    id: str
    input_ids: tuple[int, ...]
    supervised: tuple[bool, ...]

    @property
    def n_supervised(self) -> int:
        return sum(self.supervised)

    @property
    def n_prompt(self) -> int:
        """Tokens before the first supervised one."""
        return self.supervised.index(True) if True in self.supervised else len(self.supervised)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the training will do, said before it starts. Times in seconds, memory in bytes."""

    n_train: int
    n_valid: int
    n_tokens: int  # tokens of one pass over the training rows
    n_supervised: int  # supervised tokens of one pass
    epochs: int
    n_steps: int
    steps_per_epoch: int
    learning_rate: float
    trainable_parameters: int
    total_parameters: int
    expected_seconds: float | None = None
    expected_answer_seconds: float | None = None
    expected_peak_bytes: int | None = None
    measured_on: str = ""
    engine: str = ""  # "fast", or "plain: why"
    micro_batch_tokens: int | None = None  # most tokens computed at a time; None = batch_size rows
    checkpointing: bool = False  # layers are computed again on the way back, to save memory
    side_by_side: bool = False  # long steps in halves, each with half of the threads
    packed_weights: bool = False  # multiplies read copies of the weights in the library's layout


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One optimizer step. ``loss`` is nats per supervised token; ``valid_loss`` where measured."""

    step: int
    epoch: float
    loss: float | None = None
    valid_loss: float | None = None
    learning_rate: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """The outcome of training: which step was kept and why, and the whole curve."""

    kept_step: int
    kept_reason: str
    n_steps: int
    stopped_early: bool
    interrupted: bool
    base_valid_loss: float | None
    kept_valid_loss: float | None
    first_loss: float
    last_loss: float
    seconds: float
    curve: tuple[CurvePoint, ...]


# --- answering and scoring -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What one arm said to one question.

    ``finish``: ``stop`` (the model ended its turn) | ``length`` (cut at the token budget) |
    ``skipped`` (the prompt does not fit the model's window: the question stays unscored).
    """

    question_id: str
    arm: Arm
    text: str
    n_tokens: int
    finish: Literal["stop", "length", "skipped"]
    sample: int = 0
    probe: str = ""  # "" = the eval set itself; else the name of the probe that asked
    seed: int = 0  # which adapter of a run with several seeds; 0 = the one in adapter/


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One dimension of one completion. ``value`` in 0-1; ``None`` = not scored (never 0)."""

    question_id: str
    arm: Arm
    dimension: str
    value: float | None
    reason: str = ""
    sample: int = 0
    probe: str = ""
    seed: int = 0


# --- verdict ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """``low`` and ``high`` at ``level`` confidence (or credibility: ``method`` says which)."""

    low: float
    high: float
    level: float = 0.95
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A proportion, or a mean of scores in 0-1, over ``n`` questions with its interval.

    ``value`` is ``None`` when ``n`` is 0 (not measured).
    """

    value: float | None
    n: int
    interval: Interval | None


Label = Literal[
    "INERT",
    "INVALID",
    "TOO SMALL TO TELL",
    "REAL GAIN",
    "REGRESSION",
    "NO MEANINGFUL GAIN",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Paired comparison of two arms on one dimension: the row of the verdict table.

    ``kind`` "binary": one right/wrong score per question; ``n_fixed`` (b) = questions only the
    adapter gets right, ``n_broken`` (c) = only the base. ``kind`` "mean": means over samples, or
    scores between 0 and 1; ``n_fixed`` = questions with the higher mean for the adapter,
    ``n_broken`` = lower. ``n_*`` always count questions, never samples.
    ``difference`` = adapter - base. ``None`` anywhere = not measured.
    """

    dimension: str
    n_questions: int
    n_scored: int
    n_unscored: int
    n_groups: int
    base: Rate
    adapter: Rate
    few_shot: Rate | None
    difference: float | None
    interval: Interval | None
    interval90: Interval | None
    p_value: float | None
    prob_better: float | None
    test: str
    n_fixed: int
    n_broken: int
    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    minimum_detectable: float | None
    n_more: int | None
    label: Label
    explanation: str
    signature: str
    first: Arm = "base"  # the arm in ``base``: difference = adapter - first
    probe: str = ""  # "" = the eval set itself; else the probe whose answers were compared
    kind: Literal["binary", "mean"] = "binary"
    n_samples: int = 1  # most samples of a question that an arm had; they are not questions
    p_adjusted: float | None = None  # what decided instead of p_value; None = p_value did
    e_value: float | None = None  # evidence that may be looked at any time; 20 stands for p = 0.05
    more_samples: int | None = None  # samples per question that would settle it; None = none would


# Dimensions that say how much, not whether: they mark no question as fixed or broken.
SUPPORTING: tuple[str, ...] = ("token_f1",)

GuardStatus = Literal["OK", "UNPROVEN", "WARNING", "REGRESSION", "NOT CHECKED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A thing that must not get worse. OK = non-inferiority proven, never "nothing was seen".

    ``required=False``: the eval set holds nothing that this guard is about (no context, no key
    points), or another row has it already, so SHIP does not wait for it.
    """

    name: str
    status: GuardStatus
    explanation: str
    margin: float
    comparison: Comparison | None = None
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One figure of a check, with what it rests on: ``value`` in ``unit``, over ``n`` rows."""

    name: str  # "refuses without the context", "mean loss on rows it was trained on", ...
    arm: str  # an Arm, "adapter - base", or "" where no arm is meant
    value: float | None  # None = not measured
    unit: Literal["share", "nats/token", "count", "ratio"]
    n: int
    interval: Interval | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A curve of a check, for a plot: ``y[i]`` at ``x[i]``."""

    name: str
    x_label: str
    y_label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A question put to the adapter beside the eval set, with proof that it could have fired.

    "Ran on ``n``, could have fired on ``n_could_fire``, positive control caught
    ``caught``/``planted``, negative control ``false_alarms``/``clean``." With ``n_could_fire`` 0,
    a planted fault that was missed, or a false alarm on clean rows, ``status`` is NOT CHECKED.

    Attributes:
        name: stable ("forgetting"); ``title`` is for people.
        required: SHIP waits for it (it is a guard, see ``Guard``).
        rows: ids of the questions or training rows it speaks of, the worst first.
    """

    name: str
    title: str
    status: GuardStatus
    sentence: str
    n: int
    n_could_fire: int
    caught: int
    planted: int
    false_alarms: int
    clean: int
    required: bool
    readings: tuple[Reading, ...] = ()
    series: tuple[Series, ...] = ()
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to do next. Those with the largest expected effect come first.

    ``rows``: places ("train.jsonl:17") or question ids it speaks of; ``command``: ready to type,
    several of them on lines of their own.
    """

    code: str  # stable: "add-refusals", "fix-retrieval", ...
    title: str
    why: str
    rows: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeClaim:
    """What several seeds say about the recipe (data and settings), not about one adapter.

    ``differences[i]`` = mean of adapter ``seeds[i]`` - base over the same questions.
    """

    dimension: str
    seeds: tuple[int, ...]
    differences: tuple[float, ...]
    n_questions: int
    n_groups: int
    difference: float
    interval: Interval
    p_value: float
    test: str
    label: Label
    sentence: str


Recommendation = Literal["SHIP", "DON'T SHIP", "NEED MORE EVIDENCE"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The word, the sentence, the evidence and the next thing to do."""

    label: Label
    sentence: str
    recommendation: Recommendation
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]
    comparisons: tuple[Comparison, ...]  # the first is the primary one
    guards: tuple[Guard, ...]
    warnings: tuple[str, ...] = ()
    min_gain: float = 0.10
    alpha: float = 0.05
    recipe: RecipeClaim | None = None  # None = fewer than three seeds
    length_ratio: float | None = None  # words of the adapter / of the base, where key points count
    n_looks: int = 1  # adapters scored on this eval set, this one included
    sequential: bool = False  # True = the e-value decided
    cross_fit_folds: int = 0  # > 0: every question was a training row, answered by another fold


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmStats:
    """How one arm talked: stop and truncation rates, length in tokens, speed."""

    arm: Arm
    n: int
    stop_rate: float | None
    truncation_rate: float | None
    mean_tokens: float | None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long something is: a row of the length table. All figures are in ``unit``.

    ``n`` things were measured; 95 of 100 are not longer than ``p95``.
    """

    of: str  # "training answers", "questions", ...
    unit: Literal["words", "tokens"]
    n: int
    smallest: int
    median: float
    p95: int
    largest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """What retrieval brought for one question, whether that was the expected document or not.

    ``rank``: place of the first passage of the expected document (1 = best), looked for deeper
    than the ``k`` passages that are shown to the model; ``None`` = not found that deep.
    ``status``: ``found`` (among the ``k``) | ``missed`` | ``absent`` (no such document) |
    ``unjudged`` (the row names no expected source).
    ``answer_there``: an expected answer stands in the passages as it is written; ``None`` = the
    row has no answer. Answers in other words are not seen, so ``False`` is no proof.
    """

    question_id: str
    question: str
    expected: str | None
    status: Literal["found", "missed", "absent", "unjudged"]
    rank: int | None
    n_expected: int  # of the k passages, those of the expected document
    sources: tuple[str, ...]  # of the k passages, the best first
    answer_there: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallAt:
    """Share of the questions whose expected document is among the first ``k`` passages."""

    k: int
    rate: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalReport:
    """How well the passages were found, before any model is asked.

    Rates are over the questions that name an expected source, with Wilson intervals (for the
    means of values between 0 and 1, precision and MRR, such an interval is wider than needed).
    Questions that were missed are not asked: they say something about the retrieval only.
    """

    retriever: str
    k: int
    n_documents: int
    n_passages: int
    n_judged: int  # questions that name an expected source
    n_sources: int  # different ones; questions over one document are not independent
    recall: Rate
    precision: Rate
    mrr: Rate
    answer_there: Rate  # over the found questions with an answer
    recall_at: tuple[RecallAt, ...]
    questions: tuple[Retrieved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """What was found in the data, said on the screen before anything runs."""

    n_examples: int
    n_questions: int
    n_answerable: int
    n_unanswerable: int
    n_with_context: int
    n_groups: int
    n_refusals_in_train: int
    problems: tuple[Problem, ...] = ()
    leak_check: LeakCheck | None = None
    minimum_detectable: float | None = None  # 0-1; None = no gain would be found
    lengths: tuple[Length, ...] = ()
    retrieval: RetrievalReport | None = None  # None = the contexts stand in the eval set


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Everything one run found, as read back from (or written to) its folder."""

    name: str
    folder: str
    verdict: Verdict | None
    data: DataSummary | None
    plan: Plan | None
    training: TrainResult | None
    arms: tuple[ArmStats, ...]
    questions: tuple[Question, ...] = ()
    completions: tuple[Completion, ...] = ()
    scores: tuple[Score, ...] = ()
    checks: tuple[Check, ...] = ()
    advice: tuple[Advice, ...] = ()
    manifest: dict[str, object] = field(default_factory=dict)


# --- progress --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A step of a long stage, for a progress bar. ``total`` counts steps, rows or questions."""

    stage: str
    done: int
    total: int
    loss: float | None = None
    valid_loss: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One line worth saying while the job runs."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The run has its folder; from here on it can be resumed."""

    folder: str


Event = Progress | Notice | DataSummary | Plan | Started
OnEvent = Callable[[Event], None]


def ignore_event(event: Event) -> None:
    """The silent listener."""
