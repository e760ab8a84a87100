"""The tokenizer without transformers writes and encodes rows exactly as the real one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from realift.errors import ModelError
from realift.model.load import TINY_FOLDER
from realift.model.template import encode_example, find_template
from realift.model.tokenizer import load_writer
from realift.types import Example, Message, Where
from tests.conftest import CHATML, ZEPHYR, make_tokenizer

ROWS = [
    (("user", "Who?", "[1] Bob."), ("assistant", "Bob [1].", "")),
    (("system", "Be brief.", ""), ("user", "Zoë 北京?", ""), ("assistant", " yes \n", "")),
    (("user", "a", ""), ("assistant", "b", ""), ("user", "c", ""), ("assistant", "d", "")),
]


def examples() -> list[Example]:
    return [
        Example(
            id=str(n),
            where=Where(file="t", line=n),
            messages=tuple(Message(role=r, content=c, context=x) for r, c, x in row),  # type: ignore[arg-type]
        )
        for n, row in enumerate(ROWS)
    ]


@pytest.mark.parametrize("template", [CHATML, ZEPHYR, None, "tiny"])
def test_rows_are_encoded_as_by_the_real_tokenizer_against_transformers(
    template: str | None, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    if template == "tiny":
        folder, name = TINY_FOLDER, "tiny"
    else:
        folder, name = tmp_path, str(tmp_path)
        make_tokenizer(chat_template=template).save_pretrained(tmp_path)
    real: Any = AutoTokenizer.from_pretrained(folder)
    writer = load_writer(name)
    assert writer is not None
    theirs = find_template(real)
    assert writer.template.hash == theirs.hash
    assert (writer.template.end_id, writer.template.bos) == (theirs.end_id, theirs.bos)
    for row in examples():
        for prompt in ("", "Answer briefly."):
            ours = encode_example(writer.tokenizer, writer.template, row, system_prompt=prompt)
            assert ours == encode_example(real, theirs, row, system_prompt=prompt)


def test_many_texts_are_measured_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """All at once, 100,000 rows took 1.5 GiB."""
    from realift.model import tokenizer

    writer = load_writer("tiny")
    assert writer is not None
    raw, sizes = writer.tokenizer._raw, []

    class Counting:
        def encode_batch_fast(self, texts: list[str], **how: Any) -> Any:
            sizes.append(len(texts))
            return raw.encode_batch_fast(texts, **how)

    monkeypatch.setattr(writer.tokenizer, "_raw", Counting())
    monkeypatch.setattr(tokenizer, "_AT_ONCE", 3)
    texts = ["a", "", "Who owns the violin?", "42", "b c"]
    alone = [len(raw.encode(t, add_special_tokens=False).ids) for t in texts]
    assert writer.tokenizer.lengths(texts) == alone
    assert sizes == [3, 2]


def test_the_window_and_missing_files(tmp_path: Path) -> None:
    writer = load_writer("tiny")
    assert writer is not None
    assert writer.window == 1024
    assert load_writer(str(tmp_path)) is None
    assert load_writer("nobody/nothing-here") is None
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(ModelError, match="its tokenizer cannot be read"):
        load_writer(str(tmp_path))


def test_neither_torch_nor_transformers_is_loaded() -> None:
    code = (
        "import sys\nfrom realift import check\n"
        f"check(train={str(Path('examples/acme/naive.jsonl').resolve())!r})\n"
        "print([m for m in ('torch', 'transformers', 'datasets') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "[]"
