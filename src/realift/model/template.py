"""Messages to text to token ids: the one function that training and answering share.

A tokenizer with a chat template is used with it. One without gets the plain form
``Instruction: ...\\n\\n{input}\\nAnswer:``. What is supervised is exactly what the model has to say
itself: the assistant's text and the token that ends its turn.

>>> plain_text((Message(role="user", content="Who?", context="[1] Bob."),), eos="</s>")
'Instruction: Who?\\n\\n[1] Bob.\\nAnswer:'
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from realift.errors import ModelError
from realift.types import Encoded, Example, Message

_PROBE_ANSWER = "realift probe answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How one tokenizer writes a conversation, worked out once by ``find_template``.

    ``end_of_turn`` is the text of the token that ends the assistant's turn and ``end_id`` its id.
    ``stop_ids`` are all ids that end an answer. ``bos`` is text the plain form starts with.
    """

    kind: Literal["chat", "plain"]
    end_of_turn: str
    end_id: int
    stop_ids: tuple[int, ...]
    merge_system: bool
    bos: str
    hash: str


def find_template(tokenizer: Any, *, more_stop_ids: Sequence[int] = ()) -> Template:
    """Find out how this tokenizer writes turns and what really ends the assistant's.

    Procedure:
      1. Render a probe conversation and look at what follows the assistant's text.
      2. The first special (or added) token there is the end of turn; without one it is ``eos``.
      3. Check whether the template takes a system message; if it refuses or drops it, the system
         text goes to the top of the first user turn.

    Raises:
        ModelError: the template fails on a plain question and answer, or nothing can end a turn.
    """
    kind: Literal["chat", "plain"] = "chat" if tokenizer.chat_template else "plain"
    if kind == "plain":
        if tokenizer.eos_token is None:
            raise ModelError(
                "the tokenizer has neither a chat template nor an end-of-sequence token",
                hint="use a base whose tokenizer can end an answer",
            )
        first = tokenizer("a")["input_ids"][:1]
        has_bos = tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id]
        end_text, end_id = tokenizer.eos_token, tokenizer.eos_token_id
        merge_system, bos = False, tokenizer.bos_token if has_bos else ""
        source = f"plain-1 {end_text!r} {bos!r}"
    else:
        end_text, end_id = _end_of_turn(tokenizer)
        merge_system, bos = not _takes_system(tokenizer), ""
        source = str(tokenizer.chat_template)
    stops = {end_id, *more_stop_ids}
    if tokenizer.eos_token_id is not None:
        stops.add(tokenizer.eos_token_id)
    digest = hashlib.sha256(f"{kind}|{merge_system}|{source}".encode()).hexdigest()
    return Template(
        kind=kind,
        end_of_turn=end_text,
        end_id=end_id,
        stop_ids=tuple(sorted(stops)),
        merge_system=merge_system,
        bos=bos,
        hash=digest,
    )


def _chat(tokenizer: Any, messages: Sequence[dict[str, str]], *, ask: bool) -> str:
    # enable_thinking=False: templates that open a <think> block by themselves write the same
    # (empty) one when training and when answering. Other templates ignore the variable.
    text = tokenizer.apply_chat_template(
        list(messages), tokenize=False, add_generation_prompt=ask, enable_thinking=False
    )
    assert isinstance(text, str)
    return text


def _end_of_turn(tokenizer: Any) -> tuple[str, int]:
    ask = [{"role": "user", "content": "realift probe question"}]
    try:
        full = _chat(tokenizer, [*ask, {"role": "assistant", "content": _PROBE_ANSWER}], ask=False)
        prompt = _chat(tokenizer, ask, ask=True)
    except Exception as err:  # Jinja errors of many kinds, raised by somebody else's template
        raise ModelError(f"the base's chat template fails on a plain question: {err}") from err
    if _PROBE_ANSWER not in full or not full.startswith(prompt):
        raise ModelError(
            "the base's chat template does not write the prompt the way it is trained",
            hint="its generation prompt is not the beginning of a finished conversation",
        )
    tail = full[full.rindex(_PROBE_ANSWER) + len(_PROBE_ANSWER) :]
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    for token_id in tokenizer(tail, add_special_tokens=False)["input_ids"]:
        if token_id in special:
            return tokenizer.convert_ids_to_tokens(token_id), token_id
    if tokenizer.eos_token is None:
        raise ModelError("nothing in the base's chat template ends an answer, and there is no eos")
    return tokenizer.eos_token, tokenizer.eos_token_id


def _takes_system(tokenizer: Any) -> bool:
    probe = "realift probe system"
    try:
        text = _chat(
            tokenizer,
            [{"role": "system", "content": probe}, {"role": "user", "content": "a"}],
            ask=True,
        )
    except Exception:  # e.g. Gemma: "System role not supported"
        return False
    return probe in text  # some templates drop it without a word


def user_text(message: Message) -> str:
    """A user turn as one text: the instruction, then its context.

    >>> user_text(Message(role="user", content="Who?", context="[1] Bob."))
    'Who?\\n\\n[1] Bob.'
    """
    return f"{message.content}\n\n{message.context}" if message.context else message.content


def plain_text(messages: Sequence[Message], *, eos: str) -> str:
    """The plain form; ends with ``Answer:`` if the last message is the user's."""
    parts = []
    for message in messages:
        if message.role == "system":
            parts.append(f"{message.content}\n\n")
        elif message.role == "user":
            parts.append(f"Instruction: {message.content}\n\n{message.context}\nAnswer:")
        else:
            parts.append(f" {message.content.strip()}{eos}\n\n")
    text = "".join(parts)
    return text.removesuffix("\n\n") if messages[-1].role == "assistant" else text


def render(tokenizer: Any, template: Template, messages: Sequence[Message]) -> str:
    """The text of a conversation; with the opening of the answer if the last turn is the user's."""
    if template.kind == "plain":
        return template.bos + plain_text(messages, eos=template.end_of_turn)
    turns = [{"role": m.role, "content": user_text(m)} for m in messages]
    if template.merge_system and turns[0]["role"] == "system":
        system = turns.pop(0)["content"]
        turns[0] = {"role": "user", "content": f"{system}\n\n{turns[0]['content']}"}
    try:
        return _chat(tokenizer, turns, ask=messages[-1].role == "user")
    except Exception as err:  # a template may forbid roles or an order it does not know
        raise ModelError(f"the base's chat template refuses this conversation: {err}") from err


def with_system(messages: Sequence[Message], system_prompt: str) -> tuple[Message, ...]:
    """Put the system prompt in front unless the conversation brings its own."""
    if not system_prompt or messages[0].role == "system":
        return tuple(messages)
    return (Message(role="system", content=system_prompt), *messages)


def encode_prompt(
    tokenizer: Any, template: Template, messages: Sequence[Message], *, system_prompt: str
) -> tuple[int, ...]:
    """Token ids up to where the assistant's answer begins. The last message is the user's."""
    text = render(tokenizer, template, with_system(messages, system_prompt))
    return _ids(tokenizer, text)


def encode_example(
    tokenizer: Any, template: Template, example: Example, *, system_prompt: str
) -> tuple[Encoded, ...]:
    """Token ids of a training row with the mask of what the assistant has to say.

    Every assistant turn is supervised, with its end-of-turn token. Up to the first supervised
    token the ids are the very ids of ``encode_prompt``. Most rows give one sequence; where a
    template writes earlier turns differently from the last one (reasoning models drop their
    thoughts), each assistant turn becomes a sequence of its own.
    """
    messages = with_system(example.messages, system_prompt)
    ends = [i for i, m in enumerate(messages) if m.role == "assistant"]
    try:
        spans = [_span(tokenizer, template, messages[: i + 1]) for i in ends]
    except ModelError as err:
        raise ModelError(f"{example.where}: {err}", hint=err.hint) from err
    full = spans[-1].text
    if all(full.startswith(span.text[: span.end]) for span in spans):
        return (_encode(tokenizer, template, example.id, full, spans),)
    return tuple(
        _encode(tokenizer, template, f"{example.id}#{turn}", span.text, [span])
        for turn, span in enumerate(spans, start=1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """Characters ``start:end`` of ``text`` are the assistant's; ``ended``: with end of turn."""

    text: str
    start: int
    end: int
    ended: bool


def _span(tokenizer: Any, template: Template, messages: Sequence[Message]) -> _Span:
    """Where the last assistant turn stands in the rendered conversation."""
    prompt = render(tokenizer, template, messages[:-1])
    text = render(tokenizer, template, messages)
    answer = messages[-1].content.strip()
    if not text.startswith(prompt):
        raise ModelError(
            "the base's chat template writes this prompt differently once it is answered",
            hint="the adapter would be trained on one prompt and asked with another",
        )
    at = text.find(answer, len(prompt))
    if at < 0:
        raise ModelError("the base's chat template changes the text of the answer")
    end = text.find(template.end_of_turn, at + len(answer))
    if end < 0:
        return _Span(text=text, start=len(prompt), end=at + len(answer), ended=False)
    return _Span(text=text, start=len(prompt), end=end + len(template.end_of_turn), ended=True)


def _encode(
    tokenizer: Any, template: Template, row_id: str, text: str, spans: Sequence[_Span]
) -> Encoded:
    ids = list(_ids(tokenizer, text[: spans[-1].end]))
    marks: list[tuple[int, int]] = []
    for span in spans:
        before = _ids(tokenizer, text[: span.start])
        after = _ids(tokenizer, text[: span.end])
        if tuple(ids[: len(before)]) != before or tuple(ids[: len(after)]) != after:
            break
        marks.append((len(before), len(after)))
    if len(marks) < len(spans):
        # A token straddles the border between prompt and answer. Answering sees the prompt's own
        # ids, so training must too: tokenize piece by piece.
        ids, marks = _encode_pieces(tokenizer, text, spans)
    supervised = [False] * len(ids)
    for start, end in marks:
        supervised[start:end] = [True] * (end - start)
    if not spans[-1].ended:  # the template itself never ends the answer: eos has to
        ids.append(template.end_id)
        supervised.append(True)
    return Encoded(id=row_id, input_ids=tuple(ids), supervised=tuple(supervised))


def _encode_pieces(
    tokenizer: Any, text: str, spans: Sequence[_Span]
) -> tuple[list[int], list[tuple[int, int]]]:
    ids: list[int] = []
    marks = []
    done = 0
    for span in spans:
        ids += _ids(tokenizer, text[done : span.start])
        start = len(ids)
        ids += _ids(tokenizer, text[span.start : span.end])
        marks.append((start, len(ids)))
        done = span.end
    return ids, marks


def _ids(tokenizer: Any, text: str) -> tuple[int, ...]:
    return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])
