from lossbench import store
from lossbench.reporting.status import status_json, status_text


def test_jobs_are_told_apart_by_every_axis_on_which_they_differ(make_runs):
    failed = {"status": "error", "message": "broken", "metrics": []}
    folder = make_runs({"32": [0.9, failed], "128": [0.9, 0.9]}, factor="batch_size")
    standing = store.read_standing(folder)
    assert "cross_entropy, batch 32, seed 1 (" in status_text([standing])
    assert '"batch_size": "32"' in status_json([standing])


def test_what_is_alike_for_all_jobs_is_not_named(make_runs):
    failed = {"status": "error", "message": "broken", "metrics": []}
    folder = make_runs({"cross_entropy": [0.9, failed]}, schedule="cosine", backend="torch")
    assert "cross_entropy, seed 1 (" in status_text([store.read_standing(folder)])
