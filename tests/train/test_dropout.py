"""Masks follow from the seed alone: not from the loss, nor from what a process did before."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lossbench import config, datasets, models, store
from lossbench.plan import make_plan
from lossbench.train import assembly, settling
from lossbench.train.job import run_job

EXPERIMENT = """
dataset: {name: mnist_mini, subset: 60}
model: {name: tiny_cnn, dropout: 0.5}
losses: [cross_entropy, gce]
seeds: [0, 1]
train: {epochs: 2, batch_size: 16}
"""


def planned(folder, *overrides):
    """The folders of an experiment's jobs, by loss and seed."""
    folder.mkdir()
    path = folder / "e.yaml"
    path.write_text(EXPERIMENT)
    experiment = config.load(path, overrides).checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    found = {}
    for job in make_plan(experiment, facts).jobs:
        found[job.loss.name, job.seed] = store.job_folder(folder, job.id)
        store.write_json(found[job.loss.name, job.seed] / "job.json", job.record())
    return found


def steps(folder):
    with (folder / "steps.csv").open(newline="") as file:
        return [row["loss"] for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def in_a_fresh_process(tmp_path_factory):
    """The losses of the steps of (cross_entropy, seed 0), with nothing done before."""
    folder = planned(tmp_path_factory.mktemp("fresh") / "e")["cross_entropy", 0]
    code = (
        "import sys; from pathlib import Path; from lossbench.train import environment;"
        "environment.set_up(1); from lossbench.train.job import run_job;"
        "print(run_job(Path(sys.argv[1]), threads=1)['status'])"
    )
    env = os.environ | {"PYTHONPATH": str(Path(models.__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code, folder], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split()[-1] == "ok"
    return steps(folder)


@pytest.mark.parametrize(
    "order",
    [
        [("cross_entropy", 0), ("cross_entropy", 1)],
        [("cross_entropy", 1), ("cross_entropy", 0)],
        [("gce", 0), ("cross_entropy", 1), ("cross_entropy", 0)],
    ],
)
def test_masks_do_not_depend_on_the_jobs_before(tmp_path, in_a_fresh_process, order):
    assembly._kept.clear()
    folders = planned(tmp_path / "e")
    for key in order:
        assert run_job(folders[key], threads=1)["status"] == "ok"
    assert steps(folders["cross_entropy", 0]) == in_a_fresh_process
    if ("cross_entropy", 1) in order:
        assert steps(folders["cross_entropy", 1]) != in_a_fresh_process


def test_dropout_is_at_work_and_only_while_training(tmp_path, in_a_fresh_process):
    folder = planned(tmp_path / "e", "model=tiny_cnn")["cross_entropy", 0]
    plain = run_job(folder, threads=1)
    assert steps(folder) != in_a_fresh_process
    dropped = json.loads((folder / "job.json").read_bytes())["model"]["params"]["dropout"]
    assert (plain["status"], dropped) == ("ok", 0.0)


def test_masks_are_the_same_for_every_loss(tmp_path):
    folders, masks = planned(tmp_path / "e"), []
    for loss in ("cross_entropy", "gce"):
        setting = settling.settle(json.loads((folders[loss, 0] / "job.json").read_bytes()))
        fed, _ = assembly.assemble(setting)
        layer = fed.network.get_layer("head_dropout")
        masks.append([np.array(layer(np.ones((16, 16)), training=True)) for _ in range(3)])
    np.testing.assert_array_equal(*masks)
    assert (masks[0][0] != masks[0][1]).any()


def test_training_with_another_loss_draws_as_many_masks(tmp_path):
    # The state after training counts the batches: a loss must not draw on the side.
    folders, states = planned(tmp_path / "e"), []
    for loss in ("cross_entropy", "gce"):
        run_job(folders[loss, 0], threads=1)
        fed = next(reversed(assembly._kept.values())).fed
        state = fed.network.get_layer("head_dropout").seed_generator.state
        states.append(np.array(state).tolist())
    batches = len(steps(folders["gce", 0]))
    assert states[0] == states[1] and states[0][1] == batches
