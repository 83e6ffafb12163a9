"""Which losses and data go with augmentation."""

import pytest

from lossbench import config, datasets
from lossbench.catalog import LOSSES
from lossbench.plan import make_plan

DIGITS = "{name: mnist_mini, subset: 200}"


def plan(tmp_path, dataset, losses, augment):
    path = tmp_path / "e.yaml"
    path.write_text(
        f"dataset: {dataset}\nmodel: tiny_cnn\nlosses: {losses}\nseeds: [0]\n"
        f"train: {{epochs: 1, batch_size: 32, augment: {augment}}}\n"
    )
    experiment = config.load(path).checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    return make_plan(experiment, facts)


def reasons(found):
    return [skip.reason for skip in found.skips]


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
@pytest.mark.parametrize(
    ("loss", "shown"),
    [
        ("squared", "squared"),
        ("crammer_singer", "crammer_singer"),
        ("arcface", "arcface"),
        ("supcon", "supcon"),
        ("center", "center"),
        ("{name: class_balanced, base: squared}", "class_balanced[base=squared]"),
        ("{name: sum, terms: [{loss: ce}, {loss: asl_single}]}", "sum[cross_entropy+asl_single]"),
        ("{name: keras, class_name: CategoricalHinge}", "keras.CategoricalHinge"),
    ],
)
def test_losses_of_hard_labels_are_skipped_where_labels_are_mixed(tmp_path, loss, shown, kind):
    found = plan(tmp_path, DIGITS, f"[cross_entropy, {loss}]", f"[flip, {kind}]")
    assert not found.problems
    assert reasons(found) == [f"{shown} needs hard labels; those of {kind} are mixed"]
    assert [job.loss.name for job in found.jobs] == ["cross_entropy"], "its head control, too"


def test_other_augmentation_suits_every_loss(tmp_path):
    augment = "[flip, crop, shift, cutout]"
    found = plan(tmp_path, DIGITS, "[cross_entropy, squared, supcon, arcface]", augment)
    assert not found.problems and not found.skips
    assert any(job.control for job in found.jobs)


def test_every_loss_with_soft_labels_stays(tmp_path):
    names = [
        row.name
        for row in LOSSES
        if row.soft and row.role == "loss" and "multiclass" in row.tasks and not row.ordered
        if row.name not in ("keras", "custom", "emd")
    ]
    found = plan(tmp_path, DIGITS, f"[{', '.join(names)}]", "[mixup]")
    assert not found.problems and not found.skips
    assert len(names) > 20


@pytest.mark.parametrize(
    ("dataset", "kept", "skipped"),
    [
        ("{name: synthetic_multilabel, n: 200, n_test: 40}", "bce", "zlpr"),
        ("{name: synthetic_multilabel, n: 200, n_test: 40}", "asl", "soft_f1"),
        ("{name: synthetic_imbalanced, n: 200, n_test: 40, ratio: 2}", "bce", "pairwise_auc"),
        ("{name: synthetic_ordinal, n: 200, n_test: 40}", "emd", "coral"),
    ],
)
def test_labels_of_other_tasks(tmp_path, dataset, kept, skipped):
    found = plan(tmp_path, dataset, f"[{kept}, {skipped}]", "[mixup]")
    assert not found.problems
    assert reasons(found) == [f"{skipped} needs hard labels; those of mixup are mixed"]


COUNTS = "{name: synthetic_regression, n: 200, n_test: 40, target: count}"
POSITIVE = "{name: synthetic_regression, n: 200, n_test: 40, target: positive}"


def test_targets_that_averages_would_break(tmp_path):
    found = plan(tmp_path, COUNTS, "[mse, poisson]", "[mixup]")
    assert reasons(found) == [
        "poisson needs targets that are whole numbers; those of mixup are averages"
    ]
    found = plan(tmp_path, POSITIVE, "[mape, gamma_deviance, msle]", "[cutmix]")
    assert not found.skips and not found.problems, "means of positive numbers are positive"


@pytest.mark.parametrize(
    ("dataset", "losses"),
    [("{name: digit_position, subset: 100}", "{name: heads, heads: {digit: ce, position: mse}}")],
)
def test_tasks_whose_targets_are_not_averaged(tmp_path, dataset, losses):
    (problem,) = plan(tmp_path, dataset, f"[{losses}]", "[flip, mixup]").problems
    assert problem.where.endswith("e.yaml:5:52: train.augment[1]")
    assert "mixup averages targets, but those of digit_position[subset=100] are" in problem.text


@pytest.mark.parametrize(
    ("augment", "text"),
    [
        ("{name: crop, padding: 28}", "padding of crop is 28 pixels, but the images of "),
        ("{name: shift, pixels: 99}", "pixels of shift is 99 pixels, but the images of "),
        ("{name: cutout, size: 29}", "size of cutout is 29 pixels, but the images of "),
    ],
)
def test_what_is_larger_than_the_image(tmp_path, augment, text):
    (problem,) = plan(tmp_path, DIGITS, "[ce]", f"[{augment}]").problems
    most = 28 if "cutout" in augment else 27
    end = f"mnist_mini[subset=200] have 28 x 28; at most {most} is accepted."
    assert (problem.text) == text + end


def test_what_just_fits_into_the_image(tmp_path):
    for augment in ("{name: crop, padding: 27}", "{name: cutout, size: 28}"):
        assert not plan(tmp_path, DIGITS, "[ce]", f"[{augment}]").problems


def test_a_file_in_which_no_loss_is_left(tmp_path):
    (problem,) = plan(tmp_path, DIGITS, "[squared]", "[mixup]").problems
    start = "no loss is left to train on mnist_mini[subset=200]: squared needs hard labels; "
    assert problem.text.startswith(start)
