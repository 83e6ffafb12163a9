"""Which runs are paired, which are refused, and which are paired with a banner."""

import pytest

from lossbench.comparison.matching import mismatches
from lossbench.errors import StoreError
from tests.comparison.scores import BASE, NEW, check, compare, each, row

CONFIG = {
    "model": {"name": "seed_cnn", "params": {"dropout": 0.0, "file": "/a/net.py"}},
    "optimizer": {"name": "adam", "params": {"learning_rate": 0.001, "weight_decay": None}},
    "schedule": {"name": "constant", "params": {"warmup": 0.0}},
    "train": {"epochs": 3, "sampling": "shuffled", "l2": 0.0},
}


def with_config(section, **params):
    inner = CONFIG[section]
    changed = {"params": inner["params"] | params} if "params" in inner else params
    return CONFIG | {section: inner | changed}


def runs_with(make_runs, *, usual, other, **options):
    """Two losses; the last run of the second differs from all others."""
    scores = {
        "cross_entropy": each(BASE[:3], **usual),
        "focal": [*each(NEW[:2], **usual), {"value": NEW[2]} | usual | other],
    }
    return make_runs(scores, **options)


def test_the_refusal_names_run_field_and_both_values(make_runs):
    long = "c0ffee" * 10
    folder = runs_with(make_runs, usual={}, other={"init_sha256": long})
    with pytest.raises(StoreError) as refusal:
        compare(folder)
    assert str(refusal.value) == (
        "compare: job made-mnist_mini-focal-2 (focal, mnist_mini, seed 2) differs from job "
        "made-mnist_mini-cross_entropy-2 (cross_entropy, seed 2) in init_sha256: c0ffeec0ffee... "
        "instead of i2; they did not start alike and cannot be paired. Remove the changed job and "
        "run again, or pair them all the same with --allow-unmatched."
    )


@pytest.mark.parametrize(
    ("usual", "other", "field"),
    [
        ({"dtype_policy": "float32"}, {"dtype_policy": "mixed_float16"}, "dtype_policy"),
        ({"epochs": 3}, {"epochs": 4}, "epochs"),
        ({"batch_size": 128}, {"batch_size": 64}, "batch_size"),
        ({"learning_rate": 0.1}, {"learning_rate": 0.2}, "learning_rate"),
        ({"target_scale": "standard"}, {"target_scale": "range"}, "target_scale"),
        ({}, {"device": "H100"}, "device"),
        ({"n_test": 100}, {"n_test": 99}, "n_test"),
        ({"config": CONFIG}, {"config": with_config("train", sampling="balanced")}, "sampling"),
        ({"config": CONFIG}, {"config": with_config("optimizer", weight_decay=0.1)}, "decay"),
        ({"config": CONFIG}, {"config": with_config("model", dropout=0.5)}, "model.dropout"),
    ],
)
def test_runs_that_were_not_trained_alike_are_refused(make_runs, usual, other, field):
    folder = runs_with(make_runs, usual=usual, other=other)
    with pytest.raises(StoreError, match=rf"focal-2 .* differs .* in \S*{field}: .*cannot be pair"):
        compare(folder)


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ({"target_scale": "standard"}, {"target_scale": "none"}),  # the loss wants raw targets
        ({"config": CONFIG}, {"config": with_config("model", file="/b/net.py")}),
        ({"dtype_policy": "float32"}, {}),
        ({"versions": {"keras": "3.15.1"}}, {"versions": {"keras": "3.15.1"}}),
    ],
)
def test_what_may_differ_is_paired(make_runs, usual, other):
    (found,) = compare(runs_with(make_runs, usual=usual, other=other))
    assert found.unmatched == () and found.warnings == ()


def test_seeds_of_other_data_are_not_pooled(make_runs):
    data = {"split": "fixed", "split_sha256": "s", "n_train": 90, "n_validation": 10, "n_test": 500}
    old = make_runs({k: each(BASE[:3], **data) for k in ("cross_entropy", "focal")}, name="old")
    later = [None] * 3
    new = data | {"split_sha256": "other"}
    more = make_runs(
        {k: [*later, *each(BASE[3:6], **new)] for k in ("cross_entropy", "focal")}, name="new"
    )
    trim(more)
    with pytest.raises(StoreError, match=r"seed 3\) differs .*seed 0\) in split_sha256"):
        compare(old, more)


def trim(folder):
    """Leave only the jobs of a plan that have a result."""
    plan = folder / "plan.csv"
    lines = plan.read_text().splitlines()
    done = {path.parent.name for path in folder.glob("jobs/*/result.json")}
    plan.write_text("\n".join([lines[0], *(x for x in lines[1:] if x.split(",")[0] in done)]))


def test_folds_of_other_sizes_are_no_mismatch(make_runs):
    scores = {
        name: [{"value": v, "split": "kfold", "n_train": 90 + i} for i, v in enumerate(BASE[:3])]
        for name in ("cross_entropy", "focal")
    }
    assert compare(make_runs(scores))[0].unmatched == ()


def test_unmatched_runs_may_be_paired_with_a_banner(make_runs):
    scores = {
        "cross_entropy": each(BASE[:3], learning_rate=0.1),
        "focal": each(NEW[:3], learning_rate=0.2, init_sha256="x", order_sha256="y"),
    }
    folder = make_runs(scores)
    with pytest.raises(StoreError):
        compare(folder)
    (found,) = compare(folder, allow_unmatched=True)
    assert found.flags[0] == "UNMATCHED" and row(found, "focal").n == 3
    assert found.unmatched[0] == (
        "focal differs from cross_entropy in init_sha256 (3 such pairs): x instead of i0 in job "
        "made-mnist_mini-focal-0, seed 0."
    )
    assert len(found.unmatched) == 3
    assert check(found, "E07").outcome == check(found, "E19").outcome == "fail"
    assert "init_sha256, order_sha256" in check(found, "E07").text
    assert "learning_rate" in check(found, "E19").text


def test_other_versions_are_a_warning(make_runs):
    scores = {
        "cross_entropy": each(BASE, versions={"keras": "3.15.1", "numpy": "2.4"}),
        "focal": each(NEW, versions={"keras": "3.14.0", "numpy": "2.4"}),
    }
    (found,) = compare(make_runs(scores))
    assert found.warnings == (
        "the losses were run with different versions of keras (3.14.0, 3.15.1): a difference may "
        "be the library's.",
    )
    assert check(found, "versions").outcome == "warn"


def test_a_factor_may_change_what_it_is(make_runs):
    adam = {"learning_rate": 0.001, "config": CONFIG, "loss_params": {"gamma": 2.0}}
    sgd = adam | {"learning_rate": 0.1, "config": with_config("optimizer", momentum=0.9)}
    scores = {"adam": each(BASE, **adam), "sgd": each(NEW, **sgd)}
    (found,) = compare(make_runs(scores, factor="optimizer"))
    assert (found.factor, found.unmatched) == ("optimizer", ())
    scores["sgd"][0] |= {"loss_params": {"gamma": 1.0}}
    with pytest.raises(StoreError, match="in loss_params"):
        compare(make_runs(scores, factor="optimizer", name="two"))


def test_tuned_parameters_may_differ(make_runs):
    from lossbench import store

    scores = {
        "cross_entropy": each(BASE[:2], learning_rate=0.1, config=CONFIG),
        "focal": each(
            NEW[:2], learning_rate=0.2, config=with_config("optimizer", weight_decay=0.1)
        ),
    }
    runs = store.read_experiment(make_runs(scores)).runs
    fields = [one.field for one in mismatches(runs, "loss", frozenset({"learning_rate"}))]
    assert fields == ["optimizer.weight_decay"] * 2
    tuned = frozenset({"learning_rate", "weight_decay"})
    assert list(mismatches(runs, "loss", tuned)) == []


def test_one_training_does_not_count_for_two_seeds(make_runs):
    folder = make_runs({"cross_entropy": BASE[:2]})
    plan = folder / "plan.csv"
    plan.write_text(plan.read_text().replace("cross_entropy-1", "cross_entropy-0"))
    with pytest.raises(StoreError, match="for seed 0 and for seed 1: one training counts once"):
        compare(folder)


def test_folders_with_different_results_of_a_job_are_refused(make_runs, tmp_path):
    import json
    import shutil

    folder = make_runs({"cross_entropy": BASE, "focal": NEW})
    copy = shutil.copytree(folder, tmp_path / "copy")
    path = copy / "jobs" / "made-mnist_mini-focal-1" / "result.json"
    result = json.loads(path.read_text())
    result["metrics"][0]["value"] = 0.99
    path.write_text(json.dumps(result))
    with pytest.raises(StoreError, match="different results of job made-mnist_mini-focal-1"):
        compare(folder, copy)
