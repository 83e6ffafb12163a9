"""What every executor promises, with real processes: one set of tests for all of them."""

import importlib
import itertools
import signal
import time

import pytest

from lossbench import store
from lossbench.executors import Limits

EVERYTHING = {
    "grows": "grows",
    "fine": "fine",
    "after": "after",
    "wrong": "wrong",
    "dies_once": "dies_once",
    "fine_too": "fine",
    "fine_again": "fine",
    "done": "fine",
}


@pytest.fixture(scope="module", params=["local", "ray"])
def run_jobs(request):
    if request.param == "ray":
        pytest.importorskip("ray", reason='needs pip install "lossbench[ray]"')
    return importlib.import_module(f"lossbench.executors.{request.param}").run_jobs


@pytest.fixture(scope="module")
def everything(run_jobs, tmp_path_factory, make_work):
    """One run of jobs that do all that a job can do, each allowed a second attempt."""
    folder = tmp_path_factory.mktemp("everything")
    keys = EVERYTHING | {"after": "grows"}  # so that the worker that has grown takes it
    work = [make_work(folder, name, EVERYTHING[name], key=key) for name, key in keys.items()]
    done = store.job_folder(folder, "done")
    store.write_result(done, {"job_id": "done", "status": "ok", "message": None, "attempts": 1})
    idles, handlers = [], {signal.getsignal(signal.SIGTERM)}

    def idle():
        idles.append(time.monotonic())
        handlers.add(signal.getsignal(signal.SIGTERM))

    results = list(
        run_jobs(
            work,
            workers=2,
            threads=1,
            limits=Limits(retries=1, memory_mib=1200),
            stop=folder / "stop",
            idle=idle,
        )
    )
    assert len(handlers) == 1, "what SIGTERM does is the caller's affair"
    return folder, results, idles


def begun(folder, name):
    """In how many processes a job's function was traced, once for its steps and for its probe."""
    return len(set((folder / f"{name}.begun").read_text().split()))


def test_every_job_ends_once(everything):
    _, results, _ = everything
    assert sorted(r["job_id"] for r in results) == sorted(EVERYTHING)
    assert {r["job_id"]: r["status"] for r in results} == {
        "grows": "ok",
        "fine": "ok",
        "after": "ok",
        "wrong": "error",
        "dies_once": "ok",
        "fine_too": "ok",
        "fine_again": "ok",
        "done": "claimed",
    }


def test_each_result_lies_in_the_jobs_folder(everything):
    folder, results, _ = everything
    for result in (r for r in results if r["status"] != "claimed"):
        place = store.job_folder(folder, result["job_id"])
        written = store.read_result(place)
        assert written["status"] == result["status"]
        assert written["message"] == result["message"]
        assert not (place / "progress.json").exists()
        assert not store.verify(place)


def test_equal_jobs_have_equal_numbers_in_whatever_process_they_ran(everything):
    _, results, _ = everything
    found = {r["job_id"]: r.get("metrics") for r in results}
    assert found["fine"]
    assert found["fine"] == found["fine_too"] == found["fine_again"] == found["dies_once"]


def test_a_job_that_was_killed_runs_again_where_allowed(everything):
    folder, results, _ = everything
    attempts = {r["job_id"]: r.get("attempts", 1) for r in results}
    assert attempts == dict.fromkeys(EVERYTHING, 1) | {"dies_once": 2}
    assert begun(folder, "dies_once") == 2


def test_an_error_is_not_repeated(everything):
    folder, results, _ = everything
    (result,) = (r for r in results if r["job_id"] == "wrong")
    assert begun(folder, "wrong") == 1
    assert "this loss is wrong" in result["message"]


def test_a_worker_that_has_grown_too_large_is_replaced_before_its_next_job(everything):
    folder, _, _ = everything
    assert begun(folder, "grows") == begun(folder, "after") == 1
    assert (folder / "grows.begun").read_text() != (folder / "after.begun").read_text()


def test_idle_is_called_several_times_a_second(everything):
    _, _, idles = everything
    gaps = [b - a for a, b in itertools.pairwise(idles)]
    assert len(idles) > 10
    assert max(gaps) < 5.0  # on a busy machine
    assert sorted(gaps)[len(gaps) // 2] < 0.5


@pytest.fixture(scope="module")
def stopped(run_jobs, tmp_path_factory, make_work):
    """One run of two workers, one of which hangs, that is stopped while the other trains."""
    folder = tmp_path_factory.mktemp("stopped")
    work = [
        make_work(folder, "hangs", "hangs", key="a"),
        make_work(folder, "first", "fine", key="b"),
        make_work(folder, "dies", "dies", key="c"),
        make_work(folder, "second", "fine", key="b", seed=1),
        make_work(folder, "long", "fine", key="d", epochs=1_000_000),
        make_work(folder, "never", "fine", key="d"),
    ]
    stop, long = folder / "stop", store.job_folder(folder, "long")

    def idle():
        if store.read_progress(long):
            stop.touch()

    limits = Limits(timeout_s=7.0)  # of each job; the long one is stopped well before
    results = run_jobs(work, workers=2, threads=1, limits=limits, stop=stop, idle=idle)
    return folder, {r["job_id"]: r for r in results}


def test_a_worker_prefers_jobs_of_the_key_that_it_ran_last(stopped):
    _, results = stopped
    order = [name for name in results if name != "hangs"]
    assert order == ["first", "second", "dies", "long"]


def test_a_worker_that_dies_costs_its_own_job_only(stopped):
    folder, results = stopped
    assert {name: r["status"] for name, r in results.items() if name not in ("hangs", "long")} == {
        "first": "ok",
        "second": "ok",
        "dies": "killed",
    }
    assert results["dies"]["message"].startswith("its process ")
    written = store.read_result(store.job_folder(folder, "dies"))
    assert (written["status"], written["attempts"]) == ("killed", 1)


def test_a_job_that_takes_too_long_is_ended(stopped):
    folder, results = stopped
    assert results["hangs"]["status"] == "timeout"
    assert results["hangs"]["message"] == "took longer than 7 s; see log.txt"
    written = store.read_result(store.job_folder(folder, "hangs"))
    assert (written["status"], written["attempts"]) == ("timeout", 1)


def test_after_a_stop_running_jobs_are_interrupted_and_no_other_starts(stopped):
    folder, results = stopped
    assert results["long"]["status"] == "interrupted"
    assert "never" not in results
    for name in ("long", "never"):
        assert store.read_result(store.job_folder(folder, name)) is None
    assert not (store.job_folder(folder, "never") / "log.txt").exists()


def test_a_job_that_is_finished_already_is_only_mentioned(everything):
    folder, results, _ = everything
    assert {"job_id": "done", "status": "claimed"} in results
    assert store.read_result(store.job_folder(folder, "done"))["status"] == "ok"


def test_nothing_to_do_ends_at_once(run_jobs, tmp_path):
    stop = tmp_path / "stop"
    none = run_jobs([], workers=2, threads=1, limits=Limits(), stop=stop, idle=lambda: None)
    assert list(none) == []
