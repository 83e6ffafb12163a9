import math

import pytest

from lossbench import comparison, store
from lossbench.reporting.machine import as_json
from lossbench.reporting.terminal import as_text

BASE = [0.9120, 0.9084, 0.9151, 0.9052, 0.9103, 0.9075, 0.9139, 0.9098]
NEW = [0.9168, 0.9121, 0.9170, 0.9136, 0.9098, 0.9129, 0.9172, 0.9151]


def text(folder, **options):
    return as_text(comparison.compare([store.read_experiment(folder)], **options))


def test_reads_as_in_the_readme(make_runs):
    folder = make_runs({"cross_entropy": BASE, "focal": NEW}, protocol={"delta": 0.002})
    assert text(folder) == (
        "mnist_mini / seed_cnn / adam, 3 epochs\n"
        "accuracy on test in points, higher is better   epoch chosen on validation\n"
        "8 paired seeds   baseline: cross_entropy\n"
        "protocol bf6b27: declared   tuning: none   alpha 0.05 (Holm, 1 loss)\n"
        "delta 0.20 points\n"
        "\n"
        "loss           mean  diff         95% CI n wins p(Holm) verdict           done\n"
        "────           ────  ────         ────── ─ ──── ─────── ───────           ────\n"
        "focal         91.43 +0.40 [+0.18, +0.62] 8  7/8  0.0035 BETTER by > delta  8/8\n"
        "cross_entropy 91.03     .              . 8    .       . baseline           8/8\n"
        "\n"
        "focal is better than cross_entropy: +0.40 points (95% CI +0.18 to +0.62; 8\n"
        "paired seeds; p = 0.0035), which is more than the 0.20 points declared to matter\n"
        "(p = 0.033). It won 7 of 8 seeds.\n"
        "Loss explains 34% of the variation between runs, seed 53%, rest 13%.\n"
        "\n"
        "diff: paired by seed against the baseline; positive is better.\n"
        "Learning rate shared by all losses: this compares losses at that learning rate.\n"
        "\n"
        "audit of the protocol: 1 warned, 7 passed; --audit lists them.\n"
    )


@pytest.mark.parametrize(
    "scores",
    [
        {"cross_entropy": BASE, "a_loss[with=1,many=2,parameters=3,and=4,a=5,long=6,name=7]": NEW},
        {"mse": [123456.789, 234567.8, 1e-9], "mae": [1e12, 3.0, 5.0]},
        {"cross_entropy": BASE, "<script>": NEW, "\u202eevil": NEW, "漢字の損失関数🙂": NEW},
        {"cross_entropy": [math.nan] * 3, "focal": [None] * 3},
        {"cross_entropy": BASE},
        {f"loss_{i}": BASE for i in range(40)},
    ],
)
def test_never_wider_than_80_columns_and_never_an_error(make_runs, scores):
    from rich.cells import cell_len

    metric = "rmse" if "mse" in scores else "accuracy"
    for line in text(make_runs(scores, metric=metric)).splitlines():
        assert cell_len(line) <= 80, line


def test_flags_and_inconclusive_verdicts_are_explained(make_runs):
    shown = text(make_runs({"cross_entropy": BASE[:5], "focal": NEW[:5]}))
    assert "inconclusive*" in shown and "* FEW_SEEDS (focal): too few seeds" in shown
    assert "with 5 seeds its smallest p-value is 0.062; it takes 6 seeds" in shown
    assert "No conclusion about focal: +0.37 points" in shown
    assert "This design could detect differences of about 0.56 points" in " ".join(shown.split())
    assert "(default)" in shown


def test_json_is_strict(make_runs):
    import json

    folder = make_runs({"cross_entropy": [math.nan], "focal": [0.5]})
    data = as_json(comparison.compare([store.read_experiment(folder)]))
    assert json.loads(data, parse_constant=pytest.fail)["schema"] == 2


def known(values, optimum, metric="accuracy"):
    """Results that have the best possible value beside theirs."""
    row = {"split": "test", "at": "selected", "stage": "raw", "metric": metric, "n_examples": 9}
    sign = 1 if metric == "accuracy" else -1
    return [
        {"metrics": [row | {"value": v, "optimum": optimum, "regret": sign * (optimum - v)}]}
        for v in values
    ]


def test_regret_stands_next_to_the_score(make_runs):
    folder = make_runs({"cross_entropy": known(BASE, 0.95), "focal": known(NEW, 0.95)})
    lines = text(folder).splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("loss "))
    assert lines[first].split()[:4] == ["loss", "mean", "regret", "diff"]
    assert [line.split()[:3] for line in lines[first + 2 : first + 4]] == [
        ["focal", "91.43", "3.57"],
        ["cross_entropy", "91.03", "3.97"],
    ]
    assert "regret: what is missing to 95.00, the best possible on this test set." in lines


def test_without_room_regrets_stand_below(make_runs):
    name = "a_loss_with_a_name_that_takes_the_whole_column"
    folder = make_runs({"cross_entropy": known(BASE, 0.95), name: known(NEW, 0.95)})
    shown = " ".join(text(folder).split())
    assert "mean diff" in shown
    assert (
        f"regret to 95.00, the best possible on this test set: {name} 3.57, cross_entropy 3.97."
    ) in shown


def test_where_nothing_is_the_best_error_regret_says_no_more_than_the_mean(make_runs):
    scores = {
        "mse": known([1.0, 1.1, 1.2], 0.0, "rmse"),
        "mae": known([0.5, 0.7, 0.7], 0.0, "rmse"),
    }
    assert "regret" not in text(make_runs(scores, metric="rmse"))
    assert "regret" in text(
        make_runs(
            {
                "mse": known([1.0, 1.1, 1.2], 0.4, "rmse"),
                "mae": known([0.5, 0.7, 0.7], 0.4, "rmse"),
            },
            metric="rmse",
            name="other",
        )
    )


def test_average_precision_is_read_beside_that_of_a_random_order(make_runs):
    told = [
        {"value": value, "confusion": [[880, 20], [70, 30]]} for value in (0.41, 0.43, 0.45, 0.47)
    ]
    folder = make_runs({"bce": told, "focal": told[::-1]}, metric="average_precision")
    assert "\npositives on test: 10.0, the average precision of a random order.\n" in text(folder)
