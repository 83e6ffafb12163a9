"""Schedules and training controls that do not fit the run, one another, or themselves."""

import pytest

from lossbench.config import load

BASE = "dataset: mnist_mini\nmodel: tiny_cnn\nlosses: [ce]\ntrain: {epochs: 10}\n"
ONE_CLIP = "one of clipnorm, global_clipnorm, clipvalue is accepted"

WRONG = {
    "optimizer={name: sgd, nesterov: true}": "optimizer: optimizer.nesterov: true needs momentum; "
    "give momentum > 0, 0.9 for instance",
    "optimizer={name: muon, momentum: 0}": "optimizer: optimizer.nesterov: true needs momentum; "
    "give momentum > 0, 0.9 for instance",
    "optimizer={name: adam, clipnorm: 1, clipvalue: 0.5}": "optimizer: optimizer.clipvalue: "
    f"clipnorm and clipvalue are given; {ONE_CLIP}",
    "optimizer={name: lion, clipnorm: 1, clipvalue: 2, global_clipnorm: 3}": "optimizer: "
    "optimizer.clipvalue: clipnorm and global_clipnorm and clipvalue are given; " + ONE_CLIP,
    "optimizer=momentum": "optimizer: optimizer 'momentum' has several meanings; write {name: sgd, "
    "momentum: 0.9}",
    "optimizer={name: adamw, weight_decay: null}": "optimizer: optimizer.weight_decay: None is not "
    "allowed; weight_decay >= 0",
    "schedule={name: cosine, warmup: 12}": "schedule.warmup: 12 epochs of warm-up leave "
    "none of the 10 in train.epochs; fewer, or a fraction of the run, are accepted",
    "schedule={name: step, epochs: [4, 20]}": "schedule.epochs: 20 is no epoch before "
    "the end, train.epochs is 10; epochs before the last, or fractions of the run, are accepted",
    "schedule={name: step, epochs: [0.8, 3]}": "schedule.epochs: 0.8, 3 does not rise in "
    "a run of 10 epochs; each time must be later than the one before",
    "schedule={name: step, epochs: []}": "schedule.epochs: an empty list; a rising list "
    "of epochs > 0, or of fractions of the run",
    "train.early_stopping={patience: 2, min_epochs: 11}": "train.early_stopping: "
    "train.early_stopping.min_epochs: 11 is more than the 10 in train.epochs; at most 10 is "
    "accepted",
    "train.early_stopping={min_delta: 1}": "train.early_stopping: {'min_delta': 1} is not "
    "allowed; null or {patience: epochs >= 1, min_delta: >= 0, min_epochs: "
    ">= 1}",
    "train.precision=float16": "train.precision: 'float16' is not allowed; "
    "float32, mixed_float16 or mixed_bfloat16",
}


def problems(tmp_path, *overrides):
    (tmp_path / "e.yaml").write_text(BASE)
    return [str(problem) for problem in load(tmp_path / "e.yaml", overrides).problems]


@pytest.mark.parametrize("override", WRONG)
def test_messages(tmp_path, override):
    (found,) = problems(tmp_path, override)
    assert found.removeprefix("--set ") == WRONG[override]


def test_stages_and_early_stopping_do_not_go_together(tmp_path):
    found = problems(tmp_path, "train.stages=[{epochs: 10}]", "train.early_stopping={patience: 2}")
    assert any("train.early_stopping: is not for a training in stages" in one for one in found)


def test_of_a_grid_the_wrong_value_is_pointed_at(tmp_path):
    text = BASE + "optimizer: {name: sgd, nesterov: true, momentum: {grid: [0, 0.9]}}\n"
    (tmp_path / "e.yaml").write_text(
        text + "schedule:\n  - {name: cosine, warmup: {grid: [1, 40]}}"
    )
    found = [str(problem) for problem in load(tmp_path / "e.yaml").problems]
    assert ["e.yaml:5:34: optimizer.nesterov" in found[0], len(found)] == [True, 2]
    assert "e.yaml:7:5: schedule[0].warmup: 40 epochs" in found[1]


@pytest.mark.parametrize(
    "override",
    [
        "schedule={name: step, epochs: [0.3, 0.6, 9]}",
        "schedule={name: cosine, warmup: 0.99}",
        "train.early_stopping={patience: 20, min_epochs: 10}",
        "optimizer={name: sgd, weight_decay: {grid: [0, 1e-4]}, clipnorm: 1, momentum: 0.9}",
        "optimizer={name: rmsprop, momentum: 0.9, global_clipnorm: {grid: [0.5, null]}}",
    ],
)
def test_what_fits_is_accepted(tmp_path, override):
    assert problems(tmp_path, override) == []
