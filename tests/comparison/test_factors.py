"""Comparing another axis than the loss: what is paired, with what, and what is refused."""

import csv
import io
import json
import shutil

import pytest

from lossbench import comparison, store
from lossbench.errors import StoreError
from lossbench.reporting.machine import as_json
from lossbench.reporting.terminal import as_text

ADAM, SGD = [0.95, 0.96, 0.95, 0.97], [0.90, 0.92, 0.91, 0.92]


def compare(*folders, **options):
    return comparison.compare([store.read_experiment(f) for f in folders], **options)


def by_optimizer(make_runs, name="made", **options):
    return make_runs({"adam": ADAM, "sgd": SGD}, name=name, factor="optimizer", **options)


def test_optimizers_are_paired_by_seed(make_runs):
    (found,) = compare(by_optimizer(make_runs), factor="optimizer")
    assert (found.factor, found.baseline, found.loss, found.optimizer) == (
        "optimizer",
        "adam",
        "cross_entropy",
        "",
    )
    adam, sgd = found.rows
    assert (adam.level, adam.verdict, sgd.level, sgd.n) == ("adam", "BASELINE", "sgd", 4)
    assert sgd.diff == pytest.approx(-0.045) and sgd.verdict == "CLEARLY_WORSE"


def test_the_numbers_of_a_factor_are_those_of_losses_with_the_same_scores(make_runs):
    (losses,) = compare(make_runs({"cross_entropy": ADAM, "focal": SGD}, name="losses"))
    (optimizers,) = compare(by_optimizer(make_runs), factor="optimizer")
    mine, other = losses.rows[1], optimizers.rows[1]
    for name in ("diff", "ci_low", "ci_high", "p_holm", "p_tost", "p_beyond", "wins", "verdict"):
        assert getattr(mine, name) == getattr(other, name), name


def test_one_loss_alone_makes_the_axis_that_differs_the_factor(make_runs):
    folder = by_optimizer(make_runs)
    (found,) = compare(folder)
    assert found.factor == "optimizer"
    assert as_text([found]).startswith("comparing optimizers: mnist_mini / seed_cnn / cross_entr")
    assert "(Holm, 1 optimizer)" in as_text([found])
    focal = make_runs({"focal": ADAM}, name="focal")
    assert [c.factor for c in compare(folder, focal)] == ["loss", "loss"], "two losses"


def test_several_axes_are_compared_one_by_one_with_all_else_alike(make_runs):
    folders = [
        make_runs(
            {"constant": ADAM, "cosine": SGD},
            name=f"batch-{size}",
            factor="schedule",
            batch_size=size,
        )
        for size in ("32", "128")
    ]
    found = compare(*folders)
    assert [(c.factor, c.schedule, c.batch_size) for c in found] == [
        ("schedule", "", "32"),
        ("schedule", "", "128"),
        ("batch_size", "constant", ""),
        ("batch_size", "cosine", ""),
    ]
    assert found[2].baseline == "32"
    text = as_text(found)
    assert "comparing schedules: mnist_mini / seed_cnn / adam / batch 32 / cross_entropy" in text
    assert "comparing batch sizes: mnist_mini / seed_cnn / adam / cosine / cross_entropy" in text


def test_losses_are_not_paired_across_schedules_batch_sizes_or_backends(make_runs):
    scores = {"cross_entropy": ADAM, "focal": SGD}
    folders = [
        make_runs(scores, name="usual"),
        make_runs(scores, name="cosine", schedule="cosine"),
        make_runs(scores, name="small", batch_size="32"),
        make_runs(scores, name="torch", backend="torch"),
    ]
    found = compare(*folders)
    assert [len(c.rows) for c in found] == [2, 2, 2, 2]
    titles = [as_text([c]).splitlines()[0] for c in found]
    assert titles == [
        "mnist_mini / seed_cnn / adam, 3 epochs",
        "mnist_mini / seed_cnn / adam / cosine, 3 epochs",
        "mnist_mini / seed_cnn / adam / batch 32, 3 epochs",
        "mnist_mini / seed_cnn / adam / torch, 3 epochs",
    ]


def test_each_loss_has_a_comparison_of_its_own(make_runs):
    folders = [by_optimizer(make_runs), by_optimizer(make_runs, "f", loss="focal")]
    found = compare(*folders, factor="optimizer", baseline="SGD")
    assert [(c.loss, c.baseline) for c in found] == [("cross_entropy", "sgd"), ("focal", "sgd")]


def test_the_declared_baseline_is_that_of_losses_alone(make_runs):
    (found,) = compare(by_optimizer(make_runs, protocol={"baseline": "cross_entropy"}))
    assert (found.baseline, found.warnings) == ("adam", ())
    with pytest.raises(
        StoreError, match=r"'lion' is none of the optimizers .* accepted: adam, sgd"
    ):
        compare(by_optimizer(make_runs), factor="optimizer", baseline="lion")


def test_what_cannot_be_compared_is_refused_with_the_reason(make_runs):
    folder = by_optimizer(make_runs)
    with pytest.raises(
        StoreError, match=r"every run has batch size 128; at least two batch sizes .*in optimizer\."
    ):
        compare(folder, factor="batch_size")
    with pytest.raises(StoreError, match="data sets cannot be compared: their test images differ"):
        comparison.checked_factor("dataset")
    with pytest.raises(StoreError, match=r"no axis 'optimiser'.* Did you mean 'optimizer'"):
        comparison.checked_factor("optimiser")
    apart = [
        make_runs({"adam": ADAM}, name="one", factor="optimizer"),
        make_runs({"sgd": SGD}, name="two", factor="optimizer", model="tiny_cnn"),
    ]
    with pytest.raises(StoreError, match="no two runs differ in optimizer alone"):
        compare(*apart, factor="optimizer")


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("optimizer", "optimizer"),
        ("optimizers", "optimizer"),
        ("batch-size", "batch_size"),
        ("Batch sizes", "batch_size"),
        ("losses", "loss"),
        ("loss", "loss"),
        ("network", "model"),
    ],
)
def test_names_of_factors(name, factor):
    assert comparison.checked_factor(name) == factor


def changed(field):
    return [*ADAM[:3], {"value": 0.9, field: "other"}]


@pytest.mark.parametrize(
    ("factor", "field", "paired"),
    [
        ("optimizer", "init_sha256", False),
        ("schedule", "head_init_sha256", False),
        ("model", "init_sha256", True),
        ("model", "head_init_sha256", True),
        ("model", "order_sha256", False),
        ("backend", "init_sha256", False),
        ("backend", "augmentation_sha256", True),
        ("batch_size", "order_sha256", False),
        ("batch_size", "augmentation_sha256", True),
        ("batch_size", "label_sha256", False),
    ],
)
def test_what_must_agree_follows_from_the_factor(make_runs, factor, field, paired):
    levels = {"batch_size": ("32", "64")}.get(factor, ("one", "two"))
    folder = make_runs(dict(zip(levels, (ADAM, changed(field)), strict=True)), factor=factor)
    if paired:
        (found,) = compare(folder, factor=factor)
        assert found.rows[0].done == 4
    else:
        with pytest.raises(StoreError, match=rf"seed 3.*differs from.*{field}"):
            compare(folder, factor=factor)


def test_folders_that_claim_one_block_are_named_by_the_level(make_runs):
    folders = [by_optimizer(make_runs), by_optimizer(make_runs, "again")]
    with pytest.raises(StoreError, match=r"both claim adam on .* or label the optimizers"):
        compare(*folders)
    copy = shutil.copytree(folders[0], folders[0].parent / "copy")
    assert compare(folders[0], copy)[0].rows[0].planned == 4


def test_files_name_the_factor_and_its_levels(make_runs):
    found = compare(by_optimizer(make_runs))
    lines = list(csv.DictReader(io.StringIO(comparison.csv_text(found))))
    assert [(x["factor"], x["level"], x["optimizer"], x["loss"]) for x in lines] == [
        ("optimizer", "adam", "adam", "cross_entropy"),
        ("optimizer", "sgd", "sgd", "cross_entropy"),
    ]
    (told,) = json.loads(as_json(found))["comparisons"]
    assert [(row["level"], row["optimizer"]) for row in told["rows"]] == [
        ("adam", "adam"),
        ("sgd", "sgd"),
    ]
    losses = json.loads(as_json(compare(make_runs({"cross_entropy": ADAM}, name="l"))))
    assert losses["comparisons"][0]["rows"][0]["loss"] == "cross_entropy"


def test_controls_are_losses_as_others_where_another_factor_is_compared(make_runs):
    folder = by_optimizer(make_runs, loss="cross_entropy + cosine head, scale 30")
    path = folder / "plan.csv"
    path.write_text(path.read_text().replace(",yes,", ",control,"))
    (found,) = compare(folder, factor="optimizer")
    assert [row.level for row in found.rows] == ["adam", "sgd"] and found.controls == ()
