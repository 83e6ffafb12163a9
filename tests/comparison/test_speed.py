"""Comparing many jobs: what it may take, and what it must not import."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lossbench.store.experiments import read_result

ROOT = Path(__file__).parents[2]

MEASURED = """
import json, resource, sys
from lossbench.cli import main
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
try:
    main()
except SystemExit as ended:
    loaded = sorted({"tensorflow", "keras", "torch", "jax", "ray", "optuna"} & set(sys.modules))
    told = {"code": ended.code, "cpu": cpu(), "loaded": loaded}
    print(json.dumps(told), file=sys.stderr)
"""


def measured(folder, *options):
    """What `compare` printed in a process of its own, and what it took."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "compare", str(folder), *options],
        cwd=ROOT,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, json.loads(done.stderr.splitlines()[-1])


def with_metrics(value):
    """Changes to a result that give it as many metrics as a real one has."""
    about = {"stage": "raw", "higher_is_better": True, "n_examples": 1000, "value": value}
    more = [
        about | {"split": split, "at": at, "metric": metric}
        for split in ("train", "validation")
        for at in ("selected", "last")
        for metric in ("accuracy", "nll", "brier_score", "ece", "macro_f1", "many_recall")
    ]
    test = about | {"split": "test", "at": "selected", "metric": "accuracy"}
    return {"metrics": [*more, test]}


def drawn(losses, seeds):
    """Scores of losses that differ a little, by loss."""
    rng = np.random.default_rng(0)
    shared = rng.normal(0.9, 0.01, seeds)
    names = ["cross_entropy", *(f"loss_{i:02d}" for i in range(1, losses))]
    return {
        name: [with_metrics(v) for v in shared + 0.002 * i + rng.normal(0, 0.002, seeds)]
        for i, name in enumerate(names)
    }


def test_three_hundred_jobs_take_seconds_and_no_framework(make_runs):
    """Measured 0.25 CPU seconds above those of two jobs; 20 seeds ask for random sign flips."""
    _, two = measured(make_runs(drawn(2, 1), name="two"))
    text, taken = measured(make_runs(drawn(15, 20), name="many"))
    assert taken["code"] == 0 and taken["loaded"] == [] and two["loaded"] == []
    assert all(f"loss_{i:02d}" in text for i in range(1, 15))
    assert taken["cpu"] - two["cpu"] < 2, (taken, two)


def test_results_share_the_names_of_their_metrics(make_runs):
    folder = make_runs(drawn(2, 1))
    one, other = (read_result(path) for path in folder.glob("jobs/*"))
    for key in ("split", "at", "stage", "metric"):
        assert one["metrics"][0][key] is other["metrics"][0][key]


@pytest.mark.parametrize("metrics", [["accuracy", 3], [{"split": ["test"]}]])
def test_metrics_that_are_none_are_read_as_they_are(make_runs, metrics):
    folder = make_runs({"cross_entropy": [{"metrics": metrics}]})
    (job,) = folder.glob("jobs/*")
    assert read_result(job)["metrics"] == metrics
