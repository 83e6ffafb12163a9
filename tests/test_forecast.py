"""Forecasts: two jobs by hand, what must hold for all, and what is read from run folders."""

import itertools
import random

import pytest

from lossbench.forecast import Kind, Planned, Timing, predict, read_timings, time_left
from lossbench.forecast.predicting import START_S, makespan

KIND = Kind("digits", "net", "focal", batch_size=100, n_train=1000, pixels=784, epochs=4)
TIMING = Timing(
    job_id="earlier",
    dataset="digits",
    model="net",
    loss="focal",
    batch_size=100,
    n_train=1000,
    pixels=784,
    fixed_s=2.0,
    trace_s=1.0,
    step_ms=100.0,
    eval_s=0.5,
    memory_mib=300.0,
    disk_mib=3.0,
)


def change(what, **changes):
    return type(what)(**{**vars(what), **changes})


def plan_of(*kinds, key=None):
    return [Planned(f"j{i}", key or f"k{i}", kind) for i, kind in enumerate(kinds)]


def seconds_of(kind, *timings):
    return predict(plan_of(kind), timings, workers=1).seconds["j0"]


def test_two_jobs_by_hand():
    # 1000 images / 100 = 10 steps of 0.1 s and 0.5 s of evaluation: 1.5 s an epoch, 6 s for four;
    # with 2 s besides 8 s; the first of the graph traces for 1 s: 9 s.
    jobs = plan_of(KIND, KIND, key="same graph")
    two = predict(jobs, [TIMING], workers=2)
    assert two.seconds == {"j0": pytest.approx(9.0), "j1": pytest.approx(8.0)}
    assert two.wall_s == pytest.approx(START_S + 9.0)
    assert (two.memory_mib, two.disk_mib) == (600.0, 6.0)
    assert (two.jobs, two.finished, two.unknown, two.earlier_jobs, two.measured) == (2, 0, 0, 1, 0)
    assert predict(jobs, [TIMING], workers=1).wall_s == pytest.approx(START_S + 17.0)
    rest = predict(jobs, [TIMING], workers=2, finished={"j0"})
    assert rest.seconds == {"j1": pytest.approx(9.0)} and rest.memory_mib == 300.0
    assert predict(jobs, [TIMING], workers=2, finished={"j0", "j1"}).wall_s == 0.0


def test_the_longest_job_bounds_the_whole():
    assert makespan([8.0, 1.0, 1.0], workers=4) == 8.0
    assert makespan([2.0, 2.0, 2.0], workers=2) == 4.0  # and not 3: a job is not divided
    assert makespan([], workers=2) == 0.0


def test_nearest_evidence_wins():
    other_loss = change(TIMING, loss="brier", step_ms=200.0)
    # The step is that of the same loss; what surrounds training is the mean of both.
    assert seconds_of(KIND, TIMING, other_loss) == pytest.approx(9.0)
    assert seconds_of(KIND, other_loss) == pytest.approx(3.0 + 4 * 2.5)
    other_data = change(TIMING, dataset="else", step_ms=500.0)
    assert seconds_of(KIND, other_data, TIMING) == pytest.approx(9.0)
    measured = change(TIMING, loss="brier", step_ms=10.0, measured=True)
    assert seconds_of(KIND, TIMING, measured) == pytest.approx(3.0 + 4 * 0.6)


def test_another_backend_is_no_evidence():
    on_torch = change(TIMING, backend="torch", step_ms=500.0)
    assert seconds_of(KIND, on_torch, TIMING) == pytest.approx(9.0)
    assert seconds_of(KIND, on_torch) is None
    assert seconds_of(change(KIND, backend="torch"), on_torch) == pytest.approx(3.0 + 4 * 5.5)


def test_the_same_network_on_other_data_is_scaled_by_pixels_and_images():
    earlier = change(TIMING, dataset="small", pixels=392, n_train=500)
    # Twice the pixels: a step takes 0.2 s, and there are ten; validation has twice the images too.
    assert seconds_of(KIND, earlier) == pytest.approx(3.0 + 4 * (10 * 0.2 + 0.5 * 2 * 2))
    assert seconds_of(KIND, change(earlier, pixels=None)) is None
    assert seconds_of(KIND, change(TIMING, model="other")) is None


def test_another_batch_size_costs_as_much_an_image():
    assert seconds_of(change(KIND, batch_size=50), TIMING) == pytest.approx(9.0)


def test_without_evidence_nothing_is_said():
    found = predict(plan_of(KIND, KIND), [], workers=2)
    assert (found.wall_s, found.memory_mib, found.disk_mib, found.unknown) == (None, None, None, 2)
    some = predict(plan_of(KIND, change(KIND, model="other")), [TIMING], workers=2)
    assert some.wall_s == pytest.approx(START_S + 9.0) and some.unknown == 1
    assert time_left(some, {}) is None
    assert time_left(some, {"j1": 1.0, "j0": 0.5}) == pytest.approx(4.5)


@pytest.mark.parametrize("seed", range(50))
def test_more_work_takes_longer_and_more_workers_do_not(seed):
    rng = random.Random(seed)

    def some_timing(number):
        return change(
            TIMING,
            job_id=f"e{number}",
            dataset=rng.choice("ab"),
            loss=rng.choice("xyz"),
            pixels=rng.choice([None, 64, 784]),
            batch_size=rng.choice([32, 100]),
            fixed_s=rng.uniform(0, 9),
            trace_s=rng.choice([0.0, rng.uniform(0, 5)]),
            step_ms=rng.uniform(1, 99),
            eval_s=rng.uniform(0, 3),
        )

    def some_kind():
        return change(
            KIND, dataset=rng.choice("abc"), loss=rng.choice("xyz"), epochs=rng.randint(1, 9)
        )

    timings = [some_timing(i) for i in range(rng.randint(1, 8))]
    kinds = [some_kind() for _ in range(rng.randint(1, 12))]
    jobs = [Planned(f"j{i}", f"{kind}", kind) for i, kind in enumerate(kinds)]
    longer = [
        change(job, kind=change(job.kind, epochs=job.kind.epochs + rng.randint(0, 5)))
        for job in jobs
    ]

    def wall(jobs, workers, finished=()):
        return predict(jobs, timings, workers=workers, finished=finished).wall_s or 0.0

    walls = [wall(jobs, workers) for workers in range(1, 7)]
    assert all(a >= b - 1e-9 for a, b in itertools.pairwise(walls)), "more workers never slower"
    some = {job.job_id for job in jobs if rng.random() < 0.5}
    for workers in (1, 2, 5):
        whole = wall(jobs, workers)
        assert wall(longer, workers) >= whole - 1e-9, "more epochs never less time"
        assert wall(jobs, workers, some) <= whole + 1e-9, "half done never more than whole"
        told = predict(jobs, timings, workers=workers)
        shares = {job.job_id: rng.random() for job in jobs}
        left = [time_left(told, part) for part in (shares, {})]
        assert None in left or left[0] <= left[1] + 1e-9


EARLIER = {
    "epochs_done": 3,
    "n_train": 4500,
    "seconds_total": 10.0,
    "seconds_train": 6.4,
    "seconds_compile": 1.0,
    "step_ms_median": 50.0,
    "memory_mib": 700.0,
}


def test_an_earlier_job_forecasts_itself(make_runs):
    folder = make_runs({"cross_entropy": [EARLIER], "focal": [None]})
    epochs = "job_id,epoch,seconds_eval\n" + "".join(f"x,{i},0.2\nx,{i},0.2\n" for i in (1, 2, 3))
    (job_folder,) = (folder / "jobs").iterdir()
    (job_folder / "epochs.csv").write_text(epochs)
    (timing,) = read_timings(folder.parent, threads=1, pixels={"mnist_mini": 784})
    # 4500 / 128 = 36 steps, 1.8 s an epoch; 10 - 1 - 3 x (1.8 + 0.2) = 3
    assert timing.fixed_s == pytest.approx(3.0) and timing.pixels == 784
    kind = Kind("mnist_mini", "seed_cnn", "cross_entropy", 128, 4500, 784, epochs=3)
    assert seconds_of(kind, timing) == pytest.approx(10.0)
    assert timing.disk_mib > 0


def test_other_threads_other_devices_and_failures_are_no_evidence(make_runs, tmp_path):
    newest = {"device": "CPU", "started_at": "2026-02-01T00:00:00+00:00"}
    older = {"device": "GPU", "started_at": "2026-01-01T00:00:00+00:00"}
    make_runs(
        {
            "cross_entropy": [EARLIER | newest],
            "focal": [EARLIER | older],
            "brier": [EARLIER | {"threads": 2}],
            "label_smoothing": [float("nan")],
            "ldam": [EARLIER | {"seconds_total": None}],
        }
    )
    runs_dir = tmp_path / "runs"
    assert [t.loss for t in read_timings(runs_dir, threads=1)] == ["cross_entropy"]
    assert [t.loss for t in read_timings(runs_dir, threads=1, device="GPU")] == ["focal"]
    assert [t.loss for t in read_timings(runs_dir, threads=2)] == ["brier"]
    assert read_timings(tmp_path / "nowhere", threads=1) == []
    (runs_dir / "made" / "plan.csv").write_text("damaged")
    assert read_timings(runs_dir, threads=1) == []
