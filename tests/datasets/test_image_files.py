"""Finding image files: order, what is ignored, links, and what is remembered of them."""

import json
import os
import time
import unicodedata

import numpy as np
import pytest
from PIL import Image

from lossbench.datasets import image_files
from lossbench.datasets.image_files import (
    ImageFile,
    content_sha256,
    find_images,
    is_inside,
    look_at,
    natural,
    printable,
    subfolders,
)
from lossbench.errors import DataError


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "data" / "a").mkdir(parents=True)
    return (tmp_path / "data").resolve()


def save(path, value=0, size=(4, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, value, np.uint8)).save(path)
    return path


def test_numbers_within_names_count_as_numbers():
    names = ["10.png", "9.png", "a10", "a9b2", "a9b10", "1_severe", "0_none", "b", "0_mild"]
    assert sorted(names, key=natural) == [
        "0_mild", "0_none", "1_severe", "9.png", "10.png", "a9b2", "a9b10", "a10", "b",
    ]  # fmt: skip
    assert natural("01") != natural("1")


def test_what_is_shown_can_be_stored():
    assert printable(unicodedata.normalize("NFD", "é")) == "é"
    assert printable("a\nb\x1b[31m\udcff") == "a\ufffdb\ufffd[31m\ufffd"
    assert printable("鳥 🐦") == "鳥 🐦"


def test_images_are_found_below_a_folder_and_nothing_else(root):
    wanted = ["a/2.png", "a/10.PNG", "a/b/c/1.jpeg", "a/鳥🐦.webp", f"a/{'x' * 250}.bmp"]
    for name in wanted:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    for name in (".hidden.png", "Thumbs.db", "notes.txt", ".git/x.png", "__MACOSX/x.png", "x"):
        (root / "a" / name).parent.mkdir(exist_ok=True)
        (root / "a" / name).touch()
    assert find_images(root, "a", "here") == sorted(wanted, key=natural)
    assert find_images(root, "a", "here")[:2] == ["a/2.png", "a/10.PNG"]


def test_links_to_files_inside_are_followed(root):
    save(root / "a" / "1.png")
    (root / "a" / "2.png").symlink_to(root / "a" / "1.png")
    assert find_images(root, "a", "here") == ["a/1.png", "a/2.png"]


@pytest.mark.parametrize("is_folder", [False, True])
def test_links_that_lead_out_are_refused(root, tmp_path, is_folder):
    secret = save(tmp_path / "secret" / "x.png")
    link = root / "a" / ("out" if is_folder else "out.png")
    link.symlink_to(secret.parent if is_folder else secret)
    with pytest.raises(DataError, match=f"1 links lead out of the folder.*'a/{link.name}'"):
        find_images(root, "a", "here")


def test_class_folders_that_are_links_are_refused(root, tmp_path):
    (root / "b").symlink_to(root / "a")
    with pytest.raises(DataError, match="'b'; links to files inside it are accepted"):
        subfolders(root, "here")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/x.png", True),
        ("a/../x.png", True),
        ("../x.png", False),
        ("a/../../x.png", False),
        ("/etc/passwd", False),
        ("../data2/x.png", False),
        (".", False),
        ("a\0b", True),  # there can be no such file
    ],
)
def test_paths_that_leave_a_folder_are_seen(root, name, expected):
    (root.parent / "data2").mkdir()
    assert is_inside(root, name) == expected


def age(path, seconds=100):
    then = time.time() - seconds
    os.utime(path, (then, then))


def counting(monkeypatch):
    read = []
    original = image_files.read_bytes

    def counted(path):
        read.append(path.name)
        return original(path)

    monkeypatch.setattr(image_files, "read_bytes", counted)
    return read


def test_a_file_is_read_again_only_after_it_changed(root, monkeypatch):
    read = counting(monkeypatch)
    names = ["a/1.png", "a/2.png"]
    for name in names:
        age(save(root / name))
    first = look_at(root, names)
    assert sorted(read) == ["1.png", "2.png"]
    assert look_at(root, names) == first
    assert len(read) == 2
    age(save(root / "a/2.png", 7, (5, 3)), 50)
    second = look_at(root, names)
    assert read[2:] == ["2.png"]
    assert second[0] == first[0]
    assert (second[1].height, second[1].width) == (5, 3)


def test_a_file_written_just_now_is_not_remembered(root, monkeypatch):
    """It may change again within the clock's resolution, and keep its size."""
    read = counting(monkeypatch)
    save(root / "a/1.png")
    look_at(root, ["a/1.png"])
    look_at(root, ["a/1.png"])
    assert read == ["1.png", "1.png"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', '{"format": 1, "files": [3]}'])
def test_a_damaged_memory_is_made_anew(root, cache, monkeypatch, content):
    age(save(root / "a/1.png"))
    first = look_at(root, ["a/1.png"])
    (store,) = (cache / "scanned").iterdir()
    store.write_text(content)
    assert look_at(root, ["a/1.png"]) == first
    assert json.loads(store.read_text())["files"].keys() == {"a/1.png"}


def test_without_a_cache_files_are_looked_at_all_the_same(root, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "file"))
    age(save(root / "a/1.png"))
    assert look_at(root, ["a/1.png"])[0].fault == ""


def test_the_hash_is_that_of_content_names_and_labels():
    files = [ImageFile("a.png", "1"), ImageFile("b.png", "2")]
    hashes = {
        content_sha256(files, [0, 1]),
        content_sha256(files, [0, 2]),
        content_sha256(files[::-1], [0, 1]),
        content_sha256([ImageFile("a.png", "1"), ImageFile("b.png", "3")], [0, 1]),
        content_sha256([ImageFile("a.png", "1"), ImageFile("c.png", "2")], [0, 1]),
    }
    assert len(hashes) == 5
    composed, decomposed = (unicodedata.normalize(form, "é.png") for form in ("NFC", "NFD"))
    assert content_sha256([ImageFile(composed)]) == content_sha256([ImageFile(decomposed)])
