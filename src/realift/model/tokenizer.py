"""A base's tokenizer and chat template alone, without transformers: ready in a tenth of a second.

Importing transformers takes seconds, which ``realift check`` does not have. This reads the same
files (``tokenizer.json`` and the chat template) with the library underneath (``tokenizers``) and
Jinja, and offers what ``template`` needs. Training and answering use the real thing; a test
compares the two.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from realift.errors import ModelError
from realift.model.load import base_path
from realift.model.template import Template, find_template

_NAMES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """How a base writes rows: tokenizer, template and window (tokens), without the model."""

    name: str
    tokenizer: LightTokenizer
    template: Template
    window: int


_AT_ONCE = 2000  # texts; what the library says of one takes 15 kB


class LightTokenizer:
    """The few things of a transformers tokenizer that rendering and encoding rows need."""

    def __init__(self, raw: Any, facts: Mapping[str, Any], chat_template: str | None) -> None:
        self._raw = raw
        self.chat_template = chat_template
        self.special = {name: _text(facts[name]) for name in _NAMES if facts.get(name)}
        self.eos_token = self.special.get("eos_token")
        self.bos_token = self.special.get("bos_token")
        self.eos_token_id = self._id(self.eos_token)
        self.bos_token_id = self._id(self.bos_token)
        self.added_tokens_decoder = raw.get_added_tokens_decoder()
        more = facts.get("additional_special_tokens") or facts.get("extra_special_tokens") or ()
        texts = [*self.special.values(), *(_text(t) for t in more)]
        texts += [t.content for t in self.added_tokens_decoder.values() if t.special]
        self.all_special_tokens = tuple(dict.fromkeys(texts))
        ids = (self._id(text) for text in self.all_special_tokens)
        self.all_special_ids = [i for i in ids if i is not None]

    def _id(self, token: str | None) -> int | None:
        return None if token is None else self._raw.token_to_id(token)

    def __call__(self, text: str, *, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": self._raw.encode(text, add_special_tokens=add_special_tokens).ids}

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """Tokens of many texts at once, without special ones."""
        found: list[int] = []
        for start in range(0, len(texts), _AT_ONCE):
            some = list(texts[start : start + _AT_ONCE])
            encoded = self._raw.encode_batch_fast(some, add_special_tokens=False)
            found += [len(one.ids) for one in encoded]
        return found

    def convert_ids_to_tokens(self, token_id: int) -> str:
        """The text of one token."""
        return str(self._raw.id_to_token(token_id))

    def apply_chat_template(
        self, messages: Sequence[Mapping[str, str]], *, tokenize: bool, **variables: Any
    ) -> str:
        """A conversation as text. ``tokenize`` must be False."""
        assert not tokenize
        return str(
            _compiled(self.chat_template or "").render(
                messages=list(messages), tools=None, documents=None, **self.special, **variables
            )
        )


@functools.lru_cache(maxsize=4)
def _compiled(source: str) -> Any:
    """A chat template, compiled the way transformers does it."""
    from jinja2.exceptions import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def tojson(value: Any, indent: int | None = None, **_: Any) -> str:
        return json.dumps(value, ensure_ascii=False, indent=indent)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda how: datetime.now().strftime(how)
    return environment.from_string(source)


def load_writer(name: str) -> Writer | None:
    """The writer of a base; None if its ``tokenizer.json`` is not on this disk.

    Raises:
        ModelError: the template cannot be used (see ``find_template``), or a file is broken.
    """
    folder = _folder(name)
    if folder is None or not (folder / "tokenizer.json").is_file():
        return None
    from tokenizers import Tokenizer

    try:
        facts = _json(folder / "tokenizer_config.json")
        model = _json(folder / "config.json")
        raw = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as err:  # tokenizers raises bare exceptions
        raise ModelError(f"base {name!r}: its tokenizer cannot be read: {err}") from err
    raw.no_truncation()
    raw.no_padding()
    tokenizer = LightTokenizer(raw, facts, _template(folder, facts))
    return Writer(
        name=name,
        tokenizer=tokenizer,
        template=find_template(tokenizer, more_stop_ids=_stops(folder)),
        window=_window(model, facts),
    )


def _folder(name: str) -> Path | None:
    folder = Path(base_path(name))
    if folder.is_dir():
        return folder
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        return None
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(name, "tokenizer.json")
    return Path(cached).parent if isinstance(cached, str) else None


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def _template(folder: Path, facts: Mapping[str, Any]) -> str | None:
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    given = facts.get("chat_template")
    if isinstance(given, list):  # several, by name
        given = next((t["template"] for t in given if t.get("name") == "default"), None)
    return given if isinstance(given, str) else None


def _stops(folder: Path) -> tuple[int, ...]:
    eos = _json(folder / "generation_config.json").get("eos_token_id")
    return tuple(eos) if isinstance(eos, list) else () if eos is None else (int(eos),)


def _window(model: Mapping[str, Any], facts: Mapping[str, Any]) -> int:
    inner = model.get("text_config") or model
    values = [inner.get(key) for key in ("max_position_embeddings", "n_positions")]
    values.append(facts.get("model_max_length"))
    known = [int(v) for v in values if v and v < 10**9]
    return min(known) if known else 2048


def _text(token: Any) -> str:
    return str(token["content"] if isinstance(token, Mapping) else token)
