"""Trials of tuning, run in this process: no test data, and perhaps only the first epochs."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from lossbench import config, datasets, store
from lossbench.plan import make_plan
from lossbench.train import settling
from lossbench.train.job import run_job

EXPERIMENT = """
dataset: {name: synthetic_regression, n: 80, n_test: 30, image_size: 10}
model: seed_cnn
losses: [mse]
seeds: [5]
schedule: cosine
train: {epochs: 4, batch_size: 16}
"""


def run(tmp_path, text=EXPERIMENT, **changes):
    """Run the only job of an experiment, changed; returns its folder and its result."""
    (tmp_path / "e.yaml").write_text(text)
    experiment = config.load(tmp_path / "e.yaml").checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    plan = make_plan(experiment, facts)
    assert not plan.problems, plan.problems
    job = replace(plan.jobs[0], **changes)
    folder = store.job_folder(tmp_path, job.id)
    store.write_json(folder / "job.json", job.record())
    return folder, run_job(folder, threads=1)


def epochs(folder):
    """What was noted of each epoch, without times and memory."""
    with (folder / "epochs.csv").open(newline="") as file:
        return [
            {k: v for k, v in row.items() if not k.startswith("seconds") and k != "job_id"}
            for row in csv.DictReader(file)
            if row["metric"] not in ("step_ms", "memory_mib")
        ]


def on_validation(result):
    return [row for row in result["metrics"] if row["split"] == "validation"]


def test_a_trial_has_metrics_on_validation_only_and_those_of_a_final_run(tmp_path):
    folder, trial = run(tmp_path, phase="tune")
    _, final = run(tmp_path)
    assert trial["status"] == final["status"] == "ok"
    assert (trial["phase"], trial["test_eval_count"], trial["n_test"]) == ("tune", 0, 0)
    assert {row["split"] for row in trial["metrics"]} == {"validation"}
    assert {row["at"] for row in trial["metrics"]} == {"selected", "last"}
    assert trial["metrics"] == on_validation(final)
    assert not (folder / "predictions.npz").exists()
    assert store.verify(folder) == []
    for key in ("init_sha256", "order_sha256", "label_sha256", "selected_epoch"):
        assert trial[key] == final[key]


DATA = """
import numpy as np

def make(test):
    rng = np.random.default_rng(0)
    x, y = rng.random((60, 10, 10, 1), dtype=np.float32), rng.normal(size=(60, 1))
    other = np.random.default_rng(1).random((20, 10, 10, 1), dtype=np.float32)
    if test == "usual":
        return (x, y), (other, rng.normal(size=(20, 1)))
    return (x, y), (1e3 * other - 500, np.full((20, 1), 1e9))
"""

OWN = """
dataset: {name: function, target: "data.py:make", params: {test: KIND}}
model: seed_cnn
losses: [mse]
seeds: [5]
train: {epochs: 2, batch_size: 16}
"""


def test_what_the_test_part_holds_cannot_matter_to_a_trial(tmp_path):
    (tmp_path / "data.py").write_text(DATA)
    found = {}
    for kind in ("usual", "garbage"):
        text = OWN.replace("KIND", kind)
        for phase in ("tune", "final"):
            folder, result = run(tmp_path, text, phase=phase)
            assert result["status"] == "ok", result
            found[kind, phase] = (result["metrics"], epochs(folder))
    assert found["usual", "tune"] == found["garbage", "tune"]
    assert found["usual", "final"] != found["garbage", "final"]


@pytest.mark.parametrize(
    "dataset",
    [
        "{name: mnist_mini, subset: 200}",
        "{name: mnist_mini, subset: 200, label_noise: {type: symmetric, rate: 0.2}}",
        "{name: synthetic_multilabel, n: 80, n_test: 30, image_size: 10}",
        "{name: synthetic_segmentation, n: 40, n_test: 20, image_size: 16}",
        "{name: synthetic_ordinal, n: 80, n_test: 30, image_size: 10}",
    ],
)
def test_nothing_of_the_test_is_there_to_be_seen(tmp_path, dataset):
    (tmp_path / "e.yaml").write_text(EXPERIMENT)
    (one,) = config.load(tmp_path / "e.yaml", [f"dataset={dataset}"]).experiment.datasets
    whole = datasets.load(one.name, one.params)
    less = datasets.without_test(whole)
    assert len(less.test.ids) == len(less.test.images) == len(less.test.targets) == 0
    assert less.optimum is None
    assert datasets.label_sha256(less) == datasets.label_sha256(whole)
    params = json.dumps(one.record()["params"], sort_keys=True)
    data = settling.load_data(one.name, params, "{}", 0, 2048.0, with_test=False)
    assert len(data.resident.at["test"]) == 0
    assert len(data.resident.targets) == len(whole.train.ids) + len(whole.validation.ids)


def test_a_short_trial_is_the_beginning_of_the_whole(tmp_path):
    short, result = run(tmp_path, phase="tune", stop_after=2)
    whole, _ = run(tmp_path, phase="tune")
    assert (result["epochs"], result["epochs_done"], result["stopped_early"]) == (4, 2, False)
    assert result["epochs_unused"] == 0
    begun = [row for row in epochs(whole) if int(row["epoch"]) <= 2]
    assert epochs(short) == begun
    rates = {row["learning_rate"] for row in epochs(whole)}
    assert len(rates) == 4  # the schedule moves, and the short one did not hasten it


def test_a_trial_that_breaks_says_how_and_saw_no_test(tmp_path):
    text = EXPERIMENT + "optimizer: {name: sgd, learning_rate: 1.0e30}\n"
    _, result = run(tmp_path, text, phase="tune")
    assert result["status"] in ("nan", "diverged")
    assert (result["metrics"], result["test_eval_count"]) == ([], 0)


def test_a_trial_keeps_no_model(tmp_path):
    folder, _ = run(tmp_path, phase="tune")
    again = json.loads((folder / "job.json").read_text())
    other = store.job_folder(tmp_path, "0" * 12)
    store.write_json(other / "job.json", again | {"job_id": "0" * 12})
    result = run_job(other, threads=1, save_model="best")
    assert result["status"] == "ok"
    assert not (other / store.MODEL).exists()


def test_a_final_job_after_a_trial_in_the_same_process_sees_its_test(tmp_path):
    run(tmp_path, phase="tune")
    folder, final = run(tmp_path)
    assert {row["split"] for row in final["metrics"]} == {"train", "validation", "test"}
    assert final["n_test"] == 30
    with np.load(folder / "predictions.npz") as saved:
        assert len(saved["y_true"]) == 30
