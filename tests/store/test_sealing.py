import json
import math

import pytest

from lossbench import store


@pytest.fixture
def job(tmp_path):
    """A finished job's folder, sealed."""
    folder = tmp_path / "a1b2"
    for name in ("job.json", "epochs.csv", "steps.csv", "predictions.npz", "model.keras"):
        store.write_whole(folder / name, name * 100)
    store.write_whole(folder / "log.txt", "not sealed: a log may be cut")
    about = {"job_id": "a1b2", "status": "ok", "é": [0.1 + 0.2, math.nan], "nested": {"b": (1, 2)}}
    store.write_result(folder, about)
    return folder


def test_what_was_written_is_whole(job):
    result = store.read_result(job)
    assert store.is_sealed(result) and store.verify(job) == []
    assert sorted(result["files"]) == [
        "epochs.csv",
        "job.json",
        "model.keras",
        "predictions.npz",
        "steps.csv",
    ]
    # printf 'job.json%.0s' {1..100} | sha256sum
    assert result["files"]["job.json"].startswith("33a536d7ac")
    assert result["é"] == [0.1 + 0.2, None] and result["nested"] == {"b": [1, 2]}


def test_it_returns_what_it_wrote(job):
    written = store.write_result(job, {"job_id": "a1b2", "status": "ok", 1: None})
    assert written == store.read_result(job) and store.verify(job) == []


@pytest.mark.parametrize("name", ["job.json", "steps.csv", "predictions.npz", "model.keras"])
def test_one_byte_is_noticed(job, name):
    content = bytearray((job / name).read_bytes())
    content[17] ^= 1
    (job / name).write_bytes(content)
    (sentence,) = store.verify(job)
    assert name in sentence and "changed or cut off" in sentence


def test_every_damaged_file_is_named(job):
    (job / "steps.csv").write_text("")
    (job / "predictions.npz").unlink()
    (job / "log.txt").unlink()
    cut, missing = sorted(store.verify(job), reverse=True)
    assert "steps.csv: is not what the job wrote" in cut
    assert "predictions.npz: is missing" in missing


def test_a_changed_result_is_noticed_but_not_its_form(job):
    path = job / "result.json"
    result = json.loads(path.read_text())
    path.write_text(json.dumps(dict(reversed(result.items()))))
    assert store.verify(job) == []
    path.write_text(path.read_text().replace('"ok"', '"nan"'))
    (sentence,) = store.verify(job)
    assert "result.json: was changed after it was written" in sentence


def test_a_truncated_result_is_damaged(job):
    path = job / "result.json"
    path.write_bytes(path.read_bytes()[:-20])
    (sentence,) = store.verify(job)
    assert "result.json: is damaged" in sentence


def test_a_result_of_an_earlier_version_cannot_be_verified_and_is_not_damaged(job):
    store.write_json(job / "result.json", {"job_id": "a1b2", "status": "ok"})
    assert not store.is_sealed(store.read_result(job))
    assert store.verify(job) == []


def test_nothing_there_is_not_damage(tmp_path):
    assert store.verify(tmp_path) == [] and store.file_hashes(tmp_path) == {}
