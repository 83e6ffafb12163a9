"""Chunks of features: computed once by all who want them, whoever is killed or fails to write."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from lossbench import caching
from lossbench.caching import sets
from lossbench.errors import DataError
from lossbench.store.feature_store import CHUNK, load_chunks

N, SIZE = 2 * CHUNK + 44, 5
IMAGES = [i.to_bytes(16, "big") for i in range(N)]
KEY = {"backbone": "abc", "image_size": 96}
EXPECTED = np.arange(N * SIZE, dtype=np.float32).reshape(N, SIZE)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


class Computing:
    """Gives the expected features, and remembers what it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, start, stop):
        self.asked.append((start, stop))
        return EXPECTED[start:stop]


def ignore(done, total):
    pass


def load(compute=None, note=ignore, **options):
    return load_chunks(KEY, IMAGES, SIZE, compute or Computing(), note, **options)


def only_set(cache):
    (folder,) = cache.iterdir()
    return folder


def test_features_are_computed_once_and_mapped_ever_after(cache):
    compute, told = Computing(), []
    first = load(compute, lambda *counts: told.append(counts))
    assert compute.asked == [(0, 128), (128, 256), (256, 300)]
    assert told == [(0, 300), (128, 300), (256, 300), (300, 300)]
    again = load(compute)
    assert len(compute.asked) == 3
    for chunks in (first, again):
        assert [type(chunk) for chunk in chunks] == [np.memmap] * 3
        np.testing.assert_array_equal(np.concatenate(chunks), EXPECTED)
    left = {path.name for path in only_set(cache).iterdir()}
    each = {f"{i:06}.{end}" for i in range(3) for end in ("npy", "json")}
    assert left == {"manifest.json", "complete"} | each


def test_whatever_decides_the_numbers_makes_another_set(cache):
    load()
    load_chunks({**KEY, "image_size": 97}, IMAGES, SIZE, Computing(), ignore)
    load_chunks(KEY, IMAGES[:-1], SIZE, lambda a, b: EXPECTED[a:b], ignore)
    load_chunks(dict(reversed(KEY.items())), IMAGES, SIZE, Computing(), ignore, about={"x": 1})
    assert len(list(cache.iterdir())) == 3


def flip_last_byte(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: os.truncate(folder / "000001.npy", 700), "it has changed"),
        (lambda folder: flip_last_byte(folder / "000001.npy"), "it has changed"),
        (lambda folder: (folder / "000001.npy").unlink(), "000001.npy is missing"),
        (lambda folder: (folder / "000001.json").unlink(), "000001.json is missing"),
        (lambda folder: (folder / "000001.json").write_text("{"), "000001.json cannot be read"),
    ],
)
def test_a_damaged_chunk_is_computed_again_alone_and_said_to_be(damage, said, cache, caplog):
    load()
    damage(only_set(cache))
    compute = Computing()
    chunks = load(compute)
    assert compute.asked == [(128, 256)]
    np.testing.assert_array_equal(np.concatenate(chunks), EXPECTED)
    assert f"000001.npy: this part of the cached features is damaged ({said})" in caplog.text
    caplog.clear()
    load(compute)
    assert len(compute.asked) == 1
    assert caplog.text == ""


def test_a_set_without_its_manifest_keeps_its_chunks(cache):
    load()
    (only_set(cache) / "manifest.json").unlink()
    compute = Computing()
    load(compute)
    assert compute.asked == []
    assert json.loads((only_set(cache) / "manifest.json").read_text())["images"] == N


def test_a_computation_that_fails_gives_its_claim_back_and_is_no_failure_to_write(cache):
    def fail(start, stop):
        if start:
            raise OSError("the images cannot be read")
        return EXPECTED[start:stop]

    with pytest.raises(OSError, match="the images cannot be read"):
        load(fail)
    compute = Computing()
    load(compute)
    assert compute.asked == [(128, 256), (256, 300)]


def test_an_interruption_through_note_keeps_what_is_finished():
    def stop(done, total):
        if done == 256:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(note=stop)
    compute = Computing()
    load(compute)
    assert compute.asked == [(256, 300)]


# Another process that computes slowly; it prints what it is asked for.
WORKER = f"""
import sys, time
import numpy as np
from lossbench.store.feature_store import load_chunks
images = [i.to_bytes(16, "big") for i in range({N * 4})]
everything = np.arange({N * 4 * SIZE}, dtype=np.float32).reshape(-1, {SIZE})
def compute(start, stop):
    print(start, flush=True)
    time.sleep(float(sys.argv[1]))
    return everything[start:stop]
print("ready", flush=True)
sys.stdin.readline()
chunks = load_chunks({KEY!r}, images, {SIZE}, compute, lambda *counts: None)
print("same" if np.array_equal(np.concatenate(chunks), everything) else "other", flush=True)
"""
STARTS = list(range(0, 4 * N, CHUNK))


def start(seconds):
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_processes_share_the_work():
    processes = [start(0.3), start(0.3)]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    done = []
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert out.endswith("same\n"), err
        done.append([int(line) for line in out.split()[:-1]])
    assert sorted(done[0] + done[1]) == STARTS  # each chunk once
    assert min(map(len, done)) >= len(STARTS) // 4


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_the_work_of_a_killed_process_is_taken_over_at_once():
    first, second = start(600), start(0)
    first.stdin.write("\n")
    first.stdin.flush()
    assert first.stdout.readline() == "0\n"
    second.stdin.write("\n")
    second.stdin.flush()
    others = [int(second.stdout.readline()) for _ in STARTS[1:]]
    assert others == STARTS[1:]  # all but the one that the first works on
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=60)
    out, err = second.communicate(timeout=60)
    assert out == "0\nsame\n", err


def test_a_claim_of_a_living_process_is_respected(cache):
    """Who waits reads what the other has computed."""
    entered, may_go = threading.Event(), threading.Event()

    def slow(start, stop):
        entered.set()
        assert may_go.wait(60)
        return EXPECTED[start:stop]

    threads = [threading.Thread(target=load, args=(slow,))]
    threads[0].start()
    assert entered.wait(60)
    compute = Computing()
    threads.append(threading.Thread(target=load, args=(compute,)))
    threads[1].start()
    deadline = time.monotonic() + 60
    while len(compute.asked) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    may_go.set()
    for thread in threads:
        thread.join(60)
    assert compute.asked == [(128, 256), (256, 300)]


def mounted(place, options):
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "lossbench-test", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")


def test_a_full_disk_ends_caching_with_one_warning(tmp_path, monkeypatch, caplog):
    """The first chunk finds room, the others do not: the job has all features all the same."""
    place = tmp_path / "disk"
    mounted(place, "size=40k")
    try:
        monkeypatch.setenv("LOSSBENCH_CACHE", str(place))
        images = [i.to_bytes(16, "big") for i in range(4 * CHUNK)]
        expected = np.arange(4 * CHUNK * 20, dtype=np.float32).reshape(-1, 20)
        asked = []

        def compute(start, stop):
            asked.append(start)
            return expected[start:stop]

        chunks = load_chunks(KEY, images, 20, compute, ignore)
        np.testing.assert_array_equal(np.concatenate(chunks), expected)
        assert isinstance(chunks[0], np.memmap)
        assert not isinstance(chunks[-1], np.memmap)
        (record,) = caplog.records
        assert record.getMessage() == (
            f"{place}: features of images cannot be kept here: No space left on device. The job "
            "goes on and keeps them in memory."
        )
        (folder,) = (place / "features").iterdir()
        assert not [path for path in folder.iterdir() if path.name.startswith(".0")]
        del chunks
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_cache_that_may_only_be_read_is_read(tmp_path, monkeypatch, caplog):
    place = tmp_path / "disk"
    mounted(place, "size=1m")
    try:
        monkeypatch.setenv("LOSSBENCH_CACHE", str(place))
        load()
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True, capture_output=True)
        compute = Computing()
        np.testing.assert_array_equal(np.concatenate(load(compute)), EXPECTED)
        assert compute.asked == []
        assert caplog.text == ""
        found = load_chunks({"other": 1}, IMAGES, SIZE, compute, ignore)
        np.testing.assert_array_equal(np.concatenate(found), EXPECTED)
        assert "cannot be kept here: Read-only file system" in caplog.text
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_cache_that_is_no_folder_is_done_without(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "file"))
    np.testing.assert_array_equal(np.concatenate(load()), EXPECTED)
    assert caplog.messages == [
        f"{tmp_path}/file: features of images cannot be kept here: Not a directory. The job goes "
        "on and keeps them in memory."
    ]


def let_go():
    """Use nothing any longer, as if this process had ended."""
    for handle in sets._held.values():
        os.close(handle)
    sets._held.clear()


def gib(size):
    return str(size / 2**30)


def test_what_was_used_longest_ago_makes_room(cache, monkeypatch):
    def other(number):
        load_chunks({"number": number}, IMAGES, SIZE, Computing(), ignore)

    other(1)
    (first,) = cache.iterdir()
    size = caching.size_of(first)
    monkeypatch.setenv("LOSSBENCH_CACHE_LIMIT", gib(2.5 * size))
    let_go()
    other(2)
    (second,) = set(cache.iterdir()) - {first}
    os.utime(second / "manifest.json", (time.time() - 100,) * 2)
    let_go()
    other(3)
    assert first in cache.iterdir()
    assert second not in cache.iterdir()


def test_what_is_in_use_is_not_removed_and_the_rest_is_kept_in_memory(cache, monkeypatch, caplog):
    load()
    size = caching.size_of(only_set(cache))
    monkeypatch.setenv("LOSSBENCH_CACHE_LIMIT", gib(1.5 * size))
    found = load_chunks({"number": 2}, IMAGES, SIZE, Computing(), ignore)
    np.testing.assert_array_equal(np.concatenate(found), EXPECTED)
    assert len(list(cache.iterdir())) == 1
    (warning,) = caplog.messages
    assert re.search("besides what is in use LOSSBENCH_CACHE_LIMIT leaves less of", warning)


def test_a_limit_that_is_no_size_is_an_error(monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE_LIMIT", "20GB")
    with pytest.raises(DataError) as caught:
        load()
    assert str(caught.value) == (
        "LOSSBENCH_CACHE_LIMIT: '20GB' is no size; a number of GiB above 0 is accepted. Leave it "
        "out for 20 GiB."
    )


def test_what_killed_processes_left_beside_goes_after_an_hour(cache):
    load()
    left = cache / ".abc.1234"
    left.mkdir()
    load_chunks({"number": 2}, IMAGES, SIZE, Computing(), ignore)
    assert left.exists()
    os.utime(left, (time.time() - 7200,) * 2)
    load_chunks({"number": 3}, IMAGES, SIZE, Computing(), ignore)
    assert not left.exists()
