from pathlib import Path

import pytest

from lossbench.config.reading import read
from lossbench.errors import ConfigError


def refusal(path: str | Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read(path)
    return str(caught.value)


def test_a_missing_file_names_the_nearest_one(folder: Path) -> None:
    (folder / "configs").mkdir()
    (folder / "configs" / "cifar.yaml").touch()
    assert refusal("configs/cifra.yaml") == (
        "configs/cifra.yaml: no such file. Did you mean 'configs/cifar.yaml'?"
    )


def test_a_missing_file_with_nothing_similar(folder: Path) -> None:
    assert refusal("a.yaml") == (
        "a.yaml: no such file; give the path of an experiment file, such as 'configs/mine.yaml'"
    )


def test_a_missing_folder(folder: Path) -> None:
    assert refusal("no/a.yaml") == "no/a.yaml: no such file; there is no folder 'no' either"


def test_a_folder(folder: Path) -> None:
    (folder / "configs").mkdir()
    assert refusal("configs") == "configs: a folder; give one experiment file"
    (folder / "configs" / "b.yaml").touch()
    (folder / "configs" / "a.yml").touch()
    assert refusal("configs") == (
        "configs: a folder; give one experiment file. It holds a.yml, b.yaml."
    )


def test_text_that_is_not_utf_8(folder: Path) -> None:
    Path("a.yaml").write_bytes("model: é".encode("latin-1"))
    assert refusal("a.yaml") == (
        "a.yaml: byte 7 is not UTF-8; an experiment file is YAML text. Save it as UTF-8."
    )


def test_a_path_with_a_null_byte(folder: Path) -> None:
    assert refusal("a\0.yaml").endswith(
        "an experiment file is YAML text. Check the path and its permissions."
    )


@pytest.mark.parametrize("text", ["", "\n# only a comment\n", "---\n", "null\n"])
def test_an_empty_file(folder: Path, text: str) -> None:
    Path("a.yaml").write_text(text)
    assert refusal("a.yaml") == (
        "a.yaml: empty; an experiment file names at least dataset, model and losses"
    )


@pytest.mark.parametrize("text", ["- a\n", "5\n", "just words\n"])
def test_a_file_that_is_not_a_mapping(folder: Path, text: str) -> None:
    Path("a.yaml").write_text(text)
    assert refusal("a.yaml") == (
        "a.yaml:1:1: not a mapping; an experiment file is lines of 'key: value', such as 'model: x'"
    )


def test_a_tagged_document(folder: Path) -> None:
    Path("a.yaml").write_text("!!python/none\n")
    assert refusal("a.yaml") == (
        "a.yaml:1:1: tag '!!python/none' is not allowed; write the value without a tag"
    )


def test_a_byte_order_mark_is_no_part_of_the_first_key(folder: Path) -> None:
    Path("a.yaml").write_bytes(b"\xef\xbb\xbfmodel: x\n")
    assert read("a.yaml").data == {"model": "x"}
    assert read(Path("a.yaml")).positions.where(("model",)) == "a.yaml:1:8: model"
