"""What the cache holds, who uses it, and what goes when it grows too large."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from lossbench import caching
from lossbench.caching import sets
from lossbench.datasets.cache import cached


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    for handle in sets._held.values():
        os.close(handle)
    sets._held.clear()


def put(cache, kind, name, size=1000, days=1.0, **manifest):
    """Make a folder that nobody uses."""
    folder = cache / kind / name
    folder.mkdir(parents=True)
    (folder / "data.npy").write_bytes(bytes(size))
    (folder / "manifest.json").write_text(json.dumps(manifest))
    if kind == "features":
        (folder / "complete").touch()
    os.utime(folder / "manifest.json", (time.time() - days * 86_400,) * 2)
    return folder


def limit(monkeypatch, size):
    monkeypatch.setenv("LOSSBENCH_CACHE_LIMIT", str(size / 2**30))


def names():
    return [one.path.name for one in caching.kept()]


def test_an_empty_cache_holds_nothing(cache):
    assert caching.kept() == []
    assert caching.make_room(0)


def test_what_was_used_last_comes_first(cache):
    put(cache, "decoded", "a", days=2, key={"what": "npz"}, about={"data": "mnist"})
    put(cache, "features", "b", days=3, images=7, about={"network": "x"})
    put(cache, "decoded", "c", days=1, key={"sound": 12, "what": "images"})
    found = caching.kept()
    assert [(one.path.name, one.kind, one.images) for one in found] == [
        ("c", "decoded", 12),
        ("a", "decoded", None),
        ("b", "features", 7),
    ]
    assert dict(found[1].about) == {"data": "mnist"}
    assert not any(one.in_use for one in found)
    assert [one.path.name for one in caching.kept(["features"])] == ["b"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"about": 3, "bytes": "x"}'])
def test_a_damaged_manifest_does_no_harm(cache, text):
    folder = put(cache, "decoded", "a")
    (folder / "manifest.json").write_text(text)
    (one,) = caching.kept()
    assert one.size >= 1000
    assert dict(one.about) == {}
    assert caching.remove(one)
    assert not folder.exists()


def test_what_is_unfinished_counts_with_its_later_size(cache):
    folder = put(cache, "features", "a", bytes=50_000)
    (folder / "complete").unlink()
    (one,) = caching.kept()
    assert (one.size, one.is_complete) == (50_000, False)


def test_use_makes_something_young_and_safe(cache, monkeypatch):
    old, young = put(cache, "decoded", "old", days=9), put(cache, "decoded", "young")
    assert caching.use(old)
    assert names() == ["old", "young"]
    limit(monkeypatch, 500)
    assert not caching.make_room(0)
    assert names() == ["old"]
    assert not young.exists()


def test_the_oldest_goes_first_and_only_as_much_as_must(cache, monkeypatch):
    for days in (1, 2, 3, 4):
        put(cache, "decoded" if days % 2 else "features", f"{days}", days=days)
    limit(monkeypatch, 4500)
    assert caching.make_room(2000)
    assert names() == ["1", "2"]
    assert sorted(path.name for path in cache.rglob("*") if path.name.startswith(".")) == []


def test_what_is_not_there_cannot_be_used(cache):
    assert not caching.use(cache / "decoded" / "a")
    folder = put(cache, "decoded", "a")
    (folder / "manifest.json").unlink()
    assert not caching.use(folder)


def test_a_folder_made_anew_is_the_one_that_is_used(cache):
    folder = put(cache, "decoded", "a")
    assert caching.use(folder)
    shutil.rmtree(folder)
    assert not caching.use(folder)
    put(cache, "decoded", "a")
    (one,) = caching.kept()
    assert not one.in_use
    assert caching.use(folder)
    assert one.in_use


USER = """
import sys
from pathlib import Path
from lossbench import caching
print(caching.use(Path(sys.argv[1])), flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(os.name != "posix", reason="locks")
def test_what_another_process_uses_stays_until_it_has_ended(cache):
    folder = put(cache, "features", "a")
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert user.stdout.readline() == "True\n"
    (one,) = caching.kept()
    assert one.in_use
    assert not caching.remove(one)
    assert folder.exists()
    user.send_signal(signal.SIGKILL)
    user.communicate(timeout=60)
    assert not one.in_use
    assert caching.remove(one)
    assert not folder.exists()


def test_without_locks_the_last_day_counts_as_in_use(cache, monkeypatch):
    monkeypatch.setattr(sets, "fcntl", None)
    put(cache, "decoded", "today", days=0.5)
    put(cache, "decoded", "before", days=2)
    assert [one.in_use for one in caching.kept()] == [True, False]


def test_decoded_data_keep_within_the_limit(cache, monkeypatch, caplog):
    old = put(cache, "features", "old", size=5000)

    def make(folder):
        (folder / "a.npy").write_bytes(bytes(3000))

    limit(monkeypatch, 6000)
    made = cached({"x": 1}, make, {"data": "mine"})
    assert not old.exists()
    assert [(one.path, dict(one.about)) for one in caching.kept()] == [(made, {"data": "mine"})]
    assert caplog.text == ""
    limit(monkeypatch, 2000)
    assert cached({"x": 2}, make).exists()
    assert made.exists()
    assert "takes more than LOSSBENCH_CACHE_LIMIT allows" in caplog.text
