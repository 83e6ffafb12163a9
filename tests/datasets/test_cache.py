"""Folders that are made once: whole or not there, whoever is killed, whatever happens to them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from lossbench.datasets.cache import cached
from lossbench.datasets.decoding import decode_all
from lossbench.datasets.image_files import ImageFile
from lossbench.errors import DataError

KEY = {"content": "abc", "size": [28, 28]}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "decoded"


def writing(text="content", calls=None):
    def make(folder):
        if calls is not None:
            calls.append(folder)
        (folder / "a.npy").write_text(text)
        (folder / "b.npy").write_bytes(bytes(range(256)) * 20_000)  # 5 MB: its middle is unhashed

    return make


def start(code, **env):
    """Start another process that may use `cached`; it prints lines that the test waits for."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | env,
    )


def test_a_folder_is_made_once_and_found_again():
    calls = []
    first = cached(KEY, writing(calls=calls))
    again = cached(dict(reversed(KEY.items())), writing("other", calls))
    assert first == again
    assert len(calls) == 1
    assert (first / "a.npy").read_text() == "content"


def test_another_key_is_another_folder():
    folders = {cached(KEY | more, writing()) for more in ({}, {"size": [28, 29]}, {"x": None})}
    assert len(folders) == 3


def test_nothing_is_left_beside_the_folder(cache):
    folder = cached(KEY, writing())
    assert [path for path in cache.iterdir()] == [folder]


def flip_first_byte(path):
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: os.truncate(folder / "b.npy", 4_000_000), "b.npy has changed"),
        (lambda folder: flip_first_byte(folder / "b.npy"), "b.npy has changed"),
        (lambda folder: flip_first_byte(folder / "a.npy"), "a.npy has changed"),
        (lambda folder: (folder / "a.npy").unlink(), "a.npy is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json cannot be"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "manifest.json cannot be"),
    ],
)
def test_a_damaged_folder_is_made_again_and_said_to_be(damage, said, cache, caplog):
    folder = cached(KEY, writing())
    damage(folder)
    calls = []
    assert cached(KEY, writing("anew", calls)) == folder
    assert len(calls) == 1
    assert (folder / "a.npy").read_text() == "anew"
    assert (folder / "b.npy").stat().st_size == 5_120_000
    assert said in caplog.text
    assert "it is made again" in caplog.text
    assert list(cache.iterdir()) == [folder]


def test_a_maker_that_fails_leaves_nothing(cache):
    def make(folder):
        (folder / "a.npy").write_text("half")
        raise ValueError("no image")

    with pytest.raises(ValueError, match="no image"):
        cached(KEY, make)
    assert list(cache.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError) as caught:
        cached(KEY, writing())
    assert str(caught.value) == (
        f"{tmp_path}/file/decoded: decoded data cannot be kept here: Not a directory; a folder "
        "that can be written, with room for the images, is accepted. Free space, or set "
        "LOSSBENCH_CACHE to a folder elsewhere."
    )


@pytest.mark.skipif(os.name != "posix", reason="limits of file sizes")
def test_a_full_disk_is_an_error_and_leaves_nothing(cache):
    """A limit on the size of files stands for the disk: writing fails in the middle."""
    process = start(
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from lossbench.datasets.cache import cached\n"
        "from lossbench.errors import DataError\n"
        "try:\n"
        "    cached({}, lambda f: (f / 'a.npy').write_bytes(bytes(200_000)))\n"
        "except DataError as error:\n"
        "    print(error)\n"
    )
    out, err = process.communicate(timeout=60)
    assert "decoded data cannot be kept here: File too large" in out, err
    assert list(cache.iterdir()) == []


def test_a_disk_that_is_really_full_is_an_error_too(tmp_path, monkeypatch):
    """Rows are written and not mapped, so that no signal ends the process."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "lossbench-test", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        monkeypatch.setenv("LOSSBENCH_CACHE", str(place))
        files = [ImageFile(str(i), str(i)) for i in range(100)]
        rows = np.ones((100, 64, 64, 3), np.uint8)
        with pytest.raises(DataError, match="No space left on device"):
            decode_all({}, files, {"images": (64, 64, 3)}, lambda index: (rows[index],))
        assert list((place / "decoded").iterdir()) == []
        decoded = decode_all({}, files[:9], {"images": (64, 64, 3)}, lambda index: (rows[index],))
        np.testing.assert_array_equal(decoded.arrays["images"], rows[:9])
        del decoded
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


KILLED = """
import sys, time
from lossbench.datasets.cache import cached
def make(folder):
    (folder / "a.npy").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
cached({"content": "abc", "size": [28, 28]}, make)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_what_a_killed_process_leaves_is_never_taken_for_complete(cache):
    process = start(KILLED)
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    (left,) = cache.iterdir()
    assert left.name.startswith(".")

    folder = cached(KEY, writing())
    assert (folder / "a.npy").read_text() == "content"
    assert left.exists()  # it may be in the making elsewhere

    for path in (*left.iterdir(), left):
        os.utime(path, (time.time() - 7200,) * 2)
    cached(KEY | {"other": 1}, writing())
    assert not left.exists()
    assert folder.exists()


TWO = """
import json, os, sys, time
from lossbench.datasets.cache import cached
def make(folder):
    (folder / "a.npy").write_text(str(os.getpid()))
    print("making", flush=True)
    sys.stdin.readline()  # until both are here
    (folder / "b.npy").write_bytes(bytes(3_000_000))
folder = cached({"content": "abc"}, make)
print(json.dumps([str(folder), (folder / "a.npy").read_text(), os.getpid()]))
"""


@pytest.mark.parametrize("is_damaged", [False, True])
def test_of_two_at_once_one_wins_and_both_read_the_same(cache, is_damaged):
    if is_damaged:
        os.truncate(cached({"content": "abc"}, writing()) / "b.npy", 7)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TWO],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "making\n"
    found = []
    for process in processes:
        out, err = process.communicate("\n", timeout=60)
        assert process.returncode == 0, err
        found.append(json.loads(out))
    (folder, maker, first), (other, other_maker, second) = found
    assert folder == other
    assert maker == other_maker
    assert int(maker) in (first, second)
    assert [path.name for path in cache.iterdir()] == [os.path.basename(folder)]
