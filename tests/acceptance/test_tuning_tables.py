"""`lossbench compare --tuning`, on a folder with trials as `lossbench run` writes them."""

import pytest

from lossbench import store

TRIAL = dict.fromkeys(store.TUNING_COLUMNS, "") | {
    "dataset": "mnist_mini",
    "model": "seed_cnn",
    "optimizer": "adam",
    "schedule": "constant",
    "backend": "tensorflow",
    "batch_size": "128",
    "stage": "search",
    "metric": "accuracy",
}


@pytest.fixture
def tuned(make_runs):
    def make(**changes):
        scores = {"cross_entropy": [0.90, 0.91, 0.90], "focal": [0.92, 0.93, 0.925]}
        folder = make_runs(scores, protocol={"delta": 0.02})
        values = {"cross_entropy": [0.80, 0.90, 0.89], "focal": [0.70, 0.91, None]}
        rows = [
            TRIAL
            | {
                "loss": loss,
                "trial": point,
                "learning_rate": 10.0 ** (point - 4),
                "value": value,
            }
            | changes
            for loss, own in values.items()
            for point, value in enumerate(own)
        ]
        store.write_whole(folder / "tuning.csv", store.csv_text(store.TUNING_COLUMNS, rows))
        return folder

    return make


def test_compare_says_how_tuning_went(lossbench, tuned):
    folder = tuned()
    out, _ = lossbench("compare", folder, "--tuning")
    plain, _ = lossbench("compare", folder)
    assert out.startswith(f"{plain}\ntuning of mnist_mini / seed_cnn / adam: accuracy on valid")
    lines = out.splitlines()
    # of 0.70, 0.91 and a failure, which counts as 0.70: 0.77 on average, 0.84 the best of two
    assert "focal           77.00   84.00   91.00" in lines
    assert "Failed, counted as the worst that worked: focal 1 of 3." in lines
    assert "focal           70.00   91.00  failed" in lines
    assert "within 2 points of its best, a loss is at learning rates over" in lines
    assert "cross_entropy  1.0 decades or more: up to an end of what was tried" in lines
    assert "focal          0.0 decades" in lines


def test_what_is_wrong_is_said(lossbench, tuned, make_runs):
    folder = tuned(value="0,9")
    _, err = lossbench("compare", folder, "--tuning", code=2)
    assert "tuning.csv: trial 0 of cross_entropy has value '0,9'; accepted is what 'lossbe" in err
    _, err = lossbench("compare", folder, "--tuning", "--json", code=2)
    assert "prints text; leave out --json" in err
    untuned = make_runs({"cross_entropy": [0.9, 0.91]}, name="untuned")
    out, _ = lossbench("compare", untuned, "--tuning")
    assert out.endswith("\ntuning: none; the experiment has no trials\n")
