import numpy as np
import pytest
from scipy import stats

from lossbench import store
from lossbench.reporting.figures import (
    error_quantiles,
    error_sizes,
    normal_table,
    residuals,
    residuals_table,
    sizes_table,
    spread_table,
)
from lossbench.reporting.figures.errors import (
    IQR_OF_NORMAL,
    MOST_SEEDS,
    Errors,
    errors_of,
    points_table,
    read_errors,
)
from lossbench.reporting.figures.residuals import pictures
from lossbench.reporting.page.report import report_of

TRUTH = np.arange(20.0)


def _errors(error, predicted=TRUTH):
    return Errors(np.asarray(predicted, float), np.asarray(error, float), 1)


def test_an_error_is_prediction_minus_target():
    one = errors_of(np.array([[1.0], [2.0]]), np.array([[1.5], [1.0]]))
    assert one.error.tolist() == [0.5, -1.0]
    assert one.predicted.tolist() == [1.5, 1.0]


def test_several_targets_are_pooled_over_their_standard_deviations():
    truth = np.array([[0.0, 100.0], [2.0, 300.0]])
    one = errors_of(truth, truth + np.array([1.0, 50.0]))
    assert one.targets == 2
    assert one.error.tolist() == pytest.approx([1.0, 0.5, 1.0, 0.5])  # deviations 1 and 100
    same = errors_of(np.ones((3, 2)), np.ones((3, 2)) * 2)
    assert same.error.tolist() == [1.0] * 6  # a target that never changes keeps its unit


def test_errors_that_are_no_numbers_are_left_out_and_shapes_must_fit():
    assert errors_of(np.zeros(3), np.array([1.0, np.nan, np.inf])).error.tolist() == [1.0]
    assert errors_of(np.zeros(2), np.array([np.nan, np.nan])) is None
    assert errors_of(np.zeros((2, 1)), np.zeros((2, 2))) is None


def test_bias_and_spreads_are_means_over_seeds():
    rng = np.random.default_rng(0)
    seeds = {k: rng.standard_t(3, 50) + k / 10 for k in range(3)}
    table = spread_table({"mse": {k: _errors(e, e) for k, e in seeds.items()}}, 0.05)
    bias = [error.mean() for error in seeds.values()]
    low, high = stats.t.interval(0.95, 2, np.mean(bias), stats.sem(bias))
    first = table.iloc[0]
    assert first[["value", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [np.mean(bias), low, high]
    )
    assert table["value"].tolist()[1:] == pytest.approx(
        [
            np.mean([error.std() for error in seeds.values()]),
            np.mean([stats.iqr(error, scale="normal") for error in seeds.values()]),
        ]
    )


def test_tenths_of_the_predictions_have_quantiles_of_their_errors():
    shuffled = np.random.default_rng(1).permutation(20)
    error = 2 * TRUTH
    found = {"mse": {0: _errors(error[shuffled], TRUTH[shuffled])}}
    table = residuals_table(found)
    assert len(table) == 10
    assert table.iloc[0].tolist() == ["mse", 0.5, pytest.approx(0.2), 1.0, pytest.approx(1.8), 2]
    few = residuals_table({"mse": {0: _errors([1.0, 2.0, 3.0], [0, 1, 2])}})
    assert few["n"].tolist() == [1, 1, 1]
    points = points_table(found, 5)
    assert points["prediction"].tolist() == [0, 5, 10, 14, 19]
    assert points["error"].tolist() == [0, 10, 20, 28, 38]


def test_sizes_are_quantiles_of_absolute_errors_of_all_seeds():
    half = np.arange(1, 51.0)
    found = {"mae": {0: _errors(half, half), 1: _errors(-half - 50, half)}}
    table = sizes_table(found).set_index("share")["error"]
    assert table[50] == pytest.approx(50.5)
    assert table[99] == pytest.approx(np.quantile(np.arange(1, 101.0), 0.99))


def test_normal_errors_lie_on_the_line_and_constant_ones_are_left_out():
    normal = stats.norm.ppf((np.arange(20001) + 0.5) / 20001)
    found = {"mse": {0: _errors(3 + 2 * normal, normal)}, "same": {0: _errors([1.0] * 5, [0] * 5)}}
    table = normal_table(found)
    assert set(table["level"]) == {"mse"}
    assert table["error"].tolist() == pytest.approx(table["normal"].tolist(), abs=0.01)
    assert pytest.approx(stats.norm.ppf(0.75) * 2) == IQR_OF_NORMAL


def _write(folder, job, truth, scores):
    np.savez(
        store.job_folder(folder, job) / "predictions.npz",
        example_id=np.arange(len(truth)),
        y_true=truth,
        scores=scores,
    )


@pytest.fixture
def regression(make_runs):
    def make(levels, seeds=3):
        runs = {level: [{"value": 1.0 + s / 9} for s in range(seeds)] for level in levels}
        folder = make_runs(runs, metric="rmse", protocol={"baseline": levels[0]})
        rng = np.random.default_rng(0)
        truth = rng.normal(size=(40, 1))
        for level in levels:
            for seed in range(seeds):
                said = truth + rng.normal(0.5, 0.1, (40, 1))
                _write(folder, f"made-mnist_mini-{level}-{seed}", truth, said)
        return folder

    return make


def test_runs_of_regression_have_four_forms_of_the_picture(regression):
    found = list(pictures(report_of([regression(["mse", "mae"])], "0").materials[0]))
    assert [one.variant for one in found] == [
        "bias and spread",
        "by prediction",
        "by size",
        "beside normal",
    ]
    assert {one.name for one in found} == {"residuals"}
    spread, by_prediction, sizes, normal = (one.draw() for one in found)
    assert [axes.get_title("left") for axes in by_prediction.axes] == ["mse", "mae"]
    assert len(spread.axes) == 3
    assert [len(one.axes[0].get_legend().get_texts()) for one in (sizes, normal)] == [2, 2]
    assert "n = 3 seeds pooled" in found[1].caption
    assert "mse: bias +0.5" in found[0].description


def test_a_missing_or_damaged_file_leaves_out_its_run_alone(regression):
    folder = regression(["mse", "mae"])
    material = report_of([folder], "0").materials[0]
    (store.job_folder(folder, "made-mnist_mini-mae-0") / "predictions.npz").unlink()
    (store.job_folder(folder, "made-mnist_mini-mae-1") / "predictions.npz").write_bytes(b"PK")
    found = read_errors(material.comparison, material.folders, material.results)
    assert {level: sorted(jobs) for level, jobs in found.items()} == {
        "mse": [0, 1, 2],
        "mae": [2],
    }


def test_at_most_eight_seeds_are_read(regression):
    material = report_of([regression(["mse", "mae"], MOST_SEEDS + 1)], "0").materials[0]
    found = read_errors(material.comparison, material.folders, material.results)
    assert sorted(found["mse"]) == list(range(MOST_SEEDS))


def test_classification_and_runs_without_predictions_have_no_picture(make_runs):
    for metric in ("accuracy", "rmse"):
        folder = make_runs({"a": [0.5, 0.6], "b": [0.7, 0.8]}, metric=metric, name=metric)
        assert not list(pictures(report_of([folder], "0").materials[0]))


def test_one_absurd_level_does_not_squeeze_the_others():
    rng = np.random.default_rng(0)
    found = {
        name: {0: _errors(scale * rng.normal(size=200), rng.normal(size=200))}
        for name, scale in (("a", 1.0), ("b", 1.0), ("c", 1e6))
    }
    table = residuals_table(found)
    figure = residuals(table, points=points_table(found, 20))
    assert figure.axes[0].get_ylim()[1] < 100
    assert error_sizes(sizes_table(found)).axes[0].get_xlim()[1] < 20
    assert error_quantiles(normal_table(found)).axes[0].get_ylim()[1] <= 12
