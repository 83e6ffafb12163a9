"""What of a backbone is trained, and how the rest of it runs meanwhile."""

import keras
import numpy as np
import pytest

from lossbench import models
from lossbench.errors import ShapeError
from lossbench.models.backbone import on_backbone
from lossbench.models.trainable import as_trained, on_pooled, set_trainable, up_to_pooled
from tests.small_backbone import small_backbone

BATCH = np.random.default_rng(0).random((16, 12, 12, 1)).astype("float32")
LAYERS = ["conv1", "bn1", "conv2", "bn2", "conv3"]
"""Those with weights, in the order in which images pass through."""


def network(trainable, backbone=None):
    found = on_backbone(
        backbone or small_backbone(), (12, 12, 1), 3, image_size=None, pooling="avg", name="net"
    )
    set_trainable(found, trainable)
    return found


def trained_layers(found):
    inside = models.backbone_of(found)
    return [name for name in LAYERS if inside.get_layer(name).trainable_weights]


def step(found):
    """One step of training as Keras does it."""
    run = as_trained(found, found.outputs)
    run.compile(keras.optimizers.SGD(0.1), keras.losses.MeanSquaredError())
    run.train_on_batch(BATCH, np.ones((len(BATCH), 3), "float32"))


def values(layer):
    return {w.path.rpartition("/")[2]: np.array(w) for w in layer.weights}


@pytest.mark.parametrize(
    ("trainable", "expected"),
    [
        ("none", []),
        ("all", LAYERS),
        ({"last": 1}, LAYERS[-1:]),
        ({"last": 3}, LAYERS[-3:]),
        ({"last": 5}, LAYERS),
    ],
)
def test_only_what_is_marked_changes_and_the_head_always_does(trainable, expected):
    found = network(trainable)
    inside = models.backbone_of(found)
    before = {name: values(inside.get_layer(name)) for name in LAYERS}
    head = values(found.get_layer("head"))
    assert trained_layers(found) == expected
    step(found)
    for name in LAYERS:
        after = values(inside.get_layer(name))
        changed = {key for key in after if not np.array_equal(after[key], before[name][key])}
        # Scales, offsets and moving averages of batch normalisation among them.
        assert changed == (set(after) if name in expected else set()), name
    assert not np.array_equal(values(found.get_layer("head"))["kernel"], head["kernel"])


def test_it_can_be_marked_again_and_again():
    found = network("all")
    for trainable, expected in (({"last": 2}, 2), ("none", 0), ("all", 5), ({"last": 1}, 1)):
        set_trainable(found, trainable)
        assert len(trained_layers(found)) == expected


def test_layers_of_a_file_that_were_frozen_are_trained_where_all_are():
    backbone = small_backbone()
    backbone.get_layer("conv1").trainable = False
    assert trained_layers(network("all", backbone)) == LAYERS


def test_models_inside_the_backbone_are_counted_layer_by_layer():
    images = keras.Input((12, 12, 1))
    x = keras.layers.Conv2D(1, 1, name="before")(images)
    outer = keras.Model(images, small_backbone()(x), name="outer")
    found = network({"last": 2}, outer)
    assert [w.path.split("/")[-2] for w in outer.trainable_weights] == ["bn2"] * 2 + ["conv3"] * 2
    step(found)
    with pytest.raises(ShapeError, match="6 layers with weights"):
        set_trainable(found, {"last": 7})


def test_layers_whose_weights_are_never_trained_are_not_counted():
    images = keras.Input((12, 12, 1))
    normal = keras.layers.Normalization(mean=0.5, variance=2.0)
    inside = small_backbone()
    found = network({"last": 5}, keras.Model(images, inside(normal(images))))
    assert len(inside.trainable_weights) == 8
    with pytest.raises(ShapeError, match="has 5 layers with weights"):
        set_trainable(found, {"last": 6})


def test_more_layers_than_there_are_is_refused_with_their_number():
    with pytest.raises(ShapeError) as caught:
        network({"last": 6})
    assert str(caught.value) == (
        "model 'net': the last 6 layers are to be trained; its backbone has 5 layers with "
        "weights, and at most as many are accepted. Write `all` for the whole backbone."
    )


def test_a_network_without_a_backbone_is_left_alone():
    found = models.build("tiny_cnn", {}, (12, 12, 1), 3)
    set_trainable(found, "none")
    assert len(found.trainable_weights) == len(found.weights) > 0
    assert as_trained(found, found.outputs) is found


def test_a_frozen_backbone_gives_in_training_what_it_gives_in_use():
    """Keras alone does not do this: dropout inside acts although nothing is trained."""
    found = network("none")
    whole = np.array(found(BATCH, training=False))
    np.testing.assert_allclose(as_trained(found, found.outputs)(BATCH, training=True), whole)
    assert not np.allclose(found(BATCH, training=True), whole)


def test_what_comes_before_the_trained_layers_has_no_dropout_and_what_comes_after_has():
    found = network({"last": 1})  # conv3, with drop2 right before it
    inside = models.backbone_of(found)
    whole = np.array(found(BATCH, training=False))
    np.testing.assert_allclose(
        as_trained(found, found.outputs)(BATCH, training=True), whole, atol=1e-6
    )
    set_trainable(found, {"last": 2})  # bn2 comes before drop2
    run = as_trained(found, found.outputs)
    names = {layer.name: type(layer).__name__ for layer in run.get_layer("backbone").layers}
    assert (names["drop1"], names["drop2"]) == ("Dropout", "SpatialDropout2D")
    assert run.get_layer("backbone").get_layer("drop1").rate == 0
    assert run.get_layer("backbone").get_layer("bn2") is inside.get_layer("bn2")
    assert not np.allclose(run(BATCH, training=True), run(BATCH, training=True))


def test_trained_batch_normalisation_sees_the_batch_and_frozen_its_averages():
    """With zero offsets and unit scales, a trained one gives batches of mean 0 and variance 1."""
    for trainable, expected in (("none", False), ("all", True)):
        found = network(trainable)
        inside = models.backbone_of(found)
        bn1 = inside.get_layer("bn1")
        bn1.moving_mean.assign(np.full(8, 3.0))
        bn1.moving_variance.assign(np.full(8, 2.0))
        read = keras.Model(inside.input, [bn1.input, bn1.output])
        given, seen = (np.array(a) for a in read(255 * BATCH, training=True))
        axes = (0, 1, 2)
        own = given - given.mean(axes), np.sqrt(given.var(axes) + bn1.epsilon)
        averages = given - 3.0, np.sqrt(2.0 + bn1.epsilon)
        centred, scale = own if expected else averages
        np.testing.assert_allclose(seen, centred / scale, atol=2e-4)
        moved = 0.9 * 3.0 + 0.1 * given.mean(axes) if expected else np.full(8, 3.0)
        np.testing.assert_allclose(bn1.moving_mean, moved, rtol=1e-5)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("activation", ["linear", "softmax"])
@pytest.mark.parametrize("head", ["classes", "cosine", "coral"])
def test_the_head_alone_gives_what_the_whole_gives(tmp_path, head, activation, dropout):
    small_backbone().save(tmp_path / "b.keras")
    params = {"path": str(tmp_path / "b.keras"), "image_size": 16, "pooling": "max"}
    params |= {"trainable": "none", "dropout": dropout, "output_activation": activation}
    found = models.build("keras_file", params, (12, 12, 1), 4, head)
    pooled = up_to_pooled(found)(BATCH, training=False)
    wanted = [found.outputs[0], models.features(found)]
    alone = on_pooled(found, wanted)
    whole = keras.Model(found.input, wanted)(BATCH, training=False)
    for one, other in zip(alone(pooled, training=False), whole, strict=True):
        np.testing.assert_array_equal(one, other)
    (same,) = (on_pooled(found, [tensor]) for tensor in wanted[1:])
    np.testing.assert_array_equal(same(pooled), whole[1])
    assert {id(w) for w in alone.weights} == {id(w) for w in found.get_layer("head").weights}
    outputs, read = alone(pooled, training=True)
    if head == "classes" and activation == "linear":
        again = found.get_layer("head")(read)  # outputs and features saw the same dropout
        np.testing.assert_allclose(outputs, again, rtol=1e-6)
    dropped = (np.array(read) == 0) & (np.array(pooled) != 0)
    assert dropped.any() == (dropout > 0)


def test_flattened_maps_are_read_as_they_are():
    found = on_backbone(
        small_backbone(), (12, 12, 1), 3, image_size=None, pooling="flatten", name="net"
    )
    pooled = up_to_pooled(found)(BATCH, training=False)
    assert pooled.shape == (16, 3 * 3 * 12)
    np.testing.assert_array_equal(on_pooled(found, found.outputs)(pooled), found(BATCH))
