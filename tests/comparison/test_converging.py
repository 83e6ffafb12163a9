"""Speed and oscillation of made-up trainings whose answers are known."""

import csv
import io
import json
import math

import numpy as np
import pytest

from lossbench import comparison, store
from lossbench.reporting.machine import as_json
from lossbench.reporting.terminal import as_text

SEEDS = 4
FAST, SLOW = [0.80, 0.90, 0.90], [0.40, 0.60, 0.80]
STEPS = 300


def losses_of(level, swing, seed, steps=STEPS):
    """Training losses that fall and settle, with independent noise; a seed shares its batches."""
    noise = np.random.default_rng(seed).normal(size=steps)
    trend = level * (1 + 3 * np.exp(-np.arange(steps) / 30))
    return trend * (1 + swing * noise)


def write_curves(folder, level, seed, values, losses, *, every=1, metric="accuracy"):
    place = store.job_folder(folder, f"made-mnist_mini-{level}-{seed}")
    rows = [
        {
            "epoch": epoch,
            "examples_seen": 1000 * epoch,
            "seconds_train": 2.0,
            "seconds_eval": 5.0,
            "split": split,
            "metric": metric,
            "value": value - (split == "train"),
        }
        for epoch, value in enumerate(values, start=1)
        for split in ("validation", "train")
    ]
    store.write_whole(place / "epochs.csv", store.csv_text(store.EPOCH_COLUMNS, rows))
    steps = [{"step": every * (i + 1), "loss": loss} for i, loss in enumerate(losses)]
    store.write_whole(place / "steps.csv", store.csv_text(("step", "loss"), steps))


@pytest.fixture
def trained(make_runs):
    """adam is fast and calm; sgd slow, at four times the loss, and calm; wild swings widely."""
    scores = {"adam": [0.9] * SEEDS, "sgd": [0.8] * SEEDS, "wild": [0.85] * SEEDS}
    folder = make_runs(scores, factor="optimizer")
    for seed in range(SEEDS):
        shift = 0.01 * seed * np.array([1, 1, 1])
        write_curves(folder, "adam", seed, FAST + shift, losses_of(0.1, 0.2, seed))
        write_curves(folder, "sgd", seed, SLOW + 0.9 * shift, losses_of(0.4, 0.1, seed))
        write_curves(folder, "wild", seed, FAST + 1.1 * shift, losses_of(0.1, 0.6, 100 + seed))
    return folder


def converged(folder, **options):
    (found,) = comparison.compare([store.read_experiment(folder)], **options)
    return found.convergence


def test_time_to_the_median_best_of_the_baseline(trained):
    found = converged(trained)
    assert found.target == pytest.approx(0.915), "the median of 0.90, 0.91, 0.92, 0.93"
    adam, sgd, wild = found.rows
    assert (adam.reached, sgd.reached, wild.reached, adam.runs) == (2, 0, 2, 4)
    jobs = {(job.level, job.seed): job for job in found.jobs}
    first = jobs["adam", 3]
    assert (first.epochs_to, first.seconds_to, first.examples_to) == (2, 4.0, 2000)
    assert jobs["adam", 0].epochs_to == math.inf
    assert sgd.epochs_to == sgd.seconds_to == sgd.examples_to == math.inf, "not dropped"


def test_the_area_is_paired_by_seed(trained):
    adam, sgd, _ = converged(trained).rows
    assert adam.alc == pytest.approx((0.8 / 2 + 0.9 + 0.9 / 2) / 2 + 0.015)
    assert sgd.faster.value == pytest.approx((0.4 / 2 + 0.6 + 0.8 / 2) / 2 - 0.875 - 0.0015)
    assert sgd.faster.n == 4 and sgd.faster.ci_high < 0 and sgd.faster.p_holm < 0.001
    assert math.isnan(adam.faster.value), "the baseline against itself"


def test_a_metric_where_lower_is_better_turns_speed_around(make_runs):
    folder = make_runs({"adam": [1.0] * 3, "sgd": [2.0] * 3}, factor="optimizer", metric="rmse")
    for seed in range(3):
        noise = 0.01 * seed
        write_curves(folder, "adam", seed, [2 + noise, 1.0, 1.5], [1.0] * 40, metric="rmse")
        write_curves(folder, "sgd", seed, [4 + 2 * noise, 3.0, 2.0], [1.0] * 40, metric="rmse")
    found = converged(folder)
    adam, sgd = found.rows
    assert (found.target, adam.epochs_to, adam.best_last_gap) == (1.0, 2.0, 0.5)
    assert sgd.faster.value < 0 and not found.at_equal_loss


def test_swings_are_compared_at_equal_loss(trained):
    """sgd's 0.1 at four times the loss is as calm as adam's 0.2: 1 / root of the loss."""
    adam, sgd, wild = converged(trained).rows
    assert adam.oscillation == pytest.approx(0.2, rel=0.1)
    assert sgd.training_loss / adam.training_loss == pytest.approx(4, rel=0.1)
    assert sgd.swing.value == pytest.approx(1.0, rel=0.05)
    assert wild.swing.value == pytest.approx(3.0, rel=0.2)
    assert wild.swing.ci_low > 1.5 and wild.swing.p_holm < 0.01


def test_thinned_steps_tell_the_oscillation_of_one_step(trained):
    for seed in range(SEEDS):
        losses = losses_of(0.1, 0.2, seed, steps=4000).reshape(-1, 4).mean(axis=1)
        write_curves(trained, "sgd", seed, SLOW, losses, every=4)
    _, sgd, _ = converged(trained).rows
    assert sgd.oscillation == pytest.approx(0.2, rel=0.1)


def test_a_run_that_failed_is_a_lost_block_and_never_a_fast_one(make_runs):
    scores = {"adam": [0.9] * 3, "sgd": [0.8, 0.8, math.nan]}
    folder = make_runs(scores, factor="optimizer")
    for seed in range(3):
        write_curves(folder, "adam", seed, FAST, losses_of(0.1, 0.2, seed))
        write_curves(folder, "sgd", seed, FAST[:1], losses_of(0.1, 0.2, seed)[:40])
    adam, sgd = converged(folder).rows
    assert (adam.reached, sgd.reached, sgd.runs) == (3, 0, 3)
    assert sgd.faster.n == 2 and math.isnan(sgd.faster.p_holm)


def test_without_curves_nothing_is_known_and_nothing_breaks(make_runs):
    folder = make_runs({"adam": [0.9] * 3, "sgd": [0.8] * 3}, factor="optimizer")
    place = store.job_folder(folder, "made-mnist_mini-adam-0")
    store.write_whole(place / "steps.csv", "step,loss\n1,0.5\n2,brok")
    store.write_whole(place / "epochs.csv", "epoch\n1\n")
    found = converged(folder)
    assert math.isnan(found.target) and all(math.isnan(row.alc) for row in found.rows)
    text = as_text(comparison.compare([store.read_experiment(folder)]))
    assert "sets no target" in text


def test_between_losses_speed_is_compared_on_request_and_oscillation_never(make_runs):
    folder = make_runs({"cross_entropy": [0.9] * 3, "focal": [0.8] * 3})
    for seed in range(3):
        write_curves(folder, "cross_entropy", seed, FAST, losses_of(0.1, 0.2, seed))
        write_curves(folder, "focal", seed, SLOW, losses_of(0.01, 0.2, seed))
    assert converged(folder) is None
    found = converged(folder, convergence=True)
    assert found.rows[0].oscillation > 0 and math.isnan(found.rows[1].swing.value)
    text = as_text(comparison.compare([store.read_experiment(folder)], convergence=True))
    assert "oscillation is not compared: each loss has a scale of its own." in text


def test_the_text_answers_both_questions(trained):
    text = as_text(comparison.compare([store.read_experiment(trained)]))
    assert "convergence: validation accuracy 91.50, the median best of adam" in text
    assert "against adam, by ALC: slower: sgd; undecided: wild." in text
    assert "against adam: oscillates more: wild; undecided: sgd." in text
    assert "never" in text
    assert max(map(len, text.splitlines())) <= 80


def test_files_hold_every_number(trained):
    compared = comparison.compare([store.read_experiment(trained)])
    lines = list(csv.DictReader(io.StringIO(comparison.convergence_csv(compared))))
    assert len(lines) == 3 * SEEDS
    assert {(x["factor"], x["baseline"], x["target"]) for x in lines} == {
        ("optimizer", "adam", repr(compared[0].convergence.target))
    }
    assert lines[0]["job_id"] == "made-mnist_mini-adam-0" and lines[0]["optimizer"] == "adam"
    assert lines[0]["epochs_to"] == "inf"
    assert comparison.convergence_of(store.read_experiment(trained)) == (
        comparison.convergence_csv(compared)
    )
    (told,) = json.loads(as_json(compared), parse_constant=pytest.fail)["comparisons"]
    assert told["convergence"]["rows"][1]["level"] == "sgd"


def test_the_table_of_an_experiment_needs_no_runs_that_match(make_runs):
    other = [{"init_sha256": "other"}] * 3
    folder = make_runs({"cross_entropy": [0.9] * 3, "focal": other})
    table = comparison.convergence_of(store.read_experiment(folder))
    assert len(table.splitlines()) == 1 + 6
    empty = make_runs({}, name="empty")
    assert len(comparison.convergence_of(store.read_experiment(empty)).splitlines()) == 1
