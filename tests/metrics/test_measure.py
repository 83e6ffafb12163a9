import inspect
import math
import subprocess
import sys

import numpy as np
import pytest

from lossbench.catalog.losses import TASKS
from lossbench.catalog.metrics import (
    DEFAULT_METRIC,
    METRICS,
    ORDERED_METRIC,
    metric_row,
    named,
    offered,
    parted,
)
from lossbench.metrics import (
    Measured,
    boundaries,
    classification,
    collapsed,
    function,
    long_tail,
    measure,
    measure_wrong_labels,
    memorisation,
    multilabel,
    ordinal,
    primary,
    quantiles,
    regression,
    retrieval,
    segmentation,
    thresholds,
)

NEED_PROBABILITIES = ["nll", "brier_score", "ece", "ece_floor"]
JUDGING = [row for row in METRICS if not row.wrong_labels and row.given is None]
ALL_KINDS = frozenset({"any", "nonnegative", "positive", "directions"})


def drawn(task, n=200, classes=None, targets="any"):
    rng = np.random.default_rng(0)
    if task == "regression":
        y = rng.normal(size=(n, 2))
        predictions = y + rng.normal(size=(n, 2)) / 3
        positive = targets not in ("any", "directions")
        return (np.exp(y), np.exp(predictions)) if positive else (y, predictions)
    if task == "multilabel":
        y = (rng.random((n, 5)) < 0.4).astype(np.float32)
        return y, rng.normal(size=(n, 5)) + 2 * y - 1
    if task == "segmentation":
        y = rng.integers(0, classes or 3, (n, 6, 7))
        return y, rng.normal(size=(*y.shape, classes or 3)) + 2 * np.eye(classes or 3)[y]
    classes = classes or (2 if task == "binary" else 5)
    y = rng.integers(0, classes, n)
    return y, rng.normal(size=(n, classes)) + np.eye(classes)[y]


def names(found, stage):
    return [m.metric for m in found if m.stage == stage]


def test_rows_and_functions_match_one_to_one():
    targets = sorted(row.target for row in METRICS)
    written = [
        f"{module.__name__.rpartition('.')[2]}:{name}"
        for module in (
            boundaries,
            classification,
            long_tail,
            memorisation,
            multilabel,
            ordinal,
            quantiles,
            regression,
            retrieval,
            segmentation,
            thresholds,
        )
        for name, value in inspect.getmembers(module, inspect.isfunction)
        if value.__module__ == module.__name__
        and list(inspect.signature(value).parameters)[:1] == ["y_true"]
        and not name.startswith("_")
        and name not in ("checked_pair", "is_wrong")
    ]
    assert targets == sorted(written)
    assert all(row.target.endswith(f":{row.name}") for row in METRICS)


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.name)
def test_every_function_is_documented(row):
    text = inspect.getdoc(function(row))
    for section in ("Args:", "Returns:", "Raises:", "Source:"):
        assert f"\n{section}\n" in text


@pytest.mark.parametrize("row", JUDGING, ids=lambda row: row.name)
def test_bounded_metrics_lie_between_0_and_1(row):
    for task in row.tasks:
        made = drawn(task, classes=2 if task == "binary" else 25, targets=row.targets)
        value = primary(task, *made, row.name)
        assert not row.bounded or 0 <= value <= 1


@pytest.mark.parametrize("row", JUDGING, ids=lambda row: row.name)
def test_better_is_where_the_table_says(row):
    for task in row.tasks:
        y, scores = drawn(task, targets=row.targets)
        perfect = y if task == "regression" else 100 * y - 50
        if task not in ("regression", "multilabel"):  # embeddings too: one direction a class
            perfect = 50 * np.eye(scores.shape[-1])[y]
        poor, best = primary(task, y, scores, row.name), primary(task, y, perfect, row.name)
        if row.higher_is_better is None:
            assert best == 0
        elif row.name != "top5_accuracy":
            assert (best > poor) == row.higher_is_better


@pytest.mark.parametrize("task", TASKS)
def test_measure_computes_every_metric_of_the_task(task):
    y, scores = drawn(task, classes=None if task != "multiclass" else 20, targets="positive")
    found = measure(task, y, scores, probabilistic=True, ordered=True, target_kinds=ALL_KINDS)
    expected = [row.name for row in JUDGING if task in row.tasks]
    if task == "binary":
        expected.remove("top5_accuracy")
    assert names(found, "raw") == expected
    assert names(found, "temperature") == []
    for m in found:
        assert m.value == primary(task, y, scores, m.metric)
        assert type(m.value) is float
        assert m.n_examples == 200
        assert m.higher_is_better is METRICS[m.metric].higher_is_better


def test_top5_accuracy_needs_20_classes():
    for classes, there in [(5, False), (19, False), (20, True)]:
        found = measure("multiclass", *drawn("multiclass", classes=classes), probabilistic=True)
        assert ("top5_accuracy" in names(found, "raw")) == there


def test_metrics_of_ordered_classes_need_an_order():
    made = drawn("multiclass")
    plain = names(measure("multiclass", *made, probabilistic=False), "raw")
    found = names(measure("multiclass", *made, probabilistic=False, ordered=True), "raw")
    ordered = {"quadratic_kappa", "mae_rank", "macro_mae_rank", "accuracy_within_one"}
    assert set(found) - set(plain) == ordered
    two = measure("binary", *drawn("binary"), probabilistic=False, ordered=True)
    assert ORDERED_METRIC not in names(two, "raw")
    assert ORDERED_METRIC in found


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"any"}, set()),
        ({"any", "nonnegative", "counts"}, {"poisson_deviance"}),
        ({"any", "nonzero", "nonnegative", "positive"}, {"poisson_deviance", "gamma_deviance"}),
        ({"any", "directions"}, {"angular_error"}),
    ],
)
def test_some_metrics_of_regression_need_targets_of_a_kind(kinds, expected):
    made = drawn("regression", targets="positive")
    plain = measure("regression", *made, probabilistic=False)
    found = measure("regression", *made, probabilistic=False, target_kinds=frozenset(kinds))
    assert set(names(found, "raw")) - set(names(plain, "raw")) == expected


@pytest.mark.parametrize("task", TASKS)
def test_what_is_offered_is_what_is_measured(task):
    y, scores = drawn(task)
    found = names(measure(task, y, scores, probabilistic=True), "raw")
    assert found == [row.name for row in offered(task, n_classes=scores.shape[-1])]


def test_labels_that_hold_together_have_their_own_temperature():
    y, scores = drawn("multilabel")
    raw = measure("multilabel", y, scores, probabilistic=False)
    found = measure("multilabel", y, scores, probabilistic=False, temperature=2.0)
    assert names(found, "temperature") == ["label_nll", "label_brier_score"]
    for m in found[len(raw) :]:
        assert m.value == primary("multilabel", y, scores / 2, m.metric)


def test_scores_that_are_no_probabilities_are_judged_after_temperature_only():
    y, scores = drawn("multiclass")
    raw = measure("multiclass", y, scores, probabilistic=False)
    assert not set(NEED_PROBABILITIES) & set(names(raw, "raw"))
    found = measure("multiclass", y, scores, probabilistic=False, temperature=2.0)
    assert names(found, "raw") == names(raw, "raw")
    assert names(found, "temperature") == NEED_PROBABILITIES
    for m in found[len(raw) :]:
        assert m.value == primary("multiclass", y, scores / 2, m.metric)


def test_probabilities_are_judged_before_and_after_temperature():
    found = measure("binary", *drawn("binary"), probabilistic=True, temperature=0.5)
    assert names(found, "raw")[-4:] == NEED_PROBABILITIES
    assert names(found, "temperature") == NEED_PROBABILITIES


def test_a_measured_value_is_plain():
    found = measure("regression", np.array([[1.0], [3.0]]), np.ones((2, 1)), probabilistic=False)
    assert found[0] == Measured("rmse", "raw", math.sqrt(2), False, 2)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_impossible_temperatures_are_refused(temperature):
    with pytest.raises(ValueError, match="temperature"):
        measure("binary", *drawn("binary"), probabilistic=True, temperature=temperature)


@pytest.mark.parametrize("task", TASKS)
def test_the_default_metric_is_one_of_the_task(task):
    assert math.isfinite(primary(task, *drawn(task), DEFAULT_METRIC[task]))


@pytest.mark.parametrize(("task", "metric"), [("binary", "rmse"), ("binary", "loss")])
def test_metrics_of_other_tasks_are_refused(task, metric):
    with pytest.raises(ValueError, match="accepted are accuracy, average_precision"):
        primary(task, *drawn(task), metric)


def one_class(n, classes, winner):
    return np.tile(np.eye(classes)[winner], (n, 1))


def test_one_class_nearly_always_has_collapsed():
    y = np.arange(100) % 5
    assert collapsed("multiclass", y, one_class(100, 5, 3))
    mostly = one_class(100, 5, 3)
    mostly[:5] = np.eye(5)[y[:5]]  # 5 examples right: class 3 is predicted for 96 of 100
    assert collapsed("multiclass", y, mostly)
    mostly[:10] = np.eye(5)[y[:10]]  # 92 of 100, and better than a constant
    assert not collapsed("multiclass", y, mostly)


def test_a_prevalent_class_may_be_predicted_nearly_always():
    # 90 of 100 are class 0; the network finds 5 of the other 10, so predicts 95 % class 0
    y = np.repeat([0, 1], [90, 10])
    scores = one_class(100, 2, 0) + np.linspace(0, 0.1, 100)[:, None] * [0, 1]
    scores[95:] = [0.0, 1.0]
    assert not collapsed("binary", y, scores)
    assert not collapsed("multiclass", y, scores)


def test_a_good_order_of_rare_positives_has_not_collapsed():
    # none is predicted as class 1, yet all positives come first
    y = np.repeat([0, 1], [95, 5])
    scores = np.column_stack([np.zeros(100), np.linspace(-3, -1, 100)])
    assert not collapsed("binary", y, scores)
    assert collapsed("binary", y, np.zeros((100, 2)))
    assert collapsed("binary", y, scores[::-1])


def test_no_better_than_a_constant_has_collapsed():
    y = np.arange(100) % 5
    assert collapsed("multiclass", y, np.eye(5)[(y + 1) % 5])
    # the majority class for all: balanced accuracy is 1/2
    assert collapsed("multiclass", np.repeat([0, 1], [95, 5]), one_class(100, 2, 0))


def test_a_network_that_has_learnt_has_not_collapsed():
    for task in TASKS:
        assert not collapsed(task, *drawn(task))


def test_labels_in_an_order_by_chance_have_collapsed():
    y, scores = drawn("multilabel")
    assert collapsed("multilabel", y, np.zeros_like(scores))
    assert collapsed("multilabel", y, -scores)
    # none is predicted, yet the order is good
    assert not collapsed("multilabel", y, scores - 100)
    # no label says anything of order
    assert not collapsed("multilabel", np.zeros_like(y), scores)


def test_a_single_class_in_the_labels_says_nothing_about_constants():
    y = np.zeros(10, int)
    assert not collapsed("multiclass", y, one_class(10, 3, 0))
    assert collapsed("multiclass", y, one_class(10, 3, 1))
    assert not collapsed("binary", y, one_class(10, 2, 0))


def test_regression_collapses_to_the_mean():
    y = np.arange(10.0)[:, None]
    assert collapsed("regression", y, np.full((10, 1), y.mean()))
    assert collapsed("regression", y, np.full((10, 1), 0.1))
    assert not collapsed("regression", y, y + 0.5)


def test_outliers_in_the_targets_alone_are_no_collapse():
    """The mean of y is far from every plain target, so R2 < 0 for the best median fit."""
    clean = np.linspace(-1, 1, 20)[:, None]
    y = clean.copy()
    y[::7] += 100
    assert regression.r2(y, clean) < 0
    assert not collapsed("regression", y, clean)
    assert collapsed("regression", y, np.full_like(y, np.median(y)))


def test_importing_the_package_does_not_import_scikit_learn_or_keras():
    code = (
        "import sys, lossbench.metrics as m; "
        "print(m.primary('multiclass', [0], [[1.0, 0.0]], 'accuracy'), "
        "[n for n in ('sklearn', 'keras', 'tensorflow', 'pandas') if n in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split(maxsplit=1) == ["1.0", "[]\n"]


def test_a_metric_may_be_that_of_an_output():
    assert parted("digit.accuracy") == ("digit", "accuracy")
    assert parted("a.b.rmse") == ("a.b", "rmse"), "metrics have no dot; outputs may"
    assert parted("rmse") == (None, "rmse")
    assert named("digit", "accuracy") == "digit.accuracy"
    assert metric_row("digit.accuracy") is metric_row("accuracy") is METRICS["accuracy"]
    with pytest.raises(KeyError):
        metric_row("accuracy.digit")


def test_wrong_labels_are_measured_by_hand():
    y = np.array([0, 1, 2, 0, 1, 2])
    labels = np.array([1, 1, 2, 2, 0, 0])  # wrong: 0, 3, 4, 5
    scores = np.eye(3)[[1, 1, 2, 2, 1, 1]]  # of those: by heart, by heart, right, neither
    found = {m.metric: m for m in measure_wrong_labels(y, labels, scores)}
    assert {name: (m.value, m.n_examples, m.stage) for name, m in found.items()} == {
        "memorisation": (0.5, 4, "raw"),
        "clean_accuracy": (0.25, 4, "raw"),
    }
    assert not found["memorisation"].higher_is_better and found["clean_accuracy"].higher_is_better


def test_of_soft_labels_the_largest_share_is_what_may_be_wrong():
    y, labels = np.array([0, 1]), np.array([[0.4, 0.6], [0.1, 0.9]], np.float32)
    (heart, clean) = measure_wrong_labels(y, labels, np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert (heart.value, clean.value, heart.n_examples) == (1.0, 0.0, 1)


def test_without_wrong_labels_there_is_nothing_to_learn_by_heart():
    y = np.array([0, 1])
    assert measure_wrong_labels(y, y, np.eye(2)) == []
    assert math.isnan(memorisation.memorisation(y, y, np.eye(2)))


@pytest.mark.parametrize("name", ["memorisation", "clean_accuracy"])
def test_metrics_of_wrong_labels_judge_no_loss(name):
    assert name not in {row.name for row in offered("multiclass", n_classes=10)}
    with pytest.raises(ValueError, match=f"metric: '{name}' is none of multiclass"):
        primary("multiclass", np.array([0]), np.eye(2)[:1], name)


def given(found, plain):
    assert found[: len(plain)] == plain, "the others are as without"
    return {m.metric: m.value for m in found[len(plain) :]}


def test_groups_of_classes_are_measured_where_the_training_counts_are_given():
    y, scores = drawn("multiclass")
    plain = measure("multiclass", y, scores, probabilistic=True, temperature=2.0)

    def groups(*counts):
        options = {"probabilistic": True, "temperature": 2.0, "train_counts": counts}
        return given(measure("multiclass", y, scores, **options), plain)

    assert set(groups(500, 101, 100, 20, 19)) == {"many_recall", "medium_recall", "few_recall"}
    assert set(groups(500, 101, 101, 500, 19)) == {"many_recall", "few_recall"}
    every = groups(50, 50, 50, 50, 50)
    assert every == {"medium_recall": primary("multiclass", y, scores, "balanced_accuracy")}


@pytest.mark.parametrize(
    ("task", "chosen", "expected"),
    [
        ("binary", [0.0], {"recall_at_precision_90"}),
        ("binary", [math.nan], set()),
        ("multilabel", [0.0] * 5, {"micro_f1_tuned"}),
    ],
)
def test_chosen_thresholds_are_used_where_they_are_given(task, chosen, expected):
    y, scores = drawn(task)
    plain = measure(task, y, scores, probabilistic=False)
    found = measure(task, y, scores, probabilistic=False, chosen_thresholds=np.array(chosen))
    values = given(found, plain)
    assert set(values) == expected
    for name, default in (("recall_at_precision_90", "recall"), ("micro_f1_tuned", "micro_f1")):
        if name in values:  # no drawn score is 0, so the thresholds of 0 are those of the others
            assert values[name] == primary(task, y, scores, default)


@pytest.mark.parametrize("row", [row for row in METRICS if row.given], ids=lambda row: row.name)
def test_metrics_that_need_more_than_scores_are_not_chosen_in_a_protocol(row):
    for task in row.tasks:
        assert row not in offered(task, n_classes=5, ordered=True)
        with pytest.raises(ValueError, match=f"metric: '{row.name}' is none of {task}"):
            primary(task, *drawn(task), row.name)
