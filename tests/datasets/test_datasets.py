"""Every data set of the catalogue through the three public functions."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

from lossbench.catalog import DATASETS
from lossbench.catalog.damage import DAMAGE
from lossbench.catalog.metrics import offered, parted
from lossbench.datasets import (
    _module,
    describe,
    load,
    prepare,
    split_sha256,
    varies_with_seed,
)
from lossbench.errors import DataError

OFFLINE = {
    "mnist_mini": [
        {},
        {"subset": 200},
        {"subset": {"n": 50, "balanced": True}},
        {"split": "resample", "subset": 300},
        {"subset": 500, "imbalance": {"type": "step", "ratio": 5.0}},
        {"label_noise": {"type": "asymmetric", "rate": 0.4, "validation": "clean"}},
        {"subset": 500, "imbalance": {"type": "one_vs_rest", "positive": 7, "prevalence": 0.02}},
        {"subset": 500, "missing_labels": {"rate": 0.3}},
        {"subset": 500, "soft_labels": {"annotators": 3, "rate": 0.2}},
        {
            "subset": 500,
            "imbalance": {"type": "exponential", "ratio": 5.0},
            "missing_labels": {"rate": 0.3, "validation": "clean"},
            "label_noise": {"type": "pair", "rate": 0.2},
            "soft_labels": {"annotators": 5, "rate": 0.1, "validation": "clean"},
            "image_noise": {"type": "gaussian", "scale": 0.1},
        },
        {
            "subset": 500,
            "imbalance": {
                "type": "one_vs_rest",
                "positive": "3",
                "prevalence": 0.05,
                "validation": "clean",
            },
            "label_noise": {"type": "symmetric", "rate": 0.1},
            "soft_labels": {"annotators": 2, "rate": 0.1, "temperature": 0.5},
        },
    ],
    "synthetic_regression": [
        {"n": 60, "n_test": 9},
        {"n": 60, "n_test": 9, "subset": 33},
        {"n": 60, "n_test": 9, "outliers": {"rate": 0.2, "size": 5.0, "sides": "one"}},
        {"n": 60, "n_test": 9, "missing_labels": {"rate": 0.5}},
        {"n": 60, "n_test": 9, "target_noise": {"type": "normal", "scale": 0.5}},
        {
            "n": 60,
            "n_test": 9,
            "target": "positive",
            "missing_labels": {"rate": 0.2},
            "target_noise": {"type": "student_t", "scale": 0.1},
            "outliers": {"rate": 0.2, "size": 5.0, "sides": "two"},
            "image_noise": {"type": "blur", "sigma": 1.0},
        },
        *({"n": 60, "n_test": 9, "target": kind} for kind in ("count", "positive", "direction")),
    ],
    "synthetic_imbalanced": [
        {"n": 60, "n_test": 9},
        {"n": 300, "n_test": 9, "classes": 4, "subset": 33},
        {"n": 300, "imbalance": {"type": "one_vs_rest", "positive": 0, "prevalence": 0.5}},
    ],
    "synthetic_multilabel": [
        {"n": 60, "n_test": 30},
        {"n": 60, "n_test": 30, "subset": 33},
        {"n": 60, "n_test": 30, "missing_labels": {"rate": 0.4}},
    ],
    "synthetic_ordinal": [
        {"n": 60, "n_test": 9},
        {"n": 60, "n_test": 9, "classes": 3, "subset": {"n": 30, "balanced": True}},
    ],
    "synthetic_series": [
        {"n": 60, "n_test": 9},
        {"n": 60, "n_test": 9, "days": 14, "horizon": 3, "subset": 33},
        {"n": 60, "n_test": 9, "outliers": {"rate": 0.2, "size": 5.0, "sides": "two"}},
    ],
    "synthetic_vectors": [
        {"n": 60, "n_test": 9},
        {"n": 60, "n_test": 9, "classes": 4, "imbalance": {"type": "step", "ratio": 3.0}},
        {"n": 60, "n_test": 9, "task": "binary", "label_noise": {"type": "pair", "rate": 0.2}},
        {"n": 60, "n_test": 9, "task": "regression", "noise_type": "exponential", "subset": 33},
    ],
    "synthetic_segmentation": [
        {"n": 60, "n_test": 9},
        {"n": 60, "n_test": 9, "classes": 4, "image_size": 15, "radius": 3, "subset": 40},
    ],
    "digit_position": [
        {},
        {"subset": 200, "noise": 1.0},
        {
            "subset": 200,
            "missing_labels": {"rate": 0.5},
            "image_noise": {"type": "salt_pepper", "rate": 0.1},
        },
    ],
}
NO_PICTURES = {"synthetic_series", "synthetic_vectors"}
CASES = [(name, params) for name, cases in OFFLINE.items() for params in cases]


@pytest.mark.parametrize("name", DATASETS.names)
@pytest.mark.parametrize("function", ["describe", "read"])
def test_functions_take_the_parameters_of_the_catalogue(name, function):
    signature = inspect.signature(getattr(_module(name), function))
    only = [p.name for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY]
    generic = {*DAMAGE, "retrieval", "subset", "split"}
    assert only == [key for key in DATASETS[name].params if key not in generic]
    assert next(iter(signature.parameters)) == "name"


@pytest.mark.parametrize(("name", "params"), CASES)
def test_describe_says_what_load_gives(name, params):
    facts, splits = describe(name, params), load(name, params)
    assert facts.task == splits.task
    assert facts.class_names == splits.class_names
    assert facts.n_classes == len(splits.class_names)
    parts = (splits.train, splits.validation, splits.test)
    assert [len(p.ids) for p in parts] == [facts.n_train, facts.n_validation, facts.n_test]
    assert (sum(facts.train_counts), sum(facts.validation_counts)) == (
        facts.n_train,
        facts.n_validation,
    )
    for part in parts:
        assert part.images.shape == (len(part.ids), *facts.image_shape)
        assert part.images.dtype == (np.float32 if name in NO_PICTURES else np.uint8)
        if facts.task == "segmentation":
            assert part.targets.dtype == np.uint8
            assert part.targets.shape == part.images.shape[:3]
            continue
        rows = facts.task in ("regression", "multilabel", "multioutput") or facts.soft_targets
        assert part.targets.dtype == (np.float32 if rows else np.int32)
        width = facts.n_targets if facts.task == "regression" else facts.n_classes
        width = facts.outputs[-1].columns[1] if facts.outputs else width
        assert part.targets.shape == ((len(part.ids), width) if rows else (len(part.ids),))
        assert part.ids.dtype == np.int64
    assert facts.ordered == splits.ordered
    assert facts.target_kinds == splits.target_kinds
    assert facts.outputs == splits.outputs
    of_first, metric = parted(facts.metric)
    assert of_first == (facts.outputs[0].name if facts.outputs else None)
    first = facts.of_output(facts.outputs[0]) if facts.outputs else facts
    assert metric in {
        row.name
        for row in offered(
            first.task,
            n_classes=first.n_classes,
            ordered=first.ordered,
            target_kinds=first.target_kinds,
        )
    }
    assert not facts.needs_download
    assert facts.content_sha256 is None


@pytest.mark.parametrize(("name", "params"), CASES)
def test_loading_twice_gives_the_same(name, params):
    first, second = load(name, params), load(name, params)
    assert split_sha256(first) == split_sha256(second)
    for part in ("train", "validation", "test"):
        ours, theirs = getattr(first, part), getattr(second, part)
        np.testing.assert_array_equal(ours.images, theirs.images)
        np.testing.assert_array_equal(ours.targets, theirs.targets)


@pytest.mark.parametrize("name", DATASETS.names)
def test_every_data_set_can_be_thinned_out_and_split(name):
    assert {"subset", "split"} <= set(DATASETS[name].params)
    assert not varies_with_seed({})
    assert varies_with_seed({"split": "resample"})
    assert varies_with_seed({"split": {"type": "kfold"}})


@pytest.mark.parametrize(("name", "n"), [("mnist_mini", 5000), ("synthetic_regression", 60)])
def test_what_is_resampled_has_the_same_sizes_for_every_seed(name, n):
    params = {"split": "resample"} | ({"n": 60, "n_test": 9} if n == 60 else {})
    facts = describe(name, params)
    found = [load(name, params, seed) for seed in (1, 2)]
    assert split_sha256(found[0]) != split_sha256(found[1])
    for splits in found:
        sizes = [len(part.ids) for part in (splits.train, splits.validation, splits.test)]
        assert sizes == [facts.n_train, facts.n_validation, facts.n_test]
        if facts.n_classes:
            assert np.bincount(splits.train.targets).tolist() == list(facts.train_counts)


def test_damage_and_split_go_together_and_differ_from_seed_to_seed():
    noise = {"type": "symmetric", "rate": 0.3}
    params = {"split": "resample", "subset": 300, "label_noise": noise}
    first, second = (load("mnist_mini", params, seed) for seed in (1, 2))
    assert (first.split, first.test_resampled) == ("resample", False)
    assert first.damage["label_noise"]["done"] != second.damage["label_noise"]["done"]
    np.testing.assert_array_equal(first.test.images, second.test.images)


def test_folds_of_what_has_a_test_set_are_refused_before_anything_is_read():
    for function in (describe, load):
        with pytest.raises(DataError, match=r"'mnist_mini': split is kfold, .* a test set of"):
            function("mnist_mini", {"split": "kfold"})


def test_nothing_needs_to_be_prepared_for_what_is_drawn_or_inside():
    for name in OFFLINE:
        prepare(name, {})


def test_unknown_and_missing_parameters_are_refused():
    with pytest.raises(
        DataError, match=r"'mnist_mini': no parameter 'subst'; it takes image_noise, "
    ):
        describe("mnist_mini", {"subst": 3})
    with pytest.raises(DataError, match=r"'npz': no value for 'path'"):
        load("npz", {})


def test_importing_loads_no_framework():
    code = (
        "import sys, lossbench.datasets as d; d.describe('mnist_mini', {});"
        "d.describe('synthetic_regression', {}); d.describe('synthetic_imbalanced', {});"
        "d.describe('synthetic_multilabel', {}); d.describe('synthetic_ordinal', {});"
        "d.describe('mnist', {}); d.describe('digit_position', {});"
        "d.describe('synthetic_series', {}); d.describe('synthetic_vectors', {});"
        "print({'tensorflow', 'keras', 'sklearn', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
