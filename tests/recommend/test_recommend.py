"""What is recommended follows what was stated or measured, and every loss suits the data."""

from dataclasses import replace

import numpy as np
import pytest

from lossbench import datasets
from lossbench.catalog import DATASETS, LOSSES
from lossbench.config.dataset_argument import dataset_entry
from lossbench.datasets.inspection import inspect
from lossbench.recommend import FEWEST, MOST, findings, recommend


def looked(text):
    entry = dataset_entry(text)
    facts = datasets.describe(entry.name, entry.params)
    return facts, inspect(datasets.load(entry.name, entry.params))


def recommended(text):
    facts, seen = looked(text)
    return recommend(text, facts, seen), findings(facts, seen)


def names(found):
    return [one.name for one in found.losses]


def reasons(found, *wanted):
    return [one.reason for one in found.losses if one.name in wanted]


NOISY = "mnist_mini[label_noise={type=symmetric,rate=0.4}]"


def test_declared_noise_is_called_declared_and_not_estimated():
    found, suggests = recommended(NOISY)
    assert {"gce", "sce"} <= set(names(found))
    for reason in reasons(found, "gce", "sce"):
        assert "declared: symmetric, rate 0.4" in reason and "estimate" not in reason
    assert not found.measured and not found.unmeasured
    assert "declared" in suggests[0]


def test_noise_in_the_users_own_labels_is_called_an_estimate(tmp_path):
    noisy, clean = datasets.load("mnist_mini", {}), datasets.load("mnist_mini", {})
    noisy = datasets.load("mnist_mini", dataset_entry(NOISY).params)
    np.savez(
        tmp_path / "d.npz",
        x_train=noisy.train.images,
        y_train=noisy.train.targets,
        x_test=clean.test.images,
        y_test=clean.test.targets,
    )
    found, suggests = recommended(str(tmp_path / "d.npz"))
    reason = reasons(found, "gce")[0]
    assert reason.startswith("about 4") and "estimate" in reason and "declared" not in reason
    assert "gce" in suggests[0]
    assert found.measured[0].startswith("wrong labels: about 4")


def test_clean_digits_ask_for_nothing():
    found, suggests = recommended("mnist_mini")
    assert names(found)[0] == found.baseline == "cross_entropy" and found.metric == "accuracy"
    assert len(found.losses) == FEWEST and not {"gce", "balanced_softmax"} & set(names(found))
    assert all("nothing measured" in one.reason for one in found.losses[1:])
    assert suggests[0].startswith("Nothing stands out")


def test_a_long_tail():
    found, suggests = recommended("mnist_mini[imbalance={type=exponential,ratio=100}]")
    assert "450 to 5 images (90 to 1)" in reasons(found, "balanced_softmax")[0]
    assert found.metric == "balanced_accuracy" and "90 to 1" in found.metric_reason
    assert any("too uneven" in text for text in found.unmeasured)
    assert any("8 or more" in text for text in suggests)


def test_rare_positives():
    found, _ = recommended("synthetic_imbalanced[ratio=20]")
    assert found.baseline == "bce" and found.metric == "average_precision"
    assert "4.8 %" in reasons(found, "weighted_bce")[0]


def test_balanced_classes_of_two_kinds():
    found, _ = recommended("synthetic_imbalanced[ratio=1]")
    assert all("rarer" not in one.reason for one in found.losses)


def test_an_order():
    found, suggests = recommended("synthetic_ordinal")
    assert {"coral", "corn"} <= set(names(found)) and found.metric == "quadratic_kappa"
    assert "order" in suggests[0]


def test_outliers_that_the_data_bring_along_and_declared_ones():
    found, suggests = recommended("synthetic_regression[outlier_rate=0.1]")
    reason = reasons(found, "mae")[0]
    assert "9.7 % of the training targets" in reason and "all above it" in reason
    assert found.metric == "mae" and "huber" in suggests[0]
    found, _ = recommended("synthetic_regression[outliers={rate=0.1,size=5,sides=two}]")
    assert "declared" in reasons(found, "huber")[0]


def test_no_outliers():
    found, _ = recommended("synthetic_regression")
    assert found.metric == "rmse" and not {"cauchy", "student_t_nll"} & set(names(found))


def test_outliers_in_the_test_part_too():
    facts, seen = looked("synthetic_regression[outlier_rate=0.1]")
    values = tuple(replace(one, test_outliers=0.05) for one in seen.targets.values)
    seen = replace(seen, targets=replace(seen.targets, values=values))
    assert recommend("x", facts, seen).metric == "median_ae"


@pytest.mark.parametrize(
    ("target", "loss", "metric"),
    [
        ("count", "poisson", "rmse"),
        ("positive", "gamma_deviance", "rmse"),
        ("direction", "cosine", "angular_error"),
    ],
)
def test_kinds_of_numbers(target, loss, metric):
    found, _ = recommended(f"synthetic_regression[target={target}]")
    assert loss in names(found) and found.metric == metric


def test_labels_that_hold_together():
    found, _ = recommended("synthetic_multilabel[prevalence=0.1]")
    assert {"asl", "weighted_bce", "zlpr"} <= set(names(found))
    assert found.metric == "mean_average_precision"


def test_several_outputs():
    found, _ = recommended("digit_position")
    assert found.baseline == "equal" and found.metric == "digit.accuracy"
    assert {one.loss["name"] for one in found.losses} == {"heads"}


def soft(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (300, 8, 8), dtype=np.uint8)
    y = rng.dirichlet([0.5] * 3, 300).astype(np.float32)
    np.savez(tmp_path / "s.npz", x_train=x, y_train=y, x_test=x[:90], y_test=y[:90])
    return str(tmp_path / "s.npz")


def test_soft_labels(tmp_path):
    found, _ = recommended(soft(tmp_path))
    assert "shares of several classes" in reasons(found, "brier")[0]
    assert all(LOSSES[name].soft for name in names(found))


def test_equal_images_in_both_parts(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (300, 8, 8), dtype=np.uint8)
    y = np.arange(300) % 3
    x[50:60] = x[:10]  # other labels: 50 % 3 is not 0 % 3
    np.savez(tmp_path / "d.npz", x_train=x, y_train=y, x_test=x[:90], y_test=y[:90])
    _, suggests = recommended(str(tmp_path / "d.npz"))
    assert suggests[0].startswith("90 images of the test part are also in training")
    assert "10 sets of equal images have different targets" in suggests[1]


def test_at_most_six_sentences_and_eight_losses():
    for text in (NOISY, "mnist_mini[imbalance={type=step,ratio=90},subset=1000]"):
        found, suggests = recommended(text)
        assert 1 <= len(suggests) <= 6 and FEWEST <= len(found.losses) <= MOST


def test_the_smallest_difference_is_one_that_the_test_part_can_show():
    for row in DATASETS:
        if row.file is None and not any(p.required for p in row.params.values()):
            found, _ = recommended(row.name)
            assert found.delta is None or found.delta >= 1 / 1000
