"""Experiments whose answer is known: losses that are one loss, and a rate that is far too small."""

import csv
import json

import numpy as np
import pytest

NULL = ["focal[gamma=0]", "label_smoothing[smoothing=0]", "poly1[epsilon=0]"]
SHORT = ("--set", "seeds=3", "--set", "train.epochs=1", "--set", "dataset.subset=400")


def check_null(lossbench, configs, n_seeds, *options):
    out, _ = lossbench("run", configs / "null.yaml", *options, "--json", timeout=900)
    (found,) = json.loads(out)["comparisons"]
    rows = {row["loss"]: row for row in found["rows"]}
    assert set(rows) == {"cross_entropy", *NULL}
    for loss in NULL:
        assert rows[loss]["verdict"] == "EQUIVALENT", "neither BETTER nor WORSE"
        assert "IDENTICAL" in rows[loss]["flags"]
        assert rows[loss]["n"] == n_seeds and rows[loss]["diff"] == 0.0
    return lossbench.cwd / "runs" / "null"


def check_bits(folder):
    """The loss of every batch and all outputs agree to the last bit, not the accuracy alone."""
    with (folder / "plan.csv").open(newline="") as file:
        jobs = {(row["loss"], row["seed"]): row["job_id"] for row in csv.DictReader(file)}
    for (loss, seed), job in jobs.items():
        mine, base = (folder / "jobs" / one for one in (job, jobs["cross_entropy", seed]))
        assert (mine / "steps.csv").read_text() == (base / "steps.csv").read_text(), loss
        with np.load(mine / "predictions.npz") as a, np.load(base / "predictions.npz") as b:
            assert set(a) == set(b) and all(np.array_equal(a[key], b[key]) for key in a), loss


def check_rates(lossbench, configs, *options):
    lossbench("run", configs / "learning-rates.yaml", *options, "--quiet", timeout=900)
    out, _ = lossbench("compare", "runs/learning-rates", "--factor", "optimizer", "--json")
    (found,) = json.loads(out)["comparisons"]
    rows = {row["optimizer"]: row for row in found["rows"]}
    assert found["baseline"] == "Adam at 0.001"
    slow = rows["Adam at 0.00001"]
    assert slow["verdict"] in ("WORSE", "CLEARLY_WORSE") and slow["ci_high"] < -0.2
    return slow


def test_losses_that_are_cross_entropy_come_out_identical(lossbench, configs):
    check_bits(check_null(lossbench, configs, 3, *SHORT))


@pytest.mark.slow
def test_a_rate_a_hundred_times_too_small_comes_out_worse(lossbench, configs):
    check_rates(lossbench, configs, "--set", "seeds=3", "--set", "dataset.subset=800")


@pytest.mark.slow
def test_the_null_experiment_as_committed(lossbench, configs):
    check_bits(check_null(lossbench, configs, 8))


@pytest.mark.slow
def test_the_learning_rates_as_committed(lossbench, configs):
    slow = check_rates(lossbench, configs)
    assert slow["verdict"] == "CLEARLY_WORSE" and slow["n"] == 8
    assert not {"FEW_SEEDS", "FRAGILE", "FAILURES"} & set(slow["flags"])
