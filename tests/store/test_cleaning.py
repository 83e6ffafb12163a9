import json
import os
import time

import pytest

from lossbench import store
from lossbench.store import leases, processes

HOUR = 3600


@pytest.fixture
def runs(make_runs):
    """Three finished jobs of cross_entropy, of which the plan names two; focal has one missing."""
    folder = make_runs({"cross_entropy": [0.9, 0.8], "focal": [0.9, None], "old": [0.9]})
    plan = (folder / "plan.csv").read_text().splitlines(keepends=True)
    (folder / "plan.csv").write_text("".join(line for line in plan if "old" not in line))
    return folder


def place(folder, loss, seed=0):
    return store.job_folder(folder, f"made-mnist_mini-{loss}-{seed}")


def put(path, content="x", age=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def kinds(found):
    return sorted((item.kind, item.path.name) for item in found)


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def clean(folder, **options):
    return [store.remove(item) for item in store.leftovers(folder, **options)]


def test_a_job_of_an_earlier_plan_goes_with_all_its_files(runs):
    job = place(runs, "old")
    put(job / "saved" / "deep" / "a.bin", "x" * 1000)
    put(job / "lease.3", json.dumps(processes.identity() | {"process_started": 1}))
    (item,) = store.leftovers(runs)
    assert (item.kind, item.path) == ("job", job) and item.size > 1000
    before = [name for name in tree(runs) if "old" not in name]
    assert store.remove(item) and tree(runs) == before
    assert store.leftovers(runs) == [] and store.remove(item)


def test_what_a_crash_left_behind_goes_and_the_rest_stays(runs):
    before = tree(runs)
    dead = json.dumps(processes.identity() | {"process_started": 1})
    put(runs / ".plan.csv.abcd_123", age=2 * HOUR)
    put(runs / ".report.html.abcd_125", age=2 * HOUR)
    put(runs / ".runs.csv.abcd_124", age=HOUR / 2)
    put(runs / ".gitignore", age=2 * HOUR)
    put(place(runs, "focal", 1) / "lease.1", dead)
    put(place(runs, "focal", 1) / "lease.2", dead)
    put(place(runs, "focal", 1) / "progress.json")
    put(place(runs, "focal", 1) / "checkpoint.npz")
    put(place(runs, "focal", 0) / ".steps.csv.abcdefgh", age=2 * HOUR)
    put(place(runs, "focal", 0) / ".lease.abcdefgh", age=2 * HOUR)
    put(place(runs, "focal", 0) / "checkpoint.npz")
    put(place(runs, "focal", 0) / "checkpoint" / "weights")
    put(place(runs, "focal", 0) / "notes.md", age=2 * HOUR)
    put(runs / "jobs" / "my own" / "notes.md")
    found = store.leftovers(runs)
    assert kinds(found) == [
        ("checkpoint", "checkpoint"),
        ("checkpoint", "checkpoint.npz"),
        ("job", place(runs, "old").name),
        ("lease", "lease.1"),
        ("lease", "lease.2"),
        ("progress", "progress.json"),
        ("write", ".lease.abcdefgh"),
        ("write", ".plan.csv.abcd_123"),
        ("write", ".report.html.abcd_125"),
        ("write", ".steps.csv.abcdefgh"),
    ]
    assert all(clean(runs))
    unfinished = place(runs, "focal", 1)
    kept = {".runs.csv.abcd_124", ".gitignore", "jobs/my own", "jobs/my own/notes.md"}
    kept |= {f"jobs/{place(runs, 'focal').name}/notes.md"}
    kept |= {f"jobs/{unfinished.name}", f"jobs/{unfinished.name}/checkpoint.npz"}
    assert set(tree(runs)) == {name for name in before if "old" not in name} | kept


def test_a_job_that_somebody_works_on_is_left_alone(runs):
    put(place(runs, "old") / "progress.json")
    with leases.acquire(place(runs, "old")):
        assert store.leftovers(runs) == []
    (item,) = store.leftovers(runs)
    with leases.acquire(place(runs, "old")):
        assert not store.remove(item), "somebody came between the look and the removal"
    assert (place(runs, "old") / "result.json").is_file()


def test_no_link_is_followed(runs, tmp_path):
    outside = put(tmp_path / "outside" / "result.json").parent
    put(outside / "progress.json")
    os.symlink(outside, runs / "jobs" / "linked")
    os.symlink(outside, place(runs, "old") / "linked")
    os.symlink(outside / "progress.json", place(runs, "focal") / "progress.json")
    os.symlink(outside, place(runs, "focal") / "checkpoint")
    assert kinds(store.leftovers(runs)) == [("job", place(runs, "old").name)]
    assert all(clean(runs))
    assert tree(outside) == ["progress.json", "result.json"]
    assert not place(runs, "old").exists()


def test_jobs_in_another_place_are_left_alone(runs, tmp_path):
    (runs / "jobs").rename(tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", runs / "jobs")
    assert store.leftovers(runs) == []


def test_a_plan_without_jobs_condemns_none(runs):
    plan = (runs / "plan.csv").read_text().splitlines(keepends=True)
    (runs / "plan.csv").write_text(plan[0])
    assert store.leftovers(runs) == []


def test_damaged_results_go_on_request_so_that_the_next_run_repeats_them(runs):
    put(place(runs, "focal") / "steps.csv", "good")
    store.write_result(place(runs, "focal"), store.read_result(place(runs, "focal")))
    put(place(runs, "focal") / "steps.csv", "evil")
    put(place(runs, "cross_entropy") / "result.json", "{")
    assert "damaged" not in {item.kind for item in store.leftovers(runs)}
    found = [i for i in store.leftovers(runs, damaged=True) if i.kind == "damaged"]
    assert {item.job for item in found} == {place(runs, "focal"), place(runs, "cross_entropy")}
    assert all(store.remove(item) for item in found)
    standing = store.read_standing(runs, check=True)
    assert len(standing.missing) == 3 and standing.damaged == ()


def test_a_failure_is_forgotten_but_never_a_result(runs):
    failed = place(runs, "focal", 1)
    store.write_result(failed, {"job_id": failed.name, "status": "killed"})
    with leases.acquire(failed):
        store.forget_failure(failed)
        assert store.read_result(failed)["status"] == "killed", "somebody works on it"
    for job in (failed, place(runs, "focal", 0), runs / "jobs" / "never begun"):
        store.forget_failure(job)
    assert store.read_result(failed) is None and tree(failed) == []
    assert store.read_result(place(runs, "focal", 0))["status"] == "ok"


def trials(folder, *losses):
    """Write a table of trials that names the jobs of some losses."""
    table = [{"job_id": place(folder, loss).name, "status": "ok"} for loss in losses]
    text = store.csv_text(store.TUNING_COLUMNS, table)
    store.write_whole(folder / "tuning.csv", text)


def test_trials_are_no_leftovers(runs):
    assert kinds(store.leftovers(runs)) == [("job", place(runs, "old").name)]
    trials(runs, "old")
    assert store.leftovers(runs) == []
    assert store.read_experiment(runs).older == 0


def test_while_tuning_goes_on_nothing_counts_as_a_leftover_job(runs):
    store.write_whole(runs / "plan.csv", store.csv_text(store.PLAN_COLUMNS, []))
    trials(runs, "old")
    assert store.leftovers(runs) == []


def test_controls_are_no_leftovers(make_runs):
    folder = make_runs({"cross_entropy": [0.9], "control": [0.9]})
    plan = (folder / "plan.csv").read_text().splitlines(keepends=True)
    text = "".join(
        line.replace(",yes,", ",control,") if "control" in line else line for line in plan
    )
    (folder / "plan.csv").write_text(text)
    assert [run.control for run in store.read_experiment(folder).runs] == [False, True]
    assert store.leftovers(folder) == []
