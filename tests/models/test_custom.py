"""The user's own network: what is accepted, what it becomes, and what each mistake says."""

import keras
import numpy as np
import pytest

from lossbench.errors import ModelError, ShapeError
from lossbench.models import (
    backbone_of,
    build,
    draw_initial_weights,
    features,
    fingerprint,
    pretrained_weights,
)

SOURCE = """
import keras
from keras import Input, Model, Sequential, layers

def graph(shape, outputs, width=4):
    images = Input(shape)
    x = layers.Conv2D(width, 3, activation="relu")(images)
    x = layers.Dropout(0.5)(layers.Flatten()(x))
    return Model(images, layers.Dense(outputs, kernel_initializer="he_normal")(x))

def chain(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(), layers.Dense(outputs, name="mine")])

def chain_without_input(shape, outputs):
    return Sequential([layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(outputs)])

def masks(shape, outputs):
    return Sequential([Input(shape), layers.Conv2D(outputs, 3, padding="same")])

def any_size(shape, outputs):
    images = Input((None, None, shape[2]))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(images))
    return Model(images, layers.Dense(outputs)(x))

def series(shape, outputs):
    images = Input(shape)
    x = layers.LSTM(4)(layers.Reshape((shape[0], shape[2]))(images))
    return Model(images, layers.Dense(outputs)(x))

def with_backbone(shape, outputs, trained=True):
    inside = Sequential([Input(shape), layers.Conv2D(4, 3), layers.BatchNormalization()],
                        name="backbone")
    if trained:
        inside.layers[1].moving_mean.assign([1.0, 2.0, 3.0, 4.0])
    return Sequential([Input(shape), inside, layers.Flatten(), layers.Dense(outputs)])

def nothing(shape, outputs): ...
def a_layer(shape, outputs): return layers.Dense(outputs)

def softmax(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(), layers.Dense(outputs, activation="softmax")])
def softmax_layer(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(), layers.Dense(outputs), layers.Softmax()])
def softmax_function(shape, outputs):
    images = Input(shape)
    return Model(images, keras.ops.softmax(layers.Dense(outputs)(layers.Flatten()(images))))
def relu(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(), layers.Dense(outputs),
                       layers.Activation("relu")])
def scaled(shape, outputs):
    images = Input(shape)
    return Model(images, 2 * layers.Dense(outputs)(layers.Flatten()(images)))
def pooled(shape, outputs):
    return Sequential([Input(shape), layers.Conv2D(outputs, 3), layers.GlobalAveragePooling2D()])

def wide(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(), layers.Dense(outputs + 1)])
def pixels(shape, outputs):
    return Sequential([Input(shape), layers.Dense(outputs)])
def of_other_images(shape, outputs):
    return Sequential([Input((5, 5, 1)), layers.Flatten(), layers.Dense(outputs)])
def two_outputs(shape, outputs):
    images = Input(shape)
    x = layers.Flatten()(images)
    return Model(images, [layers.Dense(outputs)(x), layers.Dense(outputs)(x)])

class Own(keras.Model):
    def __init__(self, outputs):
        super().__init__()
        self.last = layers.Dense(outputs)
    def call(self, images):
        return self.last(images)
def subclass(shape, outputs): return Own(outputs)

def fails(shape, outputs):
    width = shape[7]
def stops(shape, outputs): raise SystemExit("no GPU")

def odd_start(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(),
                       layers.Dense(outputs, kernel_initializer="identity")])
class Raw(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], 2), initializer="he_normal", name="w")
    def call(self, x):
        return x @ self.w
def raw(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(), Raw(), layers.Dense(outputs)])

def trained(shape, outputs):
    model = Sequential([Input(shape), layers.Flatten(), layers.Dense(4), layers.Dense(outputs)])
    model.layers[1].bias.assign([0.0, 0.5, 0.0, 0.0])
    return model
def taken(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(name="head"), layers.Dense(outputs)])
def no_backbone(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(name="backbone"), layers.Dense(outputs)])
def clash(shape, outputs):
    return Sequential([Input(shape), layers.Flatten(name="a"), layers.Dense(2, name="a")])
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "net.py"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def made(file):
    def make(name, shape=(8, 8, 1), outputs=3, *, per="image", head="classes", **more):
        params = {"target": f"{file}:{name}", "params": more.pop("params", {}), **more}
        return build("custom", params, shape, outputs, head, per=per)

    return make


@pytest.mark.parametrize("name", ["graph", "chain", "chain_without_input", "any_size"])
def test_the_last_layer_becomes_the_head(made, name):
    model = made(name)
    head = model.layers[-1]
    assert (head.name, head.units) == ("head", 3)
    assert all(v.path.startswith("head/") for v in head.weights)
    assert model.input_shape[1:] in ((8, 8, 1), (None, None, 1))
    model.set_weights(draw_initial_weights(model, 0))
    outputs = keras.ops.convert_to_numpy(model(np.ones((2, 8, 8, 1), "float32")))
    assert outputs.shape == (2, 3) and np.isfinite(outputs).all()
    assert features(model) is head.input


def test_the_head_keeps_what_the_user_gave_it(made):
    assert isinstance(
        made("graph").get_layer("head").kernel_initializer, keras.initializers.HeNormal
    )


def test_arguments_reach_the_function(made):
    # 3*3*1*9 + 9 = 90; 6*6*9 = 324 values: 324*3 + 3 = 975
    assert made("graph", params={"width": 9}).count_params() == 90 + 975


def test_it_reads_series_and_gives_masks(made):
    assert made("series", (12, 1, 2)).output_shape == (None, 3)
    assert made("masks", (8, 9, 1), 1, per="pixel").output_shape == (None, 8, 9, 1)


@pytest.mark.parametrize("head", ["cosine", "coral"])
def test_a_loss_may_bring_another_head(made, head):
    model = made("chain", head=head)
    assert type(model.get_layer("head")).__name__ in ("Cosine", "SharedSlope")
    assert model.output_shape == (None, 3)


def test_dropout_and_softmax_are_put_around_its_head(made):
    model = made("graph", dropout=0.2, output_activation="softmax")
    names = [layer.name for layer in model.layers[-3:]]
    assert names == ["head_dropout", "head", "output_activation"]


def test_weights_are_the_same_however_many_layers_were_made_before(made):
    first = made("graph")
    [keras.layers.Dense(1) for _ in range(3)]
    second = made("graph")
    assert first.layers[1].name != second.layers[1].name, "Keras counts on"
    prints = {fingerprint(draw_initial_weights(m, 5), m) for m in (first, second)}
    assert len(prints) == 1


def test_a_nested_model_called_backbone_keeps_its_weights(made):
    model = made("with_backbone")
    assert backbone_of(model) is not None
    weights = draw_initial_weights(model, 0, pretrained_weights(model))
    named = dict(zip((v.path for v in model.weights), weights, strict=True))
    (mean,) = (value for path, value in named.items() if path.endswith("moving_mean"))
    assert mean.tolist() == [1, 2, 3, 4]


def test_an_untrained_backbone_is_the_same_in_every_process(made):
    keras.utils.set_random_seed(1)
    first = pretrained_weights(made("with_backbone", params={"trained": False}))
    keras.utils.set_random_seed(2)
    second = pretrained_weights(made("with_backbone", params={"trained": False}))
    for one, other in zip(first.values(), second.values(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing", r"the function returned None; a keras\.Model is accepted"),
        ("a_layer", r"the function returned a Dense; a keras\.Model is accepted"),
        ("softmax", r"applies softmax; losses take what comes before .* activation='softmax'\."),
        ("softmax_layer", r"applies softmax; .* Leave out this layer\."),
        ("softmax_function", r"applies softmax; .* Leave out this layer\."),
        ("relu", r"applies relu; .* Leave out this layer\."),
        ("scaled", r"is a Multiply; a Dense without an activation is accepted"),
        ("pooled", r"is a GlobalAveragePooling2D; a Dense without an activation is accepted"),
        ("wide", r"outputs of shape \(batch, 4\); for these data \(batch, 3\) is accepted"),
        ("pixels", r"outputs of shape \(batch, 8, 8, 3\); .* pool or flatten before it"),
        ("of_other_images", r"reads images of shape \(batch, 5, 5, 1\); .* \(batch, 8, 8, 1\)"),
        ("two_outputs", r"1 inputs and 2 outputs; one of each is accepted"),
        ("subclass", r"layers are not known \(Own, a class of its own\); a functional"),
        ("fails", r"failed in line \d+ when called with \(8, 8, 1\), 3: IndexError: tuple index"),
        ("stops", r"failed in line \d+ .*SystemExit: no GPU\. log\.txt"),
        ("clash", r"ValueError: .*unique"),
        ("trained", r"dense/bias was loaded or trained, .* called 'backbone' are kept"),
        ("taken", r"a layer inside the network is called 'head'"),
        ("no_backbone", r"a Flatten layer is called 'backbone'; accepted is a nested keras\.Model"),
        ("missing", r"the file has no function or class 'missing'"),
    ],
)
def test_what_is_no_network_of_this_form_is_refused(made, file, name, message):
    with pytest.raises(ModelError, match=message) as caught:
        made(name)
    assert str(caught.value).startswith(f"{file}:{name}: ")
    assert "\n" not in str(caught.value)


def test_masks_ask_for_outputs_of_pixels(made):
    with pytest.raises(ModelError, match=r"\(batch, 3\); for these data \(batch, 8, 8, 3\)"):
        made("chain", per="pixel")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("odd_start", r"head/kernel: the initializer Identity cannot be drawn with NumPy"),
        ("raw", r"raw/w: its layer keeps no initializer for it; .* self\.kernel_initializer"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_the_name_of_its_layer(made, name, message):
    model = made(name)
    with pytest.raises(ShapeError, match=message):
        draw_initial_weights(model, 0)


def test_an_argument_that_it_lacks(made):
    with pytest.raises(ModelError, match=r"TypeError: graph\(\) got an unexpected keyword"):
        made("graph", params={"depth": 3})
