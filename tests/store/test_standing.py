"""Finished, running, failed, missing, damaged; and what a user reads of it."""

import json

import pytest

from lossbench import store
from lossbench.reporting.status import duration, status_json, status_text


def place(folder, loss, seed):
    return store.job_folder(folder, f"made-mnist_mini-{loss}-{seed}")


@pytest.fixture
def runs(make_runs):
    """Six finished jobs, sealed; one that failed, one missing, one that cannot be read."""
    error = {"status": "error", "message": "the loss raised RuntimeError: no idea"}
    folder = make_runs(
        {"cross_entropy": [0.9, 0.8, float("nan")], "focal": [0.9, 0.8, 0.9], "mae": [error, None]}
    )
    for loss in ("cross_entropy", "focal"):
        for seed in range(3):
            job = place(folder, loss, seed)
            store.write_whole(job / "steps.csv", "step,loss\n1,0.5\n")
            store.write_result(job, store.read_result(job) | {"seconds_total": 30.0})
    return folder


def test_every_job_is_in_one_place(runs):
    standing = store.read_standing(runs)
    assert [run.loss for run in standing.finished] == ["cross_entropy"] * 3 + ["focal"] * 3
    assert [run.status for run in standing.failed] == ["error"]
    assert [(run.loss, run.seed) for run in standing.missing] == [("mae", 1)]
    assert standing.running == () and standing.damaged == () and standing.seconds_left is None
    first, rest = status_text([standing]).split("\n  finished")
    assert " ".join(first.split()) == f"made: 6 of 8 jobs finished (75%), in {runs}"
    assert rest == (
        "      6   ok 5, nan 1\n"
        "  running       0\n"
        "  failed        1   error 1\n"
        "    mae, seed 0 (made-mnist_mini-mae-0): error: the loss raised RuntimeError: no\n"
        "      idea\n"
        "  missing       1\n"
    )


def test_running_jobs_say_where_and_how_far_and_how_long_it_takes(runs):
    progress = {"epoch": 1, "step": 5, "steps_per_epoch": 10, "metric": 0.81234}
    store.write_json(place(runs, "mae", 1) / "progress.json", progress)
    with store.claim(place(runs, "mae", 1)):
        standing = store.read_standing(runs)
        (job,) = standing.running
        assert (job.epochs_done, job.share, job.metric) == (1, 0.5, 0.81234)
        assert standing.missing == ()
        # half of one job and one that failed, 30 s each, one at a time
        assert standing.seconds_left == pytest.approx(45)
        text = status_text([standing])
        assert "mae, seed 1: epoch 2/3, accuracy 0.8123, on " in text
        assert f":{job.holder.pid}\n" in text and "about 45 s left with one job" in text
        with store.claim(place(runs, "mae", 0)):  # it failed and runs again
            standing = store.read_standing(runs)
            assert len(standing.running) == 2 and standing.failed == ()
            assert standing.seconds_left == pytest.approx(30), "not shorter than its longest job"
        data = json.loads(status_json([standing]))["experiments"][0]
        assert data["finished"] == {"ok": 5, "nan": 1} and len(data["running"]) == 2
        assert data["running"][1]["value"] == 0.81234


@pytest.mark.parametrize("text", ["{", "[]", '{"epoch": null, "step": "x"}', '{"epoch": 99}'])
def test_odd_progress_does_no_harm(runs, text):
    (place(runs, "mae", 1)).mkdir(parents=True)
    (place(runs, "mae", 1) / "progress.json").write_text(text)
    with store.claim(place(runs, "mae", 1)):
        standing = store.read_standing(runs)
        assert len(standing.running) == 1
        assert "mae, seed 1: epoch " in status_text([standing])


def test_check_names_what_must_be_done_again(runs):
    assert store.read_standing(runs, check=True).damaged == ()
    (place(runs, "focal", 1) / "steps.csv").write_text("step,loss\n1,0.6\n")
    (place(runs, "focal", 2) / "result.json").write_text("{")
    assert len(store.read_standing(runs).damaged) == 1, "what cannot be read is seen anyway"
    standing = store.read_standing(runs, check=True)
    assert [damage.run.seed for damage in standing.damaged] == [1, 2]
    assert len(standing.finished) == 4
    text = status_text([standing])
    assert "  damaged       2\n" in text
    assert "focal, seed 1 (made-mnist_mini-focal-1) must be done again:" in text
    assert "steps.csv: is not what the job wrote" in " ".join(text.split())
    assert f"lossbench clean --damaged {runs}\n" in text
    with store.leases.acquire(place(runs, "focal", 2)):
        standing = store.read_standing(runs, check=True)
        assert len(standing.running) == 1 and len(standing.damaged) == 1


def test_results_without_hashes_cannot_be_verified(make_runs):
    standing = store.read_standing(make_runs({"focal": [0.9, 0.8]}), check=True)
    assert standing.unverified == 2 and standing.damaged == ()
    assert "2 finished without hashes" in status_text([standing])


def test_text_fits_80_columns_but_for_names(runs):
    for standing in (store.read_standing(runs), store.read_standing(runs, check=True)):
        for line in status_text([standing]).splitlines():
            assert len(line) <= 80 or str(runs) in line


def test_many_failures_are_summed_up(make_runs):
    error = {"status": "oom", "message": "ran out of memory; see log.txt"}
    text = status_text([store.read_standing(make_runs({"mae": [error] * 14}))])
    assert "failed       14   oom 14" in text and "and 4 more" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.24, "4.2 s"), (59, "59 s"), (190, "3 min 10 s"), (7500, "2 h 5 min")],
)
def test_durations_are_said_as_people_do(seconds, text):
    assert duration(seconds) == text


def test_trials_are_counted_apart(make_runs):
    folder = make_runs({"cross_entropy": [0.9], "trial": [0.9, None, 0.8]})
    plan = (folder / "plan.csv").read_text().splitlines(keepends=True)
    (folder / "plan.csv").write_text("".join(line for line in plan if "trial" not in line))
    ids = [f"made-mnist_mini-trial-{seed}" for seed in range(3)]
    rows = [{"job_id": job_id, "status": "missing"} for job_id in ids]
    rows[2]["status"] = "error"  # as a finished round has it
    store.write_whole(folder / "tuning.csv", store.csv_text(store.TUNING_COLUMNS, rows))
    found = store.read_standing(folder)
    assert len(found.finished) == 1
    assert found.trials == store.Trials(asked=3, finished=1, failed=1, running=0, over=True)
    (folder / "tuning.csv").unlink()
    assert store.read_standing(folder).trials is None
