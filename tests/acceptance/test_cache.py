"""`lossbench cache` as users type it."""

import json
import os
import time

import pytest


@pytest.fixture
def with_cache(lossbench, tmp_path):
    """The command with two things in its cache: old features and young decoded data."""
    lossbench.env["LOSSBENCH_CACHE"] = str(tmp_path / "cache")
    for kind, name, content in (
        ("features", "a", {"about": {"data": "cifar10", "network": "keras_file"}, "images": 4000}),
        ("decoded", "b", {"about": {"data": "/home/me/photos"}}),
    ):
        folder = tmp_path / "cache" / kind / name
        folder.mkdir(parents=True)
        (folder / "x.npy").write_bytes(bytes(3 * 2**20))
        (folder / "manifest.json").write_text(json.dumps(content))
    (tmp_path / "cache" / "features" / "a" / "complete").touch()
    os.utime(tmp_path / "cache" / "features" / "a" / "manifest.json", (time.time() - 3e6,) * 2)
    return lossbench


def test_it_shows_what_is_there_and_clears_what_is_old(with_cache, tmp_path):
    out, _ = with_cache("cache")
    first, _, *lines = out.splitlines()
    assert first == f"{tmp_path}/cache: 6.0 MiB of at most 20.0 GiB"
    assert [line.split() for line in lines] == [
        ["decoded", "3.0", "MiB", "now", "/home/me/photos"],
        ["features", "3.0", "MiB", "4000", "35", "days", "ago", "cifar10,", "keras_file"],
    ]
    data = json.loads(with_cache("cache", "--json")[0])
    assert [one["kind"] for one in data["kept"]] == ["decoded", "features"]
    assert data["limit_bytes"] == 20 * 2**30

    with_cache("cache", "clear", "--older-than", 30, "--dry-run")
    assert (tmp_path / "cache" / "features" / "a").exists()
    _, err = with_cache("cache", "clear", code=2)
    assert "nothing was removed: nobody answered; give --yes or --dry-run." in err
    out, _ = with_cache("cache", "clear", "--older-than", 30, "--yes")
    assert out.endswith("Removed 3.0 MiB.\n")
    assert not (tmp_path / "cache" / "features" / "a").exists()
    assert (tmp_path / "cache" / "decoded" / "b").exists()
    out, _ = with_cache("cache", "clear", "--kind", "features")
    assert out == f"{tmp_path}/cache: nothing to remove\n"
    with_cache("cache", "clear", "-y")
    assert with_cache("cache")[0] == f"{tmp_path}/cache: 0 bytes of at most 20.0 GiB\n"
    assert f"{'cache':20}{tmp_path}/cache: 0 bytes" in with_cache("doctor")[0]


def test_wrong_input_is_told(with_cache):
    _, err = with_cache("cache", "clear", "--kind", "feature", code=2)
    assert "'feature' is not one of 'features', 'decoded', 'all'" in err
    with_cache.env["LOSSBENCH_CACHE_LIMIT"] = "20GB"
    assert with_cache("cache", code=2)[1] == (
        "LOSSBENCH_CACHE_LIMIT: '20GB' is no size; a number of GiB above 0 is accepted. Leave it "
        "out for 20 GiB.\n"
    )
