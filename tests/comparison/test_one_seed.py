"""Comparisons that read predictions: two networks of one seed, and the crossed interval.

Predictions are written as the trainer writes them; scores are chosen so that counts are known.
"""

import json
import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from lossbench import comparison, metrics, store
from lossbench.comparison.one_seed import with_predictions
from lossbench.comparison.predictions import (
    OWN_VALUES,
    Predictions,
    by_means,
    read_predictions,
    suits,
)
from lossbench.errors import StoreError
from lossbench.reporting.machine import as_json
from lossbench.reporting.terminal import as_text

N = 400


def two_classes(right, y):
    """Scores of two classes, with these examples right."""
    predicted = np.where(right, y, 1 - y)
    return np.eye(2)[predicted] * 2.0 - 1.0


@pytest.fixture
def predicted(make_runs):
    """Makes runs whose accuracy and predictions agree: by loss, which examples each seed has right.

    `changes` are to the arrays of one job, by loss and seed.
    """

    def make(right, y=None, changes=None, **options):
        y = np.arange(N) % 2 if y is None else y
        scores = {
            loss: [{"value": float(np.mean(own))} for own in seeds] for loss, seeds in right.items()
        }
        accuracies = {loss: [value["value"] for value in values] for loss, values in scores.items()}
        folder = make_runs(accuracies, **options)
        stored = store.read_experiment(folder)
        for run in stored.runs:
            if run.result is None or run.status != "ok":
                continue
            arrays = {
                "example_id": np.arange(len(y)),
                "y_true": y,
                "scores": two_classes(right[run.loss][run.seed], y).astype("float32"),
                "validation_example_id": np.arange(3),
                "validation_y_true": np.zeros(3),
                "validation_scores": np.zeros((3, 2)),
            } | (changes or {}).get((run.loss, run.seed), {})
            np.savez(store.job_folder(folder, run.job_id) / "predictions.npz", **arrays)
        return folder

    return make


def read(folder, **options):
    stored = [store.read_experiment(folder)]
    compared = comparison.compare(stored, **options)
    return with_predictions(compared, comparison.folders_of(stored))


def first_right(n):
    """The first n of all examples."""
    return np.arange(N) < n


def only(b, c, common=300):
    """Right examples of the baseline's network and of another: b of the latter's alone, c of the
    baseline's alone."""
    order = np.random.default_rng(0).permutation(N)
    base, new = np.zeros((2, N), bool)
    base[order[: common + c]] = True
    new[order[:common]] = True
    new[order[common + c : common + c + b]] = True
    return base, new


def test_one_seed_is_mcnemar_and_speaks_of_two_networks(predicted):
    base, new = only(25, 8)
    folder = predicted({"cross_entropy": [base], "focal": [new]})
    (one,) = read(folder)
    (two,) = one.one_seed
    assert (two.level, two.seed, two.n_examples) == ("focal", 0, N)
    assert (two.only_level, two.only_baseline) == (25, 8)
    assert two.p == pytest.approx(scipy_stats.binomtest(8, 33).pvalue)
    assert two.p_holm == two.p
    assert two.diff == pytest.approx(17 / N)
    # of a mean of 25 ones, 8 minus ones and 367 zeros
    half = 1.96 * math.sqrt((33 - 17**2 / N) / N**2)
    assert (two.ci_low, two.ci_high) == pytest.approx((17 / N - half, 17 / N + half), abs=0.003)
    assert one.rows[0].verdict == "NO_DATA"
    text = " ".join(as_text([one]).split())
    assert "focal and cross_entropy: these two trained networks differ: +4.25 points" in text
    assert "only the first is right on 25, only the second on 8; McNemar p(Holm) 0.0046." in text
    assert "not of the losses; another seed gives other networks" in text
    assert "losses differ" not in text


def test_two_networks_that_cannot_be_told_apart(predicted):
    base, new = only(9, 8)
    text = " ".join(as_text(read(predicted({"cross_entropy": [base], "focal": [new]}))).split())
    assert "these two trained networks cannot be told apart: +0.25 points" in text


def test_holm_over_the_losses(predicted):
    base, new = only(25, 12)
    folder = predicted({"cross_entropy": [base], "focal": [new], "poly1": [base]})
    (one,) = read(folder)
    p = {two.level: (two.p, two.p_holm) for two in one.one_seed}
    assert p["focal"] == pytest.approx((0.0470310274, 2 * 0.0470310274))
    assert p["poly1"] == (1.0, 1.0)
    text = " ".join(as_text([one]).split())
    assert "focal and cross_entropy: these two trained networks cannot be told apart" in text


def test_the_same_runs_give_the_same_interval(predicted):
    base, new = only(25, 12)
    folder = predicted({"cross_entropy": [base] * 3, "focal": [new] * 3})
    assert as_json(read(folder)) == as_json(read(folder))


def rates(seed=0, seeds=6):
    rng = np.random.default_rng(seed)
    hard = rng.random(N)
    base = [hard + rng.normal(0, 0.2, N) < 0.80 for _ in range(seeds)]
    new = [hard + rng.normal(0, 0.2, N) < 0.85 for _ in range(seeds)]
    return {"cross_entropy": base, "focal": new}


def test_several_seeds_have_a_crossed_interval(predicted):
    right = rates()
    (one,) = read(predicted(right))
    focal = next(row for row in one.rows if row.level == "focal")
    baseline = next(row for row in one.rows if row.level == "cross_entropy")
    assert one.one_seed == ()
    assert focal.crossed_low < focal.diff < focal.crossed_high
    assert math.isnan(baseline.crossed_low)
    # wider than one over seeds alone and one over examples alone
    d = np.array(right["focal"], float) - np.array(right["cross_entropy"], float)
    by_seed, by_example = d.mean(axis=1).std() / 6**0.5, d.mean(axis=0).std() / N**0.5
    spread = (focal.crossed_high - focal.crossed_low) / 2 / 1.96
    assert spread > 0.95 * max(by_seed, by_example)
    assert spread < 2 * math.hypot(by_seed, by_example)
    text = " ".join(as_text([one]).split())
    assert "95% CI to other seeds and other test examples (crossed bootstrap): focal [" in text
    assert "beside the CI of the table, which decides." in text


def test_without_the_option_nothing_is_read(predicted):
    folder = predicted(rates(seeds=3))
    for path in folder.glob("jobs/*/predictions.npz"):
        path.write_bytes(b"damaged")
    (one,) = comparison.compare([store.read_experiment(folder)])
    assert math.isnan(one.rows[0].crossed_low)


def test_a_failed_seed_is_left_out(predicted, make_runs):
    right = rates(seeds=4)
    folder = predicted(right)
    path = next(folder.glob("jobs/*focal-2/result.json"))
    result = json.loads(path.read_text()) | {"status": "nan", "metrics": []}
    path.write_text(json.dumps(result))
    (one,) = read(folder)
    focal = next(row for row in one.rows if row.level == "focal")
    assert focal.n == 3
    assert focal.crossed_low < focal.diff < focal.crossed_high


def test_other_metrics_have_a_bootstrap_and_no_mcnemar(predicted, monkeypatch):
    monkeypatch.setattr("lossbench.comparison.one_seed.SLOW_DRAWS", 400)
    base, new = only(60, 8, common=200)
    y = (np.arange(N) % 4 == 0).astype(int)
    right = {"cross_entropy": [base], "focal": [new]}
    folder = predicted(right, y=y)
    value = {
        loss: metrics.primary("multiclass", y, two_classes(own[0], y), "macro_f1")
        for loss, own in right.items()
    }
    for path in folder.glob("jobs/*/result.json"):
        result = json.loads(path.read_text())
        loss = "focal" if "focal" in path.parent.name else "cross_entropy"
        result["metrics"].append(
            result["metrics"][0] | {"metric": "macro_f1", "value": value[loss]}
        )
        path.write_text(json.dumps(result))
    (one,) = read(folder, metric="macro_f1")
    (two,) = one.one_seed
    assert two.diff == pytest.approx(value["focal"] - value["cross_entropy"])
    assert two.ci_low < two.diff < two.ci_high
    assert (two.only_level, two.only_baseline) == (None, None)
    assert two.p < 0.01
    assert math.isnan(two.p_mid)
    assert "bootstrap p(Holm)" in " ".join(as_text([one]).split())


def test_each_seed_with_its_own_test_examples_is_not_crossed(predicted):
    changes = {(loss, 1): {"example_id": np.arange(N) + 1} for loss in ("cross_entropy", "focal")}
    (one,) = read(predicted(rates(seeds=2), changes=changes))
    assert math.isnan(one.rows[0].crossed_low)
    assert any("each seed has test examples of its own" in text for text in one.warnings)


def test_other_examples_in_a_block_are_refused(predicted):
    changes = {("focal", 0): {"example_id": np.arange(N)[::-1]}}
    folder = predicted(rates(seeds=2), changes=changes)
    with pytest.raises(StoreError) as refused:
        read(folder)
    assert "jobs made-mnist_mini-cross_entropy-0 and made-mnist_mini-focal-0 predict other" in str(
        refused.value
    )


def test_predictions_that_do_not_give_the_metric_are_told(predicted):
    base, new = only(25, 12)
    y = np.arange(N) % 2
    changes = {("focal", 0): {"scores": two_classes(~new, y)}}
    (one,) = read(predicted({"cross_entropy": [base], "focal": [new]}, changes=changes))
    assert any(
        text.startswith("focal: the predictions of job made-mnist_mini-focal-0 give another")
        for text in one.warnings
    )


def test_absent_and_damaged_predictions_are_refused(predicted):
    folder = predicted(rates(seeds=2))
    path = next(folder.glob("jobs/*focal-1/predictions.npz"))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StoreError, match=r"predictions.npz: cannot be read: .* Remove the job's"):
        read(folder)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match=r"predictions.npz: cannot be read"):
        read(folder)
    np.savez(path, example_id=[1], y_true=[1], scores=[[1.0, 2.0], [1.0, 2.0]])
    with pytest.raises(StoreError, match="1 ids, 1 targets and 2 predictions"):
        read(folder)
    path.unlink()
    with pytest.raises(StoreError, match=r"there is no such file; .* leave out --predictions"):
        read(folder)


def test_the_last_epoch_has_no_predictions(predicted):
    folder = predicted(rates(seeds=2))
    for path in folder.glob("jobs/*/result.json"):
        result = json.loads(path.read_text())
        result["metrics"].append(result["metrics"][0] | {"at": "last"})
        path.write_text(json.dumps(result))
    with pytest.raises(StoreError, match="Leave out --at last"):
        read(folder, at="last")


def test_a_metric_that_ranks_images_among_each_other_is_not_resampled(predicted, make_runs):
    folder = predicted(rates(seeds=2), metric="recall_at_1")
    (one,) = read(folder, metric="recall_at_1")
    assert any("recall_at_1 ranks test images among each other" in text for text in one.warnings)
    assert math.isnan(one.rows[0].crossed_low)


def found(task, y, scores):
    return Predictions("job", task, np.arange(len(y)), y, scores)


DIRECTIONS = np.random.default_rng(1).normal(size=(12, 2))
EXAMPLES = {
    "multiclass": (np.arange(12) % 4, np.random.default_rng(0).normal(size=(12, 4))),
    "twenty": (np.arange(12) % 5, np.random.default_rng(0).normal(size=(12, 20))),
    "multilabel": (np.arange(36).reshape(12, 3) % 2, np.random.default_rng(0).normal(size=(12, 3))),
    "regression": (np.random.default_rng(2).normal(size=(12, 2)), DIRECTIONS),
    "directions": (np.tile([[0.6, 0.8]], (12, 1)), DIRECTIONS),
    "segmentation": (
        (np.random.default_rng(0).random((12, 5, 5)) < 0.3).astype(np.uint8),
        np.eye(2)[np.random.default_rng(1).integers(0, 2, (12, 5, 5))],
    ),
}


@pytest.mark.parametrize(
    ("data", "metric"),
    [
        *(("multiclass", name) for name in ("accuracy", "balanced_accuracy", "nll", "brier_score")),
        *(("multiclass", name) for name in ("mae_rank", "accuracy_within_one")),
        ("twenty", "top5_accuracy"),
        *(("multilabel", name) for name in ("subset_accuracy", "hamming_loss")),
        *(("multilabel", name) for name in ("label_nll", "label_brier_score")),
        *(("regression", name) for name in ("mae", "rmse", "pinball_10", "pinball_90")),
        ("directions", "angular_error"),
        *(("segmentation", name) for name in ("dice_score", "mean_iou", "pixel_accuracy")),
    ],
)
def test_means_give_the_metric_of_any_examples(data, metric):
    """A resample may lack a class; the metric is then that of the classes that are there."""
    task = {"twenty": "multiclass", "directions": "regression"}.get(data, data)
    one, rng = found(task, *EXAMPLES[data]), np.random.default_rng(0)
    columns, of = by_means(one, metric)
    for _ in range(30):
        some = rng.integers(12, size=12)
        assert of(columns[some].mean(axis=0)) == pytest.approx(one.value(metric, some), rel=1e-9)


def test_every_metric_that_is_a_mean_was_checked():
    (mark,) = test_means_give_the_metric_of_any_examples.pytestmark
    assert {metric for _, metric in mark.args[1]} >= OWN_VALUES


def test_what_is_no_function_of_means_is_computed_anew():
    y = np.arange(6) % 2
    assert by_means(found("binary", y, np.zeros((6, 2))), "average_precision") is None


def kept(folder, result, **arrays):
    """Writes the predictions of one job."""
    place = store.job_folder(folder, "j")
    store.write_json(place / "result.json", {"job_id": "j", "status": "ok"} | result)
    np.savez(place / "predictions.npz", example_id=np.arange(3), **arrays)


def test_predictions_of_one_of_several_outputs(tmp_path):
    y = np.array([[0, 0.5, 1.5], [1, 2.5, 3.5], [2, 4.5, 5.5]], "float32")
    scores = np.arange(15, dtype="float32").reshape(3, 5)
    kept(
        tmp_path,
        {
            "task": "multioutput",
            "per_output": [{"task": "multiclass"}, {"task": "regression"}],
        },
        y_true=y,
        scores=scores,
        outputs=np.array(["digit", "position"]),
        target_columns=np.array([[0, 1], [1, 3]]),
        score_columns=np.array([[0, 3], [3, 5]]),
    )
    digit = read_predictions(tmp_path, "j", "digit.accuracy")
    assert (digit.task, digit.y_true.tolist(), digit.scores.shape) == (
        "multiclass",
        [0, 1, 2],
        (3, 3),
    )
    assert digit.value("accuracy") == pytest.approx(1 / 3)
    position = read_predictions(tmp_path, "j", "position.mae")
    assert position.value("mae") == pytest.approx(np.abs(y[:, 1:] - scores[:, 3:]).mean())
    with pytest.raises(StoreError, match=r"predictions.npz: cannot be read"):
        read_predictions(tmp_path, "j", "colour.accuracy")


def test_predictions_of_masks(tmp_path):
    truth = np.zeros((3, 4, 4), np.uint8)
    truth[:, :2] = 1
    predicted = truth.copy()
    predicted[0] = 0
    kept(
        tmp_path,
        {"task": "segmentation", "class_names": ["sky", "cat"]},
        y_true=truth,
        y_pred=predicted,
    )
    masks = read_predictions(tmp_path, "j", "dice_score")
    assert masks.value("dice_score") == pytest.approx(2 / 3)
    assert masks.value("pixel_accuracy") == pytest.approx(5 / 6)
    assert "only the predicted classes" in (suits("pixel_nll", masks.task) or "")
    assert suits("dice_score", masks.task) is None


def test_predictions_of_embeddings(tmp_path):
    labels = np.array([0, 0, 1])
    kept(tmp_path, {"task": "retrieval"}, y_true=labels, embeddings=np.eye(3, 2))
    found = read_predictions(tmp_path, "j", "map_at_r")
    assert "ranks test images among each other" in (suits("map_at_r", found.task) or "")
    assert "more than labels and scores" in (suits("few_recall", "multiclass") or "")
