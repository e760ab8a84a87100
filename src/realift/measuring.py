"""Rows and questions in the tokens of a base: what is too long, what would never be learned.

Uses the encoding that training uses, on the tokenizer alone (no model, no torch).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from realift.config import Config
from realift.data.lengths import lengths
from realift.data.problems import Findings
from realift.errors import DataError, ModelError
from realift.model.template import encode_prompt
from realift.model.tokenizer import Writer, load_writer
from realift.train.batches import EncodedRows, encode_rows
from realift.types import DataSummary, Example, Length, Message, Problem, Question, Where

MOST = 1000  # rows and questions encoded one by one; of more, those that may not fit, and a sample
_NEAR_LIMIT = 0.8  # share of the limit from which an estimate is not trusted
_CUT = 0.05  # share of answers longer than the token budget from which it is said
_FOREIGN = ("<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|eot_id|>", "</s>", "[/INST]")


def with_tokens(
    summary: DataSummary,
    examples: Sequence[Example],
    questions: Sequence[Question],
    config: Config,
) -> DataSummary:
    """The summary with what only the base's tokenizer can tell.

    Without a ``tokenizer.json`` on this disk nothing is downloaded, and a note says so.
    """
    found = Findings()
    try:
        writer = load_writer(config.base)
    except ModelError as err:
        found.error("bad-template", str(err), Where(file=config.base), hint=err.hint)
        writer = None
    else:
        if writer is None:
            found.note(
                "tokens-not-measured",
                f"the tokenizer of '{config.base}' is not on this disk (tokenizer.json), so rows "
                "that are too long for it are not known yet",
                Where(file=config.base),
                hint="realift run loads it and says which rows do not fit",
            )
    measured: tuple[Length, ...] = ()
    more: tuple[Problem, ...] = ()
    if writer is not None:
        more, measured = _rows(writer, examples, config, found)
        _questions(writer, questions, config, found)
    return dataclasses.replace(
        summary,
        problems=(*summary.problems, *found.problems(), *more),
        lengths=(*summary.lengths, *measured),
    )


def _rows(
    writer: Writer, examples: Sequence[Example], config: Config, found: Findings
) -> tuple[tuple[Problem, ...], tuple[Length, ...]]:
    if not examples:
        return (), ()
    limit = min(config.max_length or 2048, writer.window)
    looked_at, sample = _chosen(writer, examples, limit)
    try:
        encoded = encode_rows(
            writer, looked_at, system_prompt=config.system_prompt, max_length=limit
        )
    except DataError as err:  # none fits
        encoded = EncodedRows(by_example={}, problems=err.problems)
    except ModelError as err:
        found.error("bad-template", str(err), Where(file=config.base), hint=err.hint)
        return (), ()
    _special_tokens(writer, examples, found)
    rows = encoded.of(sample)
    for example in looked_at:
        own = encoded.by_example.get(example.id, ())
        if any(row.input_ids[-1] not in writer.template.stop_ids for row in own):
            found.error(
                "no-end-of-turn",
                f"does not end with {writer.template.end_of_turn}: the model would never stop",
                example.where,
                hint="this is a fault of the base's chat template; use another base",
            )
    if not rows:
        return encoded.problems, ()
    answers = [row.n_supervised for row in rows]
    cut = sum(n > config.max_new_tokens for n in answers)
    if cut > _CUT * len(answers):
        found.warning(
            "answers-cut",
            f"{cut / len(answers):.0%} of the training answers are longer than the "
            f"{config.max_new_tokens} tokens an answer may have",
            Where(file=examples[0].where.file),
            hint=f"--max-new-tokens {max(answers)}, or shorter answers",
        )
    name = f"({writer.name})"
    return encoded.problems, (
        lengths(f"training rows {name}", "tokens", [len(row.input_ids) for row in rows]),
        lengths(f"training answers {name}", "tokens", answers),
    )


def _chosen(
    writer: Writer, examples: Sequence[Example], limit: int
) -> tuple[Sequence[Example], Sequence[Example]]:
    """Rows to encode, and the part of them that is measured.

    All, or of very many a sample spread evenly and every row that may be too long: the tokens of
    its texts, with those that the template adds to the sample's first row, come near the limit.
    """
    if len(examples) <= MOST:
        return examples, examples
    sample = [examples[i * len(examples) // MOST] for i in range(MOST)]
    enough = _NEAR_LIMIT * limit - 200
    texts = [
        (row, text)
        for row in examples
        if _bytes(text := "\n".join(f"{m.content}\n{m.context}" for m in row.messages)) > enough
    ]
    estimates = [
        n
        for start in range(0, len(texts), MOST)
        for n in writer.tokenizer.lengths([text for _, text in texts[start : start + MOST]])
    ]
    long = [row for (row, _), n in zip(texts, estimates, strict=True) if n > enough]
    picked = {row.id: row for row in (*sample, *long)}
    return list(picked.values()), sample


def _bytes(text: str) -> int:
    """Bytes of a text in UTF-8: it cannot have more tokens."""
    return len(text.encode("utf-8", errors="replace"))


def _special_tokens(writer: Writer, examples: Sequence[Example], found: Findings) -> None:
    special = [t for t in writer.tokenizer.all_special_tokens if len(t) > 2]
    marks = tuple(dict.fromkeys((*special, *_FOREIGN)))
    for row in examples:
        for message in row.messages:
            text = f"{message.content}\n{message.context}"
            if "<" not in text and "[" not in text:
                continue
            inside = next((mark for mark in marks if mark in text), None)
            if inside:
                found.warning(
                    "special-token",
                    f"the text holds '{inside}', which ends or begins a turn",
                    row.where,
                    hint="remove it: realift writes the marks of the chat template itself",
                )
                break


def _questions(
    writer: Writer, questions: Sequence[Question], config: Config, found: Findings
) -> None:
    """Questions that would be skipped: prompt and answer do not fit the window."""
    texts = [f"{q.question}\n{q.context}" for q in questions]
    room = writer.window - config.max_new_tokens
    estimates = writer.tokenizer.lengths(texts) if texts else []
    for question, estimate in zip(questions, estimates, strict=True):
        if estimate < _NEAR_LIMIT * room - 200:
            continue
        asked = Message(role="user", content=question.question, context=question.context)
        try:
            ids = encode_prompt(
                writer.tokenizer, writer.template, [asked], system_prompt=config.system_prompt
            )
        except ModelError:
            return  # said already, of the rows
        if len(ids) > room:
            found.warning(
                "question-too-long",
                f"'{question.id}' has {len(ids)} tokens; {room} fit beside an answer of "
                f"{config.max_new_tokens}: it would be left unscored",
                question.where,
                hint="shorten its context, or use a base with a longer window",
            )
