"""Options: one home each, checked, merged in order, and all of them read somewhere."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from realift.config import Config, as_dict, option_fields, resolve, to_markdown, to_yaml
from realift.errors import UsageError

SOURCE = Path(__file__).resolve().parents[1] / "src" / "realift"


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "realift.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_flag_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    path = write(tmp_path, "lora_r: 4\nepochs: 2\n")
    config = resolve(file=path, flags={"epochs": "7", "seed": None})
    assert (config.lora_r, config.epochs, config.seed, config.lora_alpha) == (4, 7, 0, 16)
    assert config.given == {"lora_r": "file", "epochs": "flag"}


def test_an_exponent_is_a_number_as_in_the_original_recipe(tmp_path: Path) -> None:
    assert resolve(file=write(tmp_path, "learning_rate: 1e-4\n")).learning_rate == 1e-4


def test_all_wrong_options_are_named_at_once_with_line_and_nearest_name(tmp_path: Path) -> None:
    path = write(tmp_path, "lora_rank: 4\nseed: -1\nepochs: many\nallow_leaks: maybe\n")
    with pytest.raises(UsageError) as caught:
        resolve(file=path)
    text = str(caught.value)
    assert f"{path}:1: unknown option 'lora_rank' (did you mean 'lora_r'?)" in text
    assert f"{path}:2: seed: -1 must be at least 0" in text
    assert f"{path}:3: epochs: 'many' is not a number" in text
    assert f"{path}:4: allow_leaks: 'maybe' is not true or false" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", "not valid YAML"),
        ("seed: 1\nseed: 2\n", "not valid YAML"),
        ("- 1\n", "expected 'option: value'"),
        ("epochs: 1.5\n", "not a whole number"),
        ("learning_rate: .nan\n", "not a finite number"),
        ("base: 7\n", "not a text"),
        ("dtype: int8\n", "must be one of auto, float32"),
        ("lora_dropout: 1.0\n", "below 1"),
    ],
)
def test_bad_files_are_rejected_with_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(file=write(tmp_path, text))


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        resolve(file=tmp_path / "none.yaml")


def test_data_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text("{}")
    config = resolve(file=write(tmp_path, "train: t.jsonl\n"))
    assert config.train == str(tmp_path / "t.jsonl")


def test_documents_are_taken_from_the_files_folder_and_a_collection_as_it_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "handbook").mkdir()
    config = resolve(file=write(tmp_path, "docs: handbook\n"))
    assert config.docs == str(tmp_path / "handbook")
    assert resolve(file=write(tmp_path, "docs: 'chroma:db#x'\n")).docs == "chroma:db#x"


def test_the_written_yaml_reads_back_to_the_same_options(tmp_path: Path) -> None:
    config = resolve(
        flags={
            "learning_rate": 1e-4,
            "system_prompt": "Say: 'a' # b\nand \"c\"",
            "refusal_phrases": ["no idea", "pass: me"],
            "allow_leaks": True,
        }
    )
    again = resolve(file=write(tmp_path, to_yaml(config)))
    assert as_dict(again) == as_dict(config)


def test_the_written_yaml_says_what_was_given_and_what_defaulted() -> None:
    text = to_yaml(resolve(flags={"lora_r": 4}))
    assert "# LoRA rank. [flag]\nlora_r: 4" in text
    assert "[default]\nlora_alpha: 16" in text


def test_every_option_has_help_and_is_read_by_the_code() -> None:
    """Flags validated, documented and read by nothing: seen in the field."""
    read: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        if path.parent.name == "config":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "config"
            ):
                read.add(node.attr)
    names = {f.name for f in option_fields()}
    assert names - read == set()
    assert all(f.metadata["help"].endswith((".", ").")) for f in option_fields())


def test_a_default_config_is_valid() -> None:
    assert resolve() == Config(given={})


def test_the_reference_page_is_made_from_the_options() -> None:
    page = (SOURCE.parents[1] / "docs" / "reference.md").read_text(encoding="utf-8")
    assert page.endswith(to_markdown())
