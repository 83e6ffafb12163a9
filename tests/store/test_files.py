import json
import math
import os

import pytest

from lossbench import store
from lossbench.errors import StoreError


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "a" / "b.txt"
    store.write_whole(path, "old")

    def full_disk(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(StoreError, match="No space left on device"):
        store.write_whole(path, "new, and much longer")
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"], "nothing is left beside it"


def test_json_has_no_nan(tmp_path):
    store.write_json(tmp_path / "x.json", {"a": math.nan, "b": [math.inf, 1.5], "c": {"d": None}})
    assert json.loads((tmp_path / "x.json").read_text()) == {
        "a": None,
        "b": [None, 1.5],
        "c": {"d": None},
    }


def test_csv_keeps_full_precision_and_quotes():
    text = store.csv_text(("a", "b"), [{"a": 0.1 + 0.2, "b": 'x,"y"'}, {"a": None}])
    assert text == 'a,b\n0.30000000000000004,"x,""y"""\n,\n'
