"""Augmentation against plain NumPy, its distributions against SciPy, and jobs that use it."""

import json

import numpy as np
import pytest
from scipy import stats

from lossbench import datasets
from lossbench.catalog import AUGMENTATIONS
from lossbench.train import assembly, augmentation
from lossbench.train.augmentation import Step, changed, changed_masks, draw, mixed, mixed_targets
from tests.train.test_job import numbers, run

SIZE = (28, 28)


@pytest.fixture(scope="module")
def digits():
    return datasets.load("mnist_mini", {}).train.images[:200]


def steps(*entries):
    found = []
    for name, given in entries:
        params = {key: p.default for key, p in AUGMENTATIONS[name].params.items()}
        found.append({"name": name, "params": params | given})
    return augmentation.steps_of(found)


def plainly(image, step, drawn):
    """One image after one step, written with np.pad and slices."""
    height, width = image.shape[:2]
    if step.name == "flip":
        return image[:, ::-1] if drawn[0] else image
    if step.name == "cutout":
        (top, left), image = drawn, image.copy()
        size = step.params["size"]
        image[max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)] = 0
        return image
    down, right = drawn
    most = step.params.get("padding", step.params.get("pixels"))
    mode = "constant" if step.name == "crop" else "reflect"
    around = [(most, most), (most, most)] + [(0, 0)] * (image.ndim - 2)
    padded = np.pad(image, around, mode=mode)
    if step.name == "shift":  # the image moves, the window stays
        down, right = -down, -right
    return padded[most + down : most + down + height, most + right : most + right + width]


def reference(images, all_steps, draws):
    found = []
    for image, row in zip(images, draws.numbers, strict=True):
        for step in all_steps:
            if not step.mixes:
                image = plainly(image, step, row[step.columns].astype(int))
        found.append(image)
    return np.stack(found)


EVERY = [
    [("flip", {})],
    [("crop", {"padding": 4})],
    [("crop", {"padding": 27})],
    [("shift", {"pixels": 3})],
    [("shift", {"pixels": 27})],
    [("cutout", {"size": 9})],
    [("cutout", {"size": 28})],
    [("flip", {}), ("crop", {"padding": 5}), ("shift", {"pixels": 4}), ("cutout", {"size": 8})],
    [("cutout", {"size": 8}), ("shift", {"pixels": 4}), ("crop", {"padding": 5}), ("flip", {})],
]


@pytest.mark.parametrize("entries", EVERY, ids=str)
def test_images_change_as_in_plain_numpy(digits, entries):
    found = steps(*entries)
    draws = draw(found, seed=3, epoch=2, n=len(digits), shape=SIZE)
    ours = np.asarray(changed(found, digits, draws.numbers))
    assert ours.dtype == np.uint8
    np.testing.assert_array_equal(ours, reference(digits, found, draws))
    assert (ours != digits).any()


def test_colour_images_that_are_not_square_change_as_in_plain_numpy():
    images = np.random.default_rng(0).normal(size=(50, 9, 14, 3)).astype("float32")
    found = steps(*EVERY[-2][:2], ("shift", {"pixels": 2}), ("cutout", {"size": 4}))
    draws = draw(found, seed=0, epoch=1, n=50, shape=(9, 14))
    ours = np.asarray(changed(found, images, draws.numbers))
    np.testing.assert_array_equal(ours, reference(images, found, draws))


def test_masks_move_with_their_images_and_cutout_hides_no_class(digits):
    found = steps(*EVERY[-1])
    draws = draw(found, seed=3, epoch=2, n=len(digits), shape=SIZE)
    masks = (digits[..., 0] > 0).astype(np.uint8) * 2
    geometric = tuple(step for step in found if step.name != "cutout")
    ours = np.asarray(changed_masks(found, masks, draws.numbers))
    assert ours.dtype == np.uint8
    np.testing.assert_array_equal(ours, reference(masks, geometric, draws))


def test_mixup_is_the_weighted_mean_of_two_examples(digits):
    (step,) = found = steps(("mixup", {"alpha": 0.4}))
    draws = draw(found, seed=1, epoch=1, n=len(digits), shape=SIZE)
    images = digits.astype("float32") / 255
    ours = mixed(step, images, images[draws.partners], draws.numbers)
    weight = draws.numbers[:, 0]
    expected = [
        w * image + (1 - w) * images[partner]
        for w, image, partner in zip(weight, images, draws.partners, strict=True)
    ]
    np.testing.assert_allclose(np.asarray(ours), expected, rtol=1e-6, atol=1e-7)
    assert sorted(draws.partners) == list(range(len(digits)))


def test_cutmix_shows_as_much_of_the_partner_as_its_label_says(digits):
    (step,) = found = steps(("cutmix", {}))
    draws = draw(found, seed=1, epoch=1, n=len(digits), shape=SIZE)
    own, others = np.zeros((200, *SIZE, 1), "float32"), np.ones((200, *SIZE, 1), "float32")
    ours = np.asarray(mixed(step, own, others, draws.numbers))[..., 0]
    np.testing.assert_allclose(1 - ours.mean(axis=(1, 2)), draws.numbers[:, -1], rtol=1e-5)
    for image, row in zip(ours, draws.numbers.astype(int), strict=True):
        top, left, bottom, right = row[:4]
        expected = np.zeros(SIZE)
        expected[top:bottom, left:right] = 1
        np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_targets_are_mixed_with_the_weights_of_the_images(name):
    (step,) = found = steps((name, {"alpha": 1.0}))
    draws = draw(found, seed=1, epoch=1, n=60, shape=SIZE)
    weight = draws.numbers[:, -1:]
    labels = np.arange(60, dtype=np.int32) % 3
    soft = np.asarray(mixed_targets(step, labels, labels[draws.partners], draws.numbers, 3))
    expected = weight * np.eye(3)[labels] + (1 - weight) * np.eye(3)[labels[draws.partners]]
    np.testing.assert_allclose(soft, expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(soft.sum(axis=1), 1, rtol=1e-6)
    values = np.random.default_rng(0).normal(size=(60, 2)).astype("float32")
    ours = mixed_targets(step, values, values[draws.partners], draws.numbers, 0)
    expected = weight * values + (1 - weight) * values[draws.partners]
    np.testing.assert_allclose(np.asarray(ours), expected, rtol=1e-5, atol=1e-6)


def test_half_of_the_images_are_mirrored():
    found = steps(("flip", {}))
    flips = draw(found, seed=0, epoch=1, n=20_000, shape=SIZE).numbers
    assert set(np.unique(flips)) == {0, 1}
    assert stats.binomtest(int(flips.sum()), 20_000, 0.5).pvalue > 0.001


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_the_weights_of_mixup_have_a_beta_distribution(alpha):
    drawn = draw(steps(("mixup", {"alpha": alpha})), seed=0, epoch=1, n=5000, shape=SIZE)
    assert stats.kstest(drawn.numbers[:, 0], stats.beta(alpha, alpha).cdf).pvalue > 0.001


def test_shifts_and_crops_go_everywhere_alike():
    found = steps(("crop", {"padding": 3}), ("shift", {"pixels": 2}))
    drawn = draw(found, seed=0, epoch=1, n=14_000, shape=SIZE).numbers.astype(int)
    for columns, most in ((drawn[:, :2], 3), (drawn[:, 2:], 2)):
        values, counts = np.unique(columns, return_counts=True)
        assert values.tolist() == list(range(-most, most + 1))
        assert stats.chisquare(counts).pvalue > 0.001


def test_the_rectangle_of_cutmix_has_the_area_that_was_drawn_where_it_is_not_cut_off():
    drawn = draw(steps(("cutmix", {})), seed=0, epoch=1, n=4000, shape=(64, 64)).numbers
    top, left, bottom, right, stays = drawn.T
    whole = (top > 0) & (left > 0) & (bottom < 64) & (right < 64)
    np.testing.assert_array_equal((bottom - top)[whole], (right - left)[whole])
    np.testing.assert_allclose(stays, 1 - (bottom - top) * (right - left) / 64**2, rtol=1e-5)
    assert ((stays >= 0) & (stays <= 1)).all()


def test_what_is_drawn_depends_on_seed_epoch_and_kind_alone():
    alone, among = steps(("crop", {})), steps(("flip", {}), ("crop", {}), ("mixup", {}))
    first = draw(alone, seed=4, epoch=2, n=100, shape=SIZE)
    again = draw(among, seed=4, epoch=2, n=100, shape=SIZE)
    np.testing.assert_array_equal(first.numbers, again.numbers[:, among[1].columns])
    np.testing.assert_array_equal(first.partners, again.partners)
    for other in ({"seed": 5, "epoch": 2}, {"seed": 4, "epoch": 3}):
        assert (draw(alone, **other, n=100, shape=SIZE).numbers != first.numbers).any()


def test_what_is_drawn_stays_what_it_was():
    """The first numbers ever drawn; others make every earlier run impossible to repeat."""
    found = steps(*((name, {}) for name in ("flip", "crop", "shift", "cutout", "mixup")))
    drawn = draw(found, seed=7, epoch=3, n=4, shape=SIZE)
    assert drawn.numbers[:, :7].astype(int).tolist() == GOLDEN_NUMBERS
    np.testing.assert_allclose(drawn.numbers[:, -1], GOLDEN_WEIGHTS, rtol=1e-6)
    assert drawn.partners.tolist() == GOLDEN_PARTNERS


GOLDEN_NUMBERS = [
    [1, 3, -3, -1, 1, 11, 15],
    [0, 1, -2, 1, -1, 10, 5],
    [1, -2, 3, -2, 2, 0, 9],
    [1, -2, 1, -1, -1, 23, -1],
]
GOLDEN_WEIGHTS = [0.8882046, 0.9999084, 0.6011564, 0.002958470]
GOLDEN_PARTNERS = [0, 1, 3, 2]

TEXT = """
dataset: {name: mnist_mini, subset: 100}
model: seed_cnn
losses: [cross_entropy]
seeds: [5]
train: {epochs: 3, batch_size: 16, augment: [flip, crop, {name: cutout, size: 6}, mixup]}
"""


def places(tmp_path, *names):
    for name in names:
        (tmp_path / name).mkdir()
    return [tmp_path / name for name in names]


@pytest.mark.slow
def test_every_loss_of_a_seed_sees_the_same_images(tmp_path):
    hashes = {}
    for i, change in enumerate(
        [
            "losses=[label_smoothing]",
            "losses=[focal]",
            "losses=[{name: class_balanced, base: cross_entropy}]",
            "train.batch_size=16",
            "seeds=[6]",
            "train.augment=[flip]",
        ]
    ):
        (folder,) = places(tmp_path, str(i))
        _, result = run(folder, change, "train.epochs=1", text=TEXT)
        assert result["status"] == "ok"
        hashes[change] = result["augmentation_sha256"]
    of_losses = list(hashes.values())[:4]
    assert len(set(of_losses)) == 1
    assert len(set(hashes.values())) == 3, "another seed, other changes: other images"


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_an_example_looks_the_same_in_batches_of_any_size(tmp_path, kind):
    run(tmp_path, f"train.augment=[flip, shift, {kind}]", text=TEXT)
    fed = next(reversed(assembly._kept.values())).fed
    fed.draw_epoch(2)
    order = np.random.default_rng(0).permutation(90).astype(np.int32)

    def seen(size):
        parts = [order[i : i + size] for i in range(0, 90, size)]
        images = [np.asarray(fed._augmented(part, ())) for part in parts]
        labels = [np.asarray(fed._targets_of(part)) for part in parts]
        back = np.argsort(order)
        return np.concatenate(images)[back], np.concatenate(labels)[back]

    for one, other in zip(seen(90), seen(7), strict=True):
        np.testing.assert_array_equal(one, other)
    first, second = fed.draw(2), fed.draw(3)
    assert (first.numbers != second.numbers).any()


def test_a_batch_is_what_the_pieces_make_of_it(tmp_path):
    """Both partners are changed by their own numbers before they are mixed."""
    run(tmp_path, text=TEXT)
    kept = next(reversed(assembly._kept.values()))
    kept.fed.draw_epoch(1)
    splits = kept.data.splits
    draws = kept.fed.draw(1)
    images = reference(splits.train.images, kept.fed.augment, draws).astype("float32") / 255
    weight = draws.numbers[:, -1]
    some = np.array([3, 80, 41], np.int32)
    partners = draws.partners[some]
    w = weight[some, None, None, None]
    np.testing.assert_allclose(
        np.asarray(kept.fed._augmented(some, ())),
        w * images[some] + (1 - w) * images[partners],
        rtol=1e-6,
        atol=1e-7,
    )
    one_hot = np.eye(10)[splits.train.targets]
    expected = weight[some, None] * one_hot[some] + (1 - weight[some, None]) * one_hot[partners]
    np.testing.assert_allclose(np.asarray(kept.fed._targets_of(some)), expected, atol=1e-7)


def test_validation_and_test_are_never_augmented(tmp_path, digits):
    run(tmp_path, text=TEXT)
    fed = next(reversed(assembly._kept.values())).fed
    some = np.arange(5, dtype=np.int32)
    plain = fed.network(fed._scaled(fed._resident(some)), training=False)
    np.testing.assert_array_equal(np.asarray(fed(some, training=False)), np.asarray(plain))
    assert not np.allclose(np.asarray(fed(some, training=True)), np.asarray(plain))


def test_interrupted_after_an_epoch_it_goes_on_bit_identically(tmp_path, stop_after):
    first, second = places(tmp_path, "a", "b")
    whole = numbers(*run(first, text=TEXT))
    stop = tmp_path / "stop"
    stop_after(stop, 2)
    _, result = run(second, text=TEXT, stop=stop)
    assert result["status"] == "interrupted"
    stop.unlink()
    assembly._kept.clear()
    assert numbers(*run(second, text=TEXT)) == whole


def test_a_traced_network_that_is_used_again_draws_for_its_own_seed(tmp_path):
    a, b, c = places(tmp_path, "a", "b", "c")
    first = numbers(*run(a, text=TEXT))
    other = numbers(*run(b, "seeds=[6]", text=TEXT))
    again = numbers(*run(c, text=TEXT))
    assert first == again != other


@pytest.mark.parametrize(
    ("dataset", "loss"),
    [
        ("{name: synthetic_imbalanced, n: 200, n_test: 40, ratio: 2, image_size: 10}", "bce"),
        ("{name: synthetic_imbalanced, n: 200, n_test: 40, ratio: 2, image_size: 10}", "focal"),
        ("{name: synthetic_multilabel, n: 200, n_test: 40, image_size: 10}", "bce"),
        ("{name: synthetic_regression, n: 200, n_test: 40, image_size: 10}", "gaussian_nll"),
    ],
)
@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_labels_of_every_kind_are_mixed(tmp_path, dataset, loss, kind):
    _, result = run(
        tmp_path,
        f"dataset={dataset}",
        f"losses=[{loss}]",
        f"train.augment=[shift, {kind}]",
        "train.epochs=1",
        text=TEXT,
    )
    assert result["status"] == "ok", result
    fed = next(reversed(assembly._kept.values())).fed
    fed.draw_epoch(1)
    some = np.arange(64, dtype=np.int32)
    own = np.asarray(fed.targets)[some]
    partners = np.asarray(fed.targets)[fed.draw(1).partners[some]]
    if own.ndim == 1:
        own, partners = np.eye(2)[own], np.eye(2)[partners]
    found = np.asarray(fed._targets_of(some))
    lower, upper = np.minimum(own, partners), np.maximum(own, partners)
    assert (found >= lower - 1e-6).all() and (found <= upper + 1e-6).all()
    assert ((found > lower + 1e-4) & (found < upper - 1e-4)).any(), "some lie between"


def test_a_job_without_augmentation_says_nothing_of_it(tmp_path):
    folder, result = run(tmp_path, "train.augment=[]", "train.epochs=1", text=TEXT)
    assert "augmentation_sha256" not in result
    assert json.loads((folder / "job.json").read_text())["train"]["augment"] == []


def test_an_unknown_step_is_no_step():
    assert Step("mixup", {"alpha": 1.0}, slice(0, 1)).mixes
    assert augmentation.mixing(steps(("flip", {}))) is None
