"""Series and plain vectors, from the file to the results."""

import csv

import pytest

CONFIG = """
name: series
dataset:
  - {name: synthetic_series, n: 400, n_test: 100, horizon: 2}
  - {name: synthetic_vectors, task: regression, n: 400, n_test: 100}
model: [conv1d_small, mlp]
losses: [mse, {name: quantile, quantile: 0.9}]
seeds: 1
train: {epochs: 3, batch_size: 32}
"""


@pytest.mark.slow
def test_series_and_vectors_are_learnt(lossbench):
    text = CONFIG.replace("n: 400, n_test: 100}\nmodel", "n: 400, n_test: 100, size: 8}\nmodel")
    lossbench("run", lossbench.write("e.yaml", text))
    folder = lossbench.cwd / "runs/series"
    with (folder / "runs.csv").open(newline="") as file:
        runs = {row["job_id"]: row for row in csv.DictReader(file)}
    assert {row["status"] for row in runs.values()} == {"ok"}
    assert {row["model"] for row in runs.values()} == {"conv1d_small", "mlp"}
    with (folder / "metrics.csv").open(newline="") as file:
        found = {
            (
                runs[row["job_id"]]["dataset"],
                runs[row["job_id"]]["model"],
                loss,
                row["metric"],
            ): float(row["value"])
            for row in csv.DictReader(file)
            for loss in [runs[row["job_id"]]["loss"]]
            if (row["split"], row["at"]) == ("test", "selected")
        }
    for dataset in {row["dataset"] for row in runs.values()}:
        for model in ("conv1d_small", "mlp"):
            # the 0.9 quantile forecasts more than the mean
            bias = {loss: found[dataset, model, loss, "bias"] for _, _, loss, _ in found}
            assert bias["quantile[quantile=0.9]"] > bias["mse"]
    vectors = next(dataset for dataset, *_ in found if dataset.startswith("synthetic_vectors"))
    assert found[vectors, "mlp", "mse", "r2"] > 0.3


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            ("[conv1d_small, mlp]", "seed_cnn"),
            "seed_cnn reads images of 10 pixels or more; those of synthetic_series["
            "n=400,n_test=100,horizon=2] have 28 x 1. Choose conv1d_small or mlp.",
        ),
        (
            ("{name: synthetic_series, n: 400, n_test: 100, horizon: 2}", "mnist_mini"),
            "conv1d_small reads series, images of width 1 and 8 or more in height; those of "
            "mnist_mini have 28 x 28. Choose another model.",
        ),
        (("horizon: 2", "spike_rate: 0.5"), "0 <= spike_rate <= 1/7"),
        (("task: regression", "classes: 9"), "9 classes need as many numbers in a vector"),
        (("horizon: 2", "label_noise: {}"), "has no parameter 'label_noise'"),
    ],
)
def test_what_does_not_suit_is_refused(lossbench, changed, says):
    lossbench.write("e.yaml", CONFIG.replace(*changed))
    _, err = lossbench("validate", "e.yaml", code=2)
    assert says in err, err
